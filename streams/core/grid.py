"""Windows by the thousand: which period or hour each of many instants belongs to, by one search in a sorted array."""

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from streams.core.windows import Window

Integers = npt.NDArray[np.int64]
MOST_WINDOWS = 10_000
"""In one grid; a year has 8,800 hours."""


class Grid:
    """The windows of one grain over the stretch of time asked for so far, as one contiguous run."""

    def __init__(self, around: Callable[[int], Window]) -> None:
        """`around` gives the window that holds an instant; windows tile time."""
        self._around = around
        self.windows: list[Window] = []
        self._starts: Integers = np.empty(0, np.int64)

    def reaches(self, first_us: int, last_us: int) -> bool:
        """Whether instants from the first to the last have places, which they have from now on: False where they lie
        too far apart."""
        covered = self.windows and self.windows[0].start_us <= first_us and last_us < self.windows[-1].end_us
        return bool(covered) or self._cover(first_us, last_us)

    def places(self, times_us: Integers) -> Integers:
        """For each instant, all of which the grid reaches, the place of its window in `windows`."""
        return np.searchsorted(self._starts, times_us, side="right") - 1

    def _cover(self, first_us: int, last_us: int) -> bool:
        """Extend the run in both directions; a run grown too long begins anew."""
        known = self.windows
        for keep in (known, []):
            windows = self._extended(keep, first_us, last_us)
            if windows is not None:
                self.windows = windows
                self._starts = np.array([window.start_us for window in windows], np.int64)
                return True
        return False

    def _extended(self, known: list[Window], first_us: int, last_us: int) -> list[Window] | None:
        windows = known or [self._around(first_us)]
        earlier: list[Window] = []
        while (earlier[-1] if earlier else windows[0]).start_us > first_us:
            if len(earlier) + len(windows) >= MOST_WINDOWS:
                return None
            earlier.append(self._around((earlier[-1] if earlier else windows[0]).start_us - 1))
        windows = [*reversed(earlier), *windows]
        while windows[-1].end_us <= last_us:
            if len(windows) >= MOST_WINDOWS:
                return None
            windows.append(self._around(windows[-1].end_us))
        return windows
