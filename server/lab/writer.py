"""The writer of a lab: one thread that runs one job after the other, the only one that changes the state of the lab."""

import queue
import threading
import time
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from typing import NamedTuple, TypeVar

from protocol.public import AnyResult
from server import throttle
from server.problems import problem_of, unavailable
from server.sessions import Session
from server.throttle import Meter

T = TypeVar("T")


class Job(NamedTuple):
    """`event`: it takes in an event of the lab, and so also runs while another job waits for the lab."""

    run: Callable[[], None]
    event: bool = False


class Writer(ABC):
    """Base of a workspace. A subclass says what happens between jobs (`_idle`) and after `_timeout` seconds without one (`_quiet`)."""

    def __init__(self, lab: str) -> None:
        self._throttle = throttle.of_lab(lab)
        self._jobs: queue.SimpleQueue[Job] = queue.SimpleQueue()
        self._deferred: deque[Job] = deque()
        """Jobs that came while another one waited for the lab."""
        self._ended = False
        self._lost = False
        """The connection to the lab was lost."""
        self.thread = threading.Thread(target=self._work, name=f"lab-{lab}", daemon=True)

    @abstractmethod
    def _timeout(self) -> float | None:
        """Seconds without a job until `_quiet` is called; None: never."""

    @abstractmethod
    def _quiet(self) -> None:
        """There was no job for `_timeout` seconds."""

    @abstractmethod
    def _idle(self) -> None:
        """The queue is empty."""

    @abstractmethod
    def _failed(self, error: Exception) -> None:
        """A job failed that answers no request."""

    def submit(self, run: Callable[[], None], event: bool = False) -> None:
        """Run this on the writer's thread, after the jobs that are queued."""
        self._jobs.put(Job(run, event))

    def ask(self, session: Session, id: str, job: Callable[[], AnyResult]) -> None:
        """Run a job on the writer's thread, and answer request `id` with its result, or with the problem that it raises."""

        def answered() -> None:
            try:
                result = job()
            except Exception as e:
                session.refuse(id, problem_of(e))
            else:
                session.answer(id, result)

        self.submit(answered)

    def call(self, job: Callable[[], T], seconds: float = 60.0) -> T:
        """Do this on the writer's thread, and wait for its result. Raises what the job raises, or ProblemError when it takes too long."""
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

    def _work(self) -> None:
        meter = Meter(self._throttle)
        while not self._ended:
            job = self._next()
            try:
                job.run()
            except Exception as e:
                self._failed(e)
            if self._jobs.empty():
                self._idle()
            meter.count()

    def _next(self) -> Job:
        try:
            return self._deferred.popleft() if self._deferred else self._jobs.get(timeout=self._timeout())
        except queue.Empty:
            return Job(self._quiet)

    def _wait(self, done: Callable[[], bool], what: str, seconds: float = 120.0) -> None:
        """Inside a job: take in events of the lab until `done`; other jobs are deferred. Raises ProblemError (UNAVAILABLE) when the lab is
        lost or takes longer than `seconds`. `what`: the end of the message, as in "while it was attached"."""
        end = time.monotonic() + seconds
        while not done():
            if self._lost:
                raise unavailable(f"the lab's process was lost while {what}")
            try:
                job = self._jobs.get(timeout=max(0.0, end - time.monotonic()))
            except queue.Empty:
                raise unavailable(f"the lab did not answer while {what}") from None
            if job.event:
                job.run()
            else:
                self._deferred.append(job)
