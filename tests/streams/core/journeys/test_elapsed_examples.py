"""`elapsed`, worked by hand. March 2026 begins on a Sunday; office hours are 08:00-12:00 and 13:00-17:00."""

from typing import Any

import pytest

from tests.streams.core.journeys.town import Event, company, event, of, told

WITHIN_4H = {
    "elapsed": {
        "from": "ticket.opened",
        "to": {"of": "ticket.first_response", "where": {"automatic": {"ne": True}}},
        "key": "ticket_id",
        "clock": "business",
        "pause": ["ticket.waiting_customer", "ticket.resumed"],
        "credit": "to",
    },
    "as": {"share_within": "4h"},
}
COMPLAINTS = {
    "elapsed": {
        "from": "complaint.opened", "to": "complaint.resolved", "key": "complaint_id", "clock": "business",
        "undo": "complaint.reopened", "hold": "7d", "credit": "to",
    },
    "as": {"share_within": "24h", "late": "good"},
}  # fmt: skip
HIRING = {
    "elapsed": {
        "from": "requisition.opened", "to": "offer.accepted", "key": "requisition_id", "clock": "wall",
        "stop": "requisition.cancelled",
    },
    "as": "mean",
}  # fmt: skip


def ticket(number: int, *steps: tuple[str, str], owner: str = "an", opener: str | None = None) -> list[Event]:
    """Events of one ticket: (verb, local time)."""
    name = f"t{number}"
    made = []
    for verb, time in steps:
        data: dict[str, Any] = {"ticket_id": name}
        if verb == "first_response":
            data["owner"] = owner
        if verb == "opened" and opener is not None:
            data["owner"] = opener
        made.append(event(f"ticket.{verb}", time, name, **data))
    return made


def test_an_answer_in_the_last_minute_of_four_working_hours_is_in_time() -> None:
    # Friday 6 March 16:00 + 4 h: one hour to 17:00, then Monday 08:00-11:00. Due Monday 11:00, inclusive.
    in_time = ticket(1, ("opened", "2026-03-06 16:00"), ("first_response", "2026-03-09 11:00"))
    late = ticket(2, ("opened", "2026-03-06 16:00"), ("first_response", "2026-03-09 11:00:01"))

    rows = told(company(WITHIN_4H), in_time + late)

    assert {"2026-03": (50.0, 2)} == of(rows, "an")
    assert {"2026-03": (50.0, 2)} == of(rows, "acme")


def test_nobody_answers_and_the_ticket_counts_as_bad_when_it_falls_due() -> None:
    opened = ticket(1, ("opened", "2026-03-02 08:00"), opener="binh")  # due Monday 12:00

    assert {} == told(company(WITHIN_4H), opened, "2026-03-02 11:59:59")
    rows = told(company(WITHIN_4H), opened, "2026-03-02 12:00")
    assert {"binh": {"2026-03": (0.0, 1)}, "t2": {"2026-03": (0.0, 1)}} == {
        who: of(rows, who) for who in ("binh", "t2")
    }


def test_a_late_answer_stays_bad_and_belongs_to_who_gave_it() -> None:
    events = ticket(1, ("opened", "2026-03-02 08:00"), ("first_response", "2026-03-03 09:00"), opener="binh")

    rows = told(company(WITHIN_4H), events)

    assert ({"2026-03": (0.0, 1)}, {}) == (of(rows, "an"), of(rows, "binh"))


def test_a_machine_does_not_answer() -> None:
    events = ticket(1, ("opened", "2026-03-02 08:00"))
    events.append(event("ticket.first_response", "2026-03-02 08:01", "t1", ticket_id="t1", owner="an", automatic=True))

    assert {("acme", "2026-03"): (0.0, 1)} == told(company(WITHIN_4H), events, "2026-03-31 09:00")


def test_time_stands_still_while_the_customer_is_waited_for() -> None:
    # 08:00-09:00 runs (1 h), paused until 15:00, 3 h are left: 15:00-17:00 and Tuesday 08:00-09:00.
    steps = [("opened", "2026-03-02 08:00"), ("waiting_customer", "2026-03-02 09:00"), ("resumed", "2026-03-02 15:00")]
    assert {} == told(company(WITHIN_4H), ticket(1, *steps), "2026-03-03 08:59:59")
    assert {("acme", "2026-03"): (0.0, 1)} == told(company(WITHIN_4H), ticket(2, *steps), "2026-03-03 09:00")
    answered = ticket(3, *steps, ("first_response", "2026-03-03 09:00"))
    assert {"2026-03": (100.0, 1)} == of(told(company(WITHIN_4H), answered), "an")


def test_a_ticket_that_waits_for_the_customer_is_not_due() -> None:
    waiting = ticket(1, ("opened", "2026-03-02 08:00"), ("waiting_customer", "2026-03-02 09:00"))

    assert {} == told(company(WITHIN_4H), waiting, "2026-03-31 17:00")


def test_a_pause_after_the_due_instant_saves_nothing() -> None:
    events = ticket(1, ("opened", "2026-03-02 08:00"), ("waiting_customer", "2026-03-02 13:00"))

    assert {("acme", "2026-03"): (0.0, 1)} == told(company(WITHIN_4H), events, "2026-03-02 14:00")


def test_an_answer_during_a_pause_is_due_as_if_the_pause_ended_with_it() -> None:
    # One hour used of four by 09:00, answered on 31 March 16:00 while paused: 1 h to 17:00 and 2 h on 1 April. The due
    # instant, 1 April 10:00, is in April: no row of April before April begins.
    events = ticket(
        1, ("opened", "2026-03-02 08:00"), ("waiting_customer", "2026-03-02 09:00"),
        ("first_response", "2026-03-31 16:00"),
    )  # fmt: skip

    assert {} == told(company(WITHIN_4H), events, "2026-03-31 23:59:59")
    assert {"2026-04": (100.0, 1)} == of(told(company(WITHIN_4H), events, "2026-04-01 00:00"), "an")


def test_pauses_after_the_answer_move_nothing() -> None:
    events = ticket(
        1, ("opened", "2026-03-02 08:00"), ("first_response", "2026-03-02 12:30"),  # half an hour late by the wall,
        ("waiting_customer", "2026-03-02 13:00"), ("resumed", "2026-03-02 17:00"),  # due was 12:00
    )  # fmt: skip

    assert {"2026-03": (0.0, 1)} == of(told(company(WITHIN_4H), events), "an")


def complaint(*steps: tuple[str, str]) -> list[Event]:
    """Events of one complaint, all of `an`."""
    name = f"c{steps[0][1]}".replace(" ", "-")
    return [event(f"complaint.{verb}", time, name, complaint_id=name, owner="an") for verb, time in steps]


@pytest.mark.parametrize(
    ("steps", "good"),
    [
        # due after 24 working hours: Monday 2 March 08:00 -> Wednesday 17:00
        ([("resolved", "2026-03-04 17:00")], True),
        ([("resolved", "2026-03-20 09:00")], True),  # late, but a late success turns good
        ([("resolved", "2026-03-03 09:00"), ("reopened", "2026-03-10 09:00")], False),  # on the last instant of 7 d
        ([("resolved", "2026-03-03 09:00"), ("reopened", "2026-03-10 09:00:01")], True),
        ([("resolved", "2026-03-03 09:00"), ("reopened", "2026-03-04 09:00"), ("resolved", "2026-03-05 09:00")], False),
        ([("reopened", "2026-03-02 09:00"), ("resolved", "2026-03-03 09:00")], True),  # before the first resolution
        ([], False),
    ],
)
def test_a_complaint_is_good_once_resolved_and_not_reopened(steps: list[tuple[str, str]], good: bool) -> None:
    rows = told(company(COMPLAINTS), complaint(("opened", "2026-03-02 08:00"), *steps), "2026-03-31 12:00")

    assert {"2026-03": (100.0 if good else 0.0, 1)} == of(rows, "an")


def test_a_retracted_reopening_did_not_happen() -> None:
    events = complaint(
        ("opened", "2026-03-02 08:00"), ("resolved", "2026-03-03 09:00"), ("reopened", "2026-03-04 09:00")
    )
    reopened = {"source": "crm", "id": events[-1]["id"]}
    events.append(event("complaint.reopened.retracted", "2026-03-04 10:00", events[0]["subject"], supersedes=reopened))

    assert {"2026-03": (100.0, 1)} == of(told(company(COMPLAINTS), events, "2026-03-31 12:00"), "an")


def test_the_mean_is_of_the_answers_of_the_period_and_leaves_out_who_was_stopped() -> None:
    # a: 1 March to 11 March, 10 days. b: 1 March to 21 March, 20 days. c: stopped before its offer. d: open.
    def requisition(name: str, *steps: tuple[str, str]) -> list[Event]:
        return [event(type_, time, name, requisition_id=name, team="t1") for type_, time in steps]

    opened, accepted, cancelled = "requisition.opened", "offer.accepted", "requisition.cancelled"
    start = "2026-03-01 00:00"
    events = [
        *requisition("a", (opened, start), (accepted, "2026-03-11 00:00"), (cancelled, "2026-03-12 00:00")),
        *requisition("b", (opened, start), (accepted, "2026-03-21 00:00"), (accepted, "2026-03-29 00:00")),
        *requisition("c", (opened, start), (cancelled, "2026-03-05 00:00"), (accepted, "2026-03-06 00:00")),
        *requisition("d", (opened, start)),
    ]  # fmt: skip

    rows = told(company(HIRING, unit="days", scope="team", period="quarter"), events)

    assert {"2026-Q1": (15.0, 2)} == of(rows, "t1")
    assert {"2026-Q1": (15.0, 2)} == of(rows, "acme")


def test_a_working_hour_is_an_hour_of_the_mean_and_a_lunch_is_none() -> None:
    # 11:00 to 14:00: one hour before lunch, one after it.
    handed = {"lead_id": "l1", "to_owner": "an"}
    events = [
        event("lead.handed_over", "2026-03-02 11:00", "l1", **handed),
        event("lead.accepted", "2026-03-02 14:00", "l1", lead_id="l1", owner="an"),
    ]
    measure = {
        "elapsed": {"from": "lead.handed_over", "to": "lead.accepted", "key": "lead_id", "stop": "lead.rejected"},
        "as": "mean",
    }

    assert {"2026-03": (2.0, 1)} == of(told(company(measure, unit="hours"), events), "an")


def test_the_ninth_of_ten_waits_is_the_ninetieth_percentile() -> None:
    # Waits of 1..10 hours by the wall; rank ceil(0.9 x 10) = 9.
    events = []
    for hours in range(1, 11):
        events += ticket(hours, ("opened", "2026-03-02 08:00"), ("first_response", f"2026-03-02 {8 + hours:02d}:00"))
    measure = {
        "elapsed": {"from": "ticket.opened", "to": "ticket.first_response", "key": "ticket_id", "clock": "wall"},
        "as": {"quantile": 0.9},
    }

    rows = told(company(measure, unit="hours", scope="org"), events)

    assert {("acme", "2026-03"): (pytest.approx(9, rel=0.01), 10)} == rows


def test_a_correction_of_the_key_moves_the_answer_to_the_other_ticket() -> None:
    events = ticket(1, ("opened", "2026-03-02 08:00")) + ticket(2, ("opened", "2026-03-02 08:00"))
    wrong = event("ticket.first_response", "2026-03-02 09:00", "t1", ticket_id="t1", owner="an")
    right = event(
        "ticket.first_response", "2026-03-02 09:30", "t1", ticket_id="t2", owner="an",
        supersedes={"source": "crm", "id": wrong["id"]},
    )  # fmt: skip

    rows = told(company(WITHIN_4H), [*events, wrong, right], "2026-03-03 08:00")

    assert {"2026-03": (100.0, 1)} == of(rows, "an")
    assert {"2026-03": (50.0, 2)} == of(rows, "acme")
