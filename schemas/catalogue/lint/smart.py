"""Specific, measurable, relevant, time-bound (PRODUCT E2), as far as a catalogue alone can tell.

That a measure is computable and has a unit and a period, the loader sees to; whether a target is achievable, `targets`.
"""

import re
import unicodedata
from collections.abc import Iterator
from datetime import date

from schemas.catalogue.lint.nature import harm_of, is_share_within
from schemas.catalogue.lint.population import kpis_of
from schemas.catalogue.models import Catalogue
from schemas.catalogue.problems import Finding
from schemas.events.registry import Registry

_WISHES = (
    "cai thien", "nang cao", "co gang", "no luc", "phan dau", "day manh", "tang cuong", "het minh", "het suc",
    "toi uu", "cham chi", "tich cuc", "hieu qua hon", "chuyen nghiep hon",
)  # fmt: skip
"""Words of a wish, without diacritics. Beside a word of amount they may be the thing counted."""

_WISHES_IN_ENGLISH = (
    "as much as possible", "do your best", "do our best", "try to", "work hard", "improve", "improving", "enhance",
    "enhancing", "optimise", "optimize", "boost", "strive", "excellence",
)  # fmt: skip

_COMPARED = ("tot hon", "nhanh hon", "cao hon", "nhieu hon", "tot nhat")
"""Comparisons that leave open with what."""

_COMPARED_IN_ENGLISH = (
    "better", "faster", "harder", "smarter", "best", "more efficient", "more efficiently", "more effective",
    "more professional", "as soon as possible",
)  # fmt: skip

_ENDS_COMPARED = re.compile(r"\bhơn( nữa)?\W*$")
"""Any other comparison that ends there, such as `giỏi hơn`; with its diacritics, for `hôn` and `hồn` are nouns."""

_QUOTED = re.compile(r'"[^"]*"|“[^”]*”|«[^»]*»')
_HEADLINE = frozenset({"a", "an", "and", "as", "at", "by", "for", "in", "on", "or", "the", "to", "with"})
"""Words that a headline leaves small; not `of` and `from`, for what follows them is something that has a name."""
_NAMED = re.compile(
    rf"(?<=\w )({'|'.join(phrase.title() for phrase in (*_COMPARED_IN_ENGLISH, *_WISHES_IN_ENGLISH))})\b"
)
"""Vague words of English with capitals, after another word."""

_AMOUNTS = re.compile(
    r"\b(so|ty le|ti le|doanh so|doanh thu|chi phi|thoi gian|muc|diem|luong|tong|loi nhuan|gia tri|ty suat"
    r"|number|count|share|rate|ratio|percentage|cost|time|hours|revenue|sales|score|mean|average|total|amount)\b|%"
)
_COMPARED_WITH = re.compile(
    r"\W*(than |so voi )?\d|.*\b(so voi|ky truoc|tuan truoc|thang truoc|quy truoc|nam truoc|last|previous|prior)\b"
)
_HOLDS_TARGET = re.compile(
    r"[≥≤]|>=|<=|\b(dat|tang|giam|toi thieu|toi da|it nhat|at least|at most|reach|increase|reduce|grow)\b"
    r"[^\d]{0,40}?\b\d"
)


def kpi_without_goal(catalogue: Catalogue, today: date) -> Iterator[Finding]:
    """PRODUCT C1: an activity that serves no strategic goal is not a KPI; call it a metric."""
    for loc, kpi in kpis_of(catalogue):
        if kpi.goal is None:
            yield Finding(
                "KPI101",
                loc,
                kpi.id,
                f"KPI `{kpi.id}` chưa gắn với mục tiêu chiến lược nào; thêm `goal`, hoặc đổi `kind` thành metric",
                f"the KPI `{kpi.id}` serves no goal; add `goal`, or make its `kind` metric",
            )


def kpi_without_target(catalogue: Catalogue, today: date) -> Iterator[Finding]:
    """The guide leaves some targets open; nobody but the company can fill them. A promise to answer within a time
    (C2k) says nothing at all without its percentage."""
    for loc, kpi in kpis_of(catalogue):
        if kpi.targets:
            continue
        if is_share_within(kpi.measure):
            yield Finding(
                "KPI111",
                loc,
                kpi.id,
                f"KPI `{kpi.id}` hứa xử lý trong thời hạn nhưng không nói bao nhiêu phần trăm; thêm `targets`, ví"
                " dụ 95",
                f"`{kpi.id}` promises an answer within a time but not for what percentage; add `targets`, 95 for"
                " instance",
            )
        else:
            yield Finding(
                "KPI102",
                loc,
                kpi.id,
                f"KPI `{kpi.id}` chưa có mục tiêu; hãy chọn con số và thêm `targets`",
                f"the KPI `{kpi.id}` has no target; choose one and add `targets`",
            )


def vague_title(catalogue: Catalogue, today: date) -> Iterator[Finding]:
    """PRODUCT 6.2: "Làm việc tốt hơn" is a wish. A KPI is named by what is measured."""
    for loc, kpi in kpis_of(catalogue):
        for words in dict.fromkeys(kpi.title.values()):
            said = _unquoted(words)
            if _ENDS_COMPARED.search(_small(said)) or _is_vague(_plain(_unnamed(said))):
                yield Finding(
                    "KPI112",
                    (*loc, "title"),
                    words,
                    f"tên KPI `{words}` là một mong muốn, không phải con số đo được; hãy gọi tên thứ được đo, ví dụ"
                    " `Tỷ lệ khách hàng hài lòng`",
                    f"the title `{words}` is a wish, not something measured; name what is measured, as in"
                    " `Share of satisfied customers`",
                )
                break


def _is_vague(title: str) -> bool:
    """Whether some words of a plain title leave open what is measured."""
    amount = _AMOUNTS.search(title)
    for phrase in (*_COMPARED, *_COMPARED_IN_ENGLISH):
        found = re.search(rf"\b{phrase}\b", title)
        if found and not _COMPARED_WITH.match(title, found.end()):
            return True
    for phrase in (*_WISHES, *_WISHES_IN_ENGLISH):
        found = re.search(rf"\b{phrase}\b", title)
        if found and (found.start() == 0 or amount is None or amount.start() > found.start()):
            return True
    return False


def _unquoted(title: str) -> str:
    """A title without the names that it quotes; all of it where it is but a quotation."""
    rest = _QUOTED.sub(" … ", title)
    return rest if re.search(r"\w", rest) else title


def _unnamed(title: str) -> str:
    """A title without the English words that are part of a name, as in `Revenue of Better Homes`: written with a
    capital which neither a beginning nor a headline asks for."""
    small = (word for word in title.split() if word[0].islower())
    if all(word in _HEADLINE for word in small):
        return title
    return _NAMED.sub("…", " ".join(unicodedata.normalize("NFC", title).split()))


def target_in_title(catalogue: Catalogue, today: date) -> Iterator[Finding]:
    """PRODUCT A13: the KPI is "conversion rate", its target 5 %. A number in the name is wrong with the next target."""
    for loc, kpi in kpis_of(catalogue):
        for words in dict.fromkeys(kpi.title.values()):
            if _HOLDS_TARGET.search(_plain(words)):
                yield Finding(
                    "KPI113",
                    (*loc, "title"),
                    words,
                    f"tên KPI `{words}` chứa cả mục tiêu; chỉ gọi tên thứ được đo và ghi con số ở `targets`",
                    f"the title `{words}` holds a target; name only what is measured and put the number into `targets`",
                )
                break


def direction_unsaid(catalogue: Catalogue, today: date) -> Iterator[Finding]:
    """Higher is better unless somebody says otherwise, which nobody means of costs, delays and losses."""
    registry = Registry.of(catalogue.event_types)
    for number, kpi in enumerate(catalogue.kpis):  # a metric too: as a guardrail its direction decides
        harm = None if "direction" in kpi.model_fields_set else harm_of(kpi, registry)
        if harm is not None:
            vi, en = harm
            yield Finding(
                "KPI116",
                ("kpis", number),
                kpi.id,
                f"`{kpi.id}` đo {vi} mà không nêu `direction`, nên càng cao càng tốt; thêm `direction: down` (hoặc `up`"
                " nếu đúng là vậy)",
                f"`{kpi.id}` measures {en} without a `direction`, so higher is better; add `direction: down` (or `up`,"
                " if that is meant)",
            )


def _small(words: str) -> str:
    """Small letters and single spaces, accents composed however they were typed."""
    return " ".join(unicodedata.normalize("NFC", words).casefold().split())


def _plain(words: str) -> str:
    """The same without diacritics, as many write Vietnamese."""
    bare = unicodedata.normalize("NFD", _small(words).replace("đ", "d"))
    return "".join(letter for letter in bare if not unicodedata.combining(letter))


RULES = (kpi_without_goal, kpi_without_target, vague_title, target_in_title, direction_unsaid)
