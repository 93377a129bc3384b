"""Growth, explained: a period that is over against its whole baseline, by itself and as a part of scores."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis
from hypothesis import strategies as st

from streams.core.explain.explaining import Explanation, Note, explain
from streams.core.pipeline import compiled
from streams.core.policy import DAY_US, Policy
from streams.core.replay import replay
from streams.routing import partition_of
from tests.streams.core import worlds
from tests.streams.core.explain.test_scores import explained as explained_scores
from tests.streams.core.test_growth import GROWTHS, SOLD, growing, sale, seeds
from tests.streams.core.test_road_laws import UNTIL_US
from tests.streams.core.test_scores import MOVING, scored

POLICY = Policy(future_us=None, horizon_us=300 * DAY_US)
DECEMBER_US = 1_796_058_000_000_000
"""Its first instant in Ho Chi Minh City, in 2026."""


def explained(events: list[worlds.Event], catalogue: Any, until_us: int, policy: Policy = POLICY) -> list[Explanation]:
    outcome = replay(worlds.lines(events), catalogue, policy, until_us)
    spec = compiled(catalogue, policy, 1, partition_of(1))
    return [
        explain(spec, "k", value.subject, spec.windows.parse(value.period)[1], until_us, [outcome.kept], value)
        for value in outcome.values
    ]


@given(st.sampled_from(GROWTHS), seeds, seeds, st.integers(0, 40))
@hypothesis(max_examples=20)
def test_growth_counted_anew_is_that_which_was_published(
    growth: tuple[str, dict[str, Any]], company: int, week: int, size: int
) -> None:
    for told in explained(worlds.events(week, size), growing(*growth, seed=company), UNTIL_US):
        is_over = told.scene.window.end_us <= UNTIL_US
        assert is_over is (told.account is not None)
        assert Note.DIFFERS not in told.notes, (told.published, told.account)


def november(of: list[Explanation]) -> Explanation:
    (told,) = [one for one in of if (one.scene.subject, one.scene.window.id) == ("an", "2026-11")]
    return told


@pytest.mark.parametrize(
    ("parts", "formula", "numbers", "value"),
    [
        # November 150 after 100 in October: half as much again; its 30 days are 30/31 of October's.
        ({"against": "previous"}, "([1] / [2] − 1) × 100", "(150 / 100 − 1) × 100", 50),
        (
            {"against": "previous", "adjust": "days"},
            "([1] / ([2] × 0.967741935) − 1) × 100",
            "(150 / (100 × 0.967741935) − 1) × 100",
            55,
        ),
        ({"against": {"value": 60}}, "([1] / baseline − 1) × 100", "(150 / 60 − 1) × 100", 150),
    ],
)
def test_growth_is_told_with_its_baseline(parts: dict[str, Any], formula: str, numbers: str, value: float) -> None:
    events = [sale("s1", "2026-10-05T09:00:00", 100), sale("s2", "2026-11-05T09:00:00", 150)]
    catalogue = growing("month", {"of": SOLD, "over": "1 month", **parts})

    account = november(explained(events, catalogue, DECEMBER_US)).account

    assert account is not None
    assert (formula, numbers, value, 1) == (account.formula, account.numbers, account.value, account.n)


def test_a_baseline_whose_events_are_not_kept_is_not_told() -> None:
    events = [sale("s1", "2026-10-05T09:00:00", 100), sale("s2", "2026-11-05T09:00:00", 150)]
    catalogue = growing("month", {"of": SOLD, "over": "1 month", "against": "previous"})

    told = november(explained(events, catalogue, DECEMBER_US, Policy(future_us=None, horizon_us=40 * DAY_US)))

    assert told.account is None
    assert Note.UNTOLD in told.notes


@given(seeds, seeds, st.integers(0, 40))
@hypothesis(max_examples=8)
def test_scores_of_growth_are_told(company: int, week: int, size: int) -> None:
    catalogue = scored("score", 0.6, company, [MOVING[1]])
    for told in explained_scores(worlds.events(week, size), catalogue, UNTIL_US):
        assert told.account is not None
        assert Note.DIFFERS not in told.notes, (told.published, told.account)
