"""The connection of the server to the process of a lab, as the lab's thread uses it."""

import contextlib
from collections.abc import Callable, Iterable, Mapping
from typing import NamedTuple

import msgspec

from protocol import private as p
from protocol.public import Subscribe
from server.agent_link import LabEvent, LabLink, LinkEvents
from server.control import CONTROL_SECONDS, Control
from server.lab.queue import Queue
from server.problems import unavailable
from topology.model.netfilter import Driver
from topology.model.problems import Code, ProblemError
from topology.model.records import AnyRecord
from topology.plan.steps import AnyStep, ChangeTable

APPLY_SECONDS, SECONDS_PER_COMMAND = 20.0, 0.05
"""How long the lab has for an apply: so long, and for each command so much more. It answers nothing else meanwhile."""

ATTACH_PATIENCE, ATTACH_SECONDS = 30.0, 120.0
"""Seconds that a lab may need to read its whole kernel, and until the facts are here."""


class Handlers(NamedTuple):
    """Who takes what the process reports. All are called on the lab's thread, and only for the connection of this moment."""

    facts: Callable[[p.Facts], None]
    applied: Callable[[p.Applied], None]
    limit: Callable[[p.LimitReached], None]
    lost: Callable[[], None]
    unheard: Callable[[], None]
    silence: Callable[[], None]
    heard: Callable[[], None]


class Connection:
    """Of one lab. `link`: None where there is none. `attached`: what the process said of itself when it was attached. `left`: how many
    seconds the lab may still be in its state; nothing is waited for longer."""

    def __init__(self, lab: str, control: Control, queue: Queue, handlers: Handlers, left: Callable[[], float]) -> None:
        self._lab, self._control, self._queue, self._handlers, self._left = lab, control, queue, handlers, left
        self.link: LabLink | None = None
        self.attached: p.Attached | None = None
        self._is_built = False
        """The process that was attached last has a document."""
        self._has_snapshot = self._lost = self._silent = False
        self._refused: ProblemError | None = None
        self._applying: int | None = None
        self._applied: p.Applied | None = None

    # ---- the process -------------------------------------------------------------------------------------------------

    def start_process(self, firewall: Driver | None, takes_over: bool) -> None:
        """Have the agent make it. One that runs already is taken with `takes_over`; else it could not be ended before, and is now."""

        def start() -> None:
            self._ask(lambda id: p.Start(id=id, lab=self._lab, firewall=firewall))

        try:
            start()
        except ProblemError as e:
            if e.problem.code != Code.EXISTS:
                raise
            if not takes_over:
                self.stop_process()
                start()

    def stop_process(self, seconds: float = CONTROL_SECONDS) -> None:
        """Have the agent end it."""
        self._ask(lambda id: p.Stop(id=id, lab=self._lab), seconds)

    def is_running(self) -> bool:
        """Whether the agent says that there is one."""
        return self._lab in self._ask(lambda id: p.Hello(id=id)).labs

    def _ask(self, make: Callable[[int], p.AnyControlRequest], seconds: float = CONTROL_SECONDS) -> p.ControlAnswer:
        return self._control.ask(make, min(seconds, max(0.0, self._left())))

    def recovered(self) -> None:
        """Count that the connection, or the process, had to be made again."""
        self._control.metrics.restarts.labels("lab-process" if self.is_fresh else "lab-link").inc()

    def reason(self) -> str | None:
        """Why the process ended, once, where the agent has said it."""
        return self._control.reasons.pop(self._lab, None)

    # ---- the connection ----------------------------------------------------------------------------------------------

    def attach(self) -> None:
        """Connect, and take in the snapshot. Raises ProblemError."""
        self._lost = self._silent = self._has_snapshot = False
        self.attached = self._refused = None
        events = LinkEvents(
            self._on_event, self._later(self._on_lost), self._later(self._handlers.unheard), self._later(self._on_silence),
            self._later(self._on_heard),
        )  # fmt: skip
        self.link = LabLink(self._control.socket, self._lab, events, self._control.metrics)
        self.link.patience = ATTACH_PATIENCE
        self.link.send(lambda id: p.Attach(id=id))
        self.wait(lambda: self._has_snapshot, "it was attached", ATTACH_SECONDS)
        self.link.patience = 0.0

    def resync(self) -> None:
        """Ask for the whole lab again."""
        if self.link is not None:
            self.link.send(lambda id: p.Attach(id=id))

    def disconnect(self) -> None:
        """The process runs on."""
        if self.link is not None:
            self.link.close()
        self.link = None

    def cut(self) -> None:
        """End the connection as if it was lost: it is made anew, and the process says what there is."""
        if self.link is not None:
            self.link.cut()

    @property
    def is_lost(self) -> bool:
        """Whether there is none, or one that has ended."""
        return self.link is None or self.link.is_over

    @property
    def may_run(self) -> bool:
        """Of a lab that could not be reached: whether there may be a process that has its document as it was."""
        return self.attached is None or self._is_built

    @property
    def is_fresh(self) -> bool:
        """Whether nothing was ever applied to the process."""
        return self.attached is not None and self.attached.fresh

    def wait(self, done: Callable[[], bool], what: str, seconds: float) -> None:
        """Take in what the process reports until `done`. Raises ProblemError (UNAVAILABLE) when it is lost, silent, or takes too long."""

        def is_done() -> bool:
            if done():
                return True
            if self._refused is not None:
                raise self._refused
            if self._lost:
                raise unavailable(f"the lab's process was lost while {what}")
            if self._silent:
                raise unavailable(f"the lab's process stopped answering while {what}")
            return False

        self._queue.wait(is_done, what, min(seconds, self._left()))

    def catch_up(self) -> None:
        """Have the process report all that the kernel has done so far. Raises ProblemError (UNAVAILABLE)."""
        self.apply((), 0, patience=0.0)

    def apply(self, steps: tuple[AnyStep, ...], edit: int, patience: float | None = None) -> p.Applied:
        """Have the process do the steps, as part of edit number `edit` (0: of none); its answer, after the facts of what they changed.
        `patience`: how many seconds it may be silent meanwhile; by default by the number of steps. Raises ProblemError (UNAVAILABLE)."""
        if self.link is None:
            raise unavailable("the lab's process is gone")
        seconds = APPLY_SECONDS + SECONDS_PER_COMMAND * size(steps) if patience is None else patience
        self._applied = None
        link, link.patience = self.link, seconds
        try:
            self._applying = link.send(lambda id: p.Apply(id=id, steps=steps, edit=edit))
            with self._control.metrics.apply.time():
                self.wait(lambda: self._answer() is not None, "it applied the edit", seconds + 10)
        finally:
            link.patience = 0.0
            self._applying = None
        answer = self._answer()
        assert answer is not None
        return answer

    def refuse_beforehand(self, steps: tuple[AnyStep, ...]) -> None:
        """Raises ProblemError for what an apply of these steps would be refused, as far as the process can try it."""
        if self.link is not None and steps:
            self.link.call(lambda id: p.TrySteps(id=id, steps=steps))

    def _answer(self) -> p.Applied | None:
        return self._applied

    def conclude(self, edit: int) -> None:
        """The process can forget the edit: it is kept, or undone. 0: the document is built."""
        self._is_built |= edit == 0
        if self.link is not None:
            with contextlib.suppress(ProblemError):  # it is lost: the next one is told when it is attached
                self.link.send(lambda id: p.Conclude(id=id, edit=edit))

    def note_left(self, records: Mapping[str, AnyRecord | None]) -> None:
        """Have the process keep this for a server that comes after this one."""
        if self.link is not None:
            with contextlib.suppress(ProblemError):  # it is lost: the next one is told when it is attached
                self.link.send(lambda id: p.NoteLeft(id=id, records=dict(records)))

    def subscribe(self, subscriptions: Iterable[Subscribe]) -> None:
        """Have it report what any of these asks for."""
        wanted = list(subscriptions)

        def union(names: Callable[[Subscribe], tuple[str, ...]]) -> tuple[str, ...]:
            return tuple(dict.fromkeys(name for s in wanted for name in names(s)))

        request = p.Subscribe(
            id=0,
            namespaces=union(lambda s: s.namespaces),
            filters=union(lambda s: s.filters),
            conntrack=union(lambda s: s.conntrack),
            traffic=union(lambda s: s.traffic),
        )
        if self.link is not None:
            with contextlib.suppress(ProblemError):  # it is lost: the next one is told when it is attached
                self.link.send(lambda id: msgspec.structs.replace(request, id=id))

    # ---- what the process reports ------------------------------------------------------------------------------------

    def _later(self, handle: Callable[[], None]) -> Callable[[LabLink], None]:
        """On the link's threads: have it handled on the lab's thread, if the link is still the lab's then."""

        def on_lab_thread(link: LabLink) -> None:
            if link is self.link and not link.closing:
                handle()

        return lambda link: self._queue.event(lambda: on_lab_thread(link))

    def _on_event(self, link: LabLink, event: LabEvent) -> None:
        """On the link's thread. What cannot be taken in is missing: the connection is then made anew, with a snapshot."""

        def handle() -> None:
            try:
                self._handle(link, event)
            except Exception:
                link.cut()
                raise

        self._queue.event(handle)

    def _handle(self, link: LabLink, event: LabEvent) -> None:
        if link is not self.link or link.is_cut:
            return
        match event:
            case p.Facts():
                self._handlers.facts(event)
                self._has_snapshot |= event.snapshot
            case p.Applied() if event.id == self._applying:
                self._applied = event
            case p.Applied():
                self._handlers.applied(event)
            case p.Attached():
                self.attached, self._is_built = event, not event.fresh
            case p.LimitReached():
                self._handlers.limit(event)
            case p.LabAnswer() if event.problem is not None and event.problem.code == Code.VERSION:
                self._refused = ProblemError(event.problem)
            case p.LabAnswer():
                pass

    def _on_lost(self) -> None:
        self._lost, self.link = True, None
        self._handlers.lost()

    def _on_silence(self) -> None:
        self._silent = True
        self._handlers.silence()

    def _on_heard(self) -> None:
        self._silent = False
        self._handlers.heard()


def size(steps: Iterable[AnyStep]) -> int:
    """How many commands these steps are: a table counts line by line."""
    return sum(len(step.lines) if isinstance(step, ChangeTable) else 1 for step in steps)
