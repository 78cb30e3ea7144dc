"""Requests that wait, and whose turn it is: the tokens take turns, and the connections of one token among themselves.

So nobody gets more by opening more connections.
"""

from collections import OrderedDict, deque
from collections.abc import Callable, Iterator
from typing import NamedTuple

from server.sessions import Session


class Request(NamedTuple):
    """A job that answers request `id` of a session. `drop`: it is not begun when its session has left meanwhile."""

    session: Session
    id: str
    run: Callable[[], None]
    drop: bool


class Turns:
    """To be used with a lock held."""

    def __init__(self) -> None:
        self._tokens: OrderedDict[str, OrderedDict[str, deque[Request]]] = OrderedDict()
        """By whose share it is (`Session.share`) and by connection, whose turn is next first; none of them is empty."""

    def __len__(self) -> int:
        return sum(len(waiting) for sessions in self._tokens.values() for waiting in sessions.values())

    def __bool__(self) -> bool:
        return bool(self._tokens)

    def of(self, session: Session) -> tuple[Request, ...]:
        """What waits of one connection."""
        return tuple(self._waiting(session))

    def count(self, session: Session) -> int:
        """How much that is."""
        return len(self._waiting(session))

    def _waiting(self, session: Session) -> deque[Request]:
        sessions = self._tokens.get(session.share)
        return sessions.get(session.sid, deque()) if sessions is not None else deque()

    def add(self, request: Request) -> None:
        """Behind the others of its connection."""
        sessions = self._tokens.setdefault(request.session.share, OrderedDict())
        sessions.setdefault(request.session.sid, deque()).append(request)

    def pop(self) -> Request | None:
        """The next one."""
        if not self._tokens:
            return None
        share, sessions = self._tokens.popitem(last=False)
        sid, waiting = sessions.popitem(last=False)
        request = waiting.popleft()
        if waiting:
            sessions[sid] = waiting
        if sessions:
            self._tokens[share] = sessions
        return request

    def remove(self, requests: tuple[Request, ...]) -> None:
        """These are not begun; all are of one connection, and wait."""
        if not requests:
            return
        share, sid = requests[0].session.share, requests[0].session.sid
        sessions = self._tokens[share]
        left = deque(request for request in sessions[sid] if request not in requests)
        if left:
            sessions[sid] = left
            return
        del sessions[sid]
        if not sessions:
            del self._tokens[share]

    def all(self) -> Iterator[Request]:
        """All that wait."""
        return (request for sessions in self._tokens.values() for waiting in sessions.values() for request in waiting)
