"""One connection to a running server."""

import json
import logging
import os
import queue
import threading
from collections.abc import Callable
from itertools import count
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import socketio
from socketio.exceptions import ConnectionError as RefusedError

from protocol.frames import pack, unpack
from protocol.limits import MAX_REQUEST_BYTES
from protocol.public import Answer, AnyItem, AnyRequest, AnyResult, Delta, LabsEvent, Notice, StreamItem
from topology.document.jsontext import MAX_BYTES
from topology.model.problems import Code, Problem, ProblemError

DEFAULT_STATE = Path("/var/lib/vethboard")


class Frame(NamedTuple):
    """Bytes of a terminal (`protocol.frames`)."""

    channel: int
    stream: int
    data: bytes


Message = Answer | StreamItem | Delta | Notice | LabsEvent
Event = Message | Frame
_MESSAGES: dict[str, type[Message]] = {"answer": Answer, "stream": StreamItem, "delta": Delta, "notice": Notice, "labs": LabsEvent}


def find_server(state: Path) -> tuple[str, str]:
    """URL and token of the running server: from VETHBOARD_URL and VETHBOARD_TOKEN, else from `server.json` in the state directory.

    Raises ProblemError, UNAVAILABLE if no server is running.
    """
    if url := os.environ.get("VETHBOARD_URL"):
        return url, os.environ.get("VETHBOARD_TOKEN", "")
    try:
        found = json.loads((state / "server.json").read_text())
        return str(found["url"]), str(found["token"])
    except PermissionError as e:
        raise ProblemError(Problem(code=Code.DENIED, message=f"{e.filename}: {e.strerror}", hint="run as root: sudo vethboard …")) from e
    except (OSError, ValueError, KeyError) as e:
        hint = "start one with script/up; if it runs with another --state, give the same --state here"
        message = f"no Vethboard server is running with the state directory {state}"
        raise ProblemError(Problem(code=Code.UNAVAILABLE, message=message, hint=hint)) from e


class _InOrder:
    """Calls functions one after the other, on a thread of its own.

    python-engineio starts a thread for each message that it receives (`engineio.Client._receive_packet`), so that one may overtake another:
    `of` gives the messages of a Socket.IO client to this thread instead.
    """

    def __init__(self) -> None:
        self._calls: queue.SimpleQueue[Callable[[], object] | None] = queue.SimpleQueue()
        threading.Thread(target=self._run, daemon=True, name="messages").start()

    def of(self, client: socketio.Client) -> None:
        """Handle the messages of this client in order."""
        engine = client.eio
        start = engine.start_background_task

        def start_task(target: Callable[..., object], *args: Any, **kwargs: Any) -> object:
            if target != engine.handlers["message"]:
                return start(target, *args, **kwargs)
            self.call(lambda: target(*args, **kwargs))
            return None

        engine.start_background_task = start_task

    def call(self, function: Callable[[], object]) -> None:
        """After all calls that were asked for before."""
        self._calls.put(function)

    def end(self) -> None:
        """Call no more after those that were asked for."""
        self._calls.put(None)

    def _run(self) -> None:
        while (function := self._calls.get()) is not None:
            try:
                function()
            except Exception:
                logging.getLogger(__name__).exception("a message could not be handled")


class Client:
    """A connection over Socket.IO: sends requests, receives answers and events. A context manager: leaving it disconnects.

    `name`: what the person is called in histories.
    """

    def __init__(self, url: str, token: str, name: str = "") -> None:
        self.url = url
        self._events: queue.Queue[Event | None] = queue.Queue()
        self._ids = count(1)
        self._io = socketio.Client(reconnection=False, websocket_extra_options={"skip_utf8_validation": True})
        self._handling = _InOrder()
        self._handling.of(self._io)
        for event, kind in _MESSAGES.items():
            self._io.on(event, self._receiver(kind))
        self._io.on("terminal", lambda data: self._events.put(Frame(*unpack(data))))
        self._io.on("disconnect", lambda *_: self._handling.call(lambda: self._events.put(None)))
        try:
            self._io.connect(url, auth={"token": token, "name": name}, transports=["websocket"], wait_timeout=20)
        except RefusedError as e:
            self._handling.end()
            message = f"the server at {url} refused the connection: {e}"
            raise ProblemError(Problem(code=Code.UNAVAILABLE, message=message, hint="is it running? script/up starts it")) from e

    def _receiver(self, kind: type[Message]) -> Callable[[str], None]:
        decoder = msgspec.json.Decoder(kind)
        return lambda text: self._events.put(decoder.decode(text))

    def __enter__(self) -> "Client":
        return self

    def __exit__(self, *_: object) -> None:
        self._io.disconnect()
        self._handling.end()

    def next_id(self) -> str:
        """A new id for a request."""
        return f"cli-{next(self._ids)}"

    def send(self, request: AnyRequest) -> None:
        """Send a request without waiting for its answer. Raises ProblemError (LIMIT) for one that the server would not take."""
        text = msgspec.json.encode(request)
        if len(text) > MAX_REQUEST_BYTES:
            message, most = f"the request has {len(text) / (1 << 20):.1f} MB", MAX_REQUEST_BYTES >> 20
            hint = f"at most {most} MB in one message; a document at most {MAX_BYTES >> 20} MB: split the lab"
            raise ProblemError(Problem(code=Code.LIMIT, message=message, hint=hint))
        self._io.emit("request", text.decode())

    def frame(self, channel: int, stream: int, data: bytes) -> None:
        """Send bytes to a terminal (`protocol.frames`)."""
        self._io.emit("terminal", pack(channel, stream, data))

    def receive(self, timeout: float | None = None) -> Event:
        """The next event. Raises ProblemError (UNAVAILABLE) when the connection is lost, `queue.Empty` after `timeout` seconds."""
        event = self._events.get(timeout=timeout)
        if event is None:
            raise ProblemError(
                Problem(code=Code.UNAVAILABLE, message="the connection to the server was lost", hint="look at the output of script/up")
            )
        return event

    def wait(self, id: str, on_item: Callable[[AnyItem], None] = lambda _: None) -> AnyResult:
        """Wait for the answer to a request; `on_item` gets its stream. Returns the result, or raises the problem as ProblemError."""
        while True:
            event = self.receive()
            if isinstance(event, StreamItem) and event.id == id:
                on_item(event.item)
            elif isinstance(event, Answer) and event.id == id:
                if event.result is None:
                    raise ProblemError(event.problem or Problem(code=Code.INTERNAL, message="the answer is empty"))
                return event.result

    def request(self, request: AnyRequest, on_item: Callable[[AnyItem], None] = lambda _: None) -> AnyResult:
        """`send`, then `wait`."""
        self.send(request)
        return self.wait(request.id, on_item)
