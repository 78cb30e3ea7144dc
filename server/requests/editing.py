"""Edits, and what the document says: export, history, explanations."""

import time

from protocol import public as q
from protocol.limits import MAX_COMMANDS, MAX_HISTORY_NUMBER, MAX_HISTORY_PAGE
from server.hub import Hub
from server.lab.editing import EditRequest
from server.lab.workspace import Workspace
from server.requests import trying
from server.requests.context import context
from server.requests.placing import placing
from server.sessions import Session
from topology.document import document
from topology.edit.commands import AnyCommand, Redo, Undo
from topology.edit.paste import fragment
from topology.model import ids
from topology.model.drawing import is_drawing
from topology.model.people import shown_label
from topology.model.problems import Code, Problem, ProblemError
from topology.model.records import Records
from topology.observe.normal import comparable
from topology.observe.unheld import unheld
from topology.plan.iproute2 import script


def edit(hub: Hub, session: Session, request: q.Edit) -> None:
    """Carry out an edit. Undo and redo are not checked for conflicts: they name no fields."""
    workspace = hub.lab(request.lab)
    if len(request.commands) > MAX_COMMANDS:
        message, hint = f"{len(request.commands)} commands in one edit", f"at most {MAX_COMMANDS}: apply a document, or make several edits"
        raise ProblemError(Problem(code=Code.LIMIT, message=message, hint=hint))
    stepping = any(isinstance(c, Undo | Redo) for c in request.commands)
    asked = EditRequest(
        commands=request.commands,
        context=context(session, shown_label(request.label) or _label(request.commands)),
        base=None if stepping else request.base,
        dry_run=request.dry_run,
        started=time.monotonic(),
        admin=session.access.role == "admin",
    )
    workspace.ask(session, request.id, lambda: placing(asked.commands, lambda: _edited(hub, workspace, asked)), drop=True)


def _edited(hub: Hub, workspace: Workspace, asked: EditRequest) -> q.Done | q.Planned:
    done = workspace.edit(asked)
    if isinstance(done, q.Planned) and workspace.state == "stopped":
        trying.of_stopped(hub, workspace, asked.commands, done)
    return done


def _label(commands: tuple[AnyCommand, ...]) -> str:
    """What the history calls an edit without a label: the types of its commands."""
    names = dict.fromkeys(str(type(c).__struct_config__.tag).replace("-", " ") for c in commands)
    return ", ".join(names)


def export(workspace: Workspace, _session: Session, request: q.Export) -> q.Exported:
    """The document, or the state of the kernel, as a document or as a script."""
    records = _observed(workspace) if request.observed else workspace.desired
    if request.ids is not None:
        records = fragment(records, request.ids)
    lacking = unheld(workspace.observed.live) if workspace.state == "live" else ()
    if request.ids is not None:
        lacking = tuple(problem for problem in lacking if problem.subject in records)
    return q.Exported(text=document.dump(records) if request.format == "json" else script(records), unheld=lacking)


def _observed(workspace: Workspace) -> Records:
    """What the kernel says, with the lab record and the drawing of the document; without what the document leaves to the kernel."""
    kept = {key: r for key, r in workspace.desired.items() if key == ids.LAB or is_drawing(key)}
    return {**kept, **comparable(workspace.observed.records, workspace.desired)}


def history(workspace: Workspace, _session: Session, request: q.History) -> q.HistoryList:
    """A page of the edits of a lab, from the database."""
    before = None if request.before is None or request.before > MAX_HISTORY_NUMBER else request.before
    page = workspace.store.history_page(before, max(1, min(request.limit, MAX_HISTORY_PAGE)))
    return q.HistoryList(changes=page.changes, more=page.more)
