"""The listening socket: so many connections at once, from everywhere and from one address, and so long for a request."""

import contextlib
import ipaddress
import resource
import threading
from collections import Counter
from typing import Any

from werkzeug.serving import ThreadedWSGIServer, WSGIRequestHandler

from server.metrics import Metrics

MOST_OF_ADDRESS = 256
"""Connections of one address: a class of thirty behind one. Of this machine, where a proxy may stand for everybody, there may be more."""

RESERVED_DESCRIPTORS = 128
"""File descriptors that connections of clients leave to the database, the labs and the log."""

REQUEST_SECONDS = 20.0
"""How long a client may send nothing while the server waits for its request, and take nothing of the answer."""


class Quiet(WSGIRequestHandler):
    """Writes no line per request. Sets TCP_NODELAY, because an edit is one small message that should not wait."""

    disable_nagle_algorithm = True
    protocol_version = "HTTP/1.0"  # else werkzeug reads on for a next request where a websocket was
    timeout = REQUEST_SECONDS

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Nothing."""


class Listener(ThreadedWSGIServer):
    """`metrics`: counts connections and those that were refused."""

    daemon_threads = True

    def __init__(self, host: str, port: int, app: Any, metrics: Metrics) -> None:
        self._metrics = metrics
        self._open: Counter[str] = Counter()
        self._lock = threading.Lock()
        super().__init__(host, port, app, Quiet)

    def process_request(self, request: Any, client_address: Any) -> None:
        """Serve a connection on a thread of its own, or close it at once."""
        address = str(client_address[0])
        if (reason := self._refusal(address)) is not None:
            self._metrics.refused(reason)
            self.shutdown_request(request)
            return
        try:
            super().process_request(request, client_address)
        except BaseException:
            self._left(address)
            raise

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        """On the thread of the connection."""
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._left(str(client_address[0]))

    def _refusal(self, address: str) -> str | None:
        """Why there may be no other connection; None: it is counted from now on."""
        with self._lock:
            if self._open.total() >= most():
                return "total"
            if self._open[address] >= MOST_OF_ADDRESS and not _is_here(address):
                return "address"
            self._open[address] += 1
            self._metrics.connections.set(self._open.total())
        return None

    def _left(self, address: str) -> None:
        with self._lock:
            self._open[address] -= 1
            if self._open[address] <= 0:
                del self._open[address]
            self._metrics.connections.set(self._open.total())


def most() -> int:
    """Connections at once: what this process may open, without the reserve."""
    return max(16, resource.getrlimit(resource.RLIMIT_NOFILE)[0] - RESERVED_DESCRIPTORS)


def _is_here(address: str) -> bool:
    with contextlib.suppress(ValueError):
        return ipaddress.ip_address(address).is_loopback
    return False
