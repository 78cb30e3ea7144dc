"""Handlers of requests: a handler carries a request out and sees to it that it is answered.

A handler takes (hub, session, request). The functions here make one of a function that needs less, or that only computes the result.
"""

from collections.abc import Callable
from typing import Protocol, TypeVar

from protocol.base import Request
from protocol.public import AnyResult
from server.hub import Hub
from server.lab.workspace import Workspace
from server.sessions import Session


class OfLab(Protocol):
    """A request that concerns one lab."""

    @property
    def id(self) -> str:
        """Chosen by the client."""

    @property
    def lab(self) -> str:
        """The id of the lab."""


R = TypeVar("R", bound=Request)
L = TypeVar("L", bound=OfLab)
T = TypeVar("T")

Handler = Callable[[Hub, Session, T], None]
"""Called on the session's thread. Raises ProblemError for what is refused at once; else the request is answered, now or later."""


def at_once(result: Callable[[Hub, Session, R], AnyResult]) -> Handler[R]:
    """Answer with what the function returns."""

    def handler(hub: Hub, session: Session, request: R) -> None:
        session.answer(request.id, result(hub, session, request))

    return handler


def in_lab(start: Callable[[Workspace, Session, L], None]) -> Handler[L]:
    """Call the function with the lab of the request; it sees to the answer."""

    def handler(hub: Hub, session: Session, request: L) -> None:
        start(hub.lab(request.lab), session, request)

    return handler


def by_reader(result: Callable[[Workspace, Session, L], AnyResult]) -> Handler[L]:
    """Answer with what the function returns when it is called on the lab's thread for what may take long and changes nothing, unless the
    session has left before."""

    def handler(hub: Hub, session: Session, request: L) -> None:
        workspace = hub.lab(request.lab)
        workspace.reads.ask(session, request.id, lambda: result(workspace, session, request), drop=True)

    return handler


def on_writer(result: Callable[[Workspace, Session, L], AnyResult], drop: bool = True) -> Handler[L]:
    """Answer with what the function returns when it is called on the lab's thread. `drop`: not if the session has left before."""

    def handler(hub: Hub, session: Session, request: L) -> None:
        workspace = hub.lab(request.lab)
        workspace.ask(session, request.id, lambda: result(workspace, session, request), drop)

    return handler


def started_on_writer(start: Callable[[Workspace, Session, L], None]) -> Handler[L]:
    """Call the function on the thread of the lab's writer; it starts something that answers later, or raises what is refused."""

    def handler(hub: Hub, session: Session, request: L) -> None:
        workspace = hub.lab(request.lab)

        workspace.queue.start(session, request.id, lambda: start(workspace, session, request), drop=True)

    return handler
