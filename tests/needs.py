"""What some tests need beyond Python: a missing tool skips the test on a developer's machine and fails it in CI."""

import os
import shutil
from pathlib import Path
from typing import NoReturn

import pytest

from deploy.kafka import broker


def kafka() -> None:
    """Apache Kafka can be started here (Java 17; Maven or the jars)."""
    problem = broker.missing()
    if problem:
        _lack(f"{problem}; or set KPI_TEST_BROKER to a running cluster")


def chromium() -> Path:
    """Path of Chromium."""
    return program("chromium", package="chromium")


def prometheus() -> Path:
    """Path of the Prometheus server."""
    return program("prometheus", package="prometheus")


def promtool() -> Path:
    """Path of promtool."""
    return program("promtool", package="prometheus")


def alertmanager() -> Path:
    """Path of Alertmanager; Debian prefixes its name."""
    return program("prometheus-alertmanager", "alertmanager", package="prometheus-alertmanager")


def program(*names: str, package: str) -> Path:
    """Path of a program, under whichever of its names it is found."""
    found = next(filter(None, map(shutil.which, names)), None)
    if found is None:
        _lack(f"{names[0]} is not installed (Debian: apt-get install {package})")
    return Path(found)


def _lack(reason: str) -> NoReturn:
    if os.environ.get("CI") == "true":
        pytest.fail(reason)
    pytest.skip(reason)
