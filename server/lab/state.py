"""The state of a lab: desired, observed and live records, revision and history; and the events that are sent of it."""

import contextlib
import time
from collections.abc import Callable

from protocol import private as p
from protocol.public import Context, Delta, LabInfo, LabState, Notice, NoticeLevel, Snapshot, Subscribe
from server.agent_link import Control, LabEvent, LabLink
from server.lab.uplink import Uplink
from server.lab.writer import Writer
from server.problems import problem_of
from server.sessions import Session, Sessions
from server.storage import LabStore
from topology.journey.warnings import warnings
from topology.model import ids
from topology.model.diff import Diff, between
from topology.model.netfilter import Driver
from topology.model.problems import Code, Problem, ProblemError
from topology.model.records import AnyRecord, Lab, Namespace, Policy, Records
from topology.observe.live import AnyLive
from topology.observe.observed import Observed

QUIET_SECONDS, MAX_QUIET_SECONDS = 0.03, 0.25
"""The policy acts on outside changes after this long without a fact, at the latest this long after the first one."""
WRITE_DOCUMENT_SECONDS = 2.0
"""The text of the document is written after this long without a job; each edit by itself only writes what it changes."""


class State(Writer):
    """The state of one lab. `changed`: called when its entry in the list of labs has changed. The writer's thread alone changes it."""

    def __init__(self, store: LabStore, control: Control, sessions: Sessions, changed: Callable[[], None]) -> None:
        super().__init__(store.lab)
        self.lab, self.store = store.lab, store
        self._control, self._sessions, self._changed = control, sessions, changed
        stored = store.load()
        self.desired, self.problem = stored.records, stored.problem
        self.resumes = stored.live and stored.problem is None
        """It was live when the server ended."""
        self.state: LabState = "stopped" if stored.problem is None else "failed"
        self.observed = Observed({}, self.desired)
        self.link: LabLink | None = None
        self.uplink = Uplink(control, store.lab)
        self.revision = 0
        self._drift: tuple[str, ...] = ()
        self._warnings: tuple[Problem, ...] = ()
        self._undo_labels: tuple[str, str, str] = ("", "", "")
        self._subscriptions: dict[str, Subscribe] = {}
        """By session."""
        self._authors: dict[tuple[str, str], tuple[int, str]] = {}
        """Who changed a field (record id, name) last, and at which revision."""
        self._changed_since: float | None = None
        """When the first fact came that no edit explains and that the policy has not acted on, in monotonic seconds."""
        self._last_fact = 0.0
        """When the last fact came, in monotonic seconds."""
        self._applied: p.Applied | None = None
        self._overdue: int | None = None
        """The apply (its id) that the lab has not answered yet: meanwhile nothing is adopted."""
        self._before_overdue: Records | None = None
        """The kernel before that apply, where nobody waits for its answer any more."""
        self._ruins: dict[str, AnyRecord | None] = {}
        """What a failed apply has left in the kernel, by id; None: a record that it has taken away."""
        self._attached: p.Attached | None = None
        self._has_snapshot = False
        """The facts of the whole lab have come since it was attached."""
        self._storage_failed = False
        """It was said that changes from outside cannot be stored."""
        self._stale_warnings = True
        self.thread.start()

    # ---- between two jobs --------------------------------------------------------------------------------------------

    def _timeout(self) -> float | None:
        if self._changed_since is None or self.state != "live":
            return WRITE_DOCUMENT_SECONDS if self.store.behind else None
        now = time.monotonic()
        return max(0.0, min(self._last_fact + QUIET_SECONDS, self._changed_since + MAX_QUIET_SECONDS) - now)

    def _idle(self) -> None:
        """What can wait until the queue is empty: the policy where facts never pause, the warnings."""
        if self._changed_since is not None and self.state == "live" and time.monotonic() > self._changed_since + MAX_QUIET_SECONDS:
            self._quiet()
        if self._stale_warnings:
            self._stale_warnings = False
            self._update_warnings()

    def _write_document(self) -> None:
        """Everything is in the database already; now also in the text that people read. Where that fails, it is tried again later."""
        with contextlib.suppress(ProblemError):
            self.store.write_document()

    def _update_warnings(self) -> None:
        found = warnings(self.observed.records if self.state == "live" else self.desired)
        if self.uplink.problem is not None:
            found = (self.uplink.problem, *found)
        if found != self._warnings:
            self._warnings = found
            self._publish(warnings=found)

    # ---- what clients see --------------------------------------------------------------------------------------------

    @property
    def policy(self) -> Policy:
        """What happens to changes from outside."""
        lab = self.desired.get(ids.LAB)
        return lab.policy if isinstance(lab, Lab) else "follow"

    @property
    def firewall(self) -> Driver | None:
        """The iptables variant of the running lab; of one that does not run, what its document says."""
        lab = self.desired.get(ids.LAB)
        if self._attached is not None and self.state not in ("stopped", "failed"):
            return self._attached.firewall
        return lab.firewall if isinstance(lab, Lab) else None

    def info(self) -> LabInfo:
        """Its entry in the list of labs."""
        count = sum(isinstance(r, Namespace) for r in self.desired.values())
        viewers = len(self._sessions.viewers(self.lab))
        return LabInfo(
            lab=self.lab,
            state=self.state,
            policy=self.policy,
            namespaces=count,
            viewers=viewers,
            problem=self.problem,
            firewall=self.firewall,
        )

    def snapshot(self, session: Session) -> Snapshot:
        """The state for a session, which gets all later deltas. On the writer's thread, so that none is missed between the two."""
        session.open.add(self.lab)
        self._changed()
        undo, redo, by = self._labels()
        return Snapshot(
            info=self.info(), revision=self.revision, desired=self.desired, observed=self.observed.records.whole(),
            live=self.observed.live.whole(),
            drift=self._drift, warnings=self._warnings, can_undo=undo or None, can_redo=redo or None,
            undo_by=by or None,
        )  # fmt: skip

    def _labels(self) -> tuple[str, str, str]:
        """The label of the edit that undo takes back, of the one that redo applies again, and the author of the first; empty: there is
        none."""
        undo, redo = self.store.heads
        labels = (undo.context.label or "edit" if undo else "", redo.context.label or "edit" if redo else "")
        return (*labels, undo.context.author if undo else "")

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
        """Send a delta with the next revision to everybody who has the lab open."""
        self.revision += 1
        labels = self._labels()
        undo, redo, by = labels if labels != self._undo_labels else (None, None, None)
        self._undo_labels = labels
        delta = Delta(
            lab=self.lab, revision=self.revision, desired=desired or None, observed=observed or None, live=live or None, context=context,
            info=self.info() if info else None, drift=drift, warnings=warnings, can_undo=undo, can_redo=redo, undo_by=by, shell=shell,
        )  # fmt: skip
        self._sessions.broadcast(self._sessions.viewers(self.lab), delta)

    def _notice(self, level: NoticeLevel, problem: Problem) -> None:
        self._sessions.broadcast(self._sessions.viewers(self.lab), Notice(lab=self.lab, level=level, problem=problem))

    def _failed(self, error: Exception) -> None:
        self._notice("error", problem_of(error))

    def publish_info(self) -> None:
        """Send the entry of the lab to all viewers. A client that expects another revision opens the lab again."""
        self._publish(info=True)

    def _set_state(self, state: LabState, problem: Problem | None = None) -> None:
        self.state, self.problem = state, problem
        self._publish(info=True)
        self._changed()

    # ---- facts -------------------------------------------------------------------------------------------------------

    def _on_event(self, link: LabLink, event: LabEvent) -> None:
        """On the link's thread."""
        self.submit(lambda: self._handle_event(link, event), event=True)

    def _handle_event(self, link: LabLink, event: LabEvent) -> None:
        if link is not self.link:
            return
        match event:
            case p.Facts():
                self._fold(event)
            case p.Applied() if event.id == self._overdue:
                self._applied, self._overdue = event, None
                self._applied_late()
            case p.Attached():
                self._attached = event
            case p.LimitReached():
                self._notice("warning", event.problem)
            case _:
                pass

    def _applied_late(self) -> None:
        """Whatever an apply did whose answer nobody waited for: it was refused to its author, and is nobody's edit."""
        before, self._before_overdue = self._before_overdue, None
        if before is not None:
            self._keep_apart(before)
            self._changed_since = self._last_fact = time.monotonic()

    def _keep_apart(self, before: Records) -> None:
        """After an apply that failed and could not be undone: what is in the kernel and was not before is drift, and nobody's edit."""
        now = self.observed.records
        self._ruins = {key: now.get(key) for key in between(before, now).ids}
        if self._ruins:
            names = ", ".join(map(ids.subject_of, list(self._ruins)[:5]))
            message = f"a change failed and could not be undone everywhere: {names}"
            hint = "revert the drift to have it as in the document, or keep it"
            self._notice("warning", Problem(code=Code.CONFLICT, message=message, subject=next(iter(self._ruins)), hint=hint))

    def _fold(self, event: p.Facts) -> None:
        records, live = self._fold_snapshot(event) if event.snapshot else self.observed.fold(event.facts)
        if not records and not live:
            return
        if records:
            self._stale_warnings = True
            self._last_fact = time.monotonic()
            if self._changed_since is None:
                self._changed_since = self._last_fact
        self._publish(observed=records, live=live)

    def _fold_snapshot(self, event: p.Facts) -> tuple[Diff[AnyRecord], Diff[AnyLive]]:
        """Begin anew with the facts of the whole lab; the differences from what was known before."""
        before, live = self.observed.records, self.observed.live
        self.observed = Observed(self._attached.sysctls if self._attached else {}, self.desired)
        self._has_snapshot = True
        self.observed.fold(event.facts)
        return between(before, self.observed.records), between(live, self.observed.live)
