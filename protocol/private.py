"""The messages between the server and the agent, and between the server and the lab processes (WebSockets over Unix sockets).

The agent's socket has two paths: `/control` is for the agent itself, `/lab/ID` is relayed unchanged to the process of that lab. Text frames
are JSON of these structs, binary frames the bytes of commands and terminals (`protocol.frames`). A request has an `id` that the server
chose; an event with that `id` answers it.
"""

from typing import Literal, NamedTuple

import msgspec

from protocol.public import Check
from protocol.terminals import File
from topology.journey.probe import Probe
from topology.journey.sighting import AnySighting
from topology.model.limits import Limits
from topology.model.netfilter import Driver, Family
from topology.model.problems import Problem
from topology.model.records import AnyRecord
from topology.observe.facts import AnyFact, Listening
from topology.plan.steps import AnyStep

PROTOCOL = 7

# ---- /control --------------------------------------------------------------------------------------------------------


class ControlRequest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True, tag_field="type"):
    """Base of the requests to the agent."""

    id: int


class Hello(ControlRequest, frozen=True, kw_only=True, tag="hello"):
    """Which labs run. Answer: `ControlAnswer` with `labs` and `uplinks`. A protocol number that the agent does not know is refused."""

    protocol: int = PROTOCOL


class Start(ControlRequest, frozen=True, kw_only=True, tag="start"):
    """Make the sandbox of a lab and start its process. Answered once the process accepts connections; EXISTS if it runs already.

    `lab`: its id (`topology.model.names.lab_id`). `firewall`: its iptables variant; None: that of the machine.
    """

    lab: str
    firewall: Driver | None = None


class Stop(ControlRequest, frozen=True, kw_only=True, tag="stop"):
    """End the lab's process. Answered once its processes, mounts and cgroup are gone."""

    lab: str


class SetUplink(ControlRequest, frozen=True, kw_only=True, tag="uplink"):
    """Connect the lab's namespace `host` to the machine's network, or disconnect it, which is always allowed. DENIED
    if the agent runs without --allow-uplink."""

    lab: str
    on: bool


class Doctor(ControlRequest, frozen=True, kw_only=True, tag="doctor"):
    """What this kernel and system can do. Answer: `ControlAnswer` with `checks`."""


AnyControlRequest = Hello | Start | Stop | SetUplink | Doctor


class ControlAnswer(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="event", tag="answer"):
    """The answer to every control request: `problem`, or what was asked for."""

    id: int
    problem: Problem | None = None
    labs: tuple[str, ...] = ()
    uplinks: tuple[str, ...] = ()
    checks: tuple[Check, ...] = ()


class LabGone(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="event", tag="lab-gone"):
    """A lab's process ended without a `Stop`."""

    lab: str
    reason: str


class LabLimit(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="event", tag="lab-limit"):
    """A lab has reached a limit that the kernel enforces (memory, processes), or was held by the guard. `end`: the agent ends it for that,
    and it is not to be started again by itself."""

    lab: str
    problem: Problem
    end: bool = False


AnyControlEvent = ControlAnswer | LabGone | LabLimit

# ---- /lab/ID ---------------------------------------------------------------------------------------------------------


class LabRequest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True, tag_field="type"):
    """Base of the requests to a lab process."""

    id: int


class Attach(LabRequest, frozen=True, kw_only=True, tag="attach"):
    """Follow the lab. Answer: `Attached`, then `Facts` with `snapshot`, then `Facts` with every change.

    One client is attached at a time: a new one replaces the old one. An attached client may ask again for the whole lab. A protocol number
    that the lab process does not know is refused with `LabAnswer`.
    """

    protocol: int = PROTOCOL


class Heartbeat(LabRequest, frozen=True, kw_only=True, tag="heartbeat"):
    """Whether the lab process does its work. Answer: `LabAnswer`, at its turn."""


class Apply(LabRequest, frozen=True, kw_only=True, tag="apply"):
    """Carry out these steps in order. Where one is refused, the lab process itself rolls the earlier ones back, also if the server dies.

    `edit`: the number of the edit that they are part of; 0: of none. Until its `Conclude`, or an `Apply` that is not part of it, the lab
    process remembers what its kernel was before the edit, for a server that comes after this one (`Attached`).

    Answer: `Applied`, sent after the `Facts` of what the steps changed.
    """

    steps: tuple[AnyStep, ...]
    edit: int = 0


class Conclude(LabRequest, frozen=True, kw_only=True, tag="conclude"):
    """Edit number `edit` is in the database, or is undone: forget it. 0: the document is built, the process is not `fresh` any more.
    Answer: `LabAnswer`."""

    edit: int = 0


class NoteLeft(LabRequest, frozen=True, kw_only=True, tag="note-left"):
    """What a failed apply has left in the kernel, by record id; None: a record that it has taken away. For a server that comes after this
    one (`Attached`); it replaces what was noted before. Answer: `LabAnswer`."""

    records: dict[str, AnyRecord | None]


class Run(LabRequest, frozen=True, kw_only=True, tag="run"):
    """Start a process in a namespace, with its input and output on `channel`. Answer: `Exit`, after all of its output."""

    channel: int
    namespace: str
    argv: tuple[str, ...]
    tty: bool = False
    rows: int = 24
    columns: int = 80
    env: dict[str, str] = {}


class Resize(LabRequest, frozen=True, kw_only=True, tag="resize"):
    """The size of the PTY of `channel`, or the size that this viewer of a terminal has room for. Answer: `LabAnswer`."""

    channel: int
    rows: int
    columns: int


class Signal(LabRequest, frozen=True, kw_only=True, tag="signal"):
    """Send signal number `signal` to the process group of `channel`, or to `pid` of the lab. Answer: `LabAnswer`."""

    signal: int
    channel: int | None = None
    pid: int | None = None


class Subscribe(LabRequest, frozen=True, kw_only=True, tag="subscribe"):
    """Which namespaces to send these facts of; it replaces the previous subscription. Answer: `LabAnswer`.

    `namespaces`: interface counters (each second), processes, dynamic neighbours and learned FDB entries. `filters`: counters of rules.
    `conntrack`: connections. `traffic`: interface counters alone.
    """

    namespaces: tuple[str, ...]
    filters: tuple[str, ...] = ()
    conntrack: tuple[str, ...] = ()
    traffic: tuple[str, ...] = ()


class ListSockets(LabRequest, frozen=True, kw_only=True, tag="list-sockets"):
    """What listens in a namespace now. Answer: `Sockets`."""

    namespace: str


TrialMode = Literal["rules", "import", "keep", "partly"]


class TryRules(LabRequest, frozen=True, kw_only=True, tag="try-rules"):
    """Load a text by iptables-restore(8) in a temporary namespace, and print it by iptables-save(8). Answer: `Tried`.

    `base`: the rules that are there before, as iptables-save prints them. `mode`: `rules`: all of it is to be loaded; `import`: as
    iptables-restore does, which passes over lines with -6 in IPv4; `keep`: as `import`, with --noflush; `partly`: what is refused is left
    out.
    """

    family: Family
    text: str
    base: str = ""
    mode: TrialMode = "rules"


class TrySteps(LabRequest, frozen=True, kw_only=True, tag="try-steps"):
    """What an `Apply` of these steps would refuse, in its words, as far as a temporary namespace shows it: tables, kinds of interfaces,
    sysctls. Nothing is changed. Answer: `LabAnswer`."""

    steps: tuple[AnyStep, ...]


class ListExtensions(LabRequest, frozen=True, kw_only=True, tag="list-extensions"):
    """Print the help of every match and target of the lab's iptables on `channel`, for `topology.rules.vocabulary.read`.

    Answer: `Exit`, as for `Run`.
    """

    channel: int
    family: Family


class OpenTerminal(LabRequest, frozen=True, kw_only=True, tag="open-terminal"):
    """As in `protocol.terminals`. Answer: `TerminalOpened`."""

    namespace: str
    rows: int
    columns: int


class AttachTerminal(LabRequest, frozen=True, kw_only=True, tag="attach-terminal"):
    """As in `protocol.terminals`. Answer: `LabAnswer`, after the first SCREEN frame.

    `read_only`: this viewer cannot type, its size does not count, and the terminal does not wait for its acknowledgements.
    """

    terminal: str
    channel: int
    rows: int
    columns: int
    read_only: bool = False


class DetachTerminal(LabRequest, frozen=True, kw_only=True, tag="detach-terminal"):
    """As in `protocol.terminals`. Answer: `LabAnswer`."""

    channel: int


class CloseTerminal(LabRequest, frozen=True, kw_only=True, tag="close-terminal"):
    """As in `protocol.terminals`. Answer: `TerminalClosed`."""

    terminal: str
    force: bool = False


class ListFiles(LabRequest, frozen=True, kw_only=True, tag="list-files"):
    """As in `protocol.terminals`. Answer: `FileList`."""

    namespace: str


class ReadFile(LabRequest, frozen=True, kw_only=True, tag="read-file"):
    """Up to `length` bytes of a file from `offset` on. `path`: relative to the home directory. Answer: `Piece`, empty at the end of the
    file."""

    namespace: str
    path: str
    offset: int
    length: int


class WriteFile(LabRequest, frozen=True, kw_only=True, tag="write-file"):
    """Write `data` at `offset` of a new file, piece after piece. Answer: `Piece` with the path of the file.

    The piece at offset 0 creates the file, under another name where `path` exists. It goes into the home directory of `namespace`, or into
    the working directory of the shell of `terminal`.
    """

    namespace: str
    path: str
    offset: int
    data: bytes
    terminal: str | None = None


class StartCapture(LabRequest, frozen=True, kw_only=True, tag="start-capture"):
    """As in `protocol.captures`. Answer: `CaptureStarted`."""

    interfaces: tuple[str, ...]
    filter: str
    snaplen: int
    ring: int


class StopCapture(LabRequest, frozen=True, kw_only=True, tag="stop-capture"):
    """As in `protocol.captures`. Answer: `LabAnswer`."""

    capture: str


class RemoveCapture(LabRequest, frozen=True, kw_only=True, tag="remove-capture"):
    """As in `protocol.captures`. Answer: `LabAnswer`."""

    capture: str


class ReadCapture(LabRequest, frozen=True, kw_only=True, tag="read-capture"):
    """As in `protocol.captures`. Answer: `CapturedFrames`."""

    capture: str
    after: int


AnyTerminalRequest = OpenTerminal | AttachTerminal | DetachTerminal | CloseTerminal
AnyFileRequest = ListFiles | ReadFile | WriteFile
AnyCaptureRequest = StartCapture | StopCapture | RemoveCapture | ReadCapture


class Trace(LabRequest, frozen=True, kw_only=True, tag="trace"):
    """After `delay` seconds send a probe packet and trace it in these namespaces. Events: `Sighted`, then `TraceEnded`, at the latest
    `wait` seconds after it was sent.

    `wires`: the veth links among them, as pairs of interfaces (`ns/name`).
    """

    probe: Probe
    namespaces: tuple[str, ...]
    wires: tuple[tuple[str, str], ...] = ()
    delay: float = 0.0
    wait: float = 1.0


class WatchPackets(LabRequest, frozen=True, kw_only=True, tag="watch-packets"):
    """Trace packets of the lab's own traffic, as in `protocol.journeys.Watch`. Events: `Sighted`, each with all sightings of one packet;
    after `StopTrace` one `TraceEnded`."""

    namespaces: tuple[str, ...]
    wires: tuple[tuple[str, str], ...] = ()
    hosts: tuple[str, ...] = ()
    port: int | None = None
    protocol: Literal["icmp", "udp", "tcp"] | None = None
    rate: int = 5


class StopTrace(LabRequest, frozen=True, kw_only=True, tag="stop-trace"):
    """End the trace whose request has the id `target`; it is answered by its `TraceEnded`. This request has no answer of its own."""

    target: int


AnyTraceRequest = Trace | WatchPackets | StopTrace
AnyLabRequest = (
    Attach | Heartbeat | Apply | Conclude | NoteLeft | Run | Resize | Signal | Subscribe | ListSockets | TryRules | TrySteps
    | ListExtensions
    | AnyTerminalRequest | AnyFileRequest | AnyCaptureRequest | AnyTraceRequest
)  # fmt: skip


class OpenEdit(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """An edit that was applied, wholly or in part, and not concluded. `before`: all facts of the lab before it. `changes`: those of what
    changed while it was applied. `steps`: what is done of it, or may be. `moves`: interfaces that it moved or renamed, `ns/name` now →
    before."""

    number: int
    before: tuple[AnyFact, ...]
    changes: tuple[AnyFact, ...]
    steps: tuple[AnyStep, ...]
    moves: dict[str, str] = {}


class Attached(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="event", tag="attached"):
    """`fresh`: no document was built yet in this process, or not wholly. `sysctls`: the watched keys and the values that a new namespace
    has.

    `limits`: those that this lab was started with; `unenforced`: which of them do not hold here, and why. `firewall`: its iptables variant.
    `open_edit`: what the server that was attached before has left unfinished. `left`: what it has noted (`NoteLeft`).
    """

    id: int
    fresh: bool
    sysctls: dict[str, str] = {}
    limits: Limits = Limits()
    unenforced: tuple[str, ...] = ()
    firewall: Driver = "legacy"
    open_edit: OpenEdit | None = None
    left: dict[str, AnyRecord | None] = {}


class Facts(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="event", tag="facts"):
    """What the kernel reported. `snapshot`: the first `Facts` after `Attached`, which describe the whole lab."""

    facts: tuple[AnyFact, ...]
    snapshot: bool = False


class Applied(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="event", tag="applied"):
    """All steps are carried out; or, with `problem`, step number `failed` (from 0) was refused and the earlier ones are rolled back. The
    `causes` of the problem say what could not be rolled back."""

    id: int
    problem: Problem | None = None
    failed: int | None = None


class Exit(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="event", tag="exit"):
    """The process has ended with exit code `code` (128 + n after signal n), or could not be started (`problem`)."""

    id: int
    channel: int
    code: int = 0
    problem: Problem | None = None


class LeftOutLine(NamedTuple):
    """A line (from 0) that cannot be loaded, and why."""

    line: int
    problem: Problem


class Tried(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="event", tag="tried"):
    """`text`: what iptables-save prints; or `problem`: why iptables-restore refuses line number `line` (from 0; -1: not known).
    `left_out`: with the mode `partly`."""

    id: int
    text: str = ""
    line: int = -1
    problem: Problem | None = None
    left_out: tuple[LeftOutLine, ...] = ()


class Sockets(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="event", tag="sockets"):
    """The listening sockets of a namespace, without the processes that hold them."""

    id: int
    sockets: tuple[Listening, ...] = ()


class LabAnswer(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="event", tag="answer"):
    """Done, or refused with `problem`. Answers each request without an answer of its own, and each refused one of terminals, files and
    captures."""

    id: int
    problem: Problem | None = None


class LimitReached(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="event", tag="limit-reached"):
    """The lab has reached one of its limits."""

    problem: Problem


class TerminalOpened(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="event", tag="terminal-opened"):
    """`terminal`: the id of the new terminal."""

    id: int
    terminal: str


class TerminalClosed(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="event", tag="terminal-closed"):
    """`kept`: the commands because of which it was not closed."""

    id: int
    kept: tuple[str, ...] = ()


class FileList(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="event", tag="file-list"):
    """`home`: the path of the home directory. `more`: the list is cut."""

    id: int
    home: str
    files: tuple[File, ...]
    more: bool = False


class Piece(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="event", tag="piece"):
    """A part of a file: the `data` that was read; or the absolute `path` of the file that was written to."""

    id: int
    data: bytes = b""
    path: str = ""


class CaptureStarted(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="event", tag="capture-started"):
    """`capture`: the id of the new capture."""

    id: int
    capture: str


class CapturedFrames(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="event", tag="captured-frames"):
    """As in `protocol.captures`."""

    id: int
    first: int
    data: bytes
    more: bool = False
    running: bool = False


class Sighted(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="event", tag="sighted"):
    """New sightings of the packet of trace `id`. `skipped`: of a watch, packets that were left out so far."""

    id: int
    sightings: tuple[AnySighting, ...]
    skipped: int = 0


class TraceEnded(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="event", tag="trace-ended"):
    """Trace `id` has ended; its taps and rules are removed from the lab. `skipped`: packets that were left out to keep to the rate.
    `problem`: the packet could not be sent."""

    id: int
    skipped: int = 0
    problem: Problem | None = None


AnyLabAnswer = LabAnswer | Tried | Sockets | TerminalOpened | TerminalClosed | FileList | Piece | CaptureStarted | CapturedFrames
AnyLabEvent = LimitReached | Attached | Facts | Applied | Exit | AnyLabAnswer | Sighted | TraceEnded
