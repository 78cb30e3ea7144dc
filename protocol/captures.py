"""Captures: frames of interfaces, kept in a ring buffer by the lab process and read in parts by any client.

The list of a lab's captures, with how many frames each has, is in the live records (`topology.observe.live.CaptureLive`). Frames are
numbered from 1 in the order of their timestamps; a full ring drops the oldest. The whole capture is downloaded from
`/labs/LAB/captures/ID.pcapng`.
"""

import struct
from collections.abc import Iterator
from typing import NamedTuple

from protocol.base import Request, Result
from protocol.limits import DEFAULT_RING_BYTES, DEFAULT_SNAPLEN


class StartCapture(Request, frozen=True, kw_only=True, tag="start-capture"):
    """Capture on these interfaces (`ns/name`), in both directions. Answer: `CaptureStarted`.

    `filter`: a pcap-filter(7) expression. `snaplen`: bytes kept of each frame. `ring`: bytes of frames kept in all.
    """

    lab: str
    interfaces: tuple[str, ...]
    filter: str = ""
    snaplen: int = DEFAULT_SNAPLEN
    ring: int = DEFAULT_RING_BYTES


class StopCapture(Request, frozen=True, kw_only=True, tag="stop-capture"):
    """End a capture; its frames can still be read. Answer: `Done`."""

    lab: str
    capture: str


class RemoveCapture(Request, frozen=True, kw_only=True, tag="remove-capture"):
    """End a capture and drop its frames. Answer: `Done`."""

    lab: str
    capture: str


class ReadCapture(Request, frozen=True, kw_only=True, tag="read-capture"):
    """The frames with a number above `after`, up to about `CAPTURE_READ_BYTES`. Answer: `CapturedFrames`."""

    lab: str
    capture: str
    after: int = 0


class CaptureStarted(Result, frozen=True, kw_only=True, tag="capture-started"):
    """`capture`: the id of the new capture."""

    capture: str


class CapturedFrames(Result, frozen=True, kw_only=True, tag="captured-frames"):
    """Frames from number `first` on, as `pack` writes them. `first` is above `after` + 1 where the ring has dropped the frames between.

    `more`: there are further frames to read now. `running`: the capture goes on.
    """

    first: int
    data: bytes
    more: bool = False
    running: bool = False


_HEAD = struct.Struct("<QIIHxx")


class Captured(NamedTuple):
    """A captured frame. `time`: ns since 1970. `length`: bytes on the wire. `interface`: index into the capture's interfaces. `data`: up to
    `snaplen` bytes of it."""

    time: int
    length: int
    interface: int
    data: bytes


def pack(frame: Captured) -> bytes:
    """Time (8 bytes, little endian), length and captured length (4 each), interface (2), 2 unused bytes, then the data."""
    return _HEAD.pack(frame.time, frame.length, len(frame.data), frame.interface) + frame.data


def unpack(data: bytes) -> Iterator[Captured]:
    """The frames that `pack` wrote one after the other into `data`."""
    at = 0
    while at < len(data):
        time, length, captured, interface = _HEAD.unpack_from(data, at)
        at += _HEAD.size
        yield Captured(time, length, interface, data[at : at + captured])
        at += captured
