"""How far the partitions of JUDGE have told one another the scores of persons.

Each goes at its own pace: one may have passed the horizon before another has scored its first month. So what goes by
scores is settled when the slowest of them scores it no more, not when the own clock has passed the horizon. Once a day
each tells the others from when on it still scores; nothing that it sends later is about a period that ended before.
"""

from schemas import topics
from streams.core.frames import FROM_JUDGE, MOST_ENTRIES, Frame, Slice, Total
from streams.core.rows import Rows, packed
from streams.core.stage import Send

PEER, SETTLED = "peer", "settled"


class Peers:
    """What one partition of JUDGE has for the others, and has from them; the latter as its rows."""

    def __init__(self, rows: Rows, partition: int, partitions: int) -> None:
        self._rows = rows
        self.source = f"{FROM_JUDGE}{partition}"
        self._others = [other for other in range(partitions) if other != partition]
        self._totals: dict[int, list[Total]] = {}
        self._scores_from_us: int | None = None

    def take(self, frame: Frame) -> None:
        """Another partition has scored every period that ended before the frame's clock for good."""
        if frame.clock_us is not None:
            self._rows.put((PEER, frame.source), frame.clock_us)

    @property
    def settled_us(self) -> int:
        """Periods that ended before are scored no more by any partition, and what was told of them is published."""
        settled_us: int = (self._rows.get((SETTLED,)) or (0, 0))[0]
        return settled_us

    def pass_on(self, partition: int, total: Total) -> None:
        """A total of scores for another partition."""
        self._totals.setdefault(partition, []).append(total)

    def settle(self, oldest_us: int) -> None:
        """Another day: the own partition scores no period any more that ended before. What the others have told by now
        may still wait for its minute to restate a row, so it is settled with the next day."""
        self._scores_from_us = oldest_us
        told = [self._rows.get((PEER, f"{FROM_JUDGE}{other}")) or 0 for other in self._others]
        before = self._rows.get((SETTLED,)) or (0, 0)
        self._rows.put((SETTLED,), (before[1], min([oldest_us, *told])))

    def take_sends(self) -> list[Send]:
        """Totals, and after them from when on there may be more."""
        sends = []
        for target, totals in sorted(self._totals.items()):
            parts = [totals[at : at + MOST_ENTRIES] for at in range(0, len(totals), MOST_ENTRIES)]
            sends += [self._send(target, None, [Slice(0, totals=part)]) for part in parts]
        if self._scores_from_us is not None:
            sends += [self._send(target, self._scores_from_us, []) for target in self._others]
        self._totals, self._scores_from_us = {}, None
        return sends

    def _send(self, target: int, clock_us: int | None, slices: list[Slice]) -> Send:
        frame = Frame(self.source, clock_us, None, slices)
        return Send(topics.PARTIALS, self.source.encode(), packed(frame), partition=target)
