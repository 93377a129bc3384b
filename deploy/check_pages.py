"""The pages that list every code of `kpi check`, in English and Vietnamese; `python -m deploy.docs` writes them.

A rule of the linter is shown by the difference between a catalogue that fails it and one that passes
(deploy/examples/checks), an error of loading by the line that is wrong (tests/schemas/catalogue/bad). The sentences are
those that the command says; tests/deploy/test_check_pages.py fails where a page is out of date.
"""

import re
from collections.abc import Iterator, Mapping
from datetime import date
from difflib import ndiff
from pathlib import Path
from typing import Literal

from schemas.catalogue.lint import lint
from schemas.catalogue.load import read
from schemas.catalogue.models import Catalogue
from schemas.catalogue.problems import CODES, Problem, Severity

Lang = Literal["en", "vi"]

CHECKS = Path(__file__).parent / "examples" / "checks"
BAD = Path(__file__).parent.parent / "tests" / "schemas" / "catalogue" / "bad"
PAGES: Mapping[str, Lang] = {"README.md": "en", "README.vi.md": "vi"}
TODAY = date(2026, 11, 23)
"""The date that an example is judged by, unless it says `# today: D`."""

REFUSED: Mapping[str, str] = {
    "KPI001": "only_a_comment",
    "KPI002": "duplicate_key",
    "KPI003": "no_tenant",
    "KPI004": "unknown_field",
    "KPI005": "missing_and_misspelt_fields",
    "KPI006": "text_for_number",
    "KPI007": "unknown_measure",
    "KPI008": "conversion_misspelt_credit",
    "KPI010": "two_kpis_of_one_id",
    "KPI011": "unknown_references",
    "KPI012": "left_before_joining",
    "KPI013": "unknown_time_zone",
    "KPI014": "targets_overlap",
    "KPI015": "weekday_named_twice",
    "KPI016": "a_span_that_ends_when_it_begins",
    "KPI017": "thousands_after_a_dot",
    "KPI020": "unknown_event_type",
    "KPI021": "sum_of_text",
    "KPI022": "where_text_against_number",
    "KPI023": "percent_of_a_count",
    "KPI024": "reversed_calls",
    "KPI025": "anonymous_sum",
    "KPI026": "own_type_shadows_a_known_one",
    "KPI027": "conversion_to_itself",
    "KPI028": "elapsed_business_days",
    "KPI029": "growth_over_another_period",
    "KPI030": "attainment_of_a_person",
    "KPI031": "by_an_amount",
    "KPI040": "growth_of_distinct_keys_against_some_days",
}
"""Code of loading -> the catalogue in BAD that shows it; a code that is not here is only listed."""

SEVERITIES: Mapping[Severity, tuple[str, str]] = {
    Severity.ERROR: ("error", "lỗi"),
    Severity.WARNING: ("warning", "cảnh báo"),
    Severity.INFO: ("note", "ghi chú"),
}

WORDS: Mapping[Lang, Mapping[str, str]] = {
    "en": {
        "title": "What `kpi check` looks for",
        "intro": "`kpi check CATALOGUE...` reads a catalogue and says what is wrong, unwise or still open in it, as"
        " `file:line: severity CODE sentence; what to do`. `--json` prints the same as data, with both languages,"
        " path and"
        " value; `--today D` judges by another date; `--lang vi` speaks Vietnamese. It exits with 1 where there is"
        " an error"
        " or a warning, with 0 where there are only notes, with 2 on wrong use. A worker refuses only what cannot be"
        " loaded: errors KPI0xx.\n\nThis page is made by `python -m deploy.docs` from the codes and the examples"
        " beside it."
        " [Tiếng Việt](README.vi.md)",
        "head": "| code | weight | a good catalogue has |",
        "lint": "Unwise or open: KPI1xx",
        "diff": "`-` lines fail, `+` lines pass: [fails.yaml]({code}/fails.yaml), [passes.yaml]({code}/passes.yaml).",
        "today": " Judged on {today}.",
        "load": "Wrong: KPI0xx",
        "good": "[This catalogue](../../../tests/schemas/catalogue/good/whole_company.yaml) passes them all.",
        "bad": "[{name}.yaml](../../../tests/schemas/catalogue/bad/{name}.yaml), line {line}:",
    },
    "vi": {
        "title": "`kpi check` kiểm tra những gì",
        "intro": "`kpi check CATALOGUE...` đọc catalogue và nói chỗ nào sai, chưa ổn hoặc còn để ngỏ, theo dạng"
        " `tệp:dòng: mức độ MÃ câu mô tả; cần làm gì`. `--json` in ra dữ liệu bằng cả hai ngôn ngữ, kèm đường dẫn"
        " và giá"
        " trị; `--today D` xét theo một ngày khác; `--lang en` để xem tiếng Anh. Mã thoát là 1 khi có lỗi hoặc"
        " cảnh báo, 0"
        " khi chỉ có ghi chú, 2 khi dùng sai lệnh. Worker chỉ từ chối catalogue không nạp được: các lỗi"
        " KPI0xx.\n\nTrang này"
        " do `python -m deploy.docs` tạo ra từ bảng mã và các ví dụ trong thư mục này. [English](README.md)",
        "head": "| mã | mức độ | một catalogue tốt có |",
        "lint": "Chưa ổn hoặc còn để ngỏ: KPI1xx",
        "diff": "Dòng `-` không đạt, dòng `+` đạt: [fails.yaml]({code}/fails.yaml), [passes.yaml]({code}/passes.yaml).",
        "today": " Xét vào ngày {today}.",
        "load": "Sai: KPI0xx",
        "good": "[Catalogue này](../../../tests/schemas/catalogue/good/whole_company.yaml) đạt tất cả.",
        "bad": "[{name}.yaml](../../../tests/schemas/catalogue/bad/{name}.yaml), dòng {line}:",
    },
}


def page(lang: Lang) -> str:
    """The whole page in one language."""
    words = WORDS[lang]
    parts = [
        f"# {words['title']}",
        words["intro"],
        f"## {words['lint']}",
        _table("KPI1", lang),
        *(_rule(code, lang) for code in CODES if code.startswith("KPI1")),
        f"## {words['load']}",
        _table("KPI0", lang),
        words["good"],
        *(_refusal(code, lang) for code in CODES if code.startswith("KPI0")),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def write() -> None:
    """Writes the pages of both languages."""
    for name, lang in PAGES.items():
        (CHECKS / name).write_text(page(lang), encoding="utf-8")


def judged(path: Path) -> tuple[list[Problem], date]:
    """What the linter says of an example, whether or not the engine can compute its measure, and by which date."""
    reading = read([path])
    told = re.search(r"^# today: (\S+)$", path.read_text(encoding="utf-8"), re.MULTILINE)
    today = date.fromisoformat(told[1]) if told else TODAY
    return [reading.problem(finding) for finding in lint(Catalogue.model_validate(reading.tree.plain()), today)], today


def _table(prefix: str, lang: Lang) -> str:
    rows = [WORDS[lang]["head"], "| --- | --- | --- |"]
    for code, what in CODES.items():
        if code.startswith(prefix):
            asks = (what.vi if lang == "vi" else what.en).replace("|", "\\|")
            rows.append(f"| [{code}](#{code.lower()}) | {_weight(code, lang)} | {asks} |")
    return "\n".join(rows)


def _weight(code: str, lang: Lang) -> str:
    return SEVERITIES[CODES[code].severity][lang == "vi"]


def _rule(code: str, lang: Lang) -> str:
    words, failing = WORDS[lang], CHECKS / code / "fails.yaml"
    problems, today = judged(failing)
    said = next(_said(problem, lang) for problem in problems if problem.code == code)
    difference = "\n".join(_difference(failing, CHECKS / code / "passes.yaml"))
    links = words["diff"].format(code=code) + ("" if today == TODAY else words["today"].format(today=today))
    return f"### {code}\n\n{_weight(code, lang).capitalize()}. {said}\n\n```diff\n{difference}\n```\n\n{links}"


def _difference(failing: Path, passing: Path) -> Iterator[str]:
    """Lines that are only in one of them, and before each such stretch the KPI, goal or key that it is in."""
    before, after = (path.read_text(encoding="utf-8").splitlines() for path in (failing, passing))
    head, told = "", ""
    for line in ndiff([one for one in before if one[:1] != "#"], [one for one in after if one[:1] != "#"]):
        if line[:2] == "  " and (re.match(r"  - ?id:", line[2:]) or re.match(r"\w+:", line[2:])):
            head = line
        if line[:2] in ("- ", "+ "):
            if head and head != told:
                yield head
                told = head
            yield line


def _refusal(code: str, lang: Lang) -> str:
    name = REFUSED.get(code)
    if name is None:
        return f"### {code}\n\n{_weight(code, lang).capitalize()}."
    path = BAD / f"{name}.yaml"
    problem = next(problem for problem in read([path]).problems if problem.code == code)
    line = path.read_text(encoding="utf-8").splitlines()[problem.line - 1].partition("  # expect")[0]
    place = WORDS[lang]["bad"].format(name=name, line=problem.line)
    said = _said(problem, lang).replace(str(path), path.name)
    return f"### {code}\n\n{_weight(code, lang).capitalize()}. {said}\n\n{place}\n\n```yaml\n{line}\n```"


def _said(problem: Problem, lang: Lang) -> str:
    sentence = problem.sentence_vi if lang == "vi" else problem.sentence
    return f"“{sentence}”"
