import io

from rich.console import Console

from schemas.alerts import Transition
from streams.core.stage import Delivery
from streams.sinks.console import ConsoleSink, line
from tests.streams.sinks.examples import notice


def body(**changes: str) -> dict[str, object]:
    return {**notice(transition=Transition.FIRING).model_dump(by_alias=True, mode="json"), **changes}


async def test_a_notice_is_one_line_without_colour_in_a_pipe() -> None:
    pipe = io.StringIO()
    await ConsoleSink("console-1", pipe).deliver(Delivery("n", "an", body(title="An chững lại", text="Gọi An.\nNgay.")))

    assert pipe.getvalue() == "09:15  stalled  FIRING    An chững lại - Gọi An. Ngay.\n"


async def test_a_terminal_gets_colour() -> None:
    terminal = io.StringIO()
    Console(file=terminal, force_terminal=True, color_system="standard", soft_wrap=True).print(line(body()))

    assert "\x1b[1;31mFIRING" in terminal.getvalue()


async def test_a_name_from_an_event_cannot_steer_the_terminal() -> None:
    pipe = io.StringIO()
    hostile = body(title="An\x1b[2J [red]x[/red]", text="a\r\nb")
    await ConsoleSink("console-1", pipe).deliver(Delivery("n", "an", hostile))

    assert "\x1b" not in pipe.getvalue()
    assert pipe.getvalue().endswith("An [2J [red]x[/red] - a b\n")


async def test_a_closed_stream_is_a_failed_delivery() -> None:
    closed = io.StringIO()
    closed.close()
    outcome = await ConsoleSink("console-1", closed).deliver(Delivery("n", "an", body()))

    assert outcome.error == "console-1 cannot be written (ValueError)"
