"""The detectors over the product's own calendar, around the Vietnamese holidays of 2026 (PRODUCT section 6)."""

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from schemas.catalogue.models import Catalogue
from streams.core.calendar.build import build
from streams.core.detectors.contract import Standing, WorkingTime
from streams.core.detectors.pace import pace
from streams.core.detectors.stall import stall

HANOI = ZoneInfo("Asia/Ho_Chi_Minh")
OFFICE: WorkingTime = build(
    Catalogue.model_validate(
        {
            "version": 1,
            "tenant": {"id": "demo", "timezone": "Asia/Ho_Chi_Minh", "currency": "VND"},
            "calendar": {
                "country": "VN",
                "hours": {"mon-fri": ["08:00-11:30", "13:30-17:30"]},
                "holidays": {"confirmed": [2026]},
            },
        }
    )
).tenant


def us(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=HANOI).timestamp()) * 1_000_000


@pytest.mark.parametrize("now", ["2026-02-13T18:00", "2026-02-22T12:00"])
def test_ten_of_fifteen_working_days_have_passed_on_both_sides_of_tet(now: str) -> None:
    got = pace(60, 90, us("2026-02-01"), us("2026-03-01"), us(now), OFFICE, was_behind=False, counts_events=True)

    assert got.expected == pytest.approx(60)
    assert got.standing == Standing.CLEAR


def test_nobody_stalls_on_the_cultural_day_of_24_november() -> None:
    november = (us("2026-11-01"), us("2026-12-01"))

    evening = stall(us("2026-11-23T11:00"), 80, *november, us("2026-11-23T17:30"), OFFICE)
    holiday = stall(us("2026-11-23T11:00"), 80, *november, us("2026-11-25T08:00"), OFFICE)

    assert evening.standing == holiday.standing == Standing.CLEAR
    assert evening.evidence["silence_us"] == holiday.evidence["silence_us"]
    assert evening.recheck_us is not None
    assert us("2026-11-25T08:00") < evening.recheck_us < us("2026-11-25T17:30")
