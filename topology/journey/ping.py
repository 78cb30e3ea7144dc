"""What ping(8) of iputils prints, line by line, as values."""

import re
from typing import NamedTuple

_REPLY = re.compile(r"(?P<bytes>\d+) bytes from (?P<source>\S+?):? icmp_seq=(?P<seq>\d+) ttl=(?P<ttl>\d+)(?: time=(?P<time>[\d.]+) ms)?")
_ERROR = re.compile(r"From (?P<source>\S+?):? icmp_seq=(?P<seq>\d+) (?P<text>.+)")
_SILENCE = re.compile(r"no answer yet for icmp_seq=(?P<seq>\d+)")
_SUMMARY = re.compile(r"(?P<sent>\d+) packets transmitted, (?P<received>\d+) received")
_MESSAGE = re.compile(r"ping[46]?: (?:(?:sendmsg|connect|socket|recvmsg): )?(?P<text>.+)")


class Reply(NamedTuple):
    """An echo reply; `time_ms` is the round trip in ms."""

    sequence: int
    source: str
    bytes: int
    ttl: int
    time_ms: float


class Note(NamedTuple):
    """Anything else: an ICMP error, no answer yet, what the kernel refused. `error`: it is one."""

    text: str
    sequence: int | None
    error: bool


class Summary(NamedTuple):
    """The last lines: echo requests sent, and replies that came."""

    sent: int
    received: int


Line = Reply | Note | Summary


class Parser:
    """Takes the bytes of one stream as they come: standard output and standard error have a `Parser` each."""

    def __init__(self) -> None:
        self._rest = b""

    def feed(self, data: bytes) -> list[Line]:
        """What the lines that are complete now say; no bytes: the stream has ended."""
        self._rest += data
        *lines, self._rest = self._rest.split(b"\n") if data else [self._rest, b""]
        return [found for line in lines if (found := parse(line.decode("utf-8", "replace").strip())) is not None]


def parse(line: str) -> Line | None:
    """One line; None for headings, blank lines and the statistics of times."""
    if m := _REPLY.match(line):
        return Reply(int(m["seq"]), m["source"].rstrip(":"), int(m["bytes"]), int(m["ttl"]), float(m["time"] or 0))
    if m := _ERROR.match(line):
        return Note(f"From {m['source']}: {m['text']}", int(m["seq"]), True)
    if m := _SILENCE.match(line):
        return Note("no answer yet", int(m["seq"]), False)
    if m := _SUMMARY.match(line):
        return Summary(int(m["sent"]), int(m["received"]))
    if m := _MESSAGE.match(line):
        return Note(m["text"], None, True)
    return None
