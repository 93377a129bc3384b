"""The compiled KPIs of a catalogue, for tests of what is built on them."""

from schemas.catalogue.models import Catalogue
from schemas.events.registry import Registry
from streams.core.measures.compile import compile_kpi
from streams.core.measures.plan import Plan


def plans_of(catalogue: Catalogue) -> list[Plan]:
    """In the order of the catalogue."""
    registry = Registry.of(catalogue.event_types)
    return [compile_kpi(kpi, registry) for kpi in catalogue.kpis]
