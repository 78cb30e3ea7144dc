"""Requests that are passed on to the lab process, whose answer is the answer."""

from collections.abc import Callable
from typing import Any

from protocol import private as p
from protocol import public as q
from protocol.base import Request
from server.agent_link import OnAnswer
from server.lab.workspace import Workspace
from server.problems import unavailable
from server.sessions import Session

_RESULTS: dict[type[p.AnyLabAnswer], Callable[[Any], q.AnyResult]] = {
    p.LabAnswer: lambda _: q.Done(),
    p.TerminalOpened: lambda a: q.TerminalOpened(terminal=a.terminal),
    p.TerminalClosed: lambda a: q.TerminalClosed(kept=a.kept),
    p.FileList: lambda a: q.Files(home=a.home, files=a.files, more=a.more),
    p.CaptureStarted: lambda a: q.CaptureStarted(capture=a.capture),
}
"""The result for the client, by the type of the lab's answer."""


def answering(session: Session, request_id: str) -> OnAnswer:
    """What answers request `request_id` with the answer of the lab."""

    def on_answer(answer: p.AnyLabAnswer | None) -> None:
        if answer is None:
            session.refuse(request_id, unavailable("the lab was lost").problem)
        elif isinstance(answer, p.LabAnswer) and answer.problem is not None:
            session.refuse(request_id, answer.problem)
        else:
            session.answer(request_id, _RESULTS[type(answer)](answer))

    return on_answer


def forward(workspace: Workspace, session: Session, request: Request, make: Callable[[int], p.AnyLabRequest]) -> None:
    """Pass a request on. `make`: the request to the lab, of its id. Raises ProblemError where the lab is not live."""
    workspace.live_link().ask(make, answering(session, request.id))
