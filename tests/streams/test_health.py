from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any, cast

from streams.agents import Lanes
from streams.health import Health, HealthModel
from streams.lane_parts import Figures, Phase
from streams.restoring import Progress


class Time:
    now = 100.0

    def time(self) -> float:
        return self.now


class SomeLanes:
    """Lanes as health sees them."""

    rebalances = 1
    rebalancing = False

    def __init__(self, *lanes: Any) -> None:
        self._lanes = lanes

    def __iter__(self) -> Iterator[Any]:
        return iter(self._lanes)

    def __len__(self) -> int:
        return len(self._lanes)


def lane(
    phase: Phase = Phase.RUNNING,
    lag: int | None = 0,
    progressed_at: float = 100.0,
    paused: str | None = None,
    progress: object = None,
) -> Any:
    return SimpleNamespace(
        name="observe/0",
        phase=phase,
        progress=progress,
        lag_records=lag,
        figures=Figures(progressed_at=progressed_at),
        gate=SimpleNamespace(is_shut=paused is not None, sentence=paused),
    )


def model(lanes: SomeLanes, time: Time | None = None) -> HealthModel:
    return HealthModel(cast(Lanes, lanes), time or Time(), "kafka:9092")


def test_a_worker_with_running_lanes_is_ready() -> None:
    assert model(SomeLanes(lane())).snapshot() == Health(True, True, ())


def test_a_worker_without_partitions_is_a_ready_standby_that_says_so() -> None:
    health = model(SomeLanes()).snapshot()

    assert health.ready
    assert "standby" in health.reasons[0]


def test_a_worker_that_never_joined_is_not_ready() -> None:
    lanes = SomeLanes()
    lanes.rebalances = 0

    assert model(lanes).snapshot() == Health(True, False, ("no partition has been assigned yet",))


def test_restoring_and_lost_lanes_are_named() -> None:
    time = Time()
    progress = Progress("observe/0", time.time)
    time.now += 2
    progress.at(300_000, 0.41)
    lanes = SomeLanes(lane(Phase.RESTORING), lane(Phase.RESTORING, progress=progress), lane(Phase.LOST))
    health = model(lanes).snapshot()

    assert health.reasons == (
        "observe/0 restores its state, as soon as others have theirs",
        "observe/0 restores its state: 300,000 rows read, 41% of its changelog, 150,000 rows/s",
        "observe/0 was taken over by another worker",
    )
    assert not health.ready


def test_lag_without_progress_is_not_ready_but_lag_with_progress_is() -> None:
    stuck = model(SomeLanes(lane(lag=7, progressed_at=50.0))).snapshot()

    assert stuck.reasons == ("observe/0 has 7 records to read and made no progress for 50 s",)
    assert model(SomeLanes(lane(lag=7, progressed_at=99.0))).snapshot().ready


def test_a_lane_that_never_fetched_is_not_ready() -> None:
    assert model(SomeLanes(lane(lag=None))).snapshot().reasons == ("observe/0 has not heard from its partition yet",)


def test_a_lost_broker_is_not_ready_but_alive() -> None:
    health = model(SomeLanes(lane()))
    health.broker_reachable = False

    assert health.snapshot() == Health(True, False, ("Kafka at kafka:9092 does not answer",))


def test_a_loop_that_hangs_is_not_alive() -> None:
    time = Time()
    health = model(SomeLanes(lane()), time)
    time.now += 20

    assert health.snapshot().live is False
    health.beat()
    assert health.snapshot().live is True


def test_a_paused_partition_is_named_and_a_restart_is_not_asked_for() -> None:
    health = model(SomeLanes(lane(lag=7, progressed_at=50.0, paused="is paused at offset 5"))).snapshot()

    assert health == Health(True, True, ("observe/0 is paused at offset 5",))


def test_a_worker_that_is_told_to_stop_says_only_that_of_itself() -> None:
    held = lane(Phase.RESTORING, paused="is paused at offset 5")
    stopping = model(SomeLanes(held))
    stopping.stopping = True

    assert stopping.snapshot() == Health(True, False, ("the worker is stopping",))
