"""What waits to be sent to one client: so many events, and so many bytes."""

from collections import deque
from collections.abc import Callable

MAX_WAITING = 2000
"""Events that wait for one client. One that has more is disconnected: it reconnects and opens its lab again."""

MAX_WAITING_BYTES = 32 << 20
"""Of these events; a first one that is longer is sent as well."""


class Outgoing:
    """`length`: of the queue, in packets. To be used with the session's lock held."""

    def __init__(self, length: Callable[[], int]) -> None:
        self._length = length
        self._sizes: deque[int] = deque()
        """Of the packets that were put into the queue, the last of which are in it still."""
        self._bytes = 0

    def fits(self, size: int) -> bool:
        """Whether one more of so many bytes may wait."""
        waiting = self._length()
        while len(self._sizes) > waiting:
            self._bytes -= self._sizes.popleft()
        return waiting <= MAX_WAITING and (waiting == 0 or self._bytes + size <= MAX_WAITING_BYTES)

    def added(self, size: int, packets: int) -> None:
        """An event was put into the queue, as so many packets."""
        self._sizes.extend([0] * (packets - 1) + [size])
        self._bytes += size
