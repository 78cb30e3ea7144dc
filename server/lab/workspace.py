"""One lab on the server, from its start to its end: the door for the hub and for requests.

One thread (`queue.py`) changes its state, one job after the other. All other threads submit jobs to it, and read what is immutable.
"""

import contextlib
import time
from collections.abc import Callable, Mapping
from typing import NamedTuple, TypeVar

from protocol import private as p
from protocol.public import AnyResult, Context, Done, LabInfo, LabState, Planned, Snapshot, Subscribe
from server.agent_link import SILENT_SECONDS, LabLink
from server.control import Control
from server.lab.carrying import Carrying
from server.lab.connection import Connection, Handlers
from server.lab.document import Document
from server.lab.editing import Editing, EditRequest, settle_uplink
from server.lab.life import Life
from server.lab.machine import Machine
from server.lab.outside import Outside
from server.lab.parts import Parts
from server.lab.publisher import Publisher
from server.lab.queue import Queue
from server.lab.reads import reads_of
from server.lab.states import Action, Event, State
from server.lab.uplink import Uplink
from server.lab.view import View
from server.sessions import Session, Sessions, is_terminal
from server.storage import LabStore
from topology.edit.commands import SetLab
from topology.model.graph import Graph
from topology.model.limits import not_enforced
from topology.model.netfilter import Driver
from topology.model.problems import Code, Problem, ProblemError
from topology.model.records import AnyRecord, Records
from topology.observe.live import AnyLive
from topology.observe.observed import Observed
from topology.observe.unheld import gone

T = TypeVar("T")

WRITE_DOCUMENT_SECONDS = 2.0
"""The text of the document is written after this long without a job; each edit by itself only writes what it changes."""


MAX_PEOPLE = 50
"""Names of viewers in the entry of a lab."""


class Seen(NamedTuple):
    """A lab at one revision, for other threads to read."""

    revision: int
    desired: Mapping[str, AnyRecord]
    observed: Mapping[str, AnyRecord]
    live: Mapping[str, AnyLive]
    drift: tuple[str, ...]


class Workspace:
    """One lab. `changed`: called when its entry in the list of labs has changed."""

    def __init__(self, store: LabStore, control: Control, sessions: Sessions, changed: Callable[[], None]) -> None:
        self.lab, self.store = store.lab, store
        self._sessions, self._changed, self._metrics = sessions, changed, control.metrics
        document = Document(store)
        self._queue, self.reads = Queue(self.lab, self), reads_of(self.lab)
        publisher = Publisher(self.lab, sessions, self.info, document.labels)
        handlers = Handlers(
            self._on_facts, self._on_applied, self._on_limit, self._on_lost, self._on_unheard, self._on_silence, self._on_heard
        )
        machine = Machine(self.lab, store.problem, self._state_changed)
        connection = Connection(self.lab, control, self._queue, handlers, machine.left)
        view, uplink = View(document, publisher), Uplink(control, self.lab)
        self._parts = parts = Parts(self.lab, machine, connection, document, view, publisher, uplink, changed)
        self._carrying = Carrying(parts)
        self._outside = Outside(parts, self._carrying)
        self._editing = Editing(parts, self._carrying, self._outside)
        self._subscriptions: dict[str, Subscribe] = {}
        """By session."""
        self._life = Life(parts, self._carrying, self._outside, self._editing.limits, self._subscriptions.values)
        self._queue.begin()
        self.reads.begin()

    # ---- what others see ---------------------------------------------------------------------------------------------

    @property
    def seen(self) -> Seen:
        """The lab as it is; what is in it never changes."""
        view, publisher = self._parts.view, self._parts.publisher
        return Seen(publisher.revision, self._parts.document.desired, view.observed.records, view.observed.live, view.drift)

    @property
    def desired(self) -> Records:
        """The records of the document."""
        return self._parts.document.desired

    @property
    def observed(self) -> Observed:
        """What the kernel says."""
        return self._parts.view.observed

    @property
    def link(self) -> LabLink | None:
        """The connection to the lab's process."""
        return self._parts.connection.link

    @property
    def state(self) -> LabState:
        """What clients are told about it."""
        return self._parts.machine.public

    @property
    def revision(self) -> int:
        """The revision of the last delta that was sent."""
        return self._parts.publisher.revision

    @property
    def resumes(self) -> bool:
        """Whether the lab was live when the server ended, and is to be resumed."""
        return self._parts.document.resumes

    @property
    def firewall(self) -> Driver | None:
        """The iptables variant of the running lab; of one that does not run, what its document says."""
        attached = self._parts.connection.attached
        if attached is not None and self.state not in ("stopped", "failed"):
            return attached.firewall
        return self._parts.document.firewall

    def live_link(self) -> LabLink:
        """The connection to the lab's process. Raises ProblemError (UNAVAILABLE) where the lab is not live."""
        link, machine = self.link, self._parts.machine
        if link is not None and machine.is_live:
            return link
        hint = "it continues by itself when it answers again" if machine.state is State.SILENT else "start it first"
        raise ProblemError(Problem(code=Code.UNAVAILABLE, message=f"lab {self.lab} is {self.state}", hint=hint))

    def info(self) -> LabInfo:
        """Its entry in the list of labs."""
        viewers = self._sessions.viewers(self.lab)
        return LabInfo(
            lab=self.lab,
            state=self.state,
            policy=self._parts.document.policy,
            namespaces=Graph(self.desired).namespace_count,
            viewers=len(viewers),
            people=tuple(sorted({s.shown_name for s in viewers})[:MAX_PEOPLE]),
            problem=self._parts.machine.problem,
            firewall=self.firewall,
            silent_since=self._parts.machine.silent_since,
        )

    def snapshot(self, session: Session) -> Snapshot:
        """The state for a session, which gets all later deltas. On the lab's thread, so that none is missed between the two."""
        session.open.add(self.lab)
        self._changed()
        undo, redo, by, by_session = self._parts.document.labels()
        seen = self.seen
        live: dict[str, AnyLive] = dict(self.observed.live.whole())
        if not session.sees_terminals:
            live = {id: record for id, record in live.items() if not is_terminal(id)}
        return Snapshot(
            info=self.info(), revision=seen.revision, desired=self.desired, observed=self.observed.records.whole(),
            live=live,
            drift=seen.drift, warnings=self._parts.view.warnings, can_undo=undo or None, can_redo=redo or None, undo_by=by or None,
            undo_session=by_session or None, session=session.id,
        )  # fmt: skip

    def publish_info(self) -> None:
        """Send the entry of the lab to all viewers. A client that expects another revision opens the lab again."""
        self._parts.publisher.publish(info=True)

    def _state_changed(self) -> None:
        self.publish_info()
        self._changed()

    # ---- jobs --------------------------------------------------------------------------------------------------------

    @property
    def queue(self) -> Queue:
        """Its jobs."""
        return self._queue

    def forget(self, session: Session) -> None:
        """The session has left: what only it waits for is not begun. May be called on any thread."""
        self._queue.forget(session)
        self.reads.forget(session)

    def submit(self, run: Callable[[], None]) -> None:
        """Run a job of the server on the lab's thread."""
        self._queue.submit(run)

    def call(self, job: Callable[[], T], seconds: float = 60.0) -> T:
        """Run a job on the lab's thread and wait for its result."""
        return self._queue.call(job, seconds)

    def ask(self, session: Session, id: str, job: Callable[[], AnyResult], drop: bool = False) -> None:
        """Answer a request with the result of a job on the lab's thread."""
        self._queue.ask(session, id, job, drop)

    def seconds(self) -> float | None:
        """Seconds without a job until `quiet`."""
        now, due = time.monotonic(), self._parts.view.seconds_until_due() if self._parts.machine.is_live else None
        waits = [due] if due is not None else []
        waits += [WRITE_DOCUMENT_SECONDS] if self.store.behind else []
        waits += [rest] if (rest := self._parts.view.seconds_until_warnings()) is not None else []
        waits += [self._life.look_again - now] if self._life.look_again is not None else []
        return max(0.0, min(waits)) if waits else None

    def quiet(self) -> None:
        """There was no job for a while: act on changes from outside, look for a lab that was lost, write the document."""
        due = self._parts.view.seconds_until_due()
        if due is not None and due <= 0 and self._parts.machine.is_live:
            self._outside.act()
        elif self._life.look_again is not None and self._life.look_again <= time.monotonic():
            self._life.look()
        elif self._parts.view.seconds_until_warnings() == 0:
            pass  # `idle` looks for them next
        elif self.store.behind:
            self._write_document()

    def idle(self) -> None:
        """What can wait until the queue is empty: a connection of whose end nobody has told, the policy where facts never pause, the
        warnings."""
        if self._parts.connection.is_lost:
            self._life.recover()
        due = self._parts.view.seconds_until_due()
        if due is not None and due <= 0 and self._parts.machine.is_live:
            self._outside.act()
        is_live, attached = self._parts.machine.is_live, self._parts.connection.attached
        limits = [not_enforced(words) for words in attached.unenforced] if is_live and attached is not None else []
        own = (self._parts.uplink.problem, self._carrying.left.problem if is_live else None)
        more = (*(problem for problem in own if problem is not None), *limits, *(self._carrying.left_out.problems if is_live else ()))
        self._parts.view.update_warnings(is_live, more)

    def failed(self, problem: Problem) -> None:
        """A job failed that answers no request."""
        self._parts.publisher.notice("error", problem)

    def _write_document(self) -> None:
        """Everything is in the database already; now also in the text that people read. Where that fails, it is tried again later."""
        with contextlib.suppress(ProblemError):
            self.store.write_document()

    def edit(self, asked: EditRequest) -> Done | Planned:
        """Carry out an edit. Raises ProblemError, and then nothing has changed."""
        try:
            done = self._editing.edit(asked)
        except Exception:
            self._metrics.edits.labels("refused").inc()
            raise
        if isinstance(done, Done):
            self._metrics.edits.labels("done").inc()
        return done

    # ---- start and end -----------------------------------------------------------------------------------------------

    @property
    def left_out(self) -> tuple[Problem, ...]:
        """What of the document the kernel refused at the start; each with its record."""
        return self._carrying.left_out.problems

    def start(self, started: float | None = None) -> Done:
        """Make the lab live. `started`: when that was asked for, in monotonic seconds."""
        return self._life.start(started)

    def resume(self) -> None:
        """Attach to the lab's process where it runs; else start it again from its document."""
        self._life.resume()

    def stop(self) -> Done:
        """End the lab's process, and with it all that the lab has in the kernel."""
        self._life.take_over()
        done = self._stop()
        if done.unheld:
            self._parts.publisher.notice("warning", gone(done.unheld))
        return done

    def _stop(self) -> Done:
        done = self._life.stop()
        self._write_document()
        return done

    def bring_back(self) -> None:
        """Start it again after it was stopped for something that then did not happen."""
        try:
            self.start()
        except ProblemError as e:
            self._parts.publisher.notice("error", e.problem)

    def destroy(self) -> Done:
        """Stop the lab, delete it from the database and end its thread; what still waits is refused."""
        done = self._stop()
        self.store.delete()
        self._queue.end()
        self.reads.end()
        return done

    def end(self) -> None:
        """The server ends: disconnect, save, and end the thread. The lab runs on."""

        def ending() -> None:
            self._life.take_over()
            self._queue.end()
            self.reads.end()
            self._parts.connection.disconnect()
            self._write_document()

        self.submit(ending)

    def join(self, seconds: float) -> None:
        """Wait until its thread has ended."""
        self._queue.join(seconds)

    # ---- what the lab reports ----------------------------------------------------------------------------------------

    def _on_facts(self, event: p.Facts) -> None:
        with self._metrics.fold.time():
            self._parts.view.fold(event, self._parts.connection.attached)

    def _on_applied(self, event: p.Applied) -> None:
        self._queue.submit(lambda: self._carrying.applied_late(event))

    def _on_limit(self, event: p.LimitReached) -> None:
        self._parts.publisher.notice("warning", event.problem)

    def _on_unheard(self) -> None:
        self._parts.machine.unheard(SILENT_SECONDS)

    def _on_silence(self) -> None:
        if self._parts.machine.is_live:
            self._parts.machine.take(Event.SILENCE)

    def _on_heard(self) -> None:
        self._parts.machine.heard()
        if self._parts.machine.state is State.SILENT and self._parts.machine.take(Event.ANSWER) is Action.RESYNC:
            with contextlib.suppress(ProblemError):  # it is lost: that is reported
                self._parts.connection.resync()

    def _on_lost(self) -> None:
        """Whoever waits for the lab is told; the recovery is a job of its own."""
        if self._parts.machine.state in (State.LIVE, State.SILENT):
            self._queue.submit(self._life.recover)

    def agent_answers(self) -> None:
        """The agent was silent, and is heard again. May be called on any thread."""
        self.submit(self._life.agent_answers)

    def limit_reached(self, problem: Problem, end: bool) -> None:
        """The lab has reached a limit of the kernel: say so to all who have it open. `end`: it is ended for that. On any thread."""

        def job() -> None:
            self._parts.publisher.notice("error" if end else "warning", problem)
            if end:
                self.stop()

        self.submit(job)

    # ---- uplink ------------------------------------------------------------------------------------------------------

    def set_uplink(self, on: bool, context: Context) -> Done:
        """Switch the uplink, and write it into the document. Raises ProblemError, and then nothing has changed."""
        uplink, link = self._parts.uplink, self.live_link()
        uplink.ask()
        uplink.settle(link, on)
        if (problem := uplink.problem) is not None:
            settle_uplink(self._parts)
            raise ProblemError(problem)
        try:
            self.edit(EditRequest(commands=(SetLab(uplink=on),), context=context, admin=True))
        except ProblemError:
            settle_uplink(self._parts)
            raise
        return Done(revision=self.revision)

    # ---- viewers -----------------------------------------------------------------------------------------------------

    def subscribe(self, session: Session, request: Subscribe) -> Done:
        """Set what live records this session gets."""
        if self._sessions.get(session.sid) is session:  # else it is gone, and nobody would take its subscription away
            self._subscriptions[session.sid] = request
            self._parts.connection.subscribe(self._subscriptions.values())
        return Done(revision=self.revision)

    def has_subscribed(self, session: Session) -> bool:
        """Whether it gets live records. May be called on any thread."""
        return session.sid in self._subscriptions

    def leave(self, session: Session) -> None:
        """The session has closed the lab, or is gone. May be called on any thread."""

        def leaving() -> None:
            if self._subscriptions.pop(session.sid, None):
                self._parts.connection.subscribe(self._subscriptions.values())
            self._changed()

        self.submit(leaving)
