"""The people and teams that a table's events speak of, as rows for a catalogue."""

import json
import re
from collections.abc import Callable, Mapping
from typing import Any

PEOPLE_FIELDS = ("owner", "person_id", "from_owner", "to_owner")
TEAM_FIELDS = ("team", "from_team", "to_team")
UNKNOWN = "unassigned"
"""What a catalogue needs and a table does not say: the team of a person, the department of a team."""

_PLAIN = re.compile(r"[A-Za-z][A-Za-z0-9_-]*")
_RESERVED = frozenset({"null", "true", "false", "yes", "no", "on", "off", "y", "n"})


class Seen:
    """Collects people and teams of events; `name_of` gives the name that an id was made from."""

    def __init__(self, name_of: Callable[[str], str | None]) -> None:
        self._name_of = name_of
        self._team_of: dict[str, str] = {}
        self._teams: set[str] = set()

    def add(self, event: Mapping[str, Any]) -> None:
        """Notes the people and teams of one event; a person's team is the one their newest row in the table names."""
        data = event["data"]
        teams = [data[field] for field in TEAM_FIELDS if data.get(field)]
        self._teams.update(teams)
        for field in PEOPLE_FIELDS:
            if person := data.get(field):
                self._team_of.setdefault(person, UNKNOWN)
                if field == "owner" and data.get("team"):
                    self._team_of[person] = data["team"]

    def rows(self) -> str:
        """`teams:` and `people:` of a catalogue in YAML, sorted by id."""
        teams = self._teams | set(self._team_of.values())
        lines = ["version: 1"]
        if teams:
            lines += ["teams:", *(self._row(team, "title", "department", UNKNOWN) for team in _sorted(teams))]
        if self._team_of:
            people = _sorted(set(self._team_of))
            lines += ["people:", *(self._row(person, "name", "team", self._team_of[person]) for person in people)]
        return "\n".join(lines) + "\n"

    def _row(self, identity: str, label: str, parent: str, parent_id: str) -> str:
        name = self._name_of(identity)
        named = f"{label}: {_scalar(name)}, " if name is not None and name != identity else ""
        return f"  - {{id: {_scalar(identity)}, {named}{parent}: {_scalar(parent_id)}}}"


def _sorted(ids: set[str]) -> list[str]:
    """By id, numbers inside as numbers: group-9 before group-10."""
    return sorted(
        ids, key=lambda text: [(part.isdigit(), int(part) if part.isdigit() else part) for part in _parts(text)]
    )


def _parts(text: str) -> list[str]:
    return [part for part in re.split(r"(\d+)", text) if part]


def _scalar(text: str) -> str:
    plain = _PLAIN.fullmatch(text) and text.lower() not in _RESERVED
    return text if plain else json.dumps(text, ensure_ascii=False)
