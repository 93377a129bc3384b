"""Each rule of the linter with a catalogue that fails it and one that passes: the files of deploy/examples/checks."""

import re
import unicodedata
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from schemas.catalogue.lint import RULES, lint
from schemas.catalogue.load import Reading, read
from schemas.catalogue.models import Catalogue
from schemas.catalogue.problems import CODES, Problem

EXAMPLES = Path(__file__).parents[3] / "deploy" / "examples" / "checks"
LINTED = sorted(code for code in CODES if code >= "KPI1")
TODAY = date(2026, 11, 23)


def example(code: str, name: str) -> tuple[Reading, Catalogue, date]:
    """An example, whether or not the engine can compute its measure already, and the date it is judged by."""
    path = EXAMPLES / code / f"{name}.yaml"
    reading = read([path])
    told = re.search(r"^# today: (\S+)$", path.read_text(encoding="utf-8"), re.MULTILINE)
    catalogue = Catalogue.model_validate(reading.tree.plain())
    return reading, catalogue, date.fromisoformat(told[1]) if told else TODAY


def problems_of(code: str, name: str) -> list[Problem]:
    reading, catalogue, today = example(code, name)
    return [reading.problem(finding) for finding in lint(catalogue, today)]


@pytest.mark.parametrize("code", LINTED)
def test_the_failing_example_fails_its_rule_at_the_line_it_names(code: str) -> None:
    expected = re.search(r"# expect: (KPI\d+) line (\d+)", (EXAMPLES / code / "fails.yaml").read_text(encoding="utf-8"))

    found = [(problem.code, str(problem.line)) for problem in problems_of(code, "fails") if problem.code == code]

    assert expected is not None
    assert found == [(expected[1], expected[2])]


@pytest.mark.parametrize("code", LINTED)
def test_the_passing_example_differs_by_what_the_rule_asks_for_and_breaks_no_other(code: str) -> None:
    failing, passing = ({problem.code for problem in problems_of(code, name)} for name in ("fails", "passes"))

    assert failing - passing == {code}
    assert passing - failing == set()


@pytest.mark.parametrize("code", LINTED)
@pytest.mark.parametrize("name", ["fails", "passes"])
def test_an_example_has_nothing_wrong_but_what_it_shows(code: str, name: str) -> None:
    assert [problem.said() for problem in read([EXAMPLES / code / f"{name}.yaml"]).problems] == []


@pytest.mark.parametrize("code", LINTED)
def test_a_finding_says_in_both_languages_what_to_do(code: str) -> None:
    for problem in problems_of(code, "fails"):
        assert problem.sentence != problem.sentence_vi
        for sentence in (problem.sentence, problem.sentence_vi):
            assert re.search(r"[;:.] ", sentence), sentence


def test_every_rule_is_shown_by_some_example() -> None:
    shown = [example(code, "fails")[1:] for code in LINTED]

    for rule in RULES:
        assert any(list(rule(catalogue, today)) for catalogue, today in shown), rule.__name__


def kpi(**more: Any) -> dict[str, Any]:
    made = {
        "id": "x",
        "title": "Calls",
        "kind": "lagging",
        "goal": "grow",
        "unit": "calls",
        "scope": "team",
        "period": "month",
        "measure": {"count": "call.completed"},
        "targets": [{"value": 1, "per": "team", "from": "2026-01-01"}],
    } | more
    return {key: value for key, value in made.items() if value is not None}


def company(*kpis: dict[str, Any], **more: Any) -> Catalogue:
    return Catalogue.model_validate(
        {
            "version": 1,
            "tenant": {"id": "demo", "timezone": "Asia/Ho_Chi_Minh", "currency": "VND"},
            "teams": [{"id": "hn-1", "department": "sales"}, {"id": "hn-2", "department": "service"}],
            "goals": [{"id": "grow", "title": "Grow"}],
            "kpis": kpis,
        }
        | more
    )


def persons(number: int, **more: Any) -> list[dict[str, Any]]:
    return [kpi(id=f"k{i}", scope="person", targets=[], **more) for i in range(number)]


def said(catalogue: Catalogue, code: str, today: date = TODAY) -> list[str]:
    return [finding.en for finding in lint(catalogue, today) if finding.code == code]


AN = [{"id": "an", "team": "hn-1"}]


@pytest.mark.parametrize(
    "title",
    [
        "Làm việc tốt hơn", "LÀM VIỆC TỐT HƠN", "Lam viec tot hon", "Làm việc tốt hơn trong quý 4", "Phục vụ nhanh hơn",
        "Cải thiện sự hài lòng của khách hàng", "Nâng cao năng lực", "Cố gắng hết sức", "Tăng cường hợp tác",
        "Số khách hàng phục vụ tốt hơn", "Work better", "Improve", "Improve conversion rate", "Better service",
        "Be more efficient", "Answer as soon as possible", "Try to sell more", "Do your best",
        "Làm việc  tốt \n hơn", "Làm\N{NO-BREAK SPACE}việc\N{NO-BREAK SPACE}tốt\N{NO-BREAK SPACE}hơn",
        unicodedata.normalize("NFD", "Làm việc tốt hơn"), unicodedata.normalize("NFD", "Chu đáo hơn"),
        "Bán hàng giỏi hơn", "Đúng giờ hơn nữa",
    ],
)  # fmt: skip
def test_a_wish_is_no_kpi(title: str) -> None:
    assert len(said(company(kpi(title=title)), "KPI112")) == 1


@pytest.mark.parametrize(
    "title",
    [
        "Tỷ lệ phản hồi nhanh hơn 4 giờ làm việc", "Số sáng kiến cải thiện quy trình được duyệt",
        "Doanh số bán hàng tháng",
        "Tỷ lệ khách hàng đánh giá tốt hơn quý trước", "Tỷ lệ cuộc gọi có trao đổi thực sự (từ 30 giây)",
        "Share of calls answered faster than 20 s", "Number of improvement ideas",
        "Number of teams that try to certify",
        "Số cặp đôi kết hôn", "Số khách hàng lớn hơn 1 tỷ",
        "Revenue", "Contracts signed", "Best-seller revenue last month", "Reimprovements",
    ],
)  # fmt: skip
def test_what_is_counted_may_have_any_name(title: str) -> None:
    assert said(company(kpi(title=title)), "KPI112") == []


@pytest.mark.parametrize(
    "title", ["Đạt 500 triệu VNĐ doanh số", "Tăng 30% lượt truy cập", "Retention ≥ 85%", "At least 30 calls a week"]
)
def test_a_target_in_the_title_is_noticed(title: str) -> None:
    assert len(said(company(kpi(title=title)), "KPI113")) == 1


@pytest.mark.parametrize(
    "title",
    [
        "Doanh số Quý 4",
        "Tỷ lệ cuộc gọi từ 30 giây",
        "Answers within 4 working hours",
        "Điểm hài lòng (1-5)",
        "Tỷ lệ đạt sau đào tạo",
    ],
)
def test_other_numbers_in_a_title_are_not_targets(title: str) -> None:
    assert said(company(kpi(title=title)), "KPI113") == []


@pytest.mark.parametrize(
    ("measure", "unit", "value", "direction", "code"),
    [
        ({"mean": "score", "of": "csat.response"}, "score", 6, "up", "KPI114"),
        ({"mean": "score", "of": "csat.response"}, "score", 1, "up", "KPI115"),
        ({"mean": "score", "of": "csat.response"}, "score", 4, "up", None),
        ({"mean": "score", "of": "survey.esat.response"}, "score", 10, "up", None),
        ({"count": "call.completed"}, "calls", -1, "down", "KPI114"),
        ({"count": "complaint.opened"}, "complaints", 0, "down", None),  # none at all is a fine target
        ({"sum": "amount", "of": "sale.closed"}, "VND", 10**15, "up", None),  # who knows
    ],
)
def test_targets_are_held_against_what_the_measure_can_be(
    measure: dict[str, Any], unit: str, value: int, direction: str, code: str | None
) -> None:
    catalogue = company(kpi(measure=measure, unit=unit, direction=direction, targets=[{"value": value, "per": "team"}]))

    found = {finding.code for finding in lint(catalogue, TODAY)} & {"KPI114", "KPI115"}

    assert found == ({code} if code else set())


def test_a_share_of_exactly_a_hundred_percent_can_be_reached_but_not_passed() -> None:
    measure = {
        "ratio": {
            "of": {"count": "call.completed", "where": {"duration_s": {"ge": 30}}},
            "to": {"count": "call.completed"},
        }
    }
    of = {"measure": measure, "unit": "%"}

    assert said(company(kpi(**of, targets=[{"value": 100, "per": "team"}])), "KPI114") == []
    assert len(said(company(kpi(**of, targets=[{"value": 100, "per": "team", "strict": True}])), "KPI114")) == 1


def test_a_quotient_may_pass_a_hundred_percent() -> None:
    measure = {"ratio": {"of": {"count": "ticket.resolved"}, "to": {"count": "ticket.opened"}}}

    assert said(company(kpi(measure=measure, unit="%", targets=[{"value": 105, "per": "team"}])), "KPI114") == []


def test_a_chain_of_activities_may_reach_its_result_over_others() -> None:
    chain = [kpi(id="a", kind="leading", drives=["b"]), kpi(id="b", kind="leading", drives=["c"]), kpi(id="c")]

    assert said(company(*chain), "KPI124") == []
    assert said(company(*chain), "KPI125") == []


def test_activities_that_drive_each_other_in_a_circle_lead_nowhere() -> None:
    circle = [kpi(id="a", kind="leading", drives=["b"]), kpi(id="b", kind="leading", drives=["a"])]

    assert len(said(company(*circle), "KPI124")) == 2


def test_people_with_the_same_kpis_are_named_in_one_finding() -> None:
    people = [{"id": name, "team": "hn-1"} for name in ("an", "binh", "chi", "dung")]

    (found,) = said(company(*persons(6), people=people), "KPI106")

    assert found.startswith("an, binh, chi, ...: 6 KPIs (k0, k1, k2, k3, k4, k5), at most 5; ")


def test_kpis_that_somebody_is_named_accountable_for_count_too() -> None:
    named = [kpi(id=f"n{i}", roles={"accountable": "an"}) for i in range(3)]

    assert len(said(company(*persons(3), *named, people=AN), "KPI106")) == 1
    assert said(company(*persons(2), *named, people=AN), "KPI106") == []


def test_a_team_has_at_most_five_kpis_of_its_own() -> None:
    own = [kpi(id=f"t{i}") for i in range(6)]

    (found,) = said(company(*own), "KPI141")

    assert found.startswith("hn-1, hn-2: 6 KPIs of the team (t0, t1, t2, t3, t4, t5), at most 5; ")
    assert said(company(*own[1:]), "KPI141") == []


def test_kpis_of_another_team_do_not_count() -> None:
    assert (
        said(
            company(
                *persons(5), *(one | {"id": f"o{i}", "for": ["hn-2"]} for i, one in enumerate(persons(2))), people=AN
            ),
            "KPI106",
        )
        == []
    )


def test_somebody_who_left_needs_no_kpis() -> None:
    gone = [{"id": "an", "team": "hn-1", "to": "2026-11-23"}]

    assert said(company(*persons(1), people=gone), "KPI107") == []


@pytest.mark.parametrize(("to", "gone"), [("2026-11-24", False), ("2026-11-23", True)])
def test_an_owner_is_gone_from_the_first_date_that_is_not_theirs(to: str, gone: bool) -> None:
    people = [{"id": "an", "team": "hn-1", "to": to}]

    assert bool(said(company(kpi(roles={"accountable": "an"}), people=people), "KPI122")) == gone


def test_who_moves_or_is_still_to_come_has_not_left() -> None:
    moved = [{"id": "an", "team": "hn-1", "to": "2026-11-01"}, {"id": "an", "team": "hn-2", "from": "2026-12-01"}]

    assert said(company(kpi(roles={"accountable": "an"}), people=moved), "KPI122") == []


@pytest.mark.parametrize("role", [{"evaluator": "an"}, {"supporters": ["an"]}])
def test_who_helps_or_judges_should_be_here(role: dict[str, Any]) -> None:
    people = [{"id": "an", "team": "hn-1", "to": "2026-01-01"}]

    assert len(said(company(kpi(roles=role), people=people), "KPI123")) == 1


def test_each_judging_themselves_is_an_error() -> None:
    assert len(said(company(kpi(roles={"accountable": "subject", "evaluator": "subject"})), "KPI118")) == 1


def test_a_manager_judges_where_no_evaluator_is_named() -> None:
    people = [{"id": "an", "team": "hn-1", "manager": "chi"}, {"id": "chi", "team": "hn-1"}]

    assert said(company(*persons(1), people=people), "KPI119") == []


def test_weights_on_some_kpis_only_are_noticed() -> None:
    some = [*persons(2), kpi(id="w", scope="person", targets=[], weight=40.0)]

    (found,) = said(company(*some, people=AN), "KPI128")

    assert "some have a `weight` and some not (k0, k1)" in found


def test_thirds_add_up_to_a_hundred() -> None:
    thirds = [one | {"weight": weight} for one, weight in zip(persons(3), (33.33, 33.33, 33.34), strict=True)]

    assert said(company(*thirds, people=AN), "KPI128") == []


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


@pytest.mark.parametrize("path", sorted((Path(__file__).parent / "good").glob("*.yaml")), ids=lambda path: path.stem)
def test_any_good_catalogue_can_be_linted_on_any_date(path: Path) -> None:
    reading = read([path])
    catalogue = Catalogue.model_validate(reading.tree.plain())

    for today in (date.min, TODAY, date(2030, 12, 31), date.max):
        for finding in lint(catalogue, today):
            assert finding.code in CODES
            assert finding.vi != finding.en
            assert reading.problem(finding).line > 0


def test_per_cent_of_a_share_in_another_unit_is_out_of_reach() -> None:
    answered = {"count": "call.completed", "where": {"outcome": {"eq": "answered"}}}
    share = {"ratio": {"of": answered, "to": {"count": "call.completed"}}}
    targets = [{"value": 90, "from": "2026-01-01"}]

    curly, plain = (
        said(company(kpi(unit=unit, measure=share, targets=targets)), "KPI114") for unit in ("\u201c%\u201d", "%")
    )

    assert curly == [
        "the target 90 cannot be reached: in the unit `\u201c%\u201d`, `x` lies between 0 and 1;"
        ' write `unit: "%"` for per cent, or change it'
    ]
    assert plain == []


def test_a_limit_on_one_side_is_said_without_infinity() -> None:
    (finding,) = said(company(kpi(targets=[{"value": -80, "from": "2026-01-01"}])), "KPI115")

    assert finding == "the target -80 is always met: `x` is never below 0; choose one that says something"


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
