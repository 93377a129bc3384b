"""Rows of the templates that wait in `*.yaml.next` for their measures, and how they go over into the shipped files.

`python -m tests.schemas.catalogue.next_rows` moves every row that `schemas.catalogue.computed` no longer refuses, with
all that it refers to, and deletes a file that has none left.
"""

import re
from collections.abc import Collection, Mapping
from pathlib import Path

from ruamel.yaml import YAML

from schemas.catalogue import computed
from schemas.catalogue.models import Kpi
from schemas.templates import template_paths

REFUSED = computed.NOT_COMPUTED
"""As shipped; tests of the grammar lift it."""


def rows_of(text: str) -> tuple[str, dict[str, str]]:
    """What stands above the KPIs of a template, and each KPI's lines by its id."""
    head, rows = text.split("\nkpis:\n")
    blocks = re.split(r"\n+(?=  - id: )", rows.rstrip("\n"))
    return head + "\nkpis:", {block.split(maxsplit=3)[2]: block for block in blocks}


def next_of(path: Path) -> dict[str, str]:
    """The rows that wait beside a template."""
    waiting = path.with_name(path.name + ".next")
    return rows_of(waiting.read_text(encoding="utf-8"))[1] if waiting.exists() else {}


def with_rows(path: Path, more: Mapping[str, str]) -> str:
    """A template's text with more rows, each in place of the row of its id, in order of id."""
    head, rows = rows_of(path.read_text(encoding="utf-8"))
    rows |= more
    return head + "\n" + "\n\n".join(rows[id_] for id_ in sorted(rows)) + "\n"


def ready(path: Path, refused: Collection[str]) -> dict[str, str]:
    """The waiting rows that are computed and whose references are shipped or ready; a guardrail goes with its KPI."""
    shipped, waiting = rows_of(path.read_text(encoding="utf-8"))[1], next_of(path)
    kpis = {id_: _kpi(row) for id_, row in waiting.items()}
    found = {id_ for id_, kpi in kpis.items() if not computed.used_by(kpi) & set(refused)}
    left = {""}
    while left:
        known = found | set(shipped)
        left = {id_ for id_ in found if not {*kpis[id_].drives, kpis[id_].guardrail or id_} <= known}
        guarding = {id_: {kpi.id for kpi in kpis.values() if kpi.guardrail == id_} for id_ in found}
        left |= {id_ for id_, guarded in guarding.items() if guarded and not guarded & found}
        found -= left
    return {id_: row for id_, row in waiting.items() if id_ in found}


def _kpi(row: str) -> Kpi:
    return Kpi.model_validate(YAML(typ="safe", pure=True).load(row)[0])


def main() -> None:
    """Move what is ready."""
    for path in template_paths():
        moved = ready(path, REFUSED)
        if not moved:
            continue
        waiting = path.with_name(path.name + ".next")
        head, rows = rows_of(waiting.read_text(encoding="utf-8"))
        path.write_text(with_rows(path, moved), encoding="utf-8")
        left = [row for id_, row in rows.items() if id_ not in moved]
        if left:
            waiting.write_text(head + "\n" + "\n\n".join(left) + "\n", encoding="utf-8")
        else:
            waiting.unlink()
        print(f"{path.name}: {', '.join(moved)}")


if __name__ == "__main__":
    main()
