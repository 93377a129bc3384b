"""Whether a partition of kpi.events is still worth reading: when most of its last records were rejected, whoever sends
them is broken, and the partition waits for a person instead of turning into dead letters as a whole.

Decided after each chunk, from how many records it had and how many of them were rejected. What is kept over restarts
is the pause itself and what a person has let pass, not the counts: after a restart the guard has to see `least` records
before it judges.
"""

from collections import Counter, deque
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import msgspec

from schemas import topics
from schemas.alerts import Alert, AlertClass, Severity, Transition
from schemas.catalogue.models import Catalogue, Direction, Period
from streams.core.alerting import messages
from streams.core.alerting.lifecycle import Cause, Evidence, fingerprint
from streams.core.alerting.lifecycle import Step as AlertStep
from streams.core.alerting.messages import About
from streams.core.alerting.voice import Lang, Voice
from streams.core.calendar import zone_of
from streams.core.policy import GuardPolicy, Policy
from streams.core.stage import Send, Step
from streams.core.windows import Windows

KEY = msgspec.msgpack.encode(("intake",))
"""The guard's row in the changelog of its stage; there is none while nothing is out of the ordinary."""

Announce = Callable[[int, AlertStep, int], list[Send]]
"""(partition, transition, now in microseconds) -> records for kpi.alerts and kpi.notices."""


class _Row(msgspec.Struct, array_like=True, omit_defaults=True):
    """What is kept: since when it is paused and why, or from which offset on is judged again."""

    paused_us: int | None = None
    evidence: dict[str, Any] = {}
    judged_from: int = 0


class _Chunk(NamedTuple):
    records: int
    rejected: int
    reasons: Mapping[str, int]


_NO_REASONS: Mapping[str, int] = {}


class Recent:
    """Records and rejections among the last `window` records, from chunks of any size.

    Of the oldest chunk that reaches into the window, its share is counted as if its rejections lay evenly in it.
    """

    def __init__(self, window: int) -> None:
        self._window = window
        self._chunks: deque[_Chunk] = deque()
        self._records = self._rejected = 0

    def add(self, records: int, rejected: int, reasons: Mapping[str, int] = _NO_REASONS) -> None:
        """Take one chunk."""
        if not records:
            return
        self._chunks.append(_Chunk(records, rejected, reasons))
        self._records += records
        self._rejected += rejected
        while self._records - self._chunks[0].records >= self._window:
            gone = self._chunks.popleft()
            self._records -= gone.records
            self._rejected -= gone.rejected

    def count(self) -> tuple[int, int]:
        """(records, rejected), at most `window` records."""
        surplus = self._records - self._window
        if surplus <= 0:
            return self._records, self._rejected
        oldest = self._chunks[0]
        return self._window, self._rejected - oldest.rejected * surplus // oldest.records

    def main_reason(self) -> str | None:
        """The reason that most of the rejections have."""
        reasons: Counter[str] = Counter()
        for chunk in self._chunks:
            reasons.update(chunk.reasons)
        return max(reasons, key=lambda reason: (reasons[reason], reason), default=None)


class Pause(NamedTuple):
    """A paused partition: since when, and the numbers that it was paused for."""

    since_us: int
    evidence: Evidence


class Intake:
    """The guard of one partition; a `streams.core.stage.Guard`."""

    def __init__(self, partition: int, policy: GuardPolicy, announce: Announce) -> None:
        self.pause: Pause | None = None
        self._partition = partition
        self._policy = policy
        self._announce = announce
        self._judged_from = 0
        self._begin()

    @property
    def is_lifted(self) -> bool:
        """Paused by a guard that is switched off by now: to be resumed at once."""
        return self.pause is not None and not self._policy.ratio

    def load(self, row: bytes | None) -> None:
        """Go back to the row of the last commit, None where there is none.

        What was seen is a measure and stays: a record that always fails restores the state each time.
        """
        kept = _Row() if row is None else msgspec.msgpack.decode(row, type=_Row)
        self.pause = None if kept.paused_us is None else Pause(kept.paused_us, kept.evidence)
        self._judged_from = kept.judged_from

    def note(self, records: int, rejected: Mapping[str, int], offset: int, now_us: int) -> Step:
        """Take a chunk: how many records, how many of them were rejected for which reason, and the offset after it.

        What comes back is to be committed with the chunk; `pause` says whether to read on.
        """
        if not self._policy.ratio or self.pause is not None or not records:
            return Step([], {})
        rows: dict[bytes, bytes | None] = {}
        judged = records
        if self._judged_from:
            if offset <= self._judged_from:
                return Step([], rows)
            judged = min(records, offset - self._judged_from)
            self._judged_from = 0
            rows[KEY] = None
        # A correction may turn earlier events into dead letters, which are none of this chunk's records.
        self._recent.add(judged, min(records, sum(rejected.values())) * judged // records, rejected)
        seen, bad = self._recent.count()
        if seen < min(self._policy.least, self._policy.window) or bad <= self._policy.ratio * seen:
            return Step([], rows)
        self.pause = Pause(
            now_us,
            {
                "partition": self._partition,
                "offset": offset,
                "records": seen,
                "rejected": bad,
                "limit": self._policy.ratio,
                "reason": self._recent.main_reason(),
            },
        )
        rows[KEY] = msgspec.msgpack.encode(_Row(*self.pause))
        step = AlertStep(Transition.FIRING, Cause.FOUND, Severity.CRITICAL, self.pause.evidence, now_us)
        return Step(self._announce(self._partition, step, now_us), rows)

    def _begin(self) -> None:
        """Nothing is seen yet."""
        self._recent = Recent(self._policy.window)

    def resume(self, accept: int, now_us: int) -> Step:
        """End the pause; the next `accept` records are not judged. What comes back is to be committed."""
        if self.pause is None:
            return Step([], {})
        since_us, evidence = self.pause
        self._judged_from = int(evidence["offset"] or 0) + accept if accept else 0
        self._begin()
        self.pause = None
        row = msgspec.msgpack.encode(_Row(judged_from=self._judged_from)) if self._judged_from else None
        step = AlertStep(Transition.RESOLVED, Cause.RECOVERED, Severity.CRITICAL, evidence, since_us)
        return Step(self._announce(self._partition, step, now_us), {KEY: row})


def announcer(catalogue: Catalogue, windows: Windows, policy: Policy) -> Announce:
    """Words and records for pauses, in the tenant's language and time zone."""
    lang: Lang = "en" if (policy.locale or catalogue.tenant.locale) == "en" else "vi"
    voice = Voice(lang, zone_of(catalogue.tenant), catalogue.tenant.currency)

    def announce(partition: int, step: AlertStep, now_us: int) -> list[Send]:
        topic, subject = topics.EVENTS.name, f"{topics.EVENTS.name}/{partition}"
        day = windows.period(Period.DAY, step.since_us).id
        place = f"partition {partition}" if lang == "en" else f"phân vùng {partition}"
        about = About(AlertClass.PAUSED, topic, "", Direction.UP, place, is_person=False, period=day)
        message = messages.compose(about, step, now_us, voice)
        alert = Alert(
            at=windows.rfc3339(now_us),
            fingerprint=fingerprint(topic, subject, day, AlertClass.PAUSED),
            cls=AlertClass.PAUSED,
            kpi=topic,
            subject=subject,
            period=day,
            transition=step.transition,
            severity=step.severity,
            reason=message.reason,
            evidence=step.evidence,
        )
        notices = (messages.notice(alert, message, channel, voice) for channel in policy.channels)
        return [
            Send(topics.ALERTS, alert.fingerprint.encode(), alert.model_dump_json(by_alias=True).encode()),
            *(
                Send(topics.NOTICES, notice.recipient.encode(), notice.model_dump_json(by_alias=True).encode())
                for notice in notices
            ),
        ]

    return announce
