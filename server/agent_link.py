"""The connections to the agent: one to itself, one to each lab's process. Both live in threads and come back by themselves."""

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
from server.throttle import THROTTLES, Meter
from topology.model.problems import Code, Problem, ProblemError

WAIT_SECONDS = 20.0


def unavailable(message: str) -> ProblemError:
    return ProblemError(Problem(code=Code.UNAVAILABLE, message=message, hint="wait a moment, and try again; see where script/up runs"))


def _connect(socket: Path, path: str) -> ClientConnection:
    return unix_connect(
        str(socket),
        uri=f"ws://agent{path}",
        compression=None,
        max_size=MAX_LAB_MESSAGE,
        ping_interval=None,
        open_timeout=5,
        legacy=True,
    )


class Control:
    """Asks the agent. `reasons` keeps why a lab ended, by lab; `on_limit` is called, on its thread, when one runs into a limit."""

    def __init__(self, socket: Path) -> None:
        self.socket = socket
        self.reasons: dict[str, str] = {}
        self.on_limit: Callable[[str, Problem], None] = lambda _lab, _problem: None
        self._ids = itertools.count(1)
        self._lock = threading.Lock()
        self._asked: _Asked | None = None

    def ask(self, make: Callable[[int], p.AnyControlRequest]) -> p.ControlAnswer:
        """Send a request, wait for its answer; connects first, and waits for an agent that is starting. Raises ProblemError.

        Several threads may ask at once: none waits for what another lab's end takes.
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
        waiting: queue.SimpleQueue[p.ControlAnswer | None] = queue.SimpleQueue()
        with self._lock:
            if self._asked is None:
                self._asked = _Asked(_connect(self.socket, "/control"), {})
                threading.Thread(target=self._read, args=(self._asked,), daemon=True).start()
            self._asked.waiting[request.id] = waiting
            self._asked.connection.send(msgspec.json.encode(request).decode())
        answer = waiting.get()
        if answer is None:
            raise OSError("the connection was lost")
        return answer

    def _read(self, asked: "_Asked") -> None:
        decoder = msgspec.json.Decoder(p.AnyControlEvent)
        try:
            for frame in asked.connection:
                event = decoder.decode(frame)
                if isinstance(event, p.LabGone):
                    self.reasons[event.lab] = event.reason
                elif isinstance(event, p.LabLimit):
                    self.on_limit(event.lab, event.problem)
                elif waiting := asked.waiting.pop(event.id, None):
                    waiting.put(event)
        except ConnectionClosed:
            pass
        with self._lock:
            if self._asked is asked:
                self._asked = None
        for waiting in asked.waiting.values():
            waiting.put(None)


class _Asked(NamedTuple):
    """A connection, and who waits for an answer on it, by request id."""

    connection: ClientConnection
    waiting: dict[int, queue.SimpleQueue[p.ControlAnswer | None]]


class Channel:
    """Where a process's bytes and its end go. Called on the link's thread."""

    def __init__(self, on_data: Callable[[int, bytes], None], on_exit: Callable[[p.Exit | None], None]) -> None:
        self.on_data, self.on_exit = on_data, on_exit


LabEvent = p.LimitReached | p.Attached | p.Facts | p.Applied | p.LabAnswer
OnAnswer = Callable[[p.AnyLabAnswer | None], None]
"""Called on the link's thread with the answer, or with None when the lab was lost before it came."""
OnSighting = Callable[[p.Sighted | p.TraceEnded | None], None]
"""Called on the link's thread with what a trace sees, then that it has ended, or with None when the lab was lost."""
OnEvent = Callable[["LabLink", LabEvent], None]


class LabLink:
    """One attached lab. Events go to `on_event` in order; `on_lost` once, when the connection ends."""

    def __init__(self, socket: Path, lab: str, on_event: OnEvent, on_lost: Callable[["LabLink"], None]) -> None:
        self._lab, self._on_event, self._on_lost = lab, on_event, on_lost
        self._ids = itertools.count(1)
        self._channels: dict[int, Channel] = {}
        self._answers: dict[int, OnAnswer] = {}
        self._traces: dict[int, OnSighting] = {}
        self._lock = threading.Lock()
        self.closing = False
        try:
            self._connection = _connect(socket, f"/lab/{lab}")
        except (OSError, WebSocketException) as e:
            raise unavailable(f"lab {lab} does not answer: {e}") from None
        threading.Thread(target=self._read, daemon=True, name=f"link-{lab}").start()

    def send(self, make: Callable[[int], p.AnyLabRequest]) -> int:
        """Send a request; its id. Raises ProblemError when the lab is gone."""
        return self._request(make, None, None)

    def run(self, channel: Channel, make: Callable[[int], p.AnyLabRequest], on_answer: OnAnswer | None = None) -> int:
        """Start something that has bytes; the number of its channel, which is the id of the request."""
        return self._request(make, channel, on_answer)

    def ask(self, make: Callable[[int], p.AnyLabRequest], on_answer: OnAnswer) -> None:
        """`send`, with its answer."""
        self._request(make, None, on_answer)

    def call(self, make: Callable[[int], p.AnyLabRequest]) -> p.AnyLabAnswer:
        """`ask`, and wait for the answer. Raises its problem as ProblemError."""
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

    def follow(self, make: Callable[[int], p.AnyLabRequest], on_sighting: OnSighting) -> int:
        """Start a trace; its number."""
        return self._request(make, None, None, on_sighting)

    def _request(
        self,
        make: Callable[[int], p.AnyLabRequest],
        channel: Channel | None,
        on_answer: OnAnswer | None,
        on_sighting: OnSighting | None = None,
    ) -> int:
        number = next(self._ids)
        with self._lock:
            if channel is not None:
                self._channels[number] = channel
            if on_answer is not None:
                self._answers[number] = on_answer
            if on_sighting is not None:
                self._traces[number] = on_sighting
        try:
            self._connection.send(msgspec.json.encode(make(number)).decode())
        except (OSError, WebSocketException):
            self._channels.pop(number, None)
            self._answers.pop(number, None)
            self._traces.pop(number, None)
            raise unavailable("the lab's process is gone") from None
        return number

    def feed(self, channel: int, data: bytes, stream: int = INPUT) -> None:
        """Bytes for a process's standard input; none: their end."""
        try:
            self._connection.send(pack(channel, stream, data))
        except (OSError, WebSocketException):
            raise unavailable("the lab's process is gone") from None

    def drop(self, channel: int) -> None:
        """Nobody wants its bytes any longer."""
        self._channels.pop(channel, None)

    def close(self) -> None:
        self.closing = True
        self._connection.close()

    def _read(self) -> None:
        decoder = msgspec.json.Decoder(p.AnyLabEvent)
        throttle = THROTTLES.of(f"lab:{self._lab}")
        meter = Meter(throttle)
        try:
            for frame in self._connection:
                meter.count()
                throttle.wait()
                if isinstance(frame, bytes):
                    self._bytes(*unpack(frame))
                else:
                    self._event(decoder.decode(frame))
        except ConnectionClosed:
            pass
        with self._lock:
            channels, answers, traces = list(self._channels.values()), list(self._answers.values()), list(self._traces.values())
            self._channels.clear()
            self._answers.clear()
            self._traces.clear()
        for channel in channels:
            channel.on_exit(None)
        for on_answer in answers:
            on_answer(None)
        for on_sighting in traces:
            on_sighting(None)
        self._on_lost(self)

    def _bytes(self, number: int, stream: int, data: bytes) -> None:
        channel = self._channels.get(number)
        if channel is not None and (data or stream not in (OUTPUT, ERROR)):
            channel.on_data(stream, data)

    def _event(self, event: p.AnyLabEvent) -> None:
        if isinstance(event, p.Exit):
            ended = self._channels.pop(event.channel, None)
            if ended is not None:
                ended.on_exit(event)
        elif isinstance(event, p.Attached | p.Facts | p.Applied | p.LimitReached):
            self._on_event(self, event)
        elif isinstance(event, p.Sighted):
            self._traces[event.id](event)
        elif isinstance(event, p.TraceEnded):
            self._traces.pop(event.id)(event)
        elif event.id in self._answers:
            self._answers.pop(event.id)(event)
        elif isinstance(event, p.LabAnswer):
            self._on_event(self, event)
