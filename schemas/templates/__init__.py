"""Shipped catalogue templates, one YAML per department: load them beside your own file, or copy and edit."""

from importlib.resources import files
from pathlib import Path

DEPARTMENTS = ("sales", "marketing", "service", "people", "business")


def template_paths() -> list[Path]:
    """The templates' files, in the order of `DEPARTMENTS`."""
    # Wheels are installed unpacked, so the resource is a real file.
    folder = Path(str(files(__name__)))
    return [folder / f"{department}.yaml" for department in DEPARTMENTS]
