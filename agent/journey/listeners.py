"""The listeners of all namespaces in which a session is open, shared by the sessions of a lab."""

import socket
from collections.abc import Callable, Sequence

from agent.journey import nft
from agent.journey.decode import Line
from agent.journey.listener import Listener
from agent.netlink.namespaces import Namespaces, Netns

OnTraceLine = Callable[[Netns, Line], None]
"""Called with each line of a trace, and where it was reported."""


class TraceListeners:
    """One per lab. Not for several threads."""

    def __init__(self, namespaces: Namespaces) -> None:
        self._namespaces = namespaces
        self._listeners: dict[int, tuple[Netns, Listener]] = {}
        self._sessions: dict[str, list[Netns]] = {}

    def of(self, netns: Netns) -> Listener:
        """The listener in a namespace in which a session is open."""
        return self._listeners[netns.inode][1]

    def open(self, table: nft.Table, places: Sequence[Netns], matches: Sequence[nft.Match], on_line: OnTraceLine) -> list[tuple[str, str]]:
        """Report the packets that fit the matches, in these namespaces, to `on_line`. Returns what cannot be traced: a namespace and why,
        for people."""
        self._sessions[table.name] = []
        fresh = [netns for netns in places if netns.inode not in self._listeners]
        self._namespaces.visit_all(fresh, self._listen)
        problems: list[tuple[str, str]] = []
        for netns in places:
            listener = self.of(netns)
            problems += [(netns.name, words) for words in listener.notes]
            self._sessions[table.name].append(netns)
            try:
                listener.add(table, matches, lambda line, netns=netns: on_line(netns, line))  # type: ignore[misc]  # a default binds it
            except OSError as e:
                problems.append((netns.name, f"packets cannot be traced here: {e.strerror}"))
        return problems

    def _listen(self, netns: Netns) -> None:
        self._listeners[netns.inode] = (netns, Listener())

    def close(self, name: str) -> list[socket.socket]:
        """End the session. Where it was the last one of a namespace, the loggers are put back. Returns the sockets that have to be
        closed."""
        for netns in self._sessions.pop(name, ()):
            self.of(netns).remove(name)
        last = [netns for netns, listener in self._listeners.values() if not listener.sessions]
        alive = [netns for netns in last if self._namespaces.get(netns.name) is netns]
        self._namespaces.visit_all(alive, lambda netns: self.of(netns).restore())
        return [self._listeners.pop(netns.inode)[1].socket for netns in last]

    def filenos(self, name: str) -> list[int]:
        """The descriptors of the session's sockets, to wait for."""
        return [self.of(netns).socket.fileno() for netns in self._sessions[name]]

    def read(self, name: str) -> None:
        """Pass on what has come in the namespaces of this session, to all sessions there."""
        for netns in self._sessions[name]:
            self.of(netns).read()
