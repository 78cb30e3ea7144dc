"""NETLINK_NETFILTER sockets (linux/netfilter/nfnetlink.h), which the subsystems of netfilter share."""

import errno
import socket
import struct
from collections.abc import Iterable

from agent.netlink.wire import (
    NETLINK_ADD_MEMBERSHIP,
    NETLINK_LISTEN_ALL_NSID,
    NLM_F_ACK,
    NLM_F_DUMP,
    NLM_F_REQUEST,
    NLMSG_DONE,
    NLMSG_ERROR,
    NLMSGHDR,
    RECEIVE,
    SOL_NETLINK,
    Refusal,
    grow,
    refusal,
    split,
)

_NETLINK_NETFILTER = 12
_HEAD = struct.Struct("=BBH")
_SECONDS = 10


class Socket:
    """A socket for requests, in the network namespace of the thread that makes it. `with` closes it."""

    def __init__(self) -> None:
        self.socket = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_CLOEXEC, _NETLINK_NETFILTER)
        self.socket.bind((0, 0))
        self.socket.settimeout(_SECONDS)
        self._sequence = 0

    def __enter__(self) -> "Socket":
        return self

    def __exit__(self, *_: object) -> None:
        self.socket.close()

    def _send(self, subsystem: int, kind: int, flags: int, attrs: bytes, family: int) -> None:
        self._sequence += 1
        body = _HEAD.pack(family, 0, 0) + attrs
        self.socket.send(NLMSGHDR.pack(16 + len(body), subsystem << 8 | kind, NLM_F_REQUEST | flags, self._sequence, 0) + body)

    def dump(self, subsystem: int, kind: int, attrs: bytes = b"", family: int = 0, limit: int | None = None) -> list[bytes]:
        """The body (`nfgenmsg` and attributes) of each object; none where the kernel has no such subsystem. Raises OSError.

        With a `limit`, what comes after so many objects is not read, and the socket can only be closed then.
        """
        self._send(subsystem, kind, NLM_F_DUMP, attrs, family)
        out: list[bytes] = []
        while limit is None or len(out) < limit:
            for answer, flags, sequence, body in split(self.socket.recv(RECEIVE)):
                if sequence != self._sequence:
                    continue
                if answer == NLMSG_ERROR:
                    _raise_unless_absent(refusal(flags, body))
                if answer in (NLMSG_DONE, NLMSG_ERROR):
                    return out
                out.append(body)
        return out

    def get(self, subsystem: int, kind: int) -> bytes:
        """The body of the one object that is asked for. Raises OSError."""
        self._send(subsystem, kind, 0, b"", 0)
        while True:
            for answer, flags, sequence, body in split(self.socket.recv(RECEIVE)):
                if sequence == self._sequence and answer == NLMSG_ERROR:
                    found = refusal(flags, body)
                    raise OSError(found.errno if found is not None else errno.ENODATA, "no answer")
                if sequence == self._sequence:
                    return body

    def ask(self, subsystem: int, kind: int, attrs: bytes = b"", family: int = 0) -> Refusal | None:
        """Request a change; why the kernel refused it, None where it did not."""
        self._send(subsystem, kind, NLM_F_ACK, attrs, family)
        while True:
            for answer, flags, sequence, body in split(self.socket.recv(RECEIVE)):
                if sequence == self._sequence and answer == NLMSG_ERROR:
                    return refusal(flags, body)


def _raise_unless_absent(found: Refusal | None) -> None:
    """Raise the refusal as OSError, unless it says that the kernel has no such subsystem."""
    if found is not None and found.errno not in (errno.EINVAL, errno.EOPNOTSUPP, errno.ENOENT):
        raise OSError(found.errno, found.message)


def listener(groups: Iterable[int], all_namespaces: bool = False) -> socket.socket:
    """A socket that receives the events of these groups (NFNLGRP_*); with `all_namespaces` of every namespace that has an nsid in this one.
    It does not block."""
    sock = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_CLOEXEC | socket.SOCK_NONBLOCK, _NETLINK_NETFILTER)
    grow(sock, 1 << 21)
    if all_namespaces:
        sock.setsockopt(SOL_NETLINK, NETLINK_LISTEN_ALL_NSID, 1)
    sock.bind((0, 0))
    for group in groups:
        sock.setsockopt(SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, group)
    return sock
