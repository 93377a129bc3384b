# cython: language_level=3, boundscheck=True, wraparound=False, initializedcheck=False
"""What `told` says, compiled: a fifth of the time for a row."""

from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize, PyBytes_GET_SIZE
from cpython.long cimport PyLong_AsLongLongAndOverflow, PyLong_CheckExact
from libc.stdio cimport snprintf
from libc.string cimport memcpy

from schemas.topics import VALUES
from schemas.values import Status
from streams.core.readings import Figures
from streams.core.stage import Send

cdef extern from "Python.h":
    const char *PyUnicode_AsUTF8AndSize(object text, Py_ssize_t *size) except NULL

cdef object NEW = tuple.__new__
cdef object NONE = Status.NONE
cdef object TOPIC = VALUES, FIGURES = Figures, SEND = Send
cdef tuple NO_HEADERS = ()
cdef bytes AFTER_VALUE = b',"target":null,"expected":null,"attainment":null,"n":'
cdef bytes END = b',"status":"none","version":0}'


def tell(dict lines, set changed, list vector, list sends):
    cdef list others = []
    cdef object kpi, line, slots, value, n, shown
    for kpi, line in lines.items():
        if kpi not in changed:
            continue
        slots = line.slots
        if slots is None:
            others.append(line)
            continue
        value = _read(<tuple>slots, vector)
        n = vector[(<tuple>slots)[4]]
        shown = line.shown
        if shown is not None and (<tuple>shown)[0] == value and (<tuple>shown)[4] == n:
            continue
        line.shown = NEW(FIGURES, (value, None, None, None, n, NONE, None, None))
        sends.append(NEW(SEND, (TOPIC, line.key, _record(line.opening, value, n), None, NO_HEADERS)))
    return others


cdef object _read(tuple slots, list vector):
    cdef tuple terms = <tuple>slots[0]
    cdef object num, den = slots[3], lower = slots[1]
    if len(terms) == 1 and (<tuple>terms[0])[0] == 1:
        num = vector[(<tuple>terms[0])[1]]
    else:
        num = sum([sign * vector[slot] for sign, slot in terms])
    if slots[2] != 1:
        num = num * slots[2]
    if lower is not None:
        den = den * vector[lower]
    if den == 1:
        return num
    return None if den == 0 else num / den


cdef bytes _record(object opening, object value, object n):
    cdef Py_ssize_t size
    cdef const char *start = PyUnicode_AsUTF8AndSize(opening, &size)
    cdef char digits[2][24]
    cdef bytes written, of_n
    cdef const char *value_text
    cdef const char *n_text
    cdef Py_ssize_t value_size, n_size
    value_size = _digits(value, digits[0])
    if value_size:
        value_text = digits[0]
    else:
        written = b"null" if value is None else repr(value).encode()
        value_text, value_size = PyBytes_AS_STRING(written), PyBytes_GET_SIZE(written)
    n_size = _digits(n, digits[1])
    if n_size:
        n_text = digits[1]
    else:
        of_n = repr(n).encode()
        n_text, n_size = PyBytes_AS_STRING(of_n), PyBytes_GET_SIZE(of_n)
    cdef bytes record = PyBytes_FromStringAndSize(
        NULL, size + value_size + PyBytes_GET_SIZE(AFTER_VALUE) + n_size + PyBytes_GET_SIZE(END)
    )
    cdef char *at = PyBytes_AS_STRING(record)
    at = _put(at, start, size)
    at = _put(at, value_text, value_size)
    at = _put(at, PyBytes_AS_STRING(AFTER_VALUE), PyBytes_GET_SIZE(AFTER_VALUE))
    at = _put(at, n_text, n_size)
    _put(at, PyBytes_AS_STRING(END), PyBytes_GET_SIZE(END))
    return record


cdef inline char *_put(char *at, const char *text, Py_ssize_t size) noexcept:
    memcpy(at, text, size)
    return at + size


cdef Py_ssize_t _digits(object number, char *text) except -1:
    """Of an integer of 64 bits; 0 for anything else."""
    cdef int beyond = 0
    cdef long long known
    if not PyLong_CheckExact(number):
        return 0
    known = PyLong_AsLongLongAndOverflow(number, &beyond)
    return 0 if beyond else snprintf(text, 24, b"%lld", known)
