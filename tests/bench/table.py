"""Markdown tables that a terminal can show too."""

from collections.abc import Sequence


def markdown(head: Sequence[str], rows: Sequence[Sequence[str]], text_columns: Sequence[int] = (0,)) -> str:
    """A table; all but `text_columns` are aligned to the right.

    >>> print(markdown(["who", "n"], [["a", "10"]]))
    | who |  n |
    | --- | -: |
    | a   | 10 |
    """
    widths = [max(2, *(len(row[place]) for row in (head, *rows))) for place in range(len(head))]

    def line(cells: Sequence[str]) -> str:
        padded = [
            cell.ljust(width) if place in text_columns else cell.rjust(width)
            for place, (cell, width) in enumerate(zip(cells, widths, strict=True))
        ]
        return f"| {' | '.join(padded)} |"

    rule = ["-" * width if place in text_columns else "-" * (width - 1) + ":" for place, width in enumerate(widths)]
    return "\n".join([line(head), line(rule), *map(line, rows)])
