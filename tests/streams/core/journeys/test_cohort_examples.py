"""`conversion` and `repeat`, worked by hand: raw and matured. Projected values have a file of their own."""

from typing import Any

import pytest

from tests.streams.core.journeys.town import Event, company, event, of, replayed, told


def conversion(form: str, *, credit: str = "from", within: str = "60d", **where: Any) -> dict[str, Any]:
    """Leads that become sales or customers (S2)."""
    parts = {
        "from": {"of": "lead.created", "where": where},
        "to": ["sale.closed", "customer.created"],
        "key": "lead_id",
        "within": within,
        "credit": credit,
    }
    return {"conversion": parts, "as": form}


def lead(name: str, time: str, owner: str = "an", **data: Any) -> Event:
    return event("lead.created", time, name, lead_id=name, owner=owner, **data)


def sale(name: str, lead_id: str, time: str, owner: str = "an", amount: int = 100, **data: Any) -> Event:
    return event(
        "sale.closed", time, name, sale_id=name, lead_id=lead_id, owner=owner, amount=amount, currency="VND", **data
    )


FOUR_LEADS = [lead(f"l{n}", f"2026-03-{n:02d} 10:00") for n in (1, 2, 3, 4)]


def test_a_sale_counts_in_the_month_of_its_lead() -> None:
    events = [*FOUR_LEADS, sale("s1", "l1", "2026-04-20 10:00")]

    assert {"2026-03": (25.0, 4)} == of(told(company(conversion("raw")), events), "an")


def test_the_window_is_inclusive_and_what_came_before_the_lead_does_not_count() -> None:
    events = [
        *FOUR_LEADS,
        sale("s1", "l1", "2026-04-30 10:00"),  # 60 days after 1 March 10:00, to the second
        sale("s2", "l2", "2026-05-01 10:00:01"),
        sale("s3", "l3", "2026-03-03 09:59:59"),
    ]

    assert {"2026-03": (25.0, 4)} == of(told(company(conversion("raw")), events), "an")


def test_two_sales_of_a_lead_and_two_events_of_a_lead_are_one_conversion_of_one_lead() -> None:
    events = [*FOUR_LEADS, lead("l1", "2026-03-09 10:00"), sale("s1", "l1", "2026-03-10 10:00")]
    events.append(sale("s2", "l1", "2026-03-11 10:00"))

    assert {"2026-03": (25.0, 4)} == of(told(company(conversion("raw")), events), "an")


def reversal(of_sale: str, time: str, **data: Any) -> Event:
    return event("sale.reversed", time, of_sale, sale_id=of_sale, **data)


@pytest.mark.parametrize(
    ("taken", "value"),
    [
        ([reversal("s1", "2026-03-12 10:00")], 0.0),
        ([reversal("s1", "2026-03-12 10:00", amount=60)], 25.0),
        ([reversal("s1", "2026-03-12 10:00", amount=60), reversal("s1", "2026-03-13 10:00", amount=40)], 0.0),
    ],
)
def test_a_sale_of_which_nothing_is_left_converts_nobody(taken: list[Event], value: float) -> None:
    events = [*FOUR_LEADS, sale("s1", "l1", "2026-03-10 10:00"), *taken]

    assert {"2026-03": (value, 4)} == of(told(company(conversion("raw")), events), "an")


def test_a_sale_of_nothing_converts_nobody_and_the_next_one_does() -> None:
    events = [*FOUR_LEADS, sale("s1", "l1", "2026-03-10 10:00", amount=0)]

    assert {"2026-03": (0.0, 4)} == of(told(company(conversion("raw")), events), "an")
    events.append(sale("s2", "l1", "2026-03-11 10:00"))
    assert {"2026-03": (25.0, 4)} == of(told(company(conversion("raw")), events), "an")


def test_credit_to_moves_the_converted_lead_to_the_seller_in_the_lead_s_month() -> None:
    events = [*FOUR_LEADS, sale("s1", "l1", "2026-04-20 10:00", owner="binh")]

    rows = told(company(conversion("raw", credit="to")), events)

    assert {"2026-03": (0.0, 3)} == of(rows, "an")
    assert {"2026-03": (100.0, 1)} == of(rows, "binh")
    assert {"2026-03": (25.0, 4)} == of(rows, "acme")


def test_only_leads_past_their_window_count_as_matured() -> None:
    # Windows end on 30 April 10:00, 1, 2 and 3 May 10:00.
    events = [*FOUR_LEADS, sale("s1", "l1", "2026-03-10 10:00"), sale("s4", "l4", "2026-03-10 10:00")]

    def matured(until: str) -> dict[str, tuple[Any, int]]:
        return of(told(company(conversion("matured")), events, until), "an")

    assert {"2026-03": (None, 0)} == matured("2026-04-30 09:59:59")
    assert {"2026-03": (100.0, 1)} == matured("2026-04-30 10:00")
    assert {"2026-03": (50.0, 2)} == matured("2026-05-01 12:00")
    assert {"2026-03": (50.0, 4)} == matured("2026-06-01 12:00")


def test_a_sale_after_the_close_restates_the_month_as_another_version() -> None:
    events = [*FOUR_LEADS, sale("s1", "l1", "2026-04-20 10:00")]
    closed = replayed(company(conversion("raw")), events, "2026-04-10 00:00")["an", "2026-03"]
    restated = replayed(company(conversion("raw")), events, "2026-04-21 00:00")["an", "2026-03"]

    assert [(0.0, 1), (25.0, 2)] == [(row.value, row.version) for row in (closed, restated)]


def test_a_retracted_first_lead_hands_its_place_to_the_next_event_of_it() -> None:
    events = [lead("l1", "2026-03-31 10:00"), lead("l1", "2026-04-02 10:00", owner="binh")]
    rows = told(company(conversion("raw")), events)
    assert ({"2026-03": (0.0, 1)}, {}) == (of(rows, "an"), of(rows, "binh"))

    gone = event(
        "lead.created.retracted", "2026-04-03 10:00", "l1", supersedes={"source": "crm", "id": events[0]["id"]}
    )
    rows = told(company(conversion("raw")), [*events, gone])

    assert ({}, {"2026-04": (0.0, 1)}) == (of(rows, "an"), of(rows, "binh"))


def test_where_decides_which_lead_event_is_the_first() -> None:
    events = [lead("l1", "2026-03-31 10:00", score=10), lead("l1", "2026-04-02 10:00", score=90)]

    assert {"2026-04": (0.0, 1)} == of(told(company(conversion("raw", score={"ge": 50})), events), "an")


def test_an_open_counts_once_a_message_and_recipient() -> None:
    # K3a: three delivered, one opened twice, one opened by a machine only: 33.3 %.
    def mail(verb: str, number: int, time: str, **data: Any) -> Event:
        name = f"m{number}"
        return event(f"email.{verb}", time, name, message_id=name, recipient_hash="r", campaign_id="spring", **data)

    events = [mail("delivered", number, "2026-03-02 08:00") for number in (1, 2, 3)]
    events += [mail("opened", 1, "2026-03-03 08:00"), mail("opened", 1, "2026-03-04 08:00")]
    events.append(mail("opened", 2, "2026-03-02 08:01", machine=True))
    parts = {
        "from": "email.delivered", "to": {"of": "email.opened", "where": {"machine": {"ne": True}}},
        "key": ["message_id", "recipient_hash"], "within": "7d",
    }  # fmt: skip

    rows = told(company({"conversion": parts, "as": "raw"}, scope="org"), events)

    assert {("acme", "2026-03"): (pytest.approx(100 / 3), 3)} == rows


def repeat(form: str) -> dict[str, Any]:
    return {"repeat": {"of": "sale.closed", "key": "customer_id", "within": "365d"}, "as": form}


def bought(customer: str, time: str, owner: str = "an") -> Event:
    name = f"{customer} {time}".replace(" ", "-")
    return event("sale.closed", time, name, sale_id=name, customer_id=customer, owner=owner, amount=10, currency="VND")


def test_a_second_purchase_counts_from_the_next_local_day_on() -> None:
    events = [
        bought("a", "2026-03-02 09:00"), bought("a", "2026-03-02 23:59:59"),  # the same day
        bought("b", "2026-03-02 09:00"), bought("b", "2026-03-02 23:59:59"), bought("b", "2026-03-03 00:00"),
        bought("c", "2026-03-02 09:00"), bought("c", "2027-03-02 09:00"),  # 365 days later, to the second
        bought("d", "2026-03-02 09:00"), bought("d", "2027-03-02 09:00:01"),
    ]  # fmt: skip

    rows = told(company(repeat("raw")), events)

    assert {"2026-03": (50.0, 4)} == of(rows, "an")


def test_a_purchase_given_back_whole_is_none() -> None:
    events = [bought("a", "2026-03-02 09:00"), bought("a", "2026-04-02 09:00")]
    back = event("sale.reversed", "2026-04-03 09:00", events[1]["subject"], sale_id=events[1]["subject"])

    assert {"2026-03": (100.0, 1)} == of(told(company(repeat("raw")), events), "an")
    assert {"2026-03": (0.0, 1)} == of(told(company(repeat("raw")), [*events, back]), "an")


def test_when_the_first_purchase_is_given_back_the_second_is_the_first_and_its_seller_s() -> None:
    events = [bought("a", "2026-03-02 09:00"), bought("a", "2026-04-02 09:00", owner="binh")]
    back = event("sale.reversed", "2026-04-03 09:00", events[0]["subject"], sale_id=events[0]["subject"])

    rows = told(company(repeat("raw")), [*events, back])

    assert ({}, {"2026-04": (0.0, 1)}) == (of(rows, "an"), of(rows, "binh"))
