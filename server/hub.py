"""All labs of this server, and what does not belong to one of them."""

import threading
from pathlib import Path

from protocol import private as p
from protocol.public import Check, LabInfo, LabsEvent
from server.access import ADMIN, Access, Tokens, sees
from server.agent_link import Control
from server.audit import Audit
from server.lab.workspace import Workspace
from server.outbox import Session, Sessions
from server.storage import Archive, LabStore, Storage, check_id
from topology.model.problems import Code, Problem, ProblemError


class Hub:
    """Made once; everything else is reached from here."""

    def __init__(self, storage: Storage, state: Path, agent: Path) -> None:
        self.storage = storage
        self.tokens = Tokens(storage)
        self.audit = Audit(state / "audit.jsonl")
        self.control = Control(agent)
        self.sessions = Sessions()
        self.control.on_limit = self._limit
        self._lock = threading.Lock()
        self._restoring = threading.Lock()
        self._labs: dict[str, Workspace] = {}
        for lab in self.storage.labs():
            self._labs[lab] = self._workspace(storage.lab(lab))

    def _workspace(self, store: LabStore) -> Workspace:
        return Workspace(store, self.control, self.sessions, self.labs_changed)

    def _limit(self, lab: str, problem: Problem) -> None:
        if lab in self._labs:
            self._labs[lab].limit(problem)

    def resume(self) -> None:
        """Bring back the labs that were live."""
        for workspace in self._labs.values():
            if workspace.resumes:
                workspace.submit(workspace.resume)

    def lab(self, lab: str) -> Workspace:
        """Raises ProblemError where there is none."""
        found = self._labs.get(lab)
        if found is None:
            raise ProblemError(Problem(code=Code.UNKNOWN, message=f"there is no lab {lab}", hint=f"vethboard new {lab} makes it"))
        return found

    def new(self, lab: str) -> Workspace:
        """A lab that is stopped and empty. Raises ProblemError where the name is taken or none."""
        check_id(lab)
        with self._lock:
            if lab in self._labs:
                raise ProblemError(Problem(code=Code.EXISTS, message="File exists", hint=f"there is a lab {lab}: take another name"))
            self._labs[lab] = self._workspace(self.storage.create(lab))
            return self._labs[lab]

    def forget(self, lab: str) -> None:
        with self._lock:
            self._labs.pop(lab, None)
        for session in self.sessions.all():
            session.open.discard(lab)
        self.labs_changed()

    def labs(self, access: Access = ADMIN) -> tuple[LabInfo, ...]:
        """Those that this token sees."""
        with self._lock:
            return tuple(w.info() for lab, w in sorted(self._labs.items()) if sees(access, lab))

    def labs_changed(self) -> None:
        """Tell those who asked for the list, each what it sees."""
        waiting = [s for s in self.sessions.all() if s.wants_labs]
        for access in {s.access._replace(token="") for s in waiting}:
            same = [s for s in waiting if s.access._replace(token="") == access]
            self.sessions.tell(same, LabsEvent(labs=self.labs(access)))

    def revoke(self, lab: str, name: str | None) -> None:
        """Take one token of a lab back, or all; who is in by it is cut off. Raises ProblemError where there is none."""
        self.tokens.revoke(lab, name)
        self.revoked(lab, name)

    def revoked(self, lab: str, name: str | None) -> None:
        """Cut off who is in by a token of this lab that no longer is, or is another."""
        for session in self.sessions.all():
            if session.access.lab == lab and name in (None, session.access.token.partition("/")[2]):
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
                self._restored(lab)
        self.labs_changed()

    def _restored(self, lab: str) -> None:
        workspace = self._workspace(self.storage.lab(lab))
        with self._lock:
            self._labs[lab] = workspace
        self.revoked(lab, None)
        workspace.submit(workspace.resume if workspace.resumes else workspace.publish_info)

    def checks(self) -> tuple[Check, ...]:
        return self.control.ask(lambda id: p.Doctor(id=id)).checks

    def left(self, session: Session) -> None:
        """The connection is gone: end what it had running, forget what it looked at."""
        for running in list(session.running.values()):
            running.cancel(1)
        for viewing in list(session.terminals.values()):
            viewing.detach()
        for lab in session.open:
            if lab in self._labs:
                self._labs[lab].leave(session.sid)

    def end(self) -> None:
        """Save all, and leave the labs to the agent."""
        for workspace in self._labs.values():
            workspace.end()
        for workspace in self._labs.values():
            workspace.thread.join(5)
        self.storage.close()
