"""An explanation as a script or a page reads it: one object, the same from a live state, from files and over HTTP."""

from typing import Any

from babel.numbers import format_currency, get_currency_precision

from schemas.catalogue.models import text
from streams.core.explain.explaining import ChangeTold, Explanation, Note, PartitionTold, TargetTold, weighed
from streams.core.explain.leaves import LeafTold
from streams.core.explain.scene import Excluded, Scene
from streams.core.explain.working_time import TimeTold
from streams.core.membership import ALWAYS_US, FOREVER_US
from streams.core.policy import HOUR_US
from streams.core.targets import Piece
from streams.inspection.explain_words import NOTES


def as_object(told: Explanation, locale: str, *, people: bool = True) -> dict[str, Any]:
    """The explanation in JSON's types; titles and notes in `locale`, times in the tenant's offset.

    Args:
        people: whether single people may be named. Without them members' shares carry no subject and events no id.
    """
    scene = told.scene
    kpi, window, rfc3339 = scene.plan.kpi, scene.window, scene.spec.windows.rfc3339
    return {
        "kpi": kpi.id,
        "title": text(kpi.title, locale),
        "subject": scene.subject,
        "scope": scene.spec.targets.scopes[scene.subject].value,
        "period": window.id,
        **({} if scene.series is None else {"series": scene.series}),
        "start": rfc3339(window.start_us),
        "end": rfc3339(window.end_us),
        "clock": rfc3339(scene.clock_us),
        "unit": kpi.unit,
        "class": scene.plan.measure_class.value,
        "measure": kpi.measure.model_dump(mode="json", by_alias=True, exclude_unset=True),
        "anonymous": kpi.anonymous,
        "published": told.published and told.published.model_dump(mode="json"),
        "counted": told.account and {"value": told.account.value, "n": told.account.n},
        "arithmetic": told.account and {"formula": told.account.formula, "numbers": told.account.numbers},
        "leaves": [_leaf(number, leaf, people) for number, leaf in enumerate(told.leaves, 1)],
        "excluded": [_excluded(one, people) for one in told.excluded],
        "changes": [_change(scene, one) for one in told.changes] if people else len(told.changes),
        "target": told.target and _target(scene, told.target, people),
        "working_time": _time(told.time),
        "partitions": [_partition(scene, one) for one in told.partitions],
        "partitions_elsewhere": list(told.elsewhere),
        "kept_from": None if told.kept_from_us is None else rfc3339(told.kept_from_us),
        "notes": [{"code": note.value, "text": said(told, note, locale)} for note in told.notes],
    }


def said(told: Explanation, note: Note, locale: str) -> str:
    """A note as a sentence."""
    kept_from = "" if told.kept_from_us is None else told.scene.spec.windows.rfc3339(told.kept_from_us)
    counted_from = told.published and told.published.counted_from
    currency = told.scene.spec.catalogue.tenant.currency
    return NOTES[note][locale].format(
        kept_from=kept_from,
        counted_from=counted_from,
        elsewhere=", ".join(map(str, told.elsewhere)),
        currency=currency,
        hundred=format_currency(100 / 10 ** get_currency_precision(currency), currency, locale=locale),
    )


def amount_of(leaf: LeafTold, integer: int) -> int | float:
    """So much of a leaf in its unit."""
    return integer if leaf.scale == 1 else integer / leaf.scale


def stretch_of(scene: Scene, piece: Piece) -> tuple[str, str]:
    """The local dates [start, end) of a piece of a target."""
    clock = scene.spec.windows.clock
    start_us = scene.window.start_us if piece.start_us == ALWAYS_US else piece.start_us
    end_us = scene.window.end_us if piece.end_us == FOREVER_US else piece.end_us
    return clock.date(start_us).isoformat(), clock.date(end_us).isoformat()


def _leaf(number: int, leaf: LeafTold, people: bool) -> dict[str, Any]:
    return {
        "number": number,
        "what": leaf.what,
        "unit": leaf.unit,
        "amount": amount_of(leaf, leaf.integer),
        "events": leaf.events,
        "days": [
            {"day": one.day, "type": one.type, "events": one.events, "adds": amount_of(leaf, one.integer)}
            for one in leaf.days
        ],
        "excluded": [_excluded(one, people) for one in leaf.excluded],
        "groups": [
            {"name": one.name, "items": one.items} | ({"examples": list(one.examples)} if people else {})
            for one in leaf.groups
        ],
    }


def _excluded(one: Excluded, people: bool) -> dict[str, Any]:
    told = {"reason": one.reason.value, "detail": one.detail, "events": one.events}
    return told | ({"examples": [{"source": source, "id": id_} for source, id_ in one.examples]} if people else {})


def _change(scene: Scene, one: ChangeTold) -> dict[str, Any]:
    rfc3339 = scene.spec.windows.rfc3339
    return {
        "role": one.role.value,
        "effect": one.effect.value,
        "source": one.source,
        "id": one.id,
        "type": one.type,
        "time": rfc3339(one.time_us),
        "of": {"source": one.of[0], "id": one.of[1], "time": rfc3339(one.of_time_us)},
        "changed": {field: list(values) for field, values in one.changed.items()},
        "after_close": one.after_close,
    }


def _target(scene: Scene, target: TargetTold, people: bool) -> dict[str, Any]:
    pieces = []
    for piece in target.pieces:
        start, end = stretch_of(scene, piece)
        own = people or piece.subject == scene.subject
        whose = {"subject": piece.subject} if own else {}
        value = float(piece.value)
        pieces.append(
            whose
            | {"value": int(value) if value.is_integer() else value, "from": start, "to": end}
            | {"share": float(piece.share), "adds": weighed(piece)}
        )
    began = {} if target.base is None else {"start": target.base}
    return {"value": target.value, **began, "strict": target.strict, "pieces": pieces}


def _time(time: TimeTold) -> dict[str, Any]:
    return {
        "whose": time.whose.value,
        "country": time.country,
        "subdivision": time.subdivision,
        "hours": {key: list(spans) for key, spans in time.hours.items()},
        "unconfirmed_years": list(time.unconfirmed),
        "worked_h": round(time.worked_us / HOUR_US, 6),
        "whole_h": round(time.whole_us / HOUR_US, 6),
        "share": time.share,
        "working_days": time.working_days,
        "odd_days": [
            {"day": odd.day, "why": odd.why.value, "name": odd.name, "hours": list(odd.spans)} for odd in time.odd_days
        ],
    }


def _partition(scene: Scene, one: PartitionTold) -> dict[str, Any]:
    watermark = None if one.watermark_us is None else scene.spec.windows.rfc3339(one.watermark_us)
    return {"partition": one.partition, "watermark": watermark, "outcomes": dict(one.outcomes)}
