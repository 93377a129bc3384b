"""`expected` and the status by pace, of retention and growth: worked by hand, and against tests/reference_measures.

Half of the working time of March 2026 is over when the 17th begins (11 of 22 working days), of April on the 16th.
"""

from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis

from schemas.alerts import Alert, AlertClass, Transition
from schemas.values import Status, Value
from streams.core.policy import DAY_US, Policy
from streams.core.replay import replay
from tests.reference_measures.pace import held
from tests.reference_measures.world import Cell
from tests.reference_measures.world import world as opened
from tests.streams.core.journeys.town import Event, company, event, instant, replayed
from tests.streams.core.measure_plans import PLANS
from tests.streams.core.test_measures_against_reference import EPOCH, MICROSECOND, loaded
from tests.streams.core.worlds import lines
from tests.streams.core.worlds_measures import Plan, World, worlds

KEPT = {"retention": {"base": "customer.created", "lost": "customer.churned", "key": "customer_id"}}
SOLD = {"sum": "amount", "of": "sale.closed"}
PREVIOUS = {"growth": {"of": SOLD, "over": "1 month", "against": "previous"}}
MONTHLY = {"growth": {"of": SOLD, "over": "1 month", "against": {"back": "3 months"}, "per": "1 month"}}
HALF_OF_MARCH, HALF_OF_APRIL = "2026-03-17 00:00", "2026-04-16 00:00"


def customers(lost: int) -> list[Event]:
    """Twenty customers of An at the end of February, some of whom are lost on 2 March."""
    came = [event("customer.created", "2026-02-02 09:00", f"c{n}", customer_id=f"c{n}", owner="an") for n in range(20)]
    return came + [event("customer.churned", "2026-03-02 09:00", f"c{n}", customer_id=f"c{n}") for n in range(lost)]


def sale(time: str, amount: int) -> Event:
    id_ = f"s-{time.replace(' ', '-')}"
    return event("sale.closed", time, id_, sale_id=id_, owner="an", amount=amount, currency="VND")


def row(measure: dict[str, Any], target: float, events: list[Event], until: str, **kpi: Any) -> Value:
    catalogue = company(measure, targets=[{"value": target}], **kpi)
    return replayed(catalogue, events, until)["an", until[:7]]


@pytest.mark.parametrize(
    ("lost", "until", "value", "expected", "status"),
    [
        # 85 % of 20: three may be lost, half of them, 7.5 %, by now: 92.5 %. A fifth more than that is still on track.
        (1, HALF_OF_MARCH, 95, 92.5, Status.ON_TRACK),
        (2, HALF_OF_MARCH, 90, 92.5, Status.BEHIND),  # 10 % lost, more than 1.2 x 7.5 %
        (3, "2026-03-31 17:00", 85, 85, Status.ON_TRACK),  # all of the working time has passed, and so has the budget
        (1, "2026-03-03 00:00", 95, 100 - 15 / 22, Status.NONE),  # one day of 22: too early
        (4, "2026-03-03 00:00", 80, 100 - 15 / 22, Status.BEHIND),  # all that may be lost and more: never too early
        (4, "2026-04-01 00:10", 80, 85, Status.MISSED),
    ],
)
def test_retention_is_held_to_the_losses_that_its_target_allows(
    lost: int, until: str, value: float, expected: float, status: Status
) -> None:
    said = replayed(company(KEPT, targets=[{"value": 85}]), customers(lost), until)["an", "2026-03"]

    assert (value, 85, status) == (said.value, said.target, said.status)
    assert said.expected == pytest.approx(expected)


@pytest.mark.parametrize(
    ("sold", "status"), [(1300, Status.HIT), (600, Status.ON_TRACK), (520, Status.ON_TRACK), (519, Status.BEHIND)]
)
def test_growth_is_held_to_the_volume_that_makes_its_target(sold: int, status: Status) -> None:
    # K1: February 1000, all of it in the share of the month that has passed by now; 30 % more are 1300, half of which,
    # 650, is due. Beside the 1000 that is 35 % less. Four fifths of 650 are 520.
    said = row(PREVIOUS, 30, [sale("2026-02-02 09:00", 1000), sale("2026-03-02 09:00", sold)], HALF_OF_MARCH)

    assert status is said.status
    assert said.value == pytest.approx(sold / 10 - 100)
    assert said.expected == pytest.approx(-35)


def test_growth_on_the_free_days_before_the_end_is_held_to_all_of_its_volume() -> None:
    # Saturday noon, the last day of February: all of its work is done, so all of 2000 x 1.3 is due. To date that is
    # against the first 27.5 / 28 of January, which end on the 31st: 1000, and of that day's 1000 the part that is over.
    events = [sale("2026-01-02 09:00", 1000), sale("2026-01-31 09:00", 1000), sale("2026-02-02 09:00", 1500)]
    to_date = 1000 + 1000 * (27.5 / 28 * 31 - 30)

    said = row(PREVIOUS, 30, events, "2026-02-28 12:00")

    assert said.value == pytest.approx(100 * (1500 / to_date - 1))
    assert said.expected == pytest.approx(100 * (2600 / to_date - 1))


def test_growth_of_several_steps_is_held_to_all_of_them() -> None:
    # K5: January 100; 15 % a month make 100 x 1.15^3 = 152.0875 in April, half of which, 76.04375, is due. To date
    # that is the cube root of 0.7604375, 8.72 % less a month. Four fifths of it are 60.8.
    def april(sold: int) -> Value:
        return row(MONTHLY, 15, [sale("2026-01-02 09:00", 100), sale("2026-04-02 09:00", sold)], HALF_OF_APRIL)

    assert april(61).expected == pytest.approx(100 * (0.7604375 ** (1 / 3) - 1))
    assert [Status.ON_TRACK, Status.BEHIND] == [april(61).status, april(60).status]


def test_growth_that_should_stay_small_may_use_up_its_volume() -> None:
    # At most 10 % more than 1000: 1100, half of it by now; 660 is a fifth more than that.
    def march(spent: int) -> Value:
        events = [sale("2026-02-02 09:00", 1000), sale("2026-03-02 09:00", spent)]
        return row(PREVIOUS, 10, events, HALF_OF_MARCH, direction="down")

    assert [Status.ON_TRACK, Status.BEHIND] == [march(660).status, march(661).status]


def test_growth_of_what_does_not_add_up_has_no_pace() -> None:
    mean = {"growth": {**PREVIOUS["growth"], "of": {"mean": "amount", "of": "sale.closed"}}}
    events = [sale("2026-02-02 09:00", 100), *(sale(f"2026-03-02 09:0{n}", 120) for n in range(5))]

    said = row(mean, 30, events, HALF_OF_MARCH)

    assert (20, None, Status.BEHIND) == (said.value, said.expected, said.status)


def test_a_closed_row_expects_its_target() -> None:
    events = [sale("2026-02-02 09:00", 1000), sale("2026-03-02 09:00", 1300)]
    (march,) = [
        value
        for name, value in replayed(company(PREVIOUS, targets=[{"value": 30}]), events, HALF_OF_APRIL).items()
        if name == ("an", "2026-03")
    ]

    assert (30, 30, Status.HIT, 1) == (march.value, march.expected, march.status, march.version)


def test_losses_that_run_ahead_of_the_plan_are_told_as_what_is_left() -> None:
    catalogue = company(KEPT, targets=[{"value": 85}], kind="lagging")
    outcome = replay(lines(customers(3)), catalogue, Policy(future_us=None), instant(HALF_OF_MARCH))

    (told,) = firing(outcome.alerts, "an")
    # A fifth of the working time has passed with the fifth working day, and all that may be lost is: 3 of 20.
    assert told.at[:10] == "2026-03-06"
    assert told.reason == (
        "K, an: 85% is left, the target for March 2026 is 85%; in step with time it would be about 97% by now. That is"
        " 17.6 working days ahead of the plan."
    )


@pytest.mark.parametrize(("strict", "spent"), [(True, 1000), (False, 1001)])
def test_the_alert_of_a_spent_budget_stays_until_its_period_ends(strict: bool, spent: int) -> None:
    cost = {"sum": "amount", "of": "ad.spend"}
    targets = [{"value": 1000, "strict": strict}]
    catalogue = company(cost, unit="VND", direction="down", kind="lagging", targets=targets)
    events = [
        event("ad.spend", "2026-03-02 08:00", "c", campaign_id="c", amount=0, owner="an"),
        event("ad.spend", "2026-03-03 09:00", "c", campaign_id="c", amount=spent, owner="an"),
    ]

    alerts = replay(lines(events), catalogue, Policy(future_us=None), instant("2026-04-01 09:00")).alerts

    transitions = [alert.transition for alert in alerts if (alert.cls, alert.subject) == (AlertClass.BEHIND, "an")]
    assert transitions == [Transition.PENDING, Transition.FIRING, Transition.EXPIRED]


def test_of_a_budget_spent_when_all_working_time_is_over_no_gap_is_told() -> None:
    cost = {"sum": "amount", "of": "ad.spend"}
    catalogue = company(cost, unit="VND", direction="down", kind="lagging", targets=[{"value": 1000, "strict": True}])
    events = [
        event("ad.spend", time, "c", campaign_id="c", amount=amount, owner="an")
        for time, amount in (("2026-03-02 08:00", 0), ("2026-03-31 17:30", 1000))
    ]

    outcome = replay(lines(events), catalogue, Policy(future_us=None), instant("2026-04-01 00:00"))

    (told,) = firing(outcome.alerts, "an")
    assert told.reason == (
        "K, an: ₫1,000 used of ₫1,000 for March 2026; in step with time it would be about ₫1,000 by now."
    )


def week_of_sales(*later: tuple[str, int]) -> list[str]:
    """When An, who sold 10 of 1,000 on Monday 2 March, is told to be behind by the end of the week."""
    catalogue = company(SOLD, unit="VND", period="week", kind="lagging", targets=[{"value": 1000}])
    events = [sale("2026-03-02 08:00", 10), *(sale(time, amount) for time, amount in later)]
    outcome = replay(lines(events), catalogue, Policy(future_us=None), instant("2026-03-09 00:00"))
    return [told.at[:16] for told in firing(outcome.alerts, "an")]


def test_who_falls_behind_as_the_working_day_ends_is_told_when_work_goes_on() -> None:
    # A fifth of the week's 40 working hours is over at 17:00 on Monday: before that nothing is said, and nobody acts on
    # it at 17:15.
    assert week_of_sales() == ["2026-03-03T08:15"]


def test_who_catches_up_in_the_evening_is_told_nothing_until_behind_again() -> None:
    # 190 of 1,000 are 80 % of the plan of nine and a half hours: until 09:30 on Tuesday.
    assert week_of_sales(("2026-03-02 20:00", 180)) == ["2026-03-03T09:46"]


def test_who_falls_behind_in_the_last_minutes_of_a_period_is_told_although_work_is_over() -> None:
    # 795 are 80 % of the plan of 39.75 hours: until 16:45 on Friday, with no quarter of an hour left of the week.
    assert week_of_sales(("2026-03-02 20:00", 785)) == ["2026-03-06T17:01"]


def firing(alerts: list[Alert], subject: str) -> list[Alert]:
    return [
        alert
        for alert in alerts
        if (alert.cls, alert.transition, alert.subject) == (AlertClass.BEHIND, Transition.FIRING, subject)
    ]


# -- against the second computation

PACED = [*PLANS["retention"], *PLANS["growth"]]
POLICY = Policy(future_us=None, horizon_us=1000 * DAY_US)


@pytest.mark.parametrize("plan", [pytest.param(plan, id=str(n)) for n, plan in enumerate(PACED)])
@pytest.mark.parametrize("target", [40, 85])
def test_rows_are_held_to_what_the_contract_holds_them_to(plan: Plan, target: int) -> None:
    @given(worlds((plan._replace(ends=None),)))
    @hypothesis(max_examples=8)
    def holds(world: World) -> None:
        kpi = {**world.catalogue["kpis"][0], "targets": [{"value": target}]}
        known = opened({**world.catalogue, "kpis": [kpi]}, world.events, world.until)
        if known is None or not world.events or known.first > known.clock:
            return
        got = rows_of(known.catalogue, world)
        for cell, held_ in held(known, kpi, Fraction(target, 100)).items():
            said = got[cell]
            if said.value is not None and not held_.is_close:
                assert held_.status is said.status, (cell, held_, said)
                assert_expected(said, held_, plan)

    holds()


def rows_of(catalogue: Any, world: World) -> dict[Cell, Value]:
    until_us = None if world.until is None else (world.until - EPOCH) // MICROSECOND
    values = replay(lines(world.events), loaded(catalogue), POLICY, until_us).values
    return {Cell(value.subject, value.period, value.series): value for value in values}


def assert_expected(said: Value, of: Any, plan: Plan) -> None:
    assert said.value is not None
    assert said.expected is not None
    assert said.target is not None
    if of.is_budget:
        lost = of.due / of.whole * (100 - said.target) if of.whole else 0
        assert said.expected == pytest.approx(float(100 - lost))
    elif of.so_far:
        # Against the same baseline to date, whatever that is, the volume that is due and the one that is there are in
        # the proportion that the contract says.
        steps = 2 if "per" in plan.measure["growth"] else 1
        told = ((100 + said.expected) / (100 + said.value)) ** steps
        assert told == pytest.approx(float(of.due / of.so_far), rel=1e-6)
