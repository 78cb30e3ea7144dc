"""The netlink of netfilter (linux/netfilter/nfnetlink.h): subsystems with messages of their own, over one kind of socket."""

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
    """One socket, in the namespace of the thread that makes it. `with` closes it."""

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
        """The body (`nfgenmsg` and attributes) of each object. Where the kernel has no such subsystem: none.

        With a `limit` the rest is not read: the socket is then good for nothing but to be closed.
        """
        self._send(subsystem, kind, NLM_F_DUMP, attrs, family)
        out: list[bytes] = []
        while limit is None or len(out) < limit:
            for answer, flags, sequence, body in split(self.socket.recv(RECEIVE)):
                if sequence != self._sequence:
                    continue
                if answer == NLMSG_DONE:
                    return out
                if answer == NLMSG_ERROR:
                    said = refusal(flags, body)
                    if said is None or said.errno in (errno.EINVAL, errno.EOPNOTSUPP, errno.ENOENT):
                        return out
                    raise OSError(said.errno, said.words)
                out.append(body)
        return out

    def ask(self, subsystem: int, kind: int, attrs: bytes = b"", family: int = 0) -> Refusal | None:
        """A request that changes something; what the kernel said against it."""
        self._send(subsystem, kind, NLM_F_ACK, attrs, family)
        while True:
            for answer, flags, sequence, body in split(self.socket.recv(RECEIVE)):
                if sequence == self._sequence and answer == NLMSG_ERROR:
                    return refusal(flags, body)


def listener(groups: Iterable[int], all_namespaces: bool = False) -> socket.socket:
    """A socket that hears these groups (NFNLGRP_*); `all_namespaces`: of all that have an nsid here. It does not block."""
    sock = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_CLOEXEC | socket.SOCK_NONBLOCK, _NETLINK_NETFILTER)
    grow(sock, 1 << 21)
    if all_namespaces:
        sock.setsockopt(SOL_NETLINK, NETLINK_LISTEN_ALL_NSID, 1)
    sock.bind((0, 0))
    for group in groups:
        sock.setsockopt(SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, group)
    return sock
