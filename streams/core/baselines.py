"""Growth as JUDGE reads it: a period's value against that of its baseline (MEASURES sections 3 and 4).

Before the period's end the baseline is read up to the same elapsed share of its own length: by the clock, or by
working time where the KPI is adjusted for it. Days of it count whole, the one in which that instant lies by its share.
Of what does not add up over days (distinct keys, journeys) the whole baseline is read, times that share where it is a
total. Only totals are adjusted: a ratio, mean or level of a longer stretch is no larger for that.
"""

from collections.abc import Callable, Iterator, Mapping
from fractions import Fraction

from schemas.catalogue.measures import Growth
from schemas.catalogue.measures_growth import Adjust, Between, Given
from schemas.catalogue.models import Period
from streams.core.calendar import WorkingTime
from streams.core.measures.growing import Growing, Volume
from streams.core.measures.plan import Plan, Rational, Reading
from streams.core.partials import NO_LINKED, Partials, Whose
from streams.core.windows import Window, Windows

Stretch = tuple[int, int]
"""[start_us, end_us)."""


class Baselines:
    """Readings of growth in one partition of JUDGE. Sums of whole days are remembered until a day changes."""

    def __init__(
        self,
        bases: Mapping[str, Plan],
        partials: Partials,
        windows: Windows,
        working_time: WorkingTime,
        now: Callable[[], int],
    ) -> None:
        self._bases = bases
        self._partials = partials
        self._windows = windows
        self._working_time = working_time
        self._now = now
        self._days: dict[tuple[str, str], dict[Stretch, list[int]]] = {}

    def reading(self, plan: Plan, subject: Whose, window_id: str) -> Reading:
        """By how much a KPI has grown, in its unit, and the events behind the period's own value."""
        window = self._windows.parse(window_id)[1]
        n, value = self._own(plan, subject, window_id)
        base = None if value is None else self._baseline(plan, subject, window, self._now())
        if value is None or not base:
            return Reading(None, n)
        rate = _growing(plan).rate(value / base)
        if rate is None:
            return Reading(None, n)
        grown = rate * plan.percent
        return Reading(grown.numerator if grown.denominator == 1 else float(grown), n)

    def volume(self, plan: Plan, subject: Whose, window: Window, target: float) -> Volume | None:
        """The period's own value so far, the one at its end that makes the target, base x (1 + target) for each step,
        and the baseline to date. None where one of them is not known, or the measure does not grow from nothing: that
        has no pace."""
        growing = _growing(plan)
        if not growing.adds_up:
            return None
        _, value = self._own(plan, subject, window.id)
        base = self._baseline(plan, subject, window, window.end_us)
        if value is None or not base:
            return None
        to_date = self._baseline(plan, subject, window, self._now()) or 0
        whole = float(base) * (1 + target / plan.percent) ** growing.steps
        return Volume(float(value), whole, float(to_date))

    def forget(self, kpi: str, subject: str) -> None:
        """A day of a baseline has changed."""
        self._days.pop((kpi, subject), None)

    def clear(self) -> None:
        """Free what can be summed up again."""
        self._days.clear()

    def readers(self, plan: Plan, window: Window, known: Stretch) -> Iterator[Window]:
        """The periods whose baseline has a part in a window, a day of it or all; `known` is the time of all rows."""
        growing, grain = _growing(plan), plan.kpi.period
        if growing.periods == 0:
            yield from self._windows.between(grain, *known)
            return
        reader = self._windows.period(grain, window.start_us)
        for _ in range(growing.periods):
            reader = self._windows.next(grain, reader)
        yield reader

    # -- the baseline

    def _own(self, plan: Plan, subject: Whose, window_id: str) -> tuple[int, Fraction | None]:
        vector, linked = self._partials.parts(plan, subject, window_id)
        return plan.reading(vector, linked).n, _fraction(plan.read(vector, linked))

    def _baseline(self, plan: Plan, subject: Whose, window: Window, now_us: int) -> Fraction | None:
        """The value that the period's own is measured against at an instant."""
        growing = _growing(plan)
        against = growing.parts.against
        share = elapsed_share(growing, window, now_us, self._working_time)
        part = share if growing.adds_up else Fraction(1)
        if isinstance(against, Given):
            return Fraction(str(against.value)) * part
        stretch = stretch_of(plan, window, self._windows)
        if growing.by_days:
            base = self._of_days(plan, subject, stretch, reached(growing, stretch, share, self._working_time))
        else:
            base = self._of_period(plan, subject, stretch)
            base = None if base is None else base * part
        if base is None or not growing.adds_up:
            return base
        longer = longer_than(stretch, window, growing.parts.adjust, self._windows, self._working_time)
        return None if longer is None else base * longer

    def _of_period(self, plan: Plan, subject: Whose, stretch: Stretch) -> Fraction | None:
        """A baseline that is one period, of the KPI itself or of what counts its baseline."""
        counting = self._bases.get(plan.kpi.id, plan)
        window = self._windows.period(counting.kpi.period, stretch[0])
        return _fraction(counting.read(*self._partials.parts(counting, subject, window.id)))

    def _of_days(self, plan: Plan, subject: Whose, stretch: Stretch, until_us: int) -> Fraction | None:
        """A baseline up to an instant, from its days: of the last one as large a share as has passed of it."""
        base = self._bases[plan.kpi.id]
        day = self._windows.period(Period.DAY, until_us)
        vector = self._whole_days(plan, base, subject, (stretch[0], min(day.start_us, stretch[1])))
        parts = 1
        if stretch[0] <= day.start_us < until_us:
            parts, passed = day.end_us - day.start_us, until_us - day.start_us
            last, _ = self._partials.parts(base, subject, day.id)
            vector = [whole * parts + part * passed for whole, part in zip(vector, last, strict=True)]
        value = _fraction(base.read(vector, NO_LINKED))
        return value / parts if value is not None and _growing(plan).adds_up else value

    def _whole_days(self, plan: Plan, base: Plan, subject: Whose, stretch: Stretch) -> list[int]:
        if isinstance(subject, tuple):
            totals = [self._whole_days(plan, base, one, stretch) for one in subject]
            return [sum(slots) for slots in zip(*totals, strict=True)]
        known = self._days.setdefault((plan.kpi.id, subject), {})
        if stretch not in known:
            if len(known) > 100:
                known.clear()
            total = [0] * base.width
            for day in self._windows.between(Period.DAY, *stretch):
                vector, _ = self._partials.parts(base, subject, day.id)
                total = [whole + part for whole, part in zip(total, vector, strict=True)]
            known[stretch] = total
        return known[stretch]


def stretch_of(plan: Plan, window: Window, windows: Windows) -> Stretch:
    """All of the baseline of a period, where it is no stated number."""
    growing = _growing(plan)
    against = growing.parts.against
    if isinstance(against, Between):
        return windows.clock.start_of(against.from_), windows.clock.start_of(against.to)
    for _ in range(growing.periods):
        window = windows.period(plan.kpi.period, window.start_us - 1)
    return window.start_us, window.end_us


def elapsed_share(growing: Growing, window: Window, now_us: int, working_time: WorkingTime) -> Fraction:
    """The share of a period that is over."""
    now_us = min(max(now_us, window.start_us), window.end_us)
    worked_us = working_time.between(window.start_us, window.end_us)
    if growing.parts.adjust is Adjust.WORKING_TIME and worked_us > 0:
        return Fraction(working_time.between(window.start_us, now_us), worked_us)
    return Fraction(now_us - window.start_us, window.end_us - window.start_us)


def reached(growing: Growing, stretch: Stretch, share: Fraction, working_time: WorkingTime) -> int:
    """The instant at which the same share of the baseline was over."""
    start_us, end_us = stretch
    if share == 1:
        return end_us
    if growing.parts.adjust is Adjust.WORKING_TIME:
        worked_us = int(working_time.between(start_us, end_us) * share)
        due_us = working_time.due(start_us, worked_us)
        return end_us if due_us is None else min(due_us, end_us)
    return start_us + int((end_us - start_us) * share)


def longer_than(
    base: Stretch, window: Window, adjust: Adjust, windows: Windows, working_time: WorkingTime
) -> Fraction | None:
    """How many times as long as its baseline a period is; None where the baseline has no working time."""

    def dates(start_us: int, end_us: int) -> int:
        return (windows.clock.date(end_us) - windows.clock.date(start_us)).days

    if adjust is Adjust.NONE:
        return Fraction(1)
    measured = working_time.between if adjust is Adjust.WORKING_TIME else dates
    whole = measured(*base)
    return Fraction(measured(window.start_us, window.end_us), whole) if whole > 0 else None


def _growing(plan: Plan) -> Growing:
    assert isinstance(plan.kpi.measure, Growth)
    assert plan.growing is not None
    return plan.growing


def _fraction(value: Rational) -> Fraction | None:
    return Fraction(value.num, value.den) if value.den else None
