"""What a wheel of the package holds, and that an install is hashed to the last file."""

import re
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

REPO = Path(__file__).parent.parent


@pytest.fixture(scope="module")
def wheel_files(tmp_path_factory: pytest.TempPathFactory) -> set[str]:
    """Paths inside a wheel built from what git would ship."""
    folder = tmp_path_factory.mktemp("wheel")
    tracked = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=REPO,
        capture_output=True,
        check=True,
    ).stdout.decode()
    source = folder / "source"
    for name in filter(None, tracked.split("\0")):
        if name.startswith(("schemas/", "streams/")) or "/" not in name:
            copied = source / name
            copied.parent.mkdir(parents=True, exist_ok=True)
            copied.write_bytes((REPO / name).read_bytes())
    pip = [sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "--no-build-isolation", "--no-index"]
    subprocess.run([*pip, "-w", folder, source], check=True, stdin=subprocess.DEVNULL)
    [wheel] = folder.glob("*.whl")
    with zipfile.ZipFile(wheel) as opened:
        return set(opened.namelist())


def shipped(package: str) -> set[str]:
    files = (file for file in (REPO / package).rglob("*") if file.is_file() and "__pycache__" not in file.parts)
    return {str(file.relative_to(REPO)) for file in files}


@pytest.mark.parametrize("package", ["schemas", "streams"])
def test_a_wheel_holds_every_file_of_the_packages(wheel_files: set[str], package: str) -> None:
    assert shipped(package) - wheel_files == set()
    assert [file for file in shipped(package) if not file.endswith(".py")] != []


def test_a_wheel_holds_nothing_else(wheel_files: set[str]) -> None:
    tops = {name.split("/")[0] for name in wheel_files}

    assert {"schemas", "streams", "kpi_streams-0.1.0.dist-info"} == tops


def test_the_lock_pins_and_hashes_everything_and_names_no_registry() -> None:
    lock = (REPO / "requirements.lock").read_text()

    pins = re.findall(r"^([a-z0-9][\w.-]*)==", lock, re.MULTILINE)
    assert {"faust-streaming", "setuptools", "pytest", "confluent-kafka", "openpyxl"} <= set(pins)
    for block in re.split(r"^(?=[a-z0-9][\w.-]*==)", lock, flags=re.MULTILINE)[1:]:
        assert "--hash=sha256:" in block, block.splitlines()[0]
    assert re.findall(r"https?://|--index-url|--find-links|file:", lock) == []


def test_the_lock_holds_what_pyproject_asks_for() -> None:
    installed = subprocess.run([sys.executable, "-m", "pip", "check"], capture_output=True, text=True, check=False)

    assert installed.returncode == 0, installed.stdout
