"""State of a partition as changelog rows: tuples to plain values, with the rows of the current step remembered.

A row's key is a tuple that starts with the name of its table; its value is anything msgpack carries, and integers of
any size. Rows are written whole, so a stage that changes a value in place puts it again.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

Key = tuple[str | int, ...]

_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder().decode
_decode_key = msgspec.msgpack.Decoder(tuple).decode
_SMALL = range(-(1 << 63), 1 << 63)


class Rows:
    """The live rows of one partition. `flush` returns what has changed since the last flush."""

    __slots__ = ("_passed", "_tables", "_touched")

    def __init__(self) -> None:
        self._tables: dict[str | int, dict[Key, Any]] = defaultdict(dict)
        self._touched: set[Key] = set()
        self._passed: dict[Key, Any] = {}

    def load(self, key: bytes, value: bytes) -> None:
        """Take one row from the changelog."""
        name = _decode_key(key)
        self._tables[name[0]][name] = _decode(value)

    def table(self, name: str) -> Mapping[Key, Any]:
        """The rows of one table as they stand at any time, for whoever reads many: half the time of `get`."""
        return self._tables[name]

    def get(self, key: Key) -> Any:
        """The row's value, or None."""
        return self._tables[key[0]].get(key)

    def put(self, key: Key, value: Any) -> None:
        """Set a row, or write it again after a change in place."""
        self._tables[key[0]][key] = value
        self._touched.add(key)

    def touch(self, keys: Iterable[Key]) -> None:
        """Write rows again after changes in place."""
        self._touched.update(keys)

    def read_as(self, key: Key, value: Any) -> None:
        """Replace a loaded value by what it decodes to; the changelog has it already."""
        self._tables[key[0]][key] = value

    def drop(self, key: Key) -> None:
        """Delete a row; nothing happens where there is none."""
        if self._tables[key[0]].pop(key, None) is not None:
            self._touched.add(key)

    def pass_on(self, key: Key, value: Any) -> None:
        """Write a row to the changelog, or delete it there (None), that is kept elsewhere."""
        self._passed[key] = value

    def items(self, table: str) -> list[tuple[Key, Any]]:
        """All rows of one table, in no order; rows may be dropped while the list is read."""
        return list(self._tables[table].items())

    def flush(self) -> dict[bytes, bytes | None]:
        """Changelog rows since the last flush; None deletes."""
        changed: dict[bytes, bytes | None] = {}
        tables = self._tables
        for key in self._touched:
            value = tables[key[0]].get(key)
            changed[_encode(key)] = None if value is None else packed(value)
        self._touched.clear()
        for key, value in self._passed.items():
            changed[_encode(key)] = None if value is None else packed(value)
        self._passed.clear()
        return changed

    def __len__(self) -> int:
        return sum(map(len, self._tables.values()))


def packed(value: Any) -> bytes:
    """Msgpack of a value; an integer beyond 64 bits, which msgpack has not, travels as its digits."""
    try:
        return _encode(value)
    except OverflowError:
        return _encode(_small(value))


def _small(value: Any) -> Any:
    if isinstance(value, int) and value not in _SMALL:
        return str(value)
    if isinstance(value, dict):
        return {key: _small(part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [_small(part) for part in value]
    if isinstance(value, msgspec.Struct):
        return _small(msgspec.structs.astuple(value))
    return value
