"""What is sent to the attached client, in order: facts, answers, bytes of processes. Only those who send bytes wait for a slow client."""

import asyncio
from collections import deque
from collections.abc import Callable

import msgspec
from websockets.asyncio.server import ServerConnection
from websockets.exceptions import ConnectionClosed

from protocol.frames import pack
from protocol.private import AnyLabEvent

FULL = 4 << 20
"""With more bytes than this waiting, the output of processes is not read."""


class Outbox:
    """The frames for one client. `send` never blocks; `pump` runs as long as the client is there.

    `on_room` is called when it was full and is no longer."""

    def __init__(self, connection: ServerConnection) -> None:
        self._connection = connection
        self._frames: deque[str | bytes] = deque()
        self._waiting = asyncio.Event()
        self._bytes = 0
        self._room = asyncio.Event()
        self._room.set()
        self.on_room: Callable[[], None] = lambda: None

    def send(self, event: AnyLabEvent) -> None:
        """Queue an event."""
        self._put(msgspec.json.encode(event).decode())

    def data(self, channel: int, stream: int, data: bytes) -> None:
        """Queue bytes of a process."""
        self._put(pack(channel, stream, data))

    @property
    def full(self) -> bool:
        """Whether more than `FULL` bytes wait."""
        return self._bytes > FULL

    async def wait_for_room(self) -> None:
        """Wait until it is not full, or the client is gone."""
        await self._room.wait()

    def _put(self, frame: str | bytes) -> None:
        self._frames.append(frame)
        self._bytes += len(frame)
        if self.full:
            self._room.clear()
        self._waiting.set()

    async def pump(self) -> None:
        """Send, until the connection is closed."""
        try:
            while True:
                while self._frames:
                    frame = self._frames.popleft()
                    await self._connection.send(frame)
                    self._sent(len(frame))
                self._waiting.clear()
                await self._waiting.wait()
        except ConnectionClosed:
            self._room.set()

    def _sent(self, count: int) -> None:
        self._bytes -= count
        if not self.full and not self._room.is_set():
            self._room.set()
            self.on_room()
