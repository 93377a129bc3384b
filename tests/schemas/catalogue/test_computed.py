"""A measure that the engine does not compute is refused at load, wherever in a measure it stands."""

from pathlib import Path

import pytest

from schemas.catalogue import computed
from schemas.catalogue.load import load, read
from schemas.catalogue.problems import CatalogueError

EVERY = Path(__file__).parent / "good" / "every_measure.yaml"


def refused(monkeypatch: pytest.MonkeyPatch, *keys: str) -> dict[str | None, str]:
    monkeypatch.setattr(computed, "NOT_COMPUTED", frozenset(keys))
    return {problem.kpi: problem.path.rsplit(".", 1)[-1] for problem in read([EVERY]).problems}


@pytest.mark.parametrize(
    ("key", "kpis"),
    [
        ("quantile", {"C5kp", "x15", "x3"}),
        ("latest", {"H1", "H4g", "x7", "x8"}),
        ("retention", {"S4", "H6b", "x5"}),
        ("repeat", {"C4k"}),
        ("attainment", {"H3", "x14", "x18"}),
        ("growth", {"K1", "K5", "x9", "x10", "x11", "x12", "x13"}),
    ],
)
def test_every_kpi_with_the_key_is_refused_and_no_other(
    monkeypatch: pytest.MonkeyPatch, key: str, kpis: set[str]
) -> None:
    assert refused(monkeypatch, key) == dict.fromkeys(kpis, "measure")


def test_series_are_refused_at_their_own_line(monkeypatch: pytest.MonkeyPatch) -> None:
    assert refused(monkeypatch, "by") == dict.fromkeys(("K3a", "K3b", "K6a", "K7a", "x13"), "by")


def test_the_sentence_names_the_measure_and_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(computed, "NOT_COMPUTED", frozenset({"repeat"}))

    with pytest.raises(CatalogueError) as caught:
        load([EVERY])

    (problem,) = caught.value.problems
    assert problem.said().endswith(
        "error KPI040 `repeat` is not computed by this version; leave the KPI `C4k` out, or wait for a later one"
    )
    assert "chưa được tính" in problem.sentence_vi


def test_what_is_lifted_loads(monkeypatch: pytest.MonkeyPatch) -> None:
    assert refused(monkeypatch) == {}
