"""The benchmark's check finds what is wrong: it is what stands between a quick worker and a right one."""

from collections import Counter
from datetime import UTC, datetime

import pytest

from tests.bench import measures as of
from tests.bench.expected import Expected, wrong_sums, wrong_values
from tests.bench.workload import Happening, Workload

WORKLOAD = Workload(0, datetime(2026, 11, 1, tzinfo=UTC), people=4, teams=2)


def happening(person: int, day: int, outcome: str = "applied", **adds: int) -> Happening:
    known = tuple((getattr(of, name), amount) for name, amount in adds.items())
    return Happening(b"", b"", outcome, person, day, known if outcome == "applied" else None)


@pytest.fixture
def counted() -> Expected:
    expected = Expected(WORKLOAD)
    for one in (
        happening(1, 0, CALLS=1, ANSWERED=1, TALK_S=40, REAL_CALLS=1),
        happening(1, 0, CALLS=1, TALK_S=5),
        happening(3, 1, MEETINGS=1),
        happening(1, 0, "duplicate", CALLS=1),
        happening(2, 0, "dead_lettered"),
    ):
        expected.add(one)
    return expected


def test_events_count_for_person_team_department_and_organisation_by_day_and_month(counted: Expected) -> None:
    values = counted.values()

    assert values["calls.day|p-0001|2026-10-31"] == 2
    assert values["calls.month|t-001|2026-10"] == 2
    assert values["contacts.day|t-001|2026-11-01"] == 1
    assert values["talk.month|bench|2026-10"] == 45
    assert values["answered_share.day|sales|2026-10-31"] == 50
    assert values["answered_share.day|p-0003|2026-11-01"] is None
    assert not any(subject in key for key in values for subject in ("p-0002", "t-000"))


def test_repeats_and_broken_events_count_only_as_outcomes(counted: Expected) -> None:
    assert Counter(applied=3, duplicate=1, dead_lettered=1) == counted.outcomes


def test_right_values_pass_and_rows_of_nothing_may_be_absent(counted: Expected) -> None:
    values = {key: value for key, value in counted.values().items() if value}

    assert [] == wrong_values(counted.values(), values)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("calls.day|p-0001|2026-10-31", 3),
        ("calls.day|p-0001|2026-10-31", None),
        ("answered_share.day|p-0003|2026-11-01", 100),
        ("calls.day|nobody|2026-10-31", 1),
    ],
)
def test_one_wrong_value_is_found(counted: Expected, key: str, value: int | None) -> None:
    [wrong] = wrong_values(counted.values(), counted.values() | {key: value})

    assert wrong.startswith(key)


def test_a_peer_is_checked_by_its_sums(counted: Expected) -> None:
    sums = counted.peer_sums()

    assert sums["p-0001|2026-10"] == [2, 1, 45, 1, 0, 0, 0, 0]
    assert not any(place.startswith("sales|") for place in sums)
    assert [] == wrong_sums(sums, dict(sums))
    assert ["p-0003|2026-11: None, expected [0, 0, 0, 0, 1, 0, 0, 0]"] == wrong_sums(
        sums, {place: row for place, row in sums.items() if place != "p-0003|2026-11"}
    )
