"""The wall as HTML, drawn once per change and language whatever the number of open pages.

A page is made of parts (ribbon, one per section, ...). Each remembers the `seq` at which it last changed, so what a
client has missed is a comparison, and no client needs a queue.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from zoneinfo import ZoneInfo

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from streams.clock import Clock
from streams.core.board import Board
from streams.web.figures import day_label
from streams.web.present import Presenter
from streams.web.words import WORDS


@dataclass(slots=True)
class Drawn:
    """One wall in one language: `order` lists the element ids inside the board, `density` is the board's class."""

    seq: int = -1
    order: tuple[str, ...] = ()
    density: str = ""
    layout_seq: int = -1
    parts: dict[str, Markup] = field(default_factory=dict)
    part_seq: dict[str, int] = field(default_factory=dict)

    def since(self, seq: int) -> dict[str, object] | None:
        """The patch for a client that has seen `seq`, None when nothing changed for it."""
        missed = {id_: html for id_, html in self.parts.items() if self.part_seq[id_] > seq}
        if not missed and self.layout_seq <= seq:
            return None
        return {"order": self.order, "density": self.density, "parts": missed}

    def redraw(self, seq: int, order: tuple[str, ...], density: str, parts: Mapping[str, Markup]) -> None:
        """Takes a new drawing and notes what differs from the last."""
        for id_ in self.parts.keys() - parts.keys():
            del self.parts[id_], self.part_seq[id_]
        for id_, html in parts.items():
            if self.parts.get(id_) != html:
                self.parts[id_], self.part_seq[id_] = html, seq
        if (order, density) != (self.order, self.density):
            self.order, self.density, self.layout_seq = order, density, seq
        self.seq = seq


class Drawings:
    """Draws a board's walls on demand; at most one drawing per language and department is kept."""

    def __init__(self, board: Board, clock: Clock) -> None:
        self.board = board
        self._clock = clock
        self._zone = ZoneInfo(board.catalogue.tenant.timezone)
        self._presenter = Presenter(board.catalogue, board.locale)
        self.templates = Environment(
            loader=PackageLoader("streams.web", "templates"),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._macros = self.templates.get_template("parts.html").module
        self._kept: dict[tuple[str, str | None], Drawn] = {}

    def drawn(self, locale: str, department: str | None) -> Drawn:
        """The newest drawing; both arguments must be known ones, or the kept drawings would have no bound."""
        drawn = self._kept.setdefault((locale, department), Drawn())
        if drawn.seq != self.board.seq:
            self._draw(drawn, locale, department)
        return drawn

    def _draw(self, drawn: Drawn, locale: str, department: str | None) -> None:
        view = self.board.view(department)
        page = self._presenter.page(view, locale)
        words = WORDS[locale]
        sections = {panel.id: self._part("panel", panel, words) for panel in page.panels}
        sections = sections or {"waiting": self._part("waiting", words)}
        around = {
            "day": self._part("day", day_label(self._clock.now_us(), self._zone, locale)),
            "updated": self._part("updated", page, words),
            "ribbon": self._part("ribbon", page, words),
            "praise": self._part("praise", page, words),
        }
        drawn.redraw(view.seq, tuple(sections), page.density, {**around, **sections})

    def _part(self, name: str, *given: object) -> Markup:
        # Stripped, because a client makes an element of it and takes the first node.
        html: Markup = getattr(self._macros, name)(*given)
        return html.strip()
