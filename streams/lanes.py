"""A lane runs one stage on one partition: restore, then chunk by chunk and tick by tick, in order, one at a time.

Errors. A failed or unknown commit drops the state; the lane asks the group whether it still owns the partition and
restores only if so (a worker that was asleep must not fence the one that replaced it), else it waits for the next
assignment. A record that makes the stage raise becomes a dead letter `internal_error`; its neighbours count. A disk
that fails under the state is no fault of a record: the worker ends, and what was not committed is read again.

The recovery path is one, whatever happened (`_run`): open the ledger (fences every earlier owner), read the changelog
and check its manifest, load, seek to the offset of the offset row, flow. A start, a rebalance, a lost commit and a
worker with an empty disk differ only in what led there. A state in memory is used again only by a lane that was held
between two successive generations of the group (streams.agents).

What must hold, and what breaks otherwise (tests/streams/test_lanes.py, tests/kafka/test_workers.py):
- One thing at a time in a partition: feed, tick and settle run in this one task. Two at once would commit rows of a
  half-done chunk.
- The offset committed is that after the last record fed, and nothing is fed that is not committed or dropped: so while
  a transaction is open (`Now.more`) there is no tick, no settle and no delivery, and its last feed has `more` false
  even when the lane is told to stop, for the stage may hold its whole Step back until then.
- A chunk that fails behind others of its transaction takes them along: the state is half changed. All of it is read
  again from the last commit, chunk by chunk until past it (`_careful_to`), so that the one that fails is alone and can
  be fed record by record.
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
from streams.core.intake import KEY as GUARD_ROW
from streams.core.stage import (
    DeliveringState,
    Now,
    PartitionState,
    PlainRecord,
    Record,
    StageSpec,
    Step,
    StoreFailedError,
)
from streams.deliveries import Deliveries
from streams.gate import Gate
from streams.inbox import Inbox
from streams.lane_parts import Figures, LaneRules, Phase, Sink, Source, internal_error
from streams.origins import Origins
from streams.restoring import Progress, collector, load
from streams.tables import BEGIN_ANEW, ChangelogBrokenError, CommitLostError, Ledger
from streams.transaction import MOST_CHUNKS, Transaction
from streams.transport import Chunk

log = logging.getLogger("streams")

TICK_S = 0.25
RETRY_S = 0.5
RETRY_MAX_S = 5.0
TICK_FAILURES = 3
LOST_COMMITS = 10
"""In a row, without one that succeeds: Kafka refuses what the stage sends, and trying again changes nothing."""

FRESH_S = 2.0
"""Younger events are live, also where more of them wait; older ones are a backlog, which goes faster in few large
transactions. Without this, 10,000 events a second on a busy machine were a backlog for ever: each transaction gathered
for up to 5 s, and more than a chunk was always there by then."""
FOLLOW_S = 0.1
"""An open transaction waits so long for its next chunk; a fetch that was under way answers within FETCH_WAIT_MS."""


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
        self.figures = Figures()
        self.phase = Phase.RESTORING
        self.offset = 0
        self._wake = asyncio.Event()
        self._ledger = ledger
        self._source = source
        self._clock = clock
        self._deliveries = Deliveries(sink, rules.deliveries, self._wake)
        self.gate = Gate(spec.guard(tp.partition) if spec.guard else None, self._wake)
        self._rules = rules
        self._timings = rules.timings[spec.stage]
        self._origins = Origins(spec.stage)
        self._known_offset = False
        self._state: PartitionState | None = None
        self._halt = False
        self._task: asyncio.Task[None] | None = None
        self._next_tick = 0.0
        self._tick_failures = 0
        self._lost_commits = 0
        self.progress: Progress | None = None
        """Of the restore under way."""
        self._careful_to = -1
        """Until past this offset every chunk is committed by itself, so that one that fails is alone."""
        self._loop = asyncio.get_running_loop()
        self._inbox = Inbox(rules.chunk_records, rules.chunk_s, self._loop.time)

    @property
    def name(self) -> str:
        """`stage/partition`, for logs."""
        return f"{self.spec.stage}/{self.tp.partition}"

    @property
    def state(self) -> PartitionState | None:
        """The live state; None while there is none to trust."""
        return self._state if self.phase is Phase.RUNNING else None

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
        return self._ledger.live_rows

    @property
    def hint(self) -> int | None:
        """Offset for lag tools; None before anything is known."""
        return self.offset if self._known_offset else None

    # -- life

    def start(self) -> None:
        """Restores if needed and runs until held or stopped."""
        self._halt = False
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
        task, self._task = self._task, None
        self._halt = True
        self._wake.set()
        if task is not None:
            # A restore is not worth waiting for: nothing of it is kept.
            done, _ = await asyncio.wait({task}, timeout=deadline - self._loop.time() if was_running else 0)
            if not done:
                task.cancel()
                with suppress(asyncio.CancelledError):
                    await task
                await self._drop()
        self._inbox.restart(self.offset)
        self.phase = Phase.HELD if self._state is not None else Phase.RESTORING

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
        self._wake.set()

    async def _run(self) -> None:
        failures = 0
        while not self._halt:
            try:
                if self._state is None:
                    async with self._rules.restores:
                        await self._ledger.open()
                        await self._restore()
                    await self._refuse_older()
                # Records come from here on, and are dropped unless the phase says so: nothing may be awaited between.
                await self._go_on()
                self.phase = Phase.RUNNING
                self.figures.progressed_at = self._loop.time()
                failures = 0
                await self._flow()
            except CommitLostError as error:
                log.warning("%s: the commit is lost (%s); the state is dropped", self.name, error)
                await self._drop()
                self._lost_commits += 1
                if self._lost_commits >= LOST_COMMITS:
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

    async def _go_on(self) -> None:
        """Reads on behind what is committed."""
        self.offset = await self._source.seek(self.tp, self.offset if self._known_offset else None)
        self._inbox.restart(self.offset)

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
        await self._go_on()
        if hint > self.offset:
            raise ChangelogBrokenError(
                f"{self._ledger.name} ends at offset {self.offset} of {self.tp.topic} where the consumer group has "
                f"been at {hint}: its end is missing; restore it, or {BEGIN_ANEW}"
            )

    async def _still_ours(self) -> bool:
        """Asks the group, again and again while the cluster does not answer."""
        while not self._halt:
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
        self._state = self.progress = None
        self.phase = Phase.RESTORING
        self._inbox.restart(self.offset)
        self._deliveries.forget()
        self._origins.forget()
        await self._ledger.close()

    async def _restore(self) -> None:
        """Builds the state from the changelog; `self.offset` is what its offset row says."""
        began = self._loop.time()
        self.progress = progress = Progress(self.name, self._loop.time)
        with collector.kept_out():
            restored = await self._ledger.read(progress)
            live_rows = len(restored.rows)
            guard_row = restored.rows.pop(GUARD_ROW, None)
            state = self.spec.open(self.tp.partition)
            await load(restored.rows, state.load, progress)
            state.ready()
        self._state = state
        self.progress = None
        took_s = self._loop.time() - began
        self.gate.load(guard_row, state)
        self._known_offset = restored.offset is not None
        self.offset = restored.offset or 0
        self._timings.restored_rows += live_rows
        self._timings.restore_s.observe(took_s)
        log.info(
            "%s: restored %d rows (of %d records) in %.2f s, goes on at offset %s",
            self.name,
            live_rows,
            restored.records,
            took_s,
            restored.offset if self._known_offset else "of the beginning",
        )

    # -- work

    async def _flow(self) -> None:
        while True:
            await self._wait_for_work()
            if self._deliveries.outcomes:
                await self._settle()
            if self._halt:
                return
            if self.gate.is_to_open:
                await self._commit(self.gate.open(self._now()), self.offset)
                self.gate.opened()
            if self._due_in_s() == 0.0:
                await self._feed()
            if self._state is None:  # dropped by a hold that could not wait
                return
            if self._loop.time() >= self._next_tick:
                await self._tick()

    async def _wait_for_work(self) -> None:
        wait_s = self._next_tick - self._loop.time()
        due_in_s = self._due_in_s()
        if due_in_s is not None:
            wait_s = min(wait_s, due_in_s)
        if self._halt or self._deliveries.outcomes or self.gate.is_to_open or wait_s <= 0:
            await asyncio.sleep(0)  # other lanes have their turn
            return
        self._wake.clear()
        with suppress(TimeoutError):
            await asyncio.wait_for(self._wake.wait(), wait_s)

    def _due_in_s(self) -> float | None:
        """Seconds until a chunk is to be fed, None while there is none or the gate is shut."""
        return None if self.gate.is_shut else self._inbox.due_in_s()

    def _now(self, more: bool = False, fresh: bool = False) -> Now:
        end = self._source.end(self.tp)
        caught_up = not more and not self._inbox and end is not None and self._inbox.read_to >= end
        return Now(self._clock.now_us(), caught_up, more, fresh)

    def _is_fresh(self, oldest_ms: int | None) -> bool:
        """Whether somebody waits for what comes of events of this age: no transaction is kept open for more then."""
        return oldest_ms is not None and self._clock.age_s(oldest_ms * 1000) < FRESH_S

    async def _feed(self) -> None:
        """Feeds chunks while the lane lags and the transaction has room, and commits them as one."""
        work = Transaction(self._loop.time())
        more = True
        while more:
            # Told to stop in between, the stage must still give out what it holds back.
            ends = work.records and (self._halt or self.gate.is_shut)
            records = [] if ends else self._inbox.take()
            if self._inbox.has_room:
                self._source.resume(self.tp)
            fresh = self._is_fresh(self._origins.take(records))
            async with self._rules.turn:
                more = not fresh and self._more_follows(work, records)
                now = self._now(more, fresh)
                step = self._feed_chunk(records, now)
            if step is None:
                await (self._feed_carefully(work, records) if work.records else self._feed_singly(records))
                return
            work.add(records, step)
            if records:
                self.gate.note(len(records), cast(PartitionState, self._state), work.last_offset + 1, now)
            if more and not self.gate.is_shut:
                await self._until_chunk()
        await self._commit(self.gate.seal(work.step), self._inbox.offset_after(work.last_offset))
        self._note_latency(work)
        self._deliveries.hand_out(self._state, self._now())

    def _feed_chunk(self, records: Sequence[Record], now: Now) -> Step | None:
        """What one chunk did; None when the stage failed on it."""
        started = self._loop.time()
        try:
            step = cast(PartitionState, self._state).feed(records, now)
        except StoreFailedError:
            raise
        except Exception:
            log.exception("%s: a chunk of %d records failed", self.name, len(records))
            return None
        took_s = self._loop.time() - started
        self._inbox.pace(len(records), took_s)
        self._note_feed(len(records), took_s)
        return step

    async def _feed_carefully(self, work: Transaction, records: Sequence[Record]) -> None:
        """A chunk failed behind others that are not committed: back to the last commit, and on chunk by chunk."""
        self._careful_to = records[-1].offset if records else work.last_offset
        await self._restore()
        await self._go_on()

    def _more_follows(self, work: Transaction, records: Sequence[Record]) -> bool:
        """Whether to keep the transaction open for another chunk: as much is left as one takes, and it has room."""
        if self._halt or not records or records[0].offset <= self._careful_to:
            return False
        left = (self._source.end(self.tp) or 0) - self._inbox.read_to + len(self._inbox)
        most = MOST_CHUNKS * self._rules.chunk_records
        return left >= self._inbox.limit and work.has_room(len(records), most, self._loop.time())

    async def _until_chunk(self) -> None:
        """Lets others run, and waits a little for a whole chunk."""
        await asyncio.sleep(0)
        deadline = self._loop.time() + FOLLOW_S
        while not (self._halt or self._inbox.has_chunk) and (left_s := deadline - self._loop.time()) > 0:
            self._wake.clear()
            with suppress(TimeoutError):
                await asyncio.wait_for(self._wake.wait(), left_s)

    def _by_clock(self, record: Record) -> Record:
        append_us = self._clock.of_wall_us(record.timestamp * 1000)
        return PlainRecord(record.offset, append_us // 1000, record.key, record.value, record.headers)

    def _note_latency(self, work: Transaction) -> None:
        age_s = self._clock.age_s
        self._timings.latency_s.observe_counted(
            [(age_s(time_ms * 1000), times) for time_ms, times in work.by_time.items()]
        )

    def _note_feed(self, records: int, took_s: float) -> None:
        self._timings.chunk_records.observe(records)
        self._timings.chunk_s.observe(took_s)

    async def _feed_singly(self, records: Sequence[Record]) -> None:
        """Feeds the records of a failed chunk one at a time to a fresh state; the one that fails is a dead letter."""
        await self._restore()
        now = self._now()
        whole = Step([], {})
        for number, record in enumerate(records):
            if number % 100 == 99:
                await asyncio.sleep(0)  # heartbeats go out between
            try:
                step = cast(PartitionState, self._state).feed([record], now)
            except StoreFailedError:
                raise
            except Exception as error:
                log.exception("%s: the record at offset %d is a dead letter", self.name, record.offset)
                self._timings.internal_errors += 1
                whole.sends.append(internal_error(self.tp, record, error, now))
                self._inbox.put_back(records[number + 1 :])
                self.gate.note(number + 1, cast(PartitionState, self._state), record.offset + 1, now, failed=1)
                await self._commit(self.gate.seal(whole), self._inbox.offset_after(record.offset))
                await self._restore()  # the failed feed may have left half of its effect
                return
            whole.sends.extend(step.sends)
            whole.rows.update(step.rows)
        self._note_feed(len(records), 0.0)
        self.gate.note(len(records), cast(PartitionState, self._state), records[-1].offset + 1, now)
        await self._commit(self.gate.seal(whole), self._inbox.offset_after(records[-1].offset))

    async def _tick(self) -> None:
        self._next_tick = self._loop.time() + TICK_S
        state, now = cast(PartitionState, self._state), self._now()
        await self._step_or_reload("tick", lambda: state.tick(now))
        self._deliveries.hand_out(self._state, self._now())

    async def _settle(self) -> None:
        outcomes = self._deliveries.take()
        state, now = cast(DeliveringState, self._state), self._now()
        await self._step_or_reload("settle", lambda: state.settle(outcomes, now))
        # Not only with the next tick: a recipient's messages go one after another, and would go four a second.
        self._deliveries.hand_out(self._state, self._now())

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
                self._halt = True
                return
            await self._restore()
            return
        self._tick_failures = 0
        if step.sends or step.rows:
            await self._commit(step, self.offset)
        elif not self._inbox:
            self.figures.progressed_at = self._loop.time()

    async def _commit(self, step: Step, offset: int) -> None:
        started = self._loop.time()
        step = self._origins.stamp(step)
        await self._ledger.commit(step, offset)
        self.offset = offset
        self._known_offset = True
        self._lost_commits = 0
        self.figures.progressed_at = self._loop.time()
        self._timings.transaction_s.observe(self.figures.progressed_at - started)
        oldest_ms = self._origins.committed(step)
        if oldest_ms is not None:
            self._timings.value_latency_s.observe(self._clock.age_s(oldest_ms * 1000))
