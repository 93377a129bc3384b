"""Whom an event counts for."""

from datetime import date, datetime
from zoneinfo import ZoneInfo

from schemas.catalogue.models import Catalogue, Kpi
from tests.reference.events import Net
from tests.reference.periods import midnight

SCOPES = ("person", "team", "department", "org")


def subjects(catalogue: Catalogue, kpi: Kpi, fact: Net, zone: ZoneInfo) -> list[str]:
    data = fact.data
    owner = None
    if fact.type != "survey.esat.response":
        owner = data.get("owner") or data.get("person_id") or data.get("to_owner")
    departments = {team.id: team.department for team in catalogue.teams}
    team = team_of(catalogue, owner, fact.at, zone) if owner else None
    person = owner if team else None
    if team is None and data.get("team") in departments:
        team = data["team"]
    chain = (person, team, departments[team] if team else None, catalogue.tenant.id)
    return [subject for subject in chain[SCOPES.index(kpi.scope) :] if subject is not None]


def team_of(catalogue: Catalogue, person: str, moment: datetime, zone: ZoneInfo) -> str | None:
    for start, end, team in stretches(catalogue, person, zone):
        if start <= moment < end:
            return team
    return None


def stretches(catalogue: Catalogue, person: str, zone: ZoneInfo) -> list[tuple[datetime, datetime, str]]:
    held = sorted((row for row in catalogue.people if row.id == person), key=lambda row: row.from_ or date.min)
    result = []
    for row, following in zip(held, [*held[1:], None], strict=False):
        end = row.to or date.max
        if following is not None:
            end = min(end, following.from_ or date.min)
        if (row.from_ or date.min) < end:
            result.append((midnight(row.from_ or date.min, zone), midnight(end, zone), row.team))
    return result
