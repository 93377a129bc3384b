"""Runs a worker over toy stages as a process of its own: `python -m tests.kafka.run_worker STAGES`."""

import asyncio
import sys

from streams.app import build_app, quiet_logs
from streams.clock import SystemClock
from streams.settings import load_settings
from tests.kafka.toys import STAGES


async def main(stages: str) -> int:
    settings = load_settings()
    quiet_logs(settings.log_level)
    return await build_app(settings, STAGES[stages](), SystemClock()).run()


if __name__ == "__main__":
    sys.exit(asyncio.run(main(sys.argv[1])))
