from typing import Any

import pytest

from tests.streams.lane_bench import Bench


@pytest.fixture
async def bench() -> Any:
    bench = Bench()
    yield bench
    await bench.lane.stop(1.0)
