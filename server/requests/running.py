"""Requests that go on: commands in a lab, pings, what ip netns says."""

import signal
from collections.abc import Callable
from functools import partial

from protocol import private as p
from protocol.public import (
    AnyResult,
    Done,
    EndProcess,
    Exec,
    Exited,
    NetnsQuery,
    Output,
    Ping,
    PingDone,
    PingNote,
    PingReply,
    Text,
)
from server.agent_link import Channel, LabLink, unavailable
from server.lab.workspace import Workspace
from server.outbox import Cancellable, Session
from topology.journey import ping as said
from topology.journey.ask import resolve
from topology.journey.endpoints import source_namespace, target_address
from topology.journey.hop import Journey
from topology.journey.predicted.predict import predict
from topology.journey.probe import Ask
from topology.model.problems import Code, Problem, ProblemError


def _cancel(link: LabLink, channel: int, default: int, number: int | None) -> None:
    link.send(lambda id: p.Signal(id=id, signal=number or default, channel=channel))


def exec_(workspace: Workspace, session: Session, request: Exec) -> None:
    """Its bytes both ways; the answer when it has ended."""
    link = workspace.live_link()

    def on_exit(ended: p.Exit | None) -> None:
        session.running.pop(request.id, None)
        if ended is None:
            session.refuse(request.id, unavailable("the lab was lost while the command ran").problem)
        elif ended.problem is not None and ended.code not in (126, 127):
            session.refuse(request.id, ended.problem)
        else:
            if ended.problem is not None:
                session.item(request.id, Output(stream=2, data=f"{ended.problem.message}\n".encode()))
            session.answer(request.id, Exited(code=ended.code))

    def feed(data: bytes, eof: bool) -> None:
        if data:
            link.feed(channel, data)
        if eof:
            link.feed(channel, b"")

    started = Channel(lambda stream, data: session.item(request.id, Output(stream=stream, data=data)), on_exit)
    early: list[tuple[bytes, bool]] = []
    session.running[request.id] = Cancellable(lambda data, eof: early.append((data, eof)), lambda _: None)
    channel = link.run(
        started,
        lambda id: p.Run(
            id=id, channel=id, namespace=request.namespace, argv=request.argv, tty=request.tty, rows=request.rows, columns=request.columns,
            env=request.env,
        ),
    )  # fmt: skip
    if request.id in session.running:
        session.running[request.id] = Cancellable(feed, partial(_cancel, link, channel, signal.SIGTERM))
    for data, eof in early:
        feed(data, eof)


class _Pinging:
    """One ping(8), read line by line. `ask`: the packet that it sends."""

    def __init__(self, workspace: Workspace, session: Session, request: Ping, ask: Ask) -> None:
        self.workspace, self.session, self.request, self.ask = workspace, session, request, ask
        self.parsers = {1: said.Parser(), 2: said.Parser()}
        self.sent = self.received = 0
        self.failed = False

    def data(self, stream: int, data: bytes) -> None:
        for line in self.parsers[stream].feed(data):
            self._line(line)

    def _line(self, line: said.Line) -> None:
        match line:
            case said.Reply():
                self.session.item(
                    self.request.id,
                    PingReply(sequence=line.sequence, source=line.source, bytes=line.bytes, ttl=line.ttl, time_ms=line.time_ms),
                )
            case said.Note():
                self.failed = self.failed or line.error
                self.session.item(self.request.id, PingNote(text=line.text, sequence=line.sequence, error=line.error))
            case said.Summary():
                self.sent, self.received = line.sent, line.received

    def exit(self, ended: p.Exit | None) -> None:
        for stream in self.parsers:
            self.data(stream, b"")
        self.session.running.pop(self.request.id, None)
        if ended is None:
            self.session.refuse(self.request.id, unavailable("the lab was lost while it pinged").problem)
        elif ended.problem is not None:
            self.session.refuse(self.request.id, ended.problem)
        else:
            # the kernel refused before anything was sent: that counts as one that did not arrive
            sent = max(self.sent, 1)
            predicted = self._predicted() if self.received < sent else None
            self.session.answer(self.request.id, PingDone(sent=sent, received=self.received, predicted=predicted))

    def _predicted(self) -> Journey | None:
        """What is known of the lab now, and what it does to this packet; None where it cannot be sent any more."""
        records, live = self.workspace.observed.records, self.workspace.observed.live
        try:
            return predict(resolve(self.ask, records, live), records, live)
        except ProblemError:
            return None


def ping(workspace: Workspace, session: Session, request: Ping) -> None:
    """Real ICMP from inside the source's namespace."""
    link = workspace.live_link()
    records = workspace.observed.records
    namespace = source_namespace(records, request.source)
    address = target_address(records, request.target, request.ipv6, namespace)
    argv = ["ping", "-n", "-O", "-i", str(request.interval), "-s", str(request.size), "-W", "1"]
    argv += ["-c", str(request.count)] if request.count else []
    argv += ["-t", str(request.ttl)] if request.ttl is not None else []
    ask = Ask(source=namespace, target=address, ipv6=":" in address, size=request.size, ttl=request.ttl)
    pinging = _Pinging(workspace, session, request, ask)
    channel = link.run(Channel(pinging.data, pinging.exit), lambda id: p.Run(id=id, channel=id, namespace=namespace, argv=(*argv, address)))
    session.running[request.id] = Cancellable(lambda _data, _eof: None, partial(_cancel, link, channel, signal.SIGINT))


def end_process(workspace: Workspace, session: Session, request: EndProcess) -> None:
    """kill(1), in the lab: it says why not in its own words."""
    argv = ("kill", f"-{request.signal}", str(request.pid))
    words(workspace.live_link(), session, request.id, argv, lambda _: Done())


def netns(workspace: Workspace, session: Session, request: NetnsQuery) -> None:
    """What `ip netns` itself prints, in the lab's host."""
    argv = ("ip", "netns", request.query, *([request.argument] if request.argument else []))
    words(workspace.live_link(), session, request.id, argv, lambda text: Text(text=text))


def words(
    link: LabLink, session: Session, id: str, argv: tuple[str, ...], result: Callable[[str], AnyResult], namespace: str = "host"
) -> None:
    """Run a short command; the answer is made of its output, a refusal of what it says on standard error."""
    out: dict[int, bytearray] = {1: bytearray(), 2: bytearray()}

    def on_exit(ended: p.Exit | None) -> None:
        if ended is None or ended.problem is not None:
            problem = ended.problem if ended is not None else None
            session.refuse(id, problem or unavailable("the lab was lost").problem)
        elif ended.code != 0:
            told = out[2].decode("utf-8", "replace").strip() or f"{' '.join(argv)} ended with {ended.code}"
            session.refuse(id, Problem(code=Code.REFUSED, message=told))
        else:
            session.answer(id, result(out[1].decode("utf-8", "replace")))

    channel = Channel(lambda stream, data: out[stream].extend(data), on_exit)
    link.run(channel, lambda id: p.Run(id=id, channel=id, namespace=namespace, argv=argv))
