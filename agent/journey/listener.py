"""The ear in one namespace: one nfnetlink socket, which hears the legacy tables (through nfnetlink_log) and nftables in the order in
which they speak.

Sessions share it, each with a table of its own: only one socket of a namespace can have the log of the legacy tables. What it sets is the
sysctl `net.netfilter.nf_log`, which is put back at the end; the rest goes with the socket.
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

OnTraceLine = Callable[[decode.Line], None]


class Listener:
    """Made on a thread that is in the namespace. `add` and `remove` a table; `read` tells what came. Not for threads."""

    def __init__(self) -> None:
        self.notes: list[str] = []
        self.lost = 0
        self._before: list[tuple[int, str]] = []
        self._hearers: dict[str, tuple[OnTraceLine, nft.Table | None]] = {}
        self._early: list[tuple[int, bytes]] = []
        self._sequence = 0
        self.numbers = _rule_numbers()
        self.devices = dict(socket.if_nameindex())
        self.socket = _nfnetlink()
        try:
            self.socket.setsockopt(SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, _GROUP_TRACE)
            self._take_logs()
        except BaseException:
            self.socket.close()
            raise

    def _take_logs(self) -> None:
        """Make the legacy tables log to this socket. Somebody else may have the log already: then only nftables is heard."""
        try:
            for family in (socket.AF_INET, socket.AF_INET6):
                with contextlib.suppress(FileNotFoundError):
                    self._before.append((family, read_logger(family)))
                    write_logger(family, "nfnetlink_log")
            self._request(_bind())
        except OSError as e:
            self.notes.append(
                f"the trace of the legacy tables cannot be heard: {e.strerror} (does another program listen to NFLOG group 0?)"
            )

    def restore(self) -> None:
        """Put the loggers back as they were. On a thread that is in the namespace."""
        for family, name in self._before:
            with contextlib.suppress(OSError):
                write_logger(family, name)

    def add(self, table: nft.Table, matches: Sequence[nft.Match], hear: OnTraceLine) -> None:
        """A table, and who hears what is traced; no table where there is nothing to match. Raises OSError."""
        name = table.name
        self._hearers[name] = hear, table if matches else None
        if not matches:
            return
        try:
            self._request(nft.table(table, matches))
        except OSError:
            del self._hearers[name]
            raise

    def remove(self, name: str) -> None:
        """Take the table away; the last goes with the socket."""
        _, table = self._hearers.pop(name, (None, None))
        if table is not None and self._hearers:
            self._request(nft.no_table(table))

    @property
    def idle(self) -> bool:
        """Whether no session is left."""
        return not self._hearers

    def _request(self, batch: Batch) -> None:
        """Send it, wait for the acknowledgement; raises the refusal as OSError. What is heard meanwhile is kept."""
        for start, _ in batch.messages():
            self._sequence += 1
            struct.pack_into("=I", batch.buffer, start + 8, self._sequence)
        self.socket.settimeout(10)
        self.socket.send(batch.buffer)
        try:
            while True:
                for kind, flags, _, body in split(self.socket.recv(RECEIVE)):
                    if kind != NLMSG_ERROR:
                        self._early.append((kind, body))
                    elif (said := refusal(flags, body)) is not None:
                        raise OSError(said.errno, said.words)
                    else:
                        return
        finally:
            self.socket.setblocking(False)

    def read(self) -> None:
        """Tell the sessions all that has come."""
        early, self._early = self._early, []
        for kind, body in early:
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
            for hear, _ in list(self._hearers.values()):
                hear(line)


def _nfnetlink() -> socket.socket:
    sock = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_CLOEXEC, _NETLINK_NETFILTER)
    grow(sock, _BUFFER)
    sock.bind((0, 0))
    return sock


def read_logger(family: int) -> str:
    """Which logger the calling thread's namespace has for an address family (net.netfilter.nf_log.N)."""
    with open(_NF_LOG.format(family)) as file:
        return file.read().strip()


def write_logger(family: int, name: str) -> None:
    fd = os.open(_NF_LOG.format(family), os.O_WRONLY | os.O_CLOEXEC)
    try:
        os.write(fd, name.encode())
    finally:
        os.close(fd)


def _bind() -> Batch:
    """Group 0, packets cut at what is wanted, each message at once."""
    batch = Batch()
    batch.begin(_ULOG << 8 | _LOG_CONFIG, NLM_F_ACK, nft.header(socket.AF_UNSPEC, 0))
    batch.put(_CONFIG_COMMAND, bytes([_BIND]))
    batch.put(_CONFIG_MODE, struct.pack(">IBx", _COPIED, _COPY_PACKET))
    batch.put(_CONFIG_THRESHOLD, struct.pack(">I", 1))
    batch.end()
    return batch


def _rule_numbers() -> dict[tuple[str, str, int], int]:
    """Table, chain and handle of each nftables rule of IPv4 and IPv6 (or both) → its number in the chain, from 1."""
    numbers: dict[tuple[str, str, int], int] = {}
    counts: dict[tuple[int, str, str], int] = {}
    with _nfnetlink() as sock:
        for family, table, chain, handle in _rules(sock):
            count = counts[family, table, chain] = counts.get((family, table, chain), 0) + 1
            numbers[table, chain, handle] = count
    return numbers


def _rules(sock: socket.socket) -> Iterator[tuple[int, str, str, int]]:
    sock.settimeout(10)
    sock.send(NLMSGHDR.pack(20, nft.SUBSYSTEM << 8 | nft.GETRULE, NLM_F_REQUEST | NLM_F_DUMP, 1, 0) + nft.header(socket.AF_UNSPEC))
    while True:
        for kind, _, _, body in split(sock.recv(RECEIVE)):
            if kind in (NLMSG_DONE, NLMSG_ERROR):
                return
            yield decode.rule(body)
