"""One table on its way to events: reads it, maps its rows, counts, and says what was wrong where."""

from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from streams.importing.mapping import Mapping
from streams.importing.rows import BadRowError, Check, CloudEvent, RowMapper
from streams.importing.tables import Advance, rows


@dataclass(slots=True)
class Counts:
    """Rows read under the header, events made of them, and rows skipped because something was wrong with them."""

    rows: int = 0
    events: int = 0
    skipped: int = 0

    def sentence(self) -> str:
        """`5,000 rows, 4,998 events, 2 skipped`."""
        return f"{self.rows:,} rows, {self.events:,} events, {self.skipped:,} skipped"

    def as_dict(self) -> dict[str, int]:
        """The counts by name."""
        return asdict(self)


class TableImport:
    """The import of one table; `counts` and `notes` are whole once `events` has ended."""

    def __init__(self, path: Path, mapping: Mapping, check: Check, on_bad_row: Callable[[str], None]) -> None:
        self.counts = Counts()
        self._path, self._mapping, self._on_bad_row = path, mapping, on_bad_row
        self._mapper = RowMapper(mapping, check)

    @property
    def notes(self) -> list[str]:
        """What a person should look at although no row was skipped for it."""
        return self._mapper.notes

    def name_of(self, identity: str) -> str | None:
        """The name that an id was first made from by `slug`."""
        return self._mapper.name_of(identity)

    def events(self, advance: Advance = lambda done: None) -> Iterator[CloudEvent]:
        """All events of the table; each bad row goes to `on_bad_row` as `file:line: reason`. Raises TableError."""
        for row in rows(self._path, self._mapping.file, self._mapping.columns(), advance):
            self.counts.rows += 1
            try:
                if row.problem is not None:
                    raise BadRowError([row.problem])
                made = self._mapper.events(row.cells, row.line)
            except BadRowError as error:
                self.counts.skipped += 1
                self._on_bad_row(f"{self._path}:{row.line}: {error}")
                continue
            self.counts.events += len(made)
            yield from made
        for event in self._mapper.rest():
            self.counts.events += 1
            yield event
