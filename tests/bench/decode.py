"""What one event costs to decode: pydantic's way and the fast way, on the same events, in the same run.

Run it with `python -m tests.bench.decode [EVENTS]`. CPU time of this process; the least of several rounds, in which the
ways take turns, so that a busy machine is busy for all of them.
"""

import gc
import json
import random
import sys
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from time import process_time
from typing import Any, NamedTuple

import schemas
from schemas.events.decode import Decoder
from schemas.events.envelope import Event
from schemas.events.registry import Registry

ROUNDS = 15
FOLDER = Path(schemas.__path__[0]) / "examples" / "kpi.events" / "valid"


class Plain(NamedTuple):
    """A record as the decoder reads it."""

    key: bytes | None
    value: bytes | None
    headers: Sequence[tuple[str, bytes]] = ()


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 20_000
    decoder = Decoder(Registry.of(), "VND")
    compact = partial(json.dumps, separators=(",", ":"), ensure_ascii=False)
    mixes = {
        "sales, calls, leads, tickets": usual(count, compact),
        "the same, a space after , and :": usual(count, json.dumps),
        "the same, times in microseconds": usual(count, compact, fraction=True),
        "the same, with an undeclared field": usual(count, compact, further={"data": {"colour": "red"}}),
        "the same, with a traceparent": usual(count, compact, further={"traceparent": "00-4bf92f3577b34da6-00"}),
        "every golden event": golden(count, compact),
    }
    print(f"{'us of CPU an event':36}{'bytes':>8}{'pydantic':>10}{'decode':>10}{'decode_all':>12}{'ratio':>8}")
    for name, records in mixes.items():
        costs = least(
            {
                "pydantic": partial(one_by_one, decoder.decode_slowly, records),
                "decode": partial(one_by_one, decoder.decode, records),
                "decode_all": partial(decoder.decode_all, records),
            },
            len(records),
        )
        size = sum(len(record.value or b"") for record in records) / len(records)
        ratio = costs["pydantic"] / costs["decode_all"]
        print(
            f"{name:36}{size:8.0f}{costs['pydantic']:10.2f}{costs['decode']:10.2f}{costs['decode_all']:12.2f}{ratio:8.1f}"
        )


def one_by_one(decode: Callable[..., Any], records: list[Plain]) -> list[Any]:
    return [decode(*record) for record in records]


def least(ways: Mapping[str, Callable[[], Sequence[Any]]], count: int) -> dict[str, float]:
    """Microseconds of CPU an event, each the least of all rounds."""
    found = dict.fromkeys(ways, float("inf"))
    for _ in range(ROUNDS):
        for name, way in ways.items():
            # A worker's collector runs after 50,000 new objects, by default after 700: here, not at all.
            gc.collect()
            gc.disable()
            start = process_time()
            outcomes = way()
            found[name] = min(found[name], (process_time() - start) / count * 1e6)
            gc.enable()
            assert all(isinstance(outcome, Event) for outcome in outcomes)
            del outcomes
    return found


def usual(
    count: int,
    write: Callable[[Any], str],
    fraction: bool = False,
    further: dict[str, Any] | None = None,
) -> list[Plain]:
    """Events of 4 types, 1,000 people and 30 days, in the order of their times."""
    chance = random.Random(7)
    records = []
    kinds: list[tuple[str, dict[str, Any]]]
    for number in range(count):
        second = number * 2_592_000 // count
        day, hour, minute = second // 86_400 + 1, second // 3_600 % 24, second // 60 % 60
        owner = f"nv{chance.randrange(1_000):04}"
        kinds = [
            ("sale.closed", {"sale_id": f"sale-{number}", "owner": owner, "lead_id": f"lead-{number // 3}",
                             "amount": chance.randrange(10**8), "currency": "VND"}),
            ("call.completed", {"owner": owner, "duration_s": chance.randrange(900), "outcome": "answered",
                                "direction": "out", "customer_id": f"c-{number // 9}"}),
            ("lead.created", {"lead_id": f"lead-{number}", "owner": owner, "source_channel": "web", "score": 61.5}),
            ("ticket.resolved", {"ticket_id": f"t-{number}", "owner": owner}),
        ]  # fmt: skip
        type_, data = chance.choice(kinds)
        time = f"2026-11-{day:02}T{hour:02}:{minute:02}:{second % 60:02}"
        time += f".{chance.randrange(10**6):06}+07:00" if fraction else "+07:00"
        subject = str(next(iter(data.values())))
        event = {"specversion": "1.0", "id": f"{chance.getrandbits(64):016x}", "source": "crm/hanoi", "type": type_,
                 "time": time, "subject": subject}  # fmt: skip
        extra = further or {}
        event |= {name: item for name, item in extra.items() if name != "data"}
        event["data"] = data | extra.get("data", {})
        records.append(Plain(subject.encode(), write(event).encode()))
    return records


def golden(count: int, write: Callable[[Any], str]) -> list[Plain]:
    """The valid examples of all types, over and over."""
    messages = [json.loads(path.read_bytes()) for path in sorted(FOLDER.iterdir())]
    records = [Plain(message["subject"].encode(), write(message).encode()) for message in messages]
    return (records * (count // len(records) + 1))[:count]


if __name__ == "__main__":
    main()
