"""A BoardView in one language: every string and bar length that the templates put on the page."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from schemas.alerts import Severity
from schemas.catalogue.models import Catalogue, Direction, Kind, text
from schemas.values import Scope, Status, Value
from streams.core.board_view import BoardView, Card, Crew, Praise, Section
from streams.core.series import OTHER
from streams.web.figures import Shown, clock_time, period_label, quantity, share
from streams.web.words import NO_TARGET, STATUS, WORDS, crew_sentence, department_title, unit_word

SHOWN_ALERTS = 3  # with "and 5 more" one row of a wide screen
HUGE_TILES = 4
ROOMY_TILES = 8
DENSE_TILES = 13
MOST_TILES = 16
LIMIT_AT = 70.0  # percent of the bar: where lower is better, the room right of the limit shows the excess


@dataclass(frozen=True, slots=True)
class Bar:
    """Percent of the bar's length. `tick` is what is expected by now, `limit` the target where lower is better."""

    fill: float
    tick: float | None
    limit: float | None


@dataclass(frozen=True, slots=True)
class TeamLine:
    """One team or series inside a tile."""

    name: str
    figure: str
    status: Status
    status_word: str
    share: str


@dataclass(frozen=True, slots=True)
class Tile:
    """One KPI card, worded. `beside` says what stands beside a projected share."""

    id: str
    title: str
    meta: str
    figure: Shown
    beside: str
    status: Status
    status_word: str
    bar: Bar | None
    share: str
    share_of: str
    target: str
    expected: str
    teams: tuple[TeamLine, ...]
    series: tuple[TeamLine, ...]


@dataclass(frozen=True, slots=True)
class Panel:
    """One section of the page; `id` is its element id."""

    id: str
    title: str
    department: str | None
    tiles: tuple[Tile, ...]


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the alert ribbon; `foreign` names its language where that is not the page's."""

    severity: Severity
    about: str
    sentence: str
    foreign: str | None


@dataclass(frozen=True, slots=True)
class Star:
    """One entry of the recognition strip."""

    name: str
    about: str
    deed: str
    hit: bool


@dataclass(frozen=True, slots=True)
class Page:
    """A whole wall, worded."""

    panels: tuple[Panel, ...]
    lines: tuple[Line, ...]
    more_lines: int
    stars: tuple[Star, ...]
    updated: str | None

    @property
    def density(self) -> str:
        """How much room each tile gets, so that a usual wall fits one screen."""
        tiles = sum(len(panel.tiles) for panel in self.panels)
        steps = ((HUGE_TILES, "huge"), (ROOMY_TILES, "roomy"), (DENSE_TILES - 1, "normal"))
        return next((name for most, name in steps if tiles <= most), "dense")


class Presenter:
    """Words a view for one tenant. `sentence_locale` is the language alert sentences are written in."""

    def __init__(self, catalogue: Catalogue, sentence_locale: str) -> None:
        self._zone = ZoneInfo(catalogue.tenant.timezone)
        self._sentence_locale = sentence_locale
        self._teams = {team.id: team for team in catalogue.teams}
        self._org = catalogue.tenant.id
        self._kpis = {kpi.id: kpi for kpi in catalogue.kpis}

    def page(self, view: BoardView, locale: str) -> Page:
        """The view in `locale`."""
        lines = [*self._lines(view, locale)]
        crowded = sum(len(section.cards) for section in view.sections) > MOST_TILES
        return Page(
            panels=tuple(
                Panel(
                    "section" if section.department is None else f"section-{section.department}",
                    department_title(section.department, locale),
                    section.department,
                    tuple(self._tile(card, locale) for card in _cards(section, crowded=crowded)),
                )
                for section in view.sections
            ),
            lines=tuple(lines[:SHOWN_ALERTS]),
            more_lines=max(0, len(lines) - SHOWN_ALERTS),
            stars=tuple(self._star(praise, locale) for praise in view.praise),
            updated=None if view.updated_us is None else clock_time(view.updated_us, self._zone, locale),
        )

    def place(self, subject: str, locale: str) -> str:
        """How a team, a department or the organisation is called."""
        if subject == self._org:
            return department_title(None, locale)
        team = self._teams.get(subject)
        if team is None:
            return department_title(subject, locale)
        return text(team.title, locale) if team.title else team.id

    def _tile(self, card: Card, locale: str) -> Tile:
        kpi, row = card.kpi, card.whole
        words = WORDS[locale]
        down = kpi.direction is Direction.DOWN
        meta = [words[kpi.kind.value], period_label(row.period, locale)] + [words["closed"]] * (row.version > 0)
        return Tile(
            id=f"{row.subject}-{kpi.id}",
            title=text(kpi.title, locale),
            meta=" · ".join(meta),
            figure=quantity(row.value, kpi.unit, locale),
            beside=_beside(row, kpi.unit, locale),
            status=row.status,
            status_word=_status_word(row, locale),
            bar=_bar(row, kpi.direction),
            share=_share(row, locale),
            share_of=words["of_limit" if down else "of_target"],
            target=_labelled(words["limit" if down else "target"], row.target, kpi.unit, locale),
            expected=_labelled(words["expected_down" if down else "expected"], row.expected, kpi.unit, locale),
            teams=tuple(_line(self.place(team.subject, locale), team, kpi.unit, locale) for team in card.teams),
            series=tuple(_line(_series_name(one, locale), one, kpi.unit, locale) for one in card.series),
        )

    def _lines(self, view: BoardView, locale: str) -> Iterator[Line]:
        foreign = None if locale == self._sentence_locale else self._sentence_locale
        for alert in view.alerts:
            about = f"{self.place(alert.subject, locale)} · {text(self._kpis[alert.kpi].title, locale)}"
            yield Line(alert.severity, about, alert.reason, foreign)
        for crew in view.crews:
            yield Line(Severity.INFO, "", self._crew(crew, locale), None)

    def _crew(self, crew: Crew, locale: str) -> str:
        if crew.scope is Scope.ORG:
            return crew_sentence(crew.people, None, locale)
        name = self.place(crew.place, locale)
        team = self._teams.get(crew.place)
        # A title says by itself what it names: "Đội Hà Nội 1".
        place = name if team and team.title else WORDS[locale][crew.scope.value].format(name=name)
        return crew_sentence(crew.people, place, locale)

    def _star(self, praise: Praise, locale: str) -> Star:
        words = WORDS[locale]
        up = praise.kpi.direction is Direction.UP
        # "112% of target" praises only where more is better.
        deed = words["hit" if up else "hit_down"].format(share=share(praise.attainment, locale))
        return Star(praise.name, text(praise.kpi.title, locale), deed if praise.hit else words["leads"], praise.hit)


def _cards(section: Section, *, crowded: bool) -> Sequence[Card]:
    """What a wall shows of a section. A crowded one leaves plain metrics to the department's own wall; a guardrail
    among them still speaks, as the status `hollow`."""
    kpis = [card for card in section.cards if card.kpi.kind is not Kind.METRIC]
    return kpis if crowded and kpis else section.cards


def _line(name: str, row: Value, unit: str, locale: str) -> TeamLine:
    figure = str(quantity(row.value, unit, locale))
    return TeamLine(name, figure, row.status, _status_word(row, locale), _share(row, locale))


def _series_name(row: Value, locale: str) -> str:
    return WORDS[locale]["other"] if row.series == OTHER else row.series or ""


def _status_word(row: Value, locale: str) -> str:
    if row.status is Status.NONE and row.target is None:
        return NO_TARGET[locale]
    return STATUS[locale][row.status]


def _beside(row: Value, unit: str, locale: str) -> str:
    words = WORDS[locale]
    told = (_labelled(words["raw"], row.raw, unit, locale), _labelled(words["matured"], row.matured, unit, locale))
    since = row.counted_from and f"{words['counted_from']} {period_label(row.counted_from[:10], locale)}"
    return " · ".join(one for one in (*told, since) if one)


def _labelled(label: str, value: int | float | None, unit: str, locale: str) -> str:
    return "" if value is None else f"{label} {_bare(value, unit, locale)}"


def _bare(value: int | float | None, unit: str, locale: str) -> str:
    """A number below the large one, which has named the unit already: only money and percent repeat it."""
    shown = quantity(value, unit, locale)
    return (
        str(shown)
        if unit == "%" or unit.isupper()
        else str(shown).removesuffix(unit_word(unit, value or 0, locale)).strip()
    )


def _share(row: Value, locale: str) -> str:
    if row.value is None or not row.target or row.target < 0:
        return ""
    return share(row.value / row.target, locale)


def _bar(row: Value, direction: Direction) -> Bar | None:
    """Full length is the target; where lower is better the target stands at LIMIT_AT and the bar may pass it."""
    if direction is Direction.BAND or row.value is None or not row.target or row.target < 0:
        return None
    full = LIMIT_AT if direction is Direction.DOWN else 100.0

    def at(value: int | float) -> float:
        return round(min(100.0, max(0.0, full * value / row.target)), 1)  # type: ignore[operator]

    tick = None if row.expected is None else at(row.expected)
    return Bar(at(row.value), tick, LIMIT_AT if direction is Direction.DOWN else None)
