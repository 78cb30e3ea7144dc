"""The states of a lab on the server: which event leads from which state to which, and how long a state may last. Pure."""

from collections.abc import Mapping
from enum import StrEnum
from typing import NamedTuple

from protocol.public import LabState


class State(StrEnum):
    """What a lab is."""

    STOPPED = "stopped"
    STARTING = "starting"
    """The agent makes its process."""
    ATTACHING = "attaching"
    """The process runs; its snapshot is on the way, or its document is being built in the kernel."""
    LIVE = "live"
    SILENT = "silent"
    """The connection is there, and the process does not answer."""
    RECOVERING = "recovering"
    """The connection was lost, or the server has just started: the process is looked for, else started again."""
    STOPPING = "stopping"
    FAILED = "failed"


class Event(StrEnum):
    """What can happen to it."""

    START = "start"
    """Somebody asks for it to be live."""
    RESUME = "resume"
    """It is to be found or started again."""
    STARTED = "started"
    """The agent says that the process runs."""
    BUILT = "built"
    """The snapshot has come, and the document is in the kernel."""
    SILENCE = "silence"
    """Nothing was heard of the process for too long."""
    ANSWER = "answer"
    """The process that was silent is heard again."""
    LOST = "lost"
    """The connection has ended."""
    STOP = "stop"
    """Somebody asks for its end."""
    ENDED = "ended"
    """Its process has ended as it was asked to."""
    FAULT = "fault"
    """What was being done has failed."""
    TIMEOUT = "timeout"
    """The state has lasted too long."""


class Action(StrEnum):
    """What is to be done on the way from one state to another."""

    NONE = "none"
    RESYNC = "resync"
    """Ask for the whole lab again: facts may have been missed."""
    RECOVER = "recover"
    """Look for the process."""


class Step(NamedTuple):
    """Where an event leads, and what is to be done."""

    state: State
    action: Action = Action.NONE


_S, _E = State, Event
TABLE: Mapping[tuple[State, Event], Step] = {
    (_S.STOPPED, _E.START): Step(_S.STARTING),
    (_S.STOPPED, _E.RESUME): Step(_S.RECOVERING),
    (_S.STOPPED, _E.STOP): Step(_S.STOPPED),
    (_S.STARTING, _E.STARTED): Step(_S.ATTACHING),
    (_S.STARTING, _E.STOP): Step(_S.STOPPING),
    (_S.STARTING, _E.FAULT): Step(_S.FAILED),
    (_S.STARTING, _E.TIMEOUT): Step(_S.FAILED),
    (_S.ATTACHING, _E.BUILT): Step(_S.LIVE),
    (_S.ATTACHING, _E.STOP): Step(_S.STOPPING),
    (_S.ATTACHING, _E.FAULT): Step(_S.FAILED),
    (_S.ATTACHING, _E.TIMEOUT): Step(_S.FAILED),
    (_S.LIVE, _E.START): Step(_S.LIVE),
    (_S.LIVE, _E.SILENCE): Step(_S.SILENT),
    (_S.LIVE, _E.LOST): Step(_S.RECOVERING, Action.RECOVER),
    (_S.LIVE, _E.STOP): Step(_S.STOPPING),
    (_S.SILENT, _E.ANSWER): Step(_S.LIVE, Action.RESYNC),
    (_S.SILENT, _E.LOST): Step(_S.RECOVERING, Action.RECOVER),
    (_S.SILENT, _E.STOP): Step(_S.STOPPING),
    (_S.RECOVERING, _E.STARTED): Step(_S.ATTACHING),
    (_S.RECOVERING, _E.STOP): Step(_S.STOPPING),
    (_S.RECOVERING, _E.FAULT): Step(_S.FAILED),
    (_S.RECOVERING, _E.TIMEOUT): Step(_S.FAILED),
    (_S.STOPPING, _E.ENDED): Step(_S.STOPPED),
    (_S.STOPPING, _E.FAULT): Step(_S.FAILED),
    (_S.STOPPING, _E.TIMEOUT): Step(_S.FAILED),
    (_S.FAILED, _E.START): Step(_S.STARTING),
    (_S.FAILED, _E.RESUME): Step(_S.RECOVERING),
    (_S.FAILED, _E.STOP): Step(_S.STOPPING),
}
"""What is not here cannot mean anything in that state: it is logged and left."""

SECONDS: Mapping[State, float | None] = {
    State.STOPPED: None,
    State.STARTING: 60.0,
    State.ATTACHING: 300.0,
    State.LIVE: None,
    State.SILENT: None,
    State.RECOVERING: 20.0,
    State.STOPPING: 60.0,
    State.FAILED: None,
}
"""How long a state may last; None: until something happens."""

PUBLIC: Mapping[State, LabState] = {
    State.STOPPED: "stopped",
    State.STARTING: "starting",
    State.ATTACHING: "starting",
    State.LIVE: "live",
    State.SILENT: "silent",
    State.RECOVERING: "starting",
    State.STOPPING: "stopping",
    State.FAILED: "failed",
}
"""What clients are told."""


def after(state: State, event: Event) -> Step | None:
    """Where the event leads; None where it means nothing in that state."""
    return TABLE.get((state, event))
