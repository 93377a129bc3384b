"""What can be wrong with a catalogue: one table of stable codes, and the record of one problem.

Codes KPI0xx come from loading (the worker refuses the catalogue on an error), KPI1xx from the linter in `lint`.
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
    "KPI016": Code(_W, "cả ngày viết là 00:00-24:00", "a whole day written as 00:00-24:00"),
    "KPI017": Code(_W, "hàng nghìn viết liền, không dấu chấm", "thousands written without dots"),
    "KPI020": Code(_E, "loại sự kiện có thật và đếm được", "event types that exist and can be counted"),
    "KPI021": Code(
        _E, "trường dữ liệu có ở loại sự kiện, đúng kiểu", "fields that the event types have, of a fitting kind"
    ),
    "KPI022": Code(_E, "điều kiện lọc có thể đúng", "a `where` that an event can pass"),
    "KPI023": Code(_E, "đơn vị khớp với phép đo", "units that fit the measure"),
    "KPI024": Code(_W, "`basis` chỉ có nghĩa với sale.closed", "`basis` only where sales can be reversed"),
    "KPI025": Code(
        _E, "ẩn danh chỉ với mean, quantile, ratio hoặc count", "`anonymous` only on mean, quantile, ratio or count"
    ),
    "KPI026": Code(_E, "loại sự kiện riêng không trùng loại có sẵn", "own event types that do not redefine known ones"),
    "KPI027": Code(
        _E,
        "các phần của phép đo phân biệt được và có ích",
        "parts of a measure that can be told apart and mean something",
    ),
    "KPI028": Code(_E, "đồng hồ làm việc tính bằng giờ", "the business clock takes hours, never days"),
    "KPI029": Code(
        _E,
        "tăng trưởng theo đúng chu kỳ, so với kỳ gốc so sánh được",
        "growth over the period, against a like baseline",
    ),
    "KPI030": Code(
        _E, "`attainment` tính cho nhóm người, ở mức đạt được", "`attainment` over persons, at a reachable level"
    ),
    "KPI031": Code(_E, "`by` chia theo một trường chia được", "`by` a field that makes series"),
    "KPI040": Code(_E, "phép đo được phiên bản này tính", "measures that this version computes"),
    "KPI101": Code(_E, "KPI phải gắn với một mục tiêu chiến lược", "a KPI serves a strategic goal"),
    "KPI102": Code(_I, "KPI cần một mục tiêu con số", "a KPI has a target"),
    "KPI103": Code(
        _W,
        "KPI dẫn dắt về số lượng hay tốc độ cần KPI chất lượng đi kèm",
        "a leading KPI of quantity or speed has a quality guardrail",
    ),
    "KPI104": Code(
        _I,
        "KPI kết quả về số lượng hay tốc độ nên có KPI chất lượng đi kèm",
        "a lagging KPI of quantity or speed has a quality guardrail",
    ),
    "KPI105": Code(
        _E, "KPI trọng số trên 40 % phải có KPI chất lượng đi kèm", "a KPI that weighs over 40 % has a guardrail"
    ),
    "KPI106": Code(_E, "mỗi người tối đa 5 KPI", "at most five KPIs for one person"),
    "KPI107": Code(_I, "mỗi người nên có ít nhất 3 KPI", "at least three KPIs for one person"),
    "KPI108": Code(_W, "ngày nghỉ lễ của năm đã được xác nhận", "the year's holidays are confirmed"),
    "KPI109": Code(_W, "ngày rà soát KPI chưa qua", "the review date has not passed"),
    "KPI110": Code(_I, "lựa chọn còn mở cần người quyết định", "an open choice that somebody should confirm"),
    "KPI111": Code(
        _E, "lời hứa về thời hạn phải nêu tỷ lệ phần trăm", "a promise within a time says for what percentage"
    ),
    "KPI112": Code(
        _E, "tên KPI nói rõ đo cái gì, không chung chung", "a title that names what is measured, not a wish"
    ),
    "KPI113": Code(_I, "tên KPI không chứa mục tiêu", "a title without the target in it"),
    "KPI114": Code(_E, "mục tiêu có thể đạt được", "a target that can be reached"),
    "KPI115": Code(_W, "mục tiêu không phải lúc nào cũng đạt", "a target that can be missed"),
    "KPI116": Code(
        _W, "chi phí, thời gian, tổn thất phải nêu `direction`", "costs, delays and losses say which way is better"
    ),
    "KPI117": Code(_I, "mục tiêu có ngày bắt đầu", "a target has its first day"),
    "KPI118": Code(_E, "người đánh giá không phải người chịu trách nhiệm", "the evaluator is not the accountable"),
    "KPI119": Code(_I, "KPI có người đánh giá", "a KPI has somebody who evaluates it"),
    "KPI120": Code(_I, "không ai tự đánh giá KPI của mình", "nobody judges their own value"),
    "KPI121": Code(
        _W, "người chịu trách nhiệm không đồng thời là người hỗ trợ", "the accountable is not a supporter as well"
    ),
    "KPI122": Code(_E, "người chịu trách nhiệm vẫn còn làm việc", "the accountable has not left"),
    "KPI123": Code(
        _W,
        "người đánh giá, người hỗ trợ, quản lý vẫn còn làm việc",
        "evaluator, supporters and managers have not left",
    ),
    "KPI124": Code(_W, "KPI dẫn dắt phải dẫn tới một KPI kết quả", "a leading KPI drives a lagging one"),
    "KPI125": Code(_I, "KPI kết quả nên có KPI dẫn dắt", "a lagging KPI has one that drives it"),
    "KPI126": Code(_W, "KPI chất lượng đi kèm canh được KPI kia", "a guardrail that can guard"),
    "KPI127": Code(_I, "KPI chất lượng đi kèm có giới hạn", "a guardrail has a limit"),
    "KPI128": Code(_W, "trọng số KPI của một người cộng lại bằng 100 %", "the weights of a person's KPIs make 100 %"),
    "KPI129": Code(_W, "trọng số từ 5 % trở lên", "a weight of 5 % or more"),
    "KPI130": Code(_I, "mỗi thứ chỉ đo một lần cho cùng một người", "one thing is measured once for the same people"),
    "KPI131": Code(_I, "KPI có ngày rà soát", "a KPI has a review date"),
    "KPI132": Code(
        _W, "mục tiêu không đứt quãng và chưa hết hạn", "targets without a gap, the last one still in force"
    ),
    "KPI133": Code(_W, "mục tiêu dành cho người có KPI đó", "a target for somebody who has the KPI"),
    "KPI134": Code(_W, "KPI có người để đo", "a KPI that somebody has"),
    "KPI135": Code(_I, "mục tiêu mới không gấp đôi hay chỉ còn một nửa", "a target not twice or half the one before"),
    "KPI136": Code(_W, "các phần của mục tiêu cộng lại đủ", "the parts of a goal add up to it"),
    "KPI137": Code(_W, "mục tiêu không vòng lại chính nó", "a goal is not a part of itself"),
    "KPI138": Code(_I, "mục tiêu nào cũng có KPI phục vụ", "every goal has a KPI that serves it"),
    "KPI139": Code(
        _I, "từ tháng 12, ngày nghỉ lễ năm sau đã được xác nhận", "from December, the next year is confirmed"
    ),
    "KPI140": Code(
        _W, "mục tiêu giao xuống dưới cộng lại đủ mục tiêu ở trên", "targets stated below add up to the one above"
    ),
    "KPI141": Code(_I, "mỗi đội tối đa 5 KPI của cả đội", "at most five KPIs of a team as such"),
}


Step = str | int
Loc = tuple[Step, ...]
"""Where in the catalogue, by the names written in YAML: `("kpis", 2, "measure", "where", "outcome")`."""


@dataclass(frozen=True, slots=True)
class Finding:
    """What a rule found at `loc`; `load.py` adds file and line. `first` is where that stands which is stated again."""

    code: str
    loc: Loc
    value: Any
    vi: str
    en: str
    first: Loc | None = None


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
