import re
from datetime import datetime
from string import Formatter
from zoneinfo import ZoneInfo

import pytest

from schemas.alerts import Alert, AlertClass, Severity, Transition
from schemas.catalogue.models import Direction
from streams.core.alerting.lifecycle import Cause, Evidence, Step
from streams.core.alerting.messages import TITLE_CHARS, About, Message, compose, notice
from streams.core.alerting.phrases import BLAMING, PHRASES
from streams.core.alerting.voice import HOUR_US, Lang, Voice

HANOI = ZoneInfo("Asia/Ho_Chi_Minh")
VOICES: dict[Lang, Voice] = {"vi": Voice("vi", HANOI, "VND"), "en": Voice("en", HANOI, "VND")}
KPI: dict[Lang, str] = {"vi": "Số cuộc gọi", "en": "Calls"}


def us(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=HANOI).timestamp()) * 1_000_000


NOW_US = us("2026-11-23T14:20")
EVIDENCE: dict[AlertClass, Evidence] = {
    AlertClass.STALLED: {
        "since_us": us("2026-11-23T09:12"),
        "last_event_us": us("2026-11-23T09:12"),
        "silence_us": round(3.2 * HOUR_US),
        "per_hour": 4.02,
    },
    AlertClass.BEHIND: {
        "value": 30,
        "target": 80,
        "expected": 58.18,
        "left_us": 44 * HOUR_US,
        "gap_us": 62 * HOUR_US,
    },
    AlertClass.ANOMALY: {
        "count": 3,
        "expected": 12.37,
        "favourable": 0,
        "start_us": us("2026-11-23T13:00"),
        "end_us": us("2026-11-23T14:00"),
    },
}


def message(
    cls: AlertClass,
    lang: Lang = "vi",
    *,
    transition: Transition = Transition.FIRING,
    cause: Cause = Cause.FOUND,
    evidence: Evidence | None = None,
    direction: Direction = Direction.UP,
    unit: str = "calls",
    subject: str = "An",
    is_person: bool = True,
    period: str = "2026-11",
    kpi: str | None = None,
) -> Message:
    about = About(cls, kpi or KPI[lang], unit, direction, subject, is_person, period)
    step = Step(transition, cause, Severity.WARNING, EVIDENCE[cls] if evidence is None else evidence, NOW_US)
    return compose(about, step, NOW_US, VOICES[lang])


def test_a_stall_says_since_when_how_long_in_working_time_and_what_is_usual() -> None:
    got = message(AlertClass.STALLED)

    assert got.title == "Số cuộc gọi: An đang tạm lắng"
    assert got.reason == (
        "An chưa có cuộc gọi mới nào từ 09:12 hôm nay, tức khoảng 3,2 giờ làm việc"
        " (thường khoảng 4 cuộc gọi mỗi giờ làm việc)."
    )


def test_a_stall_in_english() -> None:
    got = message(AlertClass.STALLED, "en")

    assert got.title == "Calls: An has gone quiet"
    assert got.reason == (
        "No new calls from An since 09:12 today, about 3.2 working hours (usually about 4 calls a working hour)."
    )


def test_a_silence_from_before_the_period_is_said_from_its_start() -> None:
    evidence = EVIDENCE[AlertClass.STALLED] | {
        "since_us": us("2026-11-01T00:00"),
        "last_event_us": us("2026-10-20T10:00"),
    }

    assert "từ đầu tháng 11/2026," in message(AlertClass.STALLED, evidence=evidence).reason
    assert "since the start of November 2026," in message(AlertClass.STALLED, "en", evidence=evidence).reason


def test_a_silent_team_is_pointed_to_the_systems_first() -> None:
    got = message(AlertClass.STALLED, subject="Đội Hà Nội 1", is_person=False)

    assert got.reason.startswith("Cả Đội Hà Nội 1 chưa có cuộc gọi mới nào")
    assert "kiểm tra trước tổng đài" in got.text


def test_behind_pace_says_the_gap_in_working_days_and_the_rate_that_closes_it() -> None:
    got = message(AlertClass.BEHIND)

    assert got.title == "Số cuộc gọi: An đang sau nhịp kế hoạch"
    assert got.reason == (
        "Số cuộc gọi của An: 30 trên mục tiêu 80 cuộc gọi của tháng 11/2026; theo nhịp kế hoạch, đến nay là khoảng"
        " 58,2. Khoảng cách này tương đương 7,8 ngày làm việc."
    )
    assert "còn 5,5 ngày làm việc, cần khoảng 9,1 cuộc gọi mỗi ngày làm việc" in got.text


def test_with_less_than_a_day_left_no_more_than_what_is_missing_is_asked_for() -> None:
    got = message(AlertClass.BEHIND, "en", evidence=EVIDENCE[AlertClass.BEHIND] | {"left_us": 2 * HOUR_US})

    assert "with 2 working hours left, about 50 calls" in got.text


def test_on_the_last_minute_there_is_no_rate_to_ask_for() -> None:
    got = message(AlertClass.BEHIND, evidence=EVIDENCE[AlertClass.BEHIND] | {"left_us": 0})

    assert "Gợi ý" not in got.text
    assert "Cần hỗ trợ gì" in got.text


def test_a_budget_is_spent_and_said_in_money() -> None:
    evidence: Evidence = {"value": 12_500_000, "target": 20_000_000, "expected": 9e6, "gap_us": -62 * HOUR_US}

    got = message(AlertClass.BEHIND, evidence=evidence, direction=Direction.DOWN, unit="VND", subject="Demo")

    assert got.reason.replace("\N{NO-BREAK SPACE}", " ") == (
        "Số cuộc gọi của Demo: đã dùng 12.500.000 ₫ trên mức 20.000.000 ₫ của tháng 11/2026; theo nhịp thời gian, đến"
        " nay là khoảng 9.000.000 ₫. Mức này đến sớm hơn kế hoạch 7,8 ngày làm việc."
    )


def test_an_anomaly_says_the_hour_the_count_and_the_usual() -> None:
    got = message(AlertClass.ANOMALY)

    assert got.reason == "Số cuộc gọi của An: 3 cuộc gọi trong khoảng 13:00–14:00 hôm nay, thường khoảng 12,4."


def test_a_favourable_anomaly_is_good_news_and_offers_no_help() -> None:
    got = message(AlertClass.ANOMALY, "en", evidence=EVIDENCE[AlertClass.ANOMALY] | {"count": 52, "favourable": 1})

    assert got.title == "Calls: an outstanding hour for An"
    assert "Good news!" in got.text
    assert PHRASES["en"]["help"] not in got.text


@pytest.mark.parametrize("cls", [AlertClass.STALLED, AlertClass.BEHIND, AlertClass.ANOMALY])
@pytest.mark.parametrize("lang", ["vi", "en"])
def test_every_firing_message_goes_from_fact_to_next_step_to_help(cls: AlertClass, lang: Lang) -> None:
    got = message(cls, lang)

    fact, next_step, offer = got.text.split("\n")
    assert fact == got.reason
    assert next_step.startswith({"vi": "Gợi ý: ", "en": "Suggestion: "}[lang])
    assert offer == PHRASES[lang]["help"]


@pytest.mark.parametrize(
    ("cls", "reason"),
    [
        (AlertClass.STALLED, "An đã có cuộc gọi trở lại. Cảm ơn, cứ giữ nhịp như vậy!"),
        (AlertClass.BEHIND, "Số cuộc gọi của An đã trở lại nhịp kế hoạch. Cảm ơn, cứ giữ nhịp như vậy!"),
        (AlertClass.ANOMALY, "Số cuộc gọi của An đã trở lại mức thường thấy."),
    ],
)
def test_a_recovery_is_said_as_good_news(cls: AlertClass, reason: str) -> None:
    got = message(cls, transition=Transition.RESOLVED, cause=Cause.RECOVERED)

    assert got.reason == reason


def test_a_corrected_alert_is_withdrawn_and_not_called_recovered() -> None:
    got = message(AlertClass.BEHIND, transition=Transition.RESOLVED, cause=Cause.CORRECTED)

    assert got.reason == (
        "Dữ liệu vừa được chỉnh sửa, nên thông báo trước đó về “Số cuộc gọi” của An được rút lại. Không"
        " cần làm gì thêm."
    )


def test_an_expired_alert_says_that_the_period_closed() -> None:
    got = message(AlertClass.STALLED, transition=Transition.EXPIRED, cause=Cause.PERIOD_CLOSED, period="2026-Q4")

    assert got.title == "Số cuộc gọi: quý 4/2026 đã khép lại"
    assert got.reason.startswith("Quý 4/2026 đã khép lại, nên thông báo về “Số cuộc gọi” của An cũng khép theo.")


def test_a_pending_alert_is_only_watched() -> None:
    assert message(AlertClass.BEHIND, transition=Transition.PENDING).title.startswith("Đang theo dõi – ")


@pytest.mark.parametrize("cls", list(AlertClass))
@pytest.mark.parametrize("lang", ["vi", "en"])
def test_without_evidence_there_is_still_a_sentence(cls: AlertClass, lang: Lang) -> None:
    got = message(cls, lang, evidence={})

    assert "An" in got.reason
    assert "{" not in got.text


def test_braces_in_a_name_are_only_letters() -> None:
    assert "{0} {kpi}" in message(AlertClass.STALLED, subject="{0} {kpi}").reason


def test_a_title_is_one_line_of_bounded_length() -> None:
    got = message(AlertClass.STALLED, kpi="Rất dài " * 100)

    assert len(got.title) == TITLE_CHARS
    assert got.title.endswith("…")


def test_a_notice_carries_the_alert_and_keeps_its_id_when_it_is_made_again() -> None:
    got = message(AlertClass.STALLED)
    alert = Alert.model_validate(
        {
            "at": "2026-11-23T14:20:00+07:00",
            "fingerprint": "00112233aabbccdd",
            "class": "stalled",
            "kpi": "calls",
            "subject": "an",
            "period": "2026-11",
            "transition": "firing",
            "severity": "warning",
            "reason": got.reason,
        }
    )

    made = notice(alert, got, "binh", VOICES["vi"])

    assert made == notice(alert, got, "binh", VOICES["vi"])
    assert made.id != notice(alert, got, "chi", VOICES["vi"]).id
    body = made.model_dump(mode="json", by_alias=True)
    assert body["alert"]["class"] == "stalled"
    assert (body["title"], body["text"], body["lang"]) == (got.title, got.text, "vi")


def test_both_languages_say_the_same_things_with_the_same_facts() -> None:
    assert PHRASES["vi"].keys() == PHRASES["en"].keys()
    for key in PHRASES["vi"]:
        vi, en = (_fields(PHRASES[lang][key]) - {"noun", "nouns"} for lang in ("vi", "en"))
        assert vi == en, key


def test_phrases_name_only_facts_that_exist() -> None:
    known = {"kpi", "subject", "period", "noun", "nouns", "since", "silence", "rate", "value", "target", "expected"}
    known |= {"gap", "left", "needed", "count", "hour", "title"}
    known |= {"rejected", "records", "limit", "why", "offset", "partition"}

    for phrases in PHRASES.values():
        for phrase in phrases.values():
            assert _fields(phrase) <= known


@pytest.mark.parametrize("lang", ["vi", "en"])
def test_no_phrase_contains_a_word_of_blame(lang: Lang) -> None:
    words = BLAMING[lang].split(", ")
    blaming = re.compile(rf"\b(?:{'|'.join(map(re.escape, words))})\b", re.IGNORECASE)

    assert blaming.search({"vi": "An làm việc kém quá", "en": "An failed again"}[lang])
    assert [phrase for phrase in PHRASES[lang].values() if blaming.search(phrase)] == []


def _fields(phrase: str) -> set[str]:
    return {field for _, field, _, _ in Formatter().parse(phrase) if field}
