"""The queue of a lab: one thread that runs one job after the other. Nothing but these jobs changes the state of the lab.

Events of the lab come first, and are also taken in while a job waits for the lab; requests take turns between tokens and sessions. Each
request is answered exactly once, also when the lab is gone. No exception ends the thread.
"""

import threading
import time
from collections import deque
from collections.abc import Callable, Iterable
from concurrent.futures import Future
from functools import partial
from typing import Protocol, TypeVar

from logs import about, failure, problem_of, start_thread
from protocol.public import AnyResult
from server import throttle
from server.lab.turns import Request, Turns
from server.problems import unavailable
from server.sessions import Session
from server.throttle import Meter
from topology.model.problems import Code, Problem, ProblemError

T = TypeVar("T")

MAX_WAITING = 1000
"""Requests of one session that wait in the queue of a lab."""


class Hooks(Protocol):
    """What happens between jobs."""

    def seconds(self) -> float | None:
        """Seconds without a job until `quiet` is called; None: never."""

    def quiet(self) -> None:
        """There was no job for that long."""

    def idle(self) -> None:
        """The queue is empty."""

    def failed(self, problem: Problem) -> None:
        """A job failed that answers no request."""


class Queue:
    """The jobs of one lab. `dropped`: requests that were not begun, because their session had left. Methods may be called on any thread.

    `name`: of its thread. `after`: called with the seconds that a job took, before the next one is begun.
    """

    def __init__(self, lab: str, hooks: Hooks, name: str = "lab", after: Callable[[float], None] = lambda _seconds: None) -> None:
        self._lab, self._hooks, self._name, self._after = lab, hooks, name, after
        self._throttle = throttle.of_lab(lab)
        self._events: deque[Callable[[], None]] = deque()
        self._own: deque[Callable[[], None]] = deque()
        """Jobs of the server itself."""
        self._requests = Turns()
        self._there = threading.Condition()
        self._ended = False
        self.dropped = 0
        self.thread: threading.Thread | None = None

    def __len__(self) -> int:
        with self._there:
            return len(self._own) + len(self._requests)

    def begin(self) -> None:
        """Start the thread. Should it fail outside of a job, it begins again."""
        self.thread = start_thread(f"{self._name}-{self._lab}", self._work, again=True, lab=self._lab)

    def join(self, seconds: float) -> None:
        """Wait until the thread has ended."""
        if self.thread is not None:
            self.thread.join(seconds)

    # ---- jobs --------------------------------------------------------------------------------------------------------

    def event(self, run: Callable[[], None]) -> None:
        """Take in an event of the lab: before all jobs, also while one waits for the lab."""
        self._add(self._events, run)

    def submit(self, run: Callable[[], None]) -> None:
        """Run a job of the server itself."""
        self._add(self._own, run)

    def _add(self, where: deque[Callable[[], None]], run: Callable[[], None]) -> None:
        with self._there:
            if not self._ended:
                where.append(run)
                self._there.notify()

    def ask(self, session: Session, id: str, job: Callable[[], AnyResult], drop: bool = False) -> None:
        """Run a job, and answer request `id` with its result, or with the problem that it raises."""
        self.start(session, id, lambda: session.answer(id, job()), drop)

    def start(self, session: Session, id: str, run: Callable[[], None], drop: bool = False) -> None:
        """Run a job that answers request `id` now or later. What it raises is the answer."""

        def guarded() -> None:
            with about(session=session.id):
                try:
                    run()
                except Exception as e:
                    session.refuse(id, problem_of(e))

        problem = self._enqueue(Request(session, id, guarded, drop))
        if problem is not None:
            session.refuse(id, problem)

    def _enqueue(self, request: Request) -> Problem | None:
        """Why it is refused at once."""
        with self._there:
            if self._ended:
                return gone(self._lab)
            if self._requests.count(request.session) >= MAX_WAITING:
                message = f"{MAX_WAITING} requests of this connection wait for the lab"
                return Problem(code=Code.LIMIT, message=message, hint="wait for answers before you ask for more")
            self._requests.add(request)
            request.session.waiting[request.id] = lambda: self._take_back(request)
            self._there.notify()
        return None

    def _take_back(self, request: Request) -> None:
        """Answer a request that has not been begun, and never begin it."""
        with self._there:
            if request not in self._requests.of(request.session):
                return
            self._requests.remove((request,))
            request.session.waiting.pop(request.id, None)
        request.session.refuse(request.id, Problem(code=Code.CONFLICT, message="cancelled before it began"))

    def forget(self, session: Session) -> None:
        """The session has left: what it asked for and nobody else waits for is not begun."""
        with self._there:
            left = tuple(request for request in self._requests.of(session) if request.drop)
            self._requests.remove(left)
            self.dropped += len(left)
        self._refuse_all(left, Problem(code=Code.UNAVAILABLE, message="its session has ended"))

    def call(self, job: Callable[[], T], seconds: float = 60.0) -> T:
        """Run a job and wait for its result. Raises what the job raises, or ProblemError when it takes too long."""
        future: Future[T] = Future()

        def run() -> None:
            try:
                future.set_result(job())
            except Exception as e:
                future.set_exception(e)

        self.submit(run)
        try:
            return future.result(seconds)
        except TimeoutError:
            raise unavailable(f"the lab did not come to it within {seconds:.0f} s") from None

    def end(self) -> None:
        """The thread ends after the job that runs; what still waits, and whatever comes later, is refused."""
        with self._there:
            self._ended = True
            left = tuple(self._requests.all())
            self._requests = Turns()
            self._there.notify()
        self._refuse_all(left, gone(self._lab))

    def _refuse_all(self, requests: Iterable[Request], problem: Problem) -> None:
        for request in requests:
            request.session.waiting.pop(request.id, None)
            self._guarded(partial(request.session.refuse, request.id, problem))

    # ---- the thread --------------------------------------------------------------------------------------------------

    def _work(self) -> None:
        meter = Meter(self._throttle)
        while not self._ended:
            job = self._next()
            began = time.monotonic()
            self._guarded(job)
            self._after(time.monotonic() - began)
            if not self._is_waiting():
                self._guarded(self._hooks.idle)
            meter.count()

    def _guarded(self, run: Callable[[], None]) -> None:
        """Run it; what it raises is reported, and never ends the thread."""
        try:
            run()
        except Exception as e:
            try:
                self._hooks.failed(problem_of(e))
            except Exception as error:
                failure(error, f"lab {self._lab}: a problem could not be reported")

    def _is_waiting(self) -> bool:
        with self._there:
            return bool(self._events or self._own or self._requests)

    def _next(self) -> Callable[[], None]:
        """The next job; `quiet` when there is none for a while."""
        seconds = self._hooks.seconds()
        end = None if seconds is None else time.monotonic() + seconds
        with self._there:
            while (job := self._pop()) is None:
                left = None if end is None else end - time.monotonic()
                if self._ended:
                    return lambda: None
                if left is not None and left <= 0:
                    return self._hooks.quiet
                self._there.wait(left)
            return job

    def _pop(self) -> Callable[[], None] | None:
        """With the lock held."""
        for jobs in (self._events, self._own):
            if jobs:
                return jobs.popleft()
        request = self._requests.pop()
        if request is None:
            return None
        request.session.waiting.pop(request.id, None)
        return request.run

    def wait(self, done: Callable[[], bool], what: str, seconds: float) -> None:
        """Inside a job: take in events of the lab until `done`, which may raise. Raises ProblemError (UNAVAILABLE) after `seconds`. `what`:
        the end of the message, as in "while it was attached"."""
        end = time.monotonic() + seconds
        while not done():
            with self._there:
                while not self._events and (left := end - time.monotonic()) > 0:
                    self._there.wait(left)
                event = self._events.popleft() if self._events else None
            if event is None:
                raise unavailable(f"the lab did not answer while {what}")
            self._guarded(event)


def gone(lab: str) -> Problem:
    """The lab was destroyed, or the server ends."""
    return ProblemError(Problem(code=Code.UNKNOWN, message=f"there is no lab {lab} any more", hint=f"vethboard new {lab} makes it")).problem
