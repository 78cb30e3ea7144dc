"""What the server says to the agent and to the lab processes, and back (websockets over Unix sockets).

The agent's socket has two paths: `/control` speaks to the agent, `/lab/ID` is relayed, byte for byte, to the process of that lab.
Text frames are JSON of these structs. Binary frames carry the bytes of processes (`protocol.frames`).
"""

from typing import Literal

import msgspec

from protocol.public import Check
from protocol.terminals import File
from topology.journey.probe import Probe
from topology.journey.sighting import AnySighting
from topology.model.limits import Limits
from topology.model.netfilter import Driver, Family
from topology.model.problems import Problem
from topology.observe.facts import AnyFact
from topology.plan.steps import AnyStep

PROTOCOL = 1

# ---- /control --------------------------------------------------------------------------------------------------------


class ControlRequest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True, tag_field="do"):
    id: int


class Hello(ControlRequest, frozen=True, kw_only=True, tag="hello"):
    """Answer: `ControlAnswer` with the labs that run. A protocol number that the agent does not speak is refused."""

    protocol: int = PROTOCOL


class Start(ControlRequest, frozen=True, kw_only=True, tag="start"):
    """Make the sandbox of lab `lab` (an id: [a-z0-9-]{1,40}) and its process. Answered when it can be attached. EXISTS if it runs.

    `firewall`: whose iptables it has; None: the machine's choice.
    """

    lab: str
    firewall: Driver | None = None


class Stop(ControlRequest, frozen=True, kw_only=True, tag="stop"):
    """End the lab's process; answered when nothing of it is left."""

    lab: str


class SetUplink(ControlRequest, frozen=True, kw_only=True, tag="uplink"):
    """Give the lab's host the outside, or take it away. DENIED where the agent was not started with --allow-uplink."""

    lab: str
    on: bool


class Doctor(ControlRequest, frozen=True, kw_only=True, tag="doctor"):
    """What this kernel can do."""


AnyControlRequest = Hello | Start | Stop | SetUplink | Doctor


class ControlAnswer(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="event", tag="answer"):
    id: int
    problem: Problem | None = None
    labs: tuple[str, ...] = ()
    checks: tuple[Check, ...] = ()


class LabGone(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="event", tag="lab-gone"):
    """A lab's process ended without having been told to."""

    lab: str
    reason: str


class LabLimit(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="event", tag="lab-limit"):
    """A lab has run into a limit that the kernel enforces."""

    lab: str
    problem: Problem


AnyControlEvent = ControlAnswer | LabGone | LabLimit

# ---- /lab/ID ---------------------------------------------------------------------------------------------------------


class LabRequest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True, tag_field="do"):
    id: int


class Attach(LabRequest, frozen=True, kw_only=True, tag="attach"):
    """Answer: `Attached`, then `Facts` for the whole lab, then `Facts` as they come.

    One attached client at a time: a new one takes over."""


class Apply(LabRequest, frozen=True, kw_only=True, tag="apply"):
    """Do these steps in order. Where one is refused the lab undoes the earlier ones itself, so that it also holds if the server dies.

    Answer: `Applied`, sent after the `Facts` that tell what the steps changed.
    """

    steps: tuple[AnyStep, ...]


class Run(LabRequest, frozen=True, kw_only=True, tag="run"):
    """Start a process in a namespace, its bytes on `channel`. Answer: `Exit` when it has ended and its output is sent."""

    channel: int
    namespace: str
    argv: tuple[str, ...]
    tty: bool = False
    rows: int = 24
    columns: int = 80
    env: dict[str, str] = {}


class Resize(LabRequest, frozen=True, kw_only=True, tag="resize"):
    channel: int
    rows: int
    columns: int


class Signal(LabRequest, frozen=True, kw_only=True, tag="signal"):
    """To the process (group) of `channel`, or to `pid` of the lab."""

    signal: int
    channel: int | None = None
    pid: int | None = None


class Look(LabRequest, frozen=True, kw_only=True, tag="look"):
    """Tell counters (each second), processes, dynamic neighbours and learned FDB entries of these namespaces, and of no others.

    `filters`: counters of rules; `conntrack`: connections; `traffic`: counters alone.
    """

    namespaces: tuple[str, ...]
    filters: tuple[str, ...] = ()
    conntrack: tuple[str, ...] = ()
    traffic: tuple[str, ...] = ()


class TryRules(LabRequest, frozen=True, kw_only=True, tag="try-rules"):
    """Load a text of iptables-restore in a namespace that is there for this only, and read it back. Answer: `Tried`."""

    family: Family
    text: str


class OpenTerminal(LabRequest, frozen=True, kw_only=True, tag="open-terminal"):
    """Answer: `TerminalOpened`. This and what follows as in `protocol.terminals`."""

    namespace: str
    rows: int
    columns: int


class AttachTerminal(LabRequest, frozen=True, kw_only=True, tag="attach-terminal"):
    """Answer: `LabAnswer`, after the first SCREEN. `watches`: looks on, and has no part in it: neither keys nor size nor pace."""

    terminal: str
    channel: int
    rows: int
    columns: int
    watches: bool = False


class DetachTerminal(LabRequest, frozen=True, kw_only=True, tag="detach-terminal"):
    channel: int


class CloseTerminal(LabRequest, frozen=True, kw_only=True, tag="close-terminal"):
    """Answer: `TerminalClosed`."""

    terminal: str
    anyway: bool = False


class ListFiles(LabRequest, frozen=True, kw_only=True, tag="list-files"):
    """Answer: `FileList`."""

    namespace: str


class ReadFile(LabRequest, frozen=True, kw_only=True, tag="read-file"):
    """Up to `length` bytes from `offset` on. Answer: `Piece`, at the end of the file an empty one."""

    namespace: str
    path: str
    offset: int
    length: int


class WriteFile(LabRequest, frozen=True, kw_only=True, tag="write-file"):
    """The next piece of a file that is put there: the first (`offset` 0) takes a name that is free, and is answered with it.

    Into the home of `namespace`, or where the shell of `terminal` is. Answer: `Piece`.
    """

    namespace: str
    path: str
    offset: int
    data: bytes
    terminal: str | None = None


class StartCapture(LabRequest, frozen=True, kw_only=True, tag="start-capture"):
    """Answer: `CaptureStarted`. This and what follows as in `protocol.captures`."""

    interfaces: tuple[str, ...]
    filter: str
    snaplen: int
    ring: int


class StopCapture(LabRequest, frozen=True, kw_only=True, tag="stop-capture"):
    capture: str


class RemoveCapture(LabRequest, frozen=True, kw_only=True, tag="remove-capture"):
    capture: str


class ReadCapture(LabRequest, frozen=True, kw_only=True, tag="read-capture"):
    """Answer: `CapturedFrames`."""

    capture: str
    after: int


AnyTerminalRequest = OpenTerminal | AttachTerminal | DetachTerminal | CloseTerminal
AnyFileRequest = ListFiles | ReadFile | WriteFile
AnyCaptureRequest = StartCapture | StopCapture | RemoveCapture | ReadCapture


class Trace(LabRequest, frozen=True, kw_only=True, tag="trace"):
    """Send the probe and follow it in these namespaces. `wires`: pairs of interfaces there (`ns/name`), the two ends of a veth each.
    Answer: `Sighted` as it goes, `TraceEnded` at the end, at latest after `wait` s."""

    probe: Probe
    namespaces: tuple[str, ...]
    wires: tuple[tuple[str, str], ...] = ()
    wait: float = 1.0


class WatchPackets(LabRequest, frozen=True, kw_only=True, tag="watch-packets"):
    """Pick packets that open flows out of the lab's traffic, as `protocol.journeys.Watch` says. Answer: `Sighted`, each the whole of one
    packet, and `TraceEnded`, once `StopTrace` came."""

    namespaces: tuple[str, ...]
    wires: tuple[tuple[str, str], ...] = ()
    hosts: tuple[str, ...] = ()
    port: int | None = None
    protocol: Literal["icmp", "udp", "tcp"] | None = None
    rate: int = 5


class StopTrace(LabRequest, frozen=True, kw_only=True, tag="stop-trace"):
    """End the trace `target` (the id of its request), which answers as ever. No answer of its own."""

    target: int


AnyTraceRequest = Trace | WatchPackets | StopTrace
AnyLabRequest = (
    Attach | Apply | Run | Resize | Signal | Look | TryRules | AnyTerminalRequest | AnyFileRequest | AnyCaptureRequest | AnyTraceRequest
)  # fmt: skip


class Attached(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="event", tag="attached"):
    """`fresh`: nothing was ever applied to this process. `sysctls`: what a fresh namespace has, for the watched keys.

    `limits`: what this lab was started with. `firewall`: whose iptables it has.
    """

    id: int
    fresh: bool
    sysctls: dict[str, str] = {}
    limits: Limits = Limits()
    firewall: Driver = "legacy"


class Facts(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="event", tag="facts"):
    """`whole`: the first `Facts` after `Attached`, the whole lab."""

    facts: tuple[AnyFact, ...]
    whole: bool = False


class Applied(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="event", tag="applied"):
    """`problem`: step number `failed` (from 0) was refused, and what came before it is undone; `causes` hold what could not be undone."""

    id: int
    problem: Problem | None = None
    failed: int | None = None


class Exit(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="event", tag="exit"):
    """The process has ended (`code` as a shell has it), or could not be started (`problem`)."""

    id: int
    channel: int
    code: int = 0
    problem: Problem | None = None


class Tried(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="event", tag="tried"):
    """`text` is what iptables-save prints of it; or `problem` says why it is not taken, of line `line` (from 0; -1: not known)."""

    id: int
    text: str = ""
    line: int = -1
    problem: Problem | None = None


class LabAnswer(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="event", tag="answer"):
    """To `Resize`, `Signal`, `Look`, and to any request of terminals, files and captures that is refused."""

    id: int
    problem: Problem | None = None


class Reached(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="event", tag="reached"):
    """The lab is at one of its limits."""

    problem: Problem


class TerminalOpened(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="event", tag="terminal-opened"):
    id: int
    terminal: str


class TerminalClosed(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="event", tag="terminal-closed"):
    id: int
    kept: tuple[str, ...] = ()


class FileList(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="event", tag="file-list"):
    id: int
    home: str
    files: tuple[File, ...]
    more: bool = False


class Piece(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="event", tag="piece"):
    """Of a file: what was read; or the `path` that is written, whole."""

    id: int
    data: bytes = b""
    path: str = ""


class CaptureStarted(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="event", tag="capture-started"):
    id: int
    capture: str


class CapturedFrames(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="event", tag="captured-frames"):
    id: int
    first: int
    data: bytes
    more: bool = False
    running: bool = False


class Sighted(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="event", tag="sighted"):
    """What was seen since of the packet of trace `id`."""

    id: int
    sightings: tuple[AnySighting, ...]


class TraceEnded(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="event", tag="trace-ended"):
    """Nothing more comes of trace `id`, and nothing of it is left in the lab. `problem`: it could not be sent at all. `skipped`:
    packets that were not told, to keep to the rate."""

    id: int
    skipped: int = 0
    problem: Problem | None = None


AnyLabAnswer = LabAnswer | Tried | TerminalOpened | TerminalClosed | FileList | Piece | CaptureStarted | CapturedFrames
AnyLabEvent = Reached | Attached | Facts | Applied | Exit | AnyLabAnswer | Sighted | TraceEnded
