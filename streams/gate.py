"""The shell's side of a guard (streams.core.intake): what a lane asks before it feeds, what it commits, and a person's
word to read on."""

import asyncio
from collections.abc import Mapping

from streams.core.stage import Guard, Now, PartitionState, Step

DEAD_LETTERED = "dead_lettered"


class Gate:
    """Shut while the guard of a lane says pause. A lane without a guard has one that is always open.

    The guard moves on with each chunk and is committed with it: `seal` adds its records and its row to the step. After
    a lost commit `load` puts its pause back to what is committed.
    """

    def __init__(self, guard: Guard | None, wake: asyncio.Event) -> None:
        self._guard = guard
        self._wake = wake
        self._unsealed: list[Step] = []
        self._rejected: Mapping[str, int] = {}
        self._asked: asyncio.Future[None] | None = None
        self._accept = 0

    @property
    def is_shut(self) -> bool:
        """Feed nothing."""
        return self._guard is not None and self._guard.pause is not None

    @property
    def is_to_open(self) -> bool:
        """Shut, and somebody said to read on."""
        return self._guard is not None and self.is_shut and (self._asked is not None or self._guard.is_lifted)

    @property
    def sentence(self) -> str | None:
        """Why it is shut, for health; None while it is open."""
        pause = None if self._guard is None else self._guard.pause
        if pause is None:
            return None
        about = pause.evidence
        return (
            f"is paused at offset {about['offset']}: {about['rejected']} of its last {about['records']} records were "
            f"rejected, most as {about['reason']}; kpi resume {about['partition']} reads on"
        )

    def load(self, row: bytes | None, state: PartitionState) -> None:
        """The state is restored: start from the guard's row beside it."""
        self._unsealed.clear()
        if self._guard is not None:
            self._guard.load(row)
            self._rejected = _rejections(state)

    def note(self, records: int, state: PartitionState, offset: int, now: Now, failed: int = 0) -> None:
        """A chunk was fed, `offset` follows it; `failed` records of it became dead letters of the shell's making."""
        if self._guard is None:
            return
        before, self._rejected = self._rejected, _rejections(state)
        made = {reason: number - before.get(reason, 0) for reason, number in self._rejected.items()}
        rejected = {reason: number for reason, number in made.items() if number > 0}
        if failed:
            rejected["internal_error"] = failed
        self._unsealed.append(self._guard.note(records, rejected, offset, now.us))

    def seal(self, step: Step) -> Step:
        """The step with what the guard wants committed along with it."""
        for ours in self._unsealed:
            step.sends.extend(ours.sends)
            step.rows.update(ours.rows)
        self._unsealed.clear()
        return step

    def ask(self, accept: int) -> "asyncio.Future[None]":
        """Asks the lane to read on; done once that is committed. Ask one at a time, and only while it is shut."""
        self._asked = asyncio.get_running_loop().create_future()
        self._accept = accept
        self._wake.set()
        return self._asked

    def open(self, now: Now) -> Step:
        """What is to be committed to read on."""
        assert self._guard is not None
        return self._guard.resume(self._accept if self._asked is not None else 0, now.us)

    def opened(self) -> None:
        """The commit happened."""
        if self._asked is not None and not self._asked.done():
            self._asked.set_result(None)
        self._asked = None


def _rejections(state: PartitionState) -> Mapping[str, int]:
    """Dead letters by reason, as the state has counted them."""
    return {detail: number for (outcome, detail, *_), number in state.counts().items() if outcome == DEAD_LETTERED}
