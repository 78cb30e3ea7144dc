"""The last output of a terminal, bounded, and what restores its screen."""

import re

RING = 1 << 20
"""Bytes of output that are kept: some 10,000 lines."""

_SLACK = 64 << 10
"""Bytes above the limit from which on the oldest are dropped: not with each byte that comes."""
_NEXT_LINE_WITHIN = 4096
"""Bytes in which the end of a line is searched, to cut there."""
_MODE = re.compile(rb"\x1b(?:\[\?([\d;]{1,64})([hl])|([=>])|c|\[!p)")
"""DEC private modes set and reset (DECSET, DECRST), keypad modes, full and soft reset (RIS, DECSTR): xterm's ctlseqs."""
_ALTERNATE = ("47", "1047", "1049")

Modes = dict[str, bytes]
"""Modes that are switched on or off: name → the sequence that does it, in the order in which it was done."""


def _after(modes: Modes, output: bytes | bytearray) -> Modes:
    """The modes after this output."""
    out = dict(modes)
    for found in _MODE.finditer(output):
        if found[1] is not None:
            for name in found[1].decode().split(";"):
                out.pop(name, None)
                out[name] = b"\x1b[?%s%s" % (name.encode(), found[2])
        elif found[3] is not None:
            out.pop("keypad", None)
            out["keypad"] = b"\x1b" + found[3]
        else:
            out.clear()
    return out


class Ring:
    """Bytes by their position in all output since the start: `start` is that of the first byte that is kept, `end` that of the next to
    come."""

    def __init__(self, limit: int = RING) -> None:
        self._limit = limit
        self._bytes = bytearray()
        self._before: Modes = {}
        self.start = 0

    @property
    def end(self) -> int:
        """The position of the next byte to come."""
        return self.start + len(self._bytes)

    def append(self, data: bytes) -> None:
        """Add the newest bytes; the oldest are dropped."""
        self._bytes += data
        if len(self._bytes) > self._limit + _SLACK:
            self._drop(self._cut(len(self._bytes) - self._limit))

    def _cut(self, least: int) -> int:
        """A place, from `least` on, where neither a sequence nor a character is cut in two: after a line, else before an escape."""
        line = self._bytes.find(b"\n", least, least + _NEXT_LINE_WITHIN)
        if line >= 0:
            return line + 1
        escape = self._bytes.find(b"\x1b", least)
        return escape if escape >= 0 else least

    def _drop(self, count: int) -> None:
        self._before = _after(self._before, memoryview(self._bytes)[:count].tobytes())
        del self._bytes[:count]
        self.start += count

    def read(self, place: int, most: int) -> bytes:
        """Up to `most` bytes from the position `place` on, which must still be kept."""
        at = place - self.start
        return bytes(self._bytes[at : at + most])

    def screen(self) -> bytes:
        """Output that gives a terminal that was reset the present screen, and what was scrolled away above it."""
        return b"".join(self._before.values()) + bytes(self._bytes)

    @property
    def torn(self) -> bool:
        """Whether a program has the alternate screen, and the beginning of what it drew is no longer kept: only that program can draw it
        again."""
        if self.start == 0:
            return False
        modes = _after(self._before, self._bytes)
        return any(modes.get(name, b"").endswith(b"h") for name in _ALTERNATE)
