"""`other` of a KPI with `by`, explained: it says what it is instead of counting a series of that name."""

import pytest

from schemas.catalogue.models import Catalogue
from streams.core.explain.explaining import Explanation, Note, explain
from streams.core.pipeline import compiled
from streams.core.replay import replay
from streams.inspection.explain_text import lines_of
from streams.routing import partition_of
from tests.streams.core.journeys.town import POLICY, instant
from tests.streams.core.test_series import NOVEMBER, THREE, winning
from tests.streams.core.worlds import lines

UNTIL_US = instant("2026-11-20 00:00")


def explained(catalogue: Catalogue, series: str) -> Explanation:
    outcome = replay(lines(THREE), catalogue, POLICY, UNTIL_US)
    spec = compiled(catalogue, POLICY, 1, partition_of(1))
    (row,) = [
        value for value in outcome.values if (value.subject, value.period, value.series) == ("acme", NOVEMBER, series)
    ]
    return explain(spec, "k", "acme", spec.windows.parse(NOVEMBER)[1], UNTIL_US, [outcome.kept], row, series)


def test_a_series_with_a_row_of_its_own_is_counted_anew() -> None:
    told = explained(winning(most=1), "a")

    assert told.account is not None
    assert (3, 2) == (told.account.value, told.account.n)
    assert Note.FOLDED not in told.notes


@pytest.mark.parametrize(("locale", "said"), [("en", "ask for each by its name"), ("vi", "hãy hỏi từng dãy theo tên")])
def test_other_is_told_as_what_it_is(locale: str, said: str) -> None:
    told = explained(winning(most=1), "other")

    assert (530, None) == (told.published and told.published.value, told.account)
    assert Note.FOLDED in told.notes
    assert not {Note.DIFFERS, Note.UNTOLD} & set(told.notes)
    assert any(said in line for line in lines_of(told, locale))
