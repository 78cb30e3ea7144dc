"""What the server says to the agent and to the lab processes, and back (websockets over Unix sockets).

The agent's socket has two paths: `/control` speaks to the agent, `/lab/ID` is relayed, byte for byte, to the process of that lab.
Text frames are JSON of these structs. Binary frames carry a process's bytes: channel (4 bytes, little endian), stream (1 byte:
0 standard input, 1 output, 2 error), bytes; no bytes means the end of that stream.
"""

import struct

import msgspec

from protocol.public import Check
from topology.facts import AnyFact
from topology.problems import Problem
from topology.records import AnyRecord
from topology.steps import AnyStep

PROTOCOL = 1

# ---- /control --------------------------------------------------------------------------------------------------------


class ControlRequest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True, tag_field="do"):
    id: int


class Hello(ControlRequest, frozen=True, kw_only=True, tag="hello"):
    """Answer: `ControlAnswer` with the labs that run. A protocol number that the agent does not speak is refused."""

    protocol: int = PROTOCOL


class Start(ControlRequest, frozen=True, kw_only=True, tag="start"):
    """Make the sandbox of lab `lab` (an id: [a-z0-9-]{1,40}) and its process. Answered when it can be attached. EXISTS if it runs."""

    lab: str


class Stop(ControlRequest, frozen=True, kw_only=True, tag="stop"):
    """End the lab's process; answered when nothing of it is left."""

    lab: str


class Doctor(ControlRequest, frozen=True, kw_only=True, tag="doctor"):
    """What this kernel can do."""


AnyControlRequest = Hello | Start | Stop | Doctor


class ControlAnswer(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="event", tag="answer"):
    id: int
    problem: Problem | None = None
    labs: tuple[str, ...] = ()
    checks: tuple[Check, ...] = ()


class LabGone(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="event", tag="lab-gone"):
    """A lab's process ended without having been told to."""

    lab: str
    reason: str


AnyControlEvent = ControlAnswer | LabGone

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
    keep: tuple[AnyRecord, ...] = ()


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
    """Tell counters (each second), processes, dynamic neighbours and learned FDB entries of these namespaces, and of no others."""

    namespaces: tuple[str, ...]


AnyLabRequest = Attach | Apply | Run | Resize | Signal | Look


class Attached(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="event", tag="attached"):
    """`fresh`: nothing was ever applied to this process. `sysctls`: what a fresh namespace has, for the watched keys."""

    id: int
    fresh: bool
    sysctls: dict[str, str] = {}


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


class LabAnswer(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="event", tag="answer"):
    """To `Resize`, `Signal`, `Look`."""

    id: int
    problem: Problem | None = None


AnyLabEvent = Attached | Facts | Applied | Exit | LabAnswer

_HEAD = struct.Struct("<IB")


def pack(channel: int, stream: int, data: bytes) -> bytes:
    """The binary frame for a process's bytes."""
    return _HEAD.pack(channel, stream) + data


def unpack(frame: bytes) -> tuple[int, int, bytes]:
    """Channel, stream and bytes of a binary frame. Raises `struct.error` if it is too short."""
    channel, stream = _HEAD.unpack_from(frame)
    return channel, stream, frame[_HEAD.size :]
