"""The golden messages of `schemas/examples`, one pytest parameter each."""

import json
from pathlib import Path
from typing import Any, NamedTuple

import pytest

import schemas
from schemas.events.reasons import Reason

FOLDER = Path(schemas.__path__[0]) / "examples"
EVENTS = FOLDER / "kpi.events"


class GoldenRecord(NamedTuple):
    """A whole record of `kpi.events`."""

    key: bytes | None
    value: bytes | None
    headers: list[tuple[str, bytes]]


def files(folder: Path) -> list[Any]:
    """Every file below a folder, named by where it lies."""
    found = sorted(path for path in folder.rglob("*") if path.is_file())
    return [pytest.param(path, id=str(path.relative_to(folder).with_suffix(""))) for path in found]


def reason_of(path: Path) -> Reason:
    """An invalid example lies in the folder named after the reason for which it is rejected."""
    return Reason(path.parent.name)


def type_of(path: Path) -> str:
    """The event type that a file's name begins with."""
    return path.stem.split("--")[0]


def record(path: Path) -> GoldenRecord:
    """Key, value and headers as Kafka hands them over."""
    written = json.loads(path.read_bytes())
    return GoldenRecord(
        key=None if written["key"] is None else written["key"].encode(),
        value=None if written["value"] is None else json.dumps(written["value"]).encode(),
        headers=[(name, text.encode()) for name, text in written["headers"].items()],
    )
