"""The parts of `kpi demo` that can be tried without running it: its days, its pace, its broker, its deaf ear."""

import socket
from datetime import date

import pytest
from confluent_kafka.admin import AdminClient

from streams.commands.demo import scene_on
from streams.core.stage import Delivered, Delivery
from streams.demo import EARLY_US, LEAST_NIGHT_US, NIGHT_S, SinceSink, pace_of
from streams.embedded import PARTITIONS, embedded_broker
from streams.simulation.company import Company, demo_company

HOUR_US = 3_600_000_000


@pytest.fixture(scope="module")
def company() -> Company:
    return demo_company()


@pytest.mark.parametrize(
    ("day", "today", "detailed_from", "first"),
    [
        (date(2026, 11, 24), date(2026, 11, 25), date(2026, 11, 16), date(2026, 10, 1)),  # a holiday
        (date(2026, 11, 28), date(2026, 11, 30), date(2026, 11, 23), date(2026, 10, 1)),  # a Saturday
        (date(2026, 11, 20), date(2026, 11, 20), date(2026, 11, 16), date(2026, 10, 1)),  # a Friday
        (date(2026, 12, 1), date(2026, 12, 1), date(2026, 11, 23), date(2026, 11, 1)),  # a month of no days yet
        (date(2026, 2, 16), date(2026, 2, 23), date(2026, 2, 9), date(2026, 1, 1)),  # Tet
    ],
)
def test_the_demo_begins_on_a_working_morning_with_enough_past(
    company: Company, day: date, today: date, detailed_from: date, first: date
) -> None:
    scene = scene_on(company, day)

    assert (scene.today, scene.detailed_from, scene.first) == (today, detailed_from, first)
    assert scene.live_us + EARLY_US == company.calendars.tenant.next_open(scene.live_us)


def test_a_week_passes_at_speed_by_day_and_in_seconds_by_night(company: Company) -> None:
    pace = pace_of(company.calendars.tenant, 300)
    time_us = company.opens_us(date(2026, 11, 16)) - EARLY_US
    end_us, nights, by_day_us = time_us + 7 * 24 * HOUR_US, [], 0
    while time_us < end_us:
        factor, until_us = pace(time_us)
        if factor == 300:
            by_day_us += until_us - time_us
        else:
            nights.append((until_us - time_us) / factor / 1_000_000)
            assert company.calendars.tenant.between(time_us, until_us) == 0
        time_us = until_us

    assert nights == pytest.approx([NIGHT_S] * 5)
    assert 5 * 9.5 * HOUR_US <= by_day_us <= 5 * 10.5 * HOUR_US
    assert LEAST_NIGHT_US > 2 * HOUR_US  # lunch is no night


def test_the_embedded_broker_has_its_topics_and_leaves_nothing() -> None:
    with embedded_broker(["kpi.events", "kpi.values"]) as address:
        topics = AdminClient({"bootstrap.servers": address, "log_level": 0}).list_topics(timeout=10).topics
        assert {name: len(topic.partitions) for name, topic in topics.items()} == {
            "kpi.events": PARTITIONS,
            "kpi.values": PARTITIONS,
        }
    host, port = address.rsplit(":", 1)
    with pytest.raises(ConnectionRefusedError), socket.create_connection((host, int(port)), timeout=2):
        pass


async def test_what_happened_before_the_demo_is_told_to_nobody() -> None:
    class Hearing:
        def __init__(self) -> None:
            self.heard: list[str] = []

        async def deliver(self, delivery: Delivery) -> Delivered:
            self.heard.append(delivery.id)
            return Delivered(delivery.id, None)

        async def close(self) -> None:
            pass

    hearing = Hearing()
    sink = SinceSink(hearing, 1_795_567_500_000_000)  # 2026-11-25T07:45+07:00
    told = [
        await sink.deliver(Delivery(at, "an", {"alert": {"at": at}}))
        for at in ("2026-11-25T07:44:00+07:00", "2026-11-25T07:45:00+07:00")
    ]

    assert [one.error for one in told] == [None, None]
    assert hearing.heard == ["2026-11-25T07:45:00+07:00"]
