"""Every Kafka topic of the product, declared once: name, key, model, partitions and retention.

Creation, the start-up check, the AsyncAPI document and the README table all read this list.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

DAY_MS = 86_400_000


class Stage(StrEnum):
    """The agents of the road, in order; each has one source topic and one changelog."""

    OBSERVE = "observe"
    LINK = "link"
    JUDGE = "judge"
    NOTIFY = "notify"


@dataclass(frozen=True, slots=True)
class Topic:
    """One topic. `config` holds the Kafka topic settings that matter for correctness."""

    name: str
    key: str
    holds: str
    config: Mapping[str, str] = field(default_factory=dict)


COMPACTED = {"cleanup.policy": "compact"}
# Kafka never compacts the segment being written (1 GiB or 7 days by default), and every chunk writes an offset row:
# small segments keep what a restart has to read near the size of the state.
CHANGELOG = {
    **COMPACTED,
    "segment.bytes": str(32 << 20),
    "segment.ms": str(DAY_MS // 24),
    "min.cleanable.dirty.ratio": "0.2",
}
# Old event times must not let the broker delete a fresh record: time is the broker's append time.
APPEND_TIME = {"message.timestamp.type": "LogAppendTime"}

EVENTS = Topic(
    "kpi.events",
    "entity id (CloudEvents subject)",
    "activity events",
    {**APPEND_TIME, "retention.ms": str(120 * DAY_MS)},
)
LINKS = Topic(
    "kpi.links",
    "join value (explicit partition)",
    "reference counts for distinct keys",
    {"retention.ms": str(7 * DAY_MS)},
)
PARTIALS = Topic(
    "kpi.partials", "KPI subject (explicit partition)", "absolute partial aggregates", {"retention.ms": str(7 * DAY_MS)}
)
VALUES = Topic("kpi.values", "kpi|subject|period[|series]", "KPI values, one row a period and series", COMPACTED)
ALERTS = Topic("kpi.alerts", "alert fingerprint", "every alert transition", {"retention.ms": str(400 * DAY_MS)})
NOTICES = Topic("kpi.notices", "recipient", "messages to deliver", {"retention.ms": str(7 * DAY_MS)})
DEAD_LETTER = Topic(
    "kpi.dead-letter", "key of the rejected record", "rejected records with reason", {"retention.ms": str(30 * DAY_MS)}
)

PUBLIC = (EVENTS, LINKS, PARTIALS, VALUES, ALERTS, NOTICES, DEAD_LETTER)
SOURCES = {Stage.OBSERVE: EVENTS, Stage.LINK: LINKS, Stage.JUDGE: PARTIALS, Stage.NOTIFY: NOTICES}
CHANGELOGS = {stage: Topic(f"kpi.{stage}-changelog", "state row", f"state of {stage}", CHANGELOG) for stage in Stage}
ALL = (*PUBLIC, *CHANGELOGS.values())
