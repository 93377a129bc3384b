"""A progress bar for long work: on a terminal's stderr, and nothing at all in a pipe or a log."""

import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Literal, TypeVar

Item = TypeVar("Item")

Advance = Callable[[int], None]
"""Tells the bar that so many more bytes or items are done."""


@contextmanager
def bar(label: str, total: int | None, unit: Literal["bytes", "items"] = "items") -> Iterator[Advance]:
    """Shows a bar while the block runs; the block calls what it is given with every stretch of work done.

    Without a `total` the bar shows only what is done. Nothing is written unless stderr is a terminal.
    """
    if not sys.stderr.isatty():
        yield lambda done: None
        return
    # Rich takes 100 ms to import; a pipe should not wait for it.
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    amount = DownloadColumn() if unit == "bytes" else MofNCompleteColumn()
    columns = (TextColumn("{task.description}"), BarColumn(), amount, TimeRemainingColumn())
    # stdout is left alone: it may carry the events themselves
    progress = Progress(*columns, console=Console(stderr=True), transient=True, redirect_stdout=False)
    with progress:
        task = progress.add_task(label, total=total)
        yield lambda done: progress.advance(task, done)


def track(items: Iterable[Item], total: int | None, label: str) -> Iterator[Item]:
    """The items as they are, with a bar that counts them."""
    with bar(label, total) as advance:
        for item in items:
            yield item
            advance(1)
