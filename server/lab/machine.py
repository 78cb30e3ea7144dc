"""The state that a lab is in: the table of `states.py`, with what clients are told about it."""

import logging
import math
import time
from collections.abc import Callable

from protocol.public import LabState
from server.clock import now
from server.lab.states import PUBLIC, SECONDS, Action, Event, State, after
from topology.model.problems import Problem

_log = logging.getLogger("vethboard.server")


class Machine:
    """The state of one lab. `problem`: why it is not live. `silent_since`: since when its process does not answer (UTC, RFC 3339).
    `changed` is called after each change."""

    def __init__(self, lab: str, problem: Problem | None, changed: Callable[[], None]) -> None:
        self._lab, self._changed = lab, changed
        self.state = State.STOPPED if problem is None else State.FAILED
        self.problem = problem
        self.silent_since: str | None = None
        self._since = self._recovering_since = time.monotonic()

    def take(self, event: Event, problem: Problem | None = None) -> Action:
        """Go where the event leads; what is to be done then. One that means nothing in this state is logged."""
        step = after(self.state, event)
        if step is None:
            _log.warning("lab %s is %s: %s means nothing then", self._lab, self.state, event)
            return Action.NONE
        if step.state is not self.state:
            self._since = time.monotonic()
        if step.state is State.RECOVERING:
            self._recovering_since = self._since
        if (step.state, problem) != (self.state, self.problem):
            self.silent_since = self.silent_since or now() if step.state is State.SILENT else None
            if step.state is not self.state:
                _log.info("lab %s is %s%s", self._lab, step.state, f": {problem.message}" if problem else "", extra={"lab": self._lab})
            self.state, self.problem = step.state, problem
            self._changed()
        return step.action

    def unheard(self, seconds: float) -> None:
        """Its process has not answered for so long. It may be busy: that is no state yet, and people are told."""
        self.silent_since = now(ago=seconds)
        self._changed()

    def heard(self) -> None:
        """Its process answers again. A lab that is silent is told by its next state."""
        if self.silent_since is not None and self.state is not State.SILENT:
            self.silent_since = None
            self._changed()

    def failed(self, problem: Problem) -> None:
        """What was being done has failed, or has taken longer than the state may last."""
        self.take(Event.TIMEOUT if self.left() <= 0 else Event.FAULT, problem)

    def retry(self) -> None:
        """What led on from RECOVERING has failed, and is tried again: all tries together have the time of that state."""
        self.state, self._since = State.RECOVERING, self._recovering_since

    def left(self) -> float:
        """Seconds that the state may still last; infinite where it has no limit."""
        seconds = SECONDS[self.state]
        return math.inf if seconds is None else self._since + seconds - time.monotonic()

    def fail(self, problem: Problem) -> None:
        """Its stored document does not load: a lab that is stopped cannot be started."""
        self.state, self.problem = State.FAILED, problem
        self._changed()

    @property
    def public(self) -> LabState:
        """What clients are told."""
        return PUBLIC[self.state]

    @property
    def is_live(self) -> bool:
        """Whether the kernel has the lab and answers."""
        return self.state is State.LIVE
