"""Events inside the horizon on a disk: RocksDB, one database for each partition of OBSERVE, with KPI_STORE=rocksdb.

What is on the disk is never trusted and never needed. The changelog on Kafka is the truth: each restore opens an empty
database and fills it while it reads the changelog, so a worker with an empty disk, with what a kill -9 left behind, or
with the database of a commit that failed is exact without any protocol of ours, and nothing is synced or logged ahead.
A database that outlives its worker, with the changelog offset it stands at as a checkpoint, would save most of the time
of a restore (a few microseconds an event). It would cost that protocol: a flush at each checkpoint, the changelog read
on from there, and proof that both say the same. It is not built.

Reads are mostly of identities that are not there, which a bloom filter answers. What a chunk writes goes in batches.
"""

# ruff: noqa: D102  (EventStore says what the methods of DiskStore do)

import shutil
import struct
import weakref
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import msgspec
from rocksdict import BlockBasedOptions, Cache, DBCompressionType, Options, Rdict, WriteBatch, WriteOptions

from streams.core.rows import Key
from streams.core.stage import StoreFailedError
from streams.core.store import Family, Identity
from streams.state_dir import StateDirectory, claim

WRITE_BUFFER = 4 << 20
"""Bytes in memory before they are sorted and written; there are two, for each partition."""
FIRST_LEVEL = 8 * WRITE_BUFFER
"""Bytes of files that every few write buffers are merged into: RocksDB's own 256 MB would be rewritten too often."""
CACHE = 16 << 20
"""Bytes of blocks read, for all partitions of a worker together."""
BLOOM_BITS = 10
"""For each key, in memory: one lookup in a hundred of what is not there reads the disk."""
BATCH = 5000
"""Writes are gathered up to so many."""

EVENT, FAMILY, ROW, PAST_EVENTS = b"e", b"f", b"r", b"f"
_ABSENT = object()
_row_key = struct.Struct(">cqq").pack
_encode = msgspec.msgpack.Encoder().encode
_batch = msgspec.msgpack.Decoder(list[bytes]).decode
_members = msgspec.msgpack.Decoder(list[tuple[str, str]]).decode


class DiskStores:
    """Opens the stores of one worker, below a directory of its own."""

    def __init__(self, directory: Path) -> None:
        """Raises StoreFailedError where nothing can be written there."""
        self._home = claim(directory)
        self._cache = Cache(CACHE)
        self._discards: dict[int, Callable[[], Any]] = {}

    def open(self, partition: int) -> "DiskStore":
        """An empty store; the one that was opened for this partition before is closed."""
        discard = self._discards.pop(partition, None)
        if discard is not None:
            discard()
        path = self._home.path / f"observe-{partition}"
        shutil.rmtree(path, ignore_errors=True)
        try:
            database = Rdict(str(path), _options(self._cache))
        except Exception as error:  # rocksdict 0.3 raises Exception itself, for everything
            raise _failed(path, error) from error
        store = DiskStore(path, database, self._home)
        # A lane that lets go of a state drops it; then, or when the worker ends, its database goes too.
        self._discards[partition] = weakref.finalize(store, _discard, path, database)
        return store


class DiskStore:
    """An EventStore on RocksDB. Keys: e source 0 id -> packed event; f family -> identities; r day number -> row.

    No id, source or subject holds a zero byte (schemas.events.fields.VISIBLE).
    """

    def __init__(self, path: Path, database: Rdict, home: StateDirectory) -> None:
        self._path = path
        self._home = home  # stays as long as a store in it
        self._database = database
        self._read = database.get
        self._unlogged = WriteOptions()
        # What a crash takes comes back from the changelog. (The stubs of rocksdict 0.3 call the attribute a method.)
        self._unlogged.disable_wal = True  # type: ignore[method-assign, assignment]
        self._pending: dict[bytes, bytes | None] = {}
        self._events = 0
        self._amended: dict[int, int] = {}
        """Hashes of the identities that have amendments, and how many identities share one: some 100 bytes for each
        correction save a lookup on disk for each event."""

    def __len__(self) -> int:
        return self._events

    def __iter__(self) -> Iterator[bytes]:
        self._write()
        try:
            for key, packed in self._database.items(from_key=EVENT):
                if key >= PAST_EVENTS:  # type: ignore[operator]  # raw mode: keys are bytes
                    return
                yield packed
        except Exception as error:
            raise _failed(self._path, error) from error

    def packed(self, source: str, id_: str) -> bytes | None:
        return self._get(f"e{source}\0{id_}".encode())

    def add(self, source: str, id_: str, packed: bytes) -> None:
        self._put(f"e{source}\0{id_}".encode(), packed)
        self._events += 1

    def admit(self, source: str, id_: str, packed: bytes) -> bytes | None:
        kept = self.packed(source, id_)
        if kept is None:
            self.add(source, id_, packed)
        return kept

    def remove(self, source: str, id_: str) -> None:
        self._put(f"e{source}\0{id_}".encode(), None)
        self._events -= 1

    def members(self, family: Family) -> Sequence[Identity]:
        found = self._get(_family_key(family))
        return () if found is None else _members(found)

    def has_members(self, source: str, id_: str) -> bool:
        return hash((source, id_)) in self._amended and bool(self.members(("root", source, id_)))

    def join(self, family: Family, identity: Identity) -> None:
        members = self.members(family)
        if not members and family[0] == "root":
            name = hash(family[1:])
            self._amended[name] = self._amended.get(name, 0) + 1
        self._put(_family_key(family), _encode([*members, identity]))

    def leave(self, family: Family, identity: Identity) -> None:
        members = [member for member in self.members(family) if member != identity]
        self._put(_family_key(family), _encode(members) if members else None)
        if not members and family[0] == "root":
            name = hash(family[1:])
            self._amended[name] -= 1
            if not self._amended[name]:
                del self._amended[name]

    def row(self, key: Key) -> list[bytes]:
        found = self._get(_row_key(ROW, *key[1:]))
        if found is None:
            raise StoreFailedError(f"the state store in {self._path} has lost the row {key}")
        return _batch(found)

    def put_row(self, key: Key, batch: list[bytes]) -> None:
        self._put(_row_key(ROW, *key[1:]), _encode(batch))
        self._write()

    def drop_row(self, key: Key) -> None:
        self._put(_row_key(ROW, *key[1:]), None)

    def _get(self, key: bytes) -> bytes | None:
        found: Any = self._pending.get(key, _ABSENT)
        if found is _ABSENT:
            try:
                found = self._read(key)
            except Exception as error:
                raise _failed(self._path, error) from error
        return found  # type: ignore[no-any-return]

    def _put(self, key: bytes, value: bytes | None) -> None:
        self._pending[key] = value
        if len(self._pending) >= BATCH:
            self._write()

    def _write(self) -> None:
        batch = WriteBatch(raw_mode=True)
        for key, value in self._pending.items():
            if value is None:
                batch.delete(key)
            else:
                batch.put(key, value)
        try:
            self._database.write(batch, self._unlogged)
        except Exception as error:
            raise _failed(self._path, error) from error
        self._pending.clear()


def _family_key(family: Family) -> bytes:
    return ("f" + "\0".join(family)).encode()


def _options(cache: Cache) -> Options:
    options = Options(raw_mode=True)
    options.create_if_missing(True)
    options.set_write_buffer_size(WRITE_BUFFER)
    options.set_max_write_buffer_number(2)
    options.set_max_bytes_for_level_base(FIRST_LEVEL)
    options.set_memtable_whole_key_filtering(True)
    options.set_memtable_prefix_bloom_ratio(0.1)
    options.set_compression_type(DBCompressionType.lz4())
    options.set_manifest_preallocation_size(64 << 10)
    options.set_keep_log_file_num(1)
    options.set_stats_dump_period_sec(0)
    options.set_stats_persist_period_sec(0)
    table = BlockBasedOptions()
    table.set_bloom_filter(BLOOM_BITS, False)
    table.set_block_cache(cache)
    table.set_format_version(5)
    options.set_block_based_table_factory(table)
    return options


def _discard(path: Path, database: Rdict) -> None:
    with suppress(Exception):  # a full disk must not keep it from being emptied
        database.close()
    shutil.rmtree(path, ignore_errors=True)


def _failed(path: Path, error: Exception) -> StoreFailedError:
    return StoreFailedError(f"the state store in {path} failed (is the disk full or broken?): {error}")
