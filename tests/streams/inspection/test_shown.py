import json

import pytest

from schemas.catalogue.models import Catalogue
from schemas.topics import Stage
from streams.inspection.changelogs import Found, Place
from streams.inspection.holdings import linked
from streams.inspection.shown import as_object, show
from tests.streams.core.road import Road
from tests.streams.inspection.test_holdings import (
    PARTITIONS,
    SALES,
    asked_of,
    event,
    in_judge,
    in_observe,
    sale,
    settled,
)

CUT = "changelog kpi.observe-changelog partition 1 holds 9 rows where its last commit says 12"


@pytest.fixture(scope="module")
def world() -> tuple[Catalogue, Road]:
    catalogue = Catalogue.model_validate(SALES)
    call = event(4, "call.completed", "22T10:30", owner="an", duration_s=57.5, outcome="answered")
    return catalogue, settled(
        catalogue, [sale(1, "20T09:00", 12_000_000, "c1"), sale(2, "21T09:00", 500_000, "c2"), call]
    )


def found(world: tuple[Catalogue, Road], kpi: str, subject: str) -> Found:
    catalogue, road = world
    asked = asked_of(catalogue, kpi, subject)
    places = [Place(part, 1200, 0, 1234, 12, CUT if part == 1 else None) for part in range(PARTITIONS)]
    links = [linked(asked, road.changelogs[Stage.LINK, part]) for part in range(PARTITIONS) if asked.plan.keys]
    return Found(
        asked,
        tuple(zip(places, in_observe(road, asked), strict=True)),
        tuple(zip(places, links, strict=False)),
        (places[0], in_judge(road, asked)),
    )


def lines(text: str) -> list[str]:
    return [" ".join(line.split()) for line in text.splitlines()]


def test_a_person_reads_offsets_slots_rows_and_faults(
    world: tuple[Catalogue, Road], capsys: pytest.CaptureFixture[str]
) -> None:
    show(found(world, "revenue", "an"))

    told = lines(capsys.readouterr().out)
    assert "revenue of an: VND, by month" in told
    assert any(line.startswith("1 1,200 1,234 34 12 BROKEN ") for line in told)
    assert f"partition 1: {CUT}" in told
    assert "2026-04 2 2 sum amount of sale.closed 12,500,000 VND" in told
    assert "2026-04 12,500,000 2 open" in told
    assert "all sources: reported until 2026-04-24T19:02:17+07:00" in told
    assert "LINK" not in told


def test_rows_are_in_the_order_of_time_and_alerts_and_baselines_are_named(
    world: tuple[Catalogue, Road], capsys: pytest.CaptureFixture[str]
) -> None:
    show(found(world, "calls", "hn-1"))

    told = lines(capsys.readouterr().out)
    days = [line[:10] for line in told if "closed, version 1" in line]
    assert days == sorted(days)
    assert len(days) == 4
    assert any(line.startswith("alert stalled: firing since 2026-04-24T") for line in told)
    assert any(line.startswith("hourly baseline: ") for line in told)


def test_where_there_is_nothing_it_says_so(world: tuple[Catalogue, Road], capsys: pytest.CaptureFixture[str]) -> None:
    show(found(world, "revenue", "binh"))

    assert "The state holds nothing of revenue for binh." in lines(capsys.readouterr().out)


def test_no_value_of_an_anonymous_kpi_is_printed(
    world: tuple[Catalogue, Road], capsys: pytest.CaptureFixture[str]
) -> None:
    show(found(world, "mood", "hn-1"))

    assert "The KPI is anonymous: its values are not shown, nor what they are made of." in lines(
        capsys.readouterr().out
    )


def test_a_script_reads_one_object(world: tuple[Catalogue, Road]) -> None:
    told = json.loads(json.dumps(as_object(found(world, "buyers", "an"))))

    judge = told["judge"]
    place = {"partition": 1, "offset": 1200, "end": 1234, "lag": 34, "live_rows": 12, "fault": CUT}
    assert place == {name: told["observe"][1][name] for name in place}
    assert [{"period": "2026-04", "version": 0, "value": None, "n": 0}] == judge["value_rows"]
    assert (2, 12) == (judge["periods"][0]["value"], judge["live_rows"])
    counted = [one["leaves"][0]["integer"] for held in told["link"] for one in held["periods"]]
    assert 2 == sum(counted)
    assert "2026-04-24T19:02:17+07:00" == judge["clock"] == judge["sources"]["o0"]
