# cython: language_level=3, boundscheck=False, wraparound=False, initializedcheck=False
"""What `columns` asks of every event one by one, compiled. `gathered` says what each function does."""

import numpy as np

from cpython.dict cimport PyDict_GetItem
from cpython.list cimport PyList_Append, PyList_GET_ITEM, PyList_GET_SIZE
from cpython.object cimport PyObject
from cpython.tuple cimport PyTuple_GET_ITEM

from streams.core import gathered

cdef enum:  # of schemas.events.envelope.Event
    TYPE = 2
    TIME_US = 3
    DATA = 5


def by_type(list events):
    cdef Py_ssize_t place, count = PyList_GET_SIZE(events)
    times_us, numbers = np.empty(count, np.int64), np.empty(count, np.int64)
    cdef long long[::1] at_us = times_us, number_of = numbers
    cdef dict known = {}
    cdef list data = []
    cdef PyObject* number
    for place in range(count):
        event = <object>PyList_GET_ITEM(events, place)
        at_us[place] = <object>PyTuple_GET_ITEM(event, TIME_US)
        type_ = <object>PyTuple_GET_ITEM(event, TYPE)
        number = PyDict_GetItem(known, type_)
        if number is NULL:
            number_of[place] = known[type_] = len(known)
            data.append([])
        else:
            number_of[place] = <object>number
        PyList_Append(<object>PyList_GET_ITEM(data, number_of[place]), <object>PyTuple_GET_ITEM(event, DATA))
    places = [np.flatnonzero(numbers == at) for at in range(len(data))]
    return times_us, dict(zip(known, zip(places, data)))


def column(list data, str field):
    cdef list values = []
    cdef PyObject* value
    for place in range(PyList_GET_SIZE(data)):
        value = PyDict_GetItem(<object>PyList_GET_ITEM(data, place), field)
        PyList_Append(values, None if value is NULL else <object>value)
    return values


def integers(list values):
    cdef Py_ssize_t place, count = PyList_GET_SIZE(values)
    there, numbers = np.ones(count, np.bool_), np.zeros(count, np.int64)
    cdef unsigned char[::1] is_there = there.view(np.uint8)
    cdef long long[::1] into = numbers
    for place in range(count):
        value = <object>PyList_GET_ITEM(values, place)
        if value is None:
            is_there[place] = 0
        elif type(value) is int:
            into[place] = value
        else:
            return gathered.integers(values)
    return there, numbers


def looked_up(list values, dict known, long long missing):
    cdef Py_ssize_t place, count = PyList_GET_SIZE(values)
    found = np.empty(count, np.int64)
    cdef long long[::1] into = found
    cdef PyObject* number
    for place in range(count):
        number = PyDict_GetItem(known, <object>PyList_GET_ITEM(values, place))
        into[place] = missing if number is NULL else <long long><object>number
    return found


def verdicts(values, memo):
    found = np.empty(len(values), np.bool_)
    cdef unsigned char[::1] into = found.view(np.uint8)
    cdef Py_ssize_t place = 0
    cdef PyObject* verdict
    for value in values:
        verdict = PyDict_GetItem(memo, value)  # says nothing too where a value has no hash: then the next line raises
        into[place] = bool(memo[value] if verdict is NULL else <object>verdict)
        place += 1
    return found


def tally(sums, Py_ssize_t slot, rows, mask):
    found = np.zeros(len(sums), np.int64)
    cdef long long[::1] into = found
    cdef const long long[::1] row_of = rows
    cdef const unsigned char[::1] passes
    cdef Py_ssize_t place
    if mask is None:
        for place in range(row_of.shape[0]):
            into[row_of[place]] += 1
    else:
        passes = mask.view(np.uint8)
        for place in range(row_of.shape[0]):
            into[row_of[place]] += passes[place]
    sums[:, slot] += found


def total(sums, Py_ssize_t slot, rows, mask, amounts):
    found = np.zeros(len(sums), np.int64)
    cdef long long[::1] into = found
    cdef const long long[::1] row_of = rows, amount_of = amounts
    cdef const unsigned char[::1] passes = mask.view(np.uint8)
    cdef Py_ssize_t place
    for place in range(row_of.shape[0]):
        if passes[place]:
            into[row_of[place]] += amount_of[place]
    sums[:, slot] += found
