"""A lab as the server has it: the single writer.

One thread owns desired, observed, revision and history, and takes one job after the other from its queue. Everything else sends it jobs.
"""

import contextlib
import queue
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping
from typing import NamedTuple

import msgspec

from protocol import private as p
from protocol.public import Change, Context, Delta, Done, LabInfo, LabState, Notice, Planned, Snapshot
from server.agent_link import Control, LabEvent, LabLink, unavailable
from server.history import History
from server.outbox import Session, Sessions, problem_of
from server.policy import adopt, target
from server.storage import LabFiles
from topology.commands import AnyCommand, KeepDrift, Redo, RevertDrift, Undo
from topology.diff import Diff, apply, between, reverse
from topology.edit import edit
from topology.graph import Graph
from topology.live import AnyLive
from topology.normal import drift
from topology.observed import Observed
from topology.plan import plan
from topology.problems import Code, Problem, ProblemError
from topology.records import AnyRecord, Lab, Namespace, Policy, Records, as_records
from topology.shell import commands as shell_commands
from topology.steps import AnyStep
from topology.warnings import warnings

QUIET_SECONDS, AT_MOST_SECONDS = 0.03, 0.25
"""How long facts have been quiet before the lab's policy looks at them, and how long it waits at most."""

ROUNDS = 3
"""Plans at most until the kernel is what was asked: some consequences only show when it was read back."""


class Job(NamedTuple):
    """`event`: the lab said something, which is also taken in while the writer waits for it."""

    run: Callable[[], None]
    event: bool = False


class Asked(NamedTuple):
    """An edit that somebody asked for."""

    commands: tuple[AnyCommand, ...]
    context: Context
    base: int | None = None
    dry_run: bool = False
    started: float = 0.0


class Workspace:
    """One lab. `changed` is called when its entry in the list of labs is another."""

    def __init__(self, files: LabFiles, control: Control, sessions: Sessions, changed: Callable[[], None]) -> None:
        self.lab, self.files = files.lab, files
        self._control, self._sessions, self._changed = control, sessions, changed
        self._jobs: queue.SimpleQueue[Job] = queue.SimpleQueue()
        self._put_off: deque[Job] = deque()
        files.create()
        self.desired, self.problem = files.load()
        self.history = History(files.history())
        self.state: LabState = "stopped"
        self.observed = Observed({}, self.desired)
        self.link: LabLink | None = None
        self.revision = 0
        self._drift: tuple[str, ...] = ()
        self._warnings: tuple[Problem, ...] = ()
        self._undo_labels: tuple[str, str] = ("", "")
        self._looks: dict[str, tuple[str, ...]] = {}
        self._authors: dict[str, tuple[int, str]] = {}
        self._outside: float | None = None
        self._last_fact = 0.0
        self._applied: p.Applied | None = None
        self._attached: p.Attached | None = None
        self._whole = False
        self._lost = False
        self._unsaved = False
        self._stale_warnings = True
        self._ended = False
        self.thread = threading.Thread(target=self._work, name=f"lab-{self.lab}", daemon=True)
        self.thread.start()

    # ---- the writer's loop -------------------------------------------------------------------------------------------

    def submit(self, run: Callable[[], None], event: bool = False) -> None:
        """Do this on the writer's thread, after what was asked before."""
        self._jobs.put(Job(run, event))

    def ask(self, session: Session, id: str, job: Callable[[], msgspec.Struct]) -> None:
        """`submit`, with its result (or its problem) as the one answer to request `id`."""

        def answered() -> None:
            try:
                result = job()
            except Exception as e:
                session.refuse(id, problem_of(e))
            else:
                session.answer(id, result)  # type: ignore[arg-type]  # every job returns one of AnyResult

        self.submit(answered)

    def _work(self) -> None:
        while not self._ended:
            try:
                job = self._put_off.popleft() if self._put_off else self._jobs.get(timeout=self._timeout())
            except queue.Empty:
                job = Job(self._settle)
            try:
                job.run()
            except Exception as e:
                self._notice("error", problem_of(e))
            if self._jobs.empty():
                self._idle()

    def _timeout(self) -> float | None:
        if self._outside is None or self.state != "live":
            return None
        now = time.monotonic()
        return max(0.0, min(self._last_fact + QUIET_SECONDS, self._outside + AT_MOST_SECONDS) - now)

    def _idle(self) -> None:
        """What can wait until nobody does: warnings, files, the policy when facts never are quiet."""
        if self._outside is not None and self.state == "live" and time.monotonic() > self._outside + AT_MOST_SECONDS:
            self._settle()
        if self._stale_warnings:
            self._stale_warnings = False
            found = warnings(self.observed.records if self.state == "live" else self.desired)
            if found != self._warnings:
                self._warnings = found
                self._publish(warnings=found)
        if self._unsaved:
            self._unsaved = False
            self.files.save(self.desired)
            self.files.append(self.history.take_fresh())

    # ---- what everybody sees -----------------------------------------------------------------------------------------

    @property
    def policy(self) -> Policy:
        lab = self.desired.get("lab:")
        return lab.policy if isinstance(lab, Lab) else "follow"

    def info(self) -> LabInfo:
        """Its entry in the list."""
        count = sum(isinstance(r, Namespace) for r in self.desired.values())
        viewers = len(self._sessions.viewers(self.lab))
        return LabInfo(lab=self.lab, state=self.state, policy=self.policy, namespaces=count, viewers=viewers, problem=self.problem)

    def snapshot(self, session: Session) -> Snapshot:
        """All there is; every later delta goes to the session. On the writer's thread, so nothing is between the two."""
        session.open.add(self.lab)
        self._changed()
        undo, redo = self._labels()
        return Snapshot(
            info=self.info(), revision=self.revision, desired=self.desired, observed=self.observed.records, live=self.observed.live,
            drift=self._drift, warnings=self._warnings, can_undo=undo or None, can_redo=redo or None,
        )  # fmt: skip

    def _labels(self) -> tuple[str, str]:
        undo, redo = self.history.to_undo, self.history.to_redo
        return (undo.context.label or "edit" if undo else "", redo.context.label or "edit" if redo else "")

    def _publish(
        self,
        *,
        desired: Diff[AnyRecord] | None = None,
        observed: Diff[AnyRecord] | None = None,
        live: Diff[AnyLive] | None = None,
        context: Context | None = None,
        info: bool = False,
        drift: tuple[str, ...] | None = None,
        warnings: tuple[Problem, ...] | None = None,
        shell: tuple[str, ...] | None = None,
    ) -> None:
        self.revision += 1
        labels = self._labels()
        undo, redo = labels if labels != self._undo_labels else (None, None)
        self._undo_labels = labels
        delta = Delta(
            lab=self.lab, revision=self.revision, desired=desired or None, observed=observed or None, live=live or None, context=context,
            info=self.info() if info else None, drift=drift, warnings=warnings, can_undo=undo, can_redo=redo, shell=shell,
        )  # fmt: skip
        self._sessions.tell(self._sessions.viewers(self.lab), delta)

    def _notice(self, level: str, problem: Problem) -> None:
        notice = Notice(lab=self.lab, level=msgspec.convert(level, Notice.__annotations__["level"]), problem=problem)
        self._sessions.tell(self._sessions.viewers(self.lab), notice)

    def _set_state(self, state: LabState, problem: Problem | None = None) -> None:
        self.state, self.problem = state, problem
        self._publish(info=True)
        self._changed()

    # ---- facts -------------------------------------------------------------------------------------------------------

    def _heard(self, link: LabLink, event: LabEvent) -> None:
        """On the link's thread."""
        self.submit(lambda: self._take(link, event), event=True)

    def _take(self, link: LabLink, event: LabEvent) -> None:
        if link is not self.link:
            return
        match event:
            case p.Facts():
                self._fold(event)
            case p.Applied():
                self._applied = event
            case p.Attached():
                self._attached = event
            case p.LabAnswer():
                pass

    def _fold(self, event: p.Facts) -> None:
        before, live = self.observed.records, self.observed.live
        if event.whole:
            baseline = self._attached.sysctls if self._attached else {}
            self.observed = Observed(baseline, self.desired)
            self._whole = True
        records, lives = self.observed.fold(event.facts)
        if event.whole:
            records, lives = between(before, self.observed.records), between(live, self.observed.live)
        if not records and not lives:
            return
        if records:
            self._stale_warnings = True
            self._last_fact = time.monotonic()
            if self._outside is None:
                self._outside = self._last_fact
        self._publish(observed=records, live=lives)

    def _wait(self, done: Callable[[], bool], what: str, seconds: float = 120.0) -> None:
        """Take in what the lab says until it is so; other jobs wait."""
        end = time.monotonic() + seconds
        while not done():
            if self._lost:
                raise unavailable(f"the lab's process was lost while {what}")
            try:
                job = self._jobs.get(timeout=max(0.0, end - time.monotonic()))
            except queue.Empty:
                raise unavailable(f"the lab did not answer while {what}") from None
            if job.event:
                job.run()
            else:
                self._put_off.append(job)

    # ---- edits -------------------------------------------------------------------------------------------------------

    def edit(self, asked: Asked) -> Done | Planned:
        """All commands or none. Raises ProblemError, and then nothing has changed."""
        moves: dict[str, str] = {}
        made: list[str] = []
        after = self.desired
        change: Change | None = None
        for command in asked.commands:
            if isinstance(command, Undo | Redo):
                change, after = self._again(isinstance(command, Undo))
            elif isinstance(command, KeepDrift):
                after = adopt(after, self.observed.records, command.ids or self._drift)
            elif isinstance(command, RevertDrift):
                return self._revert(command.ids)
            else:
                result = edit(after, command)
                after = apply(after, result.diff)
                moves = _compose(moves, result.moves)
                made += result.made
        diff = between(self.desired, after)
        self._refuse_stale(diff, asked)
        if asked.dry_run:
            return self._planned(after, diff, moves)
        return self._commit(after, diff, moves, tuple(made), asked, change)

    def _again(self, undo: bool) -> tuple[Change, Records]:
        change = self.history.to_undo if undo else self.history.to_redo
        if change is None:
            raise ProblemError(Problem(code=Code.UNKNOWN, message=f"there is nothing to {'undo' if undo else 'do again'}"))
        return change, apply(self.desired, reverse(change.diff) if undo else change.diff)

    def _refuse_stale(self, diff: Diff[AnyRecord], asked: Asked) -> None:
        """Somebody else changed the same record since the author last saw it."""
        if asked.base is None:
            return
        for key in diff.ids:
            revision, author = self._authors.get(key, (0, ""))
            if revision > asked.base and author != (asked.context.session or asked.context.author):
                hint = "look at what it is now, and change it again if you still want to"
                raise ProblemError(Problem(code=Code.CONFLICT, message="somebody else changed this just now", subject=key, hint=hint))

    def _goal(self, after: Records, diff: Diff[AnyRecord]) -> Records:
        """What the kernel shall be: the document; where things differ already that nobody asked about, only the edit."""
        return target(self.observed.records, diff) if self._drift else after

    def _planned(self, after: Records, diff: Diff[AnyRecord], moves: Mapping[str, str]) -> Planned:
        if self.state == "live":
            goal, have = self._goal(after, diff), self.observed.records
        else:
            goal, have = after, as_records(Namespace(name="host"))
        steps = plan(goal, have, moves, self.observed.baseline, self.observed.born_mac)
        return Planned(steps=steps, shell=shell_commands(steps))

    def _commit(
        self, after: Records, diff: Diff[AnyRecord], moves: Mapping[str, str], made: tuple[str, ...], asked: Asked, change: Change | None
    ) -> Done:
        steps: tuple[AnyStep, ...] = ()
        before = self.desired
        if self.state == "live":
            steps = self._carry_out(self._goal(after, diff), after, moves)
            missed = set(drift(after, self.observed.records)) - set(self._drift)
            after = adopt(after, self.observed.records, missed)
        self.desired = self.observed.like = after
        diff = between(before, after)
        shell = shell_commands(steps) if len(steps) <= 200 else ()
        if change is not None:
            self.history.mark(change, undone=not change.undone)
        elif diff:
            self.history.add(asked.context, diff, shell)
        if diff or change is not None:
            self._noted(diff, asked.context)
            self._publish(desired=diff, context=asked.context, info=True, shell=shell)
            if any(not key.startswith("placement:") for key in diff.ids):
                self._changed()
        self._show_drift()
        seconds = time.monotonic() - asked.started if asked.started and self.state == "live" else None
        return Done(revision=self.revision, steps=len(steps), deploy_seconds=seconds, made=made)

    def _noted(self, diff: Diff[AnyRecord], context: Context) -> None:
        who = context.session or context.author
        self._authors.update((key, (self.revision + 1, who)) for key in diff.ids)
        self._unsaved = True
        self._stale_warnings = True

    def _carry_out(self, goal: Records, like: Records, moves: Mapping[str, str]) -> tuple[AnyStep, ...]:
        """Steps until the kernel, read back, is the goal. On a refusal the lab has undone them: the old state is told by facts."""
        before = self.observed.like
        self.observed.like = like
        done: list[AnyStep] = []
        try:
            for number in range(ROUNDS):
                steps = plan(goal, self.observed.records, moves if number == 0 else None, self.observed.baseline, self.observed.born_mac)
                if not steps:
                    break
                done += steps
                self._apply(steps)
        except ProblemError:
            self.observed.like = before
            self._outside = self._last_fact = time.monotonic()  # look whether all is as it was
            raise
        self._outside = None
        return tuple(done)

    def _apply(self, steps: tuple[AnyStep, ...]) -> None:
        if self.link is None:
            raise unavailable("the lab's process is gone")
        self._applied = None
        self.link.send(lambda id: p.Apply(id=id, steps=steps))
        self._wait(lambda: self._applied is not None, "it applied the edit")
        if (problem := self._refusal()) is not None:
            raise ProblemError(problem)

    def _refusal(self) -> Problem | None:
        return self._applied.problem if self._applied is not None else None

    def _is_fresh(self) -> bool:
        """Whether nothing was ever applied to the lab's process."""
        return self._attached is not None and self._attached.fresh

    def _revert(self, ids: tuple[str, ...] | None) -> Done:
        """Make the kernel be what the document says, of these records."""
        wanted = set(ids if ids is not None else self._drift)
        goal = adopt(self.observed.records, self.desired, wanted)
        steps = self._carry_out(goal, self.desired, {}) if self.state == "live" else ()
        self._show_drift()
        return Done(revision=self.revision, steps=len(steps))

    # ---- changes from outside ----------------------------------------------------------------------------------------

    def _settle(self) -> None:
        """Facts have been quiet: what differs now is somebody else's doing."""
        self._outside = None
        if self.state != "live":
            return
        ids = drift(self.desired, self.observed.records)
        if not ids:
            self._show_drift()
            return
        if self.policy == "follow":
            before = self.desired
            self.desired = self.observed.like = adopt(before, self.observed.records, ids)
            diff = between(before, self.desired)
            context = Context(author="terminal", label=", ".join(key.partition(":")[2] for key in ids[:3]), at=now())
            self.history.add(context, diff)
            self._noted(diff, context)
            self._publish(desired=diff, context=context, info=True)
            self._changed()
        elif self.policy == "enforce":
            self._put_back(ids)
        self._show_drift()

    def _put_back(self, ids: tuple[str, ...]) -> None:
        steps = self._carry_out(self.desired, self.desired, {})
        if steps:
            message = f"put back what was changed from outside: {', '.join(key.partition(':')[2] for key in ids[:5])}"
            self._notice("info", Problem(code=Code.CONFLICT, message=message, subject=ids[0], hint="the lab's policy is enforce"))

    def _show_drift(self) -> None:
        found = drift(self.desired, self.observed.records) if self.state == "live" else ()
        if found != self._drift:
            self._drift = found
            self._publish(drift=found)

    # ---- life --------------------------------------------------------------------------------------------------------

    def start(self, started: float | None = None) -> Done:
        """Make the lab live: its process, then its document in the kernel."""
        if self.state == "live":
            return Done(revision=self.revision)
        self._set_state("starting")
        try:
            steps = self._start(fresh=True)
        except Exception as e:
            problem = problem_of(e)
            self._disconnect()
            self._control_stop()
            self._set_state("failed", problem)
            raise
        self.files.set_live(True)
        self._set_state("live")
        seconds = time.monotonic() - started if started else None
        return Done(revision=self.revision, steps=len(steps), deploy_seconds=seconds)

    def _start(self, fresh: bool) -> tuple[AnyStep, ...]:
        if fresh:
            try:
                self._control.ask(lambda id: p.Start(id=id, lab=self.lab))
            except ProblemError as e:
                if e.problem.code != Code.EXISTS:
                    raise
        self._lost = self._whole = False
        self._attached = None
        self.link = LabLink(self._control.socket, self.lab, self._heard, self._link_lost)
        self.link.send(lambda id: p.Attach(id=id))
        self._wait(lambda: self._whole, "it was attached")
        self._send_look()
        if self._is_fresh():
            return self._carry_out(self.desired, self.desired, {})
        self._outside = time.monotonic()
        return ()

    def stop(self) -> Done:
        """Take the lab out of the kernel."""
        self.files.set_live(False)
        if self.state != "stopped":
            self._set_state("stopping")
            self._disconnect()
            self._control.ask(lambda id: p.Stop(id=id, lab=self.lab))
            self._clear()
            self._set_state("stopped")
        return Done(revision=self.revision)

    def _clear(self) -> None:
        old, live = self.observed.records, self.observed.live
        self.observed = Observed({}, self.desired)
        self._drift = ()
        self._publish(observed=between(old, {}), live=between(live, {}), drift=())

    def destroy(self) -> Done:
        """Stop it, and delete all that is known of it."""
        done = self.stop()
        self._ended = True
        self.files.delete()
        return done

    def end(self) -> None:
        """The server ends; the lab goes on."""

        def ending() -> None:
            self._disconnect()
            self._idle()
            self._ended = True

        self.submit(ending)

    def resume(self) -> None:
        """At the server's start, and after the agent was lost: find the lab as it was, or bring it back from its document."""
        try:
            running = self.lab in self._control.ask(lambda id: p.Hello(id=id)).labs
            self._set_state("starting")
            self._start(fresh=not running)
        except ProblemError as e:
            self._set_state("failed", e.problem)
            return
        self.files.set_live(True)
        self._set_state("live")

    def _disconnect(self) -> None:
        if self.link is not None:
            self.link.close()
        self.link = None

    def _control_stop(self) -> None:
        with contextlib.suppress(ProblemError):  # the problem that led here is the one to tell
            self._control.ask(lambda id: p.Stop(id=id, lab=self.lab))

    def _link_lost(self, link: LabLink) -> None:
        """On the link's thread."""
        if link.closing:
            return
        if link is self.link:
            self._lost = True

        def recover() -> None:
            if link is self.link:
                self.link = None
                self._recover()

        self.submit(lambda: None, event=True)  # wakes a writer that waits for this lab
        self.submit(recover)

    def _recover(self) -> None:
        """The lab's process is gone, or only the agent in between."""
        before = self._control.reasons.pop(self.lab, None)
        self.resume()
        if self.info().state == "live" and self._is_fresh():
            reason = before or self._control.reasons.pop(self.lab, None) or "its process ended"
            message = f"the lab was brought back from its document: {reason}"
            self._notice("warning", Problem(code=Code.UNAVAILABLE, message=message, hint="programs that ran in it are gone"))

    # ---- looking -----------------------------------------------------------------------------------------------------

    def look(self, session: Session, namespaces: tuple[str, ...]) -> Done:
        """What this session shows in an inspector."""
        self._looks[session.sid] = namespaces
        self._send_look()
        return Done(revision=self.revision)

    def leave(self, sid: str) -> None:
        """The session has closed the lab, or is gone."""

        def leaving() -> None:
            if self._looks.pop(sid, None):
                self._send_look()
            self._changed()

        self.submit(leaving)

    def _send_look(self) -> None:
        names = tuple(dict.fromkeys(name for looked in self._looks.values() for name in looked))
        if self.link is not None:
            self.link.send(lambda id: p.Look(id=id, namespaces=names))

    def live_link(self) -> LabLink:
        """The link to a lab that is live. Raises ProblemError."""
        link = self.link
        if link is None or self.state != "live":
            raise ProblemError(Problem(code=Code.UNAVAILABLE, message=f"lab {self.lab} is {self.state}", hint="start it first"))
        return link

    def graph(self) -> Graph:
        """Of what the kernel says."""
        return Graph(self.observed.records)


def _compose(first: Mapping[str, str], second: Mapping[str, str]) -> dict[str, str]:
    """Old → new over two sets of moves, one after the other."""
    out = {old: second.get(new, new) for old, new in first.items()}
    taken = set(first.values())
    out.update((old, new) for old, new in second.items() if old not in taken)
    return out


def now() -> str:
    """The time of a change, UTC, as RFC 3339."""
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
