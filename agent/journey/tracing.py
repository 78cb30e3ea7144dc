"""The traces that run in a lab: each a probe that is sent and followed until it is answered, lost, or not asked for any more."""

import asyncio
import contextlib
from collections.abc import Callable

from agent.journey import identity, send
from agent.journey.listeners import TraceListeners
from agent.journey.session import Session, Wanted
from agent.journey.watching import Watching
from agent.netlink.namespaces import Namespaces
from protocol.private import Sighted, Trace, TraceEnded, WatchPackets
from topology.journey.probe import Probe
from topology.journey.sighting import AnySighting, HookPass, RouteLookup, SocketResult
from topology.model.problems import Code, Problem, ProblemError

QUIET = 0.04
"""s without a sighting after which an answered packet's journey has ended."""
STUCK = 0.15
"""s without a sighting after which a packet that went into a hook and did not come out, or has no route, is given up."""
GATHER = 0.004
"""s for which sightings are gathered before they are told."""
MAX_SIGHTINGS = 4000

Tell = Callable[[Sighted | TraceEnded], None]


def wanted(probe: Probe) -> Wanted:
    """What a session follows for a probe."""
    marks = identity.marks(probe)
    matches = identity.matches(probe) if probe.protocol != "arp" else ()
    return Wanted(identity.program(probe), matches, lambda packet: "" if identity.carries(packet, marks) else None, probe.family)


class _Fate:
    """What is known of the packet so far, as far as it says when to stop waiting."""

    def __init__(self, probe: Probe) -> None:
        self.probe = probe
        self.over = False
        self.inside: dict[str, int] = {}
        """Namespace → how many hooks it has gone into and not left."""
        self.unroutable = self.arrived = False

    def take(self, sighting: AnySighting) -> None:
        match sighting:
            case SocketResult(event="answered" | "refused"):
                self.over = True
            case HookPass():
                step = 1 if sighting.passed == "enter" else -1
                self.inside[sighting.ns] = self.inside.get(sighting.ns, 0) + step
                if (sighting.hook, sighting.passed) == ("input", "leave") and not sighting.packet.error:
                    self.arrived = True
            case RouteLookup() if sighting.errno:
                self.unroutable = True

    @property
    def patience(self) -> float | None:
        """s of silence after which nothing more is expected; None: wait on."""
        if self.over:
            return QUIET
        lost = self.unroutable or any(self.inside.values())
        # nobody has to answer a datagram
        return STUCK if lost or (self.probe.protocol == "udp" and self.arrived) else None


class _Trace:
    """One of them. `run` ends with everything taken away, however it ends."""

    def __init__(self, namespaces: Namespaces, listeners: TraceListeners, request: Trace, tell: Tell) -> None:
        self.namespaces, self.listeners, self.request, self.tell = namespaces, listeners, request, tell
        self.fate = _Fate(request.probe)
        self.gathered: list[AnySighting] = []
        self.count = 0
        self.changed = asyncio.Event()
        self.loop = asyncio.get_running_loop()
        self.flushing: asyncio.TimerHandle | None = None
        self.problem: Problem | None = None

    def sink(self, sighting: AnySighting) -> None:
        self.count += 1
        if self.count > MAX_SIGHTINGS:
            return
        self.fate.take(sighting)
        self.gathered.append(sighting)
        self.changed.set()
        if self.flushing is None:
            self.flushing = self.loop.call_later(GATHER, self.flush)

    def flush(self) -> None:
        self.flushing = None
        if self.gathered:
            told, self.gathered = tuple(self.gathered), []
            self.tell(Sighted(id=self.request.id, sightings=told))

    async def run(self) -> None:
        try:
            await self._run()
        except OSError as e:
            self.problem = Problem(code=Code.REFUSED, message=e.strerror or str(e), errno=e.errno, hint="the packet could not be sent")
        except ProblemError as e:
            self.problem = e.problem

    def ended(self) -> None:
        """Tell the rest: also of one that was stopped before it began."""
        if self.flushing is not None:
            self.flushing.cancel()
        self.flush()
        self.tell(TraceEnded(id=self.request.id, problem=self.problem))

    async def _run(self) -> None:
        probe = self.request.probe
        source = self.namespaces.get(probe.namespace)
        if source is None:
            message = f'Cannot open network namespace "{probe.namespace}": No such file or directory'
            raise ProblemError(Problem(code=Code.UNKNOWN, message=message, subject=f"namespace:{probe.namespace}"))
        places = (probe.namespace, *self.request.namespaces)
        with contextlib.ExitStack() as stack:
            session = stack.enter_context(Session(self.namespaces, self.listeners, places, wanted(probe), self.sink, self.request.wires))
            sender = self.namespaces.visit(source, lambda: send.Sender(probe))
            stack.callback(sender.close)
            for fd in session.filenos():
                self.loop.add_reader(fd, session.read)
                stack.callback(self.loop.remove_reader, fd)
            self._send(session, sender, stack)
            await self._wait()
            session.read()
            session.resolve()

    def _send(self, session: Session, sender: send.Sender, stack: contextlib.ExitStack) -> None:
        probe = self.request.probe

        def told() -> None:
            said = sender.read()
            if said is not None:
                # what was seen on the way comes before what the program was told
                session.read()
                self.sink(said)
                self.loop.remove_reader(sender.socket)
                self.loop.remove_writer(sender.socket)

        if probe.protocol != "arp":
            session.look(probe.namespace, probe.address, probe.mark)
        said = sender.send()
        self.sink(said)
        if said.event == "sent":
            self.loop.add_reader(sender.socket, told)
            if probe.protocol == "tcp":
                self.loop.add_writer(sender.socket, told)
            stack.callback(self.loop.remove_reader, sender.socket)
            stack.callback(self.loop.remove_writer, sender.socket)

    async def _wait(self) -> None:
        """Until nothing more is to be expected, at most as long as was asked for."""
        end = self.loop.time() + self.request.wait
        while (left := end - self.loop.time()) > 0:
            patience = self.fate.patience
            self.changed.clear()
            try:
                await asyncio.wait_for(self.changed.wait(), left if patience is None else min(left, patience))
            except TimeoutError:
                if patience is not None:
                    return


class Tracing:
    """All of a lab."""

    def __init__(self, namespaces: Namespaces) -> None:
        self._namespaces = namespaces
        self._ears = TraceListeners(namespaces)
        self._running: dict[int, asyncio.Task[None]] = {}

    def start(self, request: Trace, tell: Tell) -> None:
        """Start it; what is seen is told, at last that it has ended."""
        self._begin(request.id, _Trace(self._namespaces, self._ears, request, tell))

    def watch(self, request: WatchPackets, tell: Tell) -> None:
        """Likewise, until it is stopped."""
        self._begin(request.id, Watching(self._namespaces, self._ears, request, tell))

    def _begin(self, id: int, work: "_Trace | Watching") -> None:
        task = self._running[id] = asyncio.get_running_loop().create_task(work.run())

        def done(ended: asyncio.Task[None]) -> None:
            self._running.pop(id, None)
            work.ended()
            if not ended.cancelled():
                ended.result()

        task.add_done_callback(done)

    def stop(self, id: int) -> None:
        """End one before its time."""
        task = self._running.get(id)
        if task is not None:
            task.cancel()

    def stop_all(self) -> None:
        """Whoever asked is gone."""
        for id in list(self._running):
            self.stop(id)
