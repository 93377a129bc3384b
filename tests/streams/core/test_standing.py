"""Where a value stands against its target, case by case."""

from collections.abc import Mapping

import pytest

from schemas.catalogue.models import Direction, Kpi
from schemas.events.registry import Registry
from schemas.values import Status
from streams.core.measures.compile import compile_kpi
from streams.core.measures.plan import Plan
from streams.core.standing import Number, attainment, meets, status

COUNT = {"count": "call.completed"}
MONEY = {"sum": "amount", "of": "sale.closed"}
SHARE = {"ratio": {"of": {"count": "csat.response", "where": {"score": {"ge": 4}}}, "to": {"count": "csat.response"}}}


def plan(measure: Mapping[str, object], direction: str = "up", unit: str = "calls") -> Plan:
    kpi = {"id": "k", "title": "K", "kind": "leading", "unit": unit, "direction": direction, "scope": "person"}
    return compile_kpi(Kpi.model_validate({**kpi, "period": "month", "measure": measure}), Registry.of())


@pytest.mark.parametrize(
    ("measure", "direction", "value", "target", "share", "closed", "expected"),
    [
        (COUNT, "up", 80, 80, 0.5, False, Status.HIT),
        (COUNT, "up", 32, 80, 0.5, False, Status.ON_TRACK),  # 80 % of the 40 expected
        (COUNT, "up", 31, 80, 0.5, False, Status.BEHIND),
        (COUNT, "up", 0, 80, 0.06, False, Status.NONE),  # 4.8 expected: too early
        (COUNT, "up", 0, 80, 0.07, False, Status.BEHIND),  # 5.6 expected
        (COUNT, "up", 0, 10, 0.2, False, Status.BEHIND),  # few, but a fifth of the time is over
        (COUNT, "up", 79, 80, 1.0, True, Status.MISSED),
        (COUNT, "up", 0, 0, 1.0, True, Status.NONE),
        (MONEY, "up", 0, 1_000_000, 0.19, False, Status.NONE),  # money counts no events: only the time rule
        (MONEY, "up", 0, 1_000_000, 0.2, False, Status.BEHIND),
        (MONEY, "down", 61, 100, 0.5, False, Status.BEHIND),  # more than 120 % of the 50 that may be spent by now
        (MONEY, "down", 60, 100, 0.5, False, Status.ON_TRACK),
        (MONEY, "down", 101, 100, 0.1, False, Status.BEHIND),  # spent whole: never too early to say
        (MONEY, "down", 100, 100, 1.0, True, Status.HIT),
        (SHARE, "up", 91.0, 90, 0.5, False, Status.ON_TRACK),
        (SHARE, "up", 89.0, 90, 0.5, False, Status.BEHIND),
        (SHARE, "up", None, 90, 1.0, True, Status.NONE),
        (COUNT, "band", 5, 5, 1.0, True, Status.NONE),
        (COUNT, "up", 5, None, 1.0, True, Status.NONE),
    ],
)
def test_status(
    measure: Mapping[str, object],
    direction: str,
    value: Number | None,
    target: Number | None,
    share: float,
    closed: bool,
    expected: Status,
) -> None:
    unit = "VND" if measure is MONEY else "%" if measure is SHARE else "calls"

    assert expected == status(plan(measure, direction, unit), value, 10, target, share, strict=False, closed=closed)


def test_a_ratio_of_few_events_has_no_status_before_the_close() -> None:
    few = plan(SHARE, unit="%")

    assert status(few, 50.0, 4, 90, 0.9, strict=False, closed=False) is Status.NONE
    assert status(few, 50.0, 4, 90, 1.0, strict=False, closed=True) is Status.MISSED


@pytest.mark.parametrize(
    ("direction", "value", "target", "expected"),
    [
        ("up", 40, 80, 0.5),
        ("up", 120, 80, 1.5),  # never capped here
        ("down", 20, 15, 0.75),
        ("down", 0, 15, None),
        ("up", 5, 0, None),
        ("band", 5, 5, None),
        ("up", None, 5, None),
    ],
)
def test_attainment(direction: str, value: Number | None, target: Number, expected: float | None) -> None:
    assert expected == attainment(Direction(direction), value, target)


@pytest.mark.parametrize(
    ("direction", "value", "target", "base", "expected"),
    [
        ("up", 4, 5, 3, 0.5),  # from 3 % to 5 %: half of the way
        ("up", 6, 5, 3, 1.5),
        ("up", 2, 5, 3, -0.5),  # worse than it began
        ("up", 3, 5, 3, 0.0),
        ("down", 25, 20, 30, 0.5),
        ("down", 0, 20, 30, 3.0),  # nothing to divide by is no matter here
        ("up", 5, 0, -10, 1.5),
        ("band", 5, 5, 3, None),
        ("up", None, 5, 3, None),
        ("up", 5, 3, 3, None),
    ],
)
def test_a_key_result_is_attained_by_its_way_from_the_start(
    direction: str, value: Number | None, target: Number, base: Number, expected: float | None
) -> None:
    assert expected == attainment(Direction(direction), value, target, base)


def test_a_strict_target_must_be_passed() -> None:
    assert meets(Direction.DOWN, 10_000, 10_000, strict=False)
    assert not meets(Direction.DOWN, 10_000, 10_000, strict=True)
    assert meets(Direction.DOWN, 9_999, 10_000, strict=True)
    assert not meets(Direction.UP, 5, 5, strict=True)
