# cython: language_level=3, boundscheck=False, wraparound=False, initializedcheck=False
"""The decoder's shortest way: one walk over the bytes of a plain event, compiled.

Plain is what nearly every event is: structured mode, compact or spaced JSON without escapes, `data` behind `type`, each
name known and met once, scalars only. Of these `read` says the event that `schemas.events.quick` would say, of all
others nothing, and the longer ways decide; so whatever is unusual here may simply end in `return False`.
Held to the other ways by tests/schemas/events/test_quick.py.
"""

from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_CheckExact, PyBytes_GET_SIZE
from cpython.dict cimport PyDict_GetItem, PyDict_SetItem
from cpython.object cimport PyObject, PyTypeObject
from cpython.ref cimport Py_INCREF
from cpython.tuple cimport PyTuple_SET_ITEM
from cpython.unicode cimport PyUnicode_DecodeUTF8, PyUnicode_GET_LENGTH
from libc.stdlib cimport free, malloc
from libc.string cimport memchr, memcmp

cdef extern from "Python.h":
    object PyType_GenericAlloc(PyTypeObject*, Py_ssize_t)
    void PyObject_GC_UnTrack(object)
    double PyOS_string_to_double(const char*, char**, PyObject*) except? -1.0

cdef enum:  # as in schemas.events.shapes
    OTHER, ID, TEXT, CHOICE, INTEGER, NUMBER, FLAG

cdef enum:
    MOST_FIELDS = 64  # a bit for each in one integer
    MOST_BYTES = 65_536
    LONGEST_ID = 128
    MOST_DIGITS = 17  # 2**53 has 16, and 64 bits hold these

cdef enum:
    SPECVERSION = 1
    IDENTITY = 2
    SOURCE = 4
    TYPE = 8
    TIME = 16
    SUBJECT = 32
    CONTENT = 64
    DATA = 128
    REQUIRED = 1 | 2 | 4 | 8 | 16 | 32

cdef struct Span:
    const char* start
    Py_ssize_t size

cdef struct Cursor:
    const char* at  # a value is `bytes`, so a NUL stands behind its end
    const char* end

cdef struct Field:
    Span name
    int kind
    double low
    double high
    int first_choice
    int choices


cdef class Shape:
    """The fields of one event type."""

    cdef str type_
    cdef Field* fields
    cdef int count
    cdef unsigned long long required
    cdef list names  # as keys of `data`
    cdef list choices
    cdef list spelled  # keeps the bytes that spans point to
    cdef dict defaults

    def __cinit__(self, str type_, list fields, dict defaults):
        self.type_ = type_
        self.defaults = defaults
        self.count = len(fields)
        self.names, self.choices, self.spelled = [], [], []
        self.fields = <Field*>malloc(max(1, self.count) * sizeof(Field))
        if self.fields is NULL:
            raise MemoryError
        if self.count > MOST_FIELDS:
            raise ValueError(f"{type_}: more than {MOST_FIELDS} fields")
        for place, (name, kind, is_required, low, high, choices) in enumerate(fields):
            self.fields[place] = Field(self._spell(name), kind, low, high, len(self.choices), len(choices))
            self.names.append(name)
            self.required |= <unsigned long long>bool(is_required) << place
            self.choices += choices

    def __dealloc__(self):
        free(self.fields)

    cdef Span _spell(self, str text):
        cdef bytes spelled = text.encode()
        self.spelled.append(spelled)
        return Span(PyBytes_AS_STRING(spelled), len(spelled))


cdef class PlainReader:
    """Reads values of the event types that have a shape; `event` is the class of what it says."""

    cdef type event
    cdef dict shapes
    cdef str last_source
    cdef bytes last_spelled

    def __init__(self, type event, list shapes):
        self.event = event
        self.shapes = {told[0]: Shape(*told) for told in shapes}
        self.last_source, self.last_spelled = "", b""

    def events(self, records):
        """The event of each record, None for those that are not plain."""
        cdef list events = []
        for record in records:
            events.append(None if record.headers else self.read(record.key, record.value))
        return events

    cpdef object read(self, object key, object value):
        """The event of a value, or None. A `key` of None is not compared with the subject."""
        cdef Cursor cursor
        if not PyBytes_CheckExact(value) or PyBytes_GET_SIZE(value) > MOST_BYTES:
            return None
        cursor.at = PyBytes_AS_STRING(value)
        cursor.end = cursor.at + PyBytes_GET_SIZE(value)
        if not _is_unescaped(&cursor):
            return None
        try:
            return self._read(&cursor, key)
        except (UnicodeDecodeError, ValueError):
            return None

    cdef object _read(self, Cursor* cursor, object key):
        cdef Span name, text, id_ = Span(NULL, 0), source = Span(NULL, 0), subject = Span(NULL, 0)
        cdef long long time_us = 0
        cdef int seen = 0, what
        cdef dict data = None
        cdef Shape shape = None
        cdef PyObject* found
        if not _takes(cursor, c"{"):
            return None
        while True:
            if not _string(cursor, &name) or not _takes(cursor, c":"):
                return None
            what = _attribute(&name)
            if not what or seen & what:
                return None
            seen |= what
            if what == DATA:
                if shape is None:
                    return None
                data = _read_data(cursor, shape)
                if data is None:
                    return None
            else:
                if not _string(cursor, &text):
                    return None
                if what == SPECVERSION:
                    if not _is(&text, b"1.0", 3):
                        return None
                elif what == CONTENT:
                    if not _is(&text, b"application/json", 16):
                        return None
                elif what == TIME:
                    if not _instant(&text, &time_us):
                        return None
                elif what == TYPE:
                    found = PyDict_GetItem(self.shapes, _decoded(&text))
                    if found is NULL:
                        return None
                    shape = <Shape>found
                elif not _is_id(&text):
                    return None
                elif what == IDENTITY:
                    id_ = text
                elif what == SOURCE:
                    source = text
                else:
                    subject = text
            if _takes(cursor, c"}"):
                break
            if not _takes(cursor, c","):
                return None
        _skip(cursor)
        if cursor.at != cursor.end or seen & REQUIRED != REQUIRED:
            return None
        if key is not None and not _is_bytes(&subject, key):
            return None
        if data is None:
            if shape.required:
                return None
            data = dict(shape.defaults)
        return self._event(self._source(&source), _decoded(&id_), shape.type_, time_us, _decoded(&subject), data)

    cdef str _source(self, Span* source):
        """Most events of a chunk come from one source: they share its text."""
        if not _is_bytes(source, self.last_spelled):
            self.last_spelled = source.start[: source.size]
            self.last_source = _decoded(source)
        return self.last_source

    cdef object _event(self, str source, str id_, str type_, long long time_us, str subject, dict data):
        # What tuple.__new__(Event, ...) does, without the tuple in between. Nothing in it can lead back to it, so the
        # garbage collector need not walk the fifty thousand events of a transaction.
        event = PyType_GenericAlloc(<PyTypeObject*>self.event, 7)
        _put(event, 0, source)
        _put(event, 1, id_)
        _put(event, 2, type_)
        _put(event, 3, time_us)
        _put(event, 4, subject)
        _put(event, 5, data)
        _put(event, 6, None)
        PyObject_GC_UnTrack(event)
        return event


cdef inline void _put(object event, Py_ssize_t place, object item):
    Py_INCREF(item)
    PyTuple_SET_ITEM(event, place, item)


cdef dict _read_data(Cursor* cursor, Shape shape):
    """The members of `data` as they stand, or None. An absent field and a null one are alike."""
    cdef dict data = dict(shape.defaults) if shape.defaults else {}
    cdef unsigned long long seen = 0, there = 0, bit
    cdef int place = 0
    cdef Span name
    if not _takes(cursor, c"{"):
        return None
    if not _takes(cursor, c"}"):
        while True:
            if not _string(cursor, &name) or not _takes(cursor, c":"):
                return None
            place = _field(shape, &name, place)
            bit = 1ULL << place if place >= 0 else 0
            if not bit or seen & bit:
                return None
            seen |= bit
            _skip(cursor)
            if cursor.at[0] == c"n":
                if not _word(cursor, b"null", 4):
                    return None
            else:
                item = _item(cursor, shape, &shape.fields[place])
                if item is None:
                    return None
                there |= bit
                PyDict_SetItem(data, shape.names[place], item)
            place += 1
            if _takes(cursor, c"}"):
                break
            if not _takes(cursor, c","):
                return None
    return data if there & shape.required == shape.required else None


cdef int _field(Shape shape, Span* name, int hint) noexcept:
    """Which field a name is, tried from `hint` on because names come in the order of the model; -1 for a stranger."""
    cdef int tried, place
    for tried in range(shape.count):
        place = hint + tried
        if place >= shape.count:
            place -= shape.count
        if _is_same(name, &shape.fields[place].name):
            return place
    return -1


cdef object _item(Cursor* cursor, Shape shape, Field* field):
    """A value that its field accepts, or None."""
    cdef Span text
    cdef int choice
    if field.kind == ID:
        return _decoded(&text) if _string(cursor, &text) and _is_id(&text) else None
    if field.kind == TEXT:
        if not _string(cursor, &text):
            return None
        item = _decoded(&text)
        return item if field.low <= PyUnicode_GET_LENGTH(item) <= field.high else None
    if field.kind == CHOICE:
        if _string(cursor, &text):
            for choice in range(field.first_choice, field.first_choice + field.choices):
                if _is_bytes(&text, <bytes>shape.choices[choice][0]):
                    return shape.choices[choice][1]
        return None
    if field.kind == FLAG:
        if _word(cursor, b"true", 4):
            return True
        return False if _word(cursor, b"false", 5) else None
    if field.kind == INTEGER or field.kind == NUMBER:
        return _number(cursor, field)
    return None


cdef object _number(Cursor* cursor, Field* field):
    """A number that keeps its form: 5 is an int, 5.0 a float. No exponent, and no more digits than surely fit."""
    cdef const char* start = cursor.at
    cdef const char* digits
    cdef char* after = NULL
    cdef long long whole = 0
    cdef double number
    cdef bint is_negative = start[0] == c"-"
    cursor.at += is_negative
    digits = cursor.at
    while c"0" <= cursor.at[0] <= c"9" and cursor.at - digits < MOST_DIGITS:
        whole = whole * 10 + (cursor.at[0] - c"0")
        cursor.at += 1
    if cursor.at == digits or (digits[0] == c"0" and cursor.at - digits > 1):
        return None
    if cursor.at[0] == c"." and field.kind == NUMBER:
        cursor.at += 1
        digits = cursor.at
        while c"0" <= cursor.at[0] <= c"9":
            cursor.at += 1
        if cursor.at == digits or _goes_on(cursor):
            return None
        number = PyOS_string_to_double(start, &after, NULL)
        return number if after == cursor.at and field.low <= number <= field.high else None
    if _goes_on(cursor) or (is_negative and whole == 0):
        return None
    if is_negative:
        whole = -whole
    return whole if field.low <= whole <= field.high else None


cdef inline bint _goes_on(Cursor* cursor) noexcept:
    """Whether what follows may belong to a number."""
    cdef char next_ = cursor.at[0]
    return next_ == c"." or next_ == c"e" or next_ == c"E" or c"0" <= next_ <= c"9"


# -- bytes


cdef inline bint _is_unescaped(Cursor* cursor) noexcept:
    """No byte is a control character, DEL or a backslash: a string ends at the next quote, and only its spaces and what
    is not ASCII are still to be looked at. Compiles to a few vector instructions."""
    cdef const unsigned char* at = <const unsigned char*>cursor.at
    cdef Py_ssize_t place
    cdef unsigned char found = 0
    for place in range(cursor.end - cursor.at):
        found |= (at[place] < 0x20) | (at[place] == 0x7F) | (at[place] == 0x5C)
    return not found


cdef inline void _skip(Cursor* cursor) noexcept:
    while cursor.at[0] == c" ":
        cursor.at += 1


cdef inline bint _takes(Cursor* cursor, char sign) noexcept:
    _skip(cursor)
    if cursor.at[0] != sign:
        return False
    cursor.at += 1
    return True


cdef inline bint _string(Cursor* cursor, Span* text) noexcept:
    cdef const char* quote
    if not _takes(cursor, c'"'):
        return False
    quote = <const char*>memchr(cursor.at, c'"', cursor.end - cursor.at)
    if quote is NULL:
        return False
    text.start = cursor.at
    text.size = quote - cursor.at
    cursor.at = quote + 1
    return True


cdef inline bint _word(Cursor* cursor, const char* word, Py_ssize_t size) noexcept:
    if cursor.end - cursor.at < size or memcmp(cursor.at, word, size) != 0:
        return False
    cursor.at += size
    return True


cdef inline bint _is(Span* text, const char* word, Py_ssize_t size) noexcept:
    return text.size == size and memcmp(text.start, word, size) == 0


cdef inline bint _is_same(Span* one, Span* other) noexcept:
    return one.size == other.size and memcmp(one.start, other.start, one.size) == 0


cdef inline bint _is_bytes(Span* text, object other):
    return PyBytes_CheckExact(other) and _is(text, PyBytes_AS_STRING(other), PyBytes_GET_SIZE(other))


cdef inline bint _is_id(Span* text) noexcept:
    """1 to 128 visible ASCII characters; other scripts take a longer way."""
    cdef Py_ssize_t place
    cdef char found = 0
    if not 1 <= text.size <= LONGEST_ID:
        return False
    for place in range(text.size):
        found |= (text.start[place] <= 0x20)  # char is signed: so is what is not ASCII
    return not found


cdef inline str _decoded(Span* text):
    return PyUnicode_DecodeUTF8(text.start, text.size, NULL)


cdef inline int _attribute(Span* name) noexcept:
    if _is(name, b"specversion", 11):
        return SPECVERSION
    if _is(name, b"id", 2):
        return IDENTITY
    if _is(name, b"source", 6):
        return SOURCE
    if _is(name, b"type", 4):
        return TYPE
    if _is(name, b"time", 4):
        return TIME
    if _is(name, b"subject", 7):
        return SUBJECT
    if _is(name, b"data", 4):
        return DATA
    return CONTENT if _is(name, b"datacontenttype", 15) else 0


# -- times


cdef bint _instant(Span* text, long long* us) noexcept:
    """An RFC 3339 instant of 1900 to 2199 with `T`, and `Z` or an offset (schemas.events.times.parse_us)."""
    cdef const char* at = text.start
    cdef int year, month, day, hour, minute, second, hour_off, minute_off, offset = 0
    cdef int fraction = 0, unit = 100_000
    cdef Py_ssize_t length = 19
    if text.size < 20 or at[4] != c"-" or at[7] != c"-" or at[10] != c"T" or at[13] != c":" or at[16] != c":":
        return False
    year = _two(at) * 100 + _two(at + 2)
    month, day, hour, minute, second = _two(at + 5), _two(at + 8), _two(at + 11), _two(at + 14), _two(at + 17)
    if not (1900 <= year < 2200 and 1 <= month <= 12 and 1 <= day <= _days(year, month)):
        return False
    if not (0 <= hour < 24 and 0 <= minute < 60 and 0 <= second < 60):
        return False
    if at[length] == c".":
        length += 1
        while length < text.size and c"0" <= at[length] <= c"9":
            fraction += (at[length] - c"0") * unit
            unit //= 10  # digits past the sixth add nothing
            length += 1
        if length == 20:
            return False
    if text.size == length + 6 and (at[length] == c"+" or at[length] == c"-") and at[length + 3] == c":":
        hour_off, minute_off = _two(at + length + 1), _two(at + length + 4)
        if not (0 <= hour_off < 24 and 0 <= minute_off < 60):
            return False
        offset = (hour_off * 60 + minute_off) * (1 if at[length] == c"+" else -1)
    elif text.size != length + 1 or at[length] != c"Z":
        return False
    us[0] = ((_day(year, month, day) * 24 + hour) * 60 + minute - offset) * 60 + second
    us[0] = us[0] * 1_000_000 + fraction
    return True


cdef inline int _two(const char* at) noexcept:
    """The number that two digits say; a negative one where they are none."""
    if not (c"0" <= at[0] <= c"9" and c"0" <= at[1] <= c"9"):
        return -10_000
    return (at[0] - c"0") * 10 + (at[1] - c"0")


cdef inline int _days(int year, int month) noexcept:
    if month == 2:
        return 29 if year % 4 == 0 and (year % 100 != 0 or year % 400 == 0) else 28
    return 30 if month in (4, 6, 9, 11) else 31


cdef inline long long _day(int year, int month, int day) noexcept:
    """Days since 1970-01-01 (Hinnant, chrono-compatible low-level date algorithms, days_from_civil), from year 0 on."""
    cdef long long of_era, era
    year -= month <= 2
    era = year // 400
    of_era = year - era * 400
    of_era = of_era * 365 + of_era // 4 - of_era // 100 + (153 * (month + (-3 if month > 2 else 9)) + 2) // 5 + day - 1
    return era * 146_097 + of_era - 719_468
