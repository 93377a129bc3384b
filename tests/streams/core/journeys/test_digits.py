"""A fractional field is kept as an integer of small parts, which may be beyond the 64 bits that msgpack has."""

import pytest

from streams.core.stage import Now
from tests.streams.core.journeys.town import POLICY, Event, company, event, instant
from tests.streams.core.road import Road

LATE = instant("2026-03-02 20:00")
AGES_S = 9e15
"""Near the 9,007,199,254,740,991 that an event may say."""


def called(number: int, seconds: float) -> Event:
    data = {"owner": "an", "duration_s": seconds, "outcome": "answered", "lead_id": f"l{number}"}
    return event("call.completed", f"2026-03-02 08:{number:02}", f"c{number}", **data)


@pytest.mark.parametrize("partitions", [1, 4])
def test_a_number_beyond_64_bits_travels_is_kept_and_moves_with_its_lead(partitions: int) -> None:
    # Calls of two leads, which are merged: one entity of AGES_S + 60 seconds.
    measure = {"quantile": "duration_s", "of": "call.completed", "per": "lead_id", "q": 0.5}
    road = Road(company(measure, unit="s"), POLICY, partitions)
    merged = event("lead.merged", "2026-03-02 09:00", "l1", lead_id="l1", into_lead_id="l2")

    for one in (called(1, AGES_S), called(2, 60), merged):
        road.put([one])
        road.run(Now(LATE, caught_up=False))
        for seat in list(road.states):
            road.restart(seat)

    road.tick(LATE)

    row = next(value for value in road.values.values() if value.subject == "an")
    assert row.n == 1
    assert row.value == pytest.approx(AGES_S + 60, rel=0.01)
