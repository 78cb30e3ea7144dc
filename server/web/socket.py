"""Socket.IO: clients connect and disconnect, their events are passed on, and events are sent to them."""

import contextlib
import logging
import threading
from typing import NamedTuple

import msgspec
from flask import request
from flask_socketio import ConnectionRefusedError, SocketIO

from logs import about, problem_of
from protocol.public import Answer
from server.access import Access
from server.audit import Actor, SessionLog
from server.hub import Hub
from server.requests import terminals
from server.requests.dispatch import receive
from server.sessions import Connection, Session, new_id
from server.web import backpressure, cookie
from server.web.outgoing import Outgoing
from server.web.visitors import KEY as VISITOR
from topology.model.people import display_name
from topology.model.problems import Code, Problem, ProblemError

MAX_ATTEMPTS = 3
"""Logins of one connection. It has one session at most."""

_log = logging.getLogger("vethboard.server")


class Socket:
    """The event handlers."""

    def __init__(self, hub: Hub, socket: SocketIO) -> None:
        self._hub, self._socket = hub, socket
        self._received, self._sent = hub.metrics.received["client"], hub.metrics.sent["client"]

    def register(self) -> None:
        """Have Flask-SocketIO call the handlers."""
        self._socket.on_event("connect", self._connect)
        self._socket.on_event("disconnect", self._disconnect)
        self._socket.on_event("request", self._request)
        self._socket.on_event("terminal", self._terminal)
        self._socket.on_event("*", self._unknown)
        self._socket.on_error_default(self._failed)

    # ---- from the client, on the thread of its connection ------------------------------------------------------------

    def _connect(self, auth: object = None) -> None:
        """`auth`: {"token", "name"}; a browser sends its tokens as cookies instead, and says by `link` with which lab's link its page was
        opened, and by `lab` which one it shows. A name that cannot be is left out."""
        websocket = request.environ[backpressure.KEY]
        if not websocket.may_log_in(MAX_ATTEMPTS):
            websocket.break_off()
            raise ConnectionRefusedError("one login for each connection")
        given = auth if isinstance(auth, dict) else {}
        token = given.get("token")
        access = self._hub.tokens.access(token) if isinstance(token, str) else self._by_cookie(given)
        author, name = (access.author, _name(given)) if access else ("", "")
        actor = Actor(author, name, access.token if access else "", new_id(), request.remote_addr or "")
        if access is None:
            self._hub.audit.write(actor, "connect", None, str(Code.DENIED))
            problem = Problem(code=Code.DENIED, message="wrong token", hint="open the address that was printed when Vethboard was started")
            raise ConnectionRefusedError(str(problem), msgspec.to_builtins(problem))
        websocket.logged_in()
        session = self._session(actor, access, websocket)
        request.environ[VISITOR].admit(session.throttle)
        self._hub.sessions.add(session)

    def _by_cookie(self, given: dict[str, object]) -> Access | None:
        lab, link = (value if isinstance(value := given.get(key), str) else None for key in ("lab", "link"))
        return cookie.access(self._hub.tokens, request.cookies, request.host, lab, link)

    def _session(self, actor: Actor, access: Access, websocket: backpressure.Websocket) -> Session:
        sid, server = _sid(), self._socket.server
        queue = server.eio.sockets[server.manager.eio_sid_from_sid(sid, "/")].queue
        client = _Client(sid, websocket, Outgoing(queue.qsize), threading.Lock())
        connection = Connection(lambda name, payload: self._send(client, name, payload), lambda: server.disconnect(sid))
        session = Session(sid, actor.name, access, SessionLog(self._hub.audit, actor), connection, actor.session)
        session.on_answer = self._hub.metrics.answered
        return session

    def _disconnect(self, *_: object) -> None:
        session = self._hub.sessions.remove(_sid())
        if session is not None:
            self._hub.disconnected(session)

    def _request(self, text: object = None) -> None:
        session = self._hub.sessions.get(_sid())
        if session is not None:
            self._received.inc(len(text) if isinstance(text, str | bytes) else 0)
            with about(session=session.id):
                receive(self._hub, session, text)

    def _terminal(self, frame: object = None) -> None:
        session = self._hub.sessions.get(_sid())
        if session is not None and isinstance(frame, bytes):
            self._received.inc(len(frame))
            with about(session=session.id):
                terminals.on_frame(session, frame)

    def _unknown(self, event: str, *_: object) -> None:
        session = self._hub.sessions.get(_sid())
        if session is not None:
            problem = Problem(code=Code.INVALID, message=f'there is no event "{event}"', hint='send "request"')
            session.send(Answer(id="", problem=problem))

    def _failed(self, error: Exception) -> None:
        """A handler raised what it does not answer itself: the connection goes on, the client is told."""
        problem = problem_of(error, "an event of a client")
        session = self._hub.sessions.get(_sid())
        if session is not None:
            session.send(Answer(id="", problem=problem))

    # ---- to the client, on any thread --------------------------------------------------------------------------------

    def _send(self, client: "_Client", name: str, payload: str | bytes) -> None:
        """With the lock of the session: an event with bytes is two packets, and no other may come between them."""
        with client.lock:
            if not client.outgoing.fits(len(payload)):
                if client.websocket.break_off():
                    self._hub.metrics.slow_clients.inc()
                    _log.warning("%s does not keep up: disconnected", client.sid)
                return
            client.outgoing.added(len(payload), 1 if isinstance(payload, str) else 2)
            self._socket.emit(name, payload, to=client.sid)
        self._sent.inc(len(payload))


class _Client(NamedTuple):
    """The way to a client. `lock`: for what is sent."""

    sid: str
    websocket: backpressure.Websocket
    outgoing: Outgoing
    lock: threading.Lock


def _name(auth: dict[str, object]) -> str:
    """What the person calls themself; empty where that cannot be a name."""
    name = auth.get("name")
    with contextlib.suppress(ProblemError):
        return display_name(name) if isinstance(name, str) else ""
    return ""


def _sid() -> str:
    """The id of the connection that the current event comes from."""
    sid: str = request.sid  # type: ignore[attr-defined]  # Flask-SocketIO adds it
    return sid
