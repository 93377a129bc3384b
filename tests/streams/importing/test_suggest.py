from streams.importing.suggest import Seen


def test_people_and_teams_are_listed_by_id_with_the_names_they_came_from() -> None:
    names = {"group-10": "Group 10", "an": "An", "binh": "Bình"}
    seen = Seen(names.get)
    seen.add({"data": {"owner": "binh", "team": "group-10"}})
    seen.add({"data": {"owner": "an"}})
    seen.add({"data": {"team": "group-9"}})

    assert seen.rows() == (
        "version: 1\n"
        "teams:\n"
        "  - {id: group-9, department: unassigned}\n"
        '  - {id: group-10, title: "Group 10", department: unassigned}\n'
        "  - {id: unassigned, department: unassigned}\n"
        "people:\n"
        "  - {id: an, name: An, team: unassigned}\n"
        '  - {id: binh, name: "Bình", team: group-10}\n'
    )


def test_ids_that_yaml_would_read_as_something_else_are_quoted() -> None:
    seen = Seen(lambda identity: None)
    seen.add({"data": {"team": "true"}})
    seen.add({"data": {"team": "12"}})

    assert '{id: "true"' in seen.rows()
    assert '{id: "12"' in seen.rows()
