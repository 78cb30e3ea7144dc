"""One who looks at a terminal: takes what it says from the ring, at his own pace."""

from collections.abc import Callable
from typing import Protocol

from agent.terminals.ring import Ring
from protocol.frames import OUTPUT, SCREEN, STATE
from protocol.limits import ACK_WINDOW_BYTES

CHUNK = 128 << 10


class Out(Protocol):
    """Where frames go (`agent.lab.outbox`)."""

    on_room: Callable[[], None]

    @property
    def full(self) -> bool: ...

    def data(self, channel: int, stream: int, data: bytes) -> None: ...


class Viewer:
    """Gets the screen first, then what comes, never more than `ACK_WINDOW_BYTES` bytes that he has not taken. One whom the ring has
    overtaken gets the screen anew."""

    def __init__(self, channel: int, out: Out, rows: int, columns: int, read_only: bool = False) -> None:
        self.channel, self.out, self.read_only = channel, out, read_only
        self.rows, self.columns = rows, columns
        self._place: int | None = None
        self._sent = self._taken = 0
        self.state = b""

    @property
    def hungry(self) -> bool:
        """He can be sent more."""
        return self._sent - self._taken < ACK_WINDOW_BYTES and not self.out.full

    def taken(self, count: int) -> None:
        """He has taken so many bytes in all. More than were sent, or less than before, is nonsense and ignored."""
        if self._taken < count <= self._sent:
            self._taken = count

    def follows(self, ring: Ring) -> bool:
        """He has been sent all there is."""
        return self._place == ring.end

    def feed(self, ring: Ring) -> None:
        """Send what may be sent."""
        if self._place is None or (self._place < ring.start and self.hungry):
            screen = ring.screen()
            self._place = ring.end
            self._send(SCREEN, screen)
        while self.hungry and ring.start <= self._place < ring.end:
            data = ring.read(self._place, CHUNK)
            self._place += len(data)
            self._send(OUTPUT, data)

    def _send(self, stream: int, data: bytes) -> None:
        self._sent += len(data)
        self.out.data(self.channel, stream, data)

    def tell(self, state: bytes) -> None:
        """The terminal's state, when it is another than the last one told."""
        if state != self.state:
            self.state = state
            self.out.data(self.channel, STATE, state)
