"""What can be wrong with a catalogue: one table of stable codes, and the record of one problem.

Codes KPI0xx come from loading (the worker refuses the catalogue on an error), KPI1xx from the linter in `lint.py`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any


class Severity(StrEnum):
    """How much a problem weighs; `kpi check` exits 1 on errors and warnings, never on info."""

    ERROR = "error"
    WARNING = "warning"
    INFO = "info"


@dataclass(frozen=True, slots=True)
class Code:
    """One rule: its stable code, how much it weighs, and what it asks for in both languages."""

    severity: Severity
    vi: str
    en: str


_E, _W, _I = Severity.ERROR, Severity.WARNING, Severity.INFO

CODES: dict[str, Code] = {
    "KPI001": Code(
        _E, "tệp đọc được, UTF-8, không rỗng, tối đa 5 MiB", "a readable, non-empty UTF-8 file of at most 5 MiB"
    ),
    "KPI002": Code(_E, "YAML 1.2 đúng cú pháp, khóa không lặp", "well-formed YAML 1.2 without duplicate keys"),
    "KPI003": Code(_E, "một phiên bản, một tổ chức, một lịch", "one version, one tenant, one calendar over all files"),
    "KPI004": Code(_E, "chỉ dùng các trường đã biết", "only known fields"),
    "KPI005": Code(_E, "đủ các trường bắt buộc", "every required field"),
    "KPI006": Code(_E, "giá trị đúng kiểu và đúng dạng", "values of the right type and form"),
    "KPI007": Code(_E, "phép đo thuộc ngữ pháp", "measures of the grammar"),
    "KPI008": Code(_E, "giá trị nằm trong danh sách cho phép", "values among the choices"),
    "KPI010": Code(_E, "mã không trùng nhau", "ids that are unique"),
    "KPI011": Code(_E, "tham chiếu tới thứ có thật", "references to something that is there"),
    "KPI012": Code(_E, "khoảng ngày hợp lệ và không chồng nhau", "date ranges that are valid and do not overlap"),
    "KPI013": Code(_E, "múi giờ và tiền tệ có thật", "a time zone and a currency that exist"),
    "KPI014": Code(_E, "mục tiêu khớp với phạm vi của KPI", "targets that fit the KPI's scope"),
    "KPI015": Code(_E, "lịch làm việc dùng được", "a working calendar that can be used"),
    "KPI020": Code(_E, "loại sự kiện có thật và đếm được", "event types that exist and can be counted"),
    "KPI021": Code(
        _E, "trường dữ liệu có ở loại sự kiện, đúng kiểu", "fields that the event types have, of a fitting kind"
    ),
    "KPI022": Code(_E, "điều kiện lọc có thể đúng", "a `where` that an event can pass"),
    "KPI023": Code(_E, "đơn vị khớp với phép đo", "units that fit the measure"),
    "KPI024": Code(_W, "`basis` chỉ có nghĩa với sale.closed", "`basis` only where sales can be reversed"),
    "KPI025": Code(_E, "ẩn danh chỉ với mean, ratio hoặc count", "`anonymous` only on mean, ratio or count"),
    "KPI026": Code(_E, "loại sự kiện riêng không trùng loại có sẵn", "own event types that do not redefine known ones"),
    "KPI101": Code(_E, "KPI phải gắn với một mục tiêu chiến lược", "a KPI serves a strategic goal"),
    "KPI102": Code(_I, "KPI cần một mục tiêu con số", "a KPI has a target"),
    "KPI103": Code(
        _W, "KPI số lượng (dẫn dắt) cần KPI chất lượng đi kèm", "a leading quantity KPI has a quality guardrail"
    ),
    "KPI104": Code(
        _I, "KPI số lượng (kết quả) nên có KPI chất lượng đi kèm", "a lagging quantity KPI has a quality guardrail"
    ),
    "KPI105": Code(
        _E, "KPI trọng số trên 40 % phải có KPI chất lượng đi kèm", "a KPI that weighs over 40 % has a guardrail"
    ),
    "KPI106": Code(_E, "mỗi người tối đa 5 KPI", "at most five KPIs for one person"),
    "KPI107": Code(_I, "mỗi người nên có ít nhất 3 KPI", "at least three KPIs for one person"),
    "KPI108": Code(_W, "ngày nghỉ lễ của năm đã được xác nhận", "the year's holidays are confirmed"),
    "KPI109": Code(_W, "ngày rà soát KPI chưa qua", "the review date has not passed"),
    "KPI110": Code(_I, "lựa chọn còn mở cần người quyết định", "an open choice that somebody should confirm"),
}


Step = str | int
Loc = tuple[Step, ...]
"""Where in the catalogue, by the names written in YAML: `("kpis", 2, "measure", "where", "outcome")`."""


@dataclass(frozen=True, slots=True)
class Finding:
    """What a rule found at `loc`; `load.py` adds file and line."""

    code: str
    loc: Loc
    value: Any
    vi: str
    en: str


@dataclass(frozen=True, slots=True)
class Problem:
    """A finding with its place. `line` and `column` count from 1; `path` is relative to `file`."""

    code: str
    file: str
    line: int
    column: int
    path: str
    kpi: str | None
    value: Any
    sentence: str
    sentence_vi: str

    @property
    def severity(self) -> Severity:
        """The severity of the problem's code."""
        return CODES[self.code].severity

    def said(self, locale: str = "en") -> str:
        """`file:line: severity CODE sentence`."""
        sentence = self.sentence_vi if locale == "vi" else self.sentence
        return f"{self.file}:{self.line}: {self.severity} {self.code} {sentence}"


class CatalogueError(Exception):
    """A catalogue that cannot be loaded, with everything that is wrong with it."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = list(problems)
        super().__init__("\n".join(problem.said() for problem in self.problems))
