"""What the grammar fills in where a measure says nothing, and what its short forms stand for."""

from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from schemas.catalogue.durations import Duration, Elapsing, OnCalendar
from schemas.catalogue.measures import Attainment, Conversion, Elapsed, Growth, Latest, Measure, Repeat, Select
from schemas.catalogue.models import Kpi

MEASURE: TypeAdapter[Measure] = TypeAdapter(Measure)
ELAPSING: TypeAdapter[Duration] = TypeAdapter(Elapsing)
ON_CALENDAR: TypeAdapter[Duration] = TypeAdapter(OnCalendar)
JOINED: dict[str, Any] = {"from": "lead.created", "to": "sale.closed", "key": "lead_id"}
HOUR_US = 3_600_000_000


def read(**written: Any) -> Measure:
    return MEASURE.validate_python(written)


def test_a_conversion_is_credited_to_its_beginning_and_projected() -> None:
    measure = read(conversion={**JOINED, "within": "60d"})

    assert isinstance(measure, Conversion)
    assert (measure.conversion.credit, measure.as_) == ("from", "projected")
    assert measure.conversion.within.us == 60 * 24 * HOUR_US


def test_a_repeat_is_projected() -> None:
    measure = read(repeat={"of": "sale.closed", "key": "customer_id", "within": "365d"})

    assert isinstance(measure, Repeat)
    assert measure.as_ == "projected"


def test_time_elapsed_is_the_mean_on_the_business_clock() -> None:
    measure = read(elapsed=JOINED)

    assert isinstance(measure, Elapsed)
    assert (measure.as_, measure.elapsed.clock, measure.elapsed.credit) == ("mean", "business", "from")
    assert (measure.elapsed.pause, measure.elapsed.hold, measure.elapsed.stop) == (None, None, None)


def test_a_late_answer_is_bad() -> None:
    measure = MEASURE.validate_python({"elapsed": JOINED, "as": {"share_within": "4h"}})

    assert isinstance(measure, Elapsed)
    assert not isinstance(measure.as_, str)
    assert measure.as_.model_dump(mode="json") == {"share_within": "4h", "late": "bad"}


def test_a_level_is_read_at_the_end_for_the_events_subject() -> None:
    measure = read(latest="headcount", of="headcount.snapshot")

    assert isinstance(measure, Latest)
    assert (measure.at, measure.per) == ("end", None)


def test_growth_is_against_the_period_before_and_unadjusted() -> None:
    measure = read(growth={"of": {"count": "lead.created"}, "over": "1 month"})

    assert isinstance(measure, Growth)
    assert (measure.growth.against, measure.growth.adjust, measure.growth.per) == ("previous", "none", None)


def test_attainment_is_a_score_of_one_with_a_cap() -> None:
    measure = read(attainment={})

    assert isinstance(measure, Attainment)
    assert measure.attainment.model_dump() == {"kpis": "all", "at": 1.0, "by": "score", "cap": 1.2}


@pytest.mark.parametrize("written", ["sale.closed", ["sale.closed"], {"of": "sale.closed"}, {"of": ["sale.closed"]}])
def test_types_alone_stand_for_a_selection(written: Any) -> None:
    assert Select.model_validate(written) == Select(of=("sale.closed",))


@pytest.mark.parametrize("written", ["campaign_id", {"field": "campaign_id"}, {"field": "campaign_id", "most": 50}])
def test_a_field_alone_stands_for_its_fifty_largest_series(written: Any) -> None:
    kpi = Kpi.model_validate(
        {"id": "x", "title": "X", "kind": "metric", "unit": "n", "scope": "org", "period": "day", "by": written}
        | {"measure": {"count": "ad.impression"}}
    )

    assert kpi.by is not None
    assert (kpi.by.field, kpi.by.most) == ("campaign_id", 50)


@pytest.mark.parametrize(
    ("written", "us"),
    [
        ("15min", HOUR_US // 4),
        ("90 minutes", 90 * HOUR_US // 60),
        ("4h", 4 * HOUR_US),
        ("1 hour", HOUR_US),
        ("30d", 720 * HOUR_US),
        ("2 weeks", 336 * HOUR_US),
    ],
)
def test_a_length_of_time_in_microseconds(written: str, us: int) -> None:
    assert ELAPSING.validate_python(written).us == us


@pytest.mark.parametrize(
    ("written", "shown"),
    [("7d", "7d"), ("1 week", "7d"), ("1 month", "1 month"), ("1 quarter", "3 months"), ("1 year", "12 months")],
)
def test_a_length_on_the_calendar_is_days_or_months(written: str, shown: str) -> None:
    duration = ON_CALENDAR.validate_python(written)

    assert str(duration) == shown
    assert ON_CALENDAR.validate_python(ON_CALENDAR.dump_python(duration, mode="json")) == duration


def test_months_have_no_length_in_microseconds() -> None:
    with pytest.raises(ValueError, match="3 months has no fixed length"):
        _ = Duration(3, "months").us


@pytest.mark.parametrize("written", ["", "h", "4", "4.5h", "-1d", "1d 2h", "P30D", "0min", "5m", 4, None, {"d": 4}])
def test_what_is_no_length_of_time_is_refused(written: Any) -> None:
    with pytest.raises(ValidationError):
        ELAPSING.validate_python(written)
