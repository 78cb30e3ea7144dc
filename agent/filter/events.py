"""Where rules may have changed: a file descriptor that becomes readable then, and the namespaces that have to be read.

nf_tables sends an event for each change. ip_tables sends none, but every command of iptables-legacy opens and locks
/run/xtables.lock, and /run is the lab's own: when the file is closed again, the command has done its work.
"""

import os
import select
import socket

from agent.filter.nfnetlink import listener
from agent.linux.inotify import IN_CLOSE_NOWRITE, IN_CLOSE_WRITE, Inotify
from agent.netlink.namespaces import Namespaces
from agent.netlink.wire import RECEIVE, nsid_of

LOCK = "/run/xtables.lock"
_NFNLGRP_NFTABLES = 7


class Events:
    """`fileno` is readable when something may have changed; `take` returns where."""

    def __init__(self, namespaces: Namespaces) -> None:
        self._namespaces = namespaces
        self._inotify = Inotify()
        # the folder and not the file: somebody may delete it, and the next command makes another
        folder, self._name = os.path.split(LOCK)
        self._inotify.add(folder, IN_CLOSE_WRITE | IN_CLOSE_NOWRITE)
        self._nft = namespaces.visit(namespaces.watch, _listen)
        self._data = bytearray(RECEIVE)
        self._events = select.epoll()
        self._events.register(self._inotify, select.EPOLLIN)
        if self._nft is not None:
            self._events.register(self._nft, select.EPOLLIN)

    def fileno(self) -> int:
        """For select(2) and the like."""
        return self._events.fileno()

    def close(self) -> None:
        """Close all descriptors."""
        self._events.close()
        self._inotify.close()
        if self._nft is not None:
            self._nft.close()

    def take(self) -> set[str] | None:
        """The namespaces in which something may have changed since the last call; None: in any."""
        names = self._changed()
        return None if self._locked() else names

    def _locked(self) -> bool:
        """Whether a command of iptables-legacy may have ended."""
        events = list(self._inotify.read())
        return any(event.lost or event.name == self._name for event in events)

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
            names.update(netns.name for netns in self._namespaces.with_nsid(nsid_of(ancillary)))
        return None if lost else names


def _listen() -> socket.socket | None:
    """A socket with the events of nf_tables, of all namespaces; None where the kernel has no nf_tables."""
    try:
        return listener([_NFNLGRP_NFTABLES], all_namespaces=True)
    except OSError:
        return None
