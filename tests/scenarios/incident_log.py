"""The incident log's KPIs computed by polars, straight from the table: no event and no line of the engine."""

from datetime import date, time, timedelta
from pathlib import Path

import polars as pl
from polars.dataframe.group_by import GroupBy

Values = dict[tuple[str, str, str], float]
"""By KPI, subject and period."""

OFFICE = time(8), time(18)
"""Opening hours from Monday to Friday, as the example's catalogue says."""
LIMITS = {"resolution_time": ("resolved_in_time", 10), "resolution_wall": ("resolved_in_two_days", 48)}
HOUR_S = 3600
LONG = timedelta(days=60)
"""More than any limit: a ticket resolved early is due later, perhaps after the end of the log."""


def values(path: Path) -> Values:
    """Every KPI of the example by team, department and organisation, and week."""
    return {**counts(path), **resolution_times(path)}


def updates(path: Path) -> pl.DataFrame:
    """The log by time and update number, its columns typed."""
    minute = "%d-%m-%Y %H:%M"
    log = pl.read_csv(path, infer_schema_length=0).with_columns(
        updated=pl.col("sys_updated_at").str.to_datetime(minute),
        opened=pl.col("opened_at").str.to_datetime(minute),
        mods=pl.col("sys_mod_count").cast(pl.Int64),
        reopens=pl.col("reopen_count").cast(pl.Int64),
        team=pl.when(pl.col("assignment_group") != "?").then(
            pl.col("assignment_group").str.to_lowercase().str.replace(" ", "-")
        ),
    )
    return log.sort("updated", "mods")


def counts(path: Path) -> Values:
    """Tickets opened, resolved and reopened, and the share of the last in the one before."""
    by_time = updates(path)
    resolved = by_time.filter(pl.col("incident_state") == "Resolved")
    reopened = by_time.filter(pl.col("reopens") > 0)
    firsts = {
        "tickets_opened": first_of(by_time, "number").with_columns(at="opened"),
        "tickets_resolved": first_of(resolved, "number", "reopens").with_columns(at="updated"),
        "tickets_reopened": first_of(reopened, "number", "reopens").with_columns(at="updated"),
    }
    found: Values = {}
    numbers = {kpi: by_week(table).agg(value=pl.len().cast(pl.Float64)) for kpi, table in firsts.items()}
    for kpi, table in numbers.items():
        collect(found, kpi, table)
    share = numbers["tickets_resolved"].join(
        numbers["tickets_reopened"], on=["subject", "period"], how="left", suffix="_reopened"
    )
    collect(
        found,
        "reopened_share",
        share.with_columns(value=pl.col("value_reopened").fill_null(0) / pl.col("value") * 100),
    )
    return found


def resolution_times(path: Path) -> Values:
    """How long tickets took, without the time in which the user was waited for: mean, 90 % and share within a limit."""
    found: Values = {}
    items = tickets(path)
    running = running_time(path, items)
    for kpi, pieces in (("resolution_time", in_office_hours(running)), ("resolution_wall", running)):
        before = pieces.filter(pl.col("start") < pl.col("resolved"))
        spent = (pl.min_horizontal("end", "resolved") - pl.col("start")).dt.total_seconds().sum() / HOUR_S
        took = before.group_by("number").agg(value=spent)
        answered = items.drop_nulls("resolved").join(took, on="number", how="left")
        weeks = by_week(answered.with_columns(pl.col("value").fill_null(0), at="resolved"))
        collect(found, kpi, weeks.agg(pl.col("value").mean()))
        collect(found, f"{kpi}_p90", weeks.agg(pl.col("value").sort().get((pl.len() * 9 + 9) // 10 - 1)))  # ceil(0.9 n)
        share, limit_hours = LIMITS[kpi]
        collect(found, share, resolved_within(items, pieces, timedelta(hours=limit_hours)))
    return found


def tickets(path: Path) -> pl.DataFrame:
    """Each ticket: opened, first resolved or never, and the teams that both are credited to."""
    log = updates(path)
    resolved = first_of(log.filter(pl.col("incident_state") == "Resolved"), "number")
    return (
        first_of(log, "number").select("number", "opened", opener="team")
        .join(resolved.select("number", "team", resolved="updated"), on="number", how="left")
        .with_columns(last=pl.lit(log["updated"].max()))
    )  # fmt: skip


def running_time(path: Path, items: pl.DataFrame) -> pl.DataFrame:
    """The stretches in which a ticket waits for somebody at the desk: from its opening on, but not from an update that
    waits for the user to the next one that does not. After the resolution nothing pauses any more."""
    asked = pl.col("incident_state") != "Awaiting User Info"
    steps = updates(path).select("number", start="updated", runs=asked)
    steps = steps.join(items, on="number").filter((pl.col("start") < pl.col("resolved")).fill_null(True))
    stretches = [
        items.select("number", start="opened", runs=True),
        steps.select("number", "start", "runs"),
        items.drop_nulls("resolved").select("number", start="resolved", runs=True),
    ]
    until = pl.col("start").shift(-1).over("number")
    return (
        pl.concat(stretches).sort("number", "start", maintain_order=True)
        .with_columns(end=until).join(items, on="number").filter("runs")
        .with_columns(pl.max_horizontal("start", "opened"), pl.col("end").fill_null(pl.col("last") + LONG))
        .filter(pl.col("start") < pl.col("end"))
    )  # fmt: skip


def in_office_hours(running: pl.DataFrame) -> pl.DataFrame:
    days = pl.DataFrame({"day": pl.date_range(date(2015, 1, 1), date(2018, 12, 31), eager=True)})
    opens, closes = (pl.col("day").dt.combine(at) for at in OFFICE)
    hours = days.filter(pl.col("day").dt.weekday() <= 5).select(opens=opens, closes=closes)
    together = running.join_where(hours, pl.col("start") < pl.col("closes"), pl.col("opens") < pl.col("end"))
    return together.with_columns(pl.max_horizontal("start", "opens"), end=pl.min_horizontal("end", "closes"))


def resolved_within(items: pl.DataFrame, pieces: pl.DataFrame, limit: timedelta) -> pl.DataFrame:
    """In the week in which a ticket was due: the share of those that were resolved by then."""
    spent = (pl.col("end") - pl.col("start")).cum_sum().over("number")
    over = pieces.sort("number", "start").with_columns(spent=spent).filter(pl.col("spent") >= limit)
    due = first_of(over, "number").select("number", at=pl.col("end") - (pl.col("spent") - limit))
    never = pl.col("resolved").is_null()
    counted = items.join(due, on="number").filter(~never | (pl.col("at") <= pl.col("last")))
    judged = counted.with_columns(
        team=pl.when(never).then("opener").otherwise("team"),
        good=(pl.col("resolved") <= pl.col("at")).fill_null(False),
    )
    return by_week(judged).agg(value=pl.col("good").mean() * 100)


def first_of(table: pl.DataFrame, *key: str) -> pl.DataFrame:
    return table.group_by(key, maintain_order=True).first()


def by_week(table: pl.DataFrame) -> GroupBy:
    """The rows of each subject that they count for, and ISO week of `at`."""
    department = pl.when(pl.col("team").is_not_null()).then(pl.lit("it-support"))
    everyone = per_subject(table, pl.col("team"), department, pl.lit("service-desk"))
    return everyone.with_columns(period=pl.col("at").dt.strftime("%G-W%V")).group_by("subject", "period")


def per_subject(table: pl.DataFrame, *subjects: pl.Expr) -> pl.DataFrame:
    """The rows once for each of the subjects they count for."""
    return pl.concat([table.with_columns(subject=subject) for subject in subjects])


def collect(found: Values, kpi: str, table: pl.DataFrame) -> None:
    for subject, period, value in table.select("subject", "period", "value").iter_rows():
        if subject is not None and value is not None:
            found[kpi, subject, period] = value
