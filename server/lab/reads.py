"""What only reads a lab and may take long: done by a thread of its own, one request after the other, never by the writer.

So edits do not wait for it. Who asks without end gets a share of the time: the lab's process, and the processor, are free for the rest.
"""

import time

from logs import failure
from server.lab.queue import Queue
from topology.model.problems import Problem, ProblemError

RATE = 0.3
"""Seconds per second for which this may go on without end."""

BURST = 3.0
"""Seconds of it at once without a pause: people who work by hand never need more."""

LONGEST_PAUSE = 5.0
"""Seconds, after one request that took very long."""


class _Hooks:
    """Between two requests."""

    def seconds(self) -> None:
        """No time is waited for."""

    def quiet(self) -> None:
        """Nothing to do."""

    def idle(self) -> None:
        """Nothing to do."""

    def failed(self, problem: Problem) -> None:
        """Every request here is answered by itself."""
        failure(ProblemError(problem), "a request that reads")


class Share:
    """The time that was used lately, as a leaky bucket that empties at `RATE`."""

    def __init__(self) -> None:
        self._level, self._at = 0.0, time.monotonic()

    def pause(self, seconds: float, now: float) -> float:
        """How long to wait after something that took so long and has ended `now`."""
        self._level = max(0.0, self._level - (now - self._at) * RATE) + seconds
        self._at = now
        return min(max(0.0, self._level - BURST) / RATE, LONGEST_PAUSE)

    def used(self, seconds: float) -> None:
        """Wait, where that was more than a share."""
        time.sleep(self.pause(seconds, time.monotonic()))


def reads_of(lab: str) -> Queue:
    """The queue, which is to be begun."""
    return Queue(lab, _Hooks(), name="reads", after=Share().used)
