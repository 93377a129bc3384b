"""Slips of the pen: names nearly right, words of other languages, numbers as people write them, and what was meant."""

import re
import unicodedata
from collections.abc import Iterable
from difflib import get_close_matches

_MEANT = {
    "gte": "ge", ">=": "ge", "lte": "le", "<=": "le", ">": "gt", "<": "lt", "==": "eq", "=": "eq", "equals": "eq",
    "!=": "ne", "<>": "ne", "average": "mean", "avg": "mean", "percentile": "quantile", "total": "sum",
    "hanoi": "Ho_Chi_Minh",
}  # fmt: skip
"""What others call it; Hà Nội has the time of the zone that is named after the larger city."""


def meant(word: object, known: Iterable[str]) -> str | None:
    """The known word that was meant: the same in capitals, what others call it, or the nearest."""
    said, words = str(word).casefold(), list(known)
    same = next((one for one in words if said == one.casefold() or _MEANT.get(said) == one), None)
    return same or next(iter(get_close_matches(str(word), words, n=1, cutoff=0.6)), None)


def guess(word: object, known: Iterable[str]) -> tuple[str, str]:
    """`; có phải ...?` and `; did you mean ...?` for what was meant, else two empty texts. Names may differ in what
    nobody sees: an accented letter is one character or, as some systems type it, a letter and its accents."""
    names = {_composed(name): name for name in known}
    near = meant(_composed(str(word)), names)
    if near is None:
        return "", ""
    if near == _composed(str(word)):
        return (
            f"; `{names[near]}` có dấu được gõ kiểu Unicode khác, hãy chép từ nơi khai báo",
            f"; the accents of `{names[near]}` are of another Unicode form, copy it from where it is declared",
        )
    return _asked(names[near])


def _asked(name: str) -> tuple[str, str]:
    return f"; có phải `{name}`?", f"; did you mean `{name}`?"


def _composed(name: str) -> str:
    return unicodedata.normalize("NFC", name)


def guess_zone(name: str, zones: Iterable[str]) -> tuple[str, str]:
    """The same for a time zone, by its city; an offset from UTC names no city, and the database writes its sign the
    other way round."""
    area, _, city = name.rpartition("/")
    places = {zone.rpartition("/")[2]: zone for zone in sorted(zones) if "/" in zone and not zone.startswith("Etc/")}
    near = {of: zone for of, zone in places.items() if zone.startswith(f"{area}/")} or places
    found = None if re.search(r"[+-]\d", name) else meant(city, near)
    if found is None:
        return "; viết tên như Asia/Ho_Chi_Minh", "; write a name such as Asia/Ho_Chi_Minh"
    return _asked(near[found])


def plain_number(text: str) -> str | None:
    """The number that is meant by text; None where that is not clear.

    >>> [plain_number(text) for text in ("80", "90 %", "300.000.000", "300,000", "300.000", "1,5")]
    ['80', '90', '300000000', '300000', None, None]
    """
    bare = text.strip().removesuffix("%").strip()
    if maybe_thousands(bare):
        return None
    if re.fullmatch(r"[+-]?\d{1,3}([.,' ]\d{3}){2,}|[+-]?\d{1,3}[,' ]\d{3}", bare):
        return re.sub(r"[.,' ]", "", bare)
    return bare if re.fullmatch(r"[+-]?\d+(\.\d+)?", bare) else None


def maybe_thousands(text: str) -> bool:
    """Whether a number is written as many write thousands, although a dot begins decimals.

    >>> [maybe_thousands(text) for text in ("300.000", "1.250", "0.125", "300.0", "1000.000", "300000")]
    [True, True, False, False, False, False]
    """
    return re.fullmatch(r"[+-]?[1-9]\d{0,2}\.\d{3}", text) is not None


def number_in_pieces(key: str) -> tuple[str, str] | None:
    """What to say of a field `000`, for inside of braces `300,000` is a 300 and such a field; None of any other."""
    if not re.fullmatch(r"\d{3}", key):
        return None
    return (
        f"`{key}` đứng sau dấu phẩy như một trường; viết số liền, không dấu phẩy, như 300000",
        f"`{key}` after a comma is a field of its own; write numbers without commas, such as 300000",
    )
