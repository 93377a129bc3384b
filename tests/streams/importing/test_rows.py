from collections.abc import Sequence
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from streams.importing.contract import checker
from streams.importing.mapping import Mapping
from streams.importing.rows import BadRowError, CloudEvent, RowMapper

COLUMNS = ("Ticket", "State", "Reopened", "Updated", "Group", "Score")


def mapping(*events: dict[str, Any]) -> Mapping:
    return Mapping.model_validate(
        {
            "version": 1,
            "source": "desk",
            "time_zone": "UTC",
            "fields": {
                "ticket": {"column": "Ticket", "type": "id"},
                "state": {"column": "State"},
                "reopened": {"column": "Reopened", "type": "integer"},
                "updated": {"column": "Updated", "type": "time"},
                "group": {"column": "Group", "slug": True},
                "score": {"column": "Score", "type": "integer"},
            },
            "events": list(events),
        }
    )


OPENED: dict[str, Any] = {
    "type": "ticket.opened",
    "id": "{ticket}-opened",
    "subject": "{ticket}",
    "time": "updated",
    "data": {"ticket_id": "ticket", "team": "group", "tags": ["state", "group"]},
}
RATED: dict[str, Any] = {
    "type": "csat.response",
    "when": {"score": {"exists": True}},
    "subject": "{ticket}",
    "time": "updated",
    "data": {"about_id": "ticket", "about_kind": {"value": "ticket"}, "score": "score"},
}

Line = tuple[str, str, str, str, str, str]


def run(rules: Mapping, lines: Sequence[Line]) -> tuple[list[CloudEvent], list[str]]:
    """Events of the lines, and what was wrong with the bad ones."""
    mapper = RowMapper(rules, checker(None))
    events: list[CloudEvent] = []
    faults: list[str] = []
    for number, cells in enumerate(lines, start=2):
        try:
            events += mapper.events(dict(zip(COLUMNS, cells, strict=True)), number)
        except BadRowError as error:
            faults.append(str(error))
    return events + list(mapper.rest()), faults


ROW: Line = ("t1", "New", "0", "2026-01-05 09:00", "Group 7", "4")


def test_a_row_makes_every_event_whose_condition_holds() -> None:
    events, faults = run(mapping(OPENED, RATED), [ROW, ("t2", "New", "0", "2026-01-05 10:00", "Group 7", "")])

    assert [(event["type"], event["subject"]) for event in events] == [
        ("ticket.opened", "t1"), ("csat.response", "t1"), ("ticket.opened", "t2")
    ]  # fmt: skip
    assert faults == []


def test_an_event_carries_fields_constants_and_lists() -> None:
    ((event, rating), _) = run(mapping(OPENED, RATED), [ROW])

    assert event == {
        "specversion": "1.0",
        "id": "t1-opened",
        "source": "desk",
        "type": "ticket.opened",
        "time": "2026-01-05T09:00:00+00:00",
        "subject": "t1",
        "data": {"ticket_id": "t1", "team": "group-7", "tags": ["New", "group-7"]},
    }
    assert rating["data"] == {"about_id": "t1", "about_kind": "ticket", "score": 4}


def test_an_absent_value_is_left_out_of_the_data() -> None:
    (event,), _ = run(mapping(OPENED), [("t1", "", "0", "2026-01-05 09:00", "", "")])

    assert event["data"] == {"ticket_id": "t1"}


def test_without_a_template_the_same_content_has_the_same_id() -> None:
    first, _ = run(mapping(RATED), [ROW])
    again, _ = run(mapping(RATED), [("t9", *ROW[1:]), ROW, ROW])

    assert [event["id"] for event in again[1:]] == [first[0]["id"]] * 2
    assert again[0]["id"] != first[0]["id"]


def test_a_correction_names_what_it_supersedes() -> None:
    correction = {**OPENED, "type": "ticket.opened.retracted", "id": "{ticket}-undone", "data": {}}
    (event,), faults = run(mapping({**correction, "supersedes": "{ticket}-opened"}), [ROW])

    assert faults == []
    assert event["data"] == {"supersedes": {"source": "desk", "id": "t1-opened"}}


def test_a_row_with_one_invalid_event_makes_none() -> None:
    events, faults = run(mapping(OPENED, RATED), [(*ROW[:5], "9")])

    assert events == []
    assert faults == ["csat.response: data.score: 9 is above 5 (desk id " + faults[0].split("desk id ")[1]]


def test_all_bad_columns_of_a_row_are_named() -> None:
    _, faults = run(mapping(OPENED), [("t1", "New", "x", "yesterday", "Group 7", "")])

    assert faults == ["column Reopened: 'x' is not a number; column Updated: 'yesterday' is not an ISO 8601 time"]


def test_what_an_event_needs_must_be_there() -> None:
    _, faults = run(mapping(OPENED), [("", "New", "0", "", "", "")])

    assert faults == [
        "ticket.opened: time needs field updated, column Updated is empty; "
        "ticket.opened: subject needs field ticket, column Ticket is empty; "
        "ticket.opened: id needs field ticket, column Ticket is empty"
    ]


FIRST = {**OPENED, "first_per": "ticket"}
EARLIEST = {**FIRST, "order_by": ["updated", "reopened"]}


def test_first_per_takes_the_first_row_of_a_key_in_the_file() -> None:
    lines: list[Line] = [("t1", "New", "0", f"2026-01-05 0{hour}:00", f"G{hour}", "") for hour in (9, 8)]
    events, _ = run(mapping(FIRST), lines)

    assert [event["data"]["team"] for event in events] == ["g9"]


def test_order_by_takes_the_least_row_of_a_key_wherever_it_stands() -> None:
    lines: list[Line] = [("t1", "New", "0", f"2026-01-05 0{hour}:00", f"G{hour}", "") for hour in (9, 8)]
    events, _ = run(mapping(EARLIEST), lines)

    assert [event["data"]["team"] for event in events] == ["g8"]


def test_a_bad_row_does_not_use_up_its_key() -> None:
    lines: list[Line] = [
        ("t1", "New", "x", "2026-01-05 08:00", "G8", ""),
        ("t1", "New", "0", "2026-01-05 09:00", "G9", ""),
    ]
    for spec in (FIRST, EARLIEST):
        events, faults = run(mapping(spec), lines)
        assert [event["data"]["team"] for event in events] == ["g9"]
        assert len(faults) == 1


def test_a_row_that_fails_in_a_later_event_does_not_use_up_a_key_either() -> None:
    lines: list[Line] = [(*ROW[:5], "9"), (*ROW[:4], "Group 8", "5")]
    events, _ = run(mapping(FIRST, RATED), lines)

    assert events[0]["data"]["team"] == "group-8"


@given(st.permutations([(hour, group) for hour in range(1, 7) for group in ("t1", "t2")]))
def test_order_by_makes_the_order_of_rows_irrelevant(rows: list[tuple[int, str]]) -> None:
    lines: list[Line] = [(ticket, "New", "0", f"2026-01-05 0{hour}:00", f"G{hour}", "") for hour, ticket in rows]
    events, _ = run(mapping(EARLIEST), lines)

    assert {(event["id"], event["data"]["team"]) for event in events} == {("t1-opened", "g1"), ("t2-opened", "g1")}


def test_two_names_that_become_one_id_are_noted_once() -> None:
    mapper = RowMapper(mapping(OPENED), checker(None))
    for group in ("Đội 1", "Doi 1", "Doi 1", "đội 1"):
        mapper.events(dict(zip(COLUMNS, (*ROW[:4], group, ""), strict=True)), 2)

    assert mapper.notes == ["field group: 'Đội 1' and 'Doi 1' both become 'doi-1'; `map` tells them apart"]


def test_the_line_is_in_an_id_only_when_asked_for() -> None:
    (event,), _ = run(mapping({**OPENED, "id": "{ticket}-{line}"}), [ROW])

    assert event["id"] == "t1-2"


def test_mixed_currencies_pass_without_a_catalogue_but_a_wrong_code_does_not() -> None:
    check = checker(None)
    sale = {"sale_id": "s1", "owner": "an", "amount": 5}
    event = {"specversion": "1.0", "id": "1", "source": "s", "type": "sale.closed", "time": "2026-01-05T09:00:00Z"}

    assert check({**event, "subject": "s1", "data": {**sale, "currency": "VND"}}) is None
    assert check({**event, "subject": "s1", "data": {**sale, "currency": "EUR"}}) is None
    assert "data.currency" in (check({**event, "subject": "s1", "data": {**sale, "currency": "dong"}}) or "")
