"""Captures of labs, which are in the lab process: all requests are passed on."""

from protocol import private as p
from protocol import public as q
from server.lab.workspace import Workspace
from server.requests.forward import forward
from server.sessions import Session


def start(workspace: Workspace, session: Session, request: q.StartCapture) -> None:
    """Start a capture."""

    def make(id: int) -> p.StartCapture:
        return p.StartCapture(id=id, interfaces=request.interfaces, filter=request.filter, snaplen=request.snaplen, ring=request.ring)

    forward(workspace, session, request, make)


def stop(workspace: Workspace, session: Session, request: q.StopCapture) -> None:
    """End a capture and keep its frames."""
    forward(workspace, session, request, lambda id: p.StopCapture(id=id, capture=request.capture))


def remove(workspace: Workspace, session: Session, request: q.RemoveCapture) -> None:
    """End a capture and drop its frames."""
    forward(workspace, session, request, lambda id: p.RemoveCapture(id=id, capture=request.capture))


def read(workspace: Workspace, _session: Session, request: q.ReadCapture) -> q.CapturedFrames:
    """The frames after a number."""
    answer = workspace.live_link().call(lambda id: p.ReadCapture(id=id, capture=request.capture, after=request.after))
    assert isinstance(answer, p.CapturedFrames)
    return q.CapturedFrames(first=answer.first, data=answer.data, more=answer.more, running=answer.running)
