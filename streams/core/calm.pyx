# cython: language_level=3, boundscheck=True, wraparound=False, initializedcheck=False
"""Most cells that JUDGE hears of live, taken together: a vector that has grown, and open rows that are told so.

What `Hearing._take_cell` does with a cell, at a fifth of the time, where it comes to nothing else: the source is known,
no component has become less or is digits, the rows of all KPIs that change are open, and nothing heeds their values.
Any other cell is left for it, untouched.
"""

from cpython.dict cimport PyDict_GetItem
from cpython.list cimport PyList_GET_ITEM, PyList_GET_SIZE
from cpython.long cimport PyLong_CheckExact
from cpython.ref cimport PyObject

cdef str CELL = "cell"


def hear(list cells, str source, dict rows, dict merged, list kpis, dict blocks):
    cdef list left = [], keys = [], changed_blocks = []
    cdef list told, before, names, total
    cdef tuple cell, key
    cdef dict changed
    cdef PyObject *found
    cdef Py_ssize_t slot, width
    for cell in cells:
        found = PyDict_GetItem(blocks, (cell[0], cell[1], cell[2]))
        if found is NULL or not (<object>found).is_calm:
            left.append(cell)
            continue
        block = <object>found
        key = (CELL, cell[0], cell[1], cell[2])
        found = PyDict_GetItem(rows, key)
        sources = None if found is NULL else <object>found
        found = NULL if sources is None else PyDict_GetItem(<dict>sources, source)
        if found is NULL:
            left.append(cell)
            continue
        before, told, names = <list>found, <list>cell[3], <list>kpis[cell[0]]
        changed = _grown(told, before, names)
        if changed is None or not block.lines.keys() >= changed.keys():
            left.append(cell)
            continue
        if not changed:
            continue
        found = PyDict_GetItem(merged, key)
        if found is not NULL:
            total, width = <list>found, PyList_GET_SIZE(told)
            for slot in range(width):
                new, old = <object>PyList_GET_ITEM(told, slot), <object>PyList_GET_ITEM(before, slot)
                if new is not old:
                    total[slot] += new - old
        (<dict>sources)[source] = told
        keys.append(key)
        block.changed.update(changed)
        changed_blocks.append(block)
    return left, keys, changed_blocks


cdef dict _grown(list told, list before, list names):
    """KPIs whose slots have grown; None where one has become less, or is no integer."""
    cdef Py_ssize_t slot, width = PyList_GET_SIZE(told)
    cdef dict changed = {}
    if PyList_GET_SIZE(before) != width or PyList_GET_SIZE(names) != width:
        return None
    for slot in range(width):
        new, old = <object>PyList_GET_ITEM(told, slot), <object>PyList_GET_ITEM(before, slot)
        if not PyLong_CheckExact(new) or not PyLong_CheckExact(old):
            return None
        if new is old or new == old:
            continue
        if new < old:
            return None
        changed[<object>PyList_GET_ITEM(names, slot)] = None
    return changed
