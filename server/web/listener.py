"""The listening socket, and what a client may take before anything is known of it: time, and bytes of a request's head."""

import contextlib
import io
import socket as sockets
import time
from collections.abc import Iterator
from typing import Any

from werkzeug.serving import ThreadedWSGIServer, WSGIRequestHandler

from protocol.limits import MAX_UPLOAD_BYTES
from server.metrics import Metrics
from server.throttle import STRANGERS
from server.web.visitors import KEY, Visitor, Visitors

REQUEST_SECONDS = 20.0
"""How long a client may take for the head of its request; and send nothing of the rest, or take nothing of the answer."""

HEAD_BYTES = 32 << 10
"""Of a request's first line and its headers, together."""

BODY_BYTES = MAX_UPLOAD_BYTES + (64 << 10)
"""What is read of a body at most, whatever its length is said to be."""

PIECE_BYTES = 256 << 10
"""Read of a body at once: werkzeug would take 10 MB of one that nobody wants."""

PAUSE_SECONDS = 0.005
"""Between two connections, when those that have not logged in use more than their share."""


class _Bytes(io.RawIOBase):
    """What a client sends. OSError where the head is too long, or takes too long."""

    def __init__(self, socket: sockets.socket, metrics: Metrics) -> None:
        self._socket, self._metrics = socket, metrics
        self._left, self._until = HEAD_BYTES, time.monotonic() + REQUEST_SECONDS
        self.in_head = True

    def head_is_over(self) -> None:
        """What comes now is the body."""
        self.in_head, self._left = False, BODY_BYTES
        self._socket.settimeout(REQUEST_SECONDS)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        """As of any raw stream. A body that is too long ends."""
        if self.in_head:
            self._socket.settimeout(max(0.001, self._until - time.monotonic()))
        if self._left <= 0:
            if not self.in_head:
                return 0
            self._metrics.refused("size")
            raise ConnectionError("the head of the request is too long")
        try:
            count = self._socket.recv_into(buffer, min(len(buffer), self._left))
        except TimeoutError:
            self._metrics.refused("time")
            raise
        self._left -= count
        return count

    def rest_of(self, length: int) -> Iterator[None]:
        """Take what a client still sends of a body of this length, a piece at a time; until it stops, or takes too long."""
        rest, self._until = min(length, BODY_BYTES) - (BODY_BYTES - self._left), time.monotonic() + REQUEST_SECONDS
        with contextlib.suppress(OSError):
            while rest > 0:
                self._socket.settimeout(max(0.001, self._until - time.monotonic()))
                count = len(self._socket.recv(min(rest, PIECE_BYTES)))
                if not count:
                    return
                rest -= count
                yield


class _Reader(io.BufferedReader):
    """Never gives much at once, so that never much is held."""

    def read(self, size: int | None = -1, /) -> bytes:
        """At most `PIECE_BYTES`."""
        return self.read1(PIECE_BYTES if size is None or size < 0 else min(size, PIECE_BYTES))


class Quiet(WSGIRequestHandler):
    """Writes no line per request. Sets TCP_NODELAY, because an edit is one small message that should not wait."""

    disable_nagle_algorithm = True
    protocol_version = "HTTP/1.0"  # else werkzeug reads on for a next request where a websocket was
    timeout = REQUEST_SECONDS
    server: "Listener"

    def setup(self) -> None:
        """As in socketserver, with a reader that has limits."""
        super().setup()
        self._bytes = _Bytes(self.connection, self.server.metrics)
        self.rfile.close()
        self.rfile = _Reader(self._bytes)
        self._visitor = Visitor(self.server.visitors, self.connection, str(self.client_address[0]))

    def handle(self) -> None:
        """One request."""
        self._visitor.pace()
        try:
            super().handle()
            self._take_rest()
        finally:
            self._visitor.end()

    def _take_rest(self) -> None:
        """The rest of a body that was refused: were it not taken, the kernel would reset the connection, and the refusal be lost."""
        length = self.headers.get("Content-Length", "") if hasattr(self, "headers") else ""
        if length.isdecimal() and len(length) < 16 and not self._bytes.in_head:
            for _ in self._bytes.rest_of(int(length)):
                self._visitor.pace()

    def parse_request(self) -> bool:
        """Read the headers."""
        parsed = super().parse_request()
        self._bytes.head_is_over()
        return parsed

    def make_environ(self) -> Any:
        """With the visitor."""
        return {**super().make_environ(), KEY: self._visitor}

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Nothing."""

    def log_error(self, format: str, *args: Any) -> None:
        """Nothing: a client that is too slow is counted."""


class Listener(ThreadedWSGIServer):
    """`metrics`: counts connections and those that were refused."""

    daemon_threads = True

    def __init__(self, host: str, port: int, app: Any, metrics: Metrics) -> None:
        self.metrics, self.visitors = metrics, Visitors(metrics)
        super().__init__(host, port, app, Quiet)

    def process_request(self, request: Any, client_address: Any) -> None:
        """Serve a connection on a thread of its own, or close it at once."""
        address = str(client_address[0])
        if STRANGERS.is_over:
            time.sleep(PAUSE_SECONDS)
        if (reason := self.visitors.enter(request, address)) is not None:
            self.metrics.refused(reason)
            self.shutdown_request(request)
            return
        try:
            super().process_request(request, client_address)
        except BaseException:
            self.visitors.leave(request, address)
            raise

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        """On the thread of the connection."""
        try:
            with contextlib.suppress(ConnectionError, TimeoutError):
                super().process_request_thread(request, client_address)
        finally:
            self.visitors.leave(request, str(client_address[0]))
