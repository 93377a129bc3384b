"""Which partition of the next stages hears of which part of a slice: of JUDGE that of a subject, of LINK that of a key.
One list of slices for each partition."""

from collections.abc import Iterable

from streams.core.frames import Slice
from streams.core.observe_spec import ObserveSpec
from streams.core.spread import route


def to_judge(slices: Iterable[Slice], spec: ObserveSpec) -> list[list[Slice]]:
    """Cells by subject; absences to all, for a member of any team may be anywhere."""
    told: list[list[Slice]] = [[] for _ in range(spec.partitions)]
    groups = spec.spread.layout.groups
    for slice_ in slices:
        parts: dict[int, Slice] = {}
        for cell in slice_.cells:
            target = spec.partition_of(route(groups[cell[0]].anonymous, cell[1], spec.org))
            if target not in parts:
                parts[target] = Slice(slice_.stamp_us, layout=slice_.layout)
            parts[target].cells.append(cell)
        for target in range(spec.partitions) if slice_.absences else ():
            if target not in parts:
                parts[target] = Slice(slice_.stamp_us, layout=slice_.layout)
            parts[target].absences += slice_.absences
        for target, part in parts.items():
            told[target].append(part)
    return told


def to_link(slices: Iterable[Slice], spec: ObserveSpec) -> list[list[Slice]]:
    """Keys and parts by key; merges to all, for a lead may be in any partition."""
    told: list[list[Slice]] = [[] for _ in range(spec.partitions)]
    for slice_ in slices:
        parts: dict[int, Slice] = {}
        for key in slice_.keys:
            parts.setdefault(spec.partition_of(key[4]), Slice(slice_.stamp_us)).keys.append(key)
        for target in range(spec.partitions) if slice_.merges else ():
            parts.setdefault(target, Slice(slice_.stamp_us)).merges += slice_.merges
        for own in slice_.parts:
            parts.setdefault(spec.partition_of(own[2]), Slice(slice_.stamp_us)).parts.append(own)
        for target, part in parts.items():
            told[target].append(part)
    return told
