"""One lab or one token must not keep the server from all others: threads of a process take turns, so who asks most gets most.

Each thread says how much processor time it used, and for whom. Who has used much lately, while others want something too, is made to
wait before the next message is read from its socket; its sender then waits as well (back-pressure). Nothing is refused or lost.
"""

import threading
import time

RATE = 0.15
"""Processor seconds per second that a throttle may use for good while others are active."""
BURST = 1.0
"""Processor seconds that it may use at once: nobody notices a throttle who works by hand."""
LONGEST_WAIT = 0.25
ACTIVE_SECONDS = 2.0


class Throttle:
    """What is used for one lab, or for one token."""

    def __init__(self, all_: "Throttles") -> None:
        self._all = all_
        self._debt = 0.0
        self._at = time.monotonic()
        self._lock = threading.Lock()

    def used(self, seconds: float) -> None:
        """Processor time that was spent for it."""
        with self._lock:
            now = time.monotonic()
            self._debt = max(0.0, self._debt - (now - self._at) * RATE) + seconds
            self._at = now

    def wait(self) -> None:
        """Called before a message is read: waits a moment if it is others' turn."""
        self._all.active(self)
        with self._lock:
            debt = self._debt - (time.monotonic() - self._at) * RATE - BURST
        if debt > 0 and self._all.others(self):
            time.sleep(min(debt / RATE, LONGEST_WAIT))


class Throttles:
    """All of them."""

    def __init__(self) -> None:
        self._throttles: dict[str, Throttle] = {}
        self._active: dict[Throttle, float] = {}
        self._lock = threading.Lock()

    def of(self, name: str) -> Throttle:
        """`lab:NAME` or `token:NAME`."""
        with self._lock:
            return self._throttles.setdefault(name, Throttle(self))

    def active(self, throttle: Throttle) -> None:
        self._active[throttle] = time.monotonic()

    def others(self, throttle: Throttle) -> bool:
        """Whether anybody else wanted something just now."""
        since = time.monotonic() - ACTIVE_SECONDS
        return any(at > since for other, at in list(self._active.items()) if other is not throttle)


class Meter:
    """Counts the processor time of the calling thread for a throttle. One for each thread."""

    def __init__(self, throttle: Throttle) -> None:
        self._throttle = throttle
        self._last = time.thread_time()

    def count(self) -> None:
        """What was used since the last time."""
        now = time.thread_time()
        self._throttle.used(now - self._last)
        self._last = now


THROTTLES = Throttles()
"""Of this process, as its processor time is."""
