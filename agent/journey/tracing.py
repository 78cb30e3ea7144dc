"""The traces that run in a lab: each sends a probe and follows it until it is answered, lost, or no longer asked for."""

import asyncio
import contextlib
from collections.abc import Callable

from agent.journey import identity
from agent.journey.listeners import TraceListeners
from agent.journey.send import Sender
from agent.journey.session import Session, Wanted
from agent.journey.watching import Watching
from agent.netlink.namespaces import Namespaces, unknown_namespace
from logs import problem_of
from protocol.private import Sighted, Trace, TraceEnded, WatchPackets
from topology.journey.probe import Probe
from topology.journey.sighting import AnySighting, HookPass, RouteLookup, SocketResult
from topology.model.problems import Code, Problem, ProblemError

QUIET = 0.04
"""Seconds without a sighting after which the journey of an answered packet has ended."""
STUCK = 0.15
"""Seconds without a sighting after which a packet that entered a hook and did not leave it, or has no route, is given up."""
GATHER = 0.004
"""Seconds for which sightings are gathered before they are sent."""
MAX_SIGHTINGS = 4000

Send = Callable[[Sighted | TraceEnded], None]


def wanted(probe: Probe) -> Wanted:
    """What a session follows for a probe."""
    marks = identity.marks(probe)
    matches = identity.matches(probe) if probe.protocol != "arp" else ()
    return Wanted(identity.program(probe), matches, lambda packet: "" if identity.carries(packet, marks) else None, probe.family)


def question(probe: Probe) -> RouteLookup:
    """The routing decision for the probe, as the kernel is asked for it before it is sent."""
    icmp = "icmpv6" if probe.family == "ipv6" else "icmp"
    return RouteLookup(
        ns=probe.namespace, dst=probe.address, mark=probe.mark, protocol=icmp if probe.protocol == "icmp" else probe.protocol,
        sport=probe.source_port, dport=probe.to_port, oif=probe.dev,
    )  # fmt: skip


class _Progress:
    """What the sightings so far say about how much longer to wait."""

    def __init__(self, probe: Probe) -> None:
        self.probe = probe
        self.over = False
        """Whether the sender has its answer, or an error."""
        self.inside: dict[str, int] = {}
        """Namespace → how many hooks the packet has entered and not left."""
        self.unroutable = self.arrived = False
        self.datagrams: dict[str, tuple[str, int]] = {}
        """Namespace → the address and port to which the datagram was delivered there."""

    def add(self, sighting: AnySighting) -> None:
        """Take one more sighting into account."""
        match sighting:
            case SocketResult(event="answered" | "refused"):
                self.over = True
            case HookPass():
                step = 1 if sighting.passed == "enter" else -1
                self.inside[sighting.ns] = self.inside.get(sighting.ns, 0) + step
                if (sighting.hook, sighting.passed) == ("input", "leave") and not sighting.packet.error:
                    self.arrived = True
                    if sighting.packet.protocol == "udp":
                        self.datagrams.setdefault(sighting.ns, (sighting.packet.dst, sighting.packet.dport))
            case RouteLookup() if sighting.errno:
                self.unroutable = True

    @property
    def silence(self) -> float | None:
        """Seconds without a sighting after which no more is expected; None: wait as long as was asked for."""
        if self.over:
            return QUIET
        lost = self.unroutable or any(self.inside.values())
        # nobody has to answer a datagram
        return STUCK if lost or (self.probe.protocol == "udp" and not self.probe.request and self.arrived) else None


class _Trace:
    """One trace. `run` returns when everything that it set up is removed, however it ends; then `ended` has to be called."""

    def __init__(self, namespaces: Namespaces, listeners: TraceListeners, request: Trace, send: Send) -> None:
        self._namespaces, self._listeners, self._request, self._send = namespaces, listeners, request, send
        self._progress = _Progress(request.probe)
        self._gathered: list[AnySighting] = []
        self._count = 0
        self._changed = asyncio.Event()
        self._loop = asyncio.get_running_loop()
        self._flushing: asyncio.TimerHandle | None = None
        self._problem: Problem | None = None

    def _sink(self, sighting: AnySighting) -> None:
        self._count += 1
        if self._count > MAX_SIGHTINGS:
            return
        self._progress.add(sighting)
        self._gathered.append(sighting)
        self._changed.set()
        if self._flushing is None:
            self._flushing = self._loop.call_later(GATHER, self._flush)

    def _flush(self) -> None:
        self._flushing = None
        if self._gathered:
            sightings, self._gathered = tuple(self._gathered), []
            self._send(Sighted(id=self._request.id, sightings=sightings))

    async def run(self) -> None:
        """Send the probe, follow it to the end, remove everything."""
        try:
            await self._run()
        except OSError as e:
            self._problem = Problem(code=Code.REFUSED, message=e.strerror or str(e), errno=e.errno, hint="the packet could not be sent")
        except ProblemError as e:
            self._problem = e.problem

    def ended(self, problem: Problem | None) -> None:
        """Send what is gathered, and that it has ended: also of a trace that was stopped before it began. `problem`: what ended it."""
        if self._flushing is not None:
            self._flushing.cancel()
        self._flush()
        self._send(TraceEnded(id=self._request.id, problem=self._problem or problem))

    async def _run(self) -> None:
        probe, request = self._request.probe, self._request
        source = self._namespaces.get(probe.namespace)
        if source is None:
            raise unknown_namespace(probe.namespace)
        await asyncio.sleep(request.delay)
        places = (probe.namespace, *request.namespaces)
        with contextlib.ExitStack() as stack:
            session = stack.enter_context(Session(self._namespaces, self._listeners, places, wanted(probe), self._sink, request.wires))
            sender = self._namespaces.visit(source, lambda: Sender(probe))
            stack.callback(sender.close)
            for fd in session.filenos():
                self._loop.add_reader(fd, session.read)
                stack.callback(self._loop.remove_reader, fd)
            self._send_probe(session, sender, stack)
            await self._wait()
            session.read()
            session.look_up_neighbours()
            for ns, (address, port) in self._progress.datagrams.items():
                session.look_up_port(ns, address, port)

    def _send_probe(self, session: Session, sender: Sender, stack: contextlib.ExitStack) -> None:
        probe = self._request.probe
        if probe.protocol != "arp":
            session.look_up_route(question(probe))
        result = sender.send()
        self._sink(result)
        if result.event == "sent":
            self._loop.add_reader(sender.socket, self._on_result, session, sender)
            if probe.protocol == "tcp":
                self._loop.add_writer(sender.socket, self._on_result, session, sender)
            stack.callback(self._loop.remove_reader, sender.socket)
            stack.callback(self._loop.remove_writer, sender.socket)

    def _on_result(self, session: Session, sender: Sender) -> None:
        """The sender's socket is ready: perhaps with the answer or an error."""
        result = sender.read()
        if result is not None:
            session.read()  # what was seen of the packet comes before what its sender is told
            self._sink(result)
            if result.event != "connected":
                self._loop.remove_reader(sender.socket)
        if result is not None or sender.connected:
            self._loop.remove_writer(sender.socket)

    async def _wait(self) -> None:
        """Until no more sightings are expected, at most as long as was asked for."""
        end = self._loop.time() + self._request.wait
        while (remaining := end - self._loop.time()) > 0:
            silence = self._progress.silence
            self._changed.clear()
            try:
                await asyncio.wait_for(self._changed.wait(), remaining if silence is None else min(remaining, silence))
            except TimeoutError:
                if silence is not None:
                    return


class Tracing:
    """All traces of a lab, by the ids of their requests."""

    def __init__(self, namespaces: Namespaces) -> None:
        self._namespaces = namespaces
        self._listeners = TraceListeners(namespaces)
        self._running: dict[int, asyncio.Task[None]] = {}

    def start(self, request: Trace, send: Send) -> None:
        """Start a trace. What is seen is sent as it comes, and at last that it has ended."""
        self._begin(request.id, _Trace(self._namespaces, self._listeners, request, send))

    def watch(self, request: WatchPackets, send: Send) -> None:
        """Start to sample the lab's own traffic, until it is stopped."""
        self._begin(request.id, Watching(self._namespaces, self._listeners, request, send))

    def _begin(self, id: int, work: "_Trace | Watching") -> None:
        task = self._running[id] = asyncio.get_running_loop().create_task(work.run())

        def done(ended: asyncio.Task[None]) -> None:
            self._running.pop(id, None)
            error = None if ended.cancelled() else ended.exception()
            work.ended(problem_of(error, "a trace") if error is not None else None)

        task.add_done_callback(done)

    def stop(self, id: int) -> None:
        """End one before its time."""
        task = self._running.get(id)
        if task is not None:
            task.cancel()

    def stop_all(self) -> None:
        """End all: the client that asked for them is gone."""
        for id in list(self._running):
            self.stop(id)
