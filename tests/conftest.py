"""For all tests: Hypothesis without chance in CI, and no process that a test started outlives the session."""

import os
import signal
import time
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

# No deadline: a shared machine is at times ten times slower. CI must not fail by chance, a developer may find more.
settings.register_profile("developer", deadline=None)
settings.register_profile("ci", deadline=None, derandomize=True, print_blob=True)
settings.load_profile("ci" if os.environ.get("CI") == "true" else "developer")

MARK = "TESTS_SESSION"
"""Environment variable that every process of this session inherits, and only those."""

LEFT = pytest.StashKey[list[str]]()


def pytest_configure() -> None:
    os.environ[MARK] = uuid.uuid4().hex


# Session fixtures, such as the broker's, have ended their processes before this hook runs.
def pytest_sessionfinish(session: pytest.Session) -> None:
    mark = f"{MARK}={os.environ[MARK]}".encode()
    left = processes_left(mark)
    session.config.stash[LEFT] = list(left.values())
    for pid in left:
        os.kill(pid, signal.SIGKILL)
    if left and session.exitstatus == pytest.ExitCode.OK:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    for command in config.stash.get(LEFT, []):
        terminalreporter.write_line(f"ERROR: a test left this process behind: {command}", red=True)


def processes_left(mark: bytes, wait_s: float = 5.0) -> dict[int, str]:
    """Command lines by pid of other processes whose environment holds `mark` and that do not end within `wait_s`."""
    deadline = time.monotonic() + wait_s
    while (left := dict(_marked(mark))) and time.monotonic() < deadline:
        time.sleep(0.1)
    return left


def _marked(mark: bytes) -> Iterator[tuple[int, str]]:
    for folder in Path("/proc").glob("[0-9]*"):  # elsewhere than on Linux there is no /proc, and no such check
        try:
            command = (folder / "cmdline").read_bytes()
            marked = mark in (folder / "environ").read_bytes().split(b"\0")
        except OSError:  # ended meanwhile, or somebody else's
            continue
        if marked and command and int(folder.name) != os.getpid():  # no command line: already dead, not yet reaped
            yield int(folder.name), command.replace(b"\0", b" ").decode(errors="replace").strip()
