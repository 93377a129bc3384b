# cython: language_level=3, boundscheck=False, wraparound=False, initializedcheck=False
"""What `cells` and `partials` do with every vector, compiled. `differing` says what each function does."""

from cpython.dict cimport PyDict_GetItem, PyDict_Next
from cpython.list cimport PyList_GET_ITEM, PyList_GET_SIZE
from cpython.long cimport PyLong_CheckExact
from cpython.ref cimport PyObject

cdef object ZERO = 0  # CPython has one of it, and most of what a chunk adds is that


def plus(list vector, list change):
    cdef Py_ssize_t slot, count = PyList_GET_SIZE(vector)
    cdef list total = vector[:]
    if PyList_GET_SIZE(change) != count:
        raise ValueError("vectors of one group have one length")
    for slot in range(count):
        more = <object>PyList_GET_ITEM(change, slot)
        if more is not ZERO:
            total[slot] = <object>PyList_GET_ITEM(vector, slot) + more
    return total


def differ(list told, list before, list kpis, list merged):
    cdef Py_ssize_t slot, count = PyList_GET_SIZE(told)
    cdef dict changed = {}
    cdef set less = set()
    if PyList_GET_SIZE(before) != count or PyList_GET_SIZE(kpis) != count:
        raise ValueError("vectors of one group have one length")
    for slot in range(count):  # all of them first: a sum that is half brought up to date would be wrong for good
        if not PyLong_CheckExact(<object>PyList_GET_ITEM(told, slot)) or not PyLong_CheckExact(
            <object>PyList_GET_ITEM(before, slot)
        ):
            raise TypeError("digits, of a component beyond 64 bits")
    for slot in range(count):
        new, old = <object>PyList_GET_ITEM(told, slot), <object>PyList_GET_ITEM(before, slot)
        if new is old or new == old:
            continue
        kpi = <object>PyList_GET_ITEM(kpis, slot)
        changed[kpi] = None
        if new < old:
            less.add(kpi)
        if merged is not None:
            merged[slot] += new - old
    return changed, less


def lessened(list told, list before):
    cdef Py_ssize_t at, count = PyList_GET_SIZE(told), known = PyList_GET_SIZE(before)
    cdef bint changed = count != known, less = False
    cdef dict new, old
    for at in range(count):
        new = <dict>PyList_GET_ITEM(told, at)
        _refuse_digits(new)
        if at < known:
            old = <dict>PyList_GET_ITEM(before, at)
            less = less or _is_less(new, old)
            changed = changed or less or new != old
    return less if changed else None


cdef int _refuse_digits(dict vector) except -1:
    cdef Py_ssize_t place = 0
    cdef PyObject *slot
    cdef PyObject *number
    while PyDict_Next(vector, &place, &slot, &number):
        if not PyLong_CheckExact(<object>number):
            raise TypeError("digits, of a number beyond 64 bits")
    return 0


cdef bint _is_less(dict new, dict old) except -1:
    cdef Py_ssize_t place = 0
    cdef PyObject *slot
    cdef PyObject *number
    cdef PyObject *now
    while PyDict_Next(old, &place, &slot, &number):
        now = PyDict_GetItem(new, <object>slot)
        if now is number:
            continue
        if now is NULL:
            if ZERO < <object>number:
                return True
        elif <object>now < <object>number:
            return True
    return False
