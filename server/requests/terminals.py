"""Terminals of labs, which are in the lab process: requests are passed on, and the binary frames both ways."""

import contextlib
import struct

import msgspec

from protocol import frames
from protocol import private as p
from protocol import public as q
from protocol.limits import MAX_ATTACHED_TERMINALS, MAX_TERMINAL_SIZE
from server.agent_link import ChannelListener, LabLink
from server.hub import Hub
from server.lab.workspace import Workspace
from server.requests.forward import answering, forward
from server.sessions import AttachedTerminal, Session
from topology.model.problems import Code, Problem, ProblemError, invalid


def check_size(rows: int, columns: int) -> None:
    """Refuse the size of a terminal that cannot be. Raises ProblemError (INVALID)."""
    if not (0 <= rows <= MAX_TERMINAL_SIZE and 0 <= columns <= MAX_TERMINAL_SIZE):
        raise invalid(f"a terminal of {rows} rows and {columns} columns", None, f"both are 0 to {MAX_TERMINAL_SIZE}")


def open_terminal(workspace: Workspace, session: Session, request: q.OpenTerminal) -> None:
    """Start a shell on a new terminal."""
    check_size(request.rows, request.columns)

    def make(id: int) -> p.OpenTerminal:
        return p.OpenTerminal(id=id, namespace=request.namespace, rows=request.rows, columns=request.columns)

    forward(workspace, session, request, make)


def close_terminal(workspace: Workspace, session: Session, request: q.CloseTerminal) -> None:
    """Hang up a terminal."""
    forward(workspace, session, request, lambda id: p.CloseTerminal(id=id, terminal=request.terminal, force=request.force))


def list_files(workspace: Workspace, session: Session, request: q.ListFiles) -> None:
    """The files below the home directory of a namespace."""
    forward(workspace, session, request, lambda id: p.ListFiles(id=id, namespace=request.namespace))


def attach(workspace: Workspace, session: Session, request: q.AttachTerminal) -> None:
    """Attach the session to a terminal. Raises ProblemError where the channel is taken, or too many are attached."""
    channel = request.channel
    if not 0 <= channel < 1 << 32 or channel in session.terminals:
        raise invalid(f"channel {channel} cannot be taken", hint="a number below 2³² that this connection does not use")
    if len(session.terminals) >= MAX_ATTACHED_TERMINALS:
        message = f"at most {MAX_ATTACHED_TERMINALS} terminals are shown at a time"
        raise ProblemError(Problem(code=Code.LIMIT, message=message, hint="close one"))
    _Attachment(workspace.live_link(), session, request).start()


class _Attachment:
    """One session attached to one terminal: connects the client's channel to a channel of the lab, numbered `_number`."""

    def __init__(self, link: LabLink, session: Session, request: q.AttachTerminal) -> None:
        self._link, self._session, self._request = link, session, request
        self._channel = request.channel
        self._number = 0

    def start(self) -> None:
        """Ask the lab. Raises ProblemError when the connection to it is lost."""
        self._session.terminals[self._channel] = AttachedTerminal(self._feed, self._resize, self._detach)
        try:
            self._link.run(ChannelListener(self._on_data, self._on_lost), self._make, self._on_answer)
        except ProblemError:
            self._session.terminals.pop(self._channel, None)
            raise

    def _make(self, id: int) -> p.AttachTerminal:
        self._number = id
        request = self._request
        return p.AttachTerminal(
            id=id, terminal=request.terminal, channel=id, rows=request.rows, columns=request.columns, read_only=_read_only(self._session)
        )

    # ---- from the lab, on the link's thread --------------------------------------------------------------------------

    def _on_answer(self, answer: p.AnyLabAnswer | None) -> None:
        if answer is None or (isinstance(answer, p.LabAnswer) and answer.problem is not None):
            self._session.terminals.pop(self._channel, None)
        answering(self._session, self._request.id)(answer)

    def _on_data(self, stream: int, data: bytes) -> None:
        self._session.send_frame(frames.pack(self._channel, stream, data))

    def _on_lost(self, _ended: p.Exit | None) -> None:
        if self._session.terminals.pop(self._channel, None) is not None:
            self._on_data(frames.STATE, msgspec.json.encode(q.TerminalState(lost=True)))

    # ---- from the client ---------------------------------------------------------------------------------------------

    def _feed(self, stream: int, data: bytes) -> None:
        self._link.feed(self._number, data, stream)

    def _resize(self, rows: int, columns: int) -> None:
        self._link.send(lambda id: p.Resize(id=id, channel=self._number, rows=rows, columns=columns))

    def _detach(self) -> None:
        self._session.terminals.pop(self._channel, None)
        self._link.drop(self._number)
        with contextlib.suppress(ProblemError):  # the lab is gone, and the terminal with it
            self._link.send(lambda id: p.DetachTerminal(id=id, channel=self._number))


def _read_only(session: Session) -> bool:
    return session.access.role == "view"


def detach(_hub: Hub, session: Session, request: q.DetachTerminal) -> q.Done:
    """Leave a terminal; nothing to do where the session is no longer attached to it."""
    attached = session.terminals.get(request.channel)
    if attached is not None:
        attached.detach()
    return q.Done()


def resize(_hub: Hub, session: Session, request: q.ResizeTerminal) -> q.Done:
    """Say how much room there is for a terminal; nothing to do where the session is no longer attached to it."""
    attached = session.terminals.get(request.channel)
    if attached is not None:
        attached.resize(request.rows, request.columns)
    return q.Done()


def on_frame(session: Session, data: bytes) -> None:
    """A binary frame of the client: input or an acknowledgement. One that is malformed, not allowed or too late is ignored."""
    try:
        channel, stream, rest = frames.unpack(data)
    except struct.error:
        return
    attached = session.terminals.get(channel)
    allowed = (frames.ACK,) if _read_only(session) else (frames.INPUT, frames.ACK)
    if attached is not None and stream in allowed:
        try:
            attached.feed(stream, rest)
        except ProblemError:
            session.terminals.pop(channel, None)
