"""For all tests: Hypothesis without chance in CI, what shares servers in one process, and no process that a test
started outlives the session."""

import os
import signal
import time
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings
from xdist.scheduler.loadscope import LoadScopeScheduling

# No deadline: a shared machine is at times ten times slower. CI must not fail by chance, a developer may find more.
settings.register_profile("developer", deadline=None)
settings.register_profile("ci", deadline=None, derandomize=True, print_blob=True)
settings.load_profile("ci" if os.environ.get("CI") == "true" else "developer")

MARK = "TESTS_SESSION"
"""Environment variable that every process of this session inherits, and only those."""

LEFT = pytest.StashKey[list[str]]()
SERVERS = ("tests/kafka/", "tests/chaos/", "tests/deploy/", "tests/web/", "tests/scenarios/test_demo.py")


def pytest_configure(config: pytest.Config) -> None:
    os.environ[MARK] = uuid.uuid4().hex
    config.stash[LEFT] = []


class Scheduling(LoadScopeScheduling):  # type: ignore[misc]  # it has no types
    """Of several processes one has the broker and all that talks to it, Chromium and Prometheus: one of each is up.

    pytest-xdist 3.8 has groups for that, which pytest 9.2 made without effect: they rename tests.
    """

    def _split_scope(self, nodeid: str) -> str:
        return "servers" if nodeid.startswith(SERVERS) else nodeid


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Scheduling:
    return Scheduling(config, log)


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    """A process of pytest-xdist has ended and says what its tests left behind."""
    node.config.stash[LEFT] += getattr(node, "workeroutput", {}).get("left", [])


# Session fixtures, such as the broker's, have ended their processes before this hook runs. Where pytest-xdist has
# started processes, each of them looks for its own.
def pytest_sessionfinish(session: pytest.Session) -> None:
    config = session.config
    if not config.pluginmanager.hasplugin("dsession"):
        left = processes_left(f"{MARK}={os.environ[MARK]}".encode())
        for pid in left:
            os.kill(pid, signal.SIGKILL)
        config.stash[LEFT] = getattr(config, "workeroutput", {})["left"] = list(left.values())
    if config.stash[LEFT] and session.exitstatus == pytest.ExitCode.OK:
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
