"""The words that journeys share: moments in, an account out, and how the sum of accounts reads as a value."""

from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import NamedTuple, Protocol

from schemas.catalogue.models import Period
from schemas.values import Scope
from streams.core.accumulators.sparse import Sparse
from streams.core.calendar import WorkingTime
from streams.core.facts import Credit
from streams.core.series import joined
from streams.core.windows import Windows

POOL = "pool"
"""In place of a window id: what one KPI knows of all its items, whoever is credited, whatever the period."""
ALWAYS_US, FOREVER_US = -(1 << 62), 1 << 62

Chain = tuple[str | None, ...]
"""Person, team and department credited; the organisation always is. A fourth names the series that an event belongs to,
where it has one."""


class Moment(NamedTuple):
    """An event of an item; moments sort by (time, source, id). `roles` are bits that the journey gives a meaning;
    `origin` is the lead it is of, where that was merged into the item's."""

    time_us: int
    source: str
    id: str
    roles: int
    chain: Chain
    value: int = 0
    origin: str = ""


class Told(NamedTuple):
    """What an item adds to the values of some subjects in one window."""

    subjects: tuple[str, ...]
    window: str
    vector: Sparse


class Account(NamedTuple):
    """All that an item adds by now, the next instant at which time alone changes that, and the last instant of an event
    that could still change it."""

    told: list[Told]
    next_us: int | None
    keep_us: int


class View(NamedTuple):
    """From where one looks: the clock; the time before which windows are settled and not told of any more; the earliest
    event of all, before which nothing is said, None while there is none; whether the item is of leads that were merged
    into one."""

    now_us: int
    oldest_us: int = ALWAYS_US
    first_us: int | None = None
    merged: bool = False


class Ground:
    """What all items of a KPI share. The business clock is the tenant's."""

    def __init__(self, windows: Windows, grain: Period, scope: Scope, org: str, working_time: WorkingTime) -> None:
        self.windows = windows
        self.grain = grain
        self.working_time = working_time
        self._scope = scope
        self._org = org
        self._subjects: dict[Chain, tuple[str, ...]] = {}

    def subjects(self, chain: Chain, start: Chain | None = None) -> tuple[str, ...]:
        """Subjects that a moment is credited to, from the finest, then their series. `start` is the chain of the moment
        that names the series, where it is another one: an item belongs to the series that it began in."""
        if start is not None and start[3:] != chain[3:]:
            chain = (*chain[:3], *start[3:])
        known = self._subjects.get(chain)
        if known is None:
            if len(self._subjects) > 100_000:
                self._subjects.clear()
            person, team, department, *series = chain
            credit = Credit(person, team, department, self._org)
            whole = [subject for _, subject in credit.subjects(self._scope)]
            parts = [joined(subject, name) for name in series if name is not None for subject in whole]
            known = self._subjects[chain] = (*whole, *parts)
        return known


class Linked(NamedTuple):
    """What LINK has told of a (kpi, subject, period): the sparse vector of each linked leaf, and for some leaves the
    pool of all items; with the clock, the period that it is read for, and until when items have grown older."""

    vectors: Sequence[Mapping[int, int]]
    now_us: int = 0
    start_us: int = 0
    end_us: int = 0
    pools: Sequence[Mapping[int, int]] = ()
    aged_us: int = 0


class Journey(Protocol):
    """One measure. `account` depends on the set of moments, which come sorted, and on the view; on nothing else."""

    @property
    def reach_us(self) -> int:
        """How long after its end a period can still change, by an event that is not late."""
        ...

    def account(self, moments: Sequence[Moment], ground: Ground, view: View) -> Account:
        """What an item of these moments adds."""
        ...

    def prune(self, moments: Sequence[Moment], ground: Ground, oldest_us: int) -> list[Moment]:
        """The moments without those that can never matter again, for windows that end after an instant."""
        ...

    def read(self, vector: Mapping[int, int], linked: Linked, pool: Mapping[int, int]) -> Fraction | None:
        """The value of the sum of what items told, None where nothing can be said."""
        ...

    def count(self, vector: Mapping[int, int]) -> int:
        """The items behind the value."""
        ...


def aged_us(windows: Windows, end_us: int, now_us: int) -> int:
    """Until when the items of a period that ends at `end_us` have grown older.

    Ages go by the start of the clock's hour; once the period is over, by the start of the local day. So a projection
    changes with events and with the hour, not with every look: live rows are those of a replay to any instant of the
    same hour in which no item matures, and a closed row is restated once a day. An hour moves a share by a hundredth of
    what a day moves it.
    """
    if now_us < end_us:
        return windows.pane(now_us).start_us
    return max(windows.period(Period.DAY, now_us).start_us, end_us)


def first(moments: Sequence[Moment], role: int, from_us: int = ALWAYS_US, to_us: int = FOREVER_US) -> Moment | None:
    """The first moment of a role within [from_us, to_us], both inclusive."""
    return next((m for m in moments if m.roles & role and from_us <= m.time_us <= to_us), None)


def last_us(moments: Sequence[Moment]) -> int:
    """The time of the newest moment."""
    return moments[-1].time_us if moments else ALWAYS_US
