"""Labs: to list, make, start, stop and destroy them; to open one and follow its state."""

from typing import Literal

import msgspec

from protocol.access import Role
from protocol.base import Request, Result
from topology.model.base import Json
from topology.model.netfilter import Driver
from topology.model.problems import Problem
from topology.model.records import AnyRecord, Policy
from topology.observe.live import AnyLive

LabState = Literal["stopped", "starting", "live", "silent", "stopping", "failed"]
"""`silent`: its process runs and does not answer; it is live again as soon as it does."""


class Context(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Who caused a change, and when (`at`: UTC, RFC 3339). `label`: what the history calls the change.

    `author`: what the token says: its name, or `admin`; or `terminal` (a command in a shell), `vethboard`. `name`: what that person calls
    themself; empty: they have not said. `session`: the id of their connection, which tells two persons of one token apart. The server
    knows all three of the connection: no request can state them.
    """

    author: str
    name: str = ""
    session: str = ""
    label: str = ""
    at: str = ""


class LabInfo(msgspec.Struct, frozen=True, kw_only=True):
    """A lab in the list. `namespaces`, `viewers`: how many. `firewall`: its iptables variant (legacy or nft); None: not chosen yet.
    `problem`: why it is not live, or what is wrong with its files. `silent_since`: since when its process does not answer (UTC, RFC 3339);
    while it changes something the lab is still live then. `people`: the names of who has it open, each once, at most 50."""

    lab: str
    state: LabState
    policy: Policy
    namespaces: int
    viewers: int
    firewall: Driver | None = None
    problem: Problem | None = None
    silent_since: str | None = None
    people: tuple[str, ...] = ()


class ListLabs(Request, frozen=True, kw_only=True, tag="labs"):
    """The labs that the token may see. Answer: `Labs`; after it an event `labs` follows whenever the list changes."""


class SetName(Request, frozen=True, kw_only=True, tag="set-name"):
    """What the person at this connection wants to be called, in histories and to others. Answer: `Done`. A name can also be given when the
    connection is made. `name`: 1 to 40 characters, nothing invisible, and not what looks like a part of Vethboard; empty: none."""

    name: str


class NewLab(Request, frozen=True, kw_only=True, tag="new"):
    """Make a lab and start it. Answer: `Done`. `firewall`: its iptables variant, instead of the one in the document.

    `document`: as text, so that problems have line and column, or as a JSON value. `dry_run`: make another one that nobody sees, and take
    it away again; answer `Planned`, or the problem that the lab would not be made for.
    """

    lab: str
    document: dict[str, Json] | str | None = None
    firewall: Driver | None = None
    dry_run: bool = False


class ListExamples(Request, frozen=True, kw_only=True, tag="examples"):
    """The documents that come with Vethboard. Answer: `Examples`."""


class StartLab(Request, frozen=True, kw_only=True, tag="start"):
    """Start the lab's process and build its document in the kernel. Answer: `Done`."""

    lab: str


class StopLab(Request, frozen=True, kw_only=True, tag="stop"):
    """End the lab's process and all that runs in it; the document stays. Answer: `Done`."""

    lab: str


class DestroyLab(Request, frozen=True, kw_only=True, tag="destroy"):
    """Stop a lab and delete its document, history and tokens. Answer: `Done`."""

    lab: str


class SetUplink(Request, frozen=True, kw_only=True, tag="uplink"):
    """Connect the namespace `host` of a lab to the machine's network by slirp4netns(1), or disconnect it. Answer: `Done`.

    Its DNS server goes into /etc/resolv.conf. The document keeps the setting; the connection ends when the lab stops.
    """

    lab: str
    on: bool


class Open(Request, frozen=True, kw_only=True, tag="open"):
    """Get the state of a lab and follow it. Answer: `Snapshot`; from its next revision on, every change is an event `delta`."""

    lab: str


class Close(Request, frozen=True, kw_only=True, tag="close"):
    """Get no more events of this lab. Answer: `Done`."""

    lab: str


class Subscribe(Request, frozen=True, kw_only=True, tag="subscribe"):
    """Which namespaces this client wants live records of; it replaces its previous subscription. Answer: `Done`.

    `namespaces`: interface counters, neighbours, learned FDB entries and processes. `filters`: counters of rules. `conntrack`:
    connections. `traffic`: interface counters alone.
    """

    lab: str
    namespaces: tuple[str, ...] = ()
    filters: tuple[str, ...] = ()
    conntrack: tuple[str, ...] = ()
    traffic: tuple[str, ...] = ()


class Doctor(Request, frozen=True, kw_only=True, tag="doctor"):
    """What this kernel and system can do. Answer: `Diagnosis`."""


class Labs(Result, frozen=True, kw_only=True, tag="labs"):
    """`role`: what the client's token allows in these labs."""

    labs: tuple[LabInfo, ...]
    role: Role = "admin"


class Example(msgspec.Struct, frozen=True, kw_only=True):
    """A document that comes with Vethboard, for `NewLab`."""

    name: str
    description: str
    document: dict[str, Json]


class Examples(Result, frozen=True, kw_only=True, tag="examples"):
    """The examples, in the order in which they are offered."""

    examples: tuple[Example, ...]


class Snapshot(Result, frozen=True, kw_only=True, tag="snapshot"):
    """The state of a lab at `revision`. `drift`: ids of records that differ between `desired` and `observed`. `warnings`: problems that
    stop nothing, such as an address that is used twice on a segment.

    `can_undo`, `can_redo`: the label of the edit that undo or redo would apply to; None: there is none. `undo_by`: who made the first, as
    it is shown; `undo_session`: their session, empty for nobody's. `session`: that of who asks.
    """

    info: LabInfo
    revision: int
    desired: dict[str, AnyRecord]
    observed: dict[str, AnyRecord]
    live: dict[str, AnyLive]
    drift: tuple[str, ...]
    warnings: tuple[Problem, ...]
    can_undo: str | None
    can_redo: str | None
    undo_by: str | None = None
    undo_session: str | None = None
    session: str = ""


class Check(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One thing that this kernel and system can or cannot do. `needed`: Vethboard does not work without it. `detail`: why not. `mend`: a
    command that repairs it."""

    name: str
    ok: bool
    needed: bool = False
    detail: str = ""
    mend: str = ""


class Diagnosis(Result, frozen=True, kw_only=True, tag="diagnosis"):
    """All checks, in the order in which they are shown."""

    checks: tuple[Check, ...]
