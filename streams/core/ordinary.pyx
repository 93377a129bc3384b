# cython: language_level=3, boundscheck=False, wraparound=False, initializedcheck=False
"""OBSERVE's shortest way: takes the run of ordinary events at which a chunk stands, compiled.

Ordinary is an event of a known source, in time, that is new, amends nothing and is amended by nothing, or that is kept
already just as it comes. Whatever else comes ends the run, untouched, and `observe` takes it by its own rules; so this
is `Observe._take_each` with all that is rare left out, over the dictionaries of `store.MemoryStore`. Held to it by
tests/streams/core/test_ordinary.py.
"""

from cpython.bytes cimport PyBytes_FromStringAndSize
from cpython.dict cimport PyDict_Contains, PyDict_GetItem, PyDict_Next, PyDict_SetItem
from cpython.list cimport PyList_Append, PyList_GET_ITEM, PyList_GET_SIZE
from cpython.object cimport PyObject
from cpython.tuple cimport PyTuple_GET_ITEM
from cpython.unicode cimport PyUnicode_CheckExact
from libc.string cimport memcpy

cdef extern from "Python.h":
    const char* PyUnicode_AsUTF8AndSize(object, Py_ssize_t*) except NULL

cdef enum:  # of schemas.events.envelope.Event
    SOURCE, ID, TYPE, TIME_US, SUBJECT, DATA, SUPERSEDES

cdef enum:
    MOST_BYTES = 4096  # of an event that is packed here
    LONGEST = 9  # head of a text, or a number

cdef long long DAY_US = 86_400_000_000

cdef struct Buffer:
    unsigned char bytes[MOST_BYTES]
    Py_ssize_t size


cdef class Ordinary:
    """One partition's way. `limits` are the instants between which an event may lie, and microseconds: how far ahead of
    its record, how far behind the watermark, and from when on it is late. `fresh` takes packed events by day."""

    cdef type event
    cdef object pack
    cdef dict events
    cdef dict amended
    cdef dict sales
    cdef object fresh
    cdef str sale
    cdef str reversed_
    cdef str free_text
    cdef frozenset unnamed
    cdef long long earliest_us
    cdef long long latest_us
    cdef long long ahead_us
    cdef long long horizon_us
    cdef long long grace_us

    def __init__(self, type event, pack, store, fresh, words, limits):
        self.event, self.pack, self.fresh = event, pack, fresh
        self.events, self.amended, self.sales = store.events, store.amended, store.sales
        self.sale, self.reversed_, self.free_text, self.unnamed = words
        self.earliest_us, self.latest_us, self.ahead_us, self.horizon_us, self.grace_us = limits

    def take(
        self,
        list outcomes,
        records,
        Py_ssize_t place,
        list alone,
        long long watermark_us,
        long long first_us,
        long long cut_us,
        long long forgets_us,
    ):
        """Takes events from `place` on, to be counted from `alone`: (where the run ends, watermark, events in time,
        late ones, repeats). An event before `first_us` ends it, one that would move the watermark to `cut_us` or
        past it, and one of `forgets_us` or later."""
        cdef long long time_us, day, last_day = -1
        cdef Py_ssize_t applied = 0, late = 0, repeated = 0
        cdef list of_day = None
        cdef dict known
        cdef PyObject* found
        while place < PyList_GET_SIZE(outcomes):
            event = <object>PyList_GET_ITEM(outcomes, place)
            if type(event) is not self.event:
                break
            time_us = <object>PyTuple_GET_ITEM(event, TIME_US)
            if time_us < first_us or time_us >= forgets_us or (time_us > watermark_us and time_us >= cut_us):
                break
            if not self.earliest_us <= time_us < self.latest_us or watermark_us - time_us > self.horizon_us:
                break
            if time_us > <long long>records[place].timestamp * 1000 + self.ahead_us:
                break
            found = PyDict_GetItem(self.events, <object>PyTuple_GET_ITEM(event, SOURCE))
            if found is NULL:
                break
            known = <dict>found
            found = PyDict_GetItem(known, <object>PyTuple_GET_ITEM(event, ID))
            if found is not NULL:
                # Kept without its free text, say, or another event of that name; what it amends is not packed here.
                if <object>PyTuple_GET_ITEM(event, SUPERSEDES) is not None or _packed(event) != <object>found:
                    break
                repeated += 1
                place += 1
                continue
            if not self._stands_alone(event):
                break
            packed = _packed(event)
            if packed is None:
                packed = self.pack(event)
            PyDict_SetItem(known, <object>PyTuple_GET_ITEM(event, ID), packed)
            day = time_us // DAY_US
            if day != last_day:
                of_day, last_day = self.fresh[day], day
            PyList_Append(of_day, packed)
            PyList_Append(alone, event)
            if watermark_us - time_us > self.grace_us:
                late += 1
            else:
                applied += 1
            if time_us > watermark_us:
                watermark_us = time_us
            place += 1
        return place, watermark_us, applied, late, repeated

    cdef bint _stands_alone(self, event) except -1:
        """No chain, and nothing that the state does not keep as it came. A sale joins its family (`corrections`)."""
        type_ = <object>PyTuple_GET_ITEM(event, TYPE)
        data = <object>PyTuple_GET_ITEM(event, DATA)
        if <object>PyTuple_GET_ITEM(event, SUPERSEDES) is not None or PyDict_Contains(data, self.free_text):
            return False
        if self.amended and self._identity(event) in self.amended:
            return False
        if type_ == self.sale:
            family = ("sale", <object>PyTuple_GET_ITEM(event, SUBJECT), data["sale_id"])
            if PyDict_Contains(self.sales, family):
                return False
            PyDict_SetItem(self.sales, family, (self._identity(event),))
            return True
        return type_ != self.reversed_ and type_ not in self.unnamed

    cdef tuple _identity(self, event):
        return <object>PyTuple_GET_ITEM(event, SOURCE), <object>PyTuple_GET_ITEM(event, ID)


# -- msgpack, as msgspec writes it (https://github.com/msgpack/msgpack/blob/master/spec.md), in a third of its time


cdef object _packed(event):
    """An event that amends nothing, as `corrections.pack` packs it; None where it is long or holds a list."""
    cdef Buffer into
    cdef int place
    cdef Py_ssize_t at = 0
    cdef PyObject* name
    cdef PyObject* item
    data = <object>PyTuple_GET_ITEM(event, DATA)
    if len(data) >= 16:
        return None
    into.bytes[0], into.size = 0x97, 1
    for place in range(DATA):
        if not _pack(&into, <object>PyTuple_GET_ITEM(event, place)):
            return None
    into.bytes[into.size] = 0x80 | <unsigned char>len(data)
    into.size += 1
    while PyDict_Next(data, &at, &name, &item):
        if not (_pack(&into, <object>name) and _pack(&into, <object>item)):
            return None
    into.bytes[into.size] = 0xC0  # amends nothing
    return PyBytes_FromStringAndSize(<char*>into.bytes, into.size + 1)


cdef bint _pack(Buffer* into, item) except -1:
    """Whether a scalar had room, and one byte behind it has."""
    cdef Py_ssize_t size = 0
    cdef const char* text
    cdef double number
    if PyUnicode_CheckExact(item):
        text = PyUnicode_AsUTF8AndSize(item, &size)
        if into.size + size + LONGEST >= MOST_BYTES:
            return False
        if size < 32:
            _head(into, 0xA0 | size, 0, 0)
        elif size < 256:
            _head(into, 0xD9, size, 1)
        else:
            _head(into, 0xDA, size, 2)
        memcpy(into.bytes + into.size, text, size)
        into.size += size
        return True
    if into.size + LONGEST >= MOST_BYTES:
        return False
    if type(item) is int:
        _pack_integer(into, item)
    elif type(item) is float:
        number = item
        _head(into, 0xCB, (<unsigned long long*>&number)[0], 8)
    elif item is True or item is False:
        _head(into, 0xC3 if item else 0xC2, 0, 0)
    else:
        return False
    return True


cdef int _pack_integer(Buffer* into, long long number) except -1:
    if number >= 0:
        if number < 0x80:
            _head(into, number, 0, 0)
        elif number < 0x100:
            _head(into, 0xCC, number, 1)
        elif number < 0x10000:
            _head(into, 0xCD, number, 2)
        elif number < 0x100000000:
            _head(into, 0xCE, number, 4)
        else:
            _head(into, 0xCF, number, 8)
    elif number >= -0x20:
        _head(into, number, 0, 0)
    elif number >= -0x80:
        _head(into, 0xD0, number, 1)
    elif number >= -0x8000:
        _head(into, 0xD1, number, 2)
    elif number >= -<long long>0x80000000:
        _head(into, 0xD2, number, 4)
    else:
        _head(into, 0xD3, number, 8)
    return 0


cdef inline void _head(Buffer* into, long long kind, unsigned long long number, int size) noexcept:
    """A byte that says what follows, and the last `size` bytes of a number, the greatest first."""
    cdef int place
    into.bytes[into.size] = kind & 0xFF
    for place in range(size):
        into.bytes[into.size + 1 + place] = (number >> (8 * (size - 1 - place))) & 0xFF
    into.size += 1 + size
