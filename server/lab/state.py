"""What a lab is right now, as the server knows it, and everybody who is told: desired, observed, live, revision, history."""

import contextlib
import time
from collections.abc import Callable

import msgspec

from protocol import private as p
from protocol.public import Context, Delta, LabInfo, LabState, Look, Notice, Snapshot
from server.agent_link import Control, LabEvent, LabLink
from server.lab.uplink import Uplink
from server.lab.writer import Writer
from server.outbox import Session, Sessions, problem_of
from server.storage import LabStore
from topology.journey.warnings import warnings
from topology.model.diff import Diff, between
from topology.model.netfilter import Driver
from topology.model.problems import Problem, ProblemError
from topology.model.records import AnyRecord, Lab, Namespace, Policy
from topology.observe.live import AnyLive
from topology.observe.observed import Observed

QUIET_SECONDS, AT_MOST_SECONDS = 0.03, 0.25
"""How long facts have been quiet before the lab's policy looks at them, and how long it waits at most."""
WRITE_DOCUMENT_SECONDS = 2.0
"""How long nothing has come before the text of the document is written anew: each edit by itself only writes what it changes."""


class State(Writer):
    """One lab. `changed` is called when its entry in the list of labs is another."""

    def __init__(self, store: LabStore, control: Control, sessions: Sessions, changed: Callable[[], None]) -> None:
        super().__init__(f"lab-{store.lab}")
        self.lab, self.store = store.lab, store
        self._control, self._sessions, self._changed = control, sessions, changed
        stored = store.load()
        self.desired, self.problem = stored.records, stored.problem
        self.resumes = stored.live and stored.problem is None
        self.state: LabState = "stopped" if stored.problem is None else "failed"
        self.observed = Observed({}, self.desired)
        self.link: LabLink | None = None
        self.uplink = Uplink(control, store.lab)
        self.revision = 0
        self._drift: tuple[str, ...] = ()
        self._warnings: tuple[Problem, ...] = ()
        self._undo_labels: tuple[str, str, str] = ("", "", "")
        self._looks: dict[str, Look] = {}
        self._authors: dict[tuple[str, str], tuple[int, str]] = {}
        self._outside: float | None = None
        self._last_fact = 0.0
        self._applied: p.Applied | None = None
        self._attached: p.Attached | None = None
        self._whole = False
        self._told_of_storage = False
        self._stale_warnings = True
        self.thread.start()

    # ---- between two jobs --------------------------------------------------------------------------------------------

    def _timeout(self) -> float | None:
        if self._outside is None or self.state != "live":
            return WRITE_DOCUMENT_SECONDS if self.store.behind else None
        now = time.monotonic()
        return max(0.0, min(self._last_fact + QUIET_SECONDS, self._outside + AT_MOST_SECONDS) - now)

    def _idle(self) -> None:
        """What can wait until nobody does: warnings, the policy when facts never are quiet."""
        if self._outside is not None and self.state == "live" and time.monotonic() > self._outside + AT_MOST_SECONDS:
            self._quiet()
        if self._stale_warnings:
            self._stale_warnings = False
            found = warnings(self.observed.records if self.state == "live" else self.desired)
            if self.uplink.problem is not None:
                found = (self.uplink.problem, *found)
            if found != self._warnings:
                self._warnings = found
                self._publish(warnings=found)

    def _write_document(self) -> None:
        """All is in the database already; now also in the text that people read. Where it fails, it is tried again later."""
        with contextlib.suppress(ProblemError):
            self.store.write_document()

    # ---- what everybody sees -----------------------------------------------------------------------------------------

    @property
    def policy(self) -> Policy:
        lab = self.desired.get("lab:")
        return lab.policy if isinstance(lab, Lab) else "follow"

    @property
    def firewall(self) -> Driver | None:
        """Whose iptables the running lab has; what the document says of one that does not run."""
        lab = self.desired.get("lab:")
        if self._attached is not None and self.state not in ("stopped", "failed"):
            return self._attached.firewall
        return lab.firewall if isinstance(lab, Lab) else None

    def info(self) -> LabInfo:
        """Its entry in the list."""
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
        """All there is; every later delta goes to the session. On the writer's thread, so nothing is between the two."""
        session.open.add(self.lab)
        self._changed()
        undo, redo, by = self._labels()
        return Snapshot(
            info=self.info(), revision=self.revision, desired=self.desired, observed=self.observed.records, live=self.observed.live,
            drift=self._drift, warnings=self._warnings, can_undo=undo or None, can_redo=redo or None,
            undo_by=by or None,
        )  # fmt: skip

    def _labels(self) -> tuple[str, str, str]:
        """What undo would take back, what redo would do again, and whose edit the first is."""
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
        self.revision += 1
        labels = self._labels()
        undo, redo, by = labels if labels != self._undo_labels else (None, None, None)
        self._undo_labels = labels
        delta = Delta(
            lab=self.lab, revision=self.revision, desired=desired or None, observed=observed or None, live=live or None, context=context,
            info=self.info() if info else None, drift=drift, warnings=warnings, can_undo=undo, can_redo=redo, undo_by=by, shell=shell,
        )  # fmt: skip
        self._sessions.tell(self._sessions.viewers(self.lab), delta)

    def _notice(self, level: str, problem: Problem) -> None:
        notice = Notice(lab=self.lab, level=msgspec.convert(level, Notice.__annotations__["level"]), problem=problem)
        self._sessions.tell(self._sessions.viewers(self.lab), notice)

    def _failed(self, error: Exception) -> None:
        self._notice("error", problem_of(error))

    def publish_info(self) -> None:
        """The entry in the list to all viewers. One who has another revision opens the lab anew."""
        self._publish(info=True)

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
            case p.Reached():
                self._notice("warning", event.problem)
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
