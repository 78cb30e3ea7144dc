"""Socket.IO packets of clients: what one may be."""

from typing import Any

from socketio import Server
from socketio.packet import Packet

from server.web import backpressure

MAX_ATTACHMENTS = 1
"""Of one event: a frame of a terminal. python-socketio would collect as many as the packet announces."""


class BoundedPacket(Packet):  # type: ignore[misc]  # it ships no types
    """Raises ValueError for one that announces more."""

    def decode(self, encoded_packet: Any) -> int:
        """As in the library."""
        count = int(super().decode(encoded_packet) or 0)
        if count > MAX_ATTACHMENTS:
            raise ValueError(f"{count} attachments")
        return count


def cut_off_nonsense(server: Server) -> None:
    """End the connection of who sends what is no packet: the library would log each, and go on."""

    def handler(eio_sid: str, data: object) -> None:
        try:
            server._handle_eio_message(eio_sid, data)
        except (ValueError, TypeError, AttributeError, LookupError, RecursionError):
            server.environ[eio_sid][backpressure.KEY].break_off()

    server.eio.on("message", handler)
