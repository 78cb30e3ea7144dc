"""Requests that are not answered yet: how many of each type one connection, and all connections of one token, may have."""

import threading
from collections import Counter
from typing import NamedTuple
from weakref import WeakValueDictionary

from topology.model.problems import Code, Problem, ProblemError

CONNECTIONS = 8
"""So many times what one connection may have all those of one token may have together: a class may share a token."""


MOST_BYTES = 64 << 20
"""Of all requests of one token that are not answered; one alone may be longer."""


class _One(NamedTuple):
    kind: str
    size: int


class _Count:
    """Requests by type, and their bytes."""

    def __init__(self) -> None:
        self.of_type: Counter[str] = Counter()
        self.bytes = 0


class Asked:
    """Those of one connection. `share`: what the connections of one token have in common. Methods may be called on any thread."""

    _shares: WeakValueDictionary[str, _Count] = WeakValueDictionary()
    _lock = threading.Lock()

    def __init__(self, share: str) -> None:
        with Asked._lock:
            self._share = Asked._shares.setdefault(share, _Count())
        self._own: Counter[str] = Counter()
        self._asked: dict[str, list[_One]] = {}
        """By request id, of which a careless client may have several."""

    def add(self, id: str, kind: str, most: int, size: int) -> None:
        """A request of so many bytes has come. Raises ProblemError (LIMIT) where too much waits already; then it is not counted."""
        with Asked._lock:
            if self._share.bytes and self._share.bytes + size > MOST_BYTES:
                raise _too_much(f"{self._share.bytes} bytes of requests of this token wait for an answer")
            if self._own[kind] >= most or self._share.of_type[kind] >= most * CONNECTIONS:
                raise _too_much(f"{self._own[kind]} requests {kind} of this connection, {self._share.of_type[kind]} of this token wait")
            self._own[kind] += 1
            self._share.of_type[kind] += 1
            self._share.bytes += size
            self._asked.setdefault(id, []).append(_One(kind, size))

    def answered(self, id: str) -> None:
        """Nothing happens for one that was not counted."""
        with Asked._lock:
            asked = self._asked.get(id)
            if asked:
                self._forget(asked.pop())
                if not asked:
                    del self._asked[id]

    def end(self) -> None:
        """The connection has ended."""
        with Asked._lock:
            for asked in self._asked.values():
                for one in asked:
                    self._forget(one)
            self._asked.clear()

    def _forget(self, one: _One) -> None:
        """With the lock held."""
        self._own[one.kind] -= 1
        self._share.of_type[one.kind] -= 1
        self._share.bytes -= one.size

    def __len__(self) -> int:
        with Asked._lock:
            return sum(map(len, self._asked.values()))


def _too_much(message: str) -> ProblemError:
    return ProblemError(Problem(code=Code.LIMIT, message=message, hint="wait for answers before you ask for more"))
