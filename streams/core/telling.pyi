from collections.abc import Mapping, Set

from streams.core.readings import Line
from streams.core.stage import Send

def tell(lines: Mapping[str, Line], changed: Set[str], vector: list[int], sends: list[Send]) -> list[Line]: ...
