"""Public holidays of a country, and the weekend days that are worked for one, from the `holidays` package."""

import re
import warnings
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from functools import lru_cache
from typing import Any, NamedTuple

import holidays
from holidays.constants import HOLIDAY_NAME_DELIMITER


class Year(NamedTuple):
    """Days of one year that are not like their weekday.

    `off` maps days free by law to their names, `made_up` maps weekend days worked to the day off that they replace
    (None where the package does not tell it), `weekend` are the country's days of rest.
    """

    off: dict[date, str]
    made_up: dict[date, date | None]
    weekend: frozenset[date]


@lru_cache(maxsize=512)
def public_holidays(country: str, subdivision: str | None, year: int) -> Year:
    """Holidays of one year, substitute days among them. `check_place` must have passed country and subdivision."""
    # The swapped date is only told in a holiday's name; without a language the package takes one from the environment.
    language = getattr(holidays, country).default_language
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it says so where it knows a country for some years only
        # A swap may cross New Year (31 Dec 2018 was off for 5 Jan 2019), so the neighbouring years have their say.
        known: Any = holidays.country_holidays(
            country, subdiv=subdivision, years=(year - 1, year, year + 1), expand=False, language=language
        )
    replaces = dict(_swaps(known))
    first = date(year, 1, 1)
    days = [day for n in range(366) if (day := first + timedelta(n)).year == year]
    return Year(
        off={day: known[day] for day in days if day in known},
        made_up={day: replaces.get(day) for day in days if day in known.weekend_workdays and day not in known},
        weekend=frozenset(day for day in days if known.is_weekend(day)),
    )


@lru_cache(maxsize=64)
def holiday_names(country: str, subdivision: str | None, year: int, lang: str) -> dict[date, str]:
    """Names of a year's holidays in a language (`vi`, `en`); where the package lacks it in English, else in its own."""
    known = getattr(holidays, country)
    spoken = known.supported_languages or ()
    near = [name for wanted in (lang, "en") for name in spoken if name.partition("_")[0] == wanted]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return dict(
            holidays.country_holidays(
                country, subdiv=subdivision, years=year, expand=False, language=(near or [known.default_language])[0]
            )
        )


def _swaps(known: Any) -> Iterator[tuple[date, date]]:
    """Pairs of (day worked, day off for it), read from names such as `Ngày nghỉ (thay cho ngày 22/08/2026)`."""
    label = getattr(known, "substituted_label", None)
    if not label:
        return
    before, _, after = known.tr(label).partition("%s")
    pattern = re.compile(re.escape(before) + "(.+)" + re.escape(after))
    for day, names in known.items():
        for name in names.split(HOLIDAY_NAME_DELIMITER):
            if match := pattern.fullmatch(name):
                worked = datetime.strptime(match[1], known.tr(known.substituted_date_format))
                yield worked.date(), day
