"""Record batches in a segment file of Kafka (format v2; https://kafka.apache.org/documentation/#recordbatch)."""

import struct

_HEAD = struct.Struct(">qi")  # base offset, length of what follows
ATTRIBUTES_AT = 21
IS_CONTROL = 0x20


def committed_until(segment: bytes) -> list[int]:
    """Positions in the file behind each commit or abort marker."""
    ends, at = [], 0
    while at + ATTRIBUTES_AT + 2 <= len(segment):
        _, length = _HEAD.unpack_from(segment, at)
        (attributes,) = struct.unpack_from(">h", segment, at + ATTRIBUTES_AT)
        at += _HEAD.size + length
        if attributes & IS_CONTROL:
            ends.append(at)
    return ends
