"""Who asks, for the history."""

from protocol.public import Context
from server.clock import now
from server.sessions import Session


def context(session: Session, label: str) -> Context:
    """This session, now; `label`: what the history calls the change."""
    return Context(author=session.access.author, name=session.name, session=session.id, label=label, at=now())
