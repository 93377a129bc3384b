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


def real_export(name: str) -> Path:
    """One of the public exports of deploy/examples, whole. Their licence keeps them out of the repository, so they are
    where KPI_REAL_DATA_DIR says."""
    path = Path(os.environ.get("KPI_REAL_DATA_DIR") or "/nowhere") / name
    if not path.is_file():
        pytest.skip(f"KPI_REAL_DATA_DIR names no folder with {name}")
    return path


def _lack(reason: str) -> NoReturn:
    if os.environ.get("CI") == "true":
        pytest.fail(reason)
    pytest.skip(reason)
