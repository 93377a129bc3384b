"""Who is away by events, beside what the catalogue has: the working time of persons as JUDGE knows it at each moment.

Every partition of JUDGE hears of every `employee.leave`: a team's time is that of its members, whose own values may be
judged elsewhere.
"""

from collections import defaultdict

from streams.core.calendar import Calendars, WorkingTime
from streams.core.calendar.absences import Absence, absence_of, without_absences
from streams.core.calendar.spans import Span
from streams.core.frames import Absent
from streams.core.local_clock import LocalClock
from streams.core.policy import DAY_US
from streams.core.rows import Rows

ABSENCE = "absence"
KEPT_US = 400 * DAY_US
"""How long after its end leave is remembered: while any period that it lies in may be open."""

Identity = tuple[str, str]


class Attendance(Calendars):
    """The calendars of a catalogue, less the leave that was told; leave as rows of JUDGE."""

    def __init__(self, rows: Rows, catalogued: Calendars, clock: LocalClock) -> None:
        super().__init__(catalogued.tenant, {}, {})
        self._rows = rows
        self._catalogued = catalogued
        self._clock = clock
        self._away: dict[str, dict[Identity, Absence]] = defaultdict(dict)
        self._present: dict[str, WorkingTime] = {}

    def ready(self) -> None:
        """Take up what the rows say."""
        for key, (person, start, end) in self._rows.items(ABSENCE):
            absence = absence_of(person, start, end, self._clock)
            if absence is not None:
                self._away[person][str(key[1]), str(key[2])] = absence

    def team(self, team_id: str) -> WorkingTime:
        """As in the catalogue."""
        return self._catalogued.team(team_id)

    def person(self, person_id: str) -> WorkingTime:
        """As in the catalogue, less all leave that stands."""
        away = self._away.get(person_id)
        if not away:
            return self._catalogued.person(person_id)
        if person_id not in self._present:
            self._present[person_id] = without_absences(self._catalogued.person(person_id), away.values())
        return self._present[person_id]

    def tell(self, told: Absent) -> dict[str, Span]:
        """Take a leave as it stands now; the persons whose working time it changes, and between which instants."""
        source, id_, person, start, end = told
        key, changed = (ABSENCE, source, id_), dict[str, Span]()
        before = self._rows.get(key)
        if before == [person, start, end]:
            return changed
        if before is not None:
            self._rows.drop(key)
            gone = self._away[before[0]].pop((source, id_), None)
            if gone is not None:
                changed[before[0]] = self._span(gone)
        if start is not None and end is not None:
            self._rows.put(key, [person, start, end])
            absence = absence_of(person, start, end, self._clock)
            if absence is not None:
                self._away[person][source, id_] = absence
                spans = [self._span(absence), *([changed[person]] if person in changed else [])]
                changed[person] = min(first for first, _ in spans), max(last for _, last in spans)
        for one in changed:
            self._present.pop(one, None)
        return changed

    def sweep(self, oldest_us: int) -> None:
        """Forget leave that ended before an instant."""
        for person, held in self._away.items():
            for identity, absence in list(held.items()):
                if self._span(absence)[1] < oldest_us:
                    del held[identity]
                    self._rows.drop((ABSENCE, *identity))
                    self._present.pop(person, None)

    def _span(self, absence: Absence) -> Span:
        """From when to when an absence may reach: a shift ends at most a day after its date."""
        if absence.dates is None:
            return absence.stretch_us or (0, 0)
        first, after = absence.dates
        return self._clock.start_of(first), self._clock.start_of(after) + DAY_US
