"""The connected clients, and what is sent to them."""

import secrets
import threading
from collections.abc import Callable, Iterable
from typing import NamedTuple

import msgspec

from protocol.public import Answer, AnyItem, AnyResult, Delta, LabsEvent, Notice, StreamItem
from server.access import Access
from server.asked import Asked
from server.audit import SessionLog
from server.throttle import THROTTLES
from topology.model import ids
from topology.model.diff import Diff
from topology.model.problems import Problem
from topology.observe.live import AnyLive

Event = Answer | StreamItem | Delta | Notice | LabsEvent
_NAMES: dict[type[Event], str] = {Answer: "answer", StreamItem: "stream", Delta: "delta", Notice: "notice", LabsEvent: "labs"}


class Connection(NamedTuple):
    """The way to one client. `send`: the name of a Socket.IO event and its payload; it never waits. `cut`: end the connection."""

    send: Callable[[str, str | bytes], None]
    cut: Callable[[], None]


class RunningRequest(NamedTuple):
    """A request with a stream, until it is answered. `feed`: bytes for its standard input, and whether to close it. `cancel`: end it, by a
    signal number or (None) in its usual way."""

    feed: Callable[[bytes, bool], None]
    cancel: Callable[[int | None], None]


class AttachedTerminal(NamedTuple):
    """A terminal that a session is attached to. `feed`: stream and bytes of a frame. `resize`: rows and columns."""

    feed: Callable[[int, bytes], None]
    resize: Callable[[int, int], object]
    detach: Callable[[], None]


def new_id() -> str:
    """The id of a session, as others see it: 64 random bits. It gives nobody any right."""
    return secrets.token_hex(8)


class Session:
    """One connection of a browser or of the command line.

    `sid`: the id of its Socket.IO connection, which nobody else is told. `name`: what the person calls themself; empty: not said. `id`: as
    others see it. `on_answer`: called with each answer that is sent.

    `open`: the labs whose deltas it gets. `wants_labs`: it gets events `labs`. `running`: by request id. `terminals`: by channel.
    `waiting`: what takes a request back that a lab has not begun, by request id. `share`: what it shares with other connections: all of a
    token of a lab take turns as one. `asked`: what is not answered yet.
    """

    def __init__(self, sid: str, name: str, access: Access, log: SessionLog, connection: Connection, id: str | None = None) -> None:
        self.sid, self.name, self.access, self.log, self._connection = sid, name, access, log, connection
        self.id = id or new_id()
        self.on_answer: Callable[[Answer], None] = lambda _answer: None
        self.share = f"token:{access.token}" if access.lab is not None else f"session:{sid}"
        self.throttle = THROTTLES.of(self.share)
        self.asked = Asked(self.share)
        self.open: set[str] = set()
        self.wants_labs = False
        self.running: dict[str, RunningRequest] = {}
        self.waiting: dict[str, Callable[[], object]] = {}
        self.terminals: dict[int, AttachedTerminal] = {}

    @property
    def sees_terminals(self) -> bool:
        """Whether it is told of them: their titles say what is done in them."""
        return "terminals" in self.access.permissions

    @property
    def shown_name(self) -> str:
        """What others read."""
        return self.name or self.access.author

    def rename(self, name: str) -> None:
        """The person has another name from now on."""
        self.name = name
        self.log.rename(name)

    def send(self, event: Event) -> None:
        """Send an event; an answer is written to the audit log first."""
        if isinstance(event, Answer):
            self.log.answered(event)
            self.on_answer(event)
        self.send_text(_NAMES[type(event)], msgspec.json.encode(event).decode())

    def send_text(self, name: str, text: str) -> None:
        """Send an event that is encoded already."""
        self._connection.send(name, text)

    def send_frame(self, frame: bytes) -> None:
        """Send a binary frame of a terminal."""
        self._connection.send("terminal", frame)

    def cut(self) -> None:
        """End the connection, because its token was revoked."""
        self._connection.cut()

    def answer(self, id: str, result: AnyResult) -> None:
        """Answer request `id`."""
        self.asked.answered(id)
        self.send(Answer(id=id, result=result))

    def refuse(self, id: str, problem: Problem) -> None:
        """Answer request `id` with a problem."""
        self.asked.answered(id)
        self.send(Answer(id=id, problem=problem))

    def item(self, id: str, item: AnyItem) -> None:
        """Send an item of the stream of request `id`."""
        self.send(StreamItem(id=id, item=item))


def is_terminal(record_id: str) -> bool:
    """Whether the live record of this id is a terminal."""
    return record_id.startswith(_TERMINAL)


def without_terminals(diff: Diff[AnyLive]) -> Diff[AnyLive]:
    """The rest of a diff of live records."""
    kept = {field: {id: value for id, value in getattr(diff, field).items() if not is_terminal(id)} for field in diff.__struct_fields__}
    return Diff(**kept)


_TERMINAL = ids.terminal("")


class Sessions:
    """All sessions, by the id of their connection."""

    def __init__(self) -> None:
        self._by_sid: dict[str, Session] = {}
        self._lock = threading.Lock()

    def add(self, session: Session) -> None:
        """A client has connected."""
        with self._lock:
            self._by_sid[session.sid] = session

    def remove(self, sid: str) -> Session | None:
        """A client has disconnected; its session, if it had one."""
        with self._lock:
            return self._by_sid.pop(sid, None)

    def get(self, sid: str) -> Session | None:
        """The session of a connection."""
        return self._by_sid.get(sid)

    def all(self) -> list[Session]:
        """All sessions of this moment."""
        with self._lock:
            return list(self._by_sid.values())

    def viewers(self, lab: str) -> list[Session]:
        """The sessions that have a lab open."""
        return [s for s in self.all() if lab in s.open]

    def broadcast(self, sessions: Iterable[Session], event: Event) -> None:
        """Send an event to these sessions, encoded once."""
        sessions = list(sessions)
        if not sessions:
            return
        text = msgspec.json.encode(event).decode()
        for session in sessions:
            session.send_text(_NAMES[type(event)], text)

    def broadcast_delta(self, sessions: Iterable[Session], delta: Delta) -> None:
        """Send a delta, without what the sessions may not see."""
        sessions = list(sessions)
        blind = [s for s in sessions if not s.sees_terminals] if delta.live is not None else []
        self.broadcast([s for s in sessions if s not in blind] if blind else sessions, delta)
        if blind:
            self.broadcast(blind, msgspec.structs.replace(delta, live=without_terminals(delta.live) if delta.live else None))
