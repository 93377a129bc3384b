"""The tables of README.md and README.vi.md, from the declarations in the code; `python -m deploy.docs` writes them.

A table stands between `<!-- table NAME -->` and `<!-- end -->`; tests/test_readme.py fails where one is out of date.
The pages of all codes of `kpi check` are written with them (`check_pages`).
"""

import json
import re
import sys
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Literal

from click.testing import CliRunner
from pydantic_core import PydanticUndefined
from ruamel.yaml import YAML

from deploy import check_pages
from schemas.alerts import AlertClass
from schemas.catalogue.models import Kpi, text
from schemas.events.reasons import MEANINGS
from schemas.topics import ALL, DAY_MS, Topic
from streams.cli import main as kpi
from streams.metrics.definitions import METRICS
from streams.settings import PREFIX, Settings

REPO = Path(__file__).parent.parent
WEEK = REPO / "deploy" / "examples" / "first_steps"
WEEK_END = "2026-11-20T12:00:00+07:00"

Lang = Literal["en", "vi"]
Row = tuple[str, ...]
READMES: Mapping[str, Lang] = {"README.md": "en", "README.vi.md": "vi"}
MARKED = re.compile(r"<!-- table (?P<name>\w+) -->\n.*?<!-- end -->", re.DOTALL)

WORDS: Mapping[str, tuple[str, str]] = {
    "leading": ("leading", "dẫn dắt"),
    "lagging": ("lagging", "kết quả"),
    "metric": ("metric", "chỉ số"),
    "day": ("day", "ngày"),
    "week": ("week", "tuần"),
    "month": ("month", "tháng"),
    "quarter": ("quarter", "quý"),
    "year": ("year", "năm"),
    "person": ("person", "người"),
    "team": ("team", "đội"),
    "department": ("department", "phòng ban"),
    "org": ("organisation", "toàn công ty"),
}

ALERTS: Mapping[AlertClass, tuple[str, str]] = {
    AlertClass.STALLED: (
        "No valid event for longer than the expected rate explains, counted in the subject's own working time: nights, "
        "weekends, holidays and leave are not silence.",
        "Không có sự kiện hợp lệ nào lâu hơn mức nhịp thường lệ giải thích được, chỉ tính giờ làm việc của chính người "
        "hoặc đội đó: đêm, cuối tuần, ngày lễ và ngày nghỉ phép không bị coi là im lặng.",
    ),
    AlertClass.BEHIND: (
        "Below the pace that the target asks for by now, by working time.",
        "Thấp hơn nhịp mà mục tiêu đòi hỏi tính đến lúc này, theo giờ làm việc.",
    ),
    AlertClass.ANOMALY: (
        "An hour with far more or far fewer events than the same hours before.",
        "Một giờ có số sự kiện cao hoặc thấp khác hẳn những giờ tương tự trước đó.",
    ),
    AlertClass.PAUSED: (
        "Not about a KPI: most of the last records of a partition of `kpi.events` were rejected, and it is not read on "
        "until somebody runs `kpi resume`.",
        "Không phải về KPI: phần lớn bản ghi gần nhất của một phân vùng `kpi.events` bị từ chối, nên phân vùng đó tạm "
        "dừng cho đến khi có người chạy `kpi resume`.",
    ),
}

SETTINGS: Mapping[str, str] = {
    "broker_url": "Kafka brokers, `host:port`, several with commas between",
    "catalogue": "catalogue files or folders, several with commas between",
    "app_id": "consumer group and transactional ids; workers of one id share the work",
    "topic_prefix": "put before every topic name",
    "partitions": "partitions of the topics that a worker creates; must match those that are there",
    "replication": "replicas of the topics that a worker creates",
    "grace_s": "how far an event may be behind the watermark before it counts as late",
    "horizon_days": "how long events, identities and corrections are accepted after their time",
    "store": "where events inside the horizon live while a worker runs: `memory` or `rocksdb`; Kafka restores them",
    "state_dir": "where the `rocksdb` store keeps them: a disk, not a tmpfs; what is there is never needed again",
    "http_host": "address of the wallboard, /metrics, /livez and /readyz",
    "http_port": "their port; 0 takes a free one",
    "locale": "language of messages and wallboard; the catalogue's where unset",
    "person_label": "whether Prometheus series name people",
    "chat_urls": "where notices go: Apprise addresses, with spaces between",
    "security_protocol": "how to speak to Kafka",
    "sasl_mechanism": "how to log in to Kafka",
    "sasl_username": "user name for Kafka",
    "sasl_password": "password for Kafka",
    "ssl_cafile": "certificates to trust",
    "ssl_certfile": "certificate of this client",
    "ssl_keyfile": "its key",
    "chunk_records": "most records of one chunk, which is one transaction",
    "chunk_ms": "how long a chunk may wait to fill",
    "session_timeout_s": "how long a worker may be silent before its partitions go to another",
    "invalid_ratio": "share of rejected records above which a partition is paused until `kpi resume`; 0 never pauses",
    "invalid_window": "of how many of its last records",
    "invalid_least": "how many of them must have been seen",
    "log_level": "what is logged",
}


def kpis(lang: Lang) -> str:
    """Every KPI of the shipped templates."""
    head = {
        "en": ("id", "KPI", "kind", "unit", "period", "target as shipped", "template"),
        "vi": ("mã", "KPI", "loại", "đơn vị", "kỳ", "mục tiêu mẫu", "tệp mẫu"),
    }
    rows = (
        (
            kpi.id,
            text(kpi.title, lang),
            _word(kpi.kind, lang),
            kpi.unit,
            _word(kpi.period, lang),
            ", ".join(_target(kpi, lang)) or "–",
            f"`{file.name}`",
        )
        for file in sorted((REPO / "schemas" / "templates").glob("*.yaml"))
        for kpi in map(Kpi.model_validate, YAML(typ="safe", pure=True).load(file)["kpis"])
    )
    return _table(head[lang], rows)


def alerts(lang: Lang) -> str:
    """Every alert class."""
    head = {"en": ("class", "found when"), "vi": ("loại", "khi nào")}
    return _table(head[lang], ((f"`{one}`", ALERTS[one][lang == "vi"]) for one in AlertClass))


def week(lang: Lang) -> str:
    """What the week of deploy/examples/first_steps comes to: values of people, and every alert that fired or ended."""
    ran = CliRunner().invoke(
        kpi, ["replay", f"{WEEK / 'events.jsonl'}", "-c", f"{WEEK / 'catalogue.yaml'}", "--until", WEEK_END, "--json"]
    )
    if ran.exit_code:
        raise RuntimeError(ran.output)
    lines = [json.loads(line) for line in ran.stdout.splitlines()]
    values = (
        (
            one["kpi"],
            one["subject"],
            one["period"],
            *map(_number, (one["value"], one["target"], one["expected"])),
            one["status"],
        )
        for one in lines
        if one["kind"] == "value" and one["scope"] == "person" and one["version"] == 0
    )
    alerts = (
        (one["at"][:16].replace("T", " "), one["transition"], one["class"], one["reason"])
        for one in lines
        if one["kind"] == "alert" and one["transition"] != "pending"
    )
    return (
        _table(("kpi", "subject", "period", "value", "target", "expected by now", "status"), values)
        + "\n"
        + _table(("at", "transition", "class", "what is said"), alerts)
    )


def topics(lang: Lang) -> str:
    """Every topic, with the retention it is created with."""
    rows = ((f"`{topic.name}`", topic.key, topic.holds, _retention(topic)) for topic in ALL)
    return _table(("topic", "key", "holds", "kept"), rows)


def reasons(lang: Lang) -> str:
    """Every reason of a dead letter."""
    head = {"en": ("reason", "meaning"), "vi": ("lý do", "nghĩa")}
    return _table(head[lang], ((f"`{reason}`", getattr(meaning, lang)) for reason, meaning in MEANINGS.items()))


def settings(lang: Lang) -> str:
    """Every setting and its default."""
    rows = []
    for name, field in Settings.model_fields.items():
        default = "required" if field.default is PydanticUndefined else _plain(field.default)
        rows.append((f"`{PREFIX}{name.upper()}`", SETTINGS[name], default))
    return _table(("variable", "what it sets", "default"), rows)


def metrics(lang: Lang) -> str:
    """Every metric of a worker."""
    rows = ((f"`{one.name}`", one.type, ", ".join(one.labels) or "–", one.help) for one in METRICS)
    return _table(("metric", "type", "labels", "meaning"), rows)


TABLES: Mapping[str, Callable[[Lang], str]] = {
    one.__name__: one for one in (kpis, alerts, week, topics, reasons, settings, metrics)
}


def rendered(page: str, lang: Lang) -> str:
    """The page with all its tables as the code has them now.

    Raises:
        KeyError: the page asks for a table that there is not.
    """
    return MARKED.sub(lambda at: f"<!-- table {at['name']} -->\n\n{TABLES[at['name']](lang)}\n<!-- end -->", page)


def _word(name: str, lang: Lang) -> str:
    return WORDS[name][lang == "vi"]


def _target(kpi: Kpi, lang: Lang) -> Iterable[str]:
    for target in kpi.targets:
        amount = f"{target.value:,}" if lang == "en" else f"{target.value:,}".replace(",", ".")
        yield f"{amount} / {_word(target.per or kpi.scope, lang)}"


def _retention(topic: Topic) -> str:
    if topic.config.get("cleanup.policy") == "compact":
        return "newest per key"
    return f"{int(topic.config['retention.ms']) // DAY_MS} days"


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:,.1f}".removesuffix(".0")


def _plain(default: object) -> str:
    return (
        "–" if default in (None, ()) or default == "" else f"`{str(default).lower() if default is False else default}`"
    )


def _table(head: Row, rows: Iterable[Row]) -> str:
    lines = [head, tuple("---" for _ in head), *rows]
    return "".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |\n" for line in lines)


def main() -> int:
    """Writes the tables of both pages, and the pages of all codes."""
    for name, lang in READMES.items():
        page = REPO / name
        page.write_text(rendered(page.read_text(encoding="utf-8"), lang), encoding="utf-8")
    check_pages.write()
    return 0


if __name__ == "__main__":
    sys.exit(main())
