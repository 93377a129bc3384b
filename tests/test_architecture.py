"""The import contracts of pyproject.toml hold, and each of them notices when somebody breaks it."""

import shutil
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest

REPO = Path(__file__).parent.parent
CONTRACTS: list[dict[str, Any]] = tomllib.loads((REPO / "pyproject.toml").read_text())["tool"]["importlinter"][
    "contracts"
]
NAMES = {contract["id"]: contract["name"] for contract in CONTRACTS}


def lint_imports(folder: Path) -> subprocess.CompletedProcess[str]:
    program = Path(sys.executable).with_name("lint-imports")
    return subprocess.run([program, "--no-cache", "--no-logo"], cwd=folder, capture_output=True, text=True, check=False)


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """Both packages and their contracts, to be spoilt."""
    shutil.copy(REPO / "pyproject.toml", tmp_path)
    for package in ("schemas", "streams"):
        shutil.copytree(REPO / package, tmp_path / package, ignore=shutil.ignore_patterns("__pycache__"))
    return tmp_path


def test_all_imports_point_down_the_road() -> None:
    checked = lint_imports(REPO)

    assert checked.returncode == 0, checked.stdout + checked.stderr


@pytest.mark.parametrize(
    ("contract", "module", "planted"),
    [
        ("shell", "streams/settings.py", "import streams.app"),
        ("shell", "streams/web/live.py", "import streams.agents"),
        ("shell", "streams/core/windows.py", "import streams.settings"),
        ("schemas", "schemas/topics.py", "import streams.core.stage"),
        ("core", "streams/core/windows.py", "import streams.core.observe"),
        ("core", "streams/core/observe.py", "import streams.core.notify"),
        ("core", "streams/core/new_step.py", "import math"),  # without a place in the order
        ("shell", "streams/new_part.py", "import math"),
        ("detectors", "streams/core/detectors/pace.py", "import streams.core.detectors.stall"),
        *(
            ("pure", "streams/core/facts.py", f"import {module}")
            for contract in CONTRACTS
            if contract["id"] == "pure"
            for module in contract["forbidden_modules"]
        ),
        ("pure", "schemas/values.py", "from random import random"),
        ("pure", "schemas/values.py", "def late() -> None:\n    from time import time as now"),
    ],
)
def test_a_planted_import_breaks_its_contract(copy: Path, contract: str, module: str, planted: str) -> None:
    with (copy / module).open("a") as source:
        source.write(f"\n{planted}\n")

    checked = lint_imports(copy)
    assert checked.returncode == 1
    broken = [name for name in NAMES.values() if f"{name} BROKEN" in checked.stdout]
    assert broken == [NAMES[contract]]


def test_every_detector_is_under_the_contract_of_independence() -> None:
    [contract] = [contract for contract in CONTRACTS if contract["id"] == "detectors"]
    folder = REPO / "streams" / "core" / "detectors"
    detectors = {f"streams.core.detectors.{file.stem}" for file in folder.glob("*.py")}

    shared = {"streams.core.detectors.__init__", "streams.core.detectors.contract"}
    assert set(contract["modules"]) == detectors - shared


def test_core_and_schemas_may_import_nothing_that_tells_the_time_or_does_io() -> None:
    [contract] = [contract for contract in CONTRACTS if contract["id"] == "pure"]

    forbidden = {"faust", "mode", "aiokafka", "aiohttp", "prometheus_client", "asyncio", "time", "random", "logging"}
    assert forbidden <= set(contract["forbidden_modules"])
    assert {"streams.core", "schemas"} == set(contract["source_modules"])
