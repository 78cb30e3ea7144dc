"""What a terminal said last, bounded, and what brings back its screen."""

import re

RING = 1 << 20
"""Bytes that are kept: some 10,000 lines."""

_SLACK = 64 << 10
_NEAR = 4096
_MODE = re.compile(rb"\x1b(?:\[\?([\d;]{1,64})([hl])|([=>])|c|\[!p)")
"""DEC private modes set and reset (DECSET, DECRST), keypad modes, full and soft reset (RIS, DECSTR): xterm's ctlseqs."""
_ALTERNATE = ("47", "1047", "1049")

Modes = dict[str, bytes]
"""What is switched, in that order: the sequence that does it, by the name of the mode."""


def _switched(modes: Modes, said: bytes | bytearray) -> Modes:
    """The modes after these bytes."""
    out = dict(modes)
    for found in _MODE.finditer(said):
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
    """Bytes with their place in all that was ever said: `start` is that of the first byte that is still there, `end` that of the next."""

    def __init__(self, limit: int = RING) -> None:
        self._limit = limit
        self._bytes = bytearray()
        self._before: Modes = {}
        self.start = 0

    @property
    def end(self) -> int:
        return self.start + len(self._bytes)

    def append(self, data: bytes) -> None:
        """The newest bytes; the oldest go."""
        self._bytes += data
        if len(self._bytes) > self._limit + _SLACK:
            self._drop(self._cut(len(self._bytes) - self._limit))

    def _cut(self, least: int) -> int:
        """Where no sequence and no letter is torn: after a line, else before an escape."""
        line = self._bytes.find(b"\n", least, least + _NEAR)
        if line >= 0:
            return line + 1
        escape = self._bytes.find(b"\x1b", least)
        return escape if escape >= 0 else least

    def _drop(self, count: int) -> None:
        self._before = _switched(self._before, memoryview(self._bytes)[:count].tobytes())
        del self._bytes[:count]
        self.start += count

    def read(self, place: int, most: int) -> bytes:
        """Up to `most` bytes from `place` on, which must still be there."""
        at = place - self.start
        return bytes(self._bytes[at : at + most])

    def screen(self) -> bytes:
        """Taken by a terminal that was reset, they make the screen (and what was scrolled away) what it was."""
        return b"".join(self._before.values()) + bytes(self._bytes)

    @property
    def torn(self) -> bool:
        """A program has the alternate screen, and how it began to draw is no longer there: only that program can draw it again."""
        if self.start == 0:
            return False
        modes = _switched(self._before, self._bytes)
        return any(modes.get(name, b"").endswith(b"h") for name in _ALTERNATE)
