"""A client that sees a terminal: it is sent output from the ring, as fast as it takes it."""

from collections.abc import Callable
from typing import Protocol

from agent.terminals.ring import Ring
from protocol.frames import OUTPUT, SCREEN, STATE
from protocol.limits import ACK_WINDOW_BYTES

CHUNK = 128 << 10


class Out(Protocol):
    """Where frames are sent (`agent.lab.outbox`). `on_room` is called when it was full and is no longer."""

    on_room: Callable[[], None]

    @property
    def full(self) -> bool:
        """Whether no more should be sent for now."""

    def data(self, channel: int, stream: int, data: bytes) -> None:
        """Send bytes on a stream of the channel."""


class Viewer:
    """Is sent the screen first, then output as it comes, and never more than `ACK_WINDOW_BYTES` bytes that it has not confirmed. If it
    falls behind what the ring keeps, it is sent the screen again. With `read_only` it may not type, and has no influence on the size."""

    def __init__(self, channel: int, out: Out, rows: int, columns: int, read_only: bool = False) -> None:
        self.channel, self.out, self.read_only = channel, out, read_only
        self.rows, self.columns = rows, columns
        self._place: int | None = None
        self._sent = self._taken = 0
        self.state = b""

    @property
    def ready(self) -> bool:
        """Whether it can be sent more."""
        return self._sent - self._taken < ACK_WINDOW_BYTES and not self.out.full

    def taken(self, count: int) -> None:
        """It has confirmed so many bytes in all. More than were sent, or fewer than before, is ignored."""
        if self._taken < count <= self._sent:
            self._taken = count

    def follows(self, ring: Ring) -> bool:
        """Whether it has been sent all output so far."""
        return self._place == ring.end

    def feed(self, ring: Ring) -> None:
        """Send what can be sent."""
        if self._place is None or (self._place < ring.start and self.ready):
            screen = ring.screen()
            self._place = ring.end
            self._send(SCREEN, screen)
        while self.ready and ring.start <= self._place < ring.end:
            data = ring.read(self._place, CHUNK)
            self._place += len(data)
            self._send(OUTPUT, data)

    def _send(self, stream: int, data: bytes) -> None:
        self._sent += len(data)
        self.out.data(self.channel, stream, data)

    def send_state(self, state: bytes) -> None:
        """Send the terminal's state, if it is not the one sent last."""
        if state != self.state:
            self.state = state
            self.out.data(self.channel, STATE, state)
