"""Programs that run in a lab for a request."""

import queue
from collections.abc import Callable

from protocol import private as p
from protocol.frames import ERROR, OUTPUT
from protocol.public import AnyResult
from server.agent_link import WAIT_SECONDS, ChannelListener, LabLink
from server.problems import unavailable
from server.sessions import RunningRequest, Session
from topology.model.base import HOST
from topology.model.problems import Code, Problem, ProblemError


def start(
    link: LabLink, session: Session, request_id: str, listener: ChannelListener, run: Callable[[int], p.Run], end_signal: int
) -> None:
    """Run a program that the client can feed and cancel. The listener's `on_exit` has to answer the request and to end it in `running`.

    `run`: makes the request to the lab of a channel number. `end_signal`: sent by a cancel without a signal.
    """
    channels: list[int] = []

    def make(channel: int) -> p.Run:
        channels.append(channel)
        return run(channel)

    def feed(data: bytes, eof: bool) -> None:
        for piece in (*([data] if data else []), *([b""] if eof else [])):
            link.feed(channels[0], piece)

    def cancel(number: int | None) -> None:
        link.send(lambda id: p.Signal(id=id, signal=number or end_signal, channel=channels[0]))

    session.running[request_id] = RunningRequest(feed, cancel)
    try:
        link.run(listener, make)
    except ProblemError:
        session.running.pop(request_id, None)
        raise


class _Collected:
    """A short program, whose output is collected. `on_end` is called with that, or with why it failed."""

    def __init__(self, name: str, on_end: Callable[[str | Problem], None]) -> None:
        self._name, self._on_end = name, on_end
        self._output = {OUTPUT: bytearray(), ERROR: bytearray()}

    def on_data(self, stream: int, data: bytes) -> None:
        """Collect."""
        self._output[stream].extend(data)

    def on_exit(self, ended: p.Exit | None) -> None:
        """Say how it ended."""
        self._on_end(self._problem(ended) or self._text(OUTPUT))

    def _problem(self, ended: p.Exit | None) -> Problem | None:
        if ended is None:
            return unavailable("the lab was lost").problem
        if ended.problem is not None or ended.code == 0:
            return ended.problem
        message = self._text(ERROR).strip() or f"{self._name} ended with {ended.code}"
        return Problem(code=Code.REFUSED, message=message)

    def _text(self, stream: int) -> str:
        return self._output[stream].decode("utf-8", "replace")


def collect(
    link: LabLink, session: Session, request_id: str, argv: tuple[str, ...], result: Callable[[str], AnyResult], namespace: str = HOST
) -> None:
    """Run a short program and answer with what `result` makes of its standard output.

    If it fails, the request is refused with the text of its standard error.
    """

    def on_end(found: str | Problem) -> None:
        if isinstance(found, Problem):
            session.refuse(request_id, found)
        else:
            session.answer(request_id, result(found))

    collected = _Collected(" ".join(argv), on_end)
    link.run(ChannelListener(collected.on_data, collected.on_exit), lambda id: p.Run(id=id, channel=id, namespace=namespace, argv=argv))


def output_of(link: LabLink, name: str, make: Callable[[int], p.Run | p.ListExtensions]) -> str:
    """Run a short program, and wait for its standard output; `name` is what a problem calls it. Raises ProblemError."""
    ended: queue.SimpleQueue[str | Problem] = queue.SimpleQueue()
    collected = _Collected(name, ended.put)
    link.run(ChannelListener(collected.on_data, collected.on_exit), make)
    try:
        found = ended.get(timeout=WAIT_SECONDS)
    except queue.Empty:
        raise unavailable(f"{name} did not end in {WAIT_SECONDS:.0f} s") from None
    if isinstance(found, Problem):
        raise ProblemError(found)
    return found
