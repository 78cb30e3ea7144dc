"""Requests about the way of a packet."""

from protocol.public import Predict, Trace, Watch
from server.hub import Hub
from server.outbox import Session
from topology.problems import Code, Problem, ProblemError


def handle(hub: Hub, session: Session, request: Trace | Predict | Watch) -> None:
    """Start it; it answers by itself. Raises ProblemError."""
    hub.lab(request.lab)
    raise ProblemError(Problem(code=Code.UNSUPPORTED, message=f"this server cannot do that yet for {session.author}"))
