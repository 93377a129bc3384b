"""Vectors under another catalogue."""

from hypothesis import given
from hypothesis import strategies as st

from streams.core.layout import Layout
from streams.core.partials import CELL, Partials
from streams.core.relayout import rearrange, shape_of
from streams.core.rows import Rows
from tests.streams.core import worlds
from tests.streams.core.plans import plans_of

seeds = st.integers(0, 1000)


@given(seeds, seeds)
def test_a_kpi_of_the_same_length_keeps_its_vector_and_others_begin_at_nothing(one: int, other: int) -> None:
    old, new = Layout(plans_of(worlds.catalogue(one))), Layout(plans_of(worlds.catalogue(other)))
    rows = Rows()
    for group in old.groups:
        rows.put((CELL, group.number, "an", group.period.value), {"o0": list(range(1, group.width + 1))})

    # The window stands for its grain here.
    of_period = {plan.kpi.id: group.period.value for group in new.groups for plan in group.plans}
    rearrange(rows, shape_of(old), new, lambda kpi, subject, window: of_period[kpi] == window)

    partials = Partials(rows, new)
    before = {plan.kpi.id: (group, plan) for group in old.groups for plan in group.plans}
    for group in new.groups:
        for plan in group.plans:
            was, at = before.get(plan.kpi.id), group.offsets[plan.kpi.id]
            expected = [0] * plan.width
            if was is not None and was[1].width == plan.width and was[0].period is group.period:
                first = was[0].offsets[plan.kpi.id]
                expected = list(range(first + 1, first + 1 + plan.width))
            assert expected == partials.vector(group, "an", group.period.value)[at : at + plan.width]


def test_under_the_same_catalogue_nothing_moves() -> None:
    layout = Layout(plans_of(worlds.catalogue(1)))
    rows = Rows()
    group = layout.groups[0]
    rows.put((CELL, group.number, "an", "2026"), {"o0": [1] * group.width, "o1": [2] * group.width})

    rearrange(rows, shape_of(layout), layout, lambda kpi, subject, window: True)

    assert {"o0": [1] * group.width, "o1": [2] * group.width} == rows.get((CELL, group.number, "an", "2026"))
