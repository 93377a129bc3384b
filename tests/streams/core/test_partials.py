"""Merged partials against a plain sum over what each source said last."""

from hypothesis import given
from hypothesis import strategies as st

from streams.core.frames import Cell, Frame, Slice, decode
from streams.core.hours import Hours
from streams.core.layout import HOUR_WIDTH, Layout
from streams.core.partials import Partials
from streams.core.policy import MINUTE_US
from streams.core.rows import Rows, packed
from tests.streams.core import worlds
from tests.streams.core.plans import plans_of

LAYOUT = Layout(plans_of(worlds.catalogue(3, kpis=12)))
GROUP = max(LAYOUT.groups, key=lambda group: group.hours_width)
HUGE = 1 << 70
sources = st.sampled_from(["o0", "o1", "o2"])
amounts = st.one_of(st.integers(-3, 3), st.sampled_from([HUGE, -HUGE]))
vectors = st.lists(amounts, min_size=GROUP.width, max_size=GROUP.width)


def again(rows: Rows) -> Rows:
    """The rows as they come back from the changelog."""
    loaded = Rows()
    for key, value in rows.flush().items():
        assert value is not None
        loaded.load(key, value)
    return loaded


def as_sent(vector: list[int]) -> list[int | str]:
    """Large components travel as digits."""
    return [str(part) if abs(part) >= 1 << 63 else part for part in vector]


@given(st.lists(st.tuples(sources, vectors, st.booleans()), max_size=8))
def test_the_sum_is_that_of_the_newest_vectors_whatever_was_asked_on_the_way(
    told: list[tuple[str, list[int], bool]],
) -> None:
    rows = Rows()
    partials = Partials(rows, LAYOUT)
    newest: dict[str, list[int]] = {}
    for source, vector, ask in told:
        before, newest[source] = newest.get(source, [0] * GROUP.width), vector
        changed, less = partials.put(source, (GROUP.number, "an", "2026-11", as_sent(vector)))
        if ask:
            partials.vector(GROUP, "an", "2026-11")

        slots = {plan.kpi.id: slice(at := GROUP.offsets[plan.kpi.id], at + plan.width) for plan in GROUP.plans}
        assert {kpi for kpi, own in slots.items() if before[own] != vector[own]} == set(changed)
        fell = [new < old for new, old in zip(vector, before, strict=True)]
        assert {kpi for kpi, own in slots.items() if any(fell[own])} == set(less)

    expected = [sum(parts) for parts in zip(*newest.values(), strict=True)] or [0] * GROUP.width
    assert expected == partials.vector(GROUP, "an", "2026-11")
    assert expected == Partials(again(rows), LAYOUT).vector(GROUP, "an", "2026-11")


def test_a_frame_that_is_read_again_writes_no_row() -> None:
    rows = Rows()
    partials = Partials(rows, LAYOUT)
    cell: Cell = (GROUP.number, "an", "2026-11", [1] * GROUP.width)
    partials.put("o0", cell)
    rows.flush()

    assert ({}, {}) == (dict(partials.put("o0", cell)[0]), rows.flush())


def test_totals_beyond_64_bits_travel_as_digits_and_are_numbers_again() -> None:
    plan = next(plan for plan in plans_of(worlds.catalogue(3, kpis=40)) if plan.linked == 1)
    partials = Partials(Rows(), Layout([plan]))
    found = []
    for number in (HUGE, HUGE, HUGE - 1):
        sent = Frame("l0", None, None, [Slice(0, totals=[(plan.kpi.id, "an", "2026-11", [{0: number, 1: 2}])])])
        (total,) = decode(packed(sent)).slices[0].totals
        found.append(partials.put_total("l0", total))

    assert [False, None, True] == found
    assert [{0: HUGE - 1, 1: 2}] == partials.linked(plan, "an", "2026-11")


def test_nothing_of_a_cell_that_nobody_knows_makes_no_row() -> None:
    rows = Rows()

    Partials(rows, LAYOUT).put("o0", (GROUP.number, "an", "2026-11", [0] * GROUP.width))

    assert {} == rows.flush()


hours = st.integers(0, 5)
counts = st.lists(st.integers(0, 2), min_size=len(GROUP.hours), max_size=len(GROUP.hours))


@given(st.lists(st.tuples(sources, hours, counts, st.integers(0, 59)), max_size=12), st.integers(0, 6))
def test_what_is_remembered_of_hours_is_what_their_rows_say(
    told: list[tuple[str, int, list[int], int]], since: int
) -> None:
    rows = Rows()
    kept = Hours(rows, LAYOUT)
    for source, hour, events, minute in told:
        vector: list[int | str] = []
        for count in events:
            vector += [count, (hour * 60 + minute + 1) * MINUTE_US]
        kept.put(source, (GROUP.number, "an", f"h{hour * 60}", vector))
        for kpi in GROUP.hours:
            kept.last_event_us(kpi, "an"), kept.recent(kpi, "an", since * 60 * MINUTE_US)

    fresh = Hours(again(rows), LAYOUT)
    fresh.ready()
    for kpi in GROUP.hours:
        assert fresh.last_event_us(kpi, "an") == kept.last_event_us(kpi, "an")
        oldest_us = since * 60 * MINUTE_US
        assert fresh.recent(kpi, "an", oldest_us) == kept.recent(kpi, "an", oldest_us)
        total = sum(kept.events(kpi, "an", hour * 60 * MINUTE_US) for hour in range(since, 6))
        recent = kept.recent(kpi, "an", oldest_us)
        assert total == (recent.events if recent else 0)


def test_a_sweep_keeps_the_hour_of_the_last_event() -> None:
    kept = Hours(Rows(), LAYOUT)
    kpi = next(iter(GROUP.hours))
    for hour in (1, 2, 3):
        vector: list[int | str] = [0] * (HOUR_WIDTH * len(GROUP.hours))
        vector[:2] = [1, (hour * 60 + 5) * MINUTE_US]
        kept.put("o0", (GROUP.number, "an", f"h{hour * 60}", vector))

    kept.sweep(1000 * MINUTE_US)

    assert [0, 0, 1] == [kept.events(kpi, "an", hour * 60 * MINUTE_US) for hour in (1, 2, 3)]
    assert 185 * MINUTE_US == kept.last_event_us(kpi, "an")
