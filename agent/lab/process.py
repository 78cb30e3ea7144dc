"""The lab's loop: one client at a time, its requests, and the facts that it is sent."""

import asyncio
import contextlib
import os
import signal
import socket
from collections.abc import Callable, Mapping
from typing import Any, get_args

import msgspec
from websockets.asyncio.server import ServerConnection, unix_serve
from websockets.exceptions import ConnectionClosed

from agent.capture import Captures
from agent.filter import Trial, attempt, option_types
from agent.filter.extensions import listing
from agent.journey.tracing import Tracing
from agent.lab.children import Children
from agent.lab.kernel import POLL_SECONDS, Kernel
from agent.lab.limit_watch import LimitWatch
from agent.lab.outbox import Outbox
from agent.lab.rings import Rings
from agent.linux.reaper import Reaper
from agent.netlink import sockets
from agent.sandbox.seccomp import PASSWORD
from agent.terminals import files
from agent.terminals.terminals import Terminals
from logs import failure, problem_of, start_task, start_thread, watch_loop
from protocol import private as p
from protocol.frames import INPUT, OUTPUT, unpack
from protocol.limits import MAX_LAB_MESSAGE
from topology.model.limits import Limits
from topology.model.netfilter import Driver
from topology.model.problems import Code, Problem, ProblemError
from topology.model.records import AnyRecord
from topology.observe.facts import AnyFact

Handler = Callable[[Any, Outbox], p.AnyLabEvent | None]
"""Does a request of one type, and returns the answer, or sends it itself, now or later. Raises ProblemError."""


class Lab:
    """Serves the server's requests on `listener`, a listening Unix socket, for as long as the lab lives."""

    def __init__(self, listener: socket.socket, calls: int, limits: Limits, unenforced: tuple[str, ...], firewall: Driver) -> None:
        self._listener, self._calls, self._limits, self._unenforced, self._firewall = listener, calls, limits, unenforced, firewall
        self._limit_watch = LimitWatch(limits)
        self._outbox: Outbox | None = None
        self._connection: ServerConnection | None = None
        self._left: dict[str, AnyRecord | None] = {}
        """What the server has noted: it dies with the kernel that it is about."""
        self._decoder = msgspec.json.Decoder(p.AnyLabRequest)

    async def serve(self) -> None:
        """Until SIGTERM."""
        loop = asyncio.get_running_loop()
        stop = asyncio.Event()

        def on_limit(problem: Problem) -> None:
            loop.call_soon_threadsafe(self._on_limit, problem)

        rings = Rings(self._calls, PASSWORD, self._limits, on_limit)
        start_thread("rings", rings.serve, again=True)
        loop.add_signal_handler(signal.SIGTERM, stop.set)
        self._kernel = Kernel(self._firewall, self._on_facts, self._on_reread)
        namespaces, reaper = self._kernel.namespaces, Reaper()
        self._children = Children(namespaces, reaper)
        self._terminals = Terminals(namespaces, reaper.when_ended, self._kernel.report)
        self._captures = Captures(namespaces, reaper, self._kernel.report)
        self._tracing = Tracing(namespaces)
        self._handlers = self._table()
        watch_loop(loop, self._kernel.resynchronise)
        poller = start_task("poll", self._poll, again=True)
        async with unix_serve(self._client, sock=self._listener, compression=None, max_size=MAX_LAB_MESSAGE, ping_interval=None):
            await stop.wait()
        poller.cancel()

    def _on_limit(self, problem: Problem) -> None:
        """Tell the people in the lab, if there are any."""
        if self._outbox is not None and self._limit_watch.is_due():
            self._outbox.send(p.LimitReached(problem=problem))

    def _on_facts(self, facts: tuple[AnyFact, ...]) -> None:
        if self._outbox is not None and facts:
            self._outbox.send(p.Facts(facts=facts))

    def _on_reread(self) -> None:
        """Facts may have been lost: the server gets all of them again."""
        if self._outbox is not None:
            self._outbox.send(p.Facts(facts=self._everything(), snapshot=True))

    def _everything(self) -> tuple[AnyFact, ...]:
        return (*self._kernel.everything(), *self._terminals.facts(), *self._captures.facts())

    async def _poll(self) -> None:
        """While a client is attached and keeps up: look at what has no event. An error ends one look, not all."""
        seconds = POLL_SECONDS
        while True:
            await asyncio.sleep(seconds)
            if self._outbox is None or self._outbox.full:
                continue
            try:
                seconds = self._poll_once(self._outbox)
            except Exception as e:
                failure(e, "looking at what has no event; all is read anew")
                self._kernel.resynchronise()

    def _poll_once(self, outbox: Outbox) -> float:
        """How many seconds the next look should wait."""
        named = len(list(self._kernel.namespaces)) - 1
        for problem in self._limit_watch.newly_reached(named):
            outbox.send(p.LimitReached(problem=problem))
        return self._kernel.poll()

    # ---- the client --------------------------------------------------------------------------------------------------

    async def _client(self, connection: ServerConnection) -> None:
        """A new client takes over from the one before."""
        if self._connection is not None:
            await self._connection.close()
        self._connection, outbox = connection, Outbox(connection)
        pump = start_task("outbox", outbox.pump)
        try:
            async for frame in connection:
                if self._connection is not connection:
                    break  # what it had sent before another took over is not done after that one was told the state
                if isinstance(frame, bytes):
                    self._frame(*unpack(frame))
                else:
                    self._request(frame, outbox)
        except ConnectionClosed:
            pass
        finally:
            pump.cancel()
            if self._connection is connection:
                self._disconnected()

    def _disconnected(self) -> None:
        """Stop what was for this client alone. Terminals and captures go on."""
        self._connection = self._outbox = None
        self._children.hang_up()
        self._terminals.hang_up()
        self._tracing.stop_all()
        self._kernel.subscribe(p.Subscribe(id=0, namespaces=()))

    def _frame(self, channel: int, stream: int, data: bytes) -> None:
        child = self._children.by_channel.get(channel)
        if child is not None and stream == INPUT:
            child.write(data)
        else:
            self._terminals.frame(channel, stream, data)

    def _request(self, frame: str, outbox: Outbox) -> None:
        request = self._decoder.decode(frame)
        answer: p.AnyLabEvent | None
        try:
            answer = self._handlers[type(request)](request, outbox)
        except Exception as e:
            answer = p.LabAnswer(id=request.id, problem=problem_of(e, f"a request {type(request).__name__}"))
        if answer is not None:
            outbox.send(answer)

    # ---- requests ----------------------------------------------------------------------------------------------------

    def _table(self) -> Mapping[type, Handler]:
        """What does each request. AnyLabRequest names them all."""
        return {
            p.Attach: self._attach,
            p.Heartbeat: lambda request, _: p.LabAnswer(id=request.id),
            p.Apply: lambda request, _: self._kernel.apply(request),
            p.Conclude: self._conclude,
            p.NoteLeft: self._note_left,
            p.Run: self._children.start,
            p.ListExtensions: self._list_extensions,
            p.Resize: self._resize,
            p.Signal: self._signal,
            p.Subscribe: self._subscribe,
            p.ListSockets: self._list_sockets,
            p.TryRules: self._try_rules,
            p.TrySteps: lambda request, _: p.LabAnswer(id=request.id, problem=self._kernel.refused(request.steps)),
            p.Trace: lambda request, outbox: self._tracing.start(request, outbox.send),
            p.WatchPackets: lambda request, outbox: self._tracing.watch(request, outbox.send),
            p.StopTrace: lambda request, _: self._tracing.stop(request.target),
            **dict.fromkeys(get_args(p.AnyTerminalRequest), self._terminals.handle),
            **dict.fromkeys(get_args(p.AnyFileRequest), lambda request, _: files.handle(request, self._terminals)),
            **dict.fromkeys(get_args(p.AnyCaptureRequest), lambda request, outbox: self._captures.handle(request, outbox.send)),
        }

    def _attach(self, request: p.Attach, outbox: Outbox) -> None:
        """Send the whole lab; only then can the outbox get facts of changes."""
        if request.protocol != p.PROTOCOL:
            message = f"the server speaks protocol {request.protocol}, this lab {p.PROTOCOL}"
            raise ProblemError(Problem(code=Code.VERSION, message=message, hint="stop the lab and start it again"))
        kernel = self._kernel
        facts = self._everything()
        outbox.send(
            p.Attached(
                id=request.id, fresh=kernel.fresh, sysctls=kernel.baseline, limits=self._limits, firewall=self._firewall,
                open_edit=kernel.open_edit(), unenforced=self._unenforced, left=self._left,
            )
        )  # fmt: skip
        outbox.send(p.Facts(facts=facts, snapshot=True))
        self._outbox = outbox

    def _list_extensions(self, request: p.ListExtensions, outbox: Outbox) -> None:
        """What libxtables knows of the options, and behind it the help of each extension."""
        if types := option_types.listing(request.family):
            outbox.data(request.channel, OUTPUT, types.encode())
        self._children.start(listing(request), outbox)

    def _conclude(self, request: p.Conclude, _outbox: Outbox) -> p.LabAnswer:
        self._kernel.conclude(request.edit)
        return p.LabAnswer(id=request.id)

    def _note_left(self, request: p.NoteLeft, _outbox: Outbox) -> p.LabAnswer:
        self._left = request.records
        return p.LabAnswer(id=request.id)

    def _resize(self, request: p.Resize, _outbox: Outbox) -> p.LabAnswer:
        child = self._children.by_channel.get(request.channel)
        if child is not None:
            child.resize(request.rows, request.columns)
        else:
            self._terminals.resize(request.channel, request.rows, request.columns)
        return p.LabAnswer(id=request.id)

    def _signal(self, request: p.Signal, _outbox: Outbox) -> p.LabAnswer:
        return p.LabAnswer(id=request.id, problem=self._kill(request))

    def _kill(self, request: p.Signal) -> Problem | None:
        child = self._children.by_channel.get(request.channel) if request.channel is not None else None
        if child is not None:
            child.signal(request.signal)
        elif request.pid is not None and request.pid > 1:
            try:
                os.kill(request.pid, request.signal)
            except OSError as e:
                return Problem(code=Code.REFUSED, message=e.strerror or str(e), errno=e.errno, hint=f"kill -{request.signal} {request.pid}")
        return None

    def _subscribe(self, request: p.Subscribe, _outbox: Outbox) -> p.LabAnswer:
        self._kernel.subscribe(request)
        return p.LabAnswer(id=request.id)

    def _list_sockets(self, request: p.ListSockets, _outbox: Outbox) -> p.Sockets:
        return p.Sockets(id=request.id, sockets=sockets.listening(self._kernel.namespaces, request.namespace))

    def _try_rules(self, request: p.TryRules, _outbox: Outbox) -> p.Tried:
        trial = Trial(request.text, request.base, request.mode)
        tried = attempt(self._kernel.namespaces, self._kernel.filters.driver, request.family, trial)
        return p.Tried(id=request.id, **tried._asdict())


def warm() -> None:
    """Load what a lab needs while the machine's files can still be seen: codecs and modules that are imported late."""
    with contextlib.suppress(LookupError):
        "vethboard".encode("idna")
    for codec in ("utf-8", "ascii", "latin-1", "cp437"):
        "".encode(codec)
