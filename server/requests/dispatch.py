"""From the text of a request to its handler. Every request gets exactly one answer, also where it is malformed, denied or fails."""

import msgspec

from logs import problem_of
from protocol.public import Answer, AnyRequest
from server import throttle
from server.access import allow
from server.hub import Hub
from server.requests.table import BY_TYPE
from server.sessions import Session
from topology.model.problems import Code, Problem

_decoder = msgspec.json.Decoder(AnyRequest)


def receive(hub: Hub, session: Session, text: object) -> None:
    """Carry out the request in the payload of a Socket.IO event. On the session's thread."""
    try:
        request = _decoder.decode(text if isinstance(text, str | bytes) else b"")
    except (msgspec.MsgspecError, RecursionError) as e:
        problem = Problem(code=Code.INVALID, message=str(e), hint="docs/protocol.md has the requests")
        session.send(Answer(id=_id_in(text), problem=problem))
        return
    try:
        _handle(hub, session, request)
    except Exception as e:
        session.refuse(request.id, problem_of(e))


def _handle(hub: Hub, session: Session, request: AnyRequest) -> None:
    """Check that it is allowed, and call its handler."""
    entry = BY_TYPE[type(request)]
    session.log.received(request, entry.audited)
    if session.access.lab is not None:
        throttle.of_lab(session.access.lab).wait()  # most of the work is done on the lab's own thread
    allow(session.access, entry.needs, getattr(request, "lab", None))
    if entry.streams:
        session.log.started(request)
    entry.handle(hub, session, request)


class _OnlyId(msgspec.Struct):
    id: str = ""


def _id_in(text: object) -> str:
    """The id in the text of a malformed request, so that its sender gets the answer; empty where none can be found."""
    try:
        return msgspec.json.decode(text, type=_OnlyId).id if isinstance(text, str | bytes) else ""
    except msgspec.MsgspecError:
        return ""
