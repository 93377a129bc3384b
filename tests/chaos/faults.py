"""The rows of the matrix: what is done to the workers and the cluster while events flow."""

import asyncio
import json
from collections import defaultdict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from tempfile import mkdtemp

from schemas.events.reasons import Reason
from tests.chaos.changelogs import CUTS, each_cut_is_refused, removed_share
from tests.chaos.company import (
    POISON_EVERY,
    Company,
    live_event,
    mixed_company,
    poisoned_company,
    two_years_company,
)
from tests.chaos.disk import Disk
from tests.chaos.run import UNDER_FAULT, BrokenError, Run
from tests.chaos.threads import in_thread
from tests.streams.sinks.receiver import Answer, receiving

MakeCompany = Callable[[Path, int, int, bool], Company]
"""(folder, events, seed, quiet)."""
OUTAGE_S = 60.0
FLUSHED_EVENTS = 200_000
"""So many that RocksDB, which writes 4 MB a partition at a time, writes again and again."""
POISONED_RECORDS = 500
"""KPI_CHUNK_RECORDS of the row in which each chunk has a bad event."""
HANGS = 1_000_000
"""Requests that a hanging sink leaves without answer: all."""


@dataclass(frozen=True)
class Row:
    """One line of the matrix. `bring` does the faults, `times` of them; when it returns, workers are left to finish."""

    name: str
    what: str
    times: int
    bring: Callable[[Run, int], Awaitable[None]]
    company: MakeCompany = mixed_company
    crashes: bool = True
    """Whether a delivery may be under way when its worker ends, and so be made again."""
    own_broker: bool = False
    """Whether the broker itself is stopped; others may share one."""
    wired: bool = False
    """Whether the workers reach the broker over a wire that can be cut."""
    least_events: int = 0
    """With fewer the fault does not happen."""


async def kill9(run: Run, times: int) -> None:
    """kill -9 at any moment, also while the worker restores; each time another takes its place."""
    worker = run.start_worker()
    for share in run.moments(times):
        if run.dice.random() < 0.25:
            await run.all_take_part()
            await asyncio.sleep(run.dice.uniform(0, 2))
        else:
            await run.reaches(share)
        await run.fault()
        run.kill(worker)
        worker = run.start_worker()


async def zombie(run: Run, times: int) -> None:
    """One of two workers sleeps until the group has given its partitions to the other, then goes on."""
    pair = [run.start_worker(), run.start_worker()]
    await run.all_run(*pair)
    for share in run.moments(times, latest=0.7):
        await run.reaches(share)
        sleeper = run.dice.choice(pair)
        (other,) = (worker for worker in pair if worker is not sleeper)
        await run.fault()
        run.freeze(sleeper)
        await run.all_run(other)
        await run.more_work()
        await asyncio.sleep(run.dice.uniform(0, 2))
        run.thaw(sleeper)
        await run.all_run(*pair)


async def rescale(run: Run, times: int) -> None:
    """One worker, then three, then one, which need not be the first."""
    group = [run.start_worker()]
    moments = iter(run.moments(2 * times))
    for up in moments:
        await run.reaches(up)
        await run.fault()
        group += [run.start_worker(), run.start_worker()]
        await run.all_run(*group)
        await run.reaches(next(moments))
        run.dice.shuffle(group)
        await asyncio.gather(*(run.stop(worker) for worker in group[1:]))
        del group[1:]


async def broker_restart(run: Run, times: int) -> None:
    """The broker ends, in order or at once, and comes back after a while."""
    run.start_worker()
    for share in run.moments(times):
        await run.reaches(share)
        await run.fault()
        await in_thread(run.dice.choice([run.broker.stop, run.broker.kill]))
        await asyncio.sleep(run.dice.uniform(1, 10))
        await in_thread(run.broker.start)


async def broker_unreachable(run: Run, times: int) -> None:
    """Nothing passes between workers and broker for a minute, while both of them live."""
    run.start_worker()
    run.start_worker()
    for share in run.moments(times):
        await run.reaches(share)
        await run.fault()
        run.wire.cut()
        await asyncio.sleep(OUTAGE_S)
        run.wire.mend()


async def poison(run: Run, times: int) -> None:
    """Bad lines are in the file; events under a wrong key come on top of it, and a kill between."""
    run.settings["KPI_CHUNK_RECORDS"] = str(POISONED_RECORDS)
    run.start_worker()
    stray = asyncio.create_task(_strays(run, 60))
    for share in run.moments(times):
        await run.reaches(share)
        await run.fault()
        run.kill(run.fleet[0])
        run.start_worker()
    await stray
    run.last_looks.append(lambda: _each_chunk_had_some(run))


async def _each_chunk_had_some(run: Run) -> None:
    """No chunk of full size was without a bad event, wherever it began."""
    bad = defaultdict[int, list[int]](list)
    for letter in [json.loads(record.value) for record in await run.whole_topic("kpi.dead-letter")]:
        bad[letter["partition"]].append(letter["offset"])
    longest = max(after - before for offsets in bad.values() for before, after in pairwise([-1, *sorted(offsets)]))
    run.notes.append(f"a bad event at least every {longest} offsets, in chunks of {POISONED_RECORDS}")
    if longest > POISONED_RECORDS:
        run.problems.append(f"{longest} offsets without a bad event: a chunk may have had none")


async def _strays(run: Run, count: int) -> None:
    """Events whose Kafka key is not their subject: a dead letter each."""
    for number in range(count):
        run.refused[Reason.KEY_MISMATCH] += 1
        await run.send(f"stray-{number}".encode(), json.dumps(live_event(number)).encode())
        await asyncio.sleep(0.1)


async def sink_hang(run: Run, times: int) -> None:
    """Beside the receiver there is one that never answers. It gets nothing done, and holds up nobody."""
    dead = await run.stack.enter_async_context(receiving())
    dead.script.extend([Answer(hang=True)] * HANGS)
    run.settings["KPI_CHAT_URLS"] = f"webhook+{run.hook.url} webhook+{dead.url}"
    run.start_worker()
    for share in run.moments(times):
        await run.reaches(share)
        await run.fault()

    async def look() -> None:
        waiting = sum(figures.notices_pending for figures in await run.figures())
        run.notes.append(f"dead sink: {len(dead.requests)} attempts, {waiting} deliveries wait")
        if dead.accepted or not dead.requests or not waiting:
            run.problems.append("the dead sink was not tried, or its deliveries do not wait")

    run.last_looks.append(look)


async def compaction(run: Run, times: int) -> None:
    """Every restart reads a changelog that is being rewritten under it. Small chunks rewrite their rows often."""
    run.settings["KPI_CHUNK_RECORDS"] = "200"
    run.start_worker()
    for share in run.moments(times):
        await run.reaches(share)
        await run.fault()
        worker = run.fleet[0]
        if run.dice.random() < 0.5:
            run.kill(worker)
        else:
            await run.stop(worker)
        run.start_worker()
    await run.drained()
    removed = await removed_share(run)
    run.notes.append(f"{removed:.0%} of the changelogs compacted away")
    if removed < 0.01:
        run.problems.append("the changelogs were not compacted: this row proved nothing")


async def empty_disk(run: Run, times: int) -> None:
    """The worker is lost with its machine; the next one starts on an empty disk."""
    run.start_worker(**_on_new_disk(run))
    for share in run.moments(times):
        await run.reaches(share)
        await run.fault()
        run.kill(run.fleet[0])
        run.start_worker(**_on_new_disk(run))


def _on_new_disk(run: Run) -> dict[str, str]:
    """Every place where a worker could keep something, and a store that does."""
    folder = mkdtemp(dir=run.folder)
    places = dict.fromkeys(("HOME", "TMPDIR", "XDG_CACHE_HOME", "XDG_DATA_HOME", "KPI_STATE_DIR"), folder)
    return places | {"KPI_STORE": "rocksdb"}


async def full_disk(run: Run, times: int) -> None:
    """The disk under the state store fills up: the worker ends with one line. There is room again, another takes over.

    RocksDB notices with the next file that it writes, so events are let out until it does.
    """
    disk = Disk(run.folder / "disk")
    run.stack.callback(disk.close)
    run.settings |= {"KPI_STORE": "rocksdb", "KPI_STATE_DIR": str(disk.path)}
    for share in run.moments(times, latest=0.6):
        worker = run.start_worker()
        await run.reaches(share)
        await run.fault()
        disk.fill(worker.pid)
        run.fleet.remove(worker)  # it is to end by itself
        while run.backlog.released < run.backlog.events and worker.poll() is None:
            await run.backlog.release()
            await asyncio.sleep(1)
        try:
            status = await run.product.ended(worker, run.patience_s)
        except TimeoutError:
            raise BrokenError("a worker went on beside a full disk") from None
        told = [line for line in run.product.log_of(worker).splitlines() if disk.cause in line]
        if status != 1 or len(told) != 1 or str(disk.path) not in told[0]:
            run.problems.append(f"on a full disk the worker ended with {status} and said {told}")
        disk.empty()
    run.start_worker()


async def changelog_cut(run: Run, times: int) -> None:
    """A part of a changelog is lost while no worker runs: each way of losing it must stop the next worker.

    After each the changelogs are put back as they were; at the end the work goes on from there and must be exact.
    """
    worker = run.start_worker()
    await run.reaches(0.9 * UNDER_FAULT)
    await run.stop(worker)
    await each_cut_is_refused(run, times)
    run.start_worker()


async def backfill(run: Run, times: int) -> None:
    """Last year's events and this year's in one backlog, while new ones come in, and a kill between."""
    run.start_worker()
    live = asyncio.create_task(_live(run))
    for share in run.moments(times):
        await run.reaches(share)
        await run.fault()
        run.kill(run.fleet[0])
        run.start_worker()
    await run.reaches(0.95)
    live.cancel()
    await asyncio.gather(live, return_exceptions=True)


async def _live(run: Run) -> None:
    """An event that happens now, ten times a second; the replay gets them too."""
    path = run.folder / "live.jsonl"
    run.more_events.append(path)
    with path.open("wb") as file:
        number = 0
        while True:
            event = live_event(number)
            line = json.dumps(event).encode()
            file.write(line + b"\n")
            file.flush()
            await asyncio.shield(run.send(event["subject"].encode(), line))
            number += 1
            await asyncio.sleep(0.1)


ROWS = (
    Row("kill9", "a worker killed and replaced", 20, kill9),
    Row("zombie", "a worker asleep until its partitions are another's, then awake", 5, zombie),
    Row("rescale", "1 -> 3 -> 1 workers", 3, rescale, crashes=False),
    Row("broker_restart", "the broker stopped or killed, and started", 3, broker_restart, own_broker=True),
    Row("broker_unreachable", f"no way to the broker for {OUTAGE_S:.0f} s", 1, broker_unreachable, wired=True),
    Row("poison", f"one bad line in {POISON_EVERY}, of ten kinds, and kills", 2, poison, poisoned_company),
    Row("sink_hang", "a webhook that never answers", 1, sink_hang, crashes=False),
    Row("compaction", "restarts while the changelogs are rewritten", 5, compaction),
    Row("empty_disk", "a worker killed, its successor on an empty disk", 3, empty_disk),
    Row("full_disk", "the disk under the state store (rocksdb) fills up", 2, full_disk, least_events=FLUSHED_EVENTS),
    Row("changelog_cut", "parts of a changelog lost", len(CUTS), changelog_cut, crashes=False, own_broker=True),
    Row("backfill", "last year's events among this year's and live ones, and kills", 2, backfill, two_years_company),
)
"""The matrix. In all of its rows the changelogs are compacted all the time (tests/chaos/cluster.py)."""
