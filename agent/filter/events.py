"""Where a packet filter may have changed: a file descriptor that says so, and which namespaces have to be looked at.

nf_tables sends an event for each change. ip_tables sends none, but every command of iptables-legacy opens and locks
/run/xtables.lock, and /run is the lab's own: when the file is closed again, the command has done its work.
"""

import ctypes
import os
import select
import socket
import struct

from agent.filter.nfnetlink import listener
from agent.netlink.namespaces import Namespaces
from agent.netlink.wire import NETLINK_LISTEN_ALL_NSID, RECEIVE, SOL_NETLINK

LOCK = "/run/xtables.lock"
_NFNLGRP_NFTABLES = 7
_IN_CLOSE_WRITE, _IN_CLOSE_NOWRITE, _IN_Q_OVERFLOW = 0x8, 0x10, 0x4000
_EVENT = struct.Struct("=iIII")
_NSID = struct.Struct("=i")
_libc = ctypes.CDLL(None, use_errno=True)


class Events:
    """`fileno` is readable when there is something to `take`."""

    def __init__(self, namespaces: Namespaces) -> None:
        self._namespaces = namespaces
        self._inotify = int(_libc.inotify_init1(os.O_NONBLOCK | os.O_CLOEXEC))
        if self._inotify < 0:
            raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()), "inotify")
        # the folder and not the file: somebody may delete it, and the next command makes another
        folder, self._name = os.path.split(LOCK)
        _libc.inotify_add_watch(self._inotify, folder.encode(), _IN_CLOSE_WRITE | _IN_CLOSE_NOWRITE)
        self._nft = namespaces.visit(namespaces.watch, _listen)
        self._data = bytearray(RECEIVE)
        self._events = select.epoll()
        self._events.register(self._inotify, select.EPOLLIN)
        if self._nft is not None:
            self._events.register(self._nft, select.EPOLLIN)

    def fileno(self) -> int:
        return self._events.fileno()

    def close(self) -> None:
        self._events.close()
        os.close(self._inotify)
        if self._nft is not None:
            self._nft.close()

    def take(self) -> set[str] | None:
        """The namespaces in which something may have changed since the last call; None: in any."""
        names = self._changed()
        return None if self._locked() else names

    def _locked(self) -> bool:
        """Whether a command of iptables-legacy has ended."""
        found = False
        while True:
            try:
                data = os.read(self._inotify, 65536)
            except BlockingIOError:
                return found
            at = 0
            while at < len(data):
                _, mask, _, size = _EVENT.unpack_from(data, at)
                name = data[at + _EVENT.size : at + _EVENT.size + size].rstrip(b"\0").decode("utf-8", "replace")
                found = found or name == self._name or bool(mask & _IN_Q_OVERFLOW)
                at += _EVENT.size + size

    def _changed(self) -> set[str] | None:
        """The namespaces of which nf_tables sent events; None where some were lost."""
        names: set[str] = set()
        lost = False
        while self._nft is not None:
            try:
                _, ancillary, _, _ = self._nft.recvmsg_into([self._data], 64)
            except BlockingIOError:
                break
            except OSError:
                lost = True
                continue
            for level, kind, data in ancillary:
                if level == SOL_NETLINK and kind == NETLINK_LISTEN_ALL_NSID:
                    names.update(netns.name for netns in self._namespaces.with_nsid(_NSID.unpack_from(data)[0]))
        return None if lost else names


def _listen() -> socket.socket | None:
    """None where the kernel has no nf_tables."""
    try:
        return listener([_NFNLGRP_NFTABLES], all_namespaces=True)
    except OSError:
        return None
