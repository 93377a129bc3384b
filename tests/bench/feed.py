"""A process that sends live events at a steady rate, and among them probes: first events of people nobody named yet.

It prints `probe NUMBER MOMENT` when it hands one to the producer (monotonic clock). It keeps to its schedule: after a
pause it sends what it owes.
"""

import argparse
import time
from random import Random

from confluent_kafka import Producer

from tests.bench.cluster import SILENT
from tests.bench.compare import today
from tests.bench.workload import Workload, live_event

TICK_S = 0.005


def main() -> None:
    """Feeds for `--seconds`; probes FIRST.. go out evenly over the time."""
    parser = argparse.ArgumentParser()
    for name in ("broker", "topic"):
        parser.add_argument(f"--{name}", required=True)
    for name in ("rate", "people", "first", "probes", "seed"):
        parser.add_argument(f"--{name}", type=int, required=True)
    parser.add_argument("--seconds", type=float, required=True)
    asked = parser.parse_args()
    workload, dice = Workload(0, today(), people=asked.people), Random(asked.seed)
    producer = Producer(
        {
            "bootstrap.servers": asked.broker,
            "partitioner": "murmur2_random",
            "enable.idempotence": True,
            "linger.ms": 2,
            **SILENT,
        }
    )
    started_s, sent, probed = time.monotonic(), 0, 0
    while (gone_s := time.monotonic() - started_s) < asked.seconds:
        now = today()
        while probed < min(asked.probes, int(gone_s / asked.seconds * asked.probes) + 1):
            number = asked.first + probed
            key, value = live_event(asked.seed * 10_000_000 + sent, workload.prober(number), now, dice)
            print("probe", number, time.monotonic(), flush=True)
            producer.produce(asked.topic, value, key)
            probed, sent = probed + 1, sent + 1
        for _ in range(int(gone_s * asked.rate) - sent):
            owner = workload.person(dice.randrange(asked.people))
            key, value = live_event(asked.seed * 10_000_000 + sent, owner, now, dice)
            producer.produce(asked.topic, value, key)
            sent += 1
        producer.poll(0)
        time.sleep(TICK_S)
    producer.flush(30)
    print("sent", sent, time.monotonic() - started_s, flush=True)


if __name__ == "__main__":
    main()
