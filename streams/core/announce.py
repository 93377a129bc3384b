"""From an alert's transition to records: the public record on kpi.alerts, and a notice for each channel."""

from collections.abc import Mapping
from dataclasses import replace
from zoneinfo import ZoneInfo

from schemas import topics
from schemas.alerts import Alert, AlertClass, Transition
from schemas.catalogue.models import Catalogue, Period, text
from schemas.values import Scope
from streams.core.alerting import messages
from streams.core.alerting.lifecycle import Step as AlertStep
from streams.core.alerting.lifecycle import fingerprint
from streams.core.alerting.messages import About
from streams.core.alerting.voice import Voice
from streams.core.calendar import WorkingTime
from streams.core.measures.classes import MeasureClass
from streams.core.measures.plan import Plan
from streams.core.policy import Policy
from streams.core.stage import Send
from streams.core.windows import Windows

TOLD = (Transition.FIRING, Transition.RESOLVED, Transition.EXPIRED)
"""Transitions that somebody is told of; a pending alert is only recorded."""


class Announcer:
    """Words and records for the alerts of one catalogue."""

    def __init__(
        self,
        catalogue: Catalogue,
        scopes: Mapping[str, Scope],
        windows: Windows,
        policy: Policy,
        working_time: WorkingTime,
    ) -> None:
        tenant = catalogue.tenant
        self._windows = windows
        self._scopes = scopes
        self._channels = policy.channels
        lang = "en" if (policy.locale or tenant.locale) == "en" else "vi"
        self._voice = Voice("en" if lang == "en" else "vi", ZoneInfo(tenant.timezone), tenant.currency)
        self._working_time = working_time
        self._working_days_us: dict[str, int] = {}
        self._names = {person.id: person.name for person in catalogue.people if person.name}
        self._names |= {team.id: text(team.title, lang) for team in catalogue.teams if team.title}
        if tenant.title:
            self._names[tenant.id] = text(tenant.title, lang)
        self._lang = lang

    def transition(
        self, plan: Plan, subject: str, period: str, cls: AlertClass, step: AlertStep, now_us: int
    ) -> list[Send]:
        """The records of one transition."""
        kpi = plan.kpi
        about = About(
            cls=cls,
            kpi=text(kpi.title, self._lang),
            unit=kpi.unit,
            direction=kpi.direction,
            subject=self._names.get(subject, subject),
            is_person=self._scopes.get(subject) is Scope.PERSON,
            period=period,
            is_kept=plan.measure_class is MeasureClass.RETENTION,
        )
        voice = replace(self._voice, working_day_us=self._working_day_us(now_us))
        message = messages.compose(about, step, now_us, voice)
        alert = Alert(
            at=self._windows.rfc3339(now_us),
            fingerprint=fingerprint(kpi.id, subject, period, cls),
            cls=cls,
            kpi=kpi.id,
            subject=subject,
            period=period,
            transition=step.transition,
            severity=step.severity,
            reason=message.reason,
            evidence=step.evidence,
        )
        sends = [Send(topics.ALERTS, alert.fingerprint.encode(), alert.model_dump_json(by_alias=True).encode())]
        if step.transition in TOLD:
            for channel in self._channels:
                notice = messages.notice(alert, message, channel, voice)
                sends.append(Send(topics.NOTICES, channel.encode(), notice.model_dump_json(by_alias=True).encode()))
        return sends

    def _working_day_us(self, now_us: int) -> int:
        """How long a working day of the tenant is this month, for "1.5 working days"."""
        month = self._windows.period(Period.MONTH, now_us)
        if month.id not in self._working_days_us:
            clock = self._windows.clock
            days = self._working_time.working_days(clock.date(month.start_us), clock.date(month.end_us))
            worked_us = self._working_time.between(month.start_us, month.end_us)
            self._working_days_us[month.id] = worked_us // days if days and worked_us else self._voice.working_day_us
        return self._working_days_us[month.id]
