"""The connections to the agent: one to the agent itself, one to the process of each lab. Each is read by a thread of its own."""

import itertools
import queue
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import msgspec
from websockets.exceptions import ConnectionClosed, WebSocketException
from websockets.sync.client import ClientConnection, unix_connect

from protocol import private as p
from protocol.frames import ERROR, INPUT, OUTPUT, pack, unpack
from protocol.limits import MAX_LAB_MESSAGE
from server import throttle
from server.problems import unavailable
from server.throttle import Meter
from topology.model.problems import Problem, ProblemError

WAIT_SECONDS = 20.0
"""How long to wait for an agent that is starting, and for the answer of a lab process."""


def _connect(socket: Path, path: str) -> ClientConnection:
    return unix_connect(
        str(socket), uri=f"ws://agent{path}", compression=None, max_size=MAX_LAB_MESSAGE, ping_interval=None, open_timeout=5, legacy=True
    )


class _ControlConnection(NamedTuple):
    """`waiting`: who waits for an answer, by request id."""

    connection: ClientConnection
    waiting: dict[int, queue.SimpleQueue[p.ControlAnswer | None]]


class Control:
    """Requests to the agent.

    `reasons`: why a lab's process ended, by lab. `on_limit`: called on the reading thread when a lab reaches a limit of the kernel.
    """

    def __init__(self, socket: Path) -> None:
        self.socket = socket
        self.reasons: dict[str, str] = {}
        self.on_limit: Callable[[str, Problem], None] = lambda _lab, _problem: None
        self._ids = itertools.count(1)
        self._lock = threading.Lock()
        self._current: _ControlConnection | None = None

    def ask(self, make: Callable[[int], p.AnyControlRequest]) -> p.ControlAnswer:
        """Send a request and wait for its answer. Connects first, for up to `WAIT_SECONDS` while the agent starts. Raises ProblemError.

        Several threads may ask at once; each waits for its own answer alone.
        """
        end = time.monotonic() + WAIT_SECONDS
        while True:
            try:
                answer = self._ask(make(next(self._ids)))
                break
            except (OSError, WebSocketException, TimeoutError) as e:
                if time.monotonic() > end:
                    raise unavailable(f"the agent does not answer: {e}") from None
                time.sleep(0.1)
        if answer.problem is not None:
            raise ProblemError(answer.problem)
        return answer

    def _ask(self, request: p.AnyControlRequest) -> p.ControlAnswer:
        answers: queue.SimpleQueue[p.ControlAnswer | None] = queue.SimpleQueue()
        with self._lock:
            current = self._current or self._open()
            current.waiting[request.id] = answers
            current.connection.send(msgspec.json.encode(request).decode())
        answer = answers.get()
        if answer is None:
            raise OSError("the connection was lost")
        return answer

    def _open(self) -> _ControlConnection:
        """Connect, and read what comes on a new thread. With the lock held."""
        self._current = current = _ControlConnection(_connect(self.socket, "/control"), {})
        threading.Thread(target=self._read, args=(current,), daemon=True).start()
        return current

    def _read(self, current: _ControlConnection) -> None:
        decoder = msgspec.json.Decoder(p.AnyControlEvent)
        try:
            for frame in current.connection:
                self._dispatch(current, decoder.decode(frame))
        except ConnectionClosed:
            pass
        with self._lock:
            if self._current is current:
                self._current = None
        for answers in current.waiting.values():
            answers.put(None)

    def _dispatch(self, current: _ControlConnection, event: p.AnyControlEvent) -> None:
        match event:
            case p.LabGone():
                self.reasons[event.lab] = event.reason
            case p.LabLimit():
                self.on_limit(event.lab, event.problem)
            case p.ControlAnswer():
                if answers := current.waiting.pop(event.id, None):
                    answers.put(event)


class ChannelListener(NamedTuple):
    """Who gets the output of a channel (stream, bytes), and its end (None: the connection was lost). Called on the reading thread."""

    on_data: Callable[[int, bytes], None]
    on_exit: Callable[[p.Exit | None], None]


LabEvent = p.LimitReached | p.Attached | p.Facts | p.Applied | p.LabAnswer
OnEvent = Callable[["LabLink", LabEvent], None]
OnAnswer = Callable[[p.AnyLabAnswer | None], None]
"""Called on the reading thread with the answer; None: the connection was lost before it came."""
OnTrace = Callable[[p.Sighted | p.TraceEnded | None], None]
"""Called on the reading thread with each event of a trace; None: the connection was lost."""


class LabLink:
    """The connection to the process of one lab.

    `on_event` gets what is not for a single request, in order; `on_lost` is called once, when the connection has ended. Both are called on
    the reading thread.
    """

    def __init__(self, socket: Path, lab: str, on_event: OnEvent, on_lost: Callable[["LabLink"], None]) -> None:
        self._lab, self._on_event, self._on_lost = lab, on_event, on_lost
        self._ids = itertools.count(1)
        self._channels: dict[int, ChannelListener] = {}
        self._answers: dict[int, OnAnswer] = {}
        self._traces: dict[int, OnTrace] = {}
        self._lock = threading.Lock()
        self.closing = False
        try:
            self._connection = _connect(socket, f"/lab/{lab}")
        except (OSError, WebSocketException) as e:
            raise unavailable(f"lab {lab} does not answer: {e}") from None
        threading.Thread(target=self._read, daemon=True, name=f"link-{lab}").start()

    # ---- requests ----------------------------------------------------------------------------------------------------

    def send(self, make: Callable[[int], p.AnyLabRequest]) -> int:
        """Send a request without waiting for its answer; its id. Raises ProblemError when the connection is lost."""
        return self._request(make)

    def run(self, listener: ChannelListener, make: Callable[[int], p.AnyLabRequest], on_answer: OnAnswer | None = None) -> int:
        """Send a request that opens a channel; the number of the channel, which is the id of the request."""
        return self._request(make, listener=listener, on_answer=on_answer)

    def ask(self, make: Callable[[int], p.AnyLabRequest], on_answer: OnAnswer) -> None:
        """Send a request; its answer goes to `on_answer`."""
        self._request(make, on_answer=on_answer)

    def call(self, make: Callable[[int], p.AnyLabRequest]) -> p.AnyLabAnswer:
        """Send a request and wait for its answer, up to `WAIT_SECONDS`. Raises its problem as ProblemError."""
        answers: queue.SimpleQueue[p.AnyLabAnswer | None] = queue.SimpleQueue()
        self.ask(make, answers.put)
        try:
            answer = answers.get(timeout=WAIT_SECONDS)
        except queue.Empty:
            raise unavailable("the lab does not answer") from None
        if answer is None:
            raise unavailable("the lab was lost")
        if isinstance(answer, p.LabAnswer) and answer.problem is not None:
            raise ProblemError(answer.problem)
        return answer

    def trace(self, make: Callable[[int], p.AnyLabRequest], on_trace: OnTrace) -> int:
        """Start a trace; the id of its request."""
        return self._request(make, on_trace=on_trace)

    def _request(
        self,
        make: Callable[[int], p.AnyLabRequest],
        listener: ChannelListener | None = None,
        on_answer: OnAnswer | None = None,
        on_trace: OnTrace | None = None,
    ) -> int:
        number = next(self._ids)
        with self._lock:
            if listener is not None:
                self._channels[number] = listener
            if on_answer is not None:
                self._answers[number] = on_answer
            if on_trace is not None:
                self._traces[number] = on_trace
        try:
            self._connection.send(msgspec.json.encode(make(number)).decode())
        except (OSError, WebSocketException):
            self._channels.pop(number, None)
            self._answers.pop(number, None)
            self._traces.pop(number, None)
            raise unavailable("the lab's process is gone") from None
        return number

    def feed(self, channel: int, data: bytes, stream: int = INPUT) -> None:
        """Send bytes on a channel; of INPUT of a command no bytes close it."""
        try:
            self._connection.send(pack(channel, stream, data))
        except (OSError, WebSocketException):
            raise unavailable("the lab's process is gone") from None

    def drop(self, channel: int) -> None:
        """Call the listener of a channel no more."""
        self._channels.pop(channel, None)

    def close(self) -> None:
        """End the connection; the lab runs on."""
        self.closing = True
        self._connection.close()

    # ---- the reading thread ------------------------------------------------------------------------------------------

    def _read(self) -> None:
        decoder = msgspec.json.Decoder(p.AnyLabEvent)
        share = throttle.of_lab(self._lab)
        meter = Meter(share)
        try:
            for frame in self._connection:
                meter.count()
                share.wait()
                if isinstance(frame, bytes):
                    self._on_frame(*unpack(frame))
                else:
                    self._dispatch(decoder.decode(frame))
        except ConnectionClosed:
            pass
        self._end_pending()
        self._on_lost(self)

    def _end_pending(self) -> None:
        """Tell everybody who waits for something that the connection was lost."""
        with self._lock:
            pending: list[Callable[[None], None]] = [
                *(c.on_exit for c in self._channels.values()),
                *self._answers.values(),
                *self._traces.values(),
            ]
            self._channels.clear()
            self._answers.clear()
            self._traces.clear()
        for callback in pending:
            callback(None)

    def _on_frame(self, number: int, stream: int, data: bytes) -> None:
        listener = self._channels.get(number)
        if listener is not None and (data or stream not in (OUTPUT, ERROR)):
            listener.on_data(stream, data)

    def _dispatch(self, event: p.AnyLabEvent) -> None:
        match event:
            case p.Exit():
                if ended := self._channels.pop(event.channel, None):
                    ended.on_exit(event)
            case p.Attached() | p.Facts() | p.Applied() | p.LimitReached():
                self._on_event(self, event)
            case p.Sighted():
                self._traces[event.id](event)
            case p.TraceEnded():
                self._traces.pop(event.id)(event)
            case _ if event.id in self._answers:
                self._answers.pop(event.id)(event)
            case p.LabAnswer():
                self._on_event(self, event)
