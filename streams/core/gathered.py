"""What `columns` asks of every event of a chunk, one by one. Where there is a compiler the same functions come from
`gather.pyx`, at a third of the time; tests/streams/core/test_gathered.py holds the two together.
"""

from collections.abc import Sequence
from itertools import repeat
from operator import attrgetter, itemgetter
from typing import Any

import numpy as np
import numpy.typing as npt

from schemas.events.envelope import Event
from streams.core.grid import Integers

Mask = npt.NDArray[np.bool_]
_type, _time, _data = attrgetter("type"), attrgetter("time_us"), attrgetter("data")


def by_type(events: list[Event]) -> tuple[Integers, dict[str, tuple[Integers, list[dict[str, Any]]]]]:
    """The times of events, and of each type that is among them the places where it stands and the data there."""
    times_us = np.fromiter(map(_time, events), np.int64, len(events))
    types = list(map(_type, events))
    numbers = {type_: number for number, type_ in enumerate(dict.fromkeys(types))}
    of_event = np.fromiter(map(numbers.__getitem__, types), np.int64, len(types))
    data = list(map(_data, events))
    places = {type_: np.flatnonzero(of_event == number) for type_, number in numbers.items()}
    return times_us, {type_: (here, [data[place] for place in here.tolist()]) for type_, here in places.items()}


def column(data: list[dict[str, Any]], field: str) -> list[Any]:
    """One field of every event, None where it is absent."""
    try:
        return list(map(itemgetter(field), data))  # half the time of `get`
    except KeyError:
        return [one.get(field) for one in data]


def integers(values: list[Any]) -> tuple[Mask, Integers]:
    """Which of the values are there, and they, 0 where not. Raises OverflowError for what has more than 64 bits."""
    try:
        return np.ones(len(values), np.bool_), np.fromiter(values, np.int64, len(values))
    except TypeError:  # there is a None
        some = np.fromiter((value is not None for value in values), np.bool_, len(values))
        return some, np.fromiter((value or 0 for value in values), np.int64, len(values))


def looked_up(values: list[Any], known: dict[Any, int], missing: int) -> Integers:
    """The number of each value, `missing` where there is none."""
    return np.fromiter(map(known.get, values, repeat(missing)), np.int64, len(values))


def verdicts(values: Sequence[Any], memo: dict[Any, Any]) -> Mask:
    """What a memo, which finds out what it does not know, says of each value. Raises TypeError for one without hash."""
    return np.fromiter(map(memo.__getitem__, values), np.bool_, len(values))


def tally(sums: Integers, slot: int, rows: Integers, mask: Mask | None) -> None:
    """Add 1 to the slot of the row of each fact that the mask lets pass, of all where it is None."""
    sums[:, slot] += np.bincount(rows if mask is None else rows[mask], minlength=len(sums))


def total(sums: Integers, slot: int, rows: Integers, mask: Mask, amounts: Integers) -> None:
    """Add its amount instead."""
    np.add.at(sums[:, slot], rows[mask], amounts[mask])
