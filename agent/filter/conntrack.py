"""The connection tracking table of a namespace (linux/netfilter/nfnetlink_conntrack.h), while somebody asks for it.

The kernel's events say when to read; what is reported is the table itself, with its timeouts and counters. Each namespace has a socket of
its own: the kernel only makes events in a namespace in which there is a listener (net->ct.ctnetlink_has_listener).
"""

import asyncio
import ipaddress
import socket
import time
from collections.abc import Callable, Iterable
from pathlib import Path

from agent.filter.nfnetlink import Socket, listener
from agent.netlink.namespaces import Namespaces, Netns
from agent.netlink.wire import as_u8, attributes
from topology.model.netfilter import Family
from topology.observe.facts import AnyFact, Connection, ConntrackFact, ConntrackGone, Tuple

SUBSYSTEM = 1
_GET = 1
_NFNLGRP_NEW, _NFNLGRP_UPDATE, _NFNLGRP_DESTROY = 1, 2, 3
_ORIG, _REPLY, _STATUS, _PROTOINFO, _TIMEOUT, _MARK, _COUNT_ORIG, _COUNT_REPLY, _ID, _ZONE = 1, 2, 3, 4, 7, 8, 9, 10, 12, 18
_AF_INET6 = 10
MOST = 2000
"""Connections of one namespace that are reported at most."""
_FIRST_READ_SECONDS, _NEXT_READ_SECONDS = 0.05, 0.2
"""After an event, until the table is read; after that, until an event has it read again."""

_STATUS_WORDS = {1: "seen-reply", 2: "assured", 3: "confirmed", 4: "snat", 5: "dnat", 9: "dying", 14: "offload"}
"""IPS_*_BIT of linux/netfilter/nf_conntrack_common.h."""
_TCP = (
    "NONE", "SYN_SENT", "SYN_RECV", "ESTABLISHED", "FIN_WAIT", "CLOSE_WAIT", "LAST_ACK", "TIME_WAIT", "CLOSE", "SYN_SENT2",
)  # fmt: skip
_SCTP = (
    "NONE", "CLOSED", "COOKIE_WAIT", "COOKIE_ECHOED", "ESTABLISHED", "SHUTDOWN_SENT", "SHUTDOWN_RECD", "SHUTDOWN_ACK_SENT",
    "HEARTBEAT_SENT", "HEARTBEAT_ACKED",
)  # fmt: skip
_DCCP = ("NONE", "REQUEST", "RESPOND", "PARTOPEN", "OPEN", "CLOSEREQ", "CLOSING", "TIMEWAIT", "IGNORE", "INVALID")
_STATES = {1: _TCP, 2: _DCCP, 3: _SCTP}
"""CTA_PROTOINFO_* → the states of the protocol, by number."""
_PROTOCOLS = {1: "icmp", 6: "tcp", 17: "udp", 33: "dccp", 47: "gre", 58: "ipv6-icmp", 132: "sctp", 136: "udplite"}


def read() -> tuple[list[Connection], int]:
    """The connections of the namespace that this thread is in, at most `MOST`, and how many there are."""
    with Socket() as sock:
        rows = [connection(body) for body in sock.dump(SUBSYSTEM, _GET, limit=MOST)]
    return rows[:MOST], max(len(rows), _count()) if len(rows) >= MOST else len(rows)


def _count() -> int:
    """How many connections the kernel has in this namespace; 0 where it does not say."""
    try:
        return int(Path("/proc/sys/net/netfilter/nf_conntrack_count").read_text())
    except (OSError, ValueError):
        return 0


def _number(data: bytes) -> int:
    """A number in network byte order."""
    return int.from_bytes(data, "big")


def connection(body: bytes) -> Connection:
    """One entry, from its `nfgenmsg` on."""
    attrs = attributes(body, 4)
    protocol, original = _tuple(attrs[_ORIG])
    _, reply = _tuple(attrs[_REPLY])
    status = _number(attrs.get(_STATUS, b"\0"))
    family: Family = "ipv6" if body[0] == _AF_INET6 else "ipv4"
    sent, answered = _counters(attrs.get(_COUNT_ORIG)), _counters(attrs.get(_COUNT_REPLY))
    return Connection(
        id=_number(attrs.get(_ID, b"\0")), family=family, protocol=_PROTOCOLS.get(protocol, str(protocol)), original=original,
        reply=reply, state=_state(attrs.get(_PROTOINFO)), timeout=_number(attrs.get(_TIMEOUT, b"\0")),
        mark=_number(attrs.get(_MARK, b"\0")), zone=_number(attrs.get(_ZONE, b"\0")),
        flags=tuple(word for bit, word in _STATUS_WORDS.items() if status >> bit & 1),
        packets=(sent[0], answered[0]) if sent and answered else None, bytes=(sent[1], answered[1]) if sent and answered else None,
    )  # fmt: skip


def _tuple(data: bytes) -> tuple[int, Tuple]:
    """The protocol's number, and the addresses and ports (or ICMP type, code and id) of one direction."""
    parts = attributes(data)
    addresses, proto = attributes(parts[1]), attributes(parts[2])
    source = addresses.get(1) or addresses.get(3, bytes(4))
    destination = addresses.get(2) or addresses.get(4, bytes(4))
    number = as_u8(proto[1])
    if number in (1, 58):
        identity, kind, code = (4, 5, 6) if number == 1 else (7, 8, 9)
        names = {"icmp_id": identity, "icmp_type": kind, "icmp_code": code}
    else:
        names = {"source_port": 2, "destination_port": 3}
    values = {name: _number(proto[at]) for name, at in names.items() if at in proto}
    return number, Tuple(source=str(ipaddress.ip_address(source)), destination=str(ipaddress.ip_address(destination)), **values)


def _state(data: bytes | None) -> str:
    """The protocol's state (CTA_PROTOINFO), empty for one that has none."""
    if data is None:
        return ""
    for kind, inner in attributes(data).items():
        number = attributes(inner).get(1, b"\0")[0]
        states = _STATES.get(kind, ())
        return states[number] if number < len(states) else str(number)
    return ""


def _counters(data: bytes | None) -> tuple[int, int] | None:
    """Packets and bytes; None where the kernel does not count."""
    if data is None:
        return None
    found = attributes(data)
    return _number(found.get(1, b"\0")), _number(found.get(2, b"\0"))


class ConntrackWatch:
    """Reports the connections of the namespaces that were subscribed to: at once, after events, and with each `refresh`."""

    def __init__(self, namespaces: Namespaces, sink: Callable[[list[AnyFact]], None]) -> None:
        self._namespaces, self._sink = namespaces, sink
        self._listeners: dict[str, tuple[Netns, socket.socket]] = {}
        self._reported: dict[str, ConntrackFact] = {}
        self._waiting: dict[str, asyncio.TimerHandle] = {}

    def subscribe(self, names: Iterable[str]) -> None:
        """Report these namespaces from now on, and no others."""
        wanted = list(names)
        dropped = [name for name in self._listeners if name not in wanted]
        reported = [name for name in dropped if name in self._reported and name in self._namespaces]
        for name in dropped:
            self._close(name)
        if reported:
            self._sink([ConntrackGone(ns=name) for name in reported])
        for name in wanted:
            place = self._namespaces.get(name)
            if name not in self._listeners and place is not None:
                self._open(name, place)
        self.refresh()

    def refresh(self) -> None:
        """Read them all, and report those that changed."""
        for name in list(self._listeners):
            self._report(name)

    def _open(self, name: str, place: Netns) -> None:
        groups = (_NFNLGRP_NEW, _NFNLGRP_UPDATE, _NFNLGRP_DESTROY)
        try:
            sock = self._namespaces.visit(place, lambda: listener(groups))
        except OSError:
            return  # a kernel without connection tracking
        self._listeners[name] = place, sock
        asyncio.get_running_loop().add_reader(sock.fileno(), self._event, name)

    def _close(self, name: str) -> None:
        _, sock = self._listeners.pop(name)
        self._reported.pop(name, None)
        asyncio.get_running_loop().remove_reader(sock.fileno())
        sock.close()
        if (waiting := self._waiting.pop(name, None)) is not None:
            waiting.cancel()

    def _event(self, name: str) -> None:
        """Something changed: have the table read in a moment. The events themselves are dropped."""
        _, sock = self._listeners[name]
        while True:
            try:
                sock.recv(65536)
            except BlockingIOError:
                break
            except OSError:
                continue  # events were lost (ENOBUFS): the table has them
        if name not in self._waiting:
            self._waiting[name] = asyncio.get_running_loop().call_later(_FIRST_READ_SECONDS, self._after_event, name)

    def _after_event(self, name: str) -> None:
        self._waiting.pop(name, None)
        if name in self._listeners:
            self._report(name)
            self._waiting[name] = asyncio.get_running_loop().call_later(_NEXT_READ_SECONDS, self._waiting.pop, name, None)

    def _report(self, name: str) -> None:
        place = self._namespaces.get(name)
        if place is not self._listeners[name][0]:  # it is gone; and the socket would keep it, were another one of its name looked at
            self._close(name)
            if place is not None:
                self._open(name, place)
            if place is None or name not in self._listeners:
                return
        try:
            rows, count = self._namespaces.visit(place, read)
        except OSError:
            return
        before = self._reported.get(name)
        if before is not None and before.rows == tuple(rows) and before.count == count:
            return
        fact = ConntrackFact(ns=name, at=time.monotonic(), rows=tuple(rows), count=count)
        self._reported[name] = fact
        self._sink([fact])
