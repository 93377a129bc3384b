"""The disk store says what the memory store says, is empty when it is opened, and tells when its disk fails."""

import gc
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from random import Random

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis
from hypothesis import strategies as st

from streams import disk_store
from streams.core.policy import DAY_US, Policy
from streams.core.stage import Now, StoreFailedError
from streams.core.store import EventStore, Identity, MemoryStore
from streams.disk_store import DiskStore, DiskStores
from streams.state_dir import claim
from tests.streams.core.road import Road
from tests.streams.core.test_contract_examples import TALKS, call, company, corrected, sale

ROOT = Path(__file__).parents[2]
LATER = {"time": "2026-12-20T10:00:00+07:00"}


@pytest.fixture(scope="module")
def stores(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DiskStores]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(disk_store, "BATCH", 5)  # so that most of what a test writes is on its way through RocksDB
        yield DiskStores(tmp_path_factory.mktemp("state"))


@given(st.integers(0, 2**32))
@hypothesis(max_examples=25)
def test_the_disk_store_says_what_the_memory_store_says(stores: DiskStores, seed: int) -> None:
    random, memory, disk = Random(seed), MemoryStore(), stores.open(0)
    for _ in range(random.randint(1, 80)):
        change(random, memory, disk)
        identity = any_identity(random)

        assert memory.packed(*identity) == disk.packed(*identity)
        assert memory.has_members(*identity) == disk.has_members(*identity)
    assert sorted(memory) == sorted(disk)
    assert len(memory) == len(disk)
    assert memory._rows == {key: disk.row(key) for key in memory._rows}
    for identity in IDENTITIES:
        for family in (("root", *identity), ("sale", *identity)):
            assert list(memory.members(family)) == list(disk.members(family))


IDENTITIES = [(source, id_) for source in ("crm", "crm/hà-nội") for id_ in ("1", "12", "2", "é")]


def any_identity(random: Random) -> Identity:
    return random.choice(IDENTITIES)


def change(random: Random, memory: MemoryStore, disk: EventStore) -> None:
    """One write that the contract allows, to both."""
    what, identity = random.randint(0, 5), any_identity(random)
    family = (random.choice(["root", "sale"]), *any_identity(random))
    row, packed = ("event", random.randint(0, 2), random.randint(0, 2)), random.randbytes(random.randint(2, 9))
    is_kept, is_member = memory.packed(*identity) is not None, identity in memory.members(family)
    if what == 5:
        assert memory.admit(*identity, packed) == disk.admit(*identity, packed)
        return
    for store in (memory, disk):
        if what == 0:
            store.remove(*identity) if is_kept else store.add(*identity, packed)
        elif what == 1:
            store.leave(family, identity) if is_member else store.join(family, identity)
        elif what == 2 and not is_member:
            store.join(family, identity)
        else:
            store.put_row(row, [packed, b""])
            if what == 4:
                store.drop_row(row)


def test_a_store_is_opened_empty_whatever_was_there(stores: DiskStores) -> None:
    before = stores.open(1)
    before.add("crm", "1", b"stale")
    before.put_row(("event", 1, 1), [b"stale"])
    after = stores.open(1)

    assert [] == list(after)
    assert after.packed("crm", "1") is None
    with pytest.raises(StoreFailedError, match="has lost the row"):
        after.row(("event", 1, 1))
    with pytest.raises(StoreFailedError, match=r"observe-1 failed"):  # what was opened before is of no use any more
        before.put_row(("event", 1, 2), [b"zombie"])


def test_the_database_of_a_state_that_is_let_go_goes_with_it(tmp_path: Path) -> None:
    stores = DiskStores(tmp_path)
    store = stores.open(3)
    store.put_row(("event", 1, 1), [b"x"])
    assert len(list(tmp_path.glob("worker-*/observe-3"))) == 1
    del store
    gc.collect()

    assert [] == list(tmp_path.glob("worker-*/observe-3"))


def test_what_lies_beyond_the_horizon_goes_from_the_disk(tmp_path: Path) -> None:
    stores = DiskStores(tmp_path)
    opened: list[DiskStore] = []

    class RoadOnDisk(Road):
        @staticmethod
        def open_store(partition: int) -> EventStore:
            opened.append(stores.open(partition))
            return opened[-1]

    road = RoadOnDisk(company(TALKS), Policy(future_us=None, horizon_us=10 * DAY_US), 1)
    road.put([sale("1", 500), corrected("2", 300, "1"), *(call(str(number)) for number in range(100, 140))])
    road.run(Now(0, caught_up=False))
    (store,) = opened
    kept = len(store)
    road.put([{**call("200"), **LATER}])
    road.run(Now(0, caught_up=False))

    assert (42, 1) == (kept, len(store))
    store._write()
    assert [b"e", b"r"] == [row[0][:1] for row in store._database.items() if isinstance(row[0], bytes)]


# -- directories


def test_workers_share_a_state_directory_and_clear_away_only_what_the_dead_left(tmp_path: Path) -> None:
    dead, asleep = owner(tmp_path), owner(tmp_path)
    held = set(tmp_path.glob("worker-*"))
    dead.kill()
    dead.wait()
    asleep.send_signal(signal.SIGSTOP)
    ours = claim(tmp_path)
    left = set(tmp_path.glob("worker-*"))
    asleep.kill()
    asleep.wait()

    assert 2 == len(held)
    assert 1 == len(left & held)
    assert left - held == {ours.path}


def owner(state_dir: Path) -> "subprocess.Popen[str]":
    """A process that holds a directory until it is killed."""
    program = "import sys; from pathlib import Path; from streams.state_dir import claim; "
    program += f"ours = claim(Path({str(state_dir)!r})); print(ours.path, flush=True); sys.stdin.read()"
    process = subprocess.Popen(
        [sys.executable, "-c", program], cwd=ROOT, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert process.stdout is not None
    assert process.stdout.readline().startswith(str(state_dir))
    return process


def test_a_directory_that_cannot_be_used_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()

    with pytest.raises(StoreFailedError, match=r"the state directory .*/file/state cannot be used: .*Not a directory"):
        claim(tmp_path / "file" / "state")


# -- a disk that fails

FILL = """
import os, resource, sys
from pathlib import Path
from streams.core.stage import StoreFailedError
from streams.disk_store import DiskStores
store = DiskStores(Path(sys.argv[1])).open(0)
resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 20, 1 << 20))  # of one file; the system then says EFBIG
try:
    for number in range(40_000):
        store.add("crm", str(number), os.urandom(300))
        if number % 1000 == 999:
            store.put_row(("event", 0, number), [b"row"])
except StoreFailedError as error:
    print(number, error)
"""


def test_a_disk_without_room_is_one_error_that_names_directory_and_cause(tmp_path: Path) -> None:
    told = subprocess.run(
        [sys.executable, "-c", FILL, str(tmp_path)], cwd=ROOT, capture_output=True, text=True, timeout=60, check=True
    )
    number, _, sentence = told.stdout.strip().partition(" ")

    assert sentence.startswith(f"the state store in {tmp_path}{os.sep}worker-")
    assert "File too large" in sentence
    assert 10_000 < int(number) < 40_000
    assert [] == list(tmp_path.glob("worker-*"))  # the room is given back when the process ends
