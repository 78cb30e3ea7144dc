"""Shares of the processor, so that one lab or one token cannot slow down all others.

All threads of a Python process take turns (the GIL), so whoever asks most gets most. Each thread therefore reports the processor time that
it used to the `Throttle` of the lab or token it worked for. A throttle that used more than its share while others are active delays the
next read from its socket; TCP then makes the sender wait. Nothing is refused or lost.
"""

import threading
import time
from weakref import WeakValueDictionary

RATE = 0.15
"""Processor seconds per second that one throttle may use without end while others are active."""

BURST = 1.0
"""Processor seconds that it may use in addition at once: people who work by hand never reach it."""

WHO = ("stranger", "token", "session", "lab")

LONGEST_WAIT = 0.25
"""Seconds that one `wait` takes at most."""

ACTIVE_SECONDS = 2.0
"""A throttle is active for this long after its last message."""


class Throttle:
    """The processor time of one lab or of one token, as a leaky bucket: `used` fills it, and it empties at `rate`. `burst`: what may be in
    it without a wait. `who`: one of `WHO`.
    """

    def __init__(self, throttles: "Throttles", who: str, rate: float = RATE, burst: float = BURST) -> None:
        self._throttles, self._who, self._rate, self._burst = throttles, who, rate, burst
        self._level = 0.0
        """Processor seconds that were in the bucket at `_at`."""
        self._at = time.monotonic()
        self._lock = threading.Lock()

    def used(self, seconds: float) -> None:
        """Add processor time that was spent for it."""
        with self._lock:
            now = time.monotonic()
            self._level = max(0.0, self._level - (now - self._at) * self._rate) + seconds
            self._at = now

    @property
    def is_empty(self) -> bool:
        """Whether nothing is in the bucket any more: it is like a new one."""
        with self._lock:
            return self._level <= (time.monotonic() - self._at) * self._rate

    def wait(self) -> None:
        """Sleep if it has used more than its share while others are active. To be called before a message is read."""
        self._throttles.mark_active(self)
        excess = self._excess()
        if excess > 0 and self._throttles.others_active(self):
            seconds = min(excess / self._rate, LONGEST_WAIT)
            self._throttles.waited[self._who] += seconds
            time.sleep(seconds)

    @property
    def is_over(self) -> bool:
        """Whether it has used more than its share."""
        return self._excess() > 0

    def _excess(self) -> float:
        """Processor seconds beyond its share."""
        with self._lock:
            return self._level - (time.monotonic() - self._at) * self._rate - self._burst


class Throttles:
    """All throttles of this process, by name. One that nobody holds is forgotten as soon as its bucket is empty."""

    def __init__(self) -> None:
        self._throttles: WeakValueDictionary[str, Throttle] = WeakValueDictionary()
        self._active: dict[Throttle, float] = {}
        """When a message was last read for each, in monotonic seconds; those with an empty bucket leave it with time."""
        self._lock = threading.Lock()
        self.waited = dict.fromkeys(WHO, 0.0)
        """Seconds, by whom."""

    def of(self, name: str) -> Throttle:
        """The throttle of `lab:NAME`, `token:NAME` or `session:ID`; made where there is none yet."""
        with self._lock:
            found = self._throttles.get(name)
            if found is None:
                self._forget_idle()
                found = self._throttles[name] = Throttle(self, name.partition(":")[0])
            return found

    def _forget_idle(self) -> None:
        since = time.monotonic() - ACTIVE_SECONDS
        for throttle in [t for t, at in self._active.items() if at < since and t.is_empty]:
            del self._active[throttle]

    def mark_active(self, throttle: Throttle) -> None:
        """A message is about to be read for this throttle."""
        with self._lock:
            self._active[throttle] = time.monotonic()

    def others_active(self, throttle: Throttle) -> bool:
        """Whether a message was read for any other throttle within the last `ACTIVE_SECONDS`."""
        since = time.monotonic() - ACTIVE_SECONDS
        return any(at > since for other, at in list(self._active.items()) if other is not throttle)


class Meter:
    """Reports the processor time of one thread to a throttle. To be made and used in that thread."""

    def __init__(self, throttle: Throttle) -> None:
        self._throttle = throttle
        self._last = time.thread_time()

    def move(self, throttle: Throttle) -> None:
        """Report to another throttle from now on."""
        self.count()
        self._throttle = throttle

    def count(self) -> None:
        """Report the processor time since the last call, or since the meter was made."""
        now = time.thread_time()
        self._throttle.used(now - self._last)
        self._last = now


THROTTLES = Throttles()
"""Of this process, because its threads share one GIL."""

STRANGERS = Throttle(THROTTLES, "stranger", rate=0.25, burst=0.5)
"""Of all who have not logged in together, so that more addresses give nobody more. A class that opens the web app waits a moment."""


def of_lab(lab: str) -> Throttle:
    """The throttle of a lab."""
    return THROTTLES.of(f"lab:{lab}")
