"""A disk of its own for the state store, that can be filled and emptied again.

As root a small file system in memory. Where nothing can be mounted, the size of files is limited instead: a write then
fails with `File too large` where it would with `No space left on device`.
"""

import os
import resource
import subprocess
from contextlib import suppress
from pathlib import Path

SIZE = "512m"
PIECE = bytes(1 << 20)


class Disk:
    """State directories of workers live in `path`."""

    def __init__(self, path: Path) -> None:
        path.mkdir()
        self.path = path
        options = ["-t", "tmpfs", "-o", f"size={SIZE}", "tmpfs", str(path)]
        self._is_mounted = os.geteuid() == 0 and _runs("mount", *options)
        self.cause = "No space left on device" if self._is_mounted else "File too large"

    def fill(self, pid: int) -> None:
        """Nothing more can be written, as far as the worker with this pid is concerned."""
        if not self._is_mounted:
            resource.prlimit(pid, resource.RLIMIT_FSIZE, (1, resource.RLIM_INFINITY))
            return
        with suppress(OSError), (self.path / "other").open("wb", buffering=0) as file:
            while file.write(PIECE):
                pass

    def empty(self) -> None:
        """There is room again. (A limit goes with its process.)"""
        (self.path / "other").unlink(missing_ok=True)

    def close(self) -> None:
        """Lets go of the file system."""
        if self._is_mounted:
            _runs("umount", "--lazy", str(self.path))


def _runs(*command: str) -> bool:
    return subprocess.run(command, capture_output=True, check=False).returncode == 0
