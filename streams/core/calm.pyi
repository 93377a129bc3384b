from typing import Any

from streams.core.frames import Cell
from streams.core.rows import Key

def hear(
    cells: list[Cell],
    source: str,
    rows: Any,
    merged: dict[Key, list[int]],
    kpis: list[list[str]],
    blocks: dict[tuple[int, str, str], Any],
) -> tuple[list[Cell], list[Key], list[Any]]: ...
