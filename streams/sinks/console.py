"""Console sink: one line a notice on standard output, in colour only on a terminal."""

import sys
from collections.abc import Mapping
from typing import TextIO

from rich.console import Console
from rich.text import Text

from streams.core.stage import Delivered, Delivery

STYLES = {"firing": "bold red", "resolved": "bold green", "expired": "dim", "pending": "yellow"}


class ConsoleSink:
    """Prints. Rich leaves out colour in a pipe and where NO_COLOR is set.

    A full pipe that nobody reads blocks the worker, as any print does.
    """

    def __init__(self, name: str = "console", stream: TextIO | None = None) -> None:
        self._name = name
        self._console = Console(file=stream or sys.stdout, highlight=False, soft_wrap=True, emoji=False, markup=False)

    async def deliver(self, delivery: Delivery) -> Delivered:
        """Print the notice; a closed pipe is a failed delivery."""
        try:
            self._console.print(line(delivery.body))
        except (OSError, ValueError) as error:
            return Delivered(delivery.id, f"{self._name} cannot be written ({type(error).__name__})")
        return Delivered(delivery.id, None)

    async def close(self) -> None:
        """Nothing to free: the stream is not ours."""


def line(body: Mapping[str, object]) -> Text:
    """`09:15  stalled   FIRING    title - text`, with the local time of the transition as the alert gives it."""
    alert = body["alert"]
    assert isinstance(alert, Mapping)
    transition = str(alert["transition"])
    style = STYLES.get(transition, "")
    return Text.assemble(
        (str(alert["at"])[11:16], "dim"),
        "  ",
        (f"{alert['class']!s:<8}", "cyan"),
        " ",
        (f"{transition.upper():<9}", style),
        " ",
        (_plain(str(body["title"])), "bold"),
        (" - " + _plain(str(body["text"]))) if body["text"] else "",
    )


def _plain(text: str) -> str:
    """One line without control characters: an id from an event must not steer the terminal."""
    return " ".join("".join(character if character.isprintable() else " " for character in text).split())
