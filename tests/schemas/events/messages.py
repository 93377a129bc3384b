"""Messages with every freedom that JSON has: an object is a list of pairs, so that a name can stand twice."""

import json
from typing import Any

from hypothesis import strategies as st

from tests.schemas.events.golden import EVENTS


class Members(list[tuple[str, Any]]):
    """An object."""


class Raw(str):
    """JSON that is written as it is."""

    __slots__ = ()


def pairs(value: Any) -> Any:
    return Members((name, pairs(item)) for name, item in value.items()) if isinstance(value, dict) else value


def written(value: Any, compact: bool, ascii_only: bool) -> str:
    if isinstance(value, Raw):
        return value
    comma, colon = (",", ":") if compact else (", ", ": ")
    if isinstance(value, Members):
        members = (
            json.dumps(name, ensure_ascii=ascii_only) + colon + written(item, compact, ascii_only)
            for name, item in value
        )
        return "{" + comma.join(members) + "}"
    return json.dumps(value, ensure_ascii=ascii_only)


VALID = [pairs(json.loads(path.read_bytes())) for path in sorted((EVENTS / "valid").iterdir())]
VALID += [
    pairs(
        {
            "specversion": "1.0",
            "id": "visit-1",
            "source": "crm",
            "type": "visit.done",
            "time": "2026-11-23T09:15:00Z",
            "subject": "v1",
            "data": {"store": "s", "note": "ổn", "json": 3, "a b": True, "minutes": 1.5},
        }
    )
]
# `data` last
VALID = [Members(sorted(message, key=lambda item: item[0] == "data")) for message in VALID]

SUPERSEDES = Members([("source", "crm/hanoi"), ("id", "first")])
BARE = frozenset(map(chr, range(0x21, 0x7F))) - {"\\"}
VARIED = [
    Members([*message[:-1], ("data", Members(item for item in message[-1][1] if BARE >= set(str(item[1]))))])
    for message in VALID
    if dict(message)["type"]
    in ("sale.corrected", "call.completed", "task.due", "target.changed", "social.engagement", "web.session")
]
for varied in VARIED:
    if dict(varied)["type"] == "sale.corrected":
        varied[-1][1].append(("supersedes", SUPERSEDES))
"""Every kind of field, and no free text: of ids without any, the fast way only looks at the whole value."""

TIMES = [
    "2026-11-23T09:15:00+07:00", "2026-11-23t09:15:00z", "2026-11-23T09:15:60Z", "2026-02-30T00:00:00Z",
    "2026-11-23T09:15:00.123456789Z", "2026-11-23T09:15:00.5-03:30", "2026-11-23T09:15:00.Z", "2026-11-23 09:15:00Z",
    "2026-11-23T09:15:00", "2026-11-23", "2026-11-23T24:00:00Z", "0001-01-01T00:00:00+00:01",
    "9999-12-31T23:59:59-00:01", "2026-11-23T09:15:00.٣Z", "2026-11-23T09:15:00Z\n", "2026-11-23T09:15:00,5Z",
    "1795400100", "",
]  # fmt: skip
NUMBERS = [
    "0", "-0", "-0.0", "5", "5.0", "1e2", "1E+2", "1e-400", "1e999", "-1e999", "01", "1.", ".5", "+1", "NaN",
    "Infinity", "9007199254740991", "9007199254740992",
    "-9007199254740991", "9007199254740991.0", "9007199254740992.0",
    "9223372036854775807", "9223372036854775808", "18446744073709551616", "9" * 400, "9" * 5000, "0.1", "100", "100.5",
    "1" + "0" * 400 + ".0", "0x10", "1_000",
]  # fmt: skip
TEXTS = [
    "", " ", "a b", "x" * 128, "x" * 129, "đ" * 128, "đ" * 129, "😀", "😀" * 128, "tab\t", "\x7f", "\x00", "\u00a0",
    "\u200b", "\ufeff", "a:b", "urn:x:y", 'quo"te', "back\\slash", "/", "VND", "USD", "vnd", "answered", "like",
    "x" * 1001, "đ" * 1000, "call.completed", "sale.closed", "sale.closed.retracted", "1.0", "application/json",
    "text/csv", "application/json; charset=utf-8", "application/json;charset=UTF-8",
]  # fmt: skip
ESCAPES = [
    r'"\ud800"',
    r'"\ud83d\ude00"',
    r'"\ude00"',
    r'"\u0000"',
    r'"\u0020"',
    r'"\u006fk"',
    r'"\q"',
    r'"\uZZZZ"',
    r'"a\/b"',
    '"a\tb"',
    '"\x01"',
    '"a\x7f"',
    '"',
    "nul",
    "true",
    "[",
    "{}",
    "[]",
    "[" * 250 + "]" * 250,
    '["a","b"]',
    '["a",null]',
    '["a",5]',
    "[1e999]",
    '{"a":1e999}',
    '{"a":{"b":[1,2.5,null]}}',
    '[["vip"]]',
    '{"a":1,"a":2}',
]
ODD = st.one_of(
    st.sampled_from([Raw(text) for text in NUMBERS + ESCAPES]),
    st.sampled_from(TEXTS + TIMES),
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(),
    st.builds(lambda: Members(SUPERSEDES)),  # a new one each time, because changes change it
    st.builds(lambda: Members([*SUPERSEDES, ("why", Raw("1e999"))])),
    st.builds(lambda: Members([*SUPERSEDES, ("id", None)])),
    st.builds(lambda: Members([("source", "a b"), ("id", "\x7f")])),
)
NAMES = [
    "supersedes",
    "owner",
    "currency",
    "note",
    "tags",
    "manual",
    "count",
    "other",
    "field_0",
    "from_",
    "type_",
    "datacontenttype",
    "data_base64",
    "traceparent",
    "data",
    "type",
    "time",
    "id",
    "a:b",
    "nố",
    "",
    "is_special",
]
CHANGES = ["replace", "remove", "repeat before", "repeat after", "add", "move"]


def copied(value: Any) -> Any:
    return Members((name, copied(item)) for name, item in value) if isinstance(value, Members) else value


@st.composite
def messages(draw: st.DrawFn) -> bytes:
    """A valid event, changed at up to three places, written in one of the ways in which JSON is written."""
    message = copied(draw(st.sampled_from(VALID)))
    for _ in range(draw(st.integers(0, 3))):
        data = next((item for name, item in message if name == "data" and isinstance(item, Members)), message)
        change(draw, draw(st.sampled_from([message, data])))
    text = written(message, draw(st.booleans()), draw(st.booleans()))
    return text.encode("utf-8", "surrogatepass")


def change(draw: st.DrawFn, members: Members) -> None:
    kind = draw(st.sampled_from(CHANGES)) if members else "add"
    if kind == "add":
        members.insert(draw(st.integers(0, len(members))), (draw(st.sampled_from(NAMES) | st.text()), draw(ODD)))
        return
    place = draw(st.integers(0, len(members) - 1))
    name, item = members[place]
    if kind == "remove":
        del members[place]
    elif kind == "replace":
        members[place] = (name, draw(ODD))
    elif kind == "move":
        members.append(members.pop(place))
    else:
        at = place if kind == "repeat before" else len(members)
        members.insert(at, (name, draw(ODD | st.just(copied(item)))))
