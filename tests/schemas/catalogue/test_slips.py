"""What people get wrong in a catalogue is told so that they can mend it: what was meant, in both languages."""

import unicodedata
from pathlib import Path

import pytest

from schemas.catalogue.load import read

CATALOGUE = """\
version: 1
tenant: {id: acme, timezone: Asia/Ho_Chi_Minh, currency: VND}
teams: [{id: north, department: sales}]
people: [{id: ha, team: north}]
kpis:
  - id: calls
    title: Calls
    kind: metric
    unit: calls
    scope: person
    period: month
    measure: {count: call.completed, where: {outcome: {eq: answered}}}
    targets: [{value: 80, from: 2026-01-01}]
    roles: {accountable: ha}
"""


def told(folder: Path, was: str, now: str) -> tuple[str, str]:
    """Line, code and sentence of the one thing wrong, in English and Vietnamese, once a part is written otherwise."""
    assert CATALOGUE.count(was) == 1
    path = folder / "catalogue.yaml"
    path.write_text(CATALOGUE.replace(was, now), encoding="utf-8")
    (problem,) = read([path]).problems
    return f"{problem.line} {problem.code} {problem.sentence}", problem.sentence_vi


@pytest.mark.parametrize(
    ("was", "now", "english"),
    [
        ("value: 80,", 'value: "80",', "13 KPI006 `value` is the text `80`, it should be a number; write 80"),
        ("value: 80,", "value: 90 %,", "13 KPI006 `value` is the text `90 %`, it should be a number; write 90"),
        (
            "value: 80,",
            "value: 300.000.000,",
            "13 KPI006 `value` is the text `300.000.000`, it should be a number; write 300000000",
        ),
        (
            "value: 80,",
            'value: "300,000",',
            "13 KPI006 `value` is the text `300,000`, it should be a number; write 300000",
        ),
        (
            "value: 80,",
            "value: 300.000,",
            "13 KPI017 `300.000` is read as 300, for a dot begins decimals; write 300000, or 300 if that is meant",
        ),
        (
            "value: 80,",
            "value: 1.234,",
            "13 KPI017 `1.234` is read as 1.234, for a dot begins decimals; write 1234, or 1.2340 if that is meant",
        ),
        ("value: 80,", 'value: "300.000",', "13 KPI006 `value` is `300.000`, it should be a (finite) number"),
        (
            "people:",
            'calendar: {hours: {mon-fri: ["08:00-08:00"]}}\npeople:',
            "4 KPI016 `08:00-08:00` is 24 hours, until 08:00 of the next day; write `00:00-24:00` for a whole day, or"
            " correct the times",
        ),
        ("value: 80,", "value: many,", "13 KPI006 `value` is `many`, it should be a (finite) number"),
        (
            "value: 80,",
            "value: 300,000,",
            "13 KPI004 `000` after a comma is a field of its own; write numbers without commas, such as 300000",
        ),
        (
            "value: 80,",
            "value: 300,000,000,",
            "13 KPI002 `000` after a comma is a field of its own; write numbers without commas, such as 300000",
        ),
        (
            "value: 80,",
            "value: -1e300,",
            "13 KPI006 `value` is `-1e+300`, it should lie between -9007199254740991 and 9007199254740991",
        ),
        (
            "people:",
            "calendar: {holidays: {confirmed: [2026.5]}}\npeople:",
            "4 KPI006 `confirmed` is `2026.5`, it should be a whole number",
        ),
        ("version: 1", 'version: "1"', "1 KPI008 `version` is no text; write it without quotes: 1"),
        (
            "    kind: metric",
            "    weight: 120\n    kind: metric",
            "8 KPI006 `weight` is `120`, it should be at most 100",
        ),
        ("title: Calls", "title:", "7 KPI006 what is empty should be text in quotes, or {vi: ..., en: ...}"),
        ("title: Calls", "title: 2026", "7 KPI006 `2026` should be text in quotes, or {vi: ..., en: ...}"),
        ("title: Calls", 'title: " "', "7 KPI006 `title` is ` `, it should hold some text"),
        (
            "accountable: ha",
            "accountable: [ha]",
            "14 KPI006 `accountable` is `[...]`, it should be one text, not a list",
        ),
        (
            "{eq: answered}",
            "answered",
            "12 KPI006 the condition on `outcome` lacks its comparison; write `outcome: {eq: answered}`",
        ),
        ("outcome: {eq: answered}", "duration_s: {gte: 30}", "12 KPI004 unknown field `gte`; did you mean `ge`?"),
        ("accountable: ha", "accountable: HA", "14 KPI011 there is no person or team `HA`; did you mean `ha`?"),
        (
            "Asia/Ho_Chi_Minh",
            "Asia/Hanoi",
            "2 KPI013 there is no time zone `Asia/Hanoi`; did you mean `Asia/Ho_Chi_Minh`?",
        ),
        ("Asia/Ho_Chi_Minh", "tokyo", "2 KPI013 there is no time zone `tokyo`; did you mean `Asia/Tokyo`?"),
        ("Asia/Ho_Chi_Minh", "Asai/Tokyo", "2 KPI013 there is no time zone `Asai/Tokyo`; did you mean `Asia/Tokyo`?"),
        (
            "Asia/Ho_Chi_Minh",
            "GMT+7",
            "2 KPI013 there is no time zone `GMT+7`; write a name such as Asia/Ho_Chi_Minh",
        ),
        ("    kind: metric", "\tkind: metric", "8 KPI002 not well-formed YAML: a tab; YAML takes spaces to indent"),
        (
            "title: Calls",
            "title: Calls: answered",
            "7 KPI002 not well-formed YAML: a colon in the wrong place; put text with `: ` in quotes, or check the"
            " indentation",
        ),
        (
            "unit: calls",
            "unit: %",
            "9 KPI002 not well-formed YAML: `%` cannot begin a value; put the value in quotes",
        ),
        (
            "    kind: metric",
            "   kind: metric",
            "8 KPI002 not well-formed YAML: the indentation does not match the lines above",
        ),
        (
            "    roles: {accountable: ha}\n",
            "---\nversion: 1\n",
            "14 KPI002 not well-formed YAML: another document after `---`; a file holds one",
        ),
    ],
)
def test_a_slip_is_told_with_what_to_write(tmp_path: Path, was: str, now: str, english: str) -> None:
    said, in_vietnamese = told(tmp_path, was, now)

    assert said == english
    assert in_vietnamese not in english


def test_a_name_with_its_accents_typed_otherwise_is_told_as_such(tmp_path: Path) -> None:
    path = tmp_path / "catalogue.yaml"
    composed, apart = (unicodedata.normalize(form, "hà") for form in ("NFC", "NFD"))
    named = CATALOGUE.replace("{id: ha,", f"{{id: {composed},").replace("accountable: ha", f"accountable: {apart}")
    path.write_text(named, encoding="utf-8")

    (problem,) = read([path]).problems

    assert problem.sentence == (
        f"there is no person or team `{apart}`; the accents of `{composed}` are of another Unicode form, copy it from"
        " where it is declared"
    )
