"""What browsers and the command line say to the server, and what it says to them (Socket.IO).

One event `request` goes up, each with an `id` that the client chose; it gets exactly one `answer` with that id. A request
that has a stream (`ping`, `exec`, `events`) gets `stream` items with its id before the answer. `delta`, `labs` and `notice` come unasked.
All payloads are JSON text of these structs.
"""

from typing import Literal

import msgspec

from topology.base import Json
from topology.commands import AnyCommand
from topology.diff import Diff
from topology.live import AnyLive
from topology.problems import Problem
from topology.records import AnyRecord, Policy
from topology.steps import AnyStep

LabState = Literal["stopped", "starting", "live", "stopping", "failed"]


class Context(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Who caused a change: `author` is a browser's name for itself, `cli`, `terminal` (somebody in a shell) or `vethboard`."""

    author: str
    session: str = ""
    label: str = ""
    at: str = ""


class LabInfo(msgspec.Struct, frozen=True, kw_only=True):
    """A lab in the list."""

    lab: str
    state: LabState
    policy: Policy
    namespaces: int
    viewers: int
    problem: Problem | None = None


# ---- up: requests ----------------------------------------------------------------------------------------------------


class Request(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True, tag_field="type"):
    """Base of all requests."""

    id: str


class ListLabs(Request, frozen=True, kw_only=True, tag="labs"):
    """Answer: `Labs`. From then on `labs` events say each change of the list."""


class NewLab(Request, frozen=True, kw_only=True, tag="new"):
    """Make a lab (and start it). Answer: `Done`."""

    lab: str
    document: dict[str, Json] | None = None


class StartLab(Request, frozen=True, kw_only=True, tag="start"):
    lab: str


class StopLab(Request, frozen=True, kw_only=True, tag="stop"):
    """Take the lab out of the kernel; the document stays."""

    lab: str


class DestroyLab(Request, frozen=True, kw_only=True, tag="destroy"):
    """Stop it and delete its document and history."""

    lab: str


class Open(Request, frozen=True, kw_only=True, tag="open"):
    """Answer: `Snapshot`; from the very next revision on, `delta` events follow without a gap."""

    lab: str


class Close(Request, frozen=True, kw_only=True, tag="close"):
    lab: str


class Edit(Request, frozen=True, kw_only=True, tag="edit"):
    """One edit, made of commands that happen together or not at all. `base`: the revision that its author saw (None: any).

    The answer `Done` comes when the kernel was read back; a `Problem` means that nothing was changed. `stage`: do not touch the
    kernel, answer `Planned`.
    """

    lab: str
    commands: tuple[AnyCommand, ...]
    base: int | None = None
    label: str = ""
    dry_run: bool = False


class Look(Request, frozen=True, kw_only=True, tag="look"):
    """Which namespaces this client shows in an inspector: counters, neighbours, learned FDB entries, processes come for those."""

    lab: str
    namespaces: tuple[str, ...]


class Export(Request, frozen=True, kw_only=True, tag="export"):
    """Answer: `Exported`. `observed`: what the kernel is, instead of what the document says."""

    lab: str
    observed: bool = False
    format: Literal["json", "shell"] = "json"


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


class Explain(Request, frozen=True, kw_only=True, tag="explain"):
    """Why a packet from `source` to `target` would or would not arrive, from the observed state. Answer: `Explained`."""

    lab: str
    source: str
    target: str


class History(Request, frozen=True, kw_only=True, tag="history"):
    lab: str


class Doctor(Request, frozen=True, kw_only=True, tag="doctor"):
    """Answer: `Diagnosis`."""


AnyRequest = (
    ListLabs | NewLab | StartLab | StopLab | DestroyLab | Open | Close | Edit | Look | Export | Ping | Exec | Input | Cancel
    | EndProcess | NetnsQuery | Explain | History | Doctor
)  # fmt: skip


# ---- down: results ---------------------------------------------------------------------------------------------------


class Result(msgspec.Struct, frozen=True, kw_only=True, tag_field="result"):
    """Base of all results."""


class Done(Result, frozen=True, kw_only=True, tag="done"):
    """It is so in the kernel (where there is one). `deploy_seconds`: from the document being here to the kernel read back."""

    revision: int = 0
    steps: int = 0
    deploy_seconds: float | None = None
    made: tuple[str, ...] = ()


class Planned(Result, frozen=True, kw_only=True, tag="planned"):
    steps: tuple[AnyStep, ...]
    shell: tuple[str, ...]
    sentences: tuple[str, ...] = ()


class Labs(Result, frozen=True, kw_only=True, tag="labs"):
    labs: tuple[LabInfo, ...]


class Change(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One entry of the history. `shell`: the commands that do the same."""

    number: int
    context: Context
    diff: Diff[AnyRecord]
    undone: bool = False
    shell: tuple[str, ...] = ()


class Snapshot(Result, frozen=True, kw_only=True, tag="snapshot"):
    """A whole lab at `revision`. `warnings` are problems that do not stop anything (the same address twice on a segment)."""

    info: LabInfo
    revision: int
    desired: dict[str, AnyRecord]
    observed: dict[str, AnyRecord]
    live: dict[str, AnyLive]
    drift: tuple[str, ...]
    warnings: tuple[Problem, ...]
    can_undo: str | None
    can_redo: str | None


class Exported(Result, frozen=True, kw_only=True, tag="exported"):
    text: str


class PingDone(Result, frozen=True, kw_only=True, tag="ping-done"):
    """`reasons`: where it did not all come back, what stands in its way as far as the observed state tells."""

    sent: int
    received: int
    reasons: tuple[Problem, ...] = ()


class Exited(Result, frozen=True, kw_only=True, tag="exited"):
    """`code` as a shell has it: 128 + n after signal n, 127 not found, 126 not executable."""

    code: int


class Text(Result, frozen=True, kw_only=True, tag="text"):
    text: str


class Explained(Result, frozen=True, kw_only=True, tag="explained"):
    reaches: bool
    path: tuple[str, ...]
    reasons: tuple[Problem, ...]


class HistoryList(Result, frozen=True, kw_only=True, tag="history"):
    changes: tuple[Change, ...]


class Check(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One thing that this kernel and system can or cannot do. `detail` says why, `mend` the command that mends it."""

    name: str
    ok: bool
    needed: bool = False
    detail: str = ""
    mend: str = ""


class Diagnosis(Result, frozen=True, kw_only=True, tag="diagnosis"):
    checks: tuple[Check, ...]


AnyResult = (
    Done | Planned | Labs | Snapshot | Exported | PingDone | Exited | Text | Explained | HistoryList | Diagnosis
)  # fmt: skip


# ---- down: events ----------------------------------------------------------------------------------------------------


class Answer(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Socket.IO event `answer`: exactly one of `result` and `problem`."""

    id: str
    result: AnyResult | None = None
    problem: Problem | None = None


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


AnyItem = PingReply | PingNote | Output


class StreamItem(msgspec.Struct, frozen=True, kw_only=True):
    """Socket.IO event `stream`."""

    id: str
    item: AnyItem


class Delta(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Socket.IO event `delta`: what changed from `revision` - 1 to `revision`. A gap in the numbers means: open again.

    `context` says who caused the change of `desired`. The last five are whole new values, None: unchanged; the undo labels are
    empty text where there is nothing to undo.
    """

    lab: str
    revision: int
    desired: Diff[AnyRecord] | None = None
    observed: Diff[AnyRecord] | None = None
    live: Diff[AnyLive] | None = None
    context: Context | None = None
    info: LabInfo | None = None
    drift: tuple[str, ...] | None = None
    warnings: tuple[Problem, ...] | None = None
    can_undo: str | None = None
    can_redo: str | None = None
    shell: tuple[str, ...] | None = None


class LabsEvent(msgspec.Struct, frozen=True, kw_only=True):
    """Socket.IO event `labs`."""

    labs: tuple[LabInfo, ...]


class Notice(msgspec.Struct, frozen=True, kw_only=True):
    """Socket.IO event `notice`: something that everybody in the lab should know; `level` `info`, `warning` or `error`."""

    lab: str
    level: Literal["info", "warning", "error"]
    problem: Problem
