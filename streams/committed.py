"""The state of one partition as it is committed: restored from its changelog, changed by steps, dropped in doubt.

A lane (streams.lanes) owns one and says when; the format and the rule of who may commit are the ledger's
(streams.tables).

What must hold, and what breaks otherwise (tests/streams/test_lanes.py, test_lane_failures.py):
- `state`, `offset` and the gate's row change together: by a restore, or by a step and the commit that follows it. After
  a failed commit the state is ahead of what is committed and nobody may look at it: drop it.
- `offset` is what the last commit said, or where the source begins by now, also while there is no state: the group is
  asked with it whether the partition is still ours.
"""

import asyncio
import logging

from streams.clock import Clock
from streams.core.intake import KEY as GUARD_ROW
from streams.core.stage import PartitionState, StageSpec, Step
from streams.garbage import collector
from streams.gate import Gate
from streams.lane_parts import Figures
from streams.metrics.timings import StageTimings
from streams.origins import Origins
from streams.restoring import Progress, load
from streams.tables import CommitLostError, Ledger

log = logging.getLogger("streams")


class Committed:
    """State and source offset of one partition. `state` is None while there is none to trust."""

    def __init__(
        self,
        spec: StageSpec,
        partition: int,
        ledger: Ledger,
        gate: Gate,
        clock: Clock,
        timings: StageTimings,
    ) -> None:
        self.name = f"{spec.stage}/{partition}"
        """For logs."""
        self.stage = spec.stage
        self.gate = gate
        self.origins = Origins(spec.stage)
        self.timings = timings
        self.state: PartitionState | None = None
        self.offset = 0
        self.is_known = False
        """Whether `offset` was committed by anyone; else the partition is read from its beginning."""
        self.progress: Progress | None = None
        """Of the restore under way."""
        self.losses = 0
        """Commits that were lost since one succeeded."""
        self.figures = Figures()
        self._spec = spec
        self._partition = partition
        self._ledger = ledger
        self._clock = clock
        self._loop = asyncio.get_running_loop()

    @property
    def changelog(self) -> str:
        """Its name, for messages."""
        return self._ledger.name

    @property
    def live_rows(self) -> int:
        """Rows of the changelog that are not deleted, each packing what belongs together."""
        return self._ledger.live_rows

    async def open(self) -> None:
        """Fences every earlier owner, then restores.

        Raises:
            ChangelogBrokenError: the changelog was cut or altered.
            KafkaError, TimeoutError: the cluster does not answer.
        """
        await self._ledger.open()
        await self.restore()

    async def restore(self) -> None:
        """Builds the state from the changelog; `offset` is what its offset row says. Raises as `open` does."""
        began = self._loop.time()
        self.progress = progress = Progress(self.name, self._loop.time)
        with collector.kept_out():
            restored = await self._ledger.read(progress)
            live_rows = len(restored.rows)
            guard_row = restored.rows.pop(GUARD_ROW, None)
            state = self._spec.open(self._partition)
            await load(restored.rows, state.load, progress)
            state.ready()
        self.state = state
        self.progress = None
        took_s = self._loop.time() - began
        self.gate.load(guard_row, state)
        self.is_known = restored.offset is not None
        self.offset = restored.offset or 0
        self.timings.restored_rows += live_rows
        self.timings.restore_s.observe(took_s)
        log.info(
            "%s: restored %d rows (of %d records) in %.2f s, goes on at offset %s",
            self.name,
            live_rows,
            restored.records,
            took_s,
            restored.offset if self.is_known else "of the beginning",
        )

    async def commit(self, step: Step, offset: int) -> None:
        """Commits what the state did, with the source offset that it did it at.

        Raises:
            CommitLostError: it did not happen, or nobody can say.
        """
        started = self._loop.time()
        step = self.origins.stamp(step)
        try:
            await self._ledger.commit(step, offset)
        except CommitLostError:
            self.losses += 1
            raise
        self.offset = offset
        self.is_known = True
        self.losses = 0
        self.figures.progressed_at = self._loop.time()
        self.timings.transaction_s.observe(self.figures.progressed_at - started)
        oldest_ms = self.origins.committed(step)
        if oldest_ms is not None:
            self.timings.value_latency_s.observe(self._clock.age_s(oldest_ms * 1000))

    async def drop(self) -> None:
        """The state is not to be trusted any more, or not ours."""
        self.state = self.progress = None
        self.origins.forget()
        await self._ledger.close()
