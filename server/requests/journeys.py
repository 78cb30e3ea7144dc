"""Requests about the way of a packet: sent and followed, or predicted."""

import secrets
import time
from functools import partial

from protocol import private as p
from protocol.public import JourneyItem, Predict, Predicted, Trace, Traced, Watch, Watched
from server.agent_link import LabLink, unavailable
from server.hub import Hub
from server.lab.workspace import Workspace
from server.outbox import Cancellable, Session, problem_of
from topology.journey.ask import MAX_NAMESPACES, concerned, resolve, wires
from topology.journey.compare import compare
from topology.journey.hop import Journey
from topology.journey.predicted.predict import predict
from topology.journey.probe import Probe
from topology.journey.seen.stitch import origin, stitch
from topology.journey.sighting import AnySighting
from topology.model.problems import invalid
from topology.model.records import Namespace

AGAIN_SECONDS = 0.03
"""A journey that goes on is told at most this often."""
MAX_COUNT, MAX_WAIT, MAX_RATE = 100, 10.0, 50


def handle(hub: Hub, session: Session, request: Trace | Predict | Watch) -> None:
    """Start it; it answers by itself. Raises ProblemError."""
    workspace = hub.lab(request.lab)

    def job() -> None:
        try:
            match request:
                case Trace():
                    _Tracing(workspace, session, request).next()
                case Predict():
                    session.answer(request.id, _predicted(workspace, request))
                case Watch():
                    _Watching(workspace, session, request).start()
        except Exception as e:
            session.refuse(request.id, problem_of(e))

    workspace.submit(job)


def _stop(link: LabLink, number: int, _signal: int | None) -> None:
    link.send(lambda id: p.StopTrace(id=id, target=number))


def _predicted(workspace: Workspace, request: Predict) -> Predicted:
    """By what the kernel says; by the document where there is no kernel, or where that is asked for."""
    observed = workspace.observed
    stopped = request.desired or workspace.link is None
    records, live = (workspace.desired, {}) if stopped else (observed.records, observed.live)
    return Predicted(journey=predict(resolve(request.ask, records, live), records, live, request.without))


class _Tracing:
    """A `Trace` that runs: one packet after the other."""

    def __init__(self, workspace: Workspace, session: Session, request: Trace) -> None:
        if not 1 <= request.count <= MAX_COUNT or not 0 < request.wait <= MAX_WAIT:
            raise invalid(f"count is 1 to {MAX_COUNT}, wait at most {MAX_WAIT:g} s")
        self.workspace, self.session, self.request = workspace, session, request
        self.link: LabLink = workspace.live_link()
        self.journeys: list[Journey] = []
        self.predicted: Journey | None = None
        self.cancelled = False

    def next(self) -> None:
        """Send one more."""
        observed = self.workspace.observed
        self.probe: Probe = resolve(self.request.ask, observed.records, observed.live, nonce())
        self.sightings: list[AnySighting] = []
        self.told = 0.0
        self.predicted = self.predicted or predict(self.probe, observed.records, observed.live)
        places = concerned(self.probe, observed.records)
        between = wires(observed.records, places)
        number = self.link.follow(
            lambda id: p.Trace(id=id, probe=self.probe, namespaces=places, wires=between, wait=self.request.wait), self._sighted
        )
        self.session.running[self.request.id] = Cancellable(lambda _data, _eof: None, partial(self._cancel, number))

    def _cancel(self, number: int, signal: int | None) -> None:
        self.cancelled = True
        _stop(self.link, number, signal)

    def _journey(self, ended: bool) -> Journey:
        observed = self.workspace.observed
        return stitch(self.probe, self.sightings, observed.records, observed.live, ended)

    def _sighted(self, event: p.Sighted | p.TraceEnded | None) -> None:
        """On the link's thread."""
        try:
            self._take(event)
        except Exception as e:
            self.session.running.pop(self.request.id, None)
            self.session.refuse(self.request.id, problem_of(e))

    def _take(self, event: p.Sighted | p.TraceEnded | None) -> None:
        if isinstance(event, p.Sighted):
            self.sightings += event.sightings
            now = time.monotonic()
            if now - self.told >= AGAIN_SECONDS:
                self.told = now
                self._tell(self._journey(ended=False), ended=False)
            return
        if event is None:
            raise unavailable("the lab was lost while the packet was followed")
        if event.problem is not None:
            self.session.running.pop(self.request.id, None)
            self.session.refuse(self.request.id, event.problem)
            return
        journey = self._journey(ended=True)
        self._tell(journey, ended=True)
        self.journeys.append(journey)
        if len(self.journeys) < self.request.count and not self.cancelled:
            self.next()
            return
        self.session.running.pop(self.request.id, None)
        self.session.answer(self.request.id, self._traced())

    def _traced(self) -> Traced:
        differences = compare(self.predicted, self.journeys[0]) if self.predicted is not None else ()
        return Traced(journeys=tuple(self.journeys), predicted=self.predicted, differences=differences)

    def _tell(self, journey: Journey, ended: bool) -> None:
        self.session.item(self.request.id, JourneyItem(number=len(self.journeys) + 1, journey=journey, ended=ended))


class _Watching:
    """A `Watch` that runs: each packet comes whole from the lab."""

    def __init__(self, workspace: Workspace, session: Session, request: Watch) -> None:
        if not 1 <= request.rate <= MAX_RATE:
            raise invalid(f"the rate is 1 to {MAX_RATE} journeys a second")
        self.workspace, self.session, self.request = workspace, session, request
        self.link: LabLink = workspace.live_link()
        self.count = 0

    def start(self) -> None:
        """Watch the whole lab, up to `MAX_NAMESPACES`."""
        request = self.request
        records = self.workspace.observed.records
        names = tuple(r.name for r in records.values() if isinstance(r, Namespace))[:MAX_NAMESPACES]
        between = wires(records, names)
        number = self.link.follow(
            lambda id: p.WatchPackets(
                id=id, namespaces=names, wires=between, hosts=request.hosts, port=request.port, protocol=request.protocol, rate=request.rate
            ),
            self._sighted,
        )
        self.session.running[request.id] = Cancellable(lambda _data, _eof: None, partial(_stop, self.link, number))

    def _sighted(self, event: p.Sighted | p.TraceEnded | None) -> None:
        """On the link's thread."""
        if isinstance(event, p.Sighted):
            probe = origin(event.sightings)
            if probe is not None:
                observed = self.workspace.observed
                self.count += 1
                journey = stitch(probe, event.sightings, observed.records, observed.live)
                self.session.item(self.request.id, JourneyItem(number=self.count, journey=journey, ended=True))
            return
        self.session.running.pop(self.request.id, None)
        if event is None or event.problem is not None:
            self.session.refuse(self.request.id, event.problem if event and event.problem else unavailable("the lab was lost").problem)
        else:
            self.session.answer(self.request.id, Watched(journeys=self.count, skipped=event.skipped))


def nonce() -> str:
    """Eight bytes that nobody else sends, as hex. The first four are not zero: with that the kernel would choose the sequence number."""
    return f"{secrets.randbits(32) | 1:08x}{secrets.token_hex(4)}"
