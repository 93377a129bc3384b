"""What a retained event costs, in the memory store and in the disk store.

    python -m tests.bench.store --events 200000

Each store is measured in a process of its own: a ledger with its rows is fed events (a tenth of them amendments),
in chunks, at half and at all of the events, so that what a store costs at all is told apart from what an event costs.
"""

import argparse
import gc
import json
import os
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Iterator
from pathlib import Path
from random import Random

from schemas.events.envelope import Event
from streams.core.corrections import Ledger
from streams.core.policy import HOUR_US
from streams.core.retained import Retained
from streams.core.rows import Rows
from streams.core.store import EventStore, MemoryStore
from streams.disk_store import DiskStore, DiskStores

CHUNK = 5000
PER_HOUR = 1000
START_US = 1_760_000_000_000_000
FAR = 20_000
"""Identities asked for that are not there."""


def main() -> None:
    """Prints one table for both stores."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.store", description=__doc__.splitlines()[0])
    parser.add_argument("--events", type=int, default=200_000)
    parser.add_argument("--directory", type=Path, help="a disk, not a tmpfs; where temporary files are, by default")
    parser.add_argument("--only", choices=["memory", "rocksdb"], help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.only:
        with tempfile.TemporaryDirectory(dir=asked.directory) as folder:
            print(json.dumps(measure(asked.only, asked.events, Path(folder))))
        return
    command = [sys.executable, "-m", "tests.bench.store", "--events", str(asked.events)]
    if asked.directory:
        command += ["--directory", str(asked.directory)]
    told = [
        json.loads(subprocess.run([*command, "--only", name], capture_output=True, text=True, check=True).stdout)
        for name in ("memory", "rocksdb")
    ]
    print(f"{asked.events:,} events, a tenth of them amendments, in chunks of {CHUNK:,}".ljust(66), "memory   rocksdb")
    for name in told[0]:
        print(name.ljust(62), *(f"{figures[name]:>10,.1f}" for figures in told))


def measure(name: str, events: int, folder: Path) -> dict[str, float]:
    """Figures of one store, by what they say."""
    gc.set_threshold(50_000, 20, 50)  # as a worker has it
    store: EventStore = MemoryStore() if name == "memory" else DiskStores(folder).open(0)
    changelog = Changelog()
    kept = Kept(store, changelog)
    made = company(events)
    empty = rss_bytes()
    kept.take(made, events // 2)
    half = rss_bytes()
    kept.take(made, events - events // 2)
    full = rss_bytes()
    settle(store)
    random = Random(2)
    far = [str(uuid.UUID(int=random.getrandbits(128))) for _ in range(FAR)]
    started = time.process_time()
    for id_ in far:
        store.packed("crm/hanoi", id_)
    miss_s = time.process_time() - started
    retained = len(store)
    on_disk = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
    return {
        "memory: bytes an event, second half": (full - half) / (events - events // 2),
        "memory: bytes an event, all": (full - empty) / retained,
        "memory: MB at the end": (full - empty) / 1e6,
        "disk: bytes an event": on_disk / retained,
        "changelog: bytes an event, without compression": changelog.size_bytes / retained,
        "changelog: rows": changelog.rows,
        "CPU of all threads: us to look up and keep an event": kept.cpu_s / events * 1e6,
        "CPU: us to look up an identity that is not there": miss_s / FAR * 1e6,
        "CPU of all threads: us to restore an event": changelog.restore_s(name, folder) / retained * 1e6,
    }


class Changelog:
    """Rows as Kafka would hold them after compaction, on a disk: they must not count as memory of a store."""

    def __init__(self) -> None:
        self._file = tempfile.TemporaryFile()  # noqa: SIM115  (gone with the process)
        self._places: dict[bytes, tuple[int, int]] = {}

    @property
    def rows(self) -> int:
        """How many are live."""
        return len(self._places)

    @property
    def size_bytes(self) -> int:
        """Of keys and values that are live."""
        return sum(len(key) + length for key, (_, length) in self._places.items())

    def write(self, rows: dict[bytes, bytes | None]) -> None:
        """Take what one commit writes."""
        for key, value in rows.items():
            if value is None:
                self._places.pop(key, None)
            else:
                self._places[key] = (self._file.seek(0, os.SEEK_END), len(value))
                self._file.write(value)

    def restore_s(self, name: str, folder: Path) -> float:
        """CPU to fill an empty store from it."""
        store: EventStore = MemoryStore() if name == "memory" else DiskStores(folder).open(0)
        retained = Retained(Rows(), Ledger(store), store)
        started = time.process_time()
        for key, (place, length) in self._places.items():
            self._file.seek(place)
            retained.load(key, self._file.read(length))
        return time.process_time() - started


class Kept:
    """Takes events as OBSERVE does, without counting them."""

    def __init__(self, store: EventStore, changelog: Changelog) -> None:
        self._rows, self._changelog = Rows(), changelog
        self._retained = Retained(self._rows, Ledger(store), store)
        self.cpu_s = 0.0

    def take(self, events: Iterator[Event], count: int) -> None:
        """The next so many."""
        while count > 0:
            chunk = [event for _, event in zip(range(min(CHUNK, count)), events, strict=False)]
            started = time.process_time()
            for event in chunk:
                self._retained.admit(event)
            self._retained.save()
            rows = self._rows.flush()
            self.cpu_s += time.process_time() - started
            self._changelog.write(rows)
            count -= len(chunk)


def company(count: int) -> Iterator[Event]:
    """Seeded events: calls, sales, and corrections of sales."""
    random, sales = Random(1), [("crm/hanoi", "none")]
    for number in range(count):
        id_ = str(uuid.UUID(int=random.getrandbits(128)))
        time_us = START_US + number * HOUR_US // PER_HOUR
        owner = f"p-{random.randrange(1000):04d}"
        amount = random.randrange(1000) * 10_000
        if random.random() < 0.6:
            data = {"call_id": f"call-{number}", "owner": owner, "outcome": "answered", "duration_s": amount // 5000}
            yield Event("crm/hanoi", id_, "call.completed", time_us, f"call-{number}", data)
            continue
        sale = {"sale_id": f"sale-{number}", "owner": owner, "customer_id": f"c-{number % 977}", "amount": amount}
        amended = random.random() < 0.25
        yield Event(
            "crm/hanoi",
            id_,
            "sale.corrected" if amended else "sale.closed",
            time_us,
            f"sale-{number}",
            {**sale, "currency": "VND"},
            random.choice(sales) if amended else None,
        )
        if not amended:
            sales = [*sales[-999:], ("crm/hanoi", id_)]


def settle(store: EventStore) -> None:
    """Let RocksDB finish what it does in the background."""
    while isinstance(store, DiskStore) and (
        store._database.property_int_value("rocksdb.num-running-compactions")
        or store._database.property_int_value("rocksdb.num-running-flushes")
    ):
        time.sleep(0.1)


def rss_bytes() -> int:
    """Resident memory of this process."""
    gc.collect()
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


if __name__ == "__main__":
    main()
