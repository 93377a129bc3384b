"""The KPI overview: where every KPI stands, who is behind, and what is alerted."""

from grafana_foundation_sdk.builders import dashboard as board
from grafana_foundation_sdk.models.dashboard import VariableOption, VariableRefresh, VariableSort

from deploy.grafana.panels import DATASOURCE, bars, dashboard, lines, query, row, stat, table, time_table
from streams.metrics import definitions as of

CHOSEN = 'kpi=~"$kpi", grain=~"$grain"'
COMPANY = f'{CHOSEN}, scope="org"'
DEPARTMENTS = f'{CHOSEN}, scope="department", subject=~"$department"'
TEAMS = f'{CHOSEN}, scope="team", subject=~"$team"'
PEOPLE = f'{CHOSEN}, scope="person", subject=~"$person"'

STATUS = {
    "none": ("Chưa có chỉ tiêu / No target", "text"),
    "on_track": ("Đúng tiến độ / On track", "blue"),
    "behind": ("Chậm tiến độ / Behind", "orange"),
    "hit": ("Đạt / Hit", "green"),
    "missed": ("Không đạt / Missed", "red"),
    "hollow": ("Đủ lượng, kém chất / Hollow", "purple"),
}


def overview() -> board.Dashboard:
    """Where every KPI stands, who is behind, and what is alerted."""
    subject = of.KPI_SUBJECT_INFO.name
    within = 'department=~"$department"'
    status = f"max by (kpi, subject, status) ({of.KPI_STATUS.name}{{{TEAMS}}})"
    active = f"{of.KPI_ALERT_ACTIVE.name}{{{CHOSEN}}}"
    return (
        dashboard(
            "kpi-overview",
            "KPI · Tổng quan / Overview",
            "Mỗi KPI đang ở đâu so với chỉ tiêu / Where every KPI stands against its target",
            "12h",
        )
        .with_variable(_variable("grain", "Kỳ / Period", f"{of.KPI_INFO.name}, grain"))
        .with_variable(_variable("kpi", "KPI", f'{of.KPI_INFO.name}{{grain=~"$grain"}}, kpi'))
        .with_variable(_variable("department", "Phòng ban / Department", f'{subject}{{scope="department"}}, subject'))
        .with_variable(_variable("team", "Nhóm / Team", f'{subject}{{scope="team", {within}}}, subject'))
        .with_variable(
            _variable("person", "Người / Person", f'{subject}{{scope="person", {within}, team=~"$team"}}, subject')
        )
        .annotation(
            board.AnnotationQuery()
            .name("Kết thúc kỳ / Period closed")
            .datasource(DATASOURCE)
            .enable(True)
            .icon_color("blue")
            .expr(f"changes({of.KPI_PERIOD_END.name}[1m]) > 0")
        )
        .with_row(row("Toàn công ty và phòng ban / Company and departments"))
        .with_panel(
            stat(
                "KPI theo trạng thái / KPIs by status",
                query(f'count by (status) ({of.KPI_STATUS.name}{{{CHOSEN}, scope!="person"}})', "{{status}}"),
                names=STATUS,
                width=10,
            )
        )
        .with_panel(
            stat(
                "Cảnh báo đang mở / Alerts firing",
                query(f'sum by (class) ({of.KPI_ALERTS.name}{{state="firing"}})', "{{class}}"),
                width=8,
            )
        )
        .with_panel(
            stat(
                "Thời gian còn lại của kỳ / Left in the period",
                query(f'max by (grain) ({of.KPI_PERIOD_END.name}{{grain=~"$grain"}}) - time()', "{{grain}}"),
                unit="s",
                width=6,
            )
        )
        .with_panel(
            bars(
                "Mức đạt chỉ tiêu của công ty / Attainment of the company",
                query(titled(f"{of.KPI_ATTAINMENT.name}{{{COMPANY}}}"), "{{title}}"),
            )
        )
        .with_panel(
            bars(
                "Mức đạt chỉ tiêu của phòng ban / Attainment of departments",
                query(titled(f"{of.KPI_ATTAINMENT.name}{{{DEPARTMENTS}}}"), "{{title}} · {{subject}}"),
            )
        )
        .with_row(row("Diễn biến / Over time"))
        .with_panel(
            lines(
                "$kpi: thực tế, kỳ vọng, chỉ tiêu / actual, expected, target",
                query(f"max by (kpi) ({of.KPI_VALUE.name}{{{COMPANY}}})", "Thực tế / Actual"),
                query(f"max by (kpi) ({of.KPI_EXPECTED.name}{{{COMPANY}}})", "Kỳ vọng đến nay / Expected by now"),
                query(f"max by (kpi) ({of.KPI_TARGET.name}{{{COMPANY}}})", "Chỉ tiêu / Target"),
                # Only a projected share has these.
                query(f"max by (kpi) ({of.KPI_VALUE_RAW.name}{{{COMPANY}}})", "Đã có đến nay / Seen so far"),
                query(f"max by (kpi) ({of.KPI_VALUE_MATURED.name}{{{COMPANY}}})", "Đã đủ thời hạn / Of full age"),
                width=8,
            )
            .repeat("kpi")
            .repeat_direction("h")
            .max_per_row(3)
        )
        .with_row(row("Dãy / Series"))
        .with_panel(
            lines(
                "Theo dãy của công ty (`by`) / By series, of the company",
                query(titled(f"{of.KPI_SERIES_VALUE.name}{{{COMPANY}}}", "kpi, series"), "{{title}} · {{series}}"),
                width=24,
            )
        )
        .with_row(row("Nhóm / Teams"))
        .with_panel(
            bars(
                "Mức đạt chỉ tiêu của nhóm / Attainment of teams",
                query(titled(f"{of.KPI_ATTAINMENT.name}{{{TEAMS}}}"), "{{title}} · {{subject}}"),
                width=10,
            )
        )
        .with_panel(
            table("Nhóm đang ở đâu / Where teams stand", figures(TEAMS), labelled=("status", status), names=STATUS)
        )
        .with_row(row("Người (cần KPI_PERSON_LABEL=true) / People (needs KPI_PERSON_LABEL=true)"))
        .with_panel(
            bars(
                "Mức đạt chỉ tiêu của từng người / Attainment of people",
                query(titled(f"{of.KPI_ATTAINMENT.name}{{{PEOPLE}}}"), "{{title}} · {{subject}}"),
                width=10,
            )
        )
        .with_panel(table("Từng người đang ở đâu / Where people stand", figures(PEOPLE)))
        .with_row(row("Cảnh báo / Alerts"))
        .with_panel(time_table("Cảnh báo hiện có / Alerts now", titled(active, "kpi, subject, class, severity, state")))
        .with_panel(
            lines(
                "Số cảnh báo / Alerts over time",
                query(f"sum by (class, state) ({of.KPI_ALERTS.name})", "{{class}} · {{state}}"),
            )
        )
    )


def titled(expr: str, by: str = "kpi, subject") -> str:
    """A KPI's figure with its title as a label. While two workers hand over a partition both tell it: hence max."""
    return f"max by ({by}) ({expr}) * on (kpi) group_left (title) max by (kpi, title) ({of.KPI_INFO.name})"


def figures(selector: str) -> dict[str, str]:
    """Column title -> query of a table of KPIs."""
    columns = {
        "Giá trị / Value": of.KPI_VALUE,
        "Chỉ tiêu / Target": of.KPI_TARGET,
        "Kỳ vọng đến nay / Expected by now": of.KPI_EXPECTED,
        "Mức đạt / Attainment": of.KPI_ATTAINMENT,
    }
    return {title: titled(f"{metric.name}{{{selector}}}") for title, metric in columns.items()}


def _variable(name: str, label: str, values: str) -> board.QueryVariable:
    return (
        board.QueryVariable(name)
        .label(label)
        .datasource(DATASOURCE)
        .query({"qryType": 1, "query": f"label_values({values})", "refId": "values"})
        .refresh(VariableRefresh.ON_TIME_RANGE_CHANGED)
        .sort(VariableSort.ALPHABETICAL_ASC)
        .multi(True)
        .include_all(True)
        .current(VariableOption(selected=True, text=["All"], value=["$__all"]))
    )
