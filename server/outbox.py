"""Who is connected, and what is sent to them. A browser that does not keep up is cut off: it comes back and opens the lab anew."""

import threading
from collections.abc import Callable, Iterable

import msgspec

from protocol.public import Answer, AnyItem, AnyResult, Delta, LabsEvent, Notice, StreamItem
from server.access import Access
from server.audit import SessionLog
from server.throttle import THROTTLES, Meter
from topology.model.problems import Code, Problem, ProblemError

Event = Answer | StreamItem | Delta | Notice | LabsEvent
_NAMES: dict[type[Event], str] = {Answer: "answer", StreamItem: "stream", Delta: "delta", Notice: "notice", LabsEvent: "labs"}


class Session:
    """One connection of a browser or of the command line."""

    def __init__(self, sid: str, author: str, access: Access, log: SessionLog, send: Callable[[str, str | bytes], None]) -> None:
        self.sid, self.author, self.access, self.log, self._send = sid, author, access, log, send
        self.throttle = THROTTLES.of(f"token:{access.token}" if access.lab is not None else f"session:{sid}")
        self.meter = Meter(self.throttle)
        self.open: set[str] = set()
        self.wants_labs = False
        self.running: dict[str, Cancellable] = {}
        self.terminals: dict[int, Viewing] = {}

    def send(self, event: Event) -> None:
        """Never waits."""
        if isinstance(event, Answer):
            self.log.answered(event)
        self._send(_NAMES[type(event)], msgspec.json.encode(event).decode())

    def cut(self) -> None:
        """End the connection: what let it in was taken back."""
        self._send("cut", "")

    def send_text(self, name: str, text: str) -> None:
        self._send(name, text)

    def frame(self, frame: bytes) -> None:
        """Bytes of a terminal."""
        self._send("terminal", frame)

    def answer(self, id: str, result: AnyResult) -> None:
        self.send(Answer(id=id, result=result))

    def refuse(self, id: str, problem: Problem) -> None:
        self.send(Answer(id=id, problem=problem))

    def item(self, id: str, item: AnyItem) -> None:
        self.send(StreamItem(id=id, item=item))


class Cancellable:
    """A running request: how it is fed and ended."""

    def __init__(self, feed: Callable[[bytes, bool], None], cancel: Callable[[int | None], None]) -> None:
        self.feed, self.cancel = feed, cancel


class Viewing:
    """A terminal that the session is attached to: where its frames go, and how it is left."""

    def __init__(self, feed: Callable[[int, bytes], None], resize: Callable[[int, int], object], detach: Callable[[], None]) -> None:
        self.feed, self.resize, self.detach = feed, resize, detach


class Sessions:
    """All of them."""

    def __init__(self) -> None:
        self._by_sid: dict[str, Session] = {}
        self._lock = threading.Lock()

    def add(self, session: Session) -> None:
        with self._lock:
            self._by_sid[session.sid] = session

    def remove(self, sid: str) -> Session | None:
        with self._lock:
            return self._by_sid.pop(sid, None)

    def get(self, sid: str) -> Session | None:
        return self._by_sid.get(sid)

    def all(self) -> list[Session]:
        with self._lock:
            return list(self._by_sid.values())

    def viewers(self, lab: str) -> list[Session]:
        return [s for s in self.all() if lab in s.open]

    def tell(self, sessions: Iterable[Session], event: Event) -> None:
        """Encoded once for all, and not for nobody."""
        sessions = list(sessions)
        if not sessions:
            return
        text = msgspec.json.encode(event).decode()
        for session in sessions:
            session.send_text(_NAMES[type(event)], text)


def problem_of(error: Exception) -> Problem:
    """The one place where an exception becomes a problem."""
    if isinstance(error, ProblemError):
        return error.problem
    return Problem(code=Code.INTERNAL, message=f"{type(error).__name__}: {error}", hint="this is Vethboard's own mistake: please report it")
