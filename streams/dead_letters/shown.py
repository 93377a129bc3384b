"""Dead letters as a person or a script reads them."""

import sys
from collections.abc import Iterable
from typing import Any

from schemas.events.unnamed import without_people
from streams.dead_letters.letters import Letter, readable

PIPE_COLUMNS = 160


def named(letter: Letter) -> str:
    """`3:17 key_mismatch call.completed call-9`."""
    type_, subject = (letter.attributes.get(name) for name in ("type", "subject"))
    event = f" {readable(type_.encode())}" if type_ else ""
    of = f" {readable(subject.encode())}" if subject else ""
    return f"{letter.place} {letter.content.reason}{event}{of}"


def row_of(letter: Letter) -> dict[str, Any]:
    """A line of `list --json`."""
    content, event = letter.content, letter.attributes
    return {
        "letter": str(letter.place),
        "at": content.at,
        "reason": content.reason,
        "sentence": content.sentence,
        "topic": content.topic,
        "partition": content.partition,
        "offset": content.offset,
        "key": None if content.key is None else readable(content.key),
        "value_bytes": content.value_bytes,
        **{name: event.get(name) for name in ("type", "source", "id", "subject")},
        "replay_of": letter.replay_of,
        "replays": letter.replays,
    }


def show_table(letters: Iterable[Letter]) -> None:
    """A table on stdout; nothing where there are no letters."""
    # Rich takes 100 ms to import; --json and replay do without.
    from rich.box import SIMPLE_HEAD
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(
        "Letter", "Rejected at", "Record at", "Reason", "Key", "Sentence", box=SIMPLE_HEAD, padding=(0, 1, 0, 0)
    )
    for column in table.columns[:4]:
        column.no_wrap = True
    table.columns[5].overflow = "fold"
    for letter in letters:
        content = letter.content
        sentence = readable(content.sentence.encode())
        if letter.replay_of is not None:
            sentence = f"(replay {letter.replays}, of {letter.replay_of}) {sentence}"
        record = f"{content.topic} {content.partition}:{content.offset}"
        cells = (str(letter.place), content.at[:19], record, content.reason, readable(content.key)[:40], sentence)
        table.add_row(*(Text(cell) for cell in cells))
    if table.row_count:
        (Console() if sys.stdout.isatty() else Console(width=PIPE_COLUMNS)).print(table)


def whole(letter: Letter) -> Iterable[tuple[str, str]]:
    """All of a letter as names and texts; of an older one too without who sent an anonymous event."""
    content = letter.content
    value, headers = without_people(content.value, [(header.name, header.value) for header in content.headers])
    yield "letter", str(letter.place)
    yield "rejected", content.at
    yield "reason", content.reason
    yield "sentence", readable(content.sentence.encode())
    yield "record", f"{content.topic} {content.partition}:{content.offset}"
    for name, text in headers:
        yield "header", f"{readable(name.encode())}: {readable(text)}"
    yield "key", readable(content.key)
    cut = (
        f" (only the first {len(content.value or b''):,} are kept)"
        if len(content.value or b"") < content.value_bytes
        else ""
    )
    yield "bytes", f"{content.value_bytes:,}{cut}"
    yield "value", readable(value)
