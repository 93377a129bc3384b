"""KPIs and goals beside each other: chains, gaps of targets, guardrails, parts of a whole, years of calendars."""

from datetime import date

from tests.schemas.catalogue.linted import company, kpi, said


def test_a_chain_of_activities_may_reach_its_result_over_others() -> None:
    chain = [kpi(id="a", kind="leading", drives=["b"]), kpi(id="b", kind="leading", drives=["c"]), kpi(id="c")]

    assert said(company(*chain), "KPI124") == []
    assert said(company(*chain), "KPI125") == []


def test_activities_that_drive_each_other_in_a_circle_lead_nowhere() -> None:
    circle = [kpi(id="a", kind="leading", drives=["b"]), kpi(id="b", kind="leading", drives=["a"])]

    assert len(said(company(*circle), "KPI124")) == 2


def test_the_last_target_ended() -> None:
    over = kpi(targets=[{"value": 1, "per": "team", "from": "2026-01-01", "to": "2026-11-23"}])

    assert said(company(over), "KPI132") == [
        "the last target of `x` ended on 2026-11-23; add the next one or retire the KPI"
    ]
    assert said(company(over), "KPI132", date(2026, 11, 22)) == []


def test_a_gap_of_years_ago_is_history() -> None:
    versions = [
        {"value": 1, "per": "team", "from": "2020-01-01", "to": "2020-06-01"},
        {"value": 1, "per": "team", "from": "2021-01-01"},
    ]

    assert said(company(kpi(targets=versions)), "KPI132") == []


def test_a_gap_for_one_team_is_no_gap_of_another() -> None:
    versions = [
        {"value": 1, "subject": "hn-1", "from": "2026-01-01", "to": "2026-06-01"},
        {"value": 1, "subject": "hn-2", "from": "2026-09-01"},
    ]

    assert said(company(kpi(targets=versions)), "KPI132") == []


def test_a_guardrail_that_is_not_for_the_same_teams_or_too_coarse_cannot_guard() -> None:
    measure = {"mean": "score", "of": "csat.response"}
    elsewhere = kpi(id="q", kind="metric", unit="score", measure=measure, **{"for": ["hn-2"]})
    coarse = kpi(id="q", kind="metric", unit="score", measure=measure, scope="org", targets=[])

    assert "it is not for hn-1" in said(company(kpi(guardrail="q"), elsewhere), "KPI126")[0]
    assert "its finest scope is org, the KPI's is team" in said(company(kpi(guardrail="q"), coarse), "KPI126")[0]


def test_a_quick_answer_needs_quality_beside_it() -> None:
    quick = kpi(
        kind="leading", unit="minutes", direction="down", measure={"mean": "duration_s", "of": "call.completed"}
    )

    assert said(company(quick), "KPI103") == ["the speed KPI `x` has no quality beside it; add `guardrail`"]


def test_a_company_target_is_held_against_people_teams_and_departments() -> None:
    people = [{"id": name, "team": "hn-1"} for name in ("an", "binh")]
    scope = {"scope": "person", "measure": {"sum": "amount", "of": "sale.closed"}, "unit": "VND"}
    stated = [{"value": 50, "per": "person"}, {"value": 120, "per": "org"}]
    by_department = [*stated, {"value": 20, "subject": "service"}]

    assert said(company(kpi(**scope, targets=stated), people=people), "KPI140") == [
        "the target of `x` for `demo` is 120 VND, but those stated below come to 100, 20 short; share out the rest"
    ]
    assert said(company(kpi(**scope, targets=by_department), people=people), "KPI140") == []


def test_shares_and_foreign_ids_never_add_up() -> None:
    stated = [{"value": 90, "per": "team"}, {"value": 300, "per": "org"}]
    measure = {"count": "ad.impression", "distinct": "reach_hash"}

    assert said(company(kpi(measure=measure, targets=stated)), "KPI140") == []


def test_parts_in_another_unit_cannot_be_added_up() -> None:
    goals = [
        {"id": "grow", "title": "Grow", "target": 20, "unit": "%"},
        {"id": "part", "title": "Part", "parent": "grow", "target": 10**9, "unit": "VND"},
    ]

    (found,) = said(company(goals=goals), "KPI136")

    assert "cannot be added up: part has no `target` in `%`" in found


def test_another_country_needs_its_own_confirmed_years() -> None:
    calendar = {"country": "VN", "holidays": {"confirmed": [2026]}}
    teams = [{"id": "hn-1", "department": "sales", "calendar": {"country": "DE"}}]

    (found,) = said(company(calendar=calendar, teams=teams), "KPI108")

    assert "holidays of 2026 in DE" in found


def test_who_shares_the_country_of_the_team_or_tenant_shares_its_confirmed_years() -> None:
    calendar = {"country": "VN", "holidays": {"confirmed": [2026]}}
    german = {"country": "DE", "holidays": {"confirmed": [2026]}}
    teams = [{"id": "hn-1", "department": "sales", "calendar": german}, {"id": "hn-2", "department": "sales"}]
    people = [
        {"id": "an", "team": "hn-1", "calendar": {"country": "DE"}},
        {"id": "bo", "team": "hn-2", "calendar": {"country": "VN"}},
        {"id": "chi", "team": "hn-2", "calendar": {"country": None}},
    ]

    assert said(company(calendar=calendar, teams=teams, people=people), "KPI108") == []


def test_without_a_country_there_is_no_year_to_confirm() -> None:
    assert said(company(), "KPI108") == []


def test_the_next_year_is_asked_for_in_december_only() -> None:
    vietnam = company(calendar={"country": "VN", "holidays": {"confirmed": [2026]}})

    assert said(vietnam, "KPI139") == []
    assert len(said(vietnam, "KPI139", date(2026, 12, 1))) == 1


def shared_out(whole: float, *parts: float) -> list[str]:
    goals = [{"id": f"part-{i}", "title": "x", "parent": "all", "unit": "%", "target": p} for i, p in enumerate(parts)]
    return said(company(goals=[{"id": "all", "title": "x", "unit": "%", "target": whole}, *goals]), "KPI136")


def test_parts_of_a_goal_add_up_as_people_add() -> None:
    assert shared_out(0.8, 0.7, 0.1) == []
    assert shared_out(0.3, 0.1, 0.2) == []


def test_what_a_goal_lacks_is_said_without_the_noise_of_floats() -> None:
    (finding,) = shared_out(1, 0.7, 0.1)

    assert "come to 0.8 %, 0.2 % short of 1 %" in finding


def test_parts_of_a_goal_to_reduce_must_reduce_as_much() -> None:
    (finding,) = shared_out(-10, -4, -4)

    assert "come to -8 %, 2 % short of -10 %" in finding
    assert shared_out(-10, -6, -5) == []
