"""What the cells of OBSERVE were counted by: of each KPI a signature of its counting and its slots, and who belonged
where.

Kept with the state, so that a worker with another catalogue knows what counts as it did (`recount`). A title, a target,
a role or a weight is in no signature; neither is what only JUDGE reads.
"""

from collections.abc import Iterator, Mapping
from hashlib import blake2b
from typing import Any, NamedTuple

from schemas.catalogue.models import Catalogue
from streams.core.measures.leaves import SumLeaf
from streams.core.measures.plan import Plan
from streams.core.relayout import Shape, shape_of
from streams.core.rows import Rows
from streams.core.spread import Spread

COUNTED, PEOPLE = "counted", "people"
COUNTING = b"2"
"""To be changed when events that are kept have to be counted anew although the catalogue is the same. 2: every measure
by lead counts merged leads once."""
MOST_PEOPLE = 1000
"""Stretches of membership in one row of the changelog: some 100 kB."""


class Counted(NamedTuple):
    """`signatures` by KPI, `shape` of the vectors, `directory` of who belongs where, and `told`, which says whether
    JUDGE would take the same cells in the same way."""

    signatures: Mapping[str, str]
    shape: Shape
    told: str
    directory: Catalogue

    @classmethod
    def of(cls, catalogue: Catalogue, spread: Spread) -> "Counted":
        """What a catalogue counts by."""
        directory = _directory_of(catalogue)
        zone = catalogue.tenant.timezone
        return cls(
            {kpi: digest(zone, *counting(plan)) for kpi, plan in spread.counted.items()},
            shape_of(spread.layout),
            digest(spread.layout.fingerprint, directory.model_dump_json()),
            directory,
        )

    @classmethod
    def stored(cls, rows: Rows) -> "Counted | None":
        """What the rows of a partition were counted by; None where they do not say."""
        row = rows.get((COUNTED,))
        if row is None:
            return None
        signatures, shape, told, rest, parts = row
        people = [one for part in range(parts) for one in rows.get((COUNTED, PEOPLE, part))]
        return cls(signatures, shape, told, Catalogue.model_validate({**rest, "people": people}))

    def save(self, rows: Rows) -> None:
        """Have the rows say so."""
        for key, _ in rows.items(COUNTED):
            rows.drop(key)
        rest = self.directory.model_dump(mode="json", by_alias=True, exclude_none=True)
        parts = list(_parted(rest.pop("people")))
        for part, people in enumerate(parts):
            rows.put((COUNTED, PEOPLE, part), people)
        rows.put((COUNTED,), [dict(self.signatures), self.shape, self.told, rest, len(parts)])


def counting(plan: Plan) -> tuple[object, ...]:
    """What decides which cells of a KPI an event changes, and by how much."""
    kpi = plan.kpi
    sums = [leaf.scale for leaf in plan.leaves if isinstance(leaf, SumLeaf)]
    return COUNTING, plan.tag, kpi.scope, kpi.period, sums, [leaf.scale for leaf in plan.journeys]


def _directory_of(catalogue: Catalogue) -> Catalogue:
    """A catalogue's people, teams and tenant, and of these what decides whom an event is credited to."""
    tenant, people, teams = catalogue.tenant, catalogue.people, catalogue.teams
    return Catalogue(
        version=1,
        tenant=tenant.model_copy(update={"title": None, "locale": "vi"}),
        people=tuple(one.model_copy(update={"name": None, "manager": None, "calendar": None}) for one in people),
        teams=tuple(one.model_copy(update={"title": None, "calendar": None}) for one in teams),
    )


def _parted(people: list[Any]) -> Iterator[list[Any]]:
    for start in range(0, len(people), MOST_PEOPLE):
        yield people[start : start + MOST_PEOPLE]


def digest(*parts: object) -> str:
    """A short name of some values."""
    return blake2b(repr(parts).encode(), digest_size=8).hexdigest()
