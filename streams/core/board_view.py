"""What a whole sales floor may see of the values and alerts: grouped by department, nothing negative about a person.

A person's alert becomes a count where enough people work that the count points at nobody; people are named only to
praise them, the best few and never the last (PRODUCT features 32, 33).
"""

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import lru_cache

from schemas.alerts import Alert
from schemas.catalogue.models import Catalogue, Kind, Kpi
from schemas.values import Scope, Status, Value
from streams.core.series import OTHER

MIN_CREW = 5  # k-anonymity of "1 person needs help"
TOP_PEOPLE = 3  # of one KPI; a longer list would show who is last
TOP_SERIES = 5  # of one card; all of them are in the API

Rows = Mapping[tuple[str, str], Value]
"""(kpi, subject) -> row, all rows of a KPI from one period."""
SeriesOf = Callable[[Value], Sequence[Value]]
"""The series of a row."""


@dataclass(frozen=True, slots=True)
class Card:
    """One KPI of one department (or of the organisation), with its teams and the largest of its series; all rows are of
    the same period."""

    kpi: Kpi
    whole: Value
    teams: tuple[Value, ...]
    series: tuple[Value, ...] = ()


@dataclass(frozen=True, slots=True)
class Section:
    """The cards of a department; `department` None is the whole organisation."""

    department: str | None
    cards: tuple[Card, ...]


@dataclass(frozen=True, slots=True)
class Crew:
    """How many people of a team, department or the organisation (`place`) have a firing alert."""

    scope: Scope
    place: str
    people: int


@dataclass(frozen=True, slots=True)
class Praise:
    """A person who reached the target (`hit`), or leads those who are on track."""

    person: str
    name: str
    kpi: Kpi
    attainment: float
    hit: bool


@dataclass(frozen=True, slots=True)
class BoardView:
    """Everything the wall shows. `updated_us` is the time of the newest record taken, None before the first."""

    seq: int
    updated_us: int | None
    sections: tuple[Section, ...]
    alerts: tuple[Alert, ...]
    crews: tuple[Crew, ...]
    praise: tuple[Praise, ...]


class Floor:
    """Who belongs where, and therefore what may be shown. Reads the catalogue only; keeps no values."""

    def __init__(self, catalogue: Catalogue, *, recognise_people: bool = True) -> None:
        self.catalogue = catalogue
        self.org = catalogue.tenant.id
        self.department_of = {team.id: team.department for team in catalogue.teams}
        self.departments = tuple(dict.fromkeys(self.department_of.values()))
        self.scopes = {
            **{person.id: Scope.PERSON for person in catalogue.people},
            **dict.fromkeys(self.department_of, Scope.TEAM),
            **dict.fromkeys(self.departments, Scope.DEPARTMENT),
            self.org: Scope.ORG,
        }
        self.recognise_people = recognise_people
        self._kpis = {kpi.id: kpi for kpi in catalogue.kpis}
        self._names = {person.id: person.name or person.id for person in catalogue.people}
        # A view asks for the same few days again and again: today, and the starts of the open periods.
        self._teams_on = lru_cache(maxsize=64)(self._read_teams_on)
        self._heads_on = lru_cache(maxsize=64)(self._read_heads_on)

    def sections(self, rows: Rows, series_of: SeriesOf = lambda whole: ()) -> Iterator[Section]:
        """The organisation's cards, then each department's, in the order of the catalogue."""
        cards: dict[str | None, list[Card]] = defaultdict(list)
        for kpi in self.catalogue.kpis:
            for home, card in self._cards(kpi, rows):
                cards[home].append(replace(card, series=self._largest(series_of(card.whole))))
        for home in (None, *self.departments):
            if home in cards:
                yield Section(home, tuple(cards[home]))

    def public(self, alerts: Sequence[Alert]) -> tuple[Alert, ...]:
        """The alerts whose sentence may stand on the wall: those of the organisation, departments and teams."""
        return tuple(alert for alert in alerts if not self.is_personal(alert.subject, alert.at))

    def crews(self, alerts: Sequence[Alert]) -> tuple[Crew, ...]:
        """People with an alert, counted in the smallest place with MIN_CREW heads; fewer in all: not shown."""
        crews: dict[tuple[Scope, str], set[str]] = defaultdict(set)
        for alert in alerts:
            if not self.is_personal(alert.subject, alert.at):
                continue
            team = self._team(alert.subject, alert.at)
            department = self.department_of.get(team, "")
            heads = self._heads_on(_day(alert.at))
            places = ((Scope.TEAM, team), (Scope.DEPARTMENT, department), (Scope.ORG, self.org))
            for scope, place in places:
                if heads.get(place, 0) >= MIN_CREW:
                    crews[scope, place].add(alert.subject)
                    break
        return tuple(Crew(scope, place, len(people)) for (scope, place), people in sorted(crews.items()))

    def praise(self, rows: Rows) -> list[Praise]:
        """Who reached a target, best first of each KPI in turn; where nobody did, who leads a pace that is kept."""
        if not self.recognise_people:
            return []
        peers_of: dict[str, list[Value]] = defaultdict(list)
        for (kpi_id, _), row in rows.items():
            if row.scope is Scope.PERSON and row.attainment is not None:
                peers_of[kpi_id].append(row)
        placed: list[tuple[int, Praise]] = []
        for kpi_id, peers in peers_of.items():
            kpi = self._kpis[kpi_id]
            if kpi.kind is Kind.METRIC or kpi.anonymous:
                continue
            for place, row in enumerate(_best(peers)):
                hit = row.status is Status.HIT
                placed.append((place, Praise(row.subject, self._names[row.subject], kpi, row.attainment or 0.0, hit)))
        # Place by place, so that one easy KPI does not fill the strip.
        return [one for _, one in sorted(placed, key=lambda at: (not at[1].hit, at[0], -at[1].attainment))]

    def is_personal(self, subject: str, at: str) -> bool:
        """A person, or a team of one, which is a person by another name."""
        scope = self.scopes[subject]
        return scope is Scope.PERSON or (scope is Scope.TEAM and self._heads_on(_day(at)).get(subject) == 1)

    def names_person(self, row: Value) -> bool:
        """Whether a row is a person's, or a team's of one, or of a series that is named after somebody."""
        return self.is_personal(row.subject, row.start) or self.scopes.get(row.series or "") is Scope.PERSON

    def wall_of(self, alert: Alert) -> str | None:
        """The department on whose wall an alert belongs; None for the organisation's."""
        kpi = self._kpis.get(alert.kpi)
        homes = self._homes(kpi) if kpi is not None and alert.subject == self.org else ()
        return homes[0] if len(homes) == 1 else self.department(alert.subject, alert.at)

    def department(self, subject: str, at: str) -> str | None:
        """The department of a subject on the local day of `at`; None for the organisation."""
        match self.scopes[subject]:
            case Scope.DEPARTMENT:
                return subject
            case Scope.ORG:
                return None
            case _:
                return self.department_of.get(self._team(subject, at))

    def _cards(self, kpi: Kpi, rows: Rows) -> Iterator[tuple[str | None, Card]]:
        homes = self._homes(kpi)
        whole = rows.get((kpi.id, self.org))
        if kpi.scope is Scope.ORG:
            if whole is not None:
                yield (homes[0] if len(homes) == 1 else None), Card(kpi, whole, ())
            return
        shown = 0
        for home in homes:
            row = rows.get((kpi.id, home))
            if row is not None and (row.n or row.target is not None):
                yield home, Card(kpi, row, tuple(self._teams_of(kpi, home, rows)))
                shown += 1
        # The organisation's number says something new only where several departments make it.
        if whole is not None and shown != 1:
            yield None, Card(kpi, whole, ())

    def _teams_of(self, kpi: Kpi, department: str, rows: Rows) -> Iterator[Value]:
        for team, home in self.department_of.items():
            row = rows.get((kpi.id, team))
            meant = kpi.for_ is None or team in kpi.for_ or department in kpi.for_
            if home == department and meant and row is not None and not self.is_personal(team, row.start):
                yield row

    def _largest(self, series: Sequence[Value]) -> tuple[Value, ...]:
        """Those with most behind them, the rest last."""
        shown = [row for row in series if not self.names_person(row)]
        return tuple(sorted(shown, key=lambda row: (row.series == OTHER, -row.n, row.series or ""))[:TOP_SERIES])

    def _homes(self, kpi: Kpi) -> tuple[str, ...]:
        if kpi.for_ is None:
            return self.departments
        return tuple(dict.fromkeys(self.department_of.get(place, place) for place in kpi.for_))

    def _team(self, subject: str, at: str) -> str:
        return subject if subject in self.department_of else self._teams_on(_day(at)).get(subject, "")

    def _read_teams_on(self, day: date) -> dict[str, str]:
        return {
            row.id: row.team
            for row in self.catalogue.people
            if (row.from_ is None or row.from_ <= day) and (row.to is None or day < row.to)
        }

    def _read_heads_on(self, day: date) -> dict[str, int]:
        heads: dict[str, int] = defaultdict(int)
        for team in self._teams_on(day).values():
            for place in (team, self.department_of.get(team, ""), self.org):
                heads[place] += 1
        return heads


def _best(peers: list[Value]) -> list[Value]:
    ranked = sorted(peers, key=lambda row: (-(row.attainment or 0.0), row.subject))
    hits = [row for row in ranked if row.status is Status.HIT]
    if hits or len(ranked) < MIN_CREW:  # leading four people says more about the other three
        return hits[:TOP_PEOPLE]
    return [row for row in ranked[:1] if row.status is Status.ON_TRACK]


def _day(at: str) -> date:
    return date.fromisoformat(at[:10])  # RFC 3339 in the tenant's offset: its date is the local date
