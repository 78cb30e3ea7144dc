"""Journeys of packets: traced, watched or predicted."""

import secrets
import time
from collections.abc import Callable

from logs import problem_of
from protocol import private as p
from protocol.limits import MAX_TRACE_INTERVAL_SECONDS, MAX_TRACE_PACKETS, MAX_TRACE_WAIT_SECONDS, MAX_WATCH_RATE
from protocol.public import JourneyItem, Predict, Predicted, Trace, Traced, Watch, Watched
from server.agent_link import LabLink
from server.lab.workspace import Workspace
from server.problems import unavailable
from server.requests.remedies import remedies
from server.sessions import RunningRequest, Session
from topology.journey.ask import MAX_NAMESPACES, concerned, resolve, wires
from topology.journey.compare import compare
from topology.journey.explain import explained, resolved
from topology.journey.hop import Journey
from topology.journey.predicted.listening import taker, with_sockets
from topology.journey.predicted.predict import predict as predicted
from topology.journey.probe import Probe
from topology.journey.seen.stitch import origin, stitch
from topology.journey.sighting import AnySighting
from topology.model.problems import Problem, invalid
from topology.model.records import Namespace
from topology.observe.live import LiveRecords

UPDATE_SECONDS = 0.03
"""The shortest time between two items of a journey that is not complete yet."""


def predict(workspace: Workspace, _session: Session, request: Predict) -> Predicted:
    """The journey by the observed state; by the document if that is asked for, or if the lab has no process."""
    observed = workspace.observed
    from_document = request.desired or workspace.link is None
    records, live = (workspace.desired, {}) if from_document else (observed.records, observed.live)
    probe = resolve(request.ask, records, live)
    journey = predicted(probe, records, live, request.without)
    if not from_document and (taking := taker(journey)):
        journey = predicted(probe, records, _asked_for_sockets(workspace.live_link(), live, taking), request.without)
    return Predicted(journey=journey, remedies=remedies(journey, records, live))


def trace(workspace: Workspace, session: Session, request: Trace) -> None:
    """Send packets and trace them. Raises ProblemError."""
    if not 1 <= request.count <= MAX_TRACE_PACKETS or not 0 < request.wait <= MAX_TRACE_WAIT_SECONDS:
        raise invalid(f"count is 1 to {MAX_TRACE_PACKETS}, wait at most {MAX_TRACE_WAIT_SECONDS:g} s")
    if not 0 <= request.interval <= MAX_TRACE_INTERVAL_SECONDS:
        raise invalid(f"the interval is at most {MAX_TRACE_INTERVAL_SECONDS:g} s")
    _Trace(workspace, session, request).next()


def watch(workspace: Workspace, session: Session, request: Watch) -> None:
    """Trace packets of the lab's own traffic. Raises ProblemError."""
    if not 1 <= request.rate <= MAX_WATCH_RATE:
        raise invalid(f"the rate is 1 to {MAX_WATCH_RATE} traces a second")
    _Watch(workspace, session, request).start()


def _asked_for_sockets(link: LabLink, live: LiveRecords, namespace: str) -> LiveRecords:
    """With what listens in the namespace now, which is not watched."""
    answer = link.call(lambda id: p.ListSockets(id=id, namespace=namespace))
    return with_sockets(live, namespace, answer.sockets) if isinstance(answer, p.Sockets) else live


def follow(workspace: Workspace, probe: Probe, wait: float, done: Callable[[Journey | None], None]) -> None:
    """Send one packet, and call with its journey when that has ended; None: it could not be sent. Raises ProblemError."""
    observed, sightings = workspace.observed, list[AnySighting]()
    namespaces = concerned(probe, observed.records)
    links = wires(observed.records, namespaces)

    def on_event(event: p.Sighted | p.TraceEnded | None) -> None:
        if isinstance(event, p.Sighted):
            sightings.extend(event.sightings)
        else:
            done(None if event is None or event.problem is not None else _ended(workspace, probe, sightings))

    workspace.live_link().trace(lambda id: p.Trace(id=id, probe=probe, namespaces=namespaces, wires=links, wait=wait), on_event)


def _ended(workspace: Workspace, probe: Probe, sightings: list[AnySighting]) -> Journey:
    """The journey of a packet of which no more is seen, with its cause."""
    observed = workspace.observed
    journey = stitch(probe, sightings, observed.records, observed.live)
    return explained(journey, predicted(probe, observed.records, observed.live, known=resolved(journey)))


def _ignore_input(_data: bytes, _eof: bool) -> None:
    """A trace has no standard input."""


def _stop(link: LabLink, number: int) -> None:
    link.send(lambda id: p.StopTrace(id=id, target=number))


class _Trace:
    """A running `Trace`: one packet after the other."""

    def __init__(self, workspace: Workspace, session: Session, request: Trace) -> None:
        self._workspace, self._session, self._request = workspace, session, request
        self._link = workspace.live_link()
        self._journeys: list[Journey] = []
        self._predicted: Journey | None = None
        self._cancelled = False
        self._due = 0.0
        """When the next packet is to be sent, by time.monotonic()."""

    def next(self) -> None:
        """Send one more packet."""
        observed = self._workspace.observed
        self._probe: Probe = resolve(self._request.ask, observed.records, observed.live, nonce())
        self._sightings: list[AnySighting] = []
        self._last_update = 0.0
        self._predicted = self._predicted or self._expected()
        namespaces = concerned(self._probe, observed.records)
        links = wires(observed.records, namespaces)
        now, wait = time.monotonic(), self._request.wait
        delay = max(0.0, self._due - now)
        self._due = now + delay + self._request.interval
        number = self._link.trace(
            lambda id: p.Trace(id=id, probe=self._probe, namespaces=namespaces, wires=links, wait=wait, delay=delay), self._on_event
        )
        self._session.running[self._request.id] = RunningRequest(_ignore_input, lambda _signal: self._cancel(number))

    def _expected(self) -> Journey:
        """What the packet is expected to do. Only of the first one: this waits for an answer of the lab's process."""
        observed = self._workspace.observed
        journey = predicted(self._probe, observed.records, observed.live)
        if not (taking := taker(journey)):
            return journey
        return predicted(self._probe, observed.records, _asked_for_sockets(self._link, observed.live, taking))

    def _cancel(self, number: int) -> None:
        self._cancelled = True
        _stop(self._link, number)

    def _on_event(self, event: p.Sighted | p.TraceEnded | None) -> None:
        """On the link's thread."""
        try:
            if isinstance(event, p.Sighted):
                self._on_sightings(event.sightings)
            else:
                self._on_end(event)
        except Exception as e:
            self._refuse(problem_of(e))

    def _on_sightings(self, sightings: tuple[AnySighting, ...]) -> None:
        self._sightings += sightings
        now = time.monotonic()
        if now - self._last_update >= UPDATE_SECONDS:
            self._last_update = now
            self._send(self._journey(ended=False), ended=False)

    def _on_end(self, event: p.TraceEnded | None) -> None:
        """The packet is done with (None: the lab was lost): send the next one, or answer."""
        if event is None:
            raise unavailable("the lab stopped answering, or was lost, while the packet was followed")
        if event.problem is not None:
            self._refuse(event.problem)
            return
        journey = self._journey(ended=True)
        self._send(journey, ended=True)
        self._journeys.append(journey)
        if len(self._journeys) < self._request.count and not self._cancelled:
            self.next()
        else:
            self._answer()

    def _journey(self, ended: bool) -> Journey:
        if ended:
            return _ended(self._workspace, self._probe, self._sightings)
        observed = self._workspace.observed
        return stitch(self._probe, self._sightings, observed.records, observed.live, ended)

    def _send(self, journey: Journey, ended: bool) -> None:
        observed = self._workspace.observed
        may_help = remedies(journey, observed.records, observed.live) if ended else ()
        item = JourneyItem(number=len(self._journeys) + 1, journey=journey, ended=ended, remedies=may_help)
        self._session.item(self._request.id, item)

    def _refuse(self, problem: Problem) -> None:
        self._session.running.pop(self._request.id, None)
        self._session.refuse(self._request.id, problem)

    def _answer(self) -> None:
        self._session.running.pop(self._request.id, None)
        differences = compare(self._predicted, self._journeys[0]) if self._predicted is not None else ()
        traced = Traced(journeys=tuple(self._journeys), predicted=self._predicted, differences=differences)
        self._session.answer(self._request.id, traced)


class _Watch:
    """A running `Watch`. Each `Sighted` of the lab has all sightings of one packet."""

    def __init__(self, workspace: Workspace, session: Session, request: Watch) -> None:
        self._workspace, self._session, self._request = workspace, session, request
        self._link = workspace.live_link()
        self._count = 0

    def start(self) -> None:
        """Watch all namespaces of the lab, up to `MAX_NAMESPACES`."""
        number = self._link.trace(self._make, self._on_event)
        self._session.running[self._request.id] = RunningRequest(_ignore_input, lambda _signal: _stop(self._link, number))

    def _make(self, id: int) -> p.WatchPackets:
        request, records = self._request, self._workspace.observed.records
        names = tuple(r.name for r in records.values() if isinstance(r, Namespace))[:MAX_NAMESPACES]
        return p.WatchPackets(
            id=id, namespaces=names, wires=wires(records, names), hosts=request.hosts, port=request.port, protocol=request.protocol,
            rate=request.rate,
        )  # fmt: skip

    def _on_event(self, event: p.Sighted | p.TraceEnded | None) -> None:
        """On the link's thread."""
        if isinstance(event, p.Sighted):
            self._on_packet(event.sightings, event.skipped)
            return
        self._session.running.pop(self._request.id, None)
        if event is None:
            self._session.refuse(self._request.id, unavailable("the lab stopped answering, or was lost").problem)
        elif event.problem is not None:
            self._session.refuse(self._request.id, event.problem)
        else:
            self._session.answer(self._request.id, Watched(journeys=self._count, skipped=event.skipped))

    def _on_packet(self, sightings: tuple[AnySighting, ...], skipped: int) -> None:
        probe = origin(sightings)
        if probe is None:
            return
        observed = self._workspace.observed
        self._count += 1
        journey = stitch(probe, sightings, observed.records, observed.live)
        may_help = remedies(journey, observed.records, observed.live)
        item = JourneyItem(number=self._count, journey=journey, ended=True, remedies=may_help, skipped=skipped)
        self._session.item(self._request.id, item)


def nonce() -> str:
    """Eight random bytes as hex, by which the packet is recognised. The first four are not all zero: for zero the kernel would choose the
    sequence number itself."""
    return f"{secrets.randbits(32) | 1:08x}{secrets.token_hex(4)}"
