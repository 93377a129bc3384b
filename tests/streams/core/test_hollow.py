"""A quantity whose guardrail is red is hollow, at the close as well, and no longer once the guardrail is mended."""

from typing import Any

from schemas.catalogue.models import Catalogue
from schemas.values import Status
from streams.core.policy import Policy
from streams.core.replay import replay
from tests.streams.core.test_contract_examples import call, event
from tests.streams.core.worlds import Event, lines

SATISFIED = {
    "ratio": {"of": {"count": "csat.response", "where": {"score": {"ge": 4}}}, "to": {"count": "csat.response"}}
}
CALLS = [call("c1"), call("c2", 3)]


def company(guardrail_period: str = "week") -> Catalogue:
    kpi: dict[str, Any] = {"title": "K", "kind": "leading", "scope": "person", "period": "week"}
    target = {"from": "2026-01-01"}
    return Catalogue.model_validate(
        {
            "version": 1,
            "tenant": {"id": "acme", "timezone": "Asia/Ho_Chi_Minh", "currency": "VND"},
            "calendar": {"hours": {"mon-fri": ["08:00-12:00", "13:00-17:00"]}},
            "teams": [{"id": "hn-1", "department": "sales"}],
            "people": [{"id": "an", "team": "hn-1"}],
            "kpis": [
                kpi | {"id": "calls", "unit": "calls", "measure": {"count": "call.completed"}, "guardrail": "happy",
                       "targets": [target | {"value": 2}]},
                kpi | {"id": "happy", "unit": "%", "measure": SATISFIED, "period": guardrail_period,
                       "targets": [target | {"value": 90}]},
            ],
        }
    )  # fmt: skip


def met(id_: str, day: int) -> Event:
    return event(id_, "meeting.held", f"m-{id_}", day, owner="an", meeting_id=f"m-{id_}")


def guarded_by_meetings() -> Catalogue:
    """One a day, counted by working time as calls are."""
    written = company("day").model_dump(mode="json", by_alias=True, exclude_none=True)
    calls, happy = written["kpis"]
    meetings = {**happy, "unit": "meetings", "measure": {"count": "meeting.held"}}
    meetings["targets"] = [{**happy["targets"][0], "value": 1}]
    return Catalogue.model_validate({**written, "kpis": [calls, meetings]})


def answer(id_: str, score: int, day: int = 4) -> Event:
    return event(id_, "csat.response", f"t-{id_}", day, about_id=f"t-{id_}", owner="an", score=score)


def taken_back(id_: str, day: int) -> Event:
    return event(f"{id_}-back", "csat.response.retracted", f"t-{id_}", day, id_)


def standing(*events: Event, catalogue: Catalogue | None = None) -> dict[str, tuple[Status, int]]:
    """Status and version of An's rows of week 45 of 2026, the 2nd to the 8th of November."""
    values = replay(lines(list(events)), catalogue or company(), Policy(future_us=None)).values
    return {v.kpi: (v.status, v.version) for v in values if (v.subject, v.period) == ("an", "2026-W45")}


def test_few_answers_say_nothing_while_the_week_goes_on_and_all_at_its_close() -> None:
    week = [*CALLS, answer("a", 5), answer("b", 2)]

    assert {"calls": (Status.HIT, 0), "happy": (Status.NONE, 0)} == standing(*week)
    assert {"calls": (Status.HOLLOW, 1), "happy": (Status.MISSED, 1)} == standing(*week, call("next", 10))


def test_a_guardrail_mended_after_the_close_restates_what_it_guards() -> None:
    events = [*CALLS, answer("a", 5), answer("b", 2), call("next", 10), taken_back("b", 12), call("later", 13)]

    assert {"calls": (Status.HIT, 2), "happy": (Status.HIT, 2)} == standing(*events)


def test_a_guardrail_that_turns_red_after_the_close_makes_what_it_guards_hollow() -> None:
    spoilt = event("a2", "csat.response", "t-a", 12, "a", about_id="t-a", owner="an", score=1)
    events = [*CALLS, answer("a", 5), call("next", 10), spoilt, call("later", 13)]

    assert {"calls": (Status.HOLLOW, 2), "happy": (Status.MISSED, 2)} == standing(*events)


def test_a_guardrail_that_changes_without_turning_restates_only_itself() -> None:
    events = [*CALLS, answer("a", 2), answer("b", 2), call("next", 10), taken_back("b", 12), call("later", 13)]

    assert {"calls": (Status.HOLLOW, 1), "happy": (Status.MISSED, 2)} == standing(*events)


def test_a_guardrail_of_a_longer_period_speaks_at_the_close_and_no_more() -> None:
    monthly = company("month")
    unhappy = [answer(f"u{number}", 1) for number in range(5)]
    happy = [answer(f"h{number}", 5, day=12) for number in range(60)]

    assert (Status.HOLLOW, 1) == standing(*CALLS, *unhappy, call("next", 10), catalogue=monthly)["calls"]
    assert (Status.HOLLOW, 1) == standing(*CALLS, *unhappy, call("next", 10), *happy, catalogue=monthly)["calls"]


def test_a_sunday_on_which_nothing_is_asked_makes_no_week_hollow() -> None:
    """The 8th is a Sunday, the last day of the week; where it is worked its missing meeting counts."""
    week = [*CALLS, met("m", 6), call("next", 10)]
    assert (Status.HIT, 1) == standing(*week, catalogue=guarded_by_meetings())["calls"]

    sunday_worked = guarded_by_meetings().model_dump(mode="json", by_alias=True, exclude_none=True)
    sunday_worked["calendar"]["overrides"] = {"2026-11-08": ["08:00-12:00"]}
    assert (Status.HOLLOW, 1) == standing(*week, catalogue=Catalogue.model_validate(sunday_worked))["calls"]
