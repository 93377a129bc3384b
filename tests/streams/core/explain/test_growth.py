"""Growth, explained: a period against its baseline, or what there is of it against as much; by itself and in scores."""

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
SOLD_LEADS = {"from": "lead.created", "to": "sale.closed", "key": "lead_id", "within": "10d"}
JOINED: list[tuple[str, dict[str, Any]]] = [
    ("week", {"of": {"count": "lead.created", "distinct": "lead_id"}, "over": "7d", "against": "previous"}),
    ("week", {"of": {"conversion": SOLD_LEADS, "as": "raw"}, "over": "7d", "against": "previous"}),
]
"""Growth of what joins items."""
DECEMBER_US = 1_796_058_000_000_000
"""Its first instant in Ho Chi Minh City, in 2026."""
MID_NOVEMBER_US = DECEMBER_US - 15 * DAY_US


def explained(events: list[worlds.Event], catalogue: Any, until_us: int, policy: Policy = POLICY) -> list[Explanation]:
    outcome = replay(worlds.lines(events), catalogue, policy, until_us)
    spec = compiled(catalogue, policy, 1, partition_of(1))
    return [
        explain(spec, "k", value.subject, spec.windows.parse(value.period)[1], until_us, [outcome.kept], value)
        for value in outcome.values
    ]


@given(st.sampled_from([*GROWTHS, *JOINED]), seeds, seeds, st.integers(0, 40))
@hypothesis(max_examples=25)
def test_growth_counted_anew_is_that_which_was_published(
    growth: tuple[str, dict[str, Any]], company: int, week: int, size: int
) -> None:
    for told in explained(worlds.events(week, size), growing(*growth, seed=company), UNTIL_US):
        assert told.account is not None
        assert told.published is not None
        assert (told.published.value, told.published.n) == (told.account.value, told.account.n)


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


@pytest.mark.parametrize(
    ("parts", "formula", "numbers", "value"),
    [
        # Half of November is over. Half of October is 15 days and a half: 100 of the 4th, half of the 40 of the 16th.
        ({}, "([1] / ([2] + [3] × 0.5) − 1) × 100", "(150 / (100 + 40 × 0.5) − 1) × 100", 25),
        (
            {"adjust": "days"},
            "([1] / (([2] + [3] × 0.5) × 0.967741935) − 1) × 100",
            "(150 / ((100 + 40 × 0.5) × 0.967741935) − 1) × 100",
            29.1666667,
        ),
        ({"against": {"value": 200}}, "([1] / (baseline × 0.5) − 1) × 100", "(150 / (200 × 0.5) − 1) × 100", 50),
        # Customers are not counted by days: half of October's two.
        (
            {"of": {"count": "sale.closed", "distinct": "customer_id"}},
            "([1] / ([2] × 0.5) − 1) × 100",
            "(1 / (2 × 0.5) − 1) × 100",
            0,
        ),
        # A mean is of all until then: (100 + 40 x 0.5) / 1.5 = 80.
        (
            {"of": {"mean": "amount", "of": "sale.closed"}},
            "([1] / n / (([2] + [3] × 0.5) / n) − 1) × 100",
            "(150 / 1 / ((100 + 40 × 0.5) / 1.5) − 1) × 100",
            87.5,
        ),
    ],
)
def test_growth_to_date_is_told_with_as_much_of_its_baseline(
    parts: dict[str, Any], formula: str, numbers: str, value: float
) -> None:
    sales = ("s1", "2026-10-04T09:00:00", 100), ("s2", "2026-10-16T09:00:00", 40), ("s3", "2026-11-05T09:00:00", 150)
    catalogue = growing("month", {"of": SOLD, "over": "1 month", "against": "previous", **parts})

    told = november(explained([sale(*one, customer_id=f"c-{one[0]}") for one in sales], catalogue, MID_NOVEMBER_US))

    assert told.account is not None
    assert (formula, numbers, 1) == (told.account.formula, told.account.numbers, told.account.n)
    assert told.account.value == pytest.approx(value)
    assert Note.DIFFERS not in told.notes


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
