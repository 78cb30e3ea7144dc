"""One thread that does one job after the other: the only one that may change a lab's state."""

import queue
import threading
import time
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from typing import NamedTuple, TypeVar

from protocol.public import AnyResult
from server.agent_link import unavailable
from server.outbox import Session, problem_of
from server.throttle import THROTTLES, Meter

T = TypeVar("T")


class Job(NamedTuple):
    """`event`: the lab said something, which is also taken in while the writer waits for it."""

    run: Callable[[], None]
    event: bool = False


class Writer(ABC):
    """Base of a workspace, which says what to do when nothing comes (`_quiet` after `_timeout` seconds) and when all is done (`_idle`)."""

    def __init__(self, name: str) -> None:
        self._jobs: queue.SimpleQueue[Job] = queue.SimpleQueue()
        self._put_off: deque[Job] = deque()
        self._ended = False
        self._throttle_name = name.replace("-", ":", 1)
        self._lost = False
        self.thread = threading.Thread(target=self._work, name=name, daemon=True)

    @abstractmethod
    def _timeout(self) -> float | None:
        """Seconds until `_quiet`; None: never."""

    @abstractmethod
    def _quiet(self) -> None:
        """Nothing came for so long."""

    @abstractmethod
    def _idle(self) -> None:
        """Every job is done."""

    @abstractmethod
    def _failed(self, error: Exception) -> None:
        """A job that nobody waits for failed."""

    def submit(self, run: Callable[[], None], event: bool = False) -> None:
        """Do this on the writer's thread, after what was asked before."""
        self._jobs.put(Job(run, event))

    def ask(self, session: Session, id: str, job: Callable[[], AnyResult]) -> None:
        """`submit`, with its result (or its problem) as the one answer to request `id`."""

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
        meter = Meter(THROTTLES.of(self._throttle_name))
        while not self._ended:
            try:
                job = self._put_off.popleft() if self._put_off else self._jobs.get(timeout=self._timeout())
            except queue.Empty:
                job = Job(self._quiet)
            try:
                job.run()
            except Exception as e:
                self._failed(e)
            if self._jobs.empty():
                self._idle()
            meter.count()

    def _wait(self, done: Callable[[], bool], what: str, seconds: float = 120.0) -> None:
        """Take in what the lab says until it is so; other jobs wait."""
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
                self._put_off.append(job)
