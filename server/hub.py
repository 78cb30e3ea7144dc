"""All labs of this server, and what does not belong to a single one."""

import secrets
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

from logs import failure, start_thread
from protocol import private as p
from protocol.public import Check, LabInfo, LabsEvent
from server.access import ADMIN, Access, TokenStore, sees
from server.audit import Audit
from server.control import Control
from server.lab.workspace import Workspace
from server.metrics import Metrics
from server.sessions import Session, Sessions
from server.storage import Archive, LabStore, Storage
from topology.model.names import lab_id
from topology.model.problems import Code, Problem, ProblemError

_TRIAL = "trial-"
"""The ids of labs for trials begin so."""


class Hub:
    """The root of the server's objects. `state`: the state directory, for the audit log. `agent`: the agent's socket."""

    def __init__(self, storage: Storage, state: Path, agent: Path) -> None:
        self.storage, self.metrics = storage, Metrics()
        storage.watch_commits(self.metrics.committed)
        self.tokens = TokenStore(storage)
        self.audit = Audit(state / "audit.jsonl")
        self.control = Control(agent, self.metrics)
        self.sessions = Sessions()
        self.control.on_limit, self.control.on_heard = self._limit_reached, self._agent_answers
        self._lock = threading.Lock()
        self._restoring = threading.Lock()
        self._labs: dict[str, Workspace] = {}
        for lab in self.storage.labs():
            try:
                self._labs[lab] = self._workspace(storage.lab(lab))
            except ProblemError:
                raise  # of the database: that is everybody's
            except Exception as e:
                failure(e, f"lab {lab} cannot be read, and is passed over")

    def _workspace(self, store: LabStore) -> Workspace:
        return Workspace(store, self.control, self.sessions, self.labs_changed)

    def _limit_reached(self, lab: str, problem: Problem, end: bool) -> None:
        if lab in self._labs:
            self._labs[lab].limit_reached(problem, end)

    def _agent_answers(self) -> None:
        for workspace in self.workspaces():
            workspace.agent_answers()

    # ---- labs --------------------------------------------------------------------------------------------------------

    def resume(self) -> None:
        """Find or start again the labs that are to be live."""
        start_thread("trials", self._end_trials)
        for workspace in self._labs.values():
            if workspace.resumes:
                workspace.submit(workspace.resume)

    def _end_trials(self) -> None:
        """Those that a server before this one has left."""
        with suppress(ProblemError):  # there is no agent: nor are its labs
            for lab in self.control.ask(lambda id: p.Hello(id=id)).labs:
                if lab.startswith(_TRIAL) and lab not in self._labs:
                    self.control.ask(partial(p.Stop, lab=lab))

    def lab(self, lab: str) -> Workspace:
        """A lab by its id. Raises ProblemError (UNKNOWN) where there is none."""
        found = self._labs.get(lab)
        if found is None:
            raise ProblemError(Problem(code=Code.UNKNOWN, message=f"there is no lab {lab}", hint=f"vethboard new {lab} makes it"))
        return found

    def workspaces(self) -> list[Workspace]:
        """All labs of this moment."""
        with self._lock:
            return list(self._labs.values())

    def new(self, lab: str) -> Workspace:
        """Add a lab, which is stopped and empty. Raises ProblemError where the id is taken or not valid."""
        with self._lock:
            self.refuse_name(lab)
            self._labs[lab] = self._workspace(self.storage.create(lab))
            return self._labs[lab]

    def refuse_name(self, lab: str) -> None:
        """Raises ProblemError where no new lab can have this id: it is taken, or not valid."""
        lab_id(lab)
        if lab in self._labs:
            raise ProblemError(Problem(code=Code.EXISTS, message="File exists", hint=f"there is a lab {lab}: take another name"))

    @contextmanager
    def trial(self) -> Iterator[Workspace]:
        """A lab that nobody sees, to try something in: with a database of its own, and gone afterwards."""
        name = f"{_TRIAL}{secrets.token_hex(6)}"
        with TemporaryDirectory(prefix="vethboard-") as folder:
            storage = Storage.open(Path(folder))
            workspace = Workspace(storage.create(name), self.control, Sessions(), lambda: None)
            try:
                yield workspace
            finally:
                workspace.call(workspace.destroy)
                workspace.join(5)
                self.control.reasons.pop(name, None)
                storage.close()

    def forget(self, lab: str) -> None:
        """Remove a lab that was destroyed."""
        with self._lock:
            self._labs.pop(lab, None)
        self.storage.forget(lab)
        self.control.reasons.pop(lab, None)
        for session in self.sessions.all():
            session.open.discard(lab)
        self.labs_changed()

    def labs(self, access: Access = ADMIN) -> tuple[LabInfo, ...]:
        """The labs that a token may see, sorted by id."""
        with self._lock:
            return tuple(w.info() for lab, w in sorted(self._labs.items()) if sees(access, lab))

    def labs_changed(self) -> None:
        """Send the list of labs to the sessions that asked for it, to each what it may see."""
        waiting = [s for s in self.sessions.all() if s.wants_labs]
        for access in {s.access._replace(token="") for s in waiting}:
            same = [s for s in waiting if s.access._replace(token="") == access]
            self.sessions.broadcast(same, LabsEvent(labs=self.labs(access)))

    # ---- everything else ---------------------------------------------------------------------------------------------

    def revoke(self, lab: str, name: str | None) -> None:
        """Revoke one token of a lab, or with None all, and cut off who uses it. Raises ProblemError (UNKNOWN) where there is none."""
        self.tokens.revoke(lab, name)
        self._cut_off(lab, name)

    def _cut_off(self, lab: str, name: str | None) -> None:
        """End the connections of who uses a token of this lab."""
        for session in self.sessions.all():
            if session.access.lab == lab and name in (None, session.access.token_name):
                session.cut()

    def restore(self, backup: Archive, replace: bool) -> None:
        """Put the labs of a backup, and their tokens, in the place of those of the same names.

        Raises ProblemError, and then all is as it was; labs that were stopped for it are started again.
        """
        with self._restoring:
            there = [self._labs[lab] for lab in backup.labs if lab in self._labs]
            stopped = [workspace for workspace in there if replace and workspace.state != "stopped"]
            try:
                for workspace in stopped:
                    workspace.call(workspace.stop)
                self.storage.restore(backup, replace)
            except ProblemError:
                for workspace in stopped:
                    workspace.submit(workspace.bring_back)
                raise
            self.tokens.reload()
            for workspace in there:
                workspace.end()
            for lab in backup.labs:
                self._add_restored(lab)
        self.labs_changed()

    def _add_restored(self, lab: str) -> None:
        workspace = self._workspace(self.storage.lab(lab))
        with self._lock:
            self._labs[lab] = workspace
        self._cut_off(lab, None)
        workspace.submit(workspace.resume if workspace.resumes else workspace.publish_info)

    def checks(self) -> tuple[Check, ...]:
        """What the agent says that this kernel and system can do."""
        return self.control.ask(lambda id: p.Doctor(id=id)).checks

    def disconnected(self, session: Session) -> None:
        """A client is gone: end its running requests, detach its terminals, leave its labs."""
        session.asked.end()
        for running in list(session.running.values()):
            running.cancel(1)
        for terminal in list(session.terminals.values()):
            terminal.detach()
        for workspace in list(self._labs.values()):
            workspace.forget(session)
            if workspace.lab in session.open or workspace.has_subscribed(session):
                workspace.leave(session)

    def end(self) -> None:
        """Save everything and disconnect from the labs, which run on."""
        for workspace in self._labs.values():
            workspace.end()
        for workspace in self._labs.values():
            workspace.join(5)
        self.storage.close()
