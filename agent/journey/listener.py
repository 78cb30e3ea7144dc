"""One nfnetlink socket in one namespace, on which the legacy tables (through nfnetlink_log) and nftables report traced packets, in the
order in which they meet them.

Sessions share it, each with a table of its own: only one socket of a namespace can receive the log of the legacy tables. The sysctl
`net.netfilter.nf_log` is set, and put back at the end; everything else goes with the socket.
"""

import contextlib
import errno
import os
import socket
import struct
from collections.abc import Callable, Iterator, Sequence

from agent.journey import decode, nft
from agent.netlink.wire import (
    NETLINK_ADD_MEMBERSHIP,
    NLM_F_ACK,
    NLM_F_DUMP,
    NLM_F_REQUEST,
    NLMSG_DONE,
    NLMSG_ERROR,
    NLMSGHDR,
    RECEIVE,
    SOL_NETLINK,
    Batch,
    grow,
    refusal,
    split,
)

_NETLINK_NETFILTER = 12
_GROUP_TRACE = 9
"""NFNLGRP_NFTRACE of linux/netfilter/nfnetlink.h."""
_ULOG, _LOG_PACKET, _LOG_CONFIG = 4, 0, 1
_CONFIG_COMMAND, _CONFIG_MODE, _CONFIG_THRESHOLD, _BIND, _COPY_PACKET = 1, 2, 5, 1, 2
_COPIED = 192
"""Bytes of a packet that are wanted: headers, and those of the packet in an ICMP error."""
_NF_LOG = "/proc/sys/net/netfilter/nf_log/{}"
_BUFFER = 1 << 21

_BELOW_IP = {3: "arp", 5: "netdev", 7: "bridge"}
"""Families of nftables (NFPROTO_ARP, NFPROTO_NETDEV, NFPROTO_BRIDGE)."""

OnTraceLine = Callable[[decode.Line], None]
"""Called with each line of a trace that the kernel reports in the namespace."""


class Listener:
    """Made on a thread that is in the namespace. `read` passes what came to every table's function. Not for several threads. `notes`: what
    cannot be traced, for people; `foreign`: tables below IP that have rules; `lost`: how often the kernel dropped lines."""

    def __init__(self) -> None:
        self.notes: list[str] = []
        self.lost = 0
        self._before: list[tuple[int, str]] = []
        self._tables: dict[str, tuple[OnTraceLine, nft.Table | None]] = {}
        self._unread: list[tuple[int, bytes]] = []
        self._sequence = 0
        self.numbers, self.foreign = _rule_numbers()
        self.devices = dict(socket.if_nameindex())
        self.socket = _nfnetlink()
        try:
            self.socket.setsockopt(SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, _GROUP_TRACE)
            self._take_logs()
        except BaseException:
            self.socket.close()
            raise

    def _take_logs(self) -> None:
        """Make the legacy tables log to this socket. Where another program has the log already, only nftables is traced."""
        try:
            for family in (socket.AF_INET, socket.AF_INET6):
                with contextlib.suppress(FileNotFoundError):
                    self._before.append((family, read_logger(family)))
                    write_logger(family, "nfnetlink_log")
            self._request(_bind())
        except OSError as e:
            self.notes.append(
                f"the trace of the legacy tables cannot be read: {e.strerror} (does another program listen to NFLOG group 0?)"
            )

    def restore(self) -> None:
        """Put the loggers back as they were. On a thread that is in the namespace."""
        for family, name in self._before:
            with contextlib.suppress(OSError):
                write_logger(family, name)

    def add(self, table: nft.Table, matches: Sequence[nft.Match], on_line: OnTraceLine) -> None:
        """Make a table, and pass lines to `on_line`; no table is made where there are no matches. Raises OSError."""
        name = table.name
        self._tables[name] = on_line, table if matches else None
        if not matches:
            return
        try:
            self._request(nft.make_table(table, matches))
        except OSError:
            del self._tables[name]
            raise

    def remove(self, name: str) -> None:
        """Delete the table. The last one is deleted with the socket."""
        _, table = self._tables.pop(name, (None, None))
        if table is not None and self._tables:
            self._request(nft.delete_table(table))

    @property
    def sessions(self) -> int:
        """How many there are."""
        return len(self._tables)

    def _request(self, batch: Batch) -> None:
        """Send it and wait for the acknowledgement; raises the refusal as OSError. Lines that come meanwhile are kept for `read`."""
        for start, _ in batch.messages():
            self._sequence += 1
            struct.pack_into("=I", batch.buffer, start + 8, self._sequence)
        self.socket.settimeout(10)
        self.socket.send(batch.buffer)
        try:
            while True:
                for kind, flags, _, body in split(self.socket.recv(RECEIVE)):
                    if kind != NLMSG_ERROR:
                        self._unread.append((kind, body))
                    elif (refused := refusal(flags, body)) is not None:
                        raise OSError(refused.errno, refused.message)
                    else:
                        return
        finally:
            self.socket.setblocking(False)

    def read(self) -> None:
        """Pass on all lines that have come."""
        unread, self._unread = self._unread, []
        for kind, body in unread:
            self._dispatch(kind, body)
        while True:
            try:
                data = self.socket.recv(RECEIVE)
            except BlockingIOError:
                return
            except OSError as e:
                if e.errno != errno.ENOBUFS:
                    raise
                self.lost += 1
                continue
            for kind, _, _, body in split(data):
                self._dispatch(kind, body)

    def _dispatch(self, kind: int, body: bytes) -> None:
        line = None
        if kind == _ULOG << 8 | _LOG_PACKET:
            line = decode.logged(body)
        elif kind == nft.SUBSYSTEM << 8 | nft.TRACE:
            line = decode.traced(body)
        if line is not None:
            for on_line, _ in list(self._tables.values()):
                on_line(line)


def _nfnetlink() -> socket.socket:
    sock = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_CLOEXEC, _NETLINK_NETFILTER)
    grow(sock, _BUFFER)
    sock.bind((0, 0))
    return sock


def read_logger(family: int) -> str:
    """The logger of the calling thread's namespace for an address family (net.netfilter.nf_log.N). Raises OSError."""
    with open(_NF_LOG.format(family)) as file:
        return file.read().strip()


def write_logger(family: int, name: str) -> None:
    """Set the logger of the calling thread's namespace for an address family. Raises OSError."""
    fd = os.open(_NF_LOG.format(family), os.O_WRONLY | os.O_CLOEXEC)
    try:
        os.write(fd, name.encode())
    finally:
        os.close(fd)


def _bind() -> Batch:
    """The request for the log of group 0: packets cut at `_COPIED` bytes, each message sent at once."""
    batch = Batch()
    batch.begin(_ULOG << 8 | _LOG_CONFIG, NLM_F_ACK, nft.header(socket.AF_UNSPEC, 0))
    batch.put(_CONFIG_COMMAND, bytes([_BIND]))
    batch.put(_CONFIG_MODE, struct.pack(">IBx", _COPIED, _COPY_PACKET))
    batch.put(_CONFIG_THRESHOLD, struct.pack(">I", 1))
    batch.end()
    return batch


def _rule_numbers() -> tuple[dict[tuple[str, str, int], int], tuple[str, ...]]:
    """Table, chain and handle of each nftables rule of IPv4 and IPv6 (or both) → its number in the chain, from 1. And the tables below IP
    that have rules: `bridge filter`."""
    numbers: dict[tuple[str, str, int], int] = {}
    counts: dict[tuple[int, str, str], int] = {}
    foreign: dict[str, None] = {}
    with _nfnetlink() as sock:
        for family, table, chain, handle in _rules(sock):
            if family in _BELOW_IP:
                foreign[f"{_BELOW_IP[family]} {table}"] = None
                continue
            count = counts[family, table, chain] = counts.get((family, table, chain), 0) + 1
            numbers[table, chain, handle] = count
    return numbers, tuple(foreign)


def _rules(sock: socket.socket) -> Iterator[tuple[int, str, str, int]]:
    sock.settimeout(10)
    sock.send(NLMSGHDR.pack(20, nft.SUBSYSTEM << 8 | nft.GETRULE, NLM_F_REQUEST | NLM_F_DUMP, 1, 0) + nft.header(socket.AF_UNSPEC))
    while True:
        for kind, _, _, body in split(sock.recv(RECEIVE)):
            if kind in (NLMSG_DONE, NLMSG_ERROR):
                return
            yield decode.rule(body)
