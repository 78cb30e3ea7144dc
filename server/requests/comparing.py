"""Comparisons: a document, another lab or a point of the history beside the document of a lab."""

from protocol import public as q
from server.access import allow
from server.hub import Hub
from server.lab.workspace import Workspace
from server.requests.placing import placing
from server.sessions import Session
from topology.document import document
from topology.document.differences import words
from topology.edit.commands import ApplyDocument
from topology.edit.edit import edit
from topology.model.base import HOST
from topology.model.diff import apply, between, reverse
from topology.model.problems import invalid, unknown
from topology.model.records import Namespace, Records, as_records
from topology.plan.iproute2 import commands
from topology.plan.plan import plan


def compare(hub: Hub, session: Session, request: q.Compare) -> None:
    """Answer with what is between the two sides, by the lab's thread for what takes long."""
    workspace = hub.lab(request.lab)
    workspace.reads.ask(session, request.id, lambda: _compared(hub, session, workspace, request), drop=True)


def _compared(hub: Hub, session: Session, workspace: Workspace, request: q.Compare) -> q.Compared:
    before, after = (_side(hub, session, workspace, side) for side in (request.before, request.after))
    host = as_records(Namespace(name=HOST))
    return q.Compared(
        words=tuple(words(before, after)), diff=between(before, after), before=document.dump(before), after=document.dump(after),
        shell=commands(plan({**host, **after}, {**host, **before})),
    )  # fmt: skip


def _side(hub: Hub, session: Session, workspace: Workspace, side: q.Side) -> Records:
    if sum(given is not None for given in (side.document, side.lab, side.number)) > 1:
        raise invalid("a side is one of: document, lab, number", None, "give one of them, or none for the lab as it is")
    if side.document is not None:
        desired = workspace.desired
        command = ApplyDocument(document=side.document)
        return apply(desired, placing((command,), lambda: edit(desired, command)).diff)
    if side.lab is not None:
        allow(session.access, "view", side.lab)
        return dict(hub.lab(side.lab).desired)
    return dict(workspace.desired) if side.number is None else _at(workspace, side.number)


def _at(workspace: Workspace, number: int) -> Records:
    """The document after an entry of the history: what was done later is taken back, what is undone is done again."""
    out, undone, before = dict(workspace.desired), list[q.Change](), None
    while True:
        page = workspace.store.history_page(before)
        for change in page.changes:
            if change.number > number and not change.undone:
                out = apply(out, reverse(change.diff))
            elif change.number <= number and change.undone:
                undone.append(change)
        oldest = page.changes[-1].number if page.changes else number + 1
        if oldest <= number or not page.more:
            break
        before = oldest
    if number < 0 or (number and not any(c.number == number for c in page.changes)):
        raise unknown(f"the history has no entry {number}", None, "vethboard history lists them; the oldest ones are not kept")
    for change in reversed(undone):
        out = apply(out, change.diff)
    return out
