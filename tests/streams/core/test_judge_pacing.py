"""When JUDGE publishes: with every chunk when live, now and then in a backlog, and not inside a transaction."""

from collections.abc import Iterator

import pytest

from schemas import topics
from schemas.catalogue.models import Catalogue, Person
from schemas.events.times import parse_us
from schemas.topics import Stage
from schemas.values import Value
from streams.core.frames import Cell, Frame, Slice
from streams.core.layout import Layout
from streams.core.pipeline import stages
from streams.core.policy import MINUTE_US, SECOND_US, Policy
from streams.core.publishing import LIVE_FREE_US, LIVE_ROW_PAUSE_US
from streams.core.rows import packed
from streams.core.stage import Now, PartitionState, PlainRecord, Step
from tests.streams.core.plans import plans_of

NOON_US = parse_us("2026-11-23T12:00:00+07:00")
WALL_US = NOON_US + SECOND_US
LATER_US = parse_us("2026-12-01T08:00:00+07:00")
CATALOGUE = Catalogue.model_validate(
    {
        "version": 1,
        "tenant": {"id": "acme", "timezone": "Asia/Ho_Chi_Minh", "currency": "VND"},
        "teams": [{"id": "t1", "department": "sales"}],
        "people": [{"id": "an", "team": "t1"}, {"id": "bo", "team": "t1"}],
        "kpis": [
            {
                "id": "calls",
                "title": "Calls",
                "kind": "metric",
                "unit": "calls",
                "scope": "person",
                "period": "day",
                "measure": {"count": "call.completed"},
            }
        ],
    }
)
LAYOUT = Layout(plans_of(CATALOGUE))
BACKLOG, LIVE = False, True


@pytest.fixture
def judge() -> PartitionState:
    return opened()


def opened(changelog: dict[bytes, bytes] | None = None, catalogue: Catalogue = CATALOGUE) -> PartitionState:
    specs = stages(catalogue, Policy(), 1, lambda key: 0)
    state = next(spec for spec in specs if spec.stage is Stage.JUDGE).open(0)
    for key, value in (changelog or {}).items():
        state.load(key, value)
    state.ready()
    return state


def calls(number: int, at_us: int = NOON_US, day: str = "2026-11-23", subject: str = "an") -> list[PlainRecord]:
    """A frame that says how many calls there are by now."""
    cell: Cell = (0, subject, day, [number, number, number])
    slices = [Slice(at_us // MINUTE_US * MINUTE_US, [cell], layout=LAYOUT.fingerprint)]
    return [PlainRecord(0, 0, None, packed(Frame("o0", at_us, NOON_US, slices)))]


def told(*steps: Step) -> Iterator[tuple[object, int]]:
    """(value, version) of every row published."""
    for step in steps:
        for send in step.sends:
            if send.topic is topics.VALUES and send.value is not None:
                row = Value.model_validate_json(send.value)
                yield row.value, row.version


def test_what_is_fresh_is_published_though_more_of_it_waits(judge: PartitionState) -> None:
    steps = [judge.feed(calls(number), Now(WALL_US + number, BACKLOG, fresh=True)) for number in (1, 2)]

    assert [(1, 0), (2, 0)] == list(told(*steps))


def test_live_too_what_a_large_publication_took_is_waited_for() -> None:
    crowd = [f"p{number}" for number in range(2 * LIVE_FREE_US // LIVE_ROW_PAUSE_US)]
    people = tuple(Person(id=one, team="t1") for one in crowd)
    judge = opened(catalogue=CATALOGUE.model_copy(update={"people": people}))
    first = judge.feed([record for one in crowd for record in calls(1, subject=one)], Now(WALL_US, LIVE))
    soon = judge.feed(calls(2, subject="p0"), Now(WALL_US + LIVE_FREE_US // 2, LIVE))
    later = judge.tick(Now(WALL_US + 2 * LIVE_FREE_US, LIVE))

    assert len(crowd) == len(list(told(first)))
    assert ([], [(2, 0)]) == (list(told(soon)), list(told(later)))


def test_live_every_chunk_publishes(judge: PartitionState) -> None:
    steps = [judge.feed(calls(number), Now(WALL_US + number, LIVE)) for number in (1, 2)]

    assert [(1, 0), (2, 0)] == list(told(*steps))


# Where the clock of the frames is far behind, all that OBSERVE has told may be read to its end.
@pytest.mark.parametrize(("began_us", "caught_up"), [(WALL_US, BACKLOG), (LATER_US, BACKLOG), (LATER_US, LIVE)])
def test_a_backlog_publishes_the_newest_state_about_once_a_second(
    judge: PartitionState, began_us: int, caught_up: bool
) -> None:
    steps = [judge.feed(calls(number + 1), Now(began_us + number * SECOND_US // 4, caught_up)) for number in range(9)]

    assert [(1, 0), (5, 0), (9, 0)] == list(told(*steps))


def test_what_was_held_back_comes_when_the_backlog_ends(judge: PartitionState) -> None:
    judge.feed(calls(1), Now(WALL_US, BACKLOG))
    held = judge.feed(calls(2), Now(WALL_US + 1, BACKLOG))

    assert ([], [(2, 0)]) == (list(told(held)), list(told(judge.tick(Now(WALL_US + 2, LIVE)))))


def test_an_unchanged_row_is_not_published_again(judge: PartitionState) -> None:
    judge.feed(calls(1), Now(WALL_US, LIVE))

    assert [] == judge.feed(calls(1, NOON_US + 1), Now(WALL_US + 1, LIVE)).sends


def test_nothing_leaves_before_the_last_chunk_of_a_transaction(judge: PartitionState) -> None:
    early = judge.feed(calls(1), Now(WALL_US, LIVE, more=True))
    last = judge.feed(calls(2), Now(WALL_US, LIVE))

    assert Step([], {}) == early
    assert [(2, 0)] == list(told(last))
    assert [(2, 0)] == list(told(opened(kept({}, last)).feed([], Now(WALL_US, LIVE))))


def test_a_closed_row_is_published_at_once(judge: PartitionState) -> None:
    judge.feed(calls(1), Now(WALL_US, BACKLOG))
    judge.feed(calls(2), Now(WALL_US + 1, BACKLOG))

    closing = judge.feed(calls(7, NOON_US + 86_400 * SECOND_US, "2026-11-24"), Now(WALL_US + 2, BACKLOG))

    assert [(2, 1)] == list(told(closing))


def test_what_was_held_back_survives_a_crash(judge: PartitionState) -> None:
    changelog = kept({}, judge.feed(calls(1), Now(WALL_US, BACKLOG)))
    changelog = kept(changelog, judge.feed(calls(2), Now(WALL_US + 1, BACKLOG)))

    again = opened(changelog).feed([], Now(WALL_US + 2, BACKLOG))

    assert [(2, 0)] == list(told(again))


def test_cells_of_another_layout_are_not_heard(judge: PartitionState) -> None:
    strange = Slice(NOON_US, [(0, "an", "2026-11-23", [1, 1, 1])], layout="another")
    frame = PlainRecord(0, 0, None, packed(Frame("o0", NOON_US, NOON_US, [strange])))

    assert [] == list(told(judge.feed([frame], Now(WALL_US, LIVE))))


def kept(changelog: dict[bytes, bytes], step: Step) -> dict[bytes, bytes]:
    """The changelog after a step."""
    after = {key: value for key, value in changelog.items() if key not in step.rows}
    return after | {key: value for key, value in step.rows.items() if value is not None}
