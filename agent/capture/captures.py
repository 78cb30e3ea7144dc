"""All captures of a lab, and what is asked of them."""

import asyncio
import itertools
from collections.abc import Callable

from agent.capture import tap
from agent.capture.ring import Ring
from agent.capture.tap import Tap
from agent.linux.reaper import Reaper
from agent.netlink.namespaces import Namespaces, unknown_namespace
from logs import failure, start_task
from protocol import limits
from protocol import private as p
from topology.model import ids
from topology.model.ids import Ref
from topology.model.problems import Code, Problem, ProblemError, invalid, refused, unknown
from topology.observe.facts import AnyFact, CapturedInterface, CaptureFact, CaptureGone

_TICK_SECONDS = 0.1
"""How often frames are put in order: those of one packet, from several interfaces, come within less."""

_ASK_SECONDS = 1.0
"""How often tcpdump is asked how many frames the kernel dropped."""


class Capture:
    """One capture: taps, and the ring that they fill. `reported` is its last fact. `started` is called when all interfaces are listened
    on, or cannot be."""

    def __init__(self, name: str, request: p.StartCapture, started: Callable[[], None]) -> None:
        self.name, self.request = name, request
        self._started: Callable[[], None] | None = started
        self.ring = Ring(request.ring)
        self.taps: list[Tap] = []
        self.reported: CaptureFact | None = None

    @property
    def running(self) -> bool:
        """Whether one of its taps runs."""
        return any(t.running for t in self.taps)

    def listens(self) -> bool:
        """Whether no tap is still being started: until then frames pass unseen, and nobody is told that it runs."""
        if self._started is not None and all(t.listening or not t.running for t in self.taps):
            started, self._started = self._started, None
            started()
        return self._started is None

    def collect(self) -> None:
        """Put the frames that came into the ring."""
        self.ring.add([frame for t in self.taps for frame in t.take()])

    def fact(self) -> CaptureFact:
        """What everybody in the lab sees of it."""
        interfaces = tuple(CapturedInterface(interface=t.ref, problem=t.problem) for t in self.taps)
        return CaptureFact(
            ns="", capture=self.name, interfaces=interfaces, filter=self.request.filter, snaplen=self.request.snaplen, running=self.running,
            first=self.ring.first, frames=self.ring.total, bytes=self.ring.bytes, dropped=sum(t.dropped for t in self.taps),
        )  # fmt: skip


class Captures:
    """`sink` is given the facts that changed."""

    def __init__(self, namespaces: Namespaces, reaper: Reaper, sink: Callable[[list[AnyFact]], None]) -> None:
        self._namespaces, self._reaper, self._sink = namespaces, reaper, sink
        self._all: dict[str, Capture] = {}
        self._numbers = itertools.count(1)
        self._ticker: asyncio.Task[None] | None = None

    def facts(self) -> list[AnyFact]:
        """All of them, for a client that is new."""
        return [c.reported for c in self._all.values() if c.reported is not None]

    def handle(self, request: p.AnyCaptureRequest, send: Callable[[p.AnyLabAnswer], None]) -> p.AnyLabAnswer | None:
        """Do what is asked; None: the answer is sent later. Raises ProblemError."""
        match request:
            case p.StartCapture():
                self._start(request, send)
                return None
            case p.StopCapture():
                for t in self._find(request.capture).taps:
                    t.stop()
            case p.RemoveCapture():
                capture = self._find(request.capture)
                for t in capture.taps:
                    t.end()
                del self._all[capture.name]
                self._sink([CaptureGone(ns="", capture=capture.name)])
            case p.ReadCapture():
                capture = self._find(request.capture)
                capture.collect()
                first, data, more = capture.ring.read(request.after)
                return p.CapturedFrames(id=request.id, first=first, data=data, more=more, running=capture.running)
        return p.LabAnswer(id=request.id)

    def _find(self, name: str) -> Capture:
        if name not in self._all:
            raise unknown(f"there is no capture {name}", ids.capture(name))
        return self._all[name]

    def _start(self, request: p.StartCapture, send: Callable[[p.AnyLabAnswer], None]) -> None:
        """Start all taps, or none; it is answered when they listen."""
        self._check(request)
        name = f"c{next(self._numbers)}"
        capture = Capture(name, request, lambda: send(p.CaptureStarted(id=request.id, capture=name)))
        try:
            for number, ref in enumerate(request.interfaces):
                capture.taps.append(self._tap(capture, number, ref))
        except ProblemError:
            for t in capture.taps:
                t.end()
            raise
        self._all[capture.name] = capture
        self._update(capture)
        if self._ticker is None:
            self._ticker = start_task("captures", self._tick, again=True)

    def _check(self, request: p.StartCapture) -> None:
        """Refuse what is beyond the limits."""
        if len(self._all) >= limits.MAX_CAPTURES:
            hint = "remove one that is no longer needed"
            raise ProblemError(Problem(code=Code.LIMIT, message=f"a lab has at most {limits.MAX_CAPTURES} captures", hint=hint))
        if not 0 < len(request.interfaces) <= limits.MAX_CAPTURE_INTERFACES or len(set(request.interfaces)) < len(request.interfaces):
            raise invalid(f"a capture has 1 to {limits.MAX_CAPTURE_INTERFACES} interfaces, each once")
        if not 1 <= request.snaplen <= limits.MAX_SNAPLEN or not 1 <= request.ring <= limits.MAX_RING_BYTES:
            raise invalid(f"snaplen is at most {limits.MAX_SNAPLEN}, the ring at most {limits.MAX_RING_BYTES} bytes")

    def _tap(self, capture: Capture, number: int, ref: str) -> Tap:
        namespace, name = Ref.parse(ref)
        netns = self._namespaces.get(namespace)
        subject = ids.interface(ref)
        if netns is None:
            raise unknown_namespace(namespace)
        request = capture.request
        if refusal := tap.refusal(self._namespaces, netns, name, request.filter, request.snaplen):
            raise ProblemError(Problem(code=Code.INVALID, message=refusal, subject=subject, hint="filters: pcap-filter(7)"))
        try:
            popen = tap.start(self._namespaces, netns, name, request.filter, request.snaplen)
        except OSError as e:
            raise refused(e.errno or 0, subject, "tcpdump could not be started") from None
        return Tap(number, ref, request.snaplen, popen, self._reaper, lambda: self._update(capture))

    # ---- facts -------------------------------------------------------------------------------------------------------

    def _update(self, capture: Capture) -> None:
        """Collect frames, and report the capture if its fact changed."""
        capture.collect()
        if not capture.listens():
            return
        fact = capture.fact()
        if fact != capture.reported and capture.name in self._all:
            capture.reported = fact
            self._sink([fact])

    async def _tick(self) -> None:
        """Runs as long as a capture does."""
        ticks = 0
        while any(c.running for c in self._all.values()):
            await asyncio.sleep(_TICK_SECONDS)
            ticks += 1
            for capture in list(self._all.values()):
                try:
                    self._tick_of(capture, ticks)
                except Exception as e:  # ends this look at this capture, not the ticks of all
                    failure(e, f"looking at capture {capture.name}")
        self._ticker = None

    def _tick_of(self, capture: Capture, ticks: int) -> None:
        if capture.reported is not None and capture.ring.total and ticks % round(_ASK_SECONDS / _TICK_SECONDS) == 0:
            for t in capture.taps:
                t.ask_for_counts()
        self._update(capture)
