"""What all partitions of JUDGE share: the catalogue compiled, whose KPI is whose, and which sources tell of them."""

from collections import defaultdict

from schemas.catalogue.models import Catalogue
from streams.core import frames
from streams.core.announce import Announcer
from streams.core.calendar import Calendars
from streams.core.measures.compile import Plan
from streams.core.observe import ObserveSpec
from streams.core.targets import Targets


class JudgeSpec:
    """What every partition of JUDGE shares."""

    def __init__(self, catalogue: Catalogue, observe: ObserveSpec, targets: Targets, calendars: Calendars) -> None:
        self.catalogue = catalogue
        self.observe = observe
        self.plans = observe.spread.plans
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
        self.guarded: dict[str, list[Plan]] = defaultdict(list)
        for plan in self.plans.values():
            if plan.kpi.guardrail is not None:
                self.guarded[plan.kpi.guardrail].append(plan)

    def fits(self, kpi: str, subject: str, window_id: str) -> bool:
        """Whether a KPI of the catalogue may have a row, or an hour, of this name."""
        if kpi not in self.plans or subject not in self.subjects[kpi]:
            return False
        is_hour = window_id.startswith(frames.HOUR)
        return is_hour or self.windows.parse(window_id)[0] is self.plans[kpi].kpi.period
