"""Terminals of labs: requests are passed on, and the bytes both ways. The terminals themselves live in the lab's process."""

import contextlib
import struct
import threading

import msgspec

from protocol import frames
from protocol import private as p
from protocol import public as q
from server.agent_link import Channel, LabLink, OnAnswer, unavailable
from server.lab.workspace import Workspace
from server.outbox import Session, Viewing
from topology.model.problems import Code, Problem, ProblemError, invalid

MOST = 64
"""Terminals that one session is attached to."""


def in_lab(workspace: Workspace, session: Session, request: q.OpenTerminal | q.CloseTerminal | q.AttachTerminal | q.ListFiles) -> None:
    """Ask the lab; its answer is the answer. Raises ProblemError for what is refused at once."""
    link = workspace.live_link()
    answered = _answered(session, request.id)
    match request:
        case q.OpenTerminal():
            size = {"rows": request.rows, "columns": request.columns}
            link.ask(lambda id: p.OpenTerminal(id=id, namespace=request.namespace, **size), answered)
        case q.CloseTerminal():
            link.ask(lambda id: p.CloseTerminal(id=id, terminal=request.terminal, force=request.force), answered)
        case q.ListFiles():
            link.ask(lambda id: p.ListFiles(id=id, namespace=request.namespace), answered)
        case q.AttachTerminal():
            _attach(link, session, request)


def _answered(session: Session, id: str) -> OnAnswer:
    def answered(answer: p.AnyLabAnswer | None) -> None:
        match answer:
            case None:
                session.refuse(id, unavailable("the lab was lost").problem)
            case p.LabAnswer() if answer.problem is not None:
                session.refuse(id, answer.problem)
            case p.TerminalOpened():
                session.answer(id, q.TerminalOpened(terminal=answer.terminal))
            case p.TerminalClosed():
                session.answer(id, q.TerminalClosed(kept=answer.kept))
            case p.FileList():
                session.answer(id, q.Files(home=answer.home, files=answer.files, more=answer.more))
            case _:
                session.answer(id, q.Done())

    return answered


def _attach(link: LabLink, session: Session, request: q.AttachTerminal) -> None:
    channel = request.channel
    if not 0 <= channel < 1 << 32 or channel in session.terminals:
        raise invalid(f"channel {channel} cannot be taken", hint="a number below 2³² that this connection does not use")
    if len(session.terminals) >= MOST:
        raise ProblemError(Problem(code=Code.LIMIT, message=f"at most {MOST} terminals are shown at a time", hint="close one"))
    tell = _answered(session, request.id)
    refused = threading.Event()

    def answered(answer: p.AnyLabAnswer | None) -> None:
        if answer is None or (isinstance(answer, p.LabAnswer) and answer.problem is not None):
            refused.set()
            session.terminals.pop(channel, None)
        tell(answer)

    def lost(_: object) -> None:
        if session.terminals.pop(channel, None) is not None:
            session.frame(frames.pack(channel, frames.STATE, msgspec.json.encode(q.TerminalState(lost=True))))

    data = Channel(lambda stream, data: session.frame(frames.pack(channel, stream, data)), lost)
    number = link.run(
        data,
        lambda id: p.AttachTerminal(
            id=id, terminal=request.terminal, channel=id, rows=request.rows, columns=request.columns, read_only=_watches(session)
        ),
        answered,
    )
    session.terminals[channel] = _viewing(link, session, channel, number)
    if refused.is_set():
        session.terminals.pop(channel, None)


def _watches(session: Session) -> bool:
    """Looks, and never types."""
    return session.access.role == "view"


def _viewing(link: LabLink, session: Session, channel: int, number: int) -> Viewing:
    def detach() -> None:
        session.terminals.pop(channel, None)
        link.drop(number)
        with contextlib.suppress(ProblemError):  # where the lab is gone nobody looks
            link.send(lambda id: p.DetachTerminal(id=id, channel=number))

    return Viewing(
        lambda stream, data: link.feed(number, data, stream),
        lambda rows, columns: link.send(lambda id: p.Resize(id=id, channel=number, rows=rows, columns=columns)),
        detach,
    )


def of_channel(session: Session, request: q.DetachTerminal | q.ResizeTerminal) -> None:
    """Of a terminal that has been left meanwhile there is nothing to do."""
    viewing = session.terminals.get(request.channel)
    if viewing is not None:
        if isinstance(request, q.DetachTerminal):
            viewing.detach()
        else:
            viewing.resize(request.rows, request.columns)
    session.answer(request.id, q.Done())


def frame(session: Session, data: bytes) -> None:
    """What a viewer types, or has taken. Anything else, and what comes too late, is ignored."""
    try:
        channel, stream, rest = frames.unpack(data)
    except struct.error:
        return
    viewing = session.terminals.get(channel)
    allowed = (frames.ACK,) if _watches(session) else (frames.INPUT, frames.ACK)
    if viewing is not None and stream in allowed:
        try:
            viewing.feed(stream, rest)
        except ProblemError:
            session.terminals.pop(channel, None)
