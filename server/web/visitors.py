"""Connections: how many there are, whose they are, and whose processor time they use, from the first byte on."""

import contextlib
import ipaddress
import resource
import socket as sockets
import threading
from collections import Counter

from server.metrics import Metrics
from server.throttle import STRANGERS, Meter, Throttle

MOST_OF_ADDRESS = 256
"""Connections of one address: a class of thirty behind one. Of this machine, where a proxy may stand for everybody, there may be more."""

RESERVED_DESCRIPTORS = 128
"""File descriptors that connections of clients leave to the database, the labs and the log."""

ENDING = 32
"""Connections that were closed for newer ones and whose threads have not ended yet."""

THREADS = 5
"""Of this process for each connection that there may be: a websocket has four, one of which outlives it by the time between two pings."""

KEY = "vethboard.visitor"
"""Where the WSGI environment has the visitor."""


class Visitor:
    """One connection. Until it is admitted, it may be closed for a newer one. To be made on the thread that serves it."""

    def __init__(self, visitors: "Visitors", socket: sockets.socket, address: str) -> None:
        self._visitors, self._socket, self.address = visitors, socket, address
        self.throttle: Throttle = STRANGERS
        self._meter = Meter(STRANGERS)

    def admit(self, throttle: Throttle | None = None) -> None:
        """It has shown a token; `throttle`: whose share it uses from now on."""
        self._visitors.admitted(self._socket)
        if throttle is not None:
            self.throttle = throttle
            self._meter.move(throttle)

    def pace(self) -> None:
        """On the thread that serves it, before it reads: report what was used, and wait if that was more than a share."""
        self._meter.count()
        self.throttle.wait()

    def end(self) -> None:
        """It is served."""
        self._meter.count()


class Visitors:
    """The connections that are open."""

    def __init__(self, metrics: Metrics) -> None:
        self._metrics = metrics
        self._open: Counter[str] = Counter()
        self._strangers: dict[sockets.socket, str] = {}
        """Those that nobody has logged in on, and their addresses, the oldest first."""
        self._lock = threading.Lock()

    def enter(self, socket: sockets.socket, address: str) -> str | None:
        """Count a connection. Returns why there may be no other one: `total` or `address`; then it is not counted.

        Where there are too many, the one that has waited longest without a login is closed for it.
        """
        with self._lock:
            total, here = self._open.total(), self._open[address]
            if total >= most():
                self._close_oldest("total", None)
            elif here >= MOST_OF_ADDRESS and not _is_here(address):
                self._close_oldest("address", address)
            if total >= most() + ENDING or threading.active_count() > THREADS * most():
                return "total"
            if here >= MOST_OF_ADDRESS + ENDING and not _is_here(address):
                return "address"
            self._open[address] += 1
            self._strangers[socket] = address
            self._metrics.connections.set(self._open.total())
        return None

    def _close_oldest(self, reason: str, address: str | None) -> None:
        """With the lock held. `address` None: of any."""
        oldest = next((socket for socket, whose in self._strangers.items() if address in (None, whose)), None)
        if oldest is not None:
            del self._strangers[oldest]
            self._metrics.refused(reason)
            with contextlib.suppress(OSError):
                oldest.shutdown(sockets.SHUT_RDWR)  # its thread wakes up, and closes it

    def admitted(self, socket: sockets.socket) -> None:
        """It is closed for nobody from now on."""
        with self._lock:
            self._strangers.pop(socket, None)

    def leave(self, socket: sockets.socket, address: str) -> None:
        """It is closed."""
        with self._lock:
            self._strangers.pop(socket, None)
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
