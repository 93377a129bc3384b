"""The life of value rows: begun, published while open, closed as version 1, restated, withdrawn, forgotten.

An open row is published from what the partials say now; a closed one says what its version said, until a restatement.
What has changed in open rows waits for `publish`, so that only the newest state is sent; closed rows and withdrawals
are sent at once.
"""

from collections import defaultdict
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from schemas import topics
from schemas.values import Status, Value
from streams.core.layout import Layout
from streams.core.measures.plan import Plan, Reading
from streams.core.readings import Figures, Line, Readings, value_key
from streams.core.rows import Rows
from streams.core.stage import Send
from streams.core.tuples import new_tuple
from streams.core.windows import Window, Windows

try:
    from streams.core.telling import tell
except ImportError:  # installed where there was no compiler
    from streams.core.told import tell

ROW = "row"
"""Rows of [version, value, n]; of a closed one that is hollow or a projection, whether it is hollow, and what stands
beside the projection."""
Name = tuple[str, str, str]
"""(kpi, subject, period); in place of a subject there may be the name of one of its series (streams.core.series)."""


@dataclass(slots=True, eq=False)
class Block:
    """Open rows of the KPIs that share a vector, by KPI; `changed` may differ from what was published."""

    first: Line
    lines: dict[str, Line] = field(default_factory=dict)
    changed: set[str] = field(default_factory=set)
    is_calm: bool = False
    """Whether growth of the vector changes nothing but these rows."""
    is_told: bool = False
    """Whether some of them have slots to be told by."""


class ValueRows:
    """Rows of (kpi, subject, period): version, and of a closed row its value and n."""

    def __init__(self, rows: Rows, readings: Readings, layout: Layout, windows: Windows) -> None:
        self._rows = rows
        self._table = rows.table(ROW)
        self._readings = readings
        self._layout = layout
        self._windows = windows
        self._open: dict[tuple[str, str], dict[str, Line]] = defaultdict(dict)
        self._blocks: dict[tuple[int, str, str], Block] = {}
        self._changed: dict[Block, None] = {}
        self._sends: list[Send] = []

    def ready(self, plans: dict[str, Plan]) -> None:
        """Take up what the rows say. Every open row counts as changed: what was held back is not stored."""
        for key, (version, value, *more) in self._rows.items(ROW):
            kpi, subject, period = str(key[1]), str(key[2]), str(key[3])
            if version == 0:
                self._begin_line(plans[kpi], subject, self._window(period))
            elif isinstance(value, str):  # digits of what msgpack could not carry
                self._rows.read_as(key, [version, int(value), *more])

    # -- reading

    def names(self) -> Iterator[tuple[Name, int]]:
        """(kpi, subject, period) and version of every row."""
        for key, (version, *_) in self._rows.items(ROW):
            yield (str(key[1]), str(key[2]), str(key[3])), version

    def version(self, kpi: str, subject: str, period: str) -> int | None:
        """Version of a row; None where there is none."""
        row = self._table.get((ROW, kpi, subject, period))
        return None if row is None else row[0]

    def open_subjects(self, kpi: str, period: str) -> Iterable[str]:
        """Subjects whose row of a period is open."""
        return self._open.get((kpi, period), ())

    def current(self, kpi: str, period: str, subjects: Container[str], now_us: int) -> Iterator[Value]:
        """Open rows of some subjects for a period as of now, each before its series. A model is built only where a
        figure has changed since the last time it was asked for."""
        lines = self._open.get((kpi, period), {})
        for _, line in sorted([(name, line) for name, line in lines.items() if line.subject in subjects]):
            figures = self._figures(line, now_us)
            if line.current is None or _figures_of(line.current) != figures:
                line.current = line.model(figures, 0)
            yield line.current

    def one(self, plan: Plan, subject: str, window: Window, now_us: int) -> Value | None:
        """The row of a period as it stands, a closed one as its version said; None where there is none."""
        row = self._rows.get((ROW, plan.kpi.id, subject, window.id))
        if row is None:
            return None
        if row[0] == 0:
            line = self._readings.line(plan, subject, window)
            return line.model(self._figures(line, now_us), 0)
        return self._closed(plan, subject, window)

    def final(self, plans: dict[str, Plan], now_us: int) -> Iterator[Value]:
        """Every row; what is due for restatement is restated."""
        for (kpi, subject, period), version in self.names():
            plan, window = plans[kpi], self._window(period)
            if version == 0:
                line = self._open[(kpi, period)][subject]
                yield line.model(self._figures(line, now_us), 0)
                continue
            self.restate(plan, [subject], window)
            yield self._closed(plan, subject, window)

    # -- life

    def touch(self, kpi: str, subject: str, period: str) -> bool:
        """Have an open row published with the next; False where no row is open."""
        return self.touch_block(self._layout.of(kpi).number, subject, period, {kpi: None})

    def touch_block(self, number: int, subject: str, period: str, kpis: Mapping[str, None]) -> bool:
        """Have the open rows of KPIs of one group published with the next; False where one of them is not open."""
        block = self._blocks.get((number, subject, period))
        if block is None or not block.lines.keys() >= kpis.keys():
            return False
        block.changed.update(kpis)
        self._changed[block] = None
        return True

    @property
    def blocks(self) -> dict[tuple[int, str, str], Block]:
        """Those of all open rows, by group, subject and period."""
        return self._blocks

    def calm(self, number: int, subject: str, period: str) -> None:
        """Growth of this vector changes nothing but its open rows."""
        block = self._blocks.get((number, subject, period))
        if block is not None:
            block.is_calm = True

    def have_changed(self, blocks: Iterable[Block]) -> None:
        """Have what changed of these blocks published with the next."""
        self._changed.update(dict.fromkeys(blocks))

    def touch_all(self, kpi: str, period: str) -> None:
        """Have all open rows of a period published with the next."""
        for subject in self._open.get((kpi, period), ()):
            self.touch(kpi, subject, period)

    def begin(self, plan: Plan, subject: str, window: Window, *, closed: bool) -> None:
        """A new row; one of a period that is over begins as closed, and that of an anonymous KPI hidden: whether it may
        be shown is decided by siblings too, which may not have been told yet."""
        if closed:
            reading = self._readings.shown(plan, subject, window, closed=plan.kpi.anonymous is None)
            self._keep(plan, subject, window, 1, reading)
        else:
            self._rows.put((ROW, plan.kpi.id, subject, window.id), [0, None, 0])
            self._begin_line(plan, subject, window)

    def withdraw(self, plan: Plan, subject: str, window: Window) -> None:
        """Nothing stands any more that this row could be about."""
        kpi = plan.kpi.id
        if self._open.get((kpi, window.id), {}).pop(subject, None) is not None:
            self._end_line(kpi, subject, window.id)
        self.forget(kpi, subject, window.id)

    def forget(self, kpi: str, subject: str, period: str) -> None:
        """Drop a row, also on kpi.values."""
        self._rows.drop((ROW, kpi, subject, period))
        self._sends.append(Send(topics.VALUES, value_key(kpi, subject, period), None))

    def close(self, plan: Plan, window: Window) -> None:
        """A period is over and its grace too: its rows are final, version 1."""
        for subject, line in sorted(self._open.pop((plan.kpi.id, window.id), {}).items()):
            self._end_line(plan.kpi.id, subject, window.id)
            self._keep(plan, subject, window, 1, self._readings.shown(plan, subject, window, closed=True), line)

    def restate(self, plan: Plan, subjects: Iterable[str], window: Window) -> bool:
        """Closed rows whose value is no longer true, or that are hollow or no longer, get a new version; whether there
        were any."""
        restated = False
        for subject in subjects:
            row = self._rows.get((ROW, plan.kpi.id, subject, window.id))
            if row is not None and row[0] > 0:
                reading = self._readings.shown(plan, subject, window, closed=True)
                if reading != _reading(row) or self._has_turned(plan, subject, window, reading, row):
                    self._keep(plan, subject, window, row[0] + 1, reading)
                    restated = True
        return restated

    def tell_again(self, plan: Plan, subject: str, window: Window) -> None:
        """Publish a row whose target or name may have changed."""
        row = self._rows.get((ROW, plan.kpi.id, subject, window.id))
        if row[0] > 0:
            self._keep(plan, subject, window, row[0], _reading(row))

    def retime(self, plans: Mapping[str, Plan], subject: str, from_us: int, to_us: int) -> None:
        """The subject's working time has changed between two instants: what is expected in open rows, and whether a
        closed one of a period without any is missed."""
        for (kpi, named, period), version in list(self.names()):
            if named != subject:
                continue
            plan, window = plans[kpi], self._window(period)
            if window.end_us <= from_us or to_us <= window.start_us:
                continue
            if version > 0:
                self.tell_again(plan, subject, window)
                continue
            self._open[(kpi, period)][subject].working_time = self._readings.line(plan, subject, window).working_time
            self.touch(kpi, subject, period)

    def sweep(self, oldest_us: int, reaches_us: Mapping[str, int]) -> None:
        """Forget rows that nothing inside the horizon can change, those of some KPIs later; on kpi.values they stay."""
        for key, (version, *_) in self._rows.items(ROW):
            if version > 0 and self._window(str(key[3])).end_us < oldest_us - reaches_us[str(key[1])]:
                self._rows.drop(key)

    # -- publishing

    @property
    def waiting(self) -> int:
        """Open rows that may differ from what was published."""
        return sum([len(block.changed) for block in self._changed])

    def publish(self, now_us: int) -> int:
        """Send what has changed of open rows, as of now; how many rows were looked at."""
        looked = 0
        for block in self._changed:
            looked += len(block.changed)
            vector = self._readings.whole(block.first) if block.is_told else []
            lines = tell(block.lines, block.changed, vector, self._sends)
            for line, reading in zip(lines, self._readings.open(lines), strict=True):
                figures = self._readings.figures(line, reading, now_us, closed=False)
                if figures != line.shown:
                    line.shown = figures
                    self._sends.append(new_tuple(Send, (topics.VALUES, line.key, line.record(figures, 0), None, ())))
            block.changed.clear()
        self._changed = {}
        return looked

    def take_sends(self) -> list[Send]:
        """Records since they were last taken."""
        sends, self._sends = self._sends, []
        return sends

    def _figures(self, line: Line, now_us: int) -> Figures:
        (reading,) = self._readings.open([line])
        return self._readings.figures(line, reading, now_us, closed=False)

    def _keep(
        self, plan: Plan, subject: str, window: Window, version: int, reading: Reading, line: Line | None = None
    ) -> None:
        line = line or self._readings.line(plan, subject, window)
        figures = self._final_figures(line, reading)
        row: list[Any] = [version, reading.value, reading.n]
        hollow = figures.status is Status.HOLLOW
        if hollow or reading.raw is not None:
            row += [hollow, reading.raw, reading.matured]
        self._rows.put((ROW, plan.kpi.id, subject, window.id), row)
        self._sends.append(Send(topics.VALUES, line.key, line.record(figures, version)))

    def _closed(self, plan: Plan, subject: str, window: Window) -> Value:
        """A closed row as its version said."""
        row = self._rows.get((ROW, plan.kpi.id, subject, window.id))
        line = self._readings.line(plan, subject, window)
        return line.model(self._final_figures(line, _reading(row), hollow=_is_hollow(row)), row[0])

    def _has_turned(self, plan: Plan, subject: str, window: Window, reading: Reading, row: Sequence[Any]) -> bool:
        """Whether a guardrail says something else by now. One whose period goes on spoke at the close, and no more."""
        if not self._readings.guardrail_is_over(plan, window):
            return False
        figures = self._final_figures(self._readings.line(plan, subject, window), reading)
        return (figures.status is Status.HOLLOW) is not _is_hollow(row)

    def _final_figures(self, line: Line, reading: Reading, *, hollow: bool | None = None) -> Figures:
        return self._readings.figures(line, reading, line.window.end_us, closed=True, hollow=hollow)

    def _begin_line(self, plan: Plan, subject: str, window: Window) -> None:
        line = self._readings.line(plan, subject, window)
        kpi, period = plan.kpi.id, window.id
        self._open[(kpi, period)][subject] = line
        name = (self._layout.of(kpi).number, subject, period)
        block = self._blocks.get(name)
        if block is None:
            block = self._blocks[name] = Block(line)
        block.lines[kpi] = line
        block.is_told = block.is_told or line.slots is not None
        block.changed.add(kpi)
        self._changed[block] = None

    def _end_line(self, kpi: str, subject: str, period: str) -> None:
        name = (self._layout.of(kpi).number, subject, period)
        block = self._blocks[name]
        del block.lines[kpi]
        block.changed.discard(kpi)
        if not block.lines:
            del self._blocks[name]

    def _window(self, period: str) -> Window:
        return self._windows.parse(period)[1]


def _reading(row: Sequence[Any]) -> Reading:
    return Reading(row[1], row[2], *row[4:])


def _is_hollow(row: Sequence[Any]) -> bool:
    return len(row) > 3 and bool(row[3])


def _figures_of(value: Value) -> Figures:
    figures = value.value, value.target, value.expected, value.attainment, value.n, value.status
    return Figures(*figures, value.raw, value.matured)
