"""How far a partition of JUDGE has come in event time, as its row."""

from dataclasses import dataclass, field

from streams.core.rows import Rows

META = "meta"
STORED = (
    "decided_us",
    "first_us",
    "swept_day",
    "refreshed_us",
    "oldest_us",
    "began",
    "transitions",
    "fingerprint",
)


@dataclass(slots=True, eq=False)
class Progress:
    """All but `at_us` is stored."""

    fingerprint: str
    """The catalogue that the rows are of."""
    at_us: int = 0
    """The event time at which things are judged now."""
    decided_us: int | None = None
    """The minute until which everything due is decided."""
    first_us: int | None = None
    """From when on periods have been begun where their targets name no beginning."""
    swept_day: int = 0
    """The UTC day of the last sweep."""
    refreshed_us: int = 0
    """When open rows were last published though nothing had come."""
    oldest_us: int = 0
    """Periods that ended before are forgotten."""
    began: bool = False
    """Whether an event has come: from then on silence is watched too."""
    transitions: dict[str, int] = field(default_factory=dict)
    """`class|transition` -> alert transitions so far."""

    def load(self, rows: Rows) -> None:
        """Take up what the row says, if there is one."""
        row = rows.get((META,))
        for name in STORED if row is not None else ():
            setattr(self, name, row[name])

    def save(self, rows: Rows) -> None:
        """Put the row."""
        rows.put((META,), {name: getattr(self, name) for name in STORED})

    def reach(self, time_us: int) -> None:
        """Judge at this instant from now on; what is judged at never goes back."""
        if time_us > self.at_us:
            self.at_us = time_us
