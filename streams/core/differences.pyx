# cython: language_level=3, boundscheck=False, wraparound=False, initializedcheck=False
"""What `cells` and `partials` do with every vector, compiled. `differing` says what each function does."""

from cpython.list cimport PyList_GET_ITEM, PyList_GET_SIZE
from cpython.long cimport PyLong_CheckExact

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
