"""The title that programs give a terminal, made harmless: everybody in the lab sees it."""

import re
import unicodedata

LONGEST = 80
_CARRY = 512
_TITLE = re.compile(rb"\x1b\](?:0|2);([^\x07\x1b]{0,%d})(?:\x07|\x1b\\)" % _CARRY)
"""OSC 0 and OSC 2 (xterm's ctlseqs), ended by BEL or ST."""
_INVISIBLE = ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp")
"""Unicode categories of controls, characters that change the direction of text, and code points that are no characters."""


class Titles:
    """Finds titles in the output of a terminal, also those that come in two pieces."""

    def __init__(self) -> None:
        self._rest = b""

    def find(self, data: bytes) -> str | None:
        """The last title in these bytes, together with what was left of the ones before; None: there is none."""
        data = self._rest + data
        begin = data.rfind(b"\x1b]")
        tail = data[begin + 2 :]
        if begin >= 0 and len(tail) < _CARRY and b"\x07" not in tail and b"\x1b" not in tail[:-1]:
            self._rest = data[begin:]
        else:
            self._rest = b"\x1b" if data.endswith(b"\x1b") else b""
        if b"\x1b]" not in data:
            return None
        found = _TITLE.findall(data)
        return harmless(found[-1]) if found else None


def harmless(title: bytes) -> str:
    """As one line of at most `LONGEST` visible characters."""
    text = title.decode("utf-8", "replace")
    visible = "".join(c for c in text if unicodedata.category(c) not in _INVISIBLE)
    return visible.strip()[:LONGEST]
