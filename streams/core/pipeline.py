"""The road of an event, in one place: which stages there are, and what they share.

    kpi.events -> OBSERVE -> kpi.links -> LINK -> kpi.partials -> JUDGE -> kpi.values, kpi.alerts, kpi.notices -> NOTIFY

A hop exists only where the key changes: an entity's events meet in OBSERVE, the holders of one distinct key in LINK,
all KPIs of one subject in JUDGE, all messages for one recipient in NOTIFY.
"""

from schemas.catalogue.models import Catalogue
from schemas.events.registry import Registry
from schemas.topics import Stage
from streams.core.calendar import build, zone_of
from streams.core.intake import Intake, announcer
from streams.core.judge import Judge, JudgeSpec
from streams.core.link import Link
from streams.core.link_spec import LinkSpec
from streams.core.membership import Membership
from streams.core.notify import NotifyPartition, NotifyPolicy
from streams.core.observe import Observe
from streams.core.observe_spec import ObserveSpec
from streams.core.policy import Policy
from streams.core.spread import Spread
from streams.core.stage import PartitionOf, StageSpec
from streams.core.store import OpenStore, in_memory
from streams.core.targets import Targets
from streams.core.windows import Windows


def compiled(
    catalogue: Catalogue, policy: Policy, partitions: int, partition_of: PartitionOf, open_store: OpenStore = in_memory
) -> JudgeSpec:
    """A checked catalogue as all stages share it: JUDGE's spec, which has those of the stages before in it."""
    windows = Windows(zone_of(catalogue.tenant))
    membership = Membership(catalogue, windows)
    calendars = build(catalogue)
    spread = Spread(catalogue, Registry.of(catalogue.event_types), membership, windows)
    targets = Targets(catalogue, spread.plans, membership, windows, calendars.tenant)
    observe = ObserveSpec(catalogue, spread, windows, policy, partitions, partition_of, open_store)
    return JudgeSpec(catalogue, observe, targets, calendars)


def stages(
    catalogue: Catalogue, policy: Policy, partitions: int, partition_of: PartitionOf, open_store: OpenStore = in_memory
) -> list[StageSpec]:
    """The stages of a checked catalogue over topics of `partitions` partitions, their events kept where `open_store`
    says. LINK is left out where no KPI counts distinct keys."""
    judge = compiled(catalogue, policy, partitions, partition_of, open_store)
    observe, windows, has_keys = judge.observe, judge.windows, judge.observe.spread.has_keys
    linking = LinkSpec(observe, catalogue.calendar, judge.calendars.tenant, Membership(catalogue, windows))
    notify = NotifyPolicy(sinks=policy.channels)
    paused = announcer(catalogue, windows, policy)
    road = [
        StageSpec(
            Stage.OBSERVE,
            lambda partition: Observe(observe, partition),
            lambda partition: Intake(partition, policy.guard, paused),
        ),
        StageSpec(Stage.LINK, lambda partition: Link(linking, partition)),
        StageSpec(Stage.JUDGE, lambda partition: Judge(judge, partition)),
        StageSpec(Stage.NOTIFY, lambda partition: NotifyPartition(partition, notify)),
    ]
    return road if has_keys else [spec for spec in road if spec.stage is not Stage.LINK]
