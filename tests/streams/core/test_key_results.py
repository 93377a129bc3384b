"""Key results, "from 3 % to 5 %", through replay: attained is the share of the way (PRODUCT A14)."""

import pytest

from schemas.values import Status, Value
from tests.streams.core.test_contract_examples import TALKS, call, company, run
from tests.streams.core.worlds import Event

LONG = {"ratio": {"of": {**TALKS, "where": {"duration_s": {"ge": 60}}}, "to": TALKS}}


def calls(long: int, short: int) -> list[Event]:
    return [call(f"c{number}", duration_s=60 if number < long else 5) for number in range(long + short)]


def november(subject: str, *events: Event, **kpi: object) -> Value:
    (value,) = (v for v in run(company(**kpi), *events).values if (v.subject, v.period) == (subject, "2026-11"))  # type: ignore[arg-type]
    return value


def test_conversion_from_3_to_5_percent_is_half_done_at_4() -> None:
    # 4 of 100 calls = 4 %; (4 - 3) / (5 - 3) = 0.5, for the team and everyone above as well.
    targets = [{"value": 5, "start": 3, "from": "2026-01-01"}]

    for subject in ("an", "hn-1", "sales", "acme"):
        value = november(subject, *calls(4, 96), measure=LONG, unit="%", targets=targets)
        assert (4.0, 5, 0.5) == (value.value, value.target, value.attainment)


def test_what_should_fall_is_attained_on_its_way_down() -> None:
    # 25 of 100 = 25 %; (25 - 30) / (20 - 30) = 0.5.
    targets = [{"value": 20, "start": 30, "from": "2026-01-01"}]
    value = november("an", *calls(25, 75), measure=LONG, unit="%", direction="down", targets=targets)

    assert 0.5 == value.attainment


def test_what_ends_behind_its_start_is_below_nothing() -> None:
    targets = [{"value": 5, "start": 3, "from": "2026-01-01"}]
    value = november("an", *calls(2, 98), measure=LONG, unit="%", targets=targets)

    assert -0.5 == value.attainment


def test_a_team_begins_where_its_members_begin() -> None:
    # An from 4 to 10, Bình from 6 to 12: the team from 10 to 22; 16 calls, (16 - 10) / (22 - 10) = 0.5.
    targets = [{"value": 10, "start": 4, "subject": "an"}, {"value": 12, "start": 6, "subject": "binh"}]
    value = november("hn-1", *calls(16, 0), measure=TALKS, unit="calls", targets=targets)

    assert (22, 0.5) == (value.target, value.attainment)


def test_a_key_result_that_changes_weighs_its_starts_as_its_targets() -> None:
    # November 2026 has 21 working days, 5 of them before the 9th.
    # Target 10 x 5/21 + 31 x 16/21 = 26, start 0 x 5/21 + 21 x 16/21 = 16: 21 calls are (21 - 16) / (26 - 16) = 0.5.
    targets = [{"value": 10, "start": 0, "from": "2026-01-01"}, {"value": 31, "start": 21, "from": "2026-11-09"}]
    value = november("an", *calls(21, 0), measure=TALKS, unit="calls", targets=targets)

    assert 26 == value.target
    assert value.attainment == pytest.approx(0.5)


def test_where_one_member_has_no_start_the_team_has_none() -> None:
    targets = [{"value": 10, "start": 4, "subject": "an"}, {"value": 12, "subject": "binh"}]
    value = november("hn-1", *calls(11, 0), measure=TALKS, unit="calls", targets=targets)

    assert 0.5 == value.attainment  # 11 / 22


def test_a_key_result_is_met_at_its_target_as_any_other() -> None:
    targets = [{"value": 5, "start": 3, "from": "2026-01-01"}]
    events = [*calls(4, 96), call("later", 30, duration_s=5, owner="binh")]

    assert Status.BEHIND is november("an", *events, measure=LONG, unit="%", targets=targets).status
