"""The frames of a capture: in the order of time, numbered from 1, the oldest dropped when there are too many. No I/O."""

from collections import deque
from collections.abc import Iterable
from itertools import islice
from operator import attrgetter

from protocol.captures import Captured, pack
from protocol.limits import CAPTURE_READ_BYTES

_OVERHEAD = 120
"""Bytes that Python needs for a frame besides its data, about."""


class Ring:
    """Keeps frames of `size` bytes in all. `total`: the number of the newest frame; `bytes`: the length on the wire of all frames that ever
    came."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._frames: deque[Captured] = deque()
        self._held = 0
        self.total = 0
        self.bytes = 0

    @property
    def first(self) -> int:
        """The number of the oldest frame that is kept; where none is, that of the next to come."""
        return self.total - len(self._frames) + 1

    def add(self, frames: Iterable[Captured]) -> None:
        """Add frames of several interfaces, in any order, none of which is much older than those that are in the ring already."""
        for frame in sorted(frames, key=attrgetter("time")):
            self._frames.append(frame)
            self._held += len(frame.data) + _OVERHEAD
            self.total += 1
            self.bytes += frame.length
        while self._held > self._size and len(self._frames) > 1:
            self._held -= len(self._frames.popleft().data) + _OVERHEAD

    def read(self, after: int) -> tuple[int, bytes, bool]:
        """The number of the first frame above `after` that is kept; that frame and the following, as `pack` writes them; whether there are
        more."""
        first = max(after + 1, self.first)
        out: list[bytes] = []
        size = 0
        for frame in islice(self._frames, first - self.first, None):
            if size >= CAPTURE_READ_BYTES:
                return first, b"".join(out), True
            out.append(pack(frame))
            size += len(out[-1])
        return first, b"".join(out), False
