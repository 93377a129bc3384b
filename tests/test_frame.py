"""The tests' own rules: a missing tool is told, in CI it fails, and a process left behind is found."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests import needs
from tests.conftest import MARK, processes_left


@pytest.mark.parametrize("tool", [needs.chromium, needs.prometheus, needs.promtool, needs.alertmanager])
def test_a_missing_tool_skips_here_and_fails_in_ci(
    tool: object, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert callable(tool)
    monkeypatch.setenv("PATH", str(tmp_path))

    monkeypatch.delenv("CI", raising=False)
    with pytest.raises(pytest.skip.Exception, match="is not installed"):
        tool()
    monkeypatch.setenv("CI", "true")
    with pytest.raises(pytest.fail.Exception, match="is not installed"):
        tool()


def test_a_process_left_behind_is_found_until_it_ends() -> None:
    mark = "of-this-test-alone"
    child = subprocess.Popen(
        [sys.executable, "-c", "print('here', flush=True); input()"],
        env={**os.environ, MARK: mark},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        start_new_session=True,
    )
    assert child.stdout is not None
    assert b"here\n" == child.stdout.readline()  # before its exec, a child has its parent's environment

    assert {child.pid} == set(processes_left(f"{MARK}={mark}".encode(), wait_s=0))
    child.communicate(b"\n")
    assert {} == processes_left(f"{MARK}={mark}".encode(), wait_s=0)


def test_what_the_tests_start_carries_their_mark() -> None:
    said = subprocess.run(
        [sys.executable, "-c", f"import os; print(os.environ[{MARK!r}])"], capture_output=True, check=True
    )

    assert os.environ[MARK] == said.stdout.decode().strip()
