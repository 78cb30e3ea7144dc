"""Commands and pings that run in a lab, and why a packet would not arrive."""

from typing import Literal

import msgspec

from protocol.base import Request, Result
from protocol.journeys import Remedy
from topology.journey.hop import Journey
from topology.journey.probe import Ask


class Ping(Request, frozen=True, kw_only=True, tag="ping"):
    """Run ping(8) in the namespace of `source`. Stream: `PingReply`, `PingNote`; answer: `PingDone`.

    `source`, `target`: a namespace, a bridge or an interface (`ns/name`); the target also an address. `count` 0: until `cancel`. `interval`
    in seconds, `size` in bytes of payload. `ipv6`: choose an IPv6 address of the target.
    """

    lab: str
    source: str
    target: str
    count: int = 4
    interval: float = 1.0
    size: int = 56
    ttl: int | None = None
    ipv6: bool = False


class Exec(Request, frozen=True, kw_only=True, tag="exec"):
    """Run a command in a namespace. Stream: `Output`; answer: `Exited`. `tty`: on a PTY of `rows` × `columns`. `env`: added to its
    environment."""

    lab: str
    namespace: str
    argv: tuple[str, ...]
    tty: bool = False
    rows: int = 24
    columns: int = 80
    env: dict[str, str] = {}


class Input(Request, frozen=True, kw_only=True, tag="input"):
    """Bytes for the standard input of the running `exec` whose id is `target`. `eof`: close it after them. Answer: `Done`."""

    target: str
    data: bytes = b""
    eof: bool = False


class Cancel(Request, frozen=True, kw_only=True, tag="cancel"):
    """End the running request whose id is `target`, which is then answered. Answer: `Done`.

    An `exec` gets SIGTERM, a `ping` SIGINT, or both `signal` where it is given. `trace` and `watch` just end.
    """

    target: str
    signal: int | None = None


class EndProcess(Request, frozen=True, kw_only=True, tag="end-process"):
    """Send a signal to a process of the lab by kill(1). `pid`: in the lab's pid namespace. Answer: `Done`."""

    lab: str
    pid: int
    signal: int = 15


class NetnsQuery(Request, frozen=True, kw_only=True, tag="netns"):
    """Run `ip netns QUERY [ARGUMENT]` in the namespace `host`: `identify PID`, `pids NAME`, `list`, `list-id`. Answer: `Text`."""

    lab: str
    query: Literal["identify", "pids", "list", "list-id"]
    argument: str = ""


class PingDone(Result, frozen=True, kw_only=True, tag="ping-done"):
    """`journey`: where not every reply came, that of one more such packet, which was followed; its verdict names the cause and the place.
    (Where it could not be sent, `journey.predicted`: how it would fare.) None where all came, or where the source is gone. `remedies`: what
    may help then. `ask`: the packet that was sent, for a `trace`."""

    sent: int
    received: int
    journey: Journey | None = None
    remedies: tuple[Remedy, ...] = ()
    ask: Ask | None = None


class Exited(Result, frozen=True, kw_only=True, tag="exited"):
    """The exit code as a shell reports it: 128 + n after signal n, 127 not found, 126 not executable."""

    code: int


class Text(Result, frozen=True, kw_only=True, tag="text"):
    """What a command printed on standard output."""

    text: str


class PingReply(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="item", tag="reply"):
    """An echo reply. `bytes`: of the ICMP message. `time_ms`: round trip in milliseconds."""

    sequence: int
    source: str
    bytes: int
    ttl: int
    time_ms: float


class PingNote(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="item", tag="note"):
    """Any other line of ping(8). `error`: an ICMP error, a missing reply or a refusal of the kernel, not mere information."""

    text: str
    sequence: int | None = None
    error: bool = True


class Output(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="item", tag="output"):
    """Output of a running command. `stream`: 1 standard output (or the PTY), 2 standard error."""

    stream: int
    data: bytes
