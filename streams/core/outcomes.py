"""What becomes of the events of a partition: each ends in exactly one outcome, which is counted; what is refused is a
dead letter."""

from collections.abc import Mapping

from schemas import topics
from schemas.dead_letter import DeadLetter
from schemas.events.envelope import Rejected
from schemas.events.times import format_us
from streams.core.stage import Now, Record, Send


class Outcomes:
    """Counts, and letters that are still to be sent. `numbers` is `outcome|detail` -> events, as the state keeps it."""

    def __init__(self, partition: int) -> None:
        self._partition = partition
        self._letters: list[Send] = []
        self.numbers: dict[str, int] = {}

    def counts(self) -> Mapping[tuple[str, ...], int]:
        """(outcome, detail) -> events."""
        counted: dict[tuple[str, ...], int] = {}
        for name, number in self.numbers.items():
            outcome, _, detail = name.partition("|")
            counted[(outcome, detail)] = number
        return counted

    def count(self, outcome: str, detail: str = "", step: int = 1) -> None:
        """Count some events more, or less."""
        if step:
            name = outcome + "|" + detail
            self.numbers[name] = self.numbers.get(name, 0) + step

    def refuse(self, rejected: Rejected, record: Record, now: Now) -> None:
        """Count a record as refused, and write the letter that says why."""
        self.count("dead_lettered", rejected.reason.value)
        letter = DeadLetter.of(
            rejected,
            topic=topics.EVENTS.name,
            partition=self._partition,
            offset=record.offset,
            at=format_us(now.us),
            key=record.key,
            value=record.value,
            headers=record.headers,
        )
        self._letters.append(Send(topics.DEAD_LETTER, record.key, letter.model_dump_json().encode()))

    def take_letters(self) -> list[Send]:
        """The letters written since they were last taken."""
        letters, self._letters = self._letters, []
        return letters
