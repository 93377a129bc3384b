"""`kpi worker` with KPI_STORE=rocksdb: a disk that fills up under it, a kill -9, a stale directory; values end as by
`kpi replay`."""

import json
import os
import subprocess
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from random import Random

import pytest

from tests.kafka.mixed_events import TEMPLATES, write_tenant
from tests.kafka.product import STREAMS, Product, now

EVENTS = 24_000
FILE_KIB = 256
"""Of one file, where no file system of our own can be mounted: below what a full write buffer makes."""


class Room:
    """A state directory on a disk that is too small, until it is given more room."""

    def __init__(self, path: Path) -> None:
        self.path = path
        path.mkdir()
        self.is_mounted = os.geteuid() == 0 and mount("-t", "tmpfs", "-o", "size=2m", "tmpfs", str(path))
        self.cause = "No space left on device" if self.is_mounted else "File too large"
        self._is_small = True

    @property
    def command(self) -> list[str]:
        """Runs the worker on it."""
        limit = f"ulimit -f {FILE_KIB}; " if self._is_small and not self.is_mounted else ""
        return ["bash", "-c", limit + 'exec "$@"', "bash", *STREAMS, "worker"]

    def grow(self) -> None:
        if self.is_mounted:
            assert mount("-o", "remount,size=400m", str(self.path))
        self._is_small = False

    def close(self) -> None:
        if self.is_mounted:
            subprocess.run(["umount", "--lazy", str(self.path)], check=True)


def mount(*arguments: str) -> bool:
    return subprocess.run(["mount", *arguments], capture_output=True, check=False).returncode == 0


@pytest.fixture
def room(tmp_path: Path) -> Iterator[Room]:
    room = Room(tmp_path / "state")
    yield room
    room.close()


async def test_a_full_disk_ends_the_worker_with_one_line_and_loses_nothing(
    product: Product, room: Room, tmp_path: Path
) -> None:
    end = now().replace(minute=0, second=0, microsecond=0) - timedelta(hours=2)
    write_tenant(tmp_path / "tenant.yaml", end)
    product.catalogue = [TEMPLATES, tmp_path / "tenant.yaml"]
    events = tmp_path / "events.jsonl"
    events.write_bytes(b"\n".join(calls(end)))
    settings = {
        "KPI_STORE": "rocksdb",
        "KPI_STATE_DIR": str(room.path),
        "KPI_CATALOGUE": ",".join(map(str, product.catalogue)),
        "KPI_HTTP_HOST": "127.0.0.1",
        "KPI_HTTP_PORT": "0",
    }
    replayed, _ = await product.replay(events)
    await product.emit(events)

    # Full: it ends with one clear line, and no record is blamed.
    worker = product.start_process(room.command, **settings)
    await product.until(lambda: worker.poll() is not None, 90, "end of the worker on a full disk")
    assert worker.returncode == 1
    (told,) = [line for line in product.log_of(worker).splitlines() if room.cause in line]
    assert f"the state store in {room.path}/worker-" in told
    assert "Traceback" not in product.log_of(worker)
    assert [] == list(room.path.glob("worker-*"))

    # Freed: it goes on, is killed at work, and goes on again beside what it left behind.
    room.grow()
    worker = product.start_process(room.command, **settings)
    await product.until_counted(EVENTS, worker)
    await product.until_ready(worker)
    worker.kill()
    worker.wait()
    stale = set(room.path.glob("worker-*"))
    worker = product.start_process(room.command, **settings)
    counted = await product.until_counted(EVENTS, worker)
    await product.values_until(replayed)

    assert len(stale) == 1
    assert stale.isdisjoint(room.path.glob("worker-*"))
    assert counted["applied"] == EVENTS
    assert await product.stop(worker, 20) == 0
    assert [] == list(room.path.glob("worker-*"))


def calls(end: datetime) -> Iterator[bytes]:
    """Events with ids so long, and so random, that few of them fill a small disk."""
    random = Random(1)
    for number in range(EVENTS):
        name = f"{number}-{random.randbytes(55).hex()}"
        when = end - timedelta(days=20) + timedelta(minutes=number)
        yield json.dumps(
            {
                "specversion": "1.0",
                "id": name,
                "source": "test",
                "type": "call.completed",
                "time": when.isoformat(),
                "subject": name,
                "data": {
                    "call_id": name,
                    "owner": f"hn-1.{number % 5}",
                    "outcome": "answered",
                    "duration_s": 60,
                },
            }
        ).encode()
