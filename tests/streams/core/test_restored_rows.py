"""Rows of JUDGE after a restart: what began before the first decision still closes, and what is forgotten stays so."""

from datetime import date, timedelta

from schemas.catalogue.models import Catalogue
from schemas.topics import Stage
from streams.core import frames
from streams.core.policy import DAY_US, MINUTE_US, Policy
from streams.core.stage import Now
from streams.routing import partition_of
from tests.streams.core.road import Road
from tests.streams.core.test_growth import sale
from tests.streams.core.test_road_laws import UNTIL_US
from tests.streams.core.test_scores import PARTS, POLICY, scored

SALES = {
    **PARTS[1], "id": "sales", "unit": "sales", "period": "day", "weight": None, "guardrail": None,
    "measure": {"count": "sale.closed"}, "targets": [{"value": 1}],
}  # fmt: skip


class Early(Road):
    """The partition of the team hears of scores before any of its own frames, and starts anew then."""

    seat = (Stage.JUDGE, partition_of(4)("hn-1"))

    def hear_scores_first(self) -> None:
        """Everything goes on but the team's partition, which hears the scores alone."""
        mine = self.states.pop(self.seat)
        for now_us in (UNTIL_US, UNTIL_US + 2 * MINUTE_US):
            self.tick(now_us)
        self.states[self.seat] = mine
        waiting = self._queues[self.seat]
        scores = [one for one in waiting if frames.decode(one.value or b"").source.startswith(frames.FROM_JUDGE)]
        self._queues[self.seat] = [one for one in waiting if one not in scores]
        self._take(self.seat, mine.feed(scores, Now(UNTIL_US, caught_up=False)))
        self.restart(self.seat)


def test_a_row_that_scores_have_begun_before_the_first_decision_closes_after_a_restart() -> None:
    # Nothing but sales of people in other partitions: the team's row begins with their scores.
    road = Early(scored(parts=[{**PARTS[1], "guardrail": None}]), POLICY, 4)
    road.put([sale(f"s{who}", "2026-02-10T09:00:00", 100, owner=who) for who in ("an", "binh")])

    road.hear_scores_first()
    for minutes in (3, 4, 5):
        road.tick(UNTIL_US + minutes * MINUTE_US)

    closed = road.values["h3", "hn-1", "2026-02"]
    assert (100, 2) == (closed.value, closed.n)
    assert closed.version > 0


def test_another_catalogue_tells_nothing_of_days_that_are_forgotten() -> None:
    written = scored(parts=[SALES]).model_dump(by_alias=True, exclude_none=True)
    renamed = {**written, "kpis": [{**kpi, "title": "renamed"} for kpi in written["kpis"]]}
    policy = Policy(future_us=None, horizon_us=10 * DAY_US)
    road = Road(Catalogue.model_validate(written), policy, 1)
    for day in range(1, 29):
        road.put([sale(f"s{day}", f"2026-02-{day:02d}T03:00:00", 5, owner="an")])
        road.run(Now(UNTIL_US, caught_up=False))
    before = days_told(road)

    road.adopt(Catalogue.model_validate(renamed))
    road.put([sale("last", "2026-02-28T09:00:00", 5, owner="an")])
    road.run(Now(UNTIL_US, caught_up=False))

    assert before == days_told(road)
    assert len(before) > 20


def days_told(road: Road) -> dict[tuple[str, ...], tuple[object, ...]]:
    rows = {name: one for name, one in road.values.items() if one.kpi == "sales" and one.period < "2026-02-15"}
    return {name: (one.value, one.n, one.version) for name, one in rows.items()}


def test_a_renamed_catalogue_still_scores_days_that_are_forgotten() -> None:
    # One sale a day is asked of each; on the second of January binh sells nothing, and so has not reached them all.
    written = scored("every", parts=[SALES], period="quarter").model_dump(by_alias=True, exclude_none=True)
    renamed = {**written, "kpis": [{**kpi, "title": "renamed"} for kpi in written["kpis"]]}
    road = Road(Catalogue.model_validate(written), Policy(future_us=None, horizon_us=10 * DAY_US), 1)
    for day in (str(date(2026, 1, 1) + timedelta(number)) for number in range(90)):
        sellers = ("an",) if day == "2026-01-02" else ("an", "binh")
        road.put([sale(f"{day}-{who}", f"{day}T03:00:00", 5, owner=who) for who in sellers])
        road.run(Now(UNTIL_US, caught_up=False))

    road.adopt(Catalogue.model_validate(renamed))
    road.put([sale("last", "2026-04-02T03:00:00", 5, owner="an")])
    road.run(Now(UNTIL_US, caught_up=False))
    road.tick(UNTIL_US)

    told = road.values["h3", "hn-1", "2026-Q1"]
    assert (50, 2) == (told.value, told.n)
