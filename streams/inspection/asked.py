"""What may be asked of a catalogue: a KPI and subject or series, of a period or of all of them."""

from dataclasses import dataclass

from schemas.catalogue.slips import guess
from streams.core.judge_spec import JudgeSpec
from streams.core.measures.plan import Plan
from streams.core.series import OTHER, joined
from streams.core.spread import route


@dataclass(frozen=True, slots=True)
class Asked:
    """One KPI and subject of a catalogue, and a period, or all of them; `series` None is the whole."""

    spec: JudgeSpec
    kpi: str
    subject: str
    period: str | None = None
    series: str | None = None

    @property
    def name(self) -> str:
        """What the subject, or its series, is counted under."""
        return self.subject if self.series is None else joined(self.subject, self.series)

    @property
    def plan(self) -> Plan:
        """The KPI, compiled."""
        return self.spec.plans[self.kpi]

    @property
    def is_anonymous(self) -> bool:
        """Whether values are hidden."""
        return self.plan.kpi.anonymous is not None

    @property
    def judge_partition(self) -> int:
        """The one partition of JUDGE that knows of it."""
        observe = self.spec.observe
        return observe.partition_of(route(self.is_anonymous, self.subject, observe.org))


class NotAskableError(ValueError):
    """The catalogue does not know of what is asked; one sentence."""


def check(asked: Asked, *, guessing: bool = True) -> Asked:
    """What is asked, if the catalogue knows of it. `guessing` names what may have been meant, people among it.

    Raises:
        NotAskableError: it does not, or the period is none of the KPI's.
    """
    spec, kpi, subject, period = asked.spec, asked.kpi, asked.subject, asked.period
    if kpi not in spec.plans:
        raise NotAskableError(f"the catalogue has no KPI {kpi!r}{guess(kpi, spec.plans)[1]}")
    if subject not in spec.targets.scopes:
        near = guess(subject, spec.targets.scopes)[1] if guessing else ""
        raise NotAskableError(f"the catalogue has no person, team, department or organisation {subject!r}{near}")
    if subject not in spec.subjects[kpi]:
        scopes = f"its scope is {asked.plan.kpi.scope.value}, and {subject} is finer"
        raise NotAskableError(f"KPI {kpi!r} has no rows of {subject!r}: {scopes}")
    _check_series(asked)
    if period is not None:
        grain = asked.plan.kpi.period
        try:
            known = spec.windows.parse(period)[0]
        except ValueError as error:
            raise NotAskableError(str(error)) from None
        if known is not grain:
            raise NotAskableError(f"{period!r} is a {known.value}, and KPI {kpi!r} goes by {grain.value}")
    return asked


def _check_series(asked: Asked) -> None:
    by = asked.plan.kpi.by
    if asked.series is None:
        return
    if by is None:
        raise NotAskableError(f"KPI {asked.kpi!r} has no series: it has no `by`")
    if asked.series == OTHER:
        rest = f"what is beyond the {by.most} largest of {by.field}"
        raise NotAskableError(f"{OTHER!r} is {rest}, folded when rows are published: ask for one of these")
