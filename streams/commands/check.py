"""`kpi check`: what is wrong, unwise or still open in a catalogue, as `file:line: severity CODE sentence`."""

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict
from datetime import date, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import click

from schemas.catalogue.lint import lint
from schemas.catalogue.load import Reading, read
from schemas.catalogue.models import Catalogue
from schemas.catalogue.problems import Finding, Problem, Severity
from streams import clock
from streams.core.calendar.build import check_calendars

_DONE = {
    "vi": "{kpis} KPI: {error} lỗi, {warning} cảnh báo, {info} ghi chú",
    "en": "{kpis} KPIs: {error} errors, {warning} warnings, {info} notes",
}


@click.command(name="check")
@click.argument("catalogue", nargs=-1, required=True, type=click.Path(exists=True, path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="Print a JSON array of problems.")
@click.option(
    "--today", type=click.DateTime(["%Y-%m-%d"]), help="The date to judge by (default: today in the tenant's zone)."
)
@click.option(
    "--lang", type=click.Choice(["vi", "en"]), help="Language of the sentences (default: the tenant's locale)."
)
def command(catalogue: tuple[Path, ...], as_json: bool, today: datetime | None, lang: str | None) -> None:
    """Validate and lint catalogue files or folders.

    Exit 0: nothing but notes; 1: errors or warnings; 2: wrong use.
    """
    reading = read(catalogue)
    problems = check(reading, today.date() if today else None)
    if as_json:
        click.echo(json.dumps([_row(problem) for problem in problems], ensure_ascii=False, indent=2, default=str))
    else:
        found = reading.catalogue
        locale = lang or (found.tenant.locale if found else "en")
        for problem in problems:
            click.echo(problem.said(locale))
        counts = Counter(problem.severity.value for problem in problems)
        kpis = len(found.kpis) if found else 0
        click.echo(
            _DONE[locale].format(kpis=kpis, **{str(severity): counts[severity] for severity in Severity}), err=True
        )
    if any(problem.severity is not Severity.INFO for problem in problems):
        raise SystemExit(1)


def check(reading: Reading, today: date | None = None) -> list[Problem]:
    """All problems of a reading, in order of place; the linter speaks only of a catalogue that can be loaded."""
    problems = list(reading.problems)
    found = reading.catalogue
    if found is not None:
        judged_on = today or clock.today(ZoneInfo(found.tenant.timezone))
        findings = [*_unusable_calendars(found), *lint(found, judged_on)]
        problems += [reading.problem(finding) for finding in findings]
    return sorted(problems, key=lambda problem: (problem.file, problem.line, problem.column, problem.code))


def _unusable_calendars(catalogue: Catalogue) -> Iterator[Finding]:
    """What only the calendar itself knows: countries and subdivisions whose holidays are known."""
    for fault in check_calendars(catalogue):
        yield Finding("KPI015", fault.path, fault.value, fault.vi, fault.en)


def _row(problem: Problem) -> dict[str, Any]:
    return {"severity": problem.severity.value, **asdict(problem)}
