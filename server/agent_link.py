"""The connections to the processes of labs, which the agent relays. Each is read by a thread of its own."""

import contextlib
import itertools
import queue
import signal
import socket as sockets
import struct
import threading
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import NamedTuple

import msgspec
from websockets.exceptions import ConnectionClosed, WebSocketException
from websockets.sync.client import ClientConnection, unix_connect

from logs import failure, start_thread
from protocol import private as p
from protocol.frames import ERROR, INPUT, OUTPUT, pack, unpack
from protocol.limits import MAX_LAB_MESSAGE
from server import throttle
from server.metrics import Metrics
from server.problems import unavailable
from server.throttle import Meter
from topology.model.problems import ProblemError

WAIT_SECONDS = 20.0
"""How long to wait for an agent that is starting, and for the answer of a lab process."""

BEAT_SECONDS = 2.0
"""How often a lab process is asked whether it is there, where nothing else is heard of it."""

SILENT_SECONDS = 4.0
"""A lab process that has not answered for this long is silent."""

SEND_SECONDS = 10.0
"""How long a peer may take to read what it is sent; after that the connection is given up."""


def connect(socket: Path, path: str) -> ClientConnection:
    """Connect to a path of the agent. Raises OSError (TimeoutError where it does not answer) or WebSocketException."""
    connection = unix_connect(
        str(socket), uri=f"ws://agent{path}", compression=None, max_size=MAX_LAB_MESSAGE, ping_interval=None, open_timeout=5, legacy=True
    )
    connection.socket.setsockopt(sockets.SOL_SOCKET, sockets.SO_SNDTIMEO, struct.pack("ll", int(SEND_SECONDS), 0))
    return connection


class ChannelListener(NamedTuple):
    """Who gets the output of a channel (stream, bytes), and its end (None: the connection was lost). Called on the reading thread."""

    on_data: Callable[[int, bytes], None]
    on_exit: Callable[[p.Exit | None], None]


LabEvent = p.LimitReached | p.Attached | p.Facts | p.Applied | p.LabAnswer


class LinkEvents(NamedTuple):
    """What a connection to a lab process reports, on threads of its own.

    `event`: what is not the answer to one of `ask`, `call`, `run` and `trace`, in order. `lost`: the connection has ended; once. `unheard`:
    the process has not answered for `SILENT_SECONDS`. `silence`: the same, and it may not be busy any more (`patience`). `heard`: it has
    answered again.
    """

    event: Callable[["LabLink", LabEvent], None]
    lost: Callable[["LabLink"], None]
    unheard: Callable[["LabLink"], None]
    silence: Callable[["LabLink"], None]
    heard: Callable[["LabLink"], None]


OnAnswer = Callable[[p.AnyLabAnswer | None], None]
"""Called on the reading thread with the answer; None: the connection was lost before it came."""
OnTrace = Callable[[p.Sighted | p.TraceEnded | None], None]
"""Called on the reading thread with each event of a trace; None: the connection was lost."""


class LabLink:
    """The connection to the process of one lab. A thread reads it, another asks every `BEAT_SECONDS` whether the process is there.

    `patience`: seconds more that the process may be silent, because of what it was asked to do.
    """

    def __init__(self, socket: Path, lab: str, events: LinkEvents, metrics: Metrics) -> None:
        self._lab, self._events = lab, events
        self._received, self._sent = metrics.received["lab"], metrics.sent["lab"]
        self.patience = 0.0
        self._missed = 0
        """How often `_beat` has looked since the last frame: this process may have been stopped itself, a clock would not tell."""
        self._asked = False
        """It was asked for a sign since the last frame."""
        self._late = self._silent = False
        self._over = threading.Event()
        self._ids = itertools.count(1)
        self._channels: dict[int, ChannelListener] = {}
        self._answers: dict[int, OnAnswer] = {}
        self._traces: dict[int, OnTrace] = {}
        self._unheard: set[int] = set()
        """Channels and traces that were asked for since the last frame: the process may not know of them."""
        self._lock = threading.Lock()
        self.closing = self.is_cut = False
        try:
            self._connection = connect(socket, f"/lab/{lab}")
        except (OSError, WebSocketException) as e:
            raise unavailable(f"lab {lab} does not answer: {e}") from None
        start_thread(f"link-{lab}", self._read, after=self._ended, lab=lab)
        start_thread(f"beat-{lab}", self._beat, again=True, lab=lab)

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
            raise unavailable("the lab stopped answering, or was lost")
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
            if listener is not None or on_trace is not None:
                self._unheard.add(number)
        try:
            self._send(msgspec.json.encode(make(number)).decode())
        except (OSError, WebSocketException):
            self._channels.pop(number, None)
            self._answers.pop(number, None)
            self._traces.pop(number, None)
            self._ended()
            raise unavailable("the lab's process is gone") from None
        return number

    def _send(self, frame: str | bytes) -> None:
        self._connection.send(frame)
        self._sent.inc(len(frame))

    def feed(self, channel: int, data: bytes, stream: int = INPUT) -> None:
        """Send bytes on a channel; of INPUT of a command no bytes close it."""
        try:
            self._send(pack(channel, stream, data))
        except (OSError, WebSocketException):
            raise unavailable("the lab's process is gone") from None

    def drop(self, channel: int) -> None:
        """Call the listener of a channel no more."""
        self._channels.pop(channel, None)

    def cut(self) -> None:
        """End the connection as if it was lost, because something that it has told is missing: what it tells besides is of no use."""
        self.is_cut = True
        self._connection.close_socket()

    def close(self) -> None:
        """End the connection; the lab runs on."""
        self.closing = True
        self._over.set()
        start_thread(f"close-{self._lab}", self._connection.close, lab=self._lab)  # it waits for the other side, which may hang

    def _give_up(self) -> None:
        """Tell everybody who waits for an answer that there is none, and whose command or trace was not begun. It would be when the process
        goes on, so it is told to end it. Those that it has begun stay."""
        with self._lock:
            waiting: list[Callable[[None], None]] = list(self._answers.values())
            self._answers.clear()
            unheard, self._unheard = sorted(self._unheard), set()
            waiting += [self._channels.pop(number).on_exit for number in unheard if number in self._channels]
            traces = [number for number in unheard if number in self._traces]
            waiting += [self._traces.pop(number) for number in traces]
        for number in unheard:
            with contextlib.suppress(ProblemError):
                self.send(partial(_ended, number, number in traces))
        for callback in waiting:
            self._guarded(partial(callback, None))

    # ---- the reading thread ------------------------------------------------------------------------------------------

    def _read(self) -> None:
        try:
            self._read_frames()
        except ConnectionClosed:
            pass
        except Exception as e:
            failure(e, f"lab {self._lab} says what the server does not understand: connecting anew")

    @property
    def is_over(self) -> bool:
        """Whether it has ended."""
        return self._over.is_set()

    def _ended(self) -> None:
        """The connection has ended, however: everybody who waits is told, and whose lab it is connects anew. Whichever thread sees it first
        calls this; `lost` may be told twice."""
        self._over.set()
        self._guarded(self._connection.close_socket)
        self._end_pending()
        self._events.lost(self)

    def _read_frames(self) -> None:
        """Until the connection ends. Raises what a frame that cannot be read, or taken in, raises: what was in it is then missing, and the
        connection is made anew. What those raise who get it is logged, and is their matter."""
        decoder = msgspec.json.Decoder(p.AnyLabEvent)
        share = throttle.of_lab(self._lab)
        meter = Meter(share)
        for frame in self._connection:
            self._hear()
            self._received.inc(len(frame))
            meter.count()
            share.wait()
            if isinstance(frame, bytes):
                channel, stream, data = unpack(frame)
                self._on_frame(channel, stream, data)
            else:
                self._dispatch(decoder.decode(frame))

    def _guarded(self, run: Callable[[], object]) -> None:
        """Run what others have given; what it raises is logged."""
        try:
            run()
        except Exception as e:
            failure(e, f"lab {self._lab}: an event could not be taken in")

    # ---- whether it is there -----------------------------------------------------------------------------------------

    def _hear(self) -> None:
        """A frame has come."""
        self._missed, self._asked = 0, False
        self._unheard.clear()
        if self._late:
            self._late = self._silent = False
            self._guarded(lambda: self._events.heard(self))

    def _beat(self) -> None:
        """Until the connection ends: ask for a heartbeat when nothing was heard for BEAT_SECONDS, and report silence after SILENT_SECONDS
        (and `patience`)."""
        while not self._over.wait(BEAT_SECONDS / 4):
            self._missed += 1
            seconds = self._missed * BEAT_SECONDS / 4
            if not self._asked and seconds >= BEAT_SECONDS:
                with contextlib.suppress(ProblemError):  # it has ended
                    self._request(lambda id: p.Heartbeat(id=id))
                self._asked = True  # only now: what fails is tried again
            if not self._late and seconds > SILENT_SECONDS:
                self._late = True
                self._guarded(lambda: self._events.unheard(self))
            if not self._silent and seconds > SILENT_SECONDS + self.patience:
                self._silent = True
                self._guarded(self._give_up)
                self._guarded(lambda: self._events.silence(self))

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
            self._guarded(partial(callback, None))

    def _on_frame(self, number: int, stream: int, data: bytes) -> None:
        listener = self._channels.get(number)
        if listener is not None and (data or stream not in (OUTPUT, ERROR)):
            self._guarded(partial(listener.on_data, stream, data))

    def _dispatch(self, event: p.AnyLabEvent) -> None:
        match event:
            case p.Exit():
                if ended := self._channels.pop(event.channel, None):
                    self._guarded(partial(ended.on_exit, event))
            case p.Attached() | p.Facts() | p.Applied() | p.LimitReached():
                self._events.event(self, event)
            case p.Sighted():
                self._guarded(partial(self._traces.get(event.id, _ignore), event))
            case p.TraceEnded():
                self._guarded(partial(self._traces.pop(event.id, _ignore), event))
            case _ if event.id in self._answers:
                self._guarded(partial(self._answers.pop(event.id), event))
            case p.LabAnswer():
                self._events.event(self, event)


def _ended(target: int, is_trace: bool, id: int) -> p.AnyLabRequest:
    """The request that ends a command or a trace."""
    return p.StopTrace(id=id, target=target) if is_trace else p.Signal(id=id, signal=signal.SIGKILL, channel=target)


def _ignore(_event: p.Sighted | p.TraceEnded | None) -> None:
    """A trace that is no longer known."""
