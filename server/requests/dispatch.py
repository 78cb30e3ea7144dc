"""From the text of a request to its handler. Every request gets exactly one answer, also where it is malformed, denied or fails."""

import re
from collections.abc import Iterator

import msgspec

from logs import problem_of
from protocol.public import Answer, AnyRequest, Compare, Edit, NewLab
from server import throttle
from server.access import allow
from server.hub import Hub
from server.requests.table import BY_TYPE
from server.sessions import Session
from topology.model.problems import Code, Problem, ProblemError, invalid

_decoder = msgspec.json.Decoder(AnyRequest)


def receive(hub: Hub, session: Session, text: object) -> None:
    """Carry out the request in the payload of a Socket.IO event. On the session's thread."""
    try:
        request = _decoder.decode(text if isinstance(text, str | bytes) else b"")
    except (msgspec.MsgspecError, RecursionError, UnicodeError) as e:
        session.send(Answer(id=_id_in(text), problem=_malformed(e)))
        return
    try:
        if not isinstance(request, _DOCUMENTS) and (place := _nul(text)):
            raise invalid("a NUL character is not text", place, "take it out")
        size = len(text) if isinstance(text, str | bytes) else 0
        session.asked.add(request.id, str(type(request).__struct_config__.tag), BY_TYPE[type(request)].most, size)
    except ProblemError as e:
        session.send(Answer(id=request.id, problem=e.problem))
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


_DOCUMENTS = (Compare, Edit, NewLab)
"""Documents and records say themselves at which place a text cannot be."""


def _nul(text: object) -> str:
    """Where a request has a NUL character, which no argument, name or path can have; empty where it has none. JSON can only escape it."""
    raw = text if isinstance(text, bytes) else str(text).encode()
    return next(_nuls("", msgspec.json.decode(raw)), "") if b"\\u0000" in raw else ""


def _nuls(place: str, value: object) -> Iterator[str]:
    if isinstance(value, str) and "\0" in value:
        yield place
    elif isinstance(value, list):
        for number, item in enumerate(value):
            yield from _nuls(f"{place}[{number}]", item)
    elif isinstance(value, dict):
        for key, item in value.items():
            inside = f"{place}.{key}" if place else str(key)
            yield from [inside.replace("\0", "\\0")] if "\0" in key else _nuls(inside, item)


_ID = re.compile(r'"id"\s*:\s*"([^"\\\ud800-\udfff]{1,200})"')


def _malformed(error: Exception) -> Problem:
    """Why a text is no request."""
    if isinstance(error, RecursionError):
        return Problem(code=Code.LIMIT, message="the request is nested too deeply", hint="a document has at most 12 levels")
    if isinstance(error, UnicodeError) or "surrogate" in str(error):
        return Problem(code=Code.INVALID, message="half of a surrogate pair is not text", hint="take it out, or write the character itself")
    return Problem(code=Code.INVALID, message=str(error), hint="docs/protocol.md has the requests")


class _OnlyId(msgspec.Struct):
    id: str = ""


def _id_in(text: object) -> str:
    """The id in the text of a malformed request, so that its sender, who waits for it, gets the answer; empty where none can be found."""
    whole = text if isinstance(text, str) else text.decode(errors="replace") if isinstance(text, bytes) else ""
    try:
        return msgspec.json.decode(whole, type=_OnlyId).id
    except (msgspec.MsgspecError, RecursionError, UnicodeError):
        found = _ID.search(whole)
        return found[1] if found is not None else ""
