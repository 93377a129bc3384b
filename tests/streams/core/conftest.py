"""The stores that a road may keep its events in, and bounds that a small road reaches."""

import tempfile
from collections.abc import Iterator
from itertools import count
from pathlib import Path

import pytest

from streams.core import observe
from streams.core.store import in_memory
from streams.disk_store import DiskStores
from tests.streams.core.road import Road

MEMORY = Path("/dev/shm")


@pytest.fixture(scope="module", params=["memory", "rocksdb"])
def each_store(request: pytest.FixtureRequest) -> Iterator[None]:
    """Runs a module's roads over the memory store, then over the disk store."""
    with (
        pytest.MonkeyPatch.context() as patch,
        # Opening a database syncs a dozen small files: a law opens hundreds, which a real disk makes a minute of.
        tempfile.TemporaryDirectory(dir=MEMORY if MEMORY.is_dir() else None) as folder,
    ):
        stores, numbers = DiskStores(Path(folder)), count()
        # Roads live side by side, so no two of them use one database; those of a road go with it.
        opened = in_memory if request.param == "memory" else lambda partition: stores.open(next(numbers))
        patch.setattr(Road, "open_store", staticmethod(opened))
        yield


@pytest.fixture(scope="module")
def few_slices() -> Iterator[None]:
    """Has an open transaction told now and then before its end."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(observe, "MOST_SLICES", 3)
        yield
