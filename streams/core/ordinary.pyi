from collections.abc import Callable, Mapping, Sequence

from schemas.events.envelope import Event, Rejected
from streams.core.stage import Record
from streams.core.store import MemoryStore

class Ordinary:
    def __init__(
        self,
        event: type[Event],
        pack: Callable[[Event], bytes],
        store: MemoryStore,
        fresh: Mapping[int, list[bytes]],
        words: tuple[str, str, str, frozenset[str]],
        limits: tuple[int, int, int, int, int],
    ) -> None: ...
    def take(
        self,
        outcomes: list[Event | Rejected],
        records: Sequence[Record],
        place: int,
        alone: list[Event],
        watermark_us: int,
        first_us: int,
        cut_us: int,
        forgets_us: int,
    ) -> tuple[int, int, int, int, int]: ...
