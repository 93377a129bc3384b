"""A KPI over KPIs, explained: what is counted anew is what was published, and each person's score is told."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis
from hypothesis import strategies as st

from schemas.catalogue.models import Catalogue
from streams.core.explain import scores
from streams.core.explain.explaining import Explanation, Note, explain
from streams.core.pipeline import compiled
from streams.core.replay import replay
from streams.routing import partition_of
from tests.streams.core import worlds
from tests.streams.core.test_growth import sale
from tests.streams.core.test_road_laws import UNTIL_US
from tests.streams.core.test_scores import DAILY, MOVING, PARTS, POLICY, leave, scored, seeds

JOINED = [{**MOVING[0], "measure": {**MOVING[0]["measure"], "as": "raw"}}, MOVING[2]]

NOVEMBER_US = 1_793_466_000_000_000
"""Its first instant in Ho Chi Minh City, in 2026."""


def explained(events: list[worlds.Event], catalogue: Catalogue, until_us: int) -> list[Explanation]:
    outcome = replay(worlds.lines(events), catalogue, POLICY, until_us)
    spec = compiled(catalogue, POLICY, 1, partition_of(1))
    return [
        explain(spec, "h3", value.subject, spec.windows.parse(value.period)[1], until_us, [outcome.kept], value)
        for value in outcome.values
        if value.kpi == "h3"
    ]


@given(st.sampled_from(["score", "every"]), st.sampled_from([PARTS, JOINED, DAILY]), seeds, seeds, st.integers(0, 40))
@hypothesis(max_examples=10)
def test_a_score_counted_anew_is_the_one_that_was_published(
    by: str, parts: list[dict[str, Any]], company: int, week: int, size: int
) -> None:
    events = [*worlds.events(week, size), leave("an", "2026-03-25T09:00:00", "2026-03-10", "2026-03-20")]
    for told in explained(events, scored(by, 0.6, company, parts), UNTIL_US):
        assert told.account is not None
        assert Note.DIFFERS not in told.notes, (told.published, told.account)


def october() -> list[Explanation]:
    # an: 120 of 100 sold. binh: 80. Neither of them called.
    parts = [{**PARTS[0], "period": "month"}, {**PARTS[1], "weight": 50}, PARTS[2]]
    events = [sale("s1", "2026-10-05T09:00:00", 120), sale("s2", "2026-10-06T09:00:00", 80, owner="binh")]
    catalogue = scored(at=0.5, parts=parts)
    return [one for one in explained(events, catalogue, NOVEMBER_US) if one.scene.subject == "hn-1"]


def test_each_score_is_told_with_its_parts() -> None:
    told = next(one for one in october() if one.scene.window.id == "2026-10")

    assert told.account is not None
    assert ("[1] / [2] × 100", "1 / 2 × 100", 50, 2) == tuple(
        getattr(told.account, name) for name in ("formula", "numbers", "value", "n")
    )
    assert [(one.name, one.examples) for one in told.leaves[0].groups] == [
        ("reached", ("an 0.6: calls 2026-10 0 × 50 %, sold 2026-10 1.2 × 50 %",)),
        ("not_reached", ("binh 0.4: calls 2026-10 0 × 50 %, sold 2026-10 0.8 × 50 %",)),
    ]


def test_a_guardrail_that_asks_nothing_on_the_last_day_takes_no_score_away() -> None:
    # October ends on a Saturday, on which nobody has to call.
    calls = {**PARTS[2], "period": "day", "direction": "up", "measure": {"count": "call.completed"}}
    written = scored(parts=[PARTS[1], calls]).model_dump(by_alias=True, exclude_none=True)
    written["calendar"] = {"hours": {"mon-fri": ["08:00-12:00"]}}
    events = [sale("s1", "2026-10-05T09:00:00", 100), sale("s2", "2026-10-06T09:00:00", 100, owner="binh")]

    told = explained(events, Catalogue.model_validate(written), NOVEMBER_US)

    (october_,) = [one for one in told if (one.scene.subject, one.scene.window.id) == ("hn-1", "2026-10")]
    assert october_.account is not None
    assert (100, 2) == (october_.account.value, october_.account.n)
    assert Note.DIFFERS not in october_.notes


def test_a_team_of_sixty_is_told_with_as_many_by_name_as_can_be_read() -> None:
    # The first of sixty sells nothing, all others what was asked for.
    written = scored(at=0.5, parts=[{**PARTS[1], "guardrail": None}]).model_dump(by_alias=True, exclude_none=True)
    written["people"] = [{"id": f"p{number:02d}", "team": "hn-1"} for number in range(60)]
    events = [
        sale(f"s{number}", f"2026-10-05T09:{number:02d}:00", 100, owner=f"p{number:02d}") for number in range(1, 60)
    ]

    told = explained(events, Catalogue.model_validate(written), NOVEMBER_US)

    (october_,) = [one for one in told if (one.scene.subject, one.scene.window.id) == ("hn-1", "2026-10")]
    assert october_.account is not None
    assert (59 / 60 * 100, 60) == (october_.account.value, october_.account.n)
    reached, missed = october_.leaves[0].groups
    assert (59, scores.MOST_NAMED, "p01 1: sold 2026-10 1 × 100 %") == (
        reached.items, len(reached.examples), reached.examples[0]
    )  # fmt: skip
    assert (1, ("p00 0: sold 2026-10 0 × 100 %",)) == (missed.items, missed.examples)
    assert Note.DIFFERS not in october_.notes


def test_of_too_many_people_only_what_is_published_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    # Two people: with a KPI that joins events one of them is too many, without it they are not.
    monkeypatch.setattr(scores, "MOST_JOINED", 1)
    assert Note.UNTOLD not in october()[0].notes
    monkeypatch.setattr(scores, "MOST_PERSONS", 1)

    told = next(one for one in october() if one.scene.window.id == "2026-10")

    assert told.account is None
    assert Note.UNTOLD in told.notes
