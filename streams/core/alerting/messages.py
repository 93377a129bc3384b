"""Turns an alert's transition into words: a title, a reason of one or two sentences, and the whole message.

Pure: everything it says comes from the step's evidence. A number that is not there leaves its sentence out.
"""

from dataclasses import dataclass
from typing import NamedTuple

from schemas.alerts import Alert, AlertClass, Transition
from schemas.catalogue.models import Direction
from schemas.events.reasons import MEANINGS, Reason
from schemas.notices import Notice
from streams.core.alerting.lifecycle import MINUTE_US, Cause, Evidence, Step
from streams.core.alerting.phrases import PHRASES
from streams.core.alerting.voice import ENTRY, EVENT_NOUNS, Voice

TITLE_CHARS = 200


@dataclass(frozen=True, slots=True)
class About:
    """What an alert is about, in the reader's language: titles of the KPI and the subject (a name, else an id).
    `is_kept` says that the value is what is left of something."""

    cls: AlertClass
    kpi: str
    unit: str
    direction: Direction
    subject: str
    is_person: bool
    period: str
    is_kept: bool = False


class Message(NamedTuple):
    """`reason` is fact and gap; `text` adds the next steps and the offer of help."""

    title: str
    reason: str
    text: str


def compose(about: About, step: Step, now_us: int, voice: Voice) -> Message:
    """The words for one transition."""
    say = PHRASES[voice.lang]
    facts = _facts(about, step.evidence, now_us, voice)
    kind = _kind(about)
    if step.cause is not Cause.FOUND:
        key = f"{kind}.recovered" if step.cause is Cause.RECOVERED else step.cause.value
        reason = _sentence(say[key].format_map(facts))
        return Message(_title(say[f"{key}.title"].format_map(facts)), reason, reason)

    is_favourable = bool(step.evidence.get("favourable"))
    whole_team = ".team" if kind == "stalled" and not about.is_person else ""
    title = say["favourable.title" if is_favourable else f"{kind}{whole_team}.title"].format_map(facts)
    if step.transition is Transition.PENDING:
        title = say["watching.title"].format(title=title)
    reason = _said(facts, say[f"{kind}{whole_team}.fact"], say.get(f"{kind}.gap"))
    next_step = _said(facts, say["favourable.next" if is_favourable else f"{kind}{whole_team}.next"])
    # A pause is news for those who run the system, not for somebody who may want a hand.
    help_ = "" if is_favourable or about.cls is AlertClass.PAUSED else say["help"]
    parts = (reason, next_step, help_)
    return Message(_title(title), reason or _title(title), "\n".join(part for part in parts if part))


def notice(alert: Alert, message: Message, recipient: str, voice: Voice) -> Notice:
    """The message for one recipient. Its id is the same for the same transition, however often it is made."""
    return Notice(
        id=f"{alert.fingerprint}|{alert.transition}|{alert.at}|{recipient}",
        recipient=recipient,
        alert=alert,
        title=message.title,
        text=message.text,
        lang=voice.lang,
    )


def _kind(about: About) -> str:
    """Which phrases apply; a total that should stay small is spent, and what should be kept is lost, not behind."""
    if about.cls is AlertClass.BEHIND and about.is_kept:
        return "losing"
    if about.cls is AlertClass.BEHIND and about.direction is Direction.DOWN:
        return "budget"
    return about.cls.value


def _facts(about: About, evidence: Evidence, now_us: int, voice: Voice) -> dict[str, str]:
    """Everything a phrase may name. A fact that the evidence does not hold is absent."""
    noun = EVENT_NOUNS.get(about.unit, ENTRY)
    period = voice.period(about.period)
    facts = {
        "kpi": about.kpi,
        "subject": about.subject,
        "period": period,
        "noun": noun.of(voice.lang, 1),
        "nouns": noun.of(voice.lang, 2),
    }
    match about.cls:
        case AlertClass.STALLED:
            facts |= _stall_facts(_Numbers(evidence), noun.of(voice.lang, 1), period, now_us, voice, about)
        case AlertClass.BEHIND:
            facts |= _pace_facts(_Numbers(evidence), about.unit, voice)
        case AlertClass.ANOMALY:
            facts |= _hour_facts(_Numbers(evidence), about.unit, now_us, voice)
        case AlertClass.PAUSED:
            facts |= _pause_facts(evidence, voice)
    return facts


class _Numbers:
    """Evidence read by name: has(...) first, then plain numbers."""

    def __init__(self, evidence: Evidence) -> None:
        self._numbers = {name: value for name, value in evidence.items() if isinstance(value, int | float)}

    def has(self, *names: str) -> bool:
        return all(name in self._numbers for name in names)

    def __getitem__(self, name: str) -> float:
        return self._numbers[name]


def _stall_facts(numbers: _Numbers, noun: str, period: str, now_us: int, voice: Voice, about: About) -> dict[str, str]:
    facts = {}
    if numbers.has("since_us", "last_event_us"):
        # Silence that began before this period is counted from its start; a clock time would point at no event.
        carried = numbers["last_event_us"] < numbers["since_us"]
        since = PHRASES[voice.lang]["since_period"].format(period=period)
        facts["since"] = since if carried else voice.moment(int(numbers["since_us"]), now_us)
    if numbers.has("silence_us"):
        facts["silence"] = voice.work(int(numbers["silence_us"]))
    if numbers.has("per_hour") and numbers["per_hour"] > 0:
        facts["rate"] = voice.rate(numbers["per_hour"], EVENT_NOUNS.get(about.unit, ENTRY))
    return facts


def _pace_facts(numbers: _Numbers, unit: str, voice: Voice) -> dict[str, str]:
    facts = {name: voice.bare(numbers[name], unit) for name in ("value", "expected") if numbers.has(name)}
    if numbers.has("target"):
        facts["target"] = voice.amount(numbers["target"], unit)
    if numbers.has("gap_us") and abs(numbers["gap_us"]) >= MINUTE_US:
        facts["gap"] = voice.work(abs(int(numbers["gap_us"])))
    if numbers.has("left_us", "value", "target") and numbers["left_us"] > 0:
        days = numbers["left_us"] / voice.working_day_us
        facts["left"] = voice.work(int(numbers["left_us"]))
        # With less than a day left, what is left is all there is to do.
        facts["needed"] = voice.amount((numbers["target"] - numbers["value"]) / max(days, 1), unit)
    return facts


def _hour_facts(numbers: _Numbers, unit: str, now_us: int, voice: Voice) -> dict[str, str]:
    say = PHRASES[voice.lang]
    # The test is on a count of events, whatever the unit of the KPI is.
    noun = EVENT_NOUNS.get(unit, ENTRY)
    facts = {}
    if numbers.has("count", "expected"):
        facts["count"] = f"{voice.number(numbers['count'])} {noun.of(voice.lang, numbers['count'])}"
        facts["expected"] = voice.number(numbers["expected"])
    facts["hour"] = say["last_hour"]
    if numbers.has("start_us", "end_us"):
        hour = voice.hour(int(numbers["start_us"]), int(numbers["end_us"]), now_us)
        facts["hour"] = say["hour"].format(hour=hour)
    return facts


def _pause_facts(evidence: Evidence, voice: Voice) -> dict[str, str]:
    numbers = _Numbers(evidence)
    counted = (name for name in ("records", "rejected", "offset", "partition") if numbers.has(name))
    facts = {name: voice.number(numbers[name]) for name in counted}
    if numbers.has("limit"):
        facts["limit"] = voice.bare(numbers["limit"] * 100, "%")
    if evidence.get("reason"):
        facts["why"] = getattr(MEANINGS[Reason(str(evidence["reason"]))], voice.lang)
    return facts


def _said(facts: dict[str, str], *phrases: str | None) -> str:
    """The phrases whose facts are all there, as sentences."""
    sentences = []
    for phrase in phrases:
        try:
            sentences.append(_sentence((phrase or "").format_map(facts)))
        except KeyError:
            continue
    return " ".join(sentence for sentence in sentences if sentence)


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:]


def _title(text: str) -> str:
    text = _sentence(text)
    return text if len(text) <= TITLE_CHARS else text[: TITLE_CHARS - 1] + "…"
