"""Commands and pings in a lab: to run, feed and cancel them."""

import signal

import msgspec

from logs import problem_of
from protocol import private as p
from protocol.frames import ERROR, OUTPUT
from protocol.limits import MAX_SIGNAL
from protocol.public import (
    Cancel,
    Done,
    EndProcess,
    Exec,
    Exited,
    Input,
    NetnsQuery,
    Output,
    Ping,
    PingDone,
    PingNote,
    PingReply,
    Text,
)
from server.agent_link import ChannelListener
from server.hub import Hub
from server.lab.workspace import Workspace
from server.problems import unavailable
from server.requests import programs
from server.requests.journeys import follow, nonce
from server.requests.remedies import remedies
from server.requests.terminals import check_size
from server.sessions import Session
from topology.journey import ping as parsed
from topology.journey.ask import resolve
from topology.journey.endpoints import source_namespace, target_address
from topology.journey.hop import Journey
from topology.journey.predicted.predict import predict_ping
from topology.journey.probe import Ask
from topology.model import ids
from topology.model.problems import ProblemError, invalid

_WAIT_SECONDS = 1.0
"""How long a packet is followed that is sent after a ping without an answer."""
_NOT_STARTED = (126, 127)
"""Exit codes of a shell for a command that is not executable or not found; it says so on standard error."""


def execute(workspace: Workspace, session: Session, request: Exec) -> None:
    """Run a command; its output is the stream, its exit code the answer."""
    check_size(request.rows, request.columns)

    def on_data(stream: int, data: bytes) -> None:
        session.item(request.id, Output(stream=stream, data=data))

    def run(channel: int) -> p.Run:
        return p.Run(
            id=channel, channel=channel, namespace=request.namespace, argv=request.argv, tty=request.tty, rows=request.rows,
            columns=request.columns, env=request.env,
        )  # fmt: skip

    listener = ChannelListener(on_data, lambda ended: _exited(session, request.id, ended))
    programs.start(workspace.live_link(), session, request.id, listener, run, signal.SIGTERM)


def _exited(session: Session, request_id: str, ended: p.Exit | None) -> None:
    session.running.pop(request_id, None)
    if ended is None:
        session.refuse(request_id, unavailable("the lab stopped answering, or was lost, while the command ran").problem)
    elif ended.problem is None:
        session.answer(request_id, Exited(code=ended.code))
    elif ended.code in _NOT_STARTED:
        session.item(request_id, Output(stream=ERROR, data=f"{ended.problem.message}\n".encode()))
        session.answer(request_id, Exited(code=ended.code))
    else:
        session.refuse(request_id, ended.problem)


class _Ping:
    """A running ping(8), whose output is parsed line by line. `ask`: the packet that it sends."""

    def __init__(self, workspace: Workspace, session: Session, request: Ping, ask: Ask) -> None:
        self._workspace, self._session, self._request, self._ask = workspace, session, request, ask
        self._parsers = {OUTPUT: parsed.Parser(), ERROR: parsed.Parser()}
        self._sent = self._received = 0

    def on_data(self, stream: int, data: bytes) -> None:
        """Parse output, and send what it says."""
        for line in self._parsers[stream].feed(data):
            self._on_line(line)

    def _on_line(self, line: parsed.Line) -> None:
        match line:
            case parsed.Reply():
                reply = PingReply(sequence=line.sequence, source=line.source, bytes=line.bytes, ttl=line.ttl, time_ms=line.time_ms)
                self._session.item(self._request.id, reply)
            case parsed.Note():
                self._session.item(self._request.id, PingNote(text=line.text, sequence=line.sequence, error=line.error))
            case parsed.Summary():
                self._sent, self._received = line.sent, line.received

    def on_exit(self, ended: p.Exit | None) -> None:
        """Parse what is left, and answer."""
        self._session.running.pop(self._request.id, None)
        if ended is None:
            self._session.refuse(self._request.id, unavailable("the lab stopped answering, or was lost, while it pinged").problem)
        elif ended.problem is not None:
            self._session.refuse(self._request.id, ended.problem)
        else:
            try:
                self._conclude()
            except Exception as e:
                self._session.refuse(self._request.id, problem_of(e))

    def _conclude(self) -> None:
        for stream in self._parsers:
            self.on_data(stream, b"")
        if self._received >= self._count:
            self._answer(None)
        else:
            self._explain()

    @property
    def _count(self) -> int:
        return max(self._sent, 1)  # the kernel refused before anything was sent: that counts as one that did not arrive

    def _explain(self) -> None:
        """Send one more, and follow it: what was seen of it says why. Only where it cannot be sent, what is expected of it does."""
        expected = self._predicted()
        if expected is None:
            self._answer(None)
            return
        probe = msgspec.structs.replace(expected.probe, nonce=nonce())
        try:
            follow(self._workspace, probe, _WAIT_SECONDS, lambda journey: self._answer(journey or expected))
        except ProblemError:
            self._answer(expected)

    def _answer(self, journey: Journey | None) -> None:
        self._session.answer_with(self._request.id, lambda: self._done(journey))

    def _done(self, journey: Journey | None) -> PingDone:
        observed = self._workspace.observed
        may_help = remedies(journey, observed.records, observed.live) if journey is not None else ()
        return PingDone(sent=self._count, received=self._received, journey=journey, remedies=may_help, ask=self._ask)

    def _predicted(self) -> Journey | None:
        """What the observed state does to this packet, sent as ping sends it; None where it cannot be sent any more."""
        observed = self._workspace.observed
        try:
            return predict_ping(resolve(self._ask, observed.records, observed.live), observed.records, observed.live)
        except ProblemError:
            return None


def ping(workspace: Workspace, session: Session, request: Ping) -> None:
    """Run ping(8) in the namespace of the source."""
    link, records = workspace.live_link(), workspace.observed.records
    namespace = source_namespace(records, request.source)
    address = target_address(records, request.target, request.ipv6, namespace)
    argv = (*_ping_argv(request), address)
    ask = Ask(source=request.source, target=address, ipv6=":" in address, size=request.size, ttl=request.ttl)
    pinging = _Ping(workspace, session, request, ask)
    listener = ChannelListener(pinging.on_data, pinging.on_exit)

    def run(channel: int) -> p.Run:
        return p.Run(id=channel, channel=channel, namespace=namespace, argv=argv)

    programs.start(link, session, request.id, listener, run, signal.SIGINT)


def _ping_argv(request: Ping) -> tuple[str, ...]:
    """ping(8) and its options: numeric, with a line for each missing reply (-O), waiting 1 s for the last one (-W)."""
    argv = ["ping", "-n", "-O", "-i", str(request.interval), "-s", str(request.size), "-W", "1"]
    argv += ["-c", str(request.count)] if request.count else []
    argv += ["-t", str(request.ttl)] if request.ttl is not None else []
    argv += ["-I", ids.name_of(request.source)] if ids.is_ref(request.source) else []
    return tuple(argv)


def feed(_hub: Hub, session: Session, request: Input) -> Done:
    """Input for a running command. For one that has ended it is lost, as in a shell."""
    target = session.running.get(request.target)
    if target is not None:
        target.feed(request.data, request.eof)
    return Done()


def cancel(_hub: Hub, session: Session, request: Cancel) -> Done:
    """End a running request, or take one back that its lab has not begun; nothing to do for one that has ended."""
    if request.signal is not None:
        _check_signal(request.signal)
    if (take_back := session.waiting.get(request.target)) is not None:
        take_back()
    target = session.running.get(request.target)
    if target is not None:
        target.cancel(request.signal)
    return Done()


def _check_signal(number: int) -> None:
    """Raises ProblemError where there is no such signal."""
    if not 1 <= number <= MAX_SIGNAL:
        raise invalid(f"there is no signal {number}", None, f"signals are 1 to {MAX_SIGNAL}: signal(7)")


def end_process(workspace: Workspace, session: Session, request: EndProcess) -> None:
    """kill(1) in the lab, which says itself why not."""
    _check_signal(request.signal)
    argv = ("kill", f"-{request.signal}", str(request.pid))
    programs.collect(workspace.live_link(), session, request.id, argv, lambda _: Done())


def netns(workspace: Workspace, session: Session, request: NetnsQuery) -> None:
    """What `ip netns` itself prints in the namespace `host`."""
    argv = ("ip", "netns", request.query, *([request.argument] if request.argument else []))
    programs.collect(workspace.live_link(), session, request.id, argv, lambda text: Text(text=text))
