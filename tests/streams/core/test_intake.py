import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas import topics
from schemas.alerts import Alert
from schemas.catalogue.models import Catalogue
from schemas.events.times import parse_us
from schemas.notices import Notice
from streams.core.calendar import zone_of
from streams.core.intake import KEY, Intake, Recent, announcer
from streams.core.policy import GuardPolicy, Policy
from streams.core.stage import Step
from streams.core.windows import Windows

NOW_US = parse_us("2026-11-23T02:15:00Z")
CHUNKS = st.lists(st.integers(1, 60).flatmap(lambda n: st.tuples(st.just(n), st.integers(0, n))), max_size=60)


def catalogue(locale: str = "en") -> Catalogue:
    tenant = {"id": "demo", "timezone": "Asia/Ho_Chi_Minh", "currency": "VND", "locale": locale}
    return Catalogue.model_validate({"version": 1, "tenant": tenant, "kpis": []})


def guard(policy: GuardPolicy | None = None, locale: str = "en") -> Intake:
    tenant = catalogue(locale)
    announce = announcer(tenant, Windows(zone_of(tenant.tenant)), Policy(channels=("wall",)))
    return Intake(3, policy or GuardPolicy(), announce)


def run(intake: Intake, *chunks: tuple[int, int], start: int = 0) -> tuple[int, Step]:
    """Feeds chunks of (records, rejected) until the guard says stop; the offset reached, and the last step."""
    offset, step = start, Step([], {})
    for records, rejected in chunks:
        offset += records
        step = intake.note(
            records, {"missing_field": rejected - rejected // 3, "bad_json": rejected // 3}, offset, NOW_US
        )
        if intake.pause is not None:
            break
    return offset, step


@given(st.integers(1, 100), CHUNKS)
def test_the_window_never_counts_more_than_it_holds_nor_more_than_it_saw(
    window: int, chunks: list[tuple[int, int]]
) -> None:
    recent = Recent(window)
    seen = 0
    for records, rejected in chunks:
        recent.add(records, rejected)
        seen += records
        counted, bad = recent.count()
        assert counted == min(seen, window)
        assert 0 <= bad <= counted


@given(st.integers(1, 100), st.lists(st.booleans(), min_size=1, max_size=300))
def test_record_by_record_the_window_is_exact(window: int, rejections: list[bool]) -> None:
    recent = Recent(window)
    for rejected in rejections:
        recent.add(1, int(rejected))

    assert recent.count() == (min(len(rejections), window), sum(rejections[-window:]))


@given(st.integers(1, 100), CHUNKS)
def test_chunks_are_off_by_no_more_than_the_oldest_one_could_hide(window: int, chunks: list[tuple[int, int]]) -> None:
    recent = Recent(window)
    outcomes: list[bool] = []
    for records, rejected in chunks:
        recent.add(records, rejected)
        outcomes += [True] * rejected + [False] * (records - rejected)

    assert abs(recent.count()[1] - sum(outcomes[-window:])) <= max((records for records, _ in chunks), default=0)


@pytest.mark.parametrize(
    ("chunks", "pauses"),
    [
        ([(199, 199)], False),  # too few to say
        ([(200, 200)], True),
        ([(1000, 500)], False),  # exactly the limit
        ([(1000, 501)], True),
        ([(150, 150), (50, 0)], True),  # enough are seen with a good chunk
        ([(1000, 0), (500, 500)], False),
        ([(1000, 0), (501, 501)], True),
        ([(1000, 0)] * 50 + [(100, 100)] * 5, False),
        ([(1000, 0)] * 50 + [(100, 100)] * 6, True),
        ([(10, 4)] * 1000, False),
    ],
)
def test_it_pauses_when_most_of_the_last_records_were_rejected(chunks: list[tuple[int, int]], pauses: bool) -> None:
    intake = guard()
    run(intake, *chunks)

    assert (intake.pause is not None) is pauses


def test_a_ratio_of_zero_never_pauses() -> None:
    intake = guard(GuardPolicy(ratio=0))

    assert run(intake, (5000, 5000)) == (5000, Step([], {}))
    assert intake.pause is None


def test_a_pause_is_told_on_the_topic_of_alerts_and_to_every_channel_with_numbers_reason_and_what_to_do() -> None:
    _, step = run(guard(), (1000, 812), start=12_000)

    record, told = step.sends
    alert, notice = Alert.model_validate_json(record.value or b""), Notice.model_validate_json(told.value or b"")
    assert (topics.ALERTS, topics.NOTICES, b"wall") == (record.topic, told.topic, told.key)
    assert ("paused", "firing", "critical") == (alert.cls, alert.transition, alert.severity)
    assert ("kpi.events", "kpi.events/3", "2026-11-23") == (alert.kpi, alert.subject, alert.period)
    assert alert.evidence == {
        "partition": 3,
        "offset": 13_000,
        "records": 1000,
        "rejected": 812,
        "limit": 0.5,
        "reason": "missing_field",
    }
    assert notice.text == (
        "812 of the last 1,000 records of kpi.events, partition 3, were rejected (limit 50%), most for this reason: "
        "A field of `data` that this type requires is absent or null. Nothing is read from offset 13,000 on; the other "
        "partitions are.\nSuggestion: mend what sends them (or the catalogue), then run “kpi resume 3”; "
        "“kpi dead-letter list” shows what was rejected."
    )


def test_a_pause_is_told_in_vietnamese() -> None:
    _, step = run(guard(locale="vi"), (1000, 812))

    notice = Notice.model_validate_json(step.sends[1].value or b"")
    assert notice.title == "Đã tạm dừng đọc phân vùng 3 của kpi.events"
    assert notice.text.startswith("812 trong 1.000 bản ghi gần nhất của kpi.events, phân vùng 3, bị từ chối")


def test_a_restart_does_not_lift_a_pause() -> None:
    _, step = run(guard(), (1000, 1000))
    restarted = guard()

    restarted.load(step.rows[KEY])

    assert restarted.pause is not None
    assert restarted.pause.evidence["offset"] == 1000
    assert not restarted.is_lifted


def test_a_commit_that_is_lost_leaves_no_pause_behind() -> None:
    intake = guard()
    run(intake, (1000, 1000))

    intake.load(None)

    assert intake.pause is None
    _, again = run(intake, (1000, 1000))
    assert again.rows[KEY] is not None


def test_a_pause_ends_with_the_same_alert_and_its_row_is_gone() -> None:
    intake = guard()
    _, paused = run(intake, (1000, 1000))
    step = intake.resume(0, NOW_US + 1)

    fired, resolved = (json.loads(one.sends[0].value or b"") for one in (paused, step))
    assert intake.pause is None
    assert step.rows == {KEY: None}
    assert ("resolved", fired["fingerprint"]) == (resolved["transition"], resolved["fingerprint"])
    assert len(step.sends) == 2


def test_after_a_plain_resume_the_guard_judges_anew() -> None:
    intake = guard()
    run(intake, (1000, 1000))
    intake.resume(0, NOW_US)

    assert run(intake, (199, 199))[0] == 199
    assert intake.pause is None
    run(intake, (1, 1))
    assert intake.pause is not None


@pytest.mark.parametrize("restarts", [False, True])
def test_what_a_person_lets_pass_is_not_judged_and_what_follows_is(restarts: bool) -> None:
    intake = guard()
    run(intake, (1000, 1000))
    row = intake.resume(5250, NOW_US).rows[KEY]
    if restarts:
        intake = guard()
        intake.load(row)

    offset, step = run(intake, *[(500, 500)] * 10, start=1000)
    assert (intake.pause, offset, step) == (None, 6000, Step([], {}))
    # of the chunk that reaches over the end, what lies beyond is judged
    run(intake, (500, 500), start=offset)
    assert intake.pause is not None
    assert intake.pause.evidence["records"] == 250


def test_a_pause_whose_guard_is_switched_off_is_lifted() -> None:
    _, step = run(guard(), (1000, 1000))
    off = guard(GuardPolicy(ratio=0))

    off.load(step.rows[KEY])

    assert off.is_lifted
    off.resume(0, NOW_US)
    assert (off.pause, off.is_lifted) == (None, False)


def test_resuming_what_is_not_paused_does_nothing() -> None:
    assert guard().resume(100, NOW_US) == Step([], {})


def test_the_reason_told_is_that_of_the_last_records() -> None:
    intake = guard()
    for number in range(1, 101):  # long ago, and never enough to pause
        intake.note(1000, {"future_time": 400}, number * 1000, NOW_US)

    intake.note(800, {"bad_json": 750, "future_time": 50}, 101_000, NOW_US)

    assert intake.pause is not None
    assert intake.pause.evidence["reason"] == "bad_json"
