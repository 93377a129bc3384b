"""`python -m tests.bench`: the comparison; beside it what a commit costs, how long values take, how cost grows."""

import argparse
import signal
import sys
from pathlib import Path

from tests.bench import compare, growth, latency, live, measure_costs, soak, transactions
from tests.bench.contenders import CONTENDERS


def main() -> int:
    """Exit 0: measured; 1: a run failed or came to wrong values; 2: wrong use."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("--events", type=int, default=1_000_000, help="events in the topic (default: %(default)s)")
    parser.add_argument("--rounds", type=int, default=5, help="the median of so many (default: %(default)s)")
    names = [one.name for one in CONTENDERS]
    parser.add_argument(
        "--only", help=f"contenders, with commas between, of {', '.join(names)} (default: those that finish in minutes)"
    )
    parser.add_argument("--json", type=Path, help="also writes every run to this file")
    commands = parser.add_subparsers(dest="command", metavar="transactions | latency | live | growth | measures | soak")
    transactions.add_arguments(commands.add_parser("transactions", help=transactions.__doc__))
    latency.add_arguments(commands.add_parser("latency", help=latency.__doc__))
    live.add_arguments(commands.add_parser("live", help=live.__doc__))
    growth.add_arguments(commands.add_parser("growth", help=growth.__doc__))
    measure_costs.add_arguments(commands.add_parser("measures", help=measure_costs.__doc__))
    soak.add_arguments(commands.add_parser("soak", help=soak.__doc__))
    asked = parser.parse_args()
    # As Ctrl-C does: brokers and workers are ended, not left behind.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    if asked.command:
        return int(asked.run(asked))
    wanted = asked.only.split(",") if asked.only else [one.name for one in CONTENDERS if one.by_default]
    unknown = set(wanted) - set(names)
    if unknown:
        parser.error(f"--only {', '.join(sorted(unknown))}: expected some of {', '.join(names)}")
    return compare.compare([one for one in CONTENDERS if one.name in wanted], asked.events, asked.rounds, asked.json)


if __name__ == "__main__":
    sys.exit(main())
