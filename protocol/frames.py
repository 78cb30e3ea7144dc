"""Binary frames: the bytes of processes, the same from the lab process to the browser.

Channel (4 bytes, little endian), stream (1 byte), bytes. The side that starts something chooses the number of its channel.
"""

import struct

INPUT, OUTPUT, ERROR = 0, 1, 2
"""Of a process or a terminal. On the pipes of a command no bytes mean the end of that stream."""

SCREEN = 3
"""A terminal's screen anew: the viewer resets its own, and then takes these bytes as output, without answering what they ask."""

STATE = 4
"""JSON of `protocol.terminals.TerminalState`: the terminal's size, whether this viewer drives it, how it ended."""

TAKEN = 5
"""From a viewer: how many bytes of OUTPUT and SCREEN it has taken so far (8 bytes, little endian). Not more than `WINDOW` go unanswered."""

WINDOW = 1 << 20

_HEAD = struct.Struct("<IB")
_COUNT = struct.Struct("<Q")


def pack(channel: int, stream: int, data: bytes) -> bytes:
    """The binary frame for a process's bytes."""
    return _HEAD.pack(channel, stream) + data


def unpack(frame: bytes) -> tuple[int, int, bytes]:
    """Channel, stream and bytes of a binary frame. Raises `struct.error` if it is too short."""
    channel, stream = _HEAD.unpack_from(frame)
    return channel, stream, frame[_HEAD.size :]


def pack_count(count: int) -> bytes:
    """What TAKEN carries."""
    return _COUNT.pack(count)


def unpack_count(data: bytes) -> int:
    """Raises `struct.error` if it is not 8 bytes."""
    count: int = _COUNT.unpack(data)[0]
    return count
