"""What all partitions of JUDGE share: the catalogue compiled, whose KPI is whose, and which sources tell of them."""

from collections import defaultdict

from schemas.catalogue.models import Catalogue
from streams.core import frames
from streams.core.announce import Announcer
from streams.core.calendar import Calendars
from streams.core.measures.classes import MeasureClass
from streams.core.measures.growing import reach_us
from streams.core.measures.plan import Plan
from streams.core.membership import FOREVER_US
from streams.core.observe_spec import ObserveSpec
from streams.core.policy import MINUTE_US
from streams.core.series import parted
from streams.core.spread import route
from streams.core.targets import Targets
from streams.core.timers import minute_from
from streams.core.windows import Window


class JudgeSpec:
    """What every partition of JUDGE shares."""

    def __init__(self, catalogue: Catalogue, observe: ObserveSpec, targets: Targets, calendars: Calendars) -> None:
        self.catalogue = catalogue
        self.observe = observe
        self.plans = observe.spread.plans
        self.bases = observe.spread.bases
        self.grown = {base.kpi.id: self.plans[kpi] for kpi, base in self.bases.items()}
        """The KPI whose baseline another one counts, by that one's id."""
        self.layout = observe.spread.layout
        self.windows = observe.windows
        self.policy = observe.policy
        self.targets = targets
        self.calendars = calendars
        self.announcer = Announcer(catalogue, targets.scopes, observe.windows, observe.policy, calendars.tenant)
        parts = range(observe.partitions)
        self.subjects = {plan.kpi.id: frozenset(targets.subjects_of(plan.kpi)) for plan in self.plans.values()}
        self.sources = [f"{frames.FROM_OBSERVE}{part}" for part in parts]
        if observe.spread.has_keys:
            self.sources += [f"{frames.FROM_LINK}{part}" for part in parts]
        counted = observe.spread.counted.values()
        self.reaches_us = {plan.kpi.id: plan.reach_us + self._read_us(plan) for plan in counted}
        """How long after its end a period can change, or is read as a baseline."""
        self.groups_us = [max(map(self._read_us, group.plans)) for group in self.layout.groups]
        self.guarded: dict[str, list[Plan]] = defaultdict(list)
        for plan in self.plans.values():
            if plan.kpi.guardrail is not None:
                self.guarded[plan.kpi.guardrail].append(plan)
        over = [plan.kpi for plan in self.plans.values() if plan.measure_class is MeasureClass.ATTAINMENT]
        self.told_late = frozenset(kpi for one in over for kpi in (one.id, one.guardrail) if kpi is not None)
        """KPIs over KPIs, which other partitions tell of at their own pace, and what guards them."""

    def kept_us(self, late_us: int) -> tuple[dict[str, int], list[int]]:
        """How long after its end a period is kept, of each KPI and of each group of the layout; `late_us` longer where
        other partitions may still tell of it."""
        late = self.told_late
        reaches_us = {kpi: us + late_us * (kpi in late) for kpi, us in self.reaches_us.items()}
        groups = zip(self.layout.groups, self.groups_us, strict=True)
        groups_us = [us + late_us * any(plan.kpi.id in late for plan in group.plans) for group, us in groups]
        return reaches_us, groups_us

    def fits(self, kpi: str, subject: str, window_id: str) -> bool:
        """Whether a KPI of the catalogue, or what counts a baseline, may have a row, or an hour, of this name;
        `subject` may name a series."""
        plan = self.observe.spread.counted.get(kpi)
        whole, series = parted(subject)
        if plan is None or whole not in self.subjects[self.grown.get(kpi, plan).kpi.id]:
            return False
        if series is not None and (plan.kpi.by is None or window_id.startswith(frames.HOUR)):
            return False
        return window_id.startswith(frames.HOUR) or self.windows.parse(window_id)[0] is plan.kpi.period

    def closes_us(self, window: Window, plan: Plan | None = None) -> int:
        """When a period, or an hour, is over and its grace too. A KPI over KPIs closes after these: their scores may
        come from another partition."""
        wait_us = MINUTE_US if plan is not None and plan.measure_class is MeasureClass.ATTAINMENT else 0
        return minute_from(window.end_us + self.policy.grace_us) + wait_us

    def _read_us(self, plan: Plan) -> int:
        """How long after its end a period is read as the baseline of another one."""
        reader = self.grown.get(plan.kpi.id, plan)
        if reader.growing is None or (reader is plan and not reader.growing.reads_own):
            return 0
        us = reach_us(reader.kpi, reader.growing)
        return FOREVER_US if us is None else us


class Share:
    """What of it one partition judges."""

    def __init__(self, spec: JudgeSpec, partition: int) -> None:
        self.spec = spec
        self.partition = partition

    def fits(self, kpi: str, subject: str, window_id: str) -> bool:
        """Whether a row, or an hour, of this name is one of the catalogue that this partition judges."""
        return self.spec.fits(kpi, subject, window_id) and self.has(self.spec.observe.spread.counted[kpi], subject)

    def judges(self, plan: Plan, subject: str) -> bool:
        """Whether this partition judges a KPI's rows of a subject, and there may be any."""
        return subject in self.spec.subjects[plan.kpi.id] and self.has(plan, subject)

    def has(self, plan: Plan, subject: str) -> bool:
        """Whether what a KPI says of a subject comes here."""
        observe = self.spec.observe
        anonymous = plan.kpi.anonymous is not None
        return observe.partition_of(route(anonymous, subject, observe.org)) == self.partition
