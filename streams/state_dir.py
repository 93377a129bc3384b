"""Where a worker may write state of its own: a directory below KPI_STATE_DIR that goes with the worker.

Several workers of one machine share KPI_STATE_DIR. Each locks its own directory, and at its start clears away those
that nobody holds any more: what a kill -9 left behind. One that is only asleep (SIGSTOP) still holds its lock.
"""

import fcntl
import os
import shutil
import tempfile
import weakref
from pathlib import Path

from streams.core.stage import StoreFailedError

PREFIX = "worker-"
LOCK = "lock"


class StateDirectory:
    """A locked directory; it is deleted when this object goes, or when the process ends in good order."""

    def __init__(self, path: Path, lock: int) -> None:
        self.path = path
        weakref.finalize(self, _release, path, lock)


def claim(state_dir: Path) -> StateDirectory:
    """A new directory below `state_dir`.

    Raises:
        StoreFailedError: it cannot be made; the message names the directory and the cause.
    """
    try:
        state_dir.mkdir(parents=True, exist_ok=True)
        # Held while directories come and go: none is taken for a dead one before it is locked.
        turn = os.open(state_dir / LOCK, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(turn, fcntl.LOCK_EX)
            _clear(state_dir)
            path = Path(tempfile.mkdtemp(prefix=PREFIX, dir=state_dir))
            lock = os.open(path / LOCK, os.O_RDWR | os.O_CREAT, 0o600)
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        finally:
            os.close(turn)
    except OSError as error:
        raise StoreFailedError(f"the state directory {state_dir} cannot be used: {error}") from error
    return StateDirectory(path, lock)


def _clear(state_dir: Path) -> None:
    for path in state_dir.glob(f"{PREFIX}*"):
        try:
            lock = os.open(path / LOCK, os.O_RDWR)
        except FileNotFoundError:
            shutil.rmtree(path, ignore_errors=True)
            continue
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            continue
        finally:
            os.close(lock)
        shutil.rmtree(path, ignore_errors=True)


def _release(path: Path, lock: int) -> None:
    shutil.rmtree(path, ignore_errors=True)
    os.close(lock)
