"""Beside a projected share its row says what is known already: the raw share, and that of the matured items."""

from typing import Any

import pytest

from schemas.catalogue.models import Catalogue
from schemas.events.times import parse_us
from schemas.values import Value
from streams.core.policy import Policy
from streams.core.replay import replay
from tests.streams.core import worlds

POLICY = Policy(future_us=None)
CATALOGUE = Catalogue.model_validate(
    {
        "version": 1,
        "tenant": {"id": "demo", "timezone": "Asia/Ho_Chi_Minh", "currency": "VND", "locale": "vi"},
        "people": [{"id": "an", "team": "hn-1"}],
        "teams": [{"id": "hn-1", "department": "sales"}],
        "kpis": [
            {
                "id": how, "title": how, "kind": "metric", "unit": "%", "scope": "person", "period": "month",
                "measure": {
                    "conversion": {"from": "lead.created", "to": "sale.closed", "key": "lead_id", "within": "10d"},
                    "as": how,
                },
            }
            for how in ("projected", "raw", "matured")
        ],
    }
)  # fmt: skip


def event(type_: str, lead: str, day: int) -> dict[str, Any]:
    data: dict[str, Any] = {"owner": "an", "lead_id": lead}
    subject = lead
    if type_ == "sale.closed":
        subject = f"sale-{lead}"
        data |= {"sale_id": subject, "amount": 1, "currency": "VND"}
    return {
        "specversion": "1.0", "id": f"{type_}-{lead}", "source": "crm", "type": type_, "subject": subject,
        "time": f"2026-10-{day:02}T09:00:00+07:00", "data": data,
    }  # fmt: skip


EVENTS = [
    event("lead.created", "a", 1),
    event("lead.created", "b", 2),
    event("sale.closed", "a", 4),
    event("lead.created", "c", 14),
    event("lead.created", "d", 15),
    event("sale.closed", "c", 16),
    event("lead.created", "e", 16),
]
"""By the 16th the windows of a and b are over, of which a was sold; c of the young ones was sold too."""


def rows(until: str) -> dict[str, Value]:
    outcome = replay(worlds.lines(EVENTS), CATALOGUE, POLICY, parse_us(until))
    return {value.kpi: value for value in outcome.values if value.subject == "an" and value.period == "2026-10"}


def test_raw_and_matured_shares_stand_beside_the_projected_one() -> None:
    row = rows("2026-10-16T12:00:00+07:00")["projected"]

    assert (40, 50) == (row.raw, row.matured)  # a and c of five; a of a and b
    assert row.value is not None
    assert 40 < row.value <= 100  # the young ones may still be sold


def test_they_are_what_kpis_of_their_own_say() -> None:
    found = rows("2026-10-16T12:00:00+07:00")

    assert (found["raw"].value, found["matured"].value) == (found["projected"].raw, found["projected"].matured)
    assert (None, None) == (found["raw"].raw, found["matured"].matured)


def test_nothing_is_said_of_matured_items_while_there_are_none() -> None:
    row = rows("2026-10-03T12:00:00+07:00")["projected"]

    assert (0, None) == (row.raw, row.matured)


@pytest.mark.parametrize("until", ["2026-11-03T12:00:00+07:00", "2026-12-01T00:00:00+07:00"])
def test_a_closed_row_keeps_them(until: str) -> None:
    row = rows(until)["projected"]

    assert row.version > 0
    assert (40, 40, 40) == (row.value, row.raw, row.matured)  # by 26 October everything has matured
