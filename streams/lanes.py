"""A lane runs one stage on one partition: restore, then chunk by chunk and tick by tick, in order, one at a time.

Here is its life: when it restores, feeds (streams.feeding), ticks, settles, stops. What it holds is streams.committed.

Errors. A failed or unknown commit drops the state; the lane asks the group whether it still owns the partition and
restores only if so (a worker that was asleep must not fence the one that replaced it), else it waits for the next
assignment. A record that makes the stage raise becomes a dead letter `internal_error`; its neighbours count. A disk
that fails under the state is no fault of a record: the worker ends, and what was not committed is read again.

The recovery path is one, whatever happened (`_run`): open the ledger (fences every earlier owner), read the changelog
and check its manifest, load, seek to the offset of the offset row, flow. A start, a rebalance, a lost commit and a
worker with an empty disk differ only in what led there. A state in memory is used again only by a lane that was held
between two successive generations of the group (streams.agents).

What must hold, and what breaks otherwise (tests/streams/test_lane*.py, tests/kafka/test_workers.py):
- One thing at a time in a partition: feed, tick and settle run in this one task. Two at once would commit rows of a
  half-done chunk.
- Messages go out after the commit only: what they say must have happened.
- After a lost commit ask the group first, restore then. A zombie that restores fences its successor, and the two would
  take turns for ever.
- Nothing here holds the loop for more than some 200 ms (`streams.inbox.SLOW_FEED_S` for the stage's part): the group's
  heartbeats run in it.
"""

import asyncio
import logging
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import cast

from aiokafka import TopicPartition
from aiokafka.errors import KafkaError

from streams.clock import Clock
from streams.committed import Committed
from streams.core.stage import (
    DeliveringState,
    PartitionState,
    PlainRecord,
    Record,
    StageSpec,
    Step,
    StoreFailedError,
)
from streams.deliveries import Deliveries
from streams.feeding import Feeding
from streams.gate import Gate
from streams.inbox import Inbox
from streams.lane_parts import Figures, LaneRules, Phase, Signals, Sink, Source
from streams.restoring import Progress
from streams.tables import BEGIN_ANEW, ChangelogBrokenError, CommitLostError, Ledger
from streams.transport import Chunk

log = logging.getLogger("streams")

TICK_S = 0.25
RETRY_S = 0.5
RETRY_MAX_S = 5.0
TICK_FAILURES = 3
LOST_COMMITS = 10
"""In a row, without one that succeeds: Kafka refuses what the stage sends, and trying again changes nothing."""


class Lane:
    """One stage on one partition. `start` and `hold` may be called again and again; `stop` once."""

    def __init__(
        self,
        spec: StageSpec,
        tp: TopicPartition,
        ledger: Ledger,
        source: Source,
        clock: Clock,
        sink: Sink | None,
        rules: LaneRules,
    ) -> None:
        self.spec = spec
        self.tp = tp
        self.phase = Phase.RESTORING
        self._signals = Signals()
        self._source = source
        self._clock = clock
        self._rules = rules
        self._task: asyncio.Task[None] | None = None
        self._next_tick = 0.0
        self._tick_failures = 0
        self._loop = loop = asyncio.get_running_loop()
        wake = self._signals.wake
        self._deliveries = Deliveries(sink, rules.deliveries, wake)
        self.gate = Gate(spec.guard(tp.partition) if spec.guard else None, wake)
        self._inbox = Inbox(rules.chunk_records, rules.chunk_s, loop.time)
        self._committed = Committed(spec, tp.partition, ledger, self.gate, clock, rules.timings[spec.stage])
        self._feeding = Feeding(tp, self._committed, self._inbox, source, clock, rules, self._signals)

    @property
    def name(self) -> str:
        """`stage/partition`, for logs."""
        return f"{self.spec.stage}/{self.tp.partition}"

    @property
    def state(self) -> PartitionState | None:
        """The live state; None while there is none to trust."""
        return self._committed.state if self.phase is Phase.RUNNING else None

    @property
    def offset(self) -> int:
        """The source offset of the last commit."""
        return self._committed.offset

    @property
    def progress(self) -> Progress | None:
        """Of the restore under way."""
        return self._committed.progress

    @property
    def figures(self) -> Figures:
        """For health."""
        return self._committed.figures

    @property
    def lag_records(self) -> int | None:
        """Offsets between what is processed and the end of the partition; None before the first fetch."""
        end = self._source.end(self.tp)
        if end is None:
            return None
        # Commit markers behind the last record count as processed.
        done = self.offset if self._inbox else max(self.offset, self._inbox.read_to)
        return max(0, end - done)

    @property
    def buffered(self) -> tuple[int, int]:
        """Records, and bytes of their values, that are fetched and not processed."""
        return len(self._inbox), self._inbox.bytes

    @property
    def state_rows(self) -> int:
        """Live rows of the changelog, each packing what belongs together."""
        return self._committed.live_rows

    @property
    def hint(self) -> int | None:
        """Offset for lag tools; None before anything is known."""
        return self.offset if self._committed.is_known else None

    # -- life

    def start(self) -> None:
        """Restores if needed and runs until held or stopped."""
        self._signals.halt = False
        self._deliveries.go_on()
        self.phase = Phase.RESTORING
        self._task = asyncio.create_task(self._run(), name=f"lane {self.name}")

    async def hold(self, within_s: float) -> None:
        """Lets deliveries under way settle, for half of `within_s` seconds at most, or the partition's next owner makes
        them again. Finishes the chunk at work and keeps the state; after `within_s` seconds gives both up instead."""
        deadline = self._loop.time() + within_s
        was_running = self.phase is Phase.RUNNING
        if was_running:
            await self._deliveries.drain(within_s / 2)
        task = self._task  # stays known until it has ended: a stop that comes meanwhile has to wait for it as well
        self._signals.halt = True
        self._signals.wake.set()
        if task is not None:
            # A restore is not worth waiting for: nothing of it is kept.
            done, _ = await asyncio.wait({task}, timeout=deadline - self._loop.time() if was_running else 0)
            if not done:
                task.cancel()
                with suppress(asyncio.CancelledError):
                    await task
                await self._drop()
        self._task = None
        self._inbox.restart(self.offset)
        self.phase = Phase.HELD if self._committed.state is not None else Phase.RESTORING

    async def stop(self, within_s: float) -> None:
        """The same, then lets go of everything."""
        await self.hold(within_s)
        await self._deliveries.cancel()
        await self._drop()
        self.phase = Phase.STOPPED

    def accept(self, chunk: Chunk) -> None:
        """Takes what was fetched, unless it was fetched before the last seek."""
        if self.phase is not Phase.RUNNING or chunk.epoch != self._source.epoch(self.tp):
            return
        records: Sequence[Record] = chunk.records
        if not self._clock.is_wall:
            records = [self._by_clock(record) for record in records]
        self._inbox.put(records, chunk.position)
        if self._inbox.is_full:
            self._source.pause(self.tp)
        self._signals.wake.set()

    async def _run(self) -> None:
        failures = 0
        while not self._signals.halt:
            try:
                if self._committed.state is None:
                    async with self._rules.restores:
                        await self._committed.open()
                    await self._refuse_older()
                # Records come from here on, and are dropped unless the phase says so: nothing may be awaited between.
                await self._feeding.go_on()
                self.phase = Phase.RUNNING
                self.figures.progressed_at = self._loop.time()
                failures = 0
                await self._flow()
            except CommitLostError as error:
                log.warning("%s: the commit is lost (%s); the state is dropped", self.name, error)
                await self._drop()
                if self._committed.losses >= LOST_COMMITS:
                    self._rules.fail(
                        f"{self.name}: {LOST_COMMITS} commits at offset {self.offset} failed, last: {error}"
                    )
                    return
                if not await self._still_ours():
                    return
            except (ChangelogBrokenError, StoreFailedError) as error:
                self._rules.fail(str(error))
                return
            except (KafkaError, OSError, TimeoutError) as error:
                await self._drop()
                if failures == 0:
                    log.warning("%s: not restored yet: %s", self.name, error or type(error).__name__)
                failures += 1
                await asyncio.sleep(min(RETRY_S * failures, RETRY_MAX_S))
                if not await self._still_ours():
                    return
            except asyncio.CancelledError:
                raise
            except Exception:
                log.exception("%s: a fault in the shell", self.name)
                self._rules.fail(f"{self.name}: a fault in the program (traceback above)")
                return

    async def _refuse_older(self) -> None:
        """A changelog whose tail is missing is a whole state of an earlier time; the group knows that there was more.

        Its hint is never ahead of what is committed, so a restored offset behind it is one that was lost. (Where
        retention deleted what lies between, the source begins behind the hint and there is nothing to repeat.)

        Raises:
            ChangelogBrokenError: going on would judge, publish and tell again what was told already.
            KafkaError, TimeoutError: the cluster does not answer.
        """
        hint = await self._source.remembered(self.tp)
        if hint is None or hint <= self.offset:
            return
        await self._feeding.go_on()
        if hint > self.offset:
            raise ChangelogBrokenError(
                f"{self._committed.changelog} ends at offset {self.offset} of {self.tp.topic} where the consumer group "
                f"has been at {hint}: its end is missing; restore it, or {BEGIN_ANEW}"
            )

    async def _still_ours(self) -> bool:
        """Asks the group, again and again while the cluster does not answer."""
        while not self._signals.halt:
            try:
                ours = await self._source.is_ours(self.tp, self.offset)
            except (KafkaError, OSError, TimeoutError):
                await asyncio.sleep(RETRY_S)
                continue
            if not ours:
                self.phase = Phase.LOST
                log.warning("%s: another worker owns the partition; waiting for the next assignment", self.name)
            return ours
        return False

    async def _drop(self) -> None:
        self.phase = Phase.RESTORING
        self._inbox.restart(self.offset)
        self._deliveries.forget()
        await self._committed.drop()

    # -- work

    async def _flow(self) -> None:
        while True:
            await self._wait_for_work()
            if self._deliveries.outcomes:
                await self._settle()
            if self._signals.halt:
                return
            if self.gate.is_to_open:
                await self._committed.commit(self.gate.open(self._feeding.now()), self.offset)
                self.gate.opened()
            if self._due_in_s() == 0.0:
                await self._feed()
            if self._committed.state is None:  # dropped by a hold that could not wait
                return
            if self._loop.time() >= self._next_tick:
                await self._tick()

    async def _wait_for_work(self) -> None:
        wait_s = self._next_tick - self._loop.time()
        due_in_s = self._due_in_s()
        if due_in_s is not None:
            wait_s = min(wait_s, due_in_s)
        if self._signals.halt or self._deliveries.outcomes or self.gate.is_to_open or wait_s <= 0:
            await asyncio.sleep(0)  # other lanes have their turn
            return
        self._signals.wake.clear()
        with suppress(TimeoutError):
            await asyncio.wait_for(self._signals.wake.wait(), wait_s)

    def _due_in_s(self) -> float | None:
        """Seconds until a chunk is to be fed, None while there is none or the gate is shut."""
        return None if self.gate.is_shut else self._inbox.due_in_s()

    def _by_clock(self, record: Record) -> Record:
        append_us = self._clock.of_wall_us(record.timestamp * 1000)
        return PlainRecord(record.offset, append_us // 1000, record.key, record.value, record.headers)

    async def _feed(self) -> None:
        await self._feeding.feed()
        self._hand_out()

    def _hand_out(self) -> None:
        self._deliveries.hand_out(self._committed.state, self._feeding.now())

    async def _tick(self) -> None:
        self._next_tick = self._loop.time() + TICK_S
        state, now = cast(PartitionState, self._committed.state), self._feeding.now()
        await self._step_or_reload("tick", lambda: state.tick(now))
        self._hand_out()

    async def _settle(self) -> None:
        outcomes = self._deliveries.take()
        state, now = cast(DeliveringState, self._committed.state), self._feeding.now()
        await self._step_or_reload("settle", lambda: state.settle(outcomes, now))
        # Not only with the next tick: a recipient's messages go one after another, and would go four a second.
        self._hand_out()

    async def _step_or_reload(self, what: str, work: Callable[[], Step]) -> None:
        try:
            step = work()
        except StoreFailedError:
            raise
        except Exception:
            self._tick_failures += 1
            log.exception("%s: %s failed (%d of %d)", self.name, what, self._tick_failures, TICK_FAILURES)
            if self._tick_failures >= TICK_FAILURES:
                self._rules.fail(f"{self.name}: {what} fails again and again (traceback above)")
                self._signals.halt = True
                return
            await self._committed.restore()
            return
        self._tick_failures = 0
        if step.sends or step.rows:
            await self._committed.commit(step, self.offset)
        elif not self._inbox:
            self.figures.progressed_at = self._loop.time()
