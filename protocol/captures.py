"""Captures: frames of interfaces, kept in a ring in the lab, read piece by piece by whoever looks.

The list of a lab's captures, with how many frames each has, is in the live records (`topology.observe.live.CaptureLive`). Frames are
numbered from 1 in the order of their times; the ring forgets the oldest. The whole is downloaded from `/labs/LAB/captures/ID.pcapng`.
"""

import struct
from collections.abc import Iterator
from typing import NamedTuple

from protocol.base import Request, Result

MOST_INTERFACES = 32
MOST_CAPTURES = 8
SNAPLEN, MOST_SNAPLEN = 65535, 262144
RING, MOST_RING = 16 << 20, 64 << 20
"""Bytes of frames that a capture keeps."""

MOST_READ = 1 << 20
"""Bytes of frames in one answer, about."""


class StartCapture(Request, frozen=True, kw_only=True, tag="start-capture"):
    """Begin to capture on these interfaces (`ns/name`), both directions. Answer: `CaptureStarted`.

    `filter` is in the language of pcap-filter(7), `snaplen` the bytes kept of each frame, `ring` those kept in all.
    """

    lab: str
    interfaces: tuple[str, ...]
    filter: str = ""
    snaplen: int = SNAPLEN
    ring: int = RING


class StopCapture(Request, frozen=True, kw_only=True, tag="stop-capture"):
    """Capture no more; what was captured stays to be read. Answer: `Done`."""

    lab: str
    capture: str


class RemoveCapture(Request, frozen=True, kw_only=True, tag="remove-capture"):
    """Stop it, and forget its frames. Answer: `Done`."""

    lab: str
    capture: str


class ReadCapture(Request, frozen=True, kw_only=True, tag="read-capture"):
    """The frames with a number above `after`, as many as fit. Answer: `CapturedFrames`."""

    lab: str
    capture: str
    after: int = 0


class CaptureStarted(Result, frozen=True, kw_only=True, tag="capture-started"):
    capture: str


class CapturedFrames(Result, frozen=True, kw_only=True, tag="captured-frames"):
    """Frame number `first` and those that follow it, as `pack` writes them. `more`: there are others already. `running`: others may come.

    `first` is above `after` + 1 where the ring has forgotten what was between.
    """

    first: int
    data: bytes
    more: bool = False
    running: bool = False


_HEAD = struct.Struct("<QIIHxx")


class Captured(NamedTuple):
    """A frame. `time` is in ns since 1970, `length` what it had on the wire in bytes, `interface` the number in the capture's list."""

    time: int
    length: int
    interface: int
    data: bytes


def pack(frame: Captured) -> bytes:
    """Time (8 bytes, little endian), length and captured length (4 each), interface (2), 2 unused, the bytes."""
    return _HEAD.pack(frame.time, frame.length, len(frame.data), frame.interface) + frame.data


def unpack(data: bytes) -> Iterator[Captured]:
    """What `pack` wrote, one frame after the other."""
    at = 0
    while at < len(data):
        time, length, captured, interface = _HEAD.unpack_from(data, at)
        at += _HEAD.size
        yield Captured(time, length, interface, data[at : at + captured])
        at += captured
