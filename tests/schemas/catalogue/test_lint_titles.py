"""What a KPI is called, and whether its target can be missed and reached."""

import unicodedata
from typing import Any

import pytest

from schemas.catalogue.lint import lint
from tests.schemas.catalogue.linted import TODAY, company, kpi, said


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
        "Work Better", "WORK BETTER", "Answer the Phone Better", "Goal: Better service for customers",
        "Improve Facebook reach", "Phục vụ Tốt hơn", "“Better service”", "Work better at “Homes”",
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
        "Revenue of Better Homes", "Leads from Better Homes", "Clicks of the campaign Best Deals",
        "Doanh thu chiến dịch Better Homes", unicodedata.normalize("NFD", "Lượt xem quảng cáo Better Homes"),
        "“Better homes” visits", 'Visits of "Improve"',
        "Số học viên khóa “Sống tốt hơn”", "Học viên khóa «Nâng cao năng lực»",
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
