"""Instants on the command line."""

import click

from schemas.events.times import TimeFormatError, parse_us


class Instant(click.ParamType):
    """An RFC 3339 time with offset, as microseconds since the epoch."""

    name = "time"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """Parses; a wrong text is wrong use (exit 2)."""
        try:
            return parse_us(str(value))
        except TimeFormatError as error:
            self.fail(f"{value!r} {error} (expected RFC 3339 with offset, as 2026-11-30T18:00:00+07:00)", param, ctx)
