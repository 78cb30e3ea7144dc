"""The lab's loop: one client at a time, its requests, the facts for it."""

import asyncio
import contextlib
import os
import signal
import socket
import time

import msgspec
from websockets.asyncio.server import ServerConnection, unix_serve
from websockets.exceptions import ConnectionClosed

from agent.apply import Undo, execute
from agent.apply.execute import touched
from agent.capture import Captures
from agent.filter import ConntrackWatch, FilterWatch, attempt, driver
from agent.filter.extensions import listing
from agent.journey.tracing import Tracing
from agent.lab.children import Children
from agent.lab.full import Full
from agent.lab.outbox import Outbox
from agent.linux.reaper import Reaper
from agent.netlink.namespaces import Namespaces
from agent.netlink.sysctls import Sysctls
from agent.netlink.watch import Watch
from agent.terminals import files
from agent.terminals.terminals import Terminals
from protocol import private as p
from protocol.frames import INPUT, unpack
from topology.model.limits import Limits
from topology.model.netfilter import Driver
from topology.model.problems import Code, Problem, ProblemError
from topology.model.sysctls import KEYS
from topology.observe.facts import AnyFact, Resync, SysctlFact
from topology.plan.steps import ChangeTable

BULK = 64
"""Steps from which on the watch pauses during the apply, and reads afterwards what was touched."""

LOOK_SECONDS = 1.0
LOOK_SHARE = 0.1
"""How much of the lab's time may go into looking: with very many namespaces it is done less often."""

MAX_MESSAGE = 64 << 20


class Lab:
    """See the module's text."""

    def __init__(self, listener: socket.socket, limits: Limits, firewall: Driver) -> None:
        self._listener, self._limits, self._firewall = listener, limits, firewall
        self._full = Full(limits)
        self._outbox: Outbox | None = None
        self._connection: ServerConnection | None = None
        self._looked = p.Look(id=0, namespaces=())
        self._fresh = True
        self._decoder = msgspec.json.Decoder(p.AnyLabRequest)

    async def serve(self) -> None:
        """Until SIGTERM."""
        loop = asyncio.get_running_loop()
        stop = asyncio.Event()
        loop.add_signal_handler(signal.SIGTERM, stop.set)
        self._namespaces = Namespaces()
        self._watch = Watch(self._namespaces, self._tell)
        self._filters = FilterWatch(self._namespaces, driver(self._firewall, self._namespaces), self._send)
        self._connections = ConntrackWatch(self._namespaces, self._send)
        self._watch.start()
        reader = Sysctls(self._namespaces, KEYS)
        self._baseline = {fact.key: fact.value for fact in reader.read([self._namespaces.watch])}
        reader.close()
        for fd, callback in {**self._watch.readers(), self._filters.fileno(): self._filters.on_event}.items():
            loop.add_reader(fd, callback)
        reaper = Reaper()
        self._children = Children(self._namespaces, reaper)
        self._terminals = Terminals(self._namespaces, reaper.when_ended, self._tell)
        self._captures = Captures(self._namespaces, reaper, self._tell)
        self._tracing = Tracing(self._namespaces)
        ticker = loop.create_task(self._tick())
        async with unix_serve(self._client, sock=self._listener, compression=None, max_size=MAX_MESSAGE, ping_interval=None):
            await stop.wait()
        ticker.cancel()

    def _tell(self, facts: list[AnyFact]) -> None:
        """What the watch tells, and the rules of namespaces that it tells whole."""
        self._send([*facts, *self._filters.along(facts)])

    def _send(self, facts: list[AnyFact]) -> None:
        if self._outbox is not None and facts:
            anew = {fact.ns for fact in facts if isinstance(fact, Resync)}
            self._outbox.send(p.Facts(facts=self._without_baseline(facts, anew)))

    def _without_baseline(self, facts: list[AnyFact], anew: set[str]) -> tuple[AnyFact, ...]:
        """A namespace that is told anew starts at the baseline: its sysctls that are as in any fresh one need not be said."""
        return tuple(
            fact for fact in facts if not (isinstance(fact, SysctlFact) and fact.ns in anew and self._baseline.get(fact.key) == fact.value)
        )

    async def _tick(self) -> None:
        """What has no event: counters, processes, ages, for the namespaces that somebody looks at."""
        spent = 0.0
        while True:
            await asyncio.sleep(max(LOOK_SECONDS, spent / LOOK_SHARE))
            if self._outbox is None or self._outbox.full:
                continue
            for problem in self._full.look(len(list(self._namespaces)) - 1):
                self._outbox.send(p.Reached(problem=problem))
            self._watch.sweep()
            started = time.monotonic()
            self._filters.refresh()
            self._connections.refresh()
            self._send(self._counted())
            spent = time.monotonic() - started

    def _counted(self) -> list[AnyFact]:
        """What has no event, of what is looked at."""
        there = [self._namespaces[name] for name in self._looked.namespaces if name in self._namespaces]
        if there:
            self._watch.refresh([netns.name for netns in there])
        reader, names = self._watch.reader, set(self._looked.namespaces)
        busy = [self._namespaces[name] for name in self._looked.traffic if name in self._namespaces and name not in names]
        return [*(reader.counters(netns) for netns in (*there, *busy)), *(reader.processes(netns) for netns in there)]

    # ---- the client --------------------------------------------------------------------------------------------------

    async def _client(self, connection: ServerConnection) -> None:
        """A new client takes over from the one before."""
        if self._connection is not None:
            await self._connection.close()
        self._connection, outbox = connection, Outbox(connection)
        pump = asyncio.create_task(outbox.pump())
        try:
            async for frame in connection:
                if isinstance(frame, bytes):
                    self._frame(*unpack(frame))
                else:
                    self._request(self._decoder.decode(frame), outbox)
        except ConnectionClosed:
            pass
        finally:
            pump.cancel()
            if self._connection is connection:
                self._connection = self._outbox = None
                self._children.hang_up()
                self._terminals.hang_up()
                self._tracing.stop_all()
                self._look(p.Look(id=0, namespaces=()))

    def _frame(self, channel: int, stream: int, data: bytes) -> None:
        child = self._children.by_channel.get(channel)
        if child is not None and stream == INPUT:
            child.write(data)
        else:
            self._terminals.frame(channel, stream, data)

    def _request(self, request: p.AnyLabRequest, outbox: Outbox) -> None:
        match request:
            case p.Attach():
                self._watch.barrier()
                attached = p.Attached(
                    id=request.id, fresh=self._fresh, sysctls=self._baseline, limits=self._limits, firewall=self._firewall
                )
                outbox.send(attached)
                self._filters.settle()
                facts = [*self._snapshot(), *self._terminals.facts(), *self._captures.facts()]
                outbox.send(p.Facts(facts=self._without_baseline(facts, {fact.ns for fact in facts}), whole=True))
                self._outbox = outbox
            case p.Apply():
                outbox.send(self._apply(request))
            case p.Run():
                self._children.start(request, outbox)
            case p.ListExtensions():
                self._children.start(listing(request), outbox)
            case p.Resize():
                child = self._children.by_channel.get(request.channel)
                if child is not None:
                    child.resize(request.rows, request.columns)
                else:
                    self._terminals.resize(request.channel, request.rows, request.columns)
                outbox.send(p.LabAnswer(id=request.id))
            case p.Signal():
                outbox.send(p.LabAnswer(id=request.id, problem=self._signal(request)))
            case p.Look():
                self._look(request)
                outbox.send(p.LabAnswer(id=request.id))
            case p.Trace():
                self._tracing.start(request, outbox.send)
            case p.WatchPackets():
                self._tracing.watch(request, outbox.send)
            case p.StopTrace():
                self._tracing.stop(request.target)
            case p.TryRules():
                tried = attempt(self._namespaces, self._filters.driver, request.family, request.text)
                outbox.send(p.Tried(id=request.id, text=tried.text, line=tried.line, problem=tried.problem))
            case _:
                outbox.send(self._answer(request, outbox))

    def _answer(self, request: p.AnyTerminalRequest | p.AnyFileRequest | p.AnyCaptureRequest, outbox: Outbox) -> p.AnyLabAnswer:
        """Of terminals, files and captures, which are asked for one by one."""
        try:
            if isinstance(request, p.AnyCaptureRequest):
                return self._captures.handle(request)
            if isinstance(request, p.AnyFileRequest):
                return files.handle(request, self._terminals)
            return self._terminals.handle(request, outbox)
        except ProblemError as e:
            return p.LabAnswer(id=request.id, problem=e.problem)

    def _look(self, wanted: p.Look) -> None:
        self._looked = wanted
        self._watch.look([name for name in wanted.namespaces if name in self._namespaces])
        self._filters.look(wanted.filters)
        self._connections.look(wanted.conntrack)

    def _signal(self, request: p.Signal) -> Problem | None:
        child = self._children.by_channel.get(request.channel) if request.channel is not None else None
        if child is not None:
            child.signal(request.signal)
        elif request.pid is not None and request.pid > 1:
            try:
                os.kill(request.pid, request.signal)
            except OSError as e:
                return Problem(code=Code.REFUSED, message=e.strerror or str(e), errno=e.errno, hint=f"kill -{request.signal} {request.pid}")
        return None

    # ---- apply -------------------------------------------------------------------------------------------------------

    def _apply(self, request: p.Apply) -> p.Applied:
        """Do it, or leave everything as it was. The facts are in the outbox before the answer."""
        self._fresh = False
        self._watch.barrier()
        self._filters.settle()
        undo = Undo(self._baseline, self._snapshot())
        bulk = len(request.steps) > BULK
        names = touched(request.steps)
        if bulk:
            self._watch.pause()
        try:
            outcome = execute(self._namespaces, request.steps, self._filters)
        finally:
            if bulk:
                self._watch.resume([name for name in names if name in self._namespaces])
        problem = outcome.problem
        if problem is not None and outcome.failed is not None:
            left = undo.back(self._namespaces, self._filters, request.steps[: outcome.failed], self._now)
            if left:
                problem = msgspec.structs.replace(problem, causes=left)
        self._watch.barrier()
        self._filters.settle({step.namespace for step in request.steps if isinstance(step, ChangeTable)})
        return p.Applied(id=request.id, problem=problem, failed=outcome.failed)

    def _now(self) -> list[AnyFact]:
        self._watch.barrier()
        self._filters.settle()
        return self._snapshot()

    def _snapshot(self) -> list[AnyFact]:
        return [*self._watch.snapshot(), *self._filters.snapshot()]


def warm() -> None:
    """Load what a lab needs while the machine's files can still be seen: codecs and modules that are imported late."""
    with contextlib.suppress(LookupError):
        "vethboard".encode("idna")
    for codec in ("utf-8", "ascii", "latin-1", "cp437"):
        "".encode(codec)
