"""Documents that are tried in a lab that nobody sees, and that is gone afterwards: what this kernel would refuse is said before."""

from collections.abc import Iterable

import msgspec

from protocol.public import Context, Planned
from server.hub import Hub
from server.lab.editing import EditRequest
from server.lab.workspace import Workspace
from topology.document import document
from topology.edit.commands import AnyCommand, ApplyDocument, Paste, SetLab
from topology.model.base import HOST
from topology.model.diff import apply, between, compact
from topology.model.problems import Problem, ProblemError
from topology.model.records import Namespace, as_records
from topology.plan.iproute2 import commands as shell
from topology.plan.plan import plan

_NOBODY = Context(author="vethboard")
_SECONDS = 120.0
"""A trial takes at most so long."""


def of_new(hub: Hub, commands: Iterable[AnyCommand]) -> Planned:
    """What would be done for a new lab. Raises ProblemError for what it would not be made for."""
    with hub.trial() as workspace:
        return workspace.call(lambda: _built(workspace, commands), _SECONDS)


def of_stopped(hub: Hub, workspace: Workspace, commands: tuple[AnyCommand, ...], planned: Planned) -> None:
    """Raises ProblemError where a lab that is stopped could not be started whole after an edit that brings a document.
    `planned`: that edit."""
    if not any(isinstance(c, ApplyDocument | Paste) for c in commands):
        return
    text = document.dump(apply(workspace.desired, planned.diff))
    first: list[AnyCommand] = [ApplyDocument(document=text)]
    if workspace.firewall is not None:
        first.append(SetLab(firewall=workspace.firewall))
    of_new(hub, first)


def _built(workspace: Workspace, commands: Iterable[AnyCommand]) -> Planned:
    """On the writer of the lab for the trial."""
    before = workspace.desired
    for command in commands:
        workspace.edit(EditRequest(commands=(command,), context=_NOBODY, admin=True))
    workspace.start()
    refuse_left_out(workspace.left_out)
    steps = plan(workspace.desired, as_records(Namespace(name=HOST)))
    return Planned(steps=steps, shell=shell(steps), diff=compact(between(before, workspace.desired)))


def refuse_left_out(found: tuple[Problem, ...]) -> None:
    """Of a new lab: nobody has its document yet who could mend it later, so what the kernel refuses is refused, as in an edit."""
    if found:
        first, *rest = (msgspec.structs.replace(problem, hint=None) for problem in found)
        raise ProblemError(
            msgspec.structs.replace(first, causes=tuple(rest), hint="no lab was made: correct the document, or make what it needs")
        )
