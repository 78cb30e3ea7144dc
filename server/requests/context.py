"""Who asks, for the history."""

from protocol.public import Context
from server.clock import now
from server.sessions import Session


def context(session: Session, label: str) -> Context:
    """This session, now; `label`: what the history calls the change."""
    return Context(author=session.author, session=session.sid, label=label, at=now())
