"""What was found in the state, as a person or a script reads it. Times are in the tenant's zone."""

import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict
from typing import Any

from streams.inspection.asked import Asked
from streams.inspection.changelogs import Found, Place
from streams.inspection.holdings import Activity, Baseline, Holding, Judged, Leaf, StoredRow

PIPE_COLUMNS = 160

Line = tuple[str, ...]


def as_object(found: Found) -> dict[str, Any]:
    """The one object of --json. A slot's `integer` counts in 1 / `scale` of its unit."""
    asked, (place, judged) = found.asked, found.judge
    kpi = asked.plan.kpi
    return {
        "kpi": asked.kpi,
        "subject": asked.subject,
        **({} if asked.series is None else {"series": asked.series}),
        "unit": kpi.unit,
        "grain": kpi.period.value,
        "period": asked.period,
        "anonymous": asked.is_anonymous,
        **{
            stage: [
                {
                    **_place(place),
                    "clock": _time(asked, held.clock_us),
                    "note": held.note,
                    "periods": [asdict(period) for period in held.periods],
                    "hours": _hours(asked, held.hours),
                }
                for place, held in places
            ]
            for stage, places in (("observe", found.observe), ("link", found.link))
        },
        "judge": {
            **_place(place),
            "clock": _time(asked, judged.clock_us),
            "sources": {source: _time(asked, clock_us) for source, clock_us in judged.sources.items()},
            "waiting": judged.waiting,
            "periods": [asdict(period) for period in judged.periods],
            "hours": _hours(asked, judged.hours),
            "value_rows": [asdict(row) for row in judged.rows],
            "alerts": [
                {
                    "class": alert.cls.value,
                    "period": alert.period,
                    "state": alert.state.value,
                    "since": _time(asked, alert.since_us),
                    "severity": alert.severity.value,
                }
                for alert in judged.alerts
            ],
            "baseline": judged.baseline and _baseline(asked, judged.baseline),
        },
    }


def show(found: Found) -> None:
    """Tables on stdout, stage by stage."""
    asked, (place, judged) = found.asked, found.judge
    kpi = asked.plan.kpi
    _say(f"{asked.kpi} of {_whose(asked)}: {kpi.unit}, by {kpi.period.value}")
    if asked.is_anonymous:
        _say("The KPI is anonymous: its values are not shown, nor what they are made of.")
    for stage, places in (("OBSERVE", found.observe), ("LINK", found.link)):
        if places:
            _say(f"\n{stage}")
            _table(
                ("Partition", "Offset", "End", "Lag", "Rows", "Seal", "Clock"),
                [(*_standing(place), _time(asked, held.clock_us) or "-") for place, held in places],
            )
            _table(
                ("Partition", "Period", "Events", "n", "Slot", "Integer"),
                [(str(place.partition), *line) for place, held in places for line in _slots(held.periods)],
                left=(1, 4),
            )
            for place, held in places:
                _note(f"partition {place.partition}: ", place.fault, held.note, _activity(asked, held.hours))
    _say("\nJUDGE")
    _table(
        ("Partition", "Offset", "End", "Lag", "Rows", "Seal", "Clock"),
        [(*_standing(place), _time(asked, judged.clock_us) or "-")],
    )
    _show_judged(asked, place, judged)
    if found.is_empty:
        _say(f"\nThe state holds nothing of {asked.kpi} for {_whose(asked)}{_in_period(asked)}.")


def _show_judged(asked: Asked, place: Place, judged: Judged) -> None:
    rows = {row.period: row for row in judged.rows}
    periods = {period.period: period for period in judged.periods}
    _table(("Period", "Events", "n", "Slot", "Integer"), list(_slots(judged.periods)), left=(0, 3))
    every = sorted({*periods, *rows}, key=lambda period: asked.spec.windows.parse(period)[1].start_us)
    _table(
        ("Period", "Value now", "n now", "Row", "Stored value", "Stored n"),
        [_value_line(period, periods.get(period), rows.get(period)) for period in every],
        left=(0, 3),
    )
    _note("", place.fault, _activity(asked, judged.hours))
    for alert in judged.alerts:
        since = _time(asked, alert.since_us)
        _say(f"alert {alert.cls.value}: {alert.state.value} since {since}, {alert.severity.value}, of {alert.period}")
    if judged.baseline is not None:
        of = judged.baseline
        _say(
            f"hourly baseline: {of.events:,.1f} events in {of.hours:,.1f} working hours (what the target promises "
            f"included), {of.judged:,} hours judged, next {_time(asked, of.next_us)}"
        )
    for line in _reported(asked, judged):
        _say(line)
    if judged.waiting:
        _say(f"{judged.waiting:,} slices wait for the slowest source")


def _reported(asked: Asked, judged: Judged) -> Iterator[str]:
    """How far the sources have reported, those of one time together, the slowest first."""
    by_time: dict[int, list[str]] = {}
    for source, clock_us in judged.sources.items():
        by_time.setdefault(-1 if clock_us is None else clock_us, []).append(source)
    for clock_us, sources in sorted(by_time.items()):
        named = "all sources" if len(by_time) == 1 else ", ".join(sources)
        until = "have not reported yet" if clock_us < 0 else f"reported until {_time(asked, clock_us)}"
        yield f"{named}: {until}"


def _place(place: Place) -> dict[str, Any]:
    return {
        "partition": place.partition,
        "offset": place.offset,
        "end": place.end,
        "lag": place.lag,
        "live_rows": place.rows,
        "fault": place.fault,
    }


def _standing(place: Place) -> Line:
    offset = "-" if place.offset is None else f"{place.offset:,}"
    seal = "ok" if place.fault is None else "BROKEN"
    return str(place.partition), offset, f"{place.end:,}", f"{place.lag:,}", f"{place.rows:,}", seal


def _slots(periods: Iterable[Holding]) -> Iterator[Line]:
    """(period, events, n, slot, integer), one line a slot."""
    for period in periods:
        head = (period.period, _number(period.events), _number(period.n))
        for leaf in period.leaves:
            yield (*head, leaf.what, _integer(leaf))
            head = ("", "", "")
        if not period.leaves:
            yield (*head, "", "")


def _integer(leaf: Leaf) -> str:
    if leaf.scale == 1:
        return f"{leaf.integer:,} {leaf.unit}".rstrip()
    return f"{leaf.integer:,} / {leaf.scale:,} {leaf.unit}".rstrip()


def _value_line(period: str, holding: Holding | None, row: StoredRow | None) -> Line:
    now = (_number(holding.value), _number(holding.n)) if holding else ("-", "-")
    if row is None:
        return period, *now, "none", "", ""
    if row.version == 0:
        return period, *now, "open", "", ""
    return period, *now, f"closed, version {row.version}", _number(row.value), _number(row.n)


def _activity(asked: Asked, hours: Activity | None) -> str | None:
    if hours is None:
        return None
    last = "none that still counts" if hours.last_us is None else _time(asked, hours.last_us)
    return f"{hours.events:,} events in the hours kept since {_time(asked, hours.first_us)}, the last {last}"


def _hours(asked: Asked, hours: Activity | None) -> dict[str, Any] | None:
    if hours is None:
        return None
    first, last = _time(asked, hours.first_us), _time(asked, hours.last_us)
    return {"events": hours.events, "first": first, "last": last}


def _baseline(asked: Asked, baseline: Baseline) -> dict[str, Any]:
    known = asdict(baseline)
    return known | {"next": _time(asked, known.pop("next_us"))}


def _whose(asked: Asked) -> str:
    return asked.subject if asked.series is None else f"{asked.subject}, series {asked.series}"


def _in_period(asked: Asked) -> str:
    return "" if asked.period is None else f" in {asked.period}"


def _time(asked: Asked, time_us: int | None) -> str | None:
    return None if time_us is None else asked.spec.windows.rfc3339(time_us)


def _number(number: int | float | None) -> str:
    if number is None:
        return "-"
    return f"{number:,}" if isinstance(number, int) else f"{number:,.6g}"


def _say(line: str) -> None:
    print(line)


def _note(before: str, *sentences: str | None) -> None:
    for sentence in sentences:
        if sentence is not None:
            _say(f"{before}{sentence}")


def _table(columns: Sequence[str], lines: Sequence[Line], left: Sequence[int] = ()) -> None:
    """A table with its numbers to the right and the columns `left` to the left; nothing where there are no lines."""
    if not lines:
        return
    # Rich takes 100 ms to import; --json does without.
    from rich.box import SIMPLE_HEAD
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=SIMPLE_HEAD, padding=(0, 1, 0, 0))
    for number, column in enumerate(columns):
        table.add_column(column, justify="left" if number in left else "right", overflow="fold")
    for line in lines:
        table.add_row(*(Text(cell) for cell in line))
    (Console() if sys.stdout.isatty() else Console(width=PIPE_COLUMNS)).print(table)
