"""Both READMEs: their tables are those of the code, their commands exist, and those that need no server are run."""

import json
import re
import shlex
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from deploy import docs
from schemas.alerts import AlertClass
from schemas.events.decode import Decoder
from schemas.events.envelope import Rejected
from schemas.events.registry import Registry
from streams.cli import COMMANDS, main
from streams.settings import PREFIX, Settings

REPO = Path(__file__).parent.parent
PAGES = ("README.md", "README.vi.md", "deploy/examples/first_steps/README.md")
RUN = {"check", "replay"}
"""Commands of the READMEs that need no server and no file of the reader's."""


def command_lines(page: str) -> Iterator[list[str]]:
    text = (REPO / page).read_text(encoding="utf-8")
    for block in re.findall(r"```sh\n(.*?)```", text, re.DOTALL):
        for line in block.splitlines():
            words = shlex.split(line, comments=True)
            if words:
                yield words


ALL_LINES = [(page, words) for page in PAGES for words in command_lines(page)]
KPI_LINES = [(page, words[1:]) for page, words in ALL_LINES if words[0] == "kpi"]


@pytest.mark.parametrize("page", docs.READMES)
def test_the_tables_are_those_of_the_code(page: str) -> None:
    written = (REPO / page).read_text(encoding="utf-8")

    assert docs.rendered(written, docs.READMES[page]) == written, "make docs writes them anew"


def test_every_table_is_in_the_english_readme() -> None:
    written = (REPO / "README.md").read_text(encoding="utf-8")

    assert set(docs.TABLES) == set(re.findall(r"<!-- table (\w+) -->", written))


def test_every_alert_class_and_every_setting_is_explained() -> None:
    assert set(AlertClass) == set(docs.ALERTS)
    assert set(Settings.model_fields) == set(docs.SETTINGS)


def test_an_outdated_table_is_noticed() -> None:
    fresh = docs.rendered("<!-- table reasons -->\n<!-- end -->", "en")
    outdated = fresh.replace("bad_json", "bad_jason")

    assert outdated != fresh == docs.rendered(outdated, "en")


@pytest.mark.parametrize(
    ("page", "words"), KPI_LINES, ids=lambda value: " ".join(value) if isinstance(value, list) else ""
)
def test_every_command_exists_with_its_options(page: str, words: list[str]) -> None:
    name, *arguments = words
    command: click.Command = import_module(f"streams.commands.{COMMANDS[name]}").command
    while isinstance(command, click.Group):
        name, *arguments = arguments
        command = command.commands[name]
    known = {option for parameter in command.params for option in parameter.opts}

    assert {word for word in arguments if word.startswith("-")} <= known


@pytest.mark.parametrize(
    ("page", "words"),
    [line for line in KPI_LINES if line[1][0] in RUN],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_the_first_commands_do_what_the_readme_says(
    page: str, words: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(REPO)

    result = CliRunner().invoke(main, words)

    assert result.exit_code == 0, result.output


def test_every_make_target_exists_and_the_two_commands_come_first() -> None:
    targets = set(re.findall(r"^([a-z]+):", (REPO / "Makefile").read_text(), re.MULTILINE))

    for page in ("README.md", "README.vi.md"):
        lines = list(command_lines(page))
        assert [["make", "demo"], ["make", "test"]] == lines[:2]
        assert {words[1] for words in lines if words[0] == "make"} <= targets


def test_links_lead_to_files_and_settings_named_in_the_text_exist() -> None:
    known = {PREFIX + name.upper() for name in Settings.model_fields} | {"KPI_TEST_BROKER"}
    for page in PAGES:
        text = (REPO / page).read_text(encoding="utf-8")
        links = [link for link in re.findall(r"\]\(([^)#]+)\)", text) if "://" not in link]

        assert links != []
        assert [link for link in links if not ((REPO / page).parent / link).exists()] == []
        assert set(re.findall(r"\bKPI_[A-Z_]+\b", text)) <= known


def test_the_event_shown_is_one_of_the_week() -> None:
    text = (REPO / "README.md").read_text(encoding="utf-8")
    [shown] = re.findall(r"```json\n(.*?)```", text, re.DOTALL)

    assert json.loads(shown) in week_events()


def test_the_week_holds_what_its_page_tells() -> None:
    decoder = Decoder(Registry.of(), "VND")
    refused = [
        event["id"]
        for event in week_events()
        if isinstance(decoder.decode(str(event["subject"]).encode(), json.dumps(event).encode()), Rejected)
    ]
    ids = [event["id"] for event in week_events()]

    assert ["call-21"] == refused
    assert {"sale-1-closed"} == {one for one in ids if ids.count(one) > 1}


def test_the_week_adds_up_as_counted_by_hand() -> None:
    arguments = ["replay", str(docs.WEEK / "events.jsonl"), "-c", str(docs.WEEK / "catalogue.yaml"), "--json"]
    lines = [
        json.loads(line)
        for line in CliRunner().invoke(main, [*arguments, "--until", docs.WEEK_END]).stdout.splitlines()
    ]
    values = {
        (one["kpi"], one["subject"]): one["value"] for one in lines if one["kind"] == "value" and not one["version"]
    }

    # An: 9 real calls that stand and a meeting; 11 of 12.5 million after the correction, 15 of 20 after the return.
    assert {"an": 10, "binh": 5, "chi": 9} == {who: values["contacts", who] for who in ("an", "binh", "chi")}
    assert {"an": 26_000_000, "binh": 0, "chi": 18_000_000} == {
        who: values["revenue", who] for who in ("an", "binh", "chi")
    }
    assert values["revenue", "hn-1"] == values["revenue", "sao-mai"] == 44_000_000
    assert 90.0 == pytest.approx(values["real_talk", "an"])
    stalls = [one for one in lines if one["kind"] == "alert" and one["class"] == "stalled"]
    assert {"binh"} == {one["subject"] for one in stalls}
    assert ["firing", "resolved"] == [one["transition"] for one in stalls if one["transition"] != "pending"]


def week_events() -> list[dict[str, object]]:
    lines = (docs.WEEK / "events.jsonl").read_text(encoding="utf-8").splitlines()
    return [json.loads(line) for line in lines]
