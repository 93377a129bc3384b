"""How old the events behind a value are: the append time of the oldest one travels along the road in a record header.

A lane notes the oldest event behind what it takes in, and stamps it on what it sends down the road. Where values come
out, the time from there to their commit is the latency that a person sees. No stage and no frame knows of it. What
JUDGE holds back to publish less often keeps its age; what waits there for a slower source does not, so while sources
lag this tells too little, and kpi_held_slices tells that they do.
"""

from collections.abc import Sequence

from schemas.topics import LINKS, PARTIALS, VALUES, Stage
from streams.core.stage import Record, Step

HEADER = "oldest"
ROAD = (LINKS, PARTIALS)


class Origins:
    """The oldest event behind what one lane has not told yet, in milliseconds by the lane's clock."""

    def __init__(self, stage: Stage) -> None:
        self._is_first = stage is Stage.OBSERVE
        self._is_last = stage is Stage.JUDGE
        self._oldest_ms: int | None = None

    def take(self, records: Sequence[Record]) -> int | None:
        """A chunk comes in; the oldest event behind it, None where there is none."""
        if self._is_first:
            # The broker's append times never go back within a partition.
            oldest_ms = records[0].timestamp if records else None
        else:
            told = [int(value) for record in records for name, value in record.headers if name == HEADER]
            oldest_ms = min(told, default=None)
        if oldest_ms is not None and (self._oldest_ms is None or oldest_ms < self._oldest_ms):
            self._oldest_ms = oldest_ms
        return oldest_ms

    def stamp(self, step: Step) -> Step:
        """The step with the header on what goes down the road."""
        if self._is_last or self._oldest_ms is None:
            return step
        header = (HEADER, str(self._oldest_ms).encode())
        sends = [send._replace(headers=(*send.headers, header)) if send.topic in ROAD else send for send in step.sends]
        return Step(sends, step.rows)

    def committed(self, step: Step) -> int | None:
        """The step is committed; the oldest event behind its values, if it has any."""
        if self._is_last and not any(send.topic is VALUES for send in step.sends):
            return None
        oldest_ms, self._oldest_ms = self._oldest_ms, None
        return oldest_ms if self._is_last else None

    def forget(self) -> None:
        """The state is dropped: what it held comes again."""
        self._oldest_ms = None
