"""What runs in a lab: commands, pings, questions about paths."""

from typing import Literal

import msgspec

from protocol.base import Request, Result
from topology.journey.hop import Journey


class Ping(Request, frozen=True, kw_only=True, tag="ping"):
    """Stream: `PingReply`, `PingNote`; answer: `PingDone`. `target` is a node, an interface (`ns/name`) or an address.

    `count` 0: until `cancel`."""

    lab: str
    source: str
    target: str
    count: int = 4
    interval: float = 1.0
    size: int = 56
    ttl: int | None = None
    ipv6: bool = False


class Exec(Request, frozen=True, kw_only=True, tag="exec"):
    """Run a command in a namespace. Stream: `Output`; answer: `Exited`. `tty`: on a PTY of `rows` × `columns`."""

    lab: str
    namespace: str
    argv: tuple[str, ...]
    tty: bool = False
    rows: int = 24
    columns: int = 80
    env: dict[str, str] = {}


class Input(Request, frozen=True, kw_only=True, tag="input"):
    """Bytes for the standard input of the running `exec` with id `target`. `eof` closes it after them."""

    target: str
    data: bytes = b""
    eof: bool = False


class Cancel(Request, frozen=True, kw_only=True, tag="cancel"):
    """End the running request `target`: an `exec` gets SIGTERM (or `signal`), a `ping` SIGINT."""

    target: str
    signal: int | None = None


class EndProcess(Request, frozen=True, kw_only=True, tag="end-process"):
    """Send a signal to a process of the lab, by the pid that the lab sees."""

    lab: str
    pid: int
    signal: int = 15


class NetnsQuery(Request, frozen=True, kw_only=True, tag="netns"):
    """`ip netns identify PID`, `pids NAME`, `list-id`: what `ip netns` prints, as `Text`."""

    lab: str
    query: Literal["identify", "pids", "list", "list-id"]
    argument: str = ""


class PingDone(Result, frozen=True, kw_only=True, tag="ping-done"):
    """`predicted`: where not every reply came, how this packet would fare as far as the observed state tells; its verdict names the cause
    and the place. None where all came, or where the source is gone."""

    sent: int
    received: int
    predicted: Journey | None = None


class Exited(Result, frozen=True, kw_only=True, tag="exited"):
    """`code` as a shell has it: 128 + n after signal n, 127 not found, 126 not executable."""

    code: int


class Text(Result, frozen=True, kw_only=True, tag="text"):
    text: str


class PingReply(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="item", tag="reply"):
    """An echo reply; `time_ms` is the round trip in milliseconds."""

    sequence: int
    source: str
    bytes: int
    ttl: int
    time_ms: float


class PingNote(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="item", tag="note"):
    """Anything else that ping says: an ICMP error, no answer yet, the kernel's refusal. `error`: it is one."""

    text: str
    sequence: int | None = None
    error: bool = True


class Output(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="item", tag="output"):
    """Bytes of a running command; `stream` 1 is standard output (and a PTY), 2 standard error."""

    stream: int
    data: bytes
