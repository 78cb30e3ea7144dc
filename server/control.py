"""The connection to the agent itself, which makes and ends the processes of labs.

A thread reads it, another sees whether the agent answers."""

import itertools
import queue
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from functools import partial
from pathlib import Path

import msgspec
from websockets.exceptions import ConnectionClosed, WebSocketException
from websockets.sync.client import ClientConnection

from logs import failure, start_thread
from protocol import private as p
from server.agent_link import WAIT_SECONDS, connect
from server.metrics import Metrics
from server.problems import unavailable
from topology.model.problems import Problem, ProblemError

CONTROL_SECONDS = 60.0
"""How long the agent has for a request: to make a sandbox, or to end one."""

BEAT_SECONDS = 2.0
"""How often the agent is asked whether it is there, where somebody waits for it and nothing else is heard."""

SILENT_SECONDS = 6.0
"""An agent that has not answered for this long is silent. It never waits for a lab, so it always could."""


class Control:
    """Requests to the agent.

    `reasons`: why a lab's process ended, by lab. `on_limit`: called on the reading thread when a lab
    reaches a limit; with True where the agent ends it for that.
    `on_heard`: when the agent was silent, and answers again.
    """

    def __init__(self, socket: Path, metrics: Metrics) -> None:
        self.socket, self.metrics = socket, metrics
        self.reasons: dict[str, str] = {}
        self.on_limit: Callable[[str, Problem, bool], None] = lambda _lab, _problem, _end: None
        self.on_heard: Callable[[], None] = lambda: None
        self._ids = itertools.count(1)
        self._lock = threading.Lock()
        self._current: _Agent | None = None
        self._opening: Future[_Agent] | None = None

    def check(self, seconds: float) -> None:
        """Raises ProblemError where the agent does not answer within `seconds`, of which it is not given any to start."""
        try:
            answer = self._ask(p.Hello(id=next(self._ids)), seconds)
        except (OSError, WebSocketException) as e:
            raise unavailable(f"the agent cannot be reached: {e}") from None
        if answer.problem is not None:
            raise ProblemError(answer.problem)

    def ask(self, make: Callable[[int], p.AnyControlRequest], seconds: float = CONTROL_SECONDS) -> p.ControlAnswer:
        """Send a request and wait for its answer, for up to `seconds` in all. Connects first, for up to `WAIT_SECONDS` of them while the
        agent starts. Raises ProblemError; where the agent is silent, as soon as that is known.

        What was sent before, a silent agent will do when it goes on; a `Stop` is sent to it all the same, so that it also ends what was
        given up. Several threads may ask at once; each waits for its own answer alone.
        """
        began = time.monotonic()
        while True:
            try:
                answer = self._ask(make(next(self._ids)), max(0.0, began + seconds - time.monotonic()))
                break
            except (OSError, WebSocketException) as e:
                if isinstance(e, TimeoutError) or time.monotonic() > began + min(seconds, WAIT_SECONDS):
                    raise unavailable(f"the agent does not answer: {e}") from None
                time.sleep(0.1)
        if answer.problem is not None:
            raise ProblemError(answer.problem)
        return answer

    def _ask(self, request: p.AnyControlRequest, seconds: float) -> p.ControlAnswer:
        return self._agent(seconds).ask(request, seconds)

    def _agent(self, seconds: float) -> "_Agent":
        """The connection; all who need one wait for the same attempt to make it, each no longer than `seconds`."""
        with self._lock:
            if self._current is not None and not self._current.is_over:
                return self._current
            if (opening := self._opening) is None:
                opening = self._opening = Future()
                start_thread("agent-connect", partial(self._open, opening))
        try:
            return opening.result(seconds)
        except TimeoutError as e:
            raise TimeoutError(str(e) or f"no connection within {seconds:.0f} s") from None

    def _open(self, opening: "Future[_Agent]") -> None:
        try:
            agent = _Agent(connect(self.socket, "/control"), lambda *event: self._dispatch(*event), lambda: self.on_heard())
            with self._lock:
                self._current, self._opening = agent, None
            self.metrics.agent_connected()
            start_thread("agent-link", agent.read, after=partial(self._over, agent))
            start_thread("agent-beat", agent.beat, again=True)
        except Exception as e:  # whoever asks reports it
            with self._lock:
                self._current = self._opening = None
            opening.set_exception(e)
        else:
            opening.set_result(agent)

    def _over(self, agent: "_Agent") -> None:
        """The connection has ended, however: the next request makes a new one, who waits is told."""
        with self._lock:
            if self._current is agent:
                self._current = None
        agent.end()

    def _dispatch(self, agent: "_Agent", event: p.AnyControlEvent) -> None:
        match event:
            case p.LabGone():
                self.reasons[event.lab] = event.reason
            case p.LabLimit():
                self.on_limit(event.lab, event.problem, event.end)
            case p.ControlAnswer():
                agent.answered(event)


_Waiting = queue.SimpleQueue[p.ControlAnswer | Exception]


class _Agent:
    """One connection. On the thread that reads it `dispatch` takes what comes, and `on_heard` is called when it answers after a silence."""

    def __init__(
        self, connection: ClientConnection, dispatch: Callable[["_Agent", p.AnyControlEvent], None], on_heard: Callable[[], None]
    ) -> None:
        self._connection, self._dispatch, self._on_heard = connection, dispatch, on_heard
        self._lock = threading.Lock()
        self._waiting: dict[int, _Waiting] = {}
        """Who waits for an answer, by request id."""
        self._missed = 0
        """How often `beat` has looked since the last frame: this process may have been stopped itself, a clock would not tell."""
        self._asked = self._silent = False
        self._over = threading.Event()

    def ask(self, request: p.AnyControlRequest, seconds: float) -> p.ControlAnswer:
        """Raises ProblemError (UNAVAILABLE) where it is silent or does not answer in time, OSError or WebSocketException where the
        connection is lost."""
        answers: _Waiting = queue.SimpleQueue()
        with self._lock:
            if self._over.is_set():
                raise OSError("the connection was lost")
            if self._silent and not isinstance(request, p.Stop):
                raise self._is_silent()
            self._waiting[request.id] = answers
        try:
            self._connection.send(msgspec.json.encode(request).decode())
            if self._silent:
                raise self._is_silent()
            answer = answers.get(timeout=seconds)
        except queue.Empty:
            raise unavailable(f"the agent has not answered for {seconds:.0f} s") from None
        except (OSError, WebSocketException):
            self.end()
            raise
        finally:
            self._waiting.pop(request.id, None)
        if isinstance(answer, Exception):
            raise answer
        return answer

    def _is_silent(self) -> ProblemError:
        return unavailable(f"the agent has not answered for {self._missed * BEAT_SECONDS / 4:.0f} s")

    def answered(self, answer: p.ControlAnswer) -> None:
        """Pass it on to who waits for it."""
        if answers := self._waiting.pop(answer.id, None):
            answers.put(answer)

    def _tell(self, error: Exception) -> None:
        """Everybody who waits."""
        with self._lock:
            waiting = list(self._waiting.values())
            self._waiting.clear()
        for answers in waiting:
            answers.put(error)

    def read(self) -> None:
        """Until the connection ends."""
        decoder = msgspec.json.Decoder(p.AnyControlEvent)
        try:
            for frame in self._connection:
                self._hear()
                self._dispatch(self, decoder.decode(frame))
        except ConnectionClosed:
            pass
        except Exception as e:
            failure(e, "the agent says what the server does not understand: connecting anew")

    @property
    def is_over(self) -> bool:
        """Whether it has ended."""
        return self._over.is_set()

    def end(self) -> None:
        """The connection has ended. It may be called twice."""
        self._over.set()
        self._connection.close_socket()
        self._tell(OSError("the connection was lost"))

    def _hear(self) -> None:
        """A frame has come."""
        self._missed, self._asked = 0, False
        if self._silent:
            self._silent = False
            self._on_heard()

    def beat(self) -> None:
        """Until the connection ends: while somebody waits for the agent, see whether it is there."""
        while not self._over.wait(BEAT_SECONDS / 4):
            if not self._waiting and not self._asked:
                self._missed = 0
                continue
            self._missed += 1
            seconds = self._missed * BEAT_SECONDS / 4
            if not self._asked and seconds >= BEAT_SECONDS:
                self._asked = True
                try:
                    self._connection.send(msgspec.json.encode(p.Hello(id=0)).decode())
                except (OSError, WebSocketException):
                    continue  # the reading thread ends it
            if not self._silent and seconds > SILENT_SECONDS:
                self._silent = True
                self._tell(self._is_silent())
