"""When something is said and when not: nights, holidays, leave, first events, period ends, anonymous answers."""

from typing import Any

import msgspec
import pytest

from schemas.alerts import Alert
from schemas.catalogue.models import Catalogue
from schemas.events.times import parse_us
from schemas.topics import Stage
from schemas.values import Value
from streams.core.judge import Judge
from streams.core.policy import Policy
from streams.core.replay import replay
from streams.core.stage import Now
from tests.streams.core.road import Road
from tests.streams.core.worlds import Event, lines


def office(**more: Any) -> Catalogue:
    """One team in Hanoi, calls with a target of 40 a week (one an hour)."""
    kpi = {
        "id": "calls", "title": "Calls", "kind": "leading", "goal": "g", "unit": "calls",
        "scope": "person", "period": "week",
        "measure": {"count": "call.completed"},
        "targets": [{"value": 40, "from": "2026-11-16"}], "review_by": "2026-12-31",
    }  # fmt: skip
    return Catalogue.model_validate(
        {
            "version": 1,
            "tenant": {"id": "acme", "timezone": "Asia/Ho_Chi_Minh", "currency": "VND", "locale": "en"},
            "calendar": {"country": "VN", "hours": {"mon-fri": ["08:00-12:00", "13:00-17:00"]}},
            "teams": [{"id": "hn-1", "department": "sales"}],
            "people": [{"id": "an", "team": "hn-1"}],
            "goals": [{"id": "g", "title": "G"}],
            "kpis": [kpi],
            **more,
        }
    )


def call(time: str, owner: str = "an") -> Event:
    data = {"owner": owner, "outcome": "answered", "duration_s": 60}
    return {
        "specversion": "1.0", "id": time, "source": "pbx", "type": "call.completed", "time": f"{time}+07:00",
        "subject": f"call-{time}", "data": data,
    }  # fmt: skip


def diligent(*days: str) -> list[Event]:
    """Nine calls on each of these days of November, through the working hours: always on pace."""
    times = ("08:05", "08:40", "09:30", "10:30", "11:30", "13:30", "14:30", "15:30", "16:50")
    return [call(f"2026-11-{day}T{time}:00") for day in days for time in times]


def told(catalogue: Catalogue, events: list[Event], until: str) -> list[Alert]:
    return replay(lines(events), catalogue, Policy(future_us=None), parse_us(f"{until}+07:00")).alerts


def test_nobody_is_told_of_silence_on_the_vietnamese_cultural_day() -> None:
    # Monday 23 November was worked, Tuesday the 24th is a public holiday.
    assert [] == told(office(), diligent("16", "17", "18", "19", "20", "23"), "2026-11-24T23:59:00")


def test_the_same_silence_on_a_working_day_is_told() -> None:
    alerts = told(office(calendar={"hours": {"mon-fri": ["08:00-17:00"]}}), diligent("23"), "2026-11-24T23:59:00")

    assert {"stalled", "behind"} <= {alert.cls.value for alert in alerts}
    assert all("2026-11-24T08:00" < alert.at < "2026-11-24T17:30" for alert in alerts)


def test_silence_at_night_and_at_the_weekend_is_not_a_stall() -> None:
    assert [] == told(office(), diligent("16", "17", "18", "19", "20"), "2026-11-22T23:59:00")


def test_silence_on_leave_is_not_a_persons_stall() -> None:
    leave = [{"person": "an", "from": "2026-11-25", "to": "2026-11-28"}]
    alerts = told(office(leave=leave), diligent("23"), "2026-11-27T23:59:00")

    assert [] == [alert for alert in alerts if alert.subject == "an" and alert.at >= "2026-11-24"]


def test_silence_before_the_first_event_is_not_a_stall() -> None:
    alerts = told(office(), [call("2026-11-20T16:00:00", owner="zed")], "2026-11-20T23:00:00")

    assert [] == [alert for alert in alerts if alert.cls.value == "stalled"]


def test_a_periods_end_expires_what_fires_and_the_new_period_starts_from_nothing() -> None:
    alerts = told(office(), diligent("16"), "2026-11-23T08:30:00")
    last = {alert.fingerprint: alert.transition.value for alert in alerts if alert.transition.value != "pending"}

    assert {"expired"} == set(last.values())
    assert {"2026-11-23T00:00:00+07:00"} == {alert.at for alert in alerts if alert.transition.value == "expired"}
    assert [] == [alert for alert in alerts if alert.period == "2026-W48"]


@pytest.mark.parametrize("direction", ["up", "down"])
def test_a_plain_metric_never_alerts_anyone(direction: str) -> None:
    kpi = {**office().model_dump(mode="json", by_alias=True)["kpis"][0], "kind": "metric", "direction": direction}

    assert [] == told(office(kpis=[kpi]), diligent("16"), "2026-11-27T23:00:00")


# -- anonymous answers


def survey(answers: dict[str, int], until: str) -> dict[str, Value]:
    """Values by subject of a weekly score that needs five answers; three teams of one department."""
    outcome = replay(lines(answered(answers)), asking(), Policy(future_us=None), parse_us(f"{until}+07:00"))
    return {value.subject: value for value in outcome.values if value.period == "2026-W47"}


def asking() -> Catalogue:
    return office(
        teams=[{"id": f"hn-{n}", "department": "sales"} for n in (1, 2, 3)],
        kpis=[
            {
                "id": "esat", "title": "E", "kind": "metric", "unit": "score", "scope": "team", "period": "week",
                "anonymous": 5, "measure": {"mean": "score", "of": "survey.esat.response"},
            }
        ],
    )  # fmt: skip


def answered(answers: dict[str, int]) -> list[Event]:
    return [
        {
            "specversion": "1.0", "id": f"{team}-{n}", "source": "hr", "type": "survey.esat.response",
            "time": "2026-11-18T09:00:00+07:00", "subject": f"r-{team}-{n}",
            "data": {"score": n, "team": team, "owner": "an"},
        }
        for team, count in answers.items()
        for n in range(count)
    ]  # fmt: skip


@pytest.mark.parametrize("answers", [{"hn-1": 8, "hn-2": 3, "hn-3": 6}, {"hn-1": 4}, {"hn-1": 8, "hn-2": 8}])
def test_live_rows_and_metrics_hide_what_a_replay_hides(answers: dict[str, int]) -> None:
    road = Road(asking(), Policy(future_us=None), partitions=2)
    road.put(answered(answers))
    open_us, closed_us = (parse_us(f"2026-11-{day}T12:00:00+07:00") for day in (20, 24))

    def published() -> dict[str, tuple[Any, int]]:
        return {value.subject: (value.value, value.n) for value in road.values.values() if value.period == "2026-W47"}

    road.run(Now(open_us, caught_up=True))
    road.tick(open_us)
    judges = [state for state in road.states.values() if isinstance(state, Judge)]
    scraped = {
        row.subject: (row.value, row.n) for judge in judges for row in judge.current({*answers, "sales", "acme"})
    }
    before = published()
    road.tick(closed_us)

    assert scraped == before
    assert before == {name: (row.value, row.n) for name, row in survey(answers, "2026-11-20T12:00:00").items()}
    assert {value for value, _ in before.values()} == {None}
    assert published() == {name: (row.value, row.n) for name, row in survey(answers, "2026-11-24T12:00:00").items()}


def test_before_the_close_only_the_number_of_answers_is_shown() -> None:
    values = survey({"hn-1": 8, "hn-2": 8}, "2026-11-20T12:00:00")

    assert {"hn-1": (None, 8), "hn-2": (None, 8), "sales": (None, 16), "acme": (None, 16)} == {
        subject: (value.value, value.n) for subject, value in values.items()
    }


def test_after_the_close_too_few_answers_stay_hidden_and_the_next_smallest_sibling_with_them() -> None:
    values = survey({"hn-1": 8, "hn-2": 3, "hn-3": 6}, "2026-11-24T12:00:00")

    assert {"hn-1": 3.5, "hn-2": None, "hn-3": None} == {team: values[team].value for team in ("hn-1", "hn-2", "hn-3")}
    assert values["sales"].value is not None


def test_hours_are_judged_no_more_when_nobody_has_counted_for_long() -> None:
    road = Road(office(), Policy(future_us=None), partitions=1)
    road.put([call("2026-11-16T08:05:00"), call("2026-11-16T09:05:00")])
    road.run(Now(0, caught_up=False))

    road.tick(parse_us("2026-11-18T12:00:00+07:00"))
    soon = baselines(road)
    road.tick(parse_us("2031-11-18T12:00:00+07:00"))

    assert soon == {("baseline", "calls", "hn-1")}
    assert baselines(road) == set()


def baselines(road: Road) -> set[tuple[str, ...]]:
    keys = (tuple(msgspec.msgpack.decode(key)) for key in road.changelogs[Stage.JUDGE, 0])
    return {key for key in keys if key[0] == "baseline"}
