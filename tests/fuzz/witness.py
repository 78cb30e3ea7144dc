"""The truth about a packet, from what shares no code with the product: sockets, captures, the kernel's counters, and those of the rules."""

import contextlib
import errno
import ipaddress
import itertools
import json
import os
import re
import select
import socket
import struct
import subprocess
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple, TypeVar

from tests.fuzz.case import ECHO, SILENT, WEB, Sent

_T = TypeVar("_T")
_CLONE_NEWNET = 0x40000000
_ANSWER = 0.35
"""Seconds to wait for an answer: none of these labs takes longer."""


def inside(ns: str, work: Callable[[], _T]) -> _T:
    """Called on a thread that is in the namespace."""
    if ns == "host":
        return work()
    out: list[_T] = []
    failed: list[BaseException] = []

    def run() -> None:
        import ctypes

        libc = ctypes.CDLL(None, use_errno=True)
        with open(f"/run/netns/{ns}") as file:
            if libc.setns(file.fileno(), _CLONE_NEWNET) != 0:
                failed.append(OSError(ctypes.get_errno(), f"setns {ns}"))
                return
        try:
            out.append(work())
        except BaseException as e:
            failed.append(e)

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    if failed:
        raise failed[0]
    return out[0]


def sh(ns: str, line: str) -> str:
    prefix = [] if ns == "host" else ["nsenter", f"--net=/run/netns/{ns}"]
    return subprocess.run([*prefix, "sh", "-c", line], capture_output=True, text=True, check=False).stdout


class Frame(NamedTuple):
    """A frame that carries a nonce, at a device."""

    ns: str
    dev: str
    out: bool
    data: bytes


class RuleKey(NamedTuple):
    """A rule by its number from 1; 0: the policy."""

    ns: str
    family: str
    table: str
    chain: str
    number: int
    text: str


class Truth(NamedTuple):
    """What the witnesses say. `arrived`: namespaces whose sockets or protocols got it. `answered`: the sender had its answer; None: nobody
    can say. `errno`: what a socket of the judge's was told for the same packet. `rules`: those that have counted meanwhile;
    `earlier`: since the lab was built (a neighbour may have been asked for an earlier packet). `counters`: (namespace, name) → by how much
    it grew. `frames`: in order."""

    arrived: frozenset[str]
    answered: bool | None
    errno: int
    by: str
    rules: frozenset[RuleKey]
    counters: dict[tuple[str, str], int]
    frames: tuple[Frame, ...]
    refused: bool = False
    other: str = ""
    earlier: frozenset[RuleKey] = frozenset()


# ---- counters ------------------------------------------------------------------------------------------------------------


def _snmp(text: str) -> dict[str, int]:
    """/proc/net/snmp and /proc/net/netstat: pairs of lines; snmp6: a line each."""
    out: dict[str, int] = {}
    lines = text.splitlines()
    for one, other in itertools.pairwise(lines):
        head, _, names = one.partition(": ")
        again, _, values = other.partition(": ")
        if head == again and re.fullmatch(r"[-\d ]+", values) and not re.fullmatch(r"[-\d ]+", names):
            out.update((f"{head}.{n}", int(v)) for n, v in zip(names.split(), values.split(), strict=False))
    for line in lines:
        words = line.split()
        if len(words) == 2 and words[1].isdigit() and not words[0].endswith(":"):
            out[words[0]] = int(words[1])
    return out


_FILES = ("snmp", "netstat", "snmp6")


class Counters:
    """The kernel's, of all namespaces. The files are opened once inside each."""

    def __init__(self, spaces: Iterable[str]) -> None:
        self._files = {ns: inside(ns, lambda: [os.open(f"/proc/thread-self/net/{f}", os.O_RDONLY) for f in _FILES])
                       for ns in spaces}  # fmt: skip

    def read(self) -> dict[tuple[str, str], int]:
        out: dict[tuple[str, str], int] = {}
        for ns, files in self._files.items():
            for file in files:
                text = os.pread(file, 1 << 16, 0).decode()
                out.update(((ns, name), value) for name, value in _snmp(text).items())
        return out


_COUNTED = re.compile(r"\[(\d+):\d+\] -A (\S+) ?(.*)")
_POLICY = re.compile(r":(\S+) (\S+) \[(\d+):\d+\]")


class RuleCounters:
    """Those of the rules, where there are any."""

    def __init__(self, spaces: Iterable[str], driver: str) -> None:
        self._places = [(ns, family, f"{command}-{driver}-save -c") for ns in spaces
                        for family, command in (("ipv4", "iptables"), ("ipv6", "ip6tables"))]  # fmt: skip
        self._places = [place for place in self._places if "*" in sh(place[0], place[2])]

    def read(self) -> dict[RuleKey, int]:
        out: dict[RuleKey, int] = {}
        for ns, family, command in self._places:
            table, count = "", dict[str, int]()
            for line in sh(ns, command).splitlines():
                if line.startswith("*"):
                    table, count = line[1:], dict[str, int]()
                elif found := _COUNTED.match(line):
                    count[found[2]] = number = count.get(found[2], 0) + 1
                    out[RuleKey(ns, family, table, found[2], number, found[3])] = int(found[1])
                elif (found := _POLICY.match(line)) and found[2] != "-":
                    out[RuleKey(ns, family, table, found[1], 0, found[2])] = int(found[3])
        return out


# ---- captures ------------------------------------------------------------------------------------------------------------


class Captures:
    """A packet socket in each namespace that sees both directions."""

    def __init__(self, spaces: Iterable[str]) -> None:
        self._sockets = {ns: inside(ns, self._open) for ns in spaces}

    def _open(self) -> socket.socket:
        sock = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 21)
        sock.setblocking(False)
        return sock

    def read(self) -> list[Frame]:
        out = []
        for ns, sock in self._sockets.items():
            while True:
                try:
                    data, address = sock.recvfrom(65535)
                except (BlockingIOError, OSError):
                    break
                out.append(Frame(ns, address[0], address[2] == 4, data))
        return out


# ---- sockets -------------------------------------------------------------------------------------------------------------


class Servers:
    """In each namespace: TCP at `WEB`, UDP at `ECHO` that answers and at `SILENT` that does not."""

    def __init__(self, spaces: Iterable[str]) -> None:
        self._kept: list[socket.socket] = []
        self._datagrams: dict[int, tuple[socket.socket, bool]] = {}
        self._poll = select.epoll()
        for ns in spaces:
            inside(ns, self._serve)
        threading.Thread(target=self._run, daemon=True).start()

    def _serve(self) -> None:
        for family in (socket.AF_INET, socket.AF_INET6):
            web = socket.socket(family, socket.SOCK_STREAM)
            self._bind(web, family, WEB)
            web.listen(64)
            self._kept.append(web)
            for port in (ECHO, SILENT):
                sock = socket.socket(family, socket.SOCK_DGRAM)
                self._bind(sock, family, port)
                self._datagrams[sock.fileno()] = (sock, port == ECHO)
                self._poll.register(sock.fileno(), select.EPOLLIN)

    def _bind(self, sock: socket.socket, family: int, port: int) -> None:
        if family == socket.AF_INET6:
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        sock.bind(("", port))

    def _run(self) -> None:
        while True:
            for fd, _ in self._poll.poll():
                sock, answers = self._datagrams[fd]
                try:
                    data, sender = sock.recvfrom(65535)
                    if answers and sender[1] not in (ECHO, SILENT):
                        sock.sendto(data, sender)
                except OSError:
                    pass


class Answer(NamedTuple):
    """What a socket was told: `answered`, an error (`errno`, and who sent it), or nothing."""

    answered: bool
    errno: int = 0
    by: str = ""
    at_once: bool = False


class Judge:
    """Sends the same packet with a socket of its own, made by a thread in the namespace."""

    def __init__(self, sent: Sent) -> None:
        self.sent = sent
        self.nonce = os.urandom(16)
        self.family = socket.AF_INET6 if sent.ipv6 else socket.AF_INET

    def ask(self) -> Answer:
        try:
            with self._open() as sock:
                try:
                    self._send(sock)
                except BlockingIOError:
                    pass
                except OSError as e:
                    return Answer(False, e.errno or 0, at_once=True)
                return self._wait(sock)
        except OSError as e:
            return Answer(False, e.errno or 0, at_once=True)

    def _open(self) -> socket.socket:
        sent = self.sent
        kind = {"tcp": socket.SOCK_STREAM, "udp": socket.SOCK_DGRAM}.get(sent.protocol, socket.SOCK_RAW)
        proto = (58 if sent.ipv6 else 1) if sent.protocol == "icmp" else 0
        sock = socket.socket(self.family, kind, proto)
        sock.setblocking(False)
        if sent.mark:
            sock.setsockopt(socket.SOL_SOCKET, 36, sent.mark)
        if sent.dev:
            sock.setsockopt(socket.SOL_SOCKET, 25, sent.dev.encode() + b"\0")
        level = socket.IPPROTO_IPV6 if sent.ipv6 else socket.IPPROTO_IP
        sock.setsockopt(level, 25 if sent.ipv6 else 11, 1)  # IPV6_RECVERR, IP_RECVERR
        sock.setsockopt(level, 23 if sent.ipv6 else 10, 2 if sent.dont_fragment else 0)  # MTU_DISCOVER
        if sent.ipv6 and sent.dont_fragment:
            sock.setsockopt(level, 62, 1)
        if sent.ttl is not None:
            sock.setsockopt(level, socket.IPV6_UNICAST_HOPS if sent.ipv6 else socket.IP_TTL, sent.ttl)
        if sent.tos:
            sock.setsockopt(level, socket.IPV6_TCLASS if sent.ipv6 else socket.IP_TOS, sent.tos)
        if sent.source_port or sent.source_address:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            sock.bind((sent.source_address, sent.source_port if sent.protocol != "icmp" else 0))
        return sock

    def _send(self, sock: socket.socket) -> None:
        sent, payload = self.sent, (self.nonce + bytes(max(0, self.sent.size - 16)))[: max(8, self.sent.size)]
        if sent.protocol == "icmp":
            head = struct.pack(">BBHHH", 128 if sent.ipv6 else 8, 0, 0, int.from_bytes(self.nonce[:2], "big"), 1)
            if not sent.ipv6:
                data = head + payload + bytes(len(payload) & 1)
                total = sum(struct.unpack(f">{len(data) // 2}H", data))
                total = (total & 0xFFFF) + (total >> 16)
                head = head[:2] + struct.pack(">H", ~(total + (total >> 16)) & 0xFFFF) + head[4:]
            sock.sendto(head + payload, (sent.address, 0))
            return
        sock.connect((sent.address, sent.port))
        if sent.protocol == "udp":
            sock.send(payload)

    def _wait(self, sock: socket.socket) -> Answer:
        end = time.monotonic() + _ANSWER
        poll = select.poll()
        poll.register(sock, select.POLLIN | select.POLLERR | (select.POLLOUT if self.sent.protocol == "tcp" else 0))
        while (left := end - time.monotonic()) > 0:
            if poll.poll(left * 1000) and (found := self._read(sock)) is not None:
                return found
        return Answer(False)

    def _read(self, sock: socket.socket) -> Answer | None:
        with contextlib.suppress(BlockingIOError, OSError):
            _, ancillary, _, _ = sock.recvmsg(512, 512, socket.MSG_ERRQUEUE)
            for _, _, value in ancillary:
                number, origin = struct.unpack_from("=IB", value)
                return Answer(False, number, self._offender(value[16:]) if origin in (2, 3) else "")
        number = sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        if number and number != errno.EINPROGRESS:
            return Answer(False, number)
        if self.sent.protocol == "tcp":
            try:
                sock.getpeername()
            except OSError:
                return None
            return Answer(True)
        try:
            data = sock.recv(65535)
        except BlockingIOError:
            return None
        except OSError as e:
            return Answer(False, e.errno or 0)
        return Answer(True) if self._is_answer(data) else None

    def _is_answer(self, data: bytes) -> bool:
        if self.sent.protocol == "udp":
            return self.nonce[:8] in data
        if self.sent.ipv6:
            return data[:1] == b"\x81" and self.nonce[:8] in data
        return data[(data[0] & 15) * 4 :][:1] == b"\0" and self.nonce[:8] in data

    def _offender(self, address: bytes) -> str:
        family = struct.unpack_from("=H", address)[0] if len(address) >= 8 else 0
        if family == socket.AF_INET:
            return socket.inet_ntoa(address[4:8])
        return socket.inet_ntop(socket.AF_INET6, address[8:24]) if family == socket.AF_INET6 else ""


class Delivered(NamedTuple):
    """A packet that a namespace accepted for itself: its transport header and what follows."""

    ns: str
    protocol: str
    data: bytes


class Accepted:
    """Raw sockets in each namespace (raw(7)): they get a copy of each packet that has passed INPUT, before its protocol sees it."""

    def __init__(self, spaces: Iterable[str]) -> None:
        self._sockets = [(ns, *one) for ns in spaces for one in inside(ns, self._open)]

    def _open(self) -> list[tuple[str, bool, socket.socket]]:
        out = []
        for family, numbers in ((socket.AF_INET, (1, 6, 17)), (socket.AF_INET6, (58, 6, 17))):
            for number in numbers:
                sock = socket.socket(family, socket.SOCK_RAW, number)
                sock.setblocking(False)
                out.append(({6: "tcp", 17: "udp"}.get(number, "icmp"), family == socket.AF_INET, sock))
        return out

    def read(self) -> list[Delivered]:
        out = []
        for ns, protocol, v4, sock in self._sockets:
            while True:
                try:
                    data = sock.recv(65535)
                except (BlockingIOError, OSError):
                    break
                out.append(Delivered(ns, protocol, data[(data[0] & 15) * 4 :] if v4 else data))
        return out


class Witnesses:
    """All of them, in all namespaces of a lab."""

    def __init__(self, driver: str) -> None:
        self.spaces = ["host", *sorted(os.listdir("/run/netns"))] if os.path.isdir("/run/netns") else ["host"]
        self.servers = Servers(self.spaces)
        self.captures, self.accepted = Captures(self.spaces), Accepted(self.spaces)
        self._counters, self._rules = Counters(self.spaces), RuleCounters(self.spaces, driver)
        self._built = self._rules.read()
        self._before = self._counters.read(), self._built

    def start(self) -> None:
        """Just before a trace."""
        self.captures.read()
        self.accepted.read()
        self._before = self._counters.read(), self._rules.read()

    def stop(self, sent: Sent, nonce: str) -> Truth:
        """Just after it: what they saw, then the judge's own packet."""
        counters, rules = self._counters.read(), self._rules.read()
        before, ruled = self._before
        grown = {key: value - before.get(key, 0) for key, value in counters.items() if value != before.get(key, 0)}
        counted = frozenset(key for key, value in rules.items() if value > ruled.get(key, 0))
        earlier = frozenset(key for key, value in rules.items() if value > self._built.get(key, 0))
        raw = bytes.fromhex(nonce)
        token = raw[:4] if sent.protocol == "tcp" else raw
        frames = tuple(f for f in self.captures.read() if token in f.data)
        accepted = self.accepted.read()
        arrived = frozenset(d.ns for d in accepted if d.protocol == sent.protocol and _is_request(sent, d.data, raw))
        answered = any(d.ns == sent.source and d.protocol == sent.protocol and _is_answer(sent, d.data, raw) for d in accepted)
        own = inside(sent.source, Judge(sent).ask)
        if (sent.dev or sent.protocol != "icmp") and not own.answered and own.errno != errno.EADDRINUSE:
            answered = False  # a raw socket is not bound, and takes anyone's answer
        other = "" if answered == own.answered else f"the judge's own packet was {'answered' if own.answered else 'not answered'}"
        return Truth(arrived, answered, own.errno, own.by, counted, grown, frames, own.at_once, other, earlier)


def _is_request(sent: Sent, data: bytes, nonce: bytes) -> bool:
    """Whether this is the probe itself."""
    if sent.protocol == "tcp":
        return data[4:8] == nonce[:4] and bool(data[13] & 2)
    if sent.protocol == "udp":
        return data[8:16] == nonce and int.from_bytes(data[:2], "big") not in (ECHO, SILENT)
    return data[:1] in (b"\x08", b"\x80") and data[8:16] == nonce


def _is_answer(sent: Sent, data: bytes, nonce: bytes) -> bool:
    """Whether this is the answer to it: not an error."""
    if sent.protocol == "tcp":
        return int.from_bytes(data[8:12], "big") == (int.from_bytes(nonce[:4], "big") + 1) & 0xFFFFFFFF and data[13] & 0x12 == 0x12
    if sent.protocol == "udp":
        return data[8:16] == nonce and int.from_bytes(data[2:4], "big") not in (ECHO, SILENT)
    return data[:1] in (b"\0", b"\x81") and data[8:16] == nonce


class State:
    """What iproute2 says of a lab now, asked when a claim has to be checked."""

    def links(self, ns: str) -> dict[str, dict[str, object]]:
        return {link["ifname"]: link for link in json.loads(sh(ns, "ip -d -j link") or "[]") if link}

    def neighbour(self, ns: str, address: str, dev: str) -> str:
        rows = json.loads(sh(ns, f"ip -j neigh show to {address}" + (f" dev {dev}" if dev else "")) or "[]")
        return next((r["state"][0] for r in rows if r), "none")

    def without_address(self, ns: str, family: str) -> set[str]:
        """The interfaces, but for `lo`, that have no address of the family."""
        number = 6 if family == "ipv6" else 4
        having = {row["ifname"] for row in json.loads(sh(ns, f"ip -{number} -j address") or "[]") if row and row["addr_info"]}
        return set(self.links(ns)) - having - {"lo"}

    def sysctl(self, ns: str, key: str) -> str:
        return sh(ns, f"sysctl -n {key}").strip()


def is_group(address: str) -> bool:
    """Broadcast (of these labs) or multicast."""
    found = ipaddress.ip_address(address)
    return found.is_multicast or address.endswith(".255")


def frames_of(frames: Iterable[Frame]) -> Iterator[str]:
    """For people."""
    return (f"{f.ns}/{f.dev} {'out' if f.out else 'in'}" for f in frames)
