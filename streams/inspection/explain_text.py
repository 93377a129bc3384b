"""An explanation as a person reads it, in Vietnamese or English: the value first, then what it is made of."""

from collections.abc import Iterator

from schemas.catalogue.models import text
from streams.core.explain.explaining import ChangeTold, Explanation, weighed
from streams.core.explain.leaves import LeafTold
from streams.core.explain.put_down import Put
from streams.core.explain.scene import Excluded
from streams.core.measures.classes import MeasureClass
from streams.core.policy import HOUR_US
from streams.inspection.explain_words import EFFECTS, GROUPS, ODD, REASONS, ROLES, STATUS, UNITS, WHOSE, WORDS
from streams.inspection.explained import amount_of, said, stretch_of

Number = int | float


def lines_of(told: Explanation, locale: str) -> list[str]:
    """The explanation line by line."""
    return list(_Speaker(told, locale).lines())


class _Speaker:
    """One explanation in one language."""

    def __init__(self, told: Explanation, locale: str) -> None:
        self._told = told
        self._scene = told.scene
        self._locale = locale
        self._words = WORDS[locale]
        self._kpi = told.scene.plan.kpi

    def lines(self) -> Iterator[str]:
        """Everything, with an empty line between the parts."""
        yield from self._heading()
        for title, part in (
            ("arithmetic", self._arithmetic()),
            ("excluded", self._left_out(self._told.excluded)),
            ("changes", [self._change(one) for one in self._told.changes]),
        ):
            if said_ := list(part):
                yield from ("", self._words[title], *(f"  {line}".rstrip() for line in said_))
        yield ""
        yield from self._target()
        yield from self._time()
        yield from ("", self._words["partitions"], *(f"  {line}" for line in self._partitions()))
        if self._told.notes:
            yield from ("", self._words["notes"])
            yield from (f"  - {said(self._told, note, self._locale)}" for note in self._told.notes)

    def _heading(self) -> Iterator[str]:
        scene, row, rfc3339 = self._scene, self._told.published, self._scene.spec.windows.rfc3339
        title = text(self._kpi.title, self._locale)
        subject = scene.subject if scene.series is None else f"{scene.subject} / {self._kpi_by} = {scene.series}"
        yield self._say("heading", title=title, kpi=self._kpi.id, subject=subject, period=scene.window.id)
        ends = {"start": rfc3339(scene.window.start_us), "end": rfc3339(scene.window.end_us)}
        yield self._say("period", **ends, clock=rfc3339(scene.clock_us))
        if row is None:
            yield self._words["unpublished"]
            return
        value = self._words["hidden"] if row.value is None else self._number(row.value)
        version = "open" if row.version == 0 else "closed" if row.version == 1 else "restated"
        yield (
            self._say(
                "published",
                value=value,
                unit="" if row.value is None else self._kpi.unit,
                n=self._number(row.n),
                version=self._say(version, version=row.version),
                status=STATUS[row.status][self._locale],
            )
            .replace("  ", " ")
            .replace(" ,", ",")
        )

    @property
    def _kpi_by(self) -> str:
        return "" if self._kpi.by is None else self._kpi.by.field

    def _arithmetic(self) -> Iterator[str]:
        account = self._told.account
        if account is not None:
            value = "-" if account.value is None else self._number(account.value)
            numbers = self._localized(account.numbers)
            steps = [account.formula, numbers, value] if numbers != value else [account.formula, value]
            yield f"{' = '.join(steps)} {self._kpi.unit}"
            yield self._say("counted", value=value, unit=self._kpi.unit, n=self._number(account.n))
        for number, leaf in enumerate(self._told.leaves, 1):
            yield ""
            amount = self._measured(amount_of(leaf, leaf.integer), leaf.unit)
            yield self._say("leaf", number=number, what=leaf.what, amount=amount)
            parts = (*self._days(leaf), *self._groups(leaf), *self._left_out(leaf.excluded))
            yield from (f"  {line}" for line in parts)

    def _days(self, leaf: LeafTold) -> Iterator[str]:
        if not leaf.days:
            return
        rows = [
            (one.day, one.type, self._number(one.events), self._number(amount_of(leaf, one.integer)))
            for one in leaf.days
        ]
        head = tuple(self._words[name] for name in ("day", "type", "events", "adds"))
        wide = [max(len(row[column]) for row in (head, *rows)) for column in range(4)]
        for row in (head, *rows):
            left = [cell.ljust(width) for cell, width in zip(row[:2], wide[:2], strict=True)]
            right = [cell.rjust(width) for cell, width in zip(row[2:], wide[2:], strict=True)]
            yield "  ".join((*left, *right)).rstrip()

    def _groups(self, leaf: LeafTold) -> Iterator[str]:
        for one in leaf.groups:
            more = ", …" if one.items > len(one.examples) else ""
            name = GROUPS[Put(one.name)][self._locale]
            examples = f" ({', '.join(one.examples)}{more})"
            yield self._say("group", items=self._number(one.items), name=name, examples=examples)

    def _left_out(self, excluded: tuple[Excluded, ...]) -> Iterator[str]:
        for one in excluded:
            more = ", …" if one.events > len(one.examples) else ""
            examples = f" ({', '.join(id_ for _, id_ in one.examples)}{more})" if one.examples else ""
            reason = REASONS[one.reason][self._locale].format(detail=one.detail)
            yield self._say("left_out", events=self._number(one.events), reason=reason, examples=examples)

    def _change(self, one: ChangeTold) -> str:
        def shown(value: object) -> str:
            if value is None:
                return "-"
            plain = isinstance(value, int | float) and not isinstance(value, bool)
            return self._number(value) if plain else str(value)  # type: ignore[arg-type]

        rfc3339 = self._scene.spec.windows.rfc3339
        told = [f"{field} {shown(old)} → {shown(new)}" for field, (old, new) in one.changed.items()]
        if one.role.value == "reversal":
            taken = one.changed["amount"][1]
            told = [self._words["whole"] if taken is None else f"amount −{shown(taken)}"]
        return self._say(
            "change",
            time=rfc3339(one.time_us),
            role=ROLES[one.role][self._locale],
            id=one.id,
            type=one.type,
            of=one.of[1],
            of_time=rfc3339(one.of_time_us)[:10],
            effect=EFFECTS[one.effect][self._locale],
            changed=f"; {', '.join(told)}" if told else "",
            late=self._words["after_close"] if one.after_close else "",
        )

    def _target(self) -> Iterator[str]:
        target, row = self._told.target, self._told.published
        if target is None:
            yield self._words["no_target"]
            return
        strict = self._words["strict"] if target.strict else ""
        yield self._say("target", value=self._number(target.value), unit=self._kpi.unit, strict=strict)
        for piece in target.pieces:
            if len(target.pieces) == 1 and piece.subject == self._scene.subject and piece.share == 1:
                continue
            start, end = stretch_of(self._scene, piece)
            yield "  " + self._say(
                "piece",
                subject=piece.subject,
                value=self._number(float(piece.value)),
                share=self._percent(float(piece.share)),
                start=start,
                end=end,
                adds=self._number(weighed(piece)),
            )
        if target.base is not None and row is not None and row.value is not None and row.attainment is not None:
            yield self._say(
                "key_result",
                value=self._number(row.value),
                target=self._number(target.value),
                start=self._number(target.base),
                attained=self._percent(row.attainment),
            )
        share, plan = self._told.time.share, self._scene.plan
        if row is not None and row.expected is not None and row.version == 0 and share is not None:
            kept, grown = plan.measure_class is MeasureClass.RETENTION, plan.growing is not None
            said = "expected_kept" if kept else "expected_grown" if grown else "expected"
            yield self._say(said, expected=self._number(row.expected), share=self._percent(share))

    def _time(self) -> Iterator[str]:
        time = self._told.time
        country = time.country or self._words["no_country"]
        country += f"-{time.subdivision}" if time.subdivision else ""
        spans = "; ".join(f"{key} {' '.join(spans) or '-'}" for key, spans in time.hours.items())
        yield self._say(
            "time",
            whose=WHOSE[time.whose][self._locale],
            country=country,
            hours=spans or self._words["default_hours"],
        )
        yield "  " + self._say(
            "worked",
            worked=self._number(round(time.worked_us / HOUR_US, 2)),
            whole=self._number(round(time.whole_us / HOUR_US, 2)),
            share="-" if time.share is None else self._percent(time.share),
            days=time.working_days,
        )
        if time.unconfirmed:
            yield "  " + self._say("unconfirmed", years=", ".join(map(str, time.unconfirmed)))
        for odd in time.odd_days:
            yield "  " + self._say(
                "odd",
                day=odd.day,
                why=ODD[odd.why][self._locale],
                name=f" ({odd.name})" if odd.name else "",
                spans=f", {' '.join(odd.spans)}" if odd.spans else self._words["rests"],
            )

    def _partitions(self) -> Iterator[str]:
        for part in self._told.partitions:
            watermark = None if part.watermark_us is None else self._scene.spec.windows.rfc3339(part.watermark_us)
            told = [self._say(name, n=self._number(number)) for name, number in part.outcomes.items()]
            yield self._say(
                "partition",
                partition=part.partition,
                watermark=watermark or "-",
                outcomes=", ".join(told) or self._words["nothing_read"],
            )

    def _say(self, word: str, **parts: object) -> str:
        return self._words[word].format(**parts)

    def _measured(self, number: Number, unit: str) -> str:
        one, many = UNITS[self._locale].get(unit, (unit, unit))
        return f"{self._number(number)} {one if number == 1 else many}".rstrip()

    def _number(self, number: Number) -> str:
        exact = int(number) if isinstance(number, float) and number.is_integer() else number
        return self._localized(f"{exact:,}" if isinstance(exact, int) else f"{exact:,.9g}")

    def _percent(self, share: float) -> str:
        return self._localized(f"{share:.2%}")

    def _localized(self, digits: str) -> str:
        """Points between thousands and a comma before decimals, as Vietnamese writes them."""
        return digits.translate(str.maketrans(",.", ".,")) if self._locale == "vi" else digits
