"""pcapng files (draft-ietf-opsawg-pcapng): what Wireshark and tshark open. Pure."""

import struct
from collections.abc import Iterable

from protocol.captures import Captured

_ETHERNET = 1
"""LINKTYPE_ETHERNET"""
_SECTION, _INTERFACE, _PACKET = 0x0A0D0D0A, 1, 6
_OPT_END, _COMMENT, _IF_NAME, _IF_FILTER, _IF_TSRESOL, _USERAPPL = 0, 1, 2, 11, 9, 4
_NANOSECONDS = b"\x09"
"""if_tsresol: timestamps are in 10⁻⁹ s."""


def _padded(data: bytes) -> bytes:
    return data + bytes(-len(data) % 4)


def _option(code: int, value: bytes) -> bytes:
    return struct.pack("<HH", code, len(value)) + _padded(value)


def _block(kind: int, body: bytes) -> bytes:
    length = len(body) + 12
    return struct.pack("<II", kind, length) + body + struct.pack("<I", length)


def head(interfaces: Iterable[str], snaplen: int, filter: str, comment: str) -> bytes:
    """The start of a file: a Section Header Block and an Interface Description Block for each interface (`ns/name`)."""
    end = _option(_OPT_END, b"")
    section = struct.pack("<IHHq", 0x1A2B3C4D, 1, 0, -1) + _option(_COMMENT, comment.encode()) + _option(_USERAPPL, b"Vethboard") + end
    out = [_block(_SECTION, section)]
    for name in interfaces:
        options = _option(_IF_NAME, name.encode()) + _option(_IF_TSRESOL, _NANOSECONDS)
        if filter:
            options += _option(_IF_FILTER, b"\x00" + filter.encode())
        out.append(_block(_INTERFACE, struct.pack("<HHI", _ETHERNET, 0, snaplen) + options + end))
    return b"".join(out)


def packet(frame: Captured) -> bytes:
    """A frame as an Enhanced Packet Block."""
    high, low = frame.time >> 32, frame.time & 0xFFFFFFFF
    body = struct.pack("<IIIII", frame.interface, high, low, len(frame.data), frame.length) + _padded(frame.data)
    return _block(_PACKET, body)
