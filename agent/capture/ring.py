"""The frames of a capture: ordered by time, numbered from 1, the oldest forgotten when there are too many. No I/O."""

from collections import deque
from collections.abc import Iterable
from itertools import islice
from operator import attrgetter

from protocol.captures import Captured, pack
from protocol.limits import CAPTURE_READ_BYTES

_OVERHEAD = 120
"""Bytes that Python needs for a frame beside its data, about."""


class Ring:
    """Keeps frames of `size` bytes in all. `total` is the number of the newest, `bytes` what all that ever came had on the wire."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._frames: deque[Captured] = deque()
        self._held = 0
        self.total = 0
        self.bytes = 0

    @property
    def first(self) -> int:
        """The number of the oldest that is kept (that of the next, where none is)."""
        return self.total - len(self._frames) + 1

    def add(self, frames: Iterable[Captured]) -> None:
        """Frames of several interfaces, which come in no order, but none of which is older than what is in already by much."""
        for frame in sorted(frames, key=attrgetter("time")):
            self._frames.append(frame)
            self._held += len(frame.data) + _OVERHEAD
            self.total += 1
            self.bytes += frame.length
        while self._held > self._size and len(self._frames) > 1:
            self._held -= len(self._frames.popleft().data) + _OVERHEAD

    def read(self, after: int) -> tuple[int, bytes, bool]:
        """The number of the first frame above `after`, frames from there on as `pack` writes them, and whether there are more."""
        first = max(after + 1, self.first)
        out: list[bytes] = []
        size = 0
        for frame in islice(self._frames, first - self.first, None):
            if size >= CAPTURE_READ_BYTES:
                return first, b"".join(out), True
            out.append(pack(frame))
            size += len(out[-1])
        return first, b"".join(out), False
