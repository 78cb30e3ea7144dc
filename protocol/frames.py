"""Binary frames: the bytes of commands and terminals, in one format from the lab process to the browser.

Channel (4 bytes, little endian), stream (1 byte), bytes. The side that sends the request chooses the number of its channel.
"""

import struct

INPUT, OUTPUT, ERROR = 0, 1, 2
"""Standard input, output and error of a command; of a terminal the first two. An empty frame of a command closes that stream."""

SCREEN = 3
"""A terminal's whole screen, as escape sequences: the viewer resets its own and writes these bytes to it. It does not answer queries in
them.
"""

STATE = 4
"""JSON of `protocol.terminals.TerminalState`."""

ACK = 5
"""Acknowledgement by a viewer: how many bytes of OUTPUT and SCREEN it has processed since it attached (8 bytes, little endian). At most
`protocol.limits.ACK_WINDOW_BYTES` are sent beyond that."""

_HEAD = struct.Struct("<IB")
_COUNT = struct.Struct("<Q")


def pack(channel: int, stream: int, data: bytes) -> bytes:
    """A binary frame."""
    return _HEAD.pack(channel, stream) + data


def unpack(frame: bytes) -> tuple[int, int, bytes]:
    """Channel, stream and bytes of a binary frame. Raises `struct.error` if it is too short."""
    channel, stream = _HEAD.unpack_from(frame)
    return channel, stream, frame[_HEAD.size :]


def pack_count(count: int) -> bytes:
    """The content of an ACK frame."""
    return _COUNT.pack(count)


def unpack_count(data: bytes) -> int:
    """The count of an ACK frame. Raises `struct.error` if `data` is not 8 bytes."""
    count: int = _COUNT.unpack(data)[0]
    return count
