"""Labs: listed, made, started, stopped, destroyed; one opened, and what it is."""

from typing import Literal

import msgspec

from protocol.access import Role
from protocol.base import Request, Result
from topology.model.base import Json
from topology.model.netfilter import Driver
from topology.model.problems import Problem
from topology.model.records import AnyRecord, Policy
from topology.observe.live import AnyLive

LabState = Literal["stopped", "starting", "live", "stopping", "failed"]


class Context(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Who caused a change: `author` is a browser's name for itself, `cli`, `terminal` (somebody in a shell) or `vethboard`."""

    author: str
    session: str = ""
    label: str = ""
    at: str = ""


class LabInfo(msgspec.Struct, frozen=True, kw_only=True):
    """A lab in the list. `firewall`: whose iptables it has; None: not chosen yet."""

    lab: str
    state: LabState
    policy: Policy
    namespaces: int
    viewers: int
    firewall: Driver | None = None
    problem: Problem | None = None


class ListLabs(Request, frozen=True, kw_only=True, tag="labs"):
    """Answer: `Labs`. From then on `labs` events say each change of the list."""


class NewLab(Request, frozen=True, kw_only=True, tag="new"):
    """Make a lab (and start it). Answer: `Done`. `firewall`: whose iptables it has, also where the document says another."""

    lab: str
    document: dict[str, Json] | None = None
    firewall: Driver | None = None


class ListExamples(Request, frozen=True, kw_only=True, tag="examples"):
    """Answer: `Examples`."""


class StartLab(Request, frozen=True, kw_only=True, tag="start"):
    lab: str


class StopLab(Request, frozen=True, kw_only=True, tag="stop"):
    """Take the lab out of the kernel; the document stays."""

    lab: str


class DestroyLab(Request, frozen=True, kw_only=True, tag="destroy"):
    """Stop it and delete its document and history."""

    lab: str


class SetUplink(Request, frozen=True, kw_only=True, tag="uplink"):
    """Give the lab's host the outside, or take it away: user-mode networking, its DNS server in /etc/resolv.conf. It ends with the lab.

    Answer: `Done`."""

    lab: str
    on: bool


class Open(Request, frozen=True, kw_only=True, tag="open"):
    """Answer: `Snapshot`; from the very next revision on, `delta` events follow without a gap."""

    lab: str


class Close(Request, frozen=True, kw_only=True, tag="close"):
    lab: str


class Look(Request, frozen=True, kw_only=True, tag="look"):
    """Which namespaces this client shows in an inspector: counters, neighbours, learned FDB entries, processes come for those.

    `filters`: of which it shows the rules, so that their counters come; `conntrack`: of which the connections. `traffic`: of which it
    shows the rates on links: only the counters of their interfaces come.
    """

    lab: str
    namespaces: tuple[str, ...] = ()
    filters: tuple[str, ...] = ()
    conntrack: tuple[str, ...] = ()
    traffic: tuple[str, ...] = ()


class Doctor(Request, frozen=True, kw_only=True, tag="doctor"):
    """Answer: `Diagnosis`."""


class Labs(Result, frozen=True, kw_only=True, tag="labs"):
    """`role`: what the caller's token allows, in these labs."""

    labs: tuple[LabInfo, ...]
    role: Role = "admin"


class Example(msgspec.Struct, frozen=True, kw_only=True):
    """A document that comes with Vethboard, ready to be made into a lab (`NewLab`)."""

    name: str
    description: str
    document: dict[str, Json]


class Examples(Result, frozen=True, kw_only=True, tag="examples"):
    examples: tuple[Example, ...]


class Snapshot(Result, frozen=True, kw_only=True, tag="snapshot"):
    """A whole lab at `revision`. `warnings` are problems that do not stop anything (the same address twice on a segment).

    `undo_by` is the author of the edit that undo would take back.
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


class Check(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One thing that this kernel and system can or cannot do. `detail` says why, `mend` the command that mends it."""

    name: str
    ok: bool
    needed: bool = False
    detail: str = ""
    mend: str = ""


class Diagnosis(Result, frozen=True, kw_only=True, tag="diagnosis"):
    checks: tuple[Check, ...]
