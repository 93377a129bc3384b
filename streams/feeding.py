"""How a lane feeds its stage: by chunks, several in one transaction while it lags; record by record when one fails.

What must hold, and what breaks otherwise (tests/streams/test_lanes.py, test_lane_failures.py):
- The offset committed is that after the last record fed, and nothing is fed that is not committed or dropped: so while
  a transaction is open (`Now.more`) there is no tick, no settle and no delivery, and its last feed has `more` false
  even when the lane is told to stop, for the stage may hold its whole Step back until then.
- A chunk that fails behind others of its transaction takes them along: the state is half changed. All of it is read
  again from the last commit, chunk by chunk until past it (`_careful_to`), so that the one that fails is alone and can
  be fed record by record.
- A disk that fails under the state (StoreFailedError) is no fault of a record, and leaves here as it is.
"""

import asyncio
import logging
from collections.abc import Sequence
from contextlib import suppress
from typing import cast

from aiokafka import TopicPartition

from streams.clock import Clock
from streams.committed import Committed
from streams.core.stage import Now, PartitionState, Record, Step, StoreFailedError
from streams.inbox import Inbox
from streams.lane_parts import LaneRules, Signals, Source, internal_error
from streams.transaction import MOST_CHUNKS, Transaction

log = logging.getLogger("streams")

FRESH_S = 2.0
"""Younger events are live, also where more of them wait; older ones are a backlog, which goes faster in few large
transactions. Without this, 10,000 events a second on a busy machine were a backlog for ever: each transaction gathered
for up to 5 s, and more than a chunk was always there by then."""
BETWEEN_CHUNKS = 8
"""Rounds of the event loop before a chunk, in which the commits of other lanes go on: requests go out, answers come
in, tasks wake one another. With one round between two chunks each of these steps waited for a chunk of another lane to
be computed, and on a busy core a transaction took ten times as long as a chunk."""
STAGE_SHARE = 3
"""Between small chunks a lane rests, so that those of one stage take a third of the worker's core at most. A chunk and
its commit cost the same however few records there are, and most rows that one writes the next writes again: at 1,000
events a second a chunk with every fetch took a whole core for what half of one does, and everything waited for it."""
COMMIT_S = 0.002
"""About what a transaction takes of the core besides the work on the chunk."""
MOST_REST_S = 0.2
FOLLOW_S = 0.1
"""An open transaction waits so long for its next chunk; a fetch that was under way answers within FETCH_WAIT_MS."""


async def _let_commits_go_on() -> None:
    for _ in range(BETWEEN_CHUNKS):
        await asyncio.sleep(0)


def rest_s(took_s: float, lanes: int) -> float:
    """From the beginning of a chunk that took `took_s` to that of the next, unless a whole one waits.

    >>> f"{rest_s(0.001, lanes=4):.3f} {rest_s(0.006, lanes=4):.3f} {rest_s(0.1, lanes=4):.3f}"
    '0.036 0.096 0.200'
    """
    return min(STAGE_SHARE * lanes * (took_s + COMMIT_S), MOST_REST_S)


class Feeding:
    """From the inbox of one partition to its committed state. Ends a transaction soon when `signals` say to stop."""

    def __init__(
        self,
        tp: TopicPartition,
        committed: Committed,
        inbox: Inbox,
        source: Source,
        clock: Clock,
        rules: LaneRules,
        signals: Signals,
    ) -> None:
        self._tp = tp
        self._committed = committed
        self._inbox = inbox
        self._source = source
        self._clock = clock
        self._rules = rules
        self._signals = signals
        self._name, self._timings = committed.name, committed.timings
        self._gate, self._origins = committed.gate, committed.origins
        self._stage = committed.stage
        self._took_s = 0.0
        """The work on the last chunk."""
        self._careful_to = -1
        """Until past this offset every chunk is committed by itself, so that one that fails is alone."""
        self._loop = asyncio.get_running_loop()

    def now(self, more: bool = False, fresh: bool = False) -> Now:
        """The time, and whether the partition is read to its end."""
        end = self._source.end(self._tp)
        caught_up = not more and not self._inbox and end is not None and self._inbox.read_to >= end
        return Now(self._clock.now_us(), caught_up, more, fresh)

    async def go_on(self) -> None:
        """Has the source read on behind what is committed.

        Raises:
            KafkaError: the partition is not ours any more, or the cluster does not answer.
        """
        committed = self._committed
        committed.offset = await self._source.seek(self._tp, committed.offset if committed.is_known else None)
        self._inbox.restart(committed.offset)

    async def feed(self) -> None:
        """Feeds chunks while the lane lags and the transaction has room, and commits them as one."""
        began_s = self._loop.time()
        work = Transaction(began_s)
        more = True
        while more:
            # Told to stop in between, the stage must still give out what it holds back.
            ends = work.records and (self._signals.halt or self._gate.is_shut)
            waiting = self._inbox.bytes
            records = [] if ends else self._inbox.take()
            work.read_bytes += waiting - self._inbox.bytes
            if self._inbox.has_room:
                self._source.resume(self._tp)
            fresh = self._is_fresh(self._origins.take(records))
            async with self._rules.turn:
                await _let_commits_go_on()
                more = not fresh and self._more_follows(work, records)
                now = self.now(more, fresh)
                step = self._feed_chunk(records, now)
            if step is None:
                await (self._feed_carefully(work, records) if work.records else self._feed_singly(records))
                return
            work.add(records, step)
            if records:
                self._gate.note(len(records), self._state, work.last_offset + 1, now)
            if more and not self._gate.is_shut:
                await self._until_chunk()
        self._inbox.rest(began_s + rest_s(self._took_s, self._rules.lanes(self._stage)))
        await self._commit(work.step, work.last_offset)
        self._note_latency(work)

    @property
    def _state(self) -> PartitionState:
        return cast(PartitionState, self._committed.state)

    async def _commit(self, step: Step, last_offset: int) -> None:
        await self._committed.commit(self._gate.seal(step), self._inbox.offset_after(last_offset))

    def _feed_chunk(self, records: Sequence[Record], now: Now) -> Step | None:
        """What one chunk did; None when the stage failed on it."""
        started = self._loop.time()
        try:
            step = self._state.feed(records, now)
        except StoreFailedError:
            raise
        except Exception:
            log.exception("%s: a chunk of %d records failed", self._name, len(records))
            return None
        took_s = self._loop.time() - started
        self._took_s = took_s
        self._inbox.pace(len(records), took_s)
        self._note_feed(len(records), took_s)
        return step

    async def _feed_carefully(self, work: Transaction, records: Sequence[Record]) -> None:
        """A chunk failed behind others that are not committed: back to the last commit, and on chunk by chunk."""
        self._careful_to = records[-1].offset if records else work.last_offset
        await self._committed.restore()
        await self.go_on()

    def _more_follows(self, work: Transaction, records: Sequence[Record]) -> bool:
        """Whether to keep the transaction open for another chunk: as much is left as one takes, and it has room."""
        if self._signals.halt or not records or records[0].offset <= self._careful_to:
            return False
        left = (self._source.end(self._tp) or 0) - self._inbox.read_to + len(self._inbox)
        most = MOST_CHUNKS * self._rules.chunk_records
        return left >= self._inbox.limit and work.has_room(len(records), most, self._loop.time())

    async def _until_chunk(self) -> None:
        """Lets others run, and waits a little for a whole chunk."""
        await asyncio.sleep(0)
        wake, deadline = self._signals.wake, self._loop.time() + FOLLOW_S
        while not (self._signals.halt or self._inbox.has_chunk) and (left_s := deadline - self._loop.time()) > 0:
            wake.clear()
            with suppress(TimeoutError):
                await asyncio.wait_for(wake.wait(), left_s)

    def _is_fresh(self, oldest_ms: int | None) -> bool:
        """Whether somebody waits for what comes of events of this age: no transaction is kept open for more then."""
        return oldest_ms is not None and self._clock.age_s(oldest_ms * 1000) < FRESH_S

    async def _feed_singly(self, records: Sequence[Record]) -> None:
        """Feeds the records of a failed chunk one at a time to a fresh state; the one that fails is a dead letter."""
        await self._committed.restore()
        now = self.now()
        whole = Step([], {})
        for number, record in enumerate(records):
            if number % 100 == 99:
                await asyncio.sleep(0)  # heartbeats go out between
            try:
                step = self._state.feed([record], now)
            except StoreFailedError:
                raise
            except Exception as error:
                log.exception("%s: the record at offset %d is a dead letter", self._name, record.offset)
                self._timings.internal_errors += 1
                whole.sends.append(internal_error(self._tp, record, error, now))
                self._inbox.put_back(records[number + 1 :])
                self._gate.note(number + 1, self._state, record.offset + 1, now, failed=1)
                await self._commit(whole, record.offset)
                await self._committed.restore()  # the failed feed may have left half of its effect
                return
            whole.sends.extend(step.sends)
            whole.rows.update(step.rows)
        self._note_feed(len(records), 0.0)
        self._gate.note(len(records), self._state, records[-1].offset + 1, now)
        await self._commit(whole, records[-1].offset)

    def _note_latency(self, work: Transaction) -> None:
        age_s = self._clock.age_s
        self._timings.latency_s.observe_counted(
            [(age_s(time_ms * 1000), times) for time_ms, times in work.by_time.items()]
        )

    def _note_feed(self, records: int, took_s: float) -> None:
        self._timings.chunk_records.observe(records)
        self._timings.chunk_s.observe(took_s)
