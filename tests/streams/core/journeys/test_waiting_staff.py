"""A worker that waits for its first event long after the catalogue's people came still knows them."""

from random import Random

from schemas.catalogue.models import Catalogue
from streams.core.policy import DAY_US, HOUR_US, MINUTE_US, SECOND_US
from streams.core.stage import Now
from tests.streams.core.journeys.town import POLICY, company, event, instant
from tests.streams.core.road import Road

STAY = {"retention": {"base": "employee.hired", "lost": "employee.left", "key": "person_id"}}


def staffed() -> Catalogue:
    written = company(STAY, scope="team", period="year").model_dump(by_alias=True, exclude_none=True)
    for person in written["people"]:
        person["from"] = "2025-01-01"  # far beyond the horizon of 100 days
    return Catalogue.model_validate(written)


def test_people_of_the_catalogue_are_not_forgotten_before_the_first_event() -> None:
    road, began_us = Road(staffed(), POLICY, 2, Random(1)), instant("2026-11-20 09:00")
    for now_us in range(began_us, began_us + 3 * DAY_US, 6 * HOUR_US):
        road.tick(now_us)
    road.put([event("employee.left", "2026-11-23 09:30", "an", person_id="an")])
    now_us = began_us + 3 * DAY_US + HOUR_US
    road.run(Now(now_us, caught_up=True))
    for later_us in (2 * SECOND_US, MINUTE_US, 2 * MINUTE_US):
        road.tick(now_us + later_us)

    found = {value.subject: (value.value, value.n) for value in road.values.values()}

    assert {"t1": (0, 1), "t2": (100, 2), "acme": (200 / 3, 3), "d": (200 / 3, 3)} == found
