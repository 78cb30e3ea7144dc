"""The web side: the built app as files, and Socket.IO for everything else. Nothing is told to who does not know the token."""

import logging
from pathlib import Path
from urllib.parse import urlsplit

import msgspec
from flask import Flask, Response, make_response, redirect, request, send_from_directory
from flask_socketio import ConnectionRefusedError, SocketIO
from werkzeug.wrappers import Response as AnyResponse

from protocol.public import Answer, AnyRequest
from server.access import sees
from server.audit import SessionLog, Who
from server.hub import Hub
from server.outbox import Session, problem_of
from server.requests import captures, files, terminals
from server.requests.table import handle
from server.throttle import THROTTLES
from server.web.backpressure import BackpressureWebSocket
from topology.model.problems import Code, Problem

COOKIE = "vethboard"
MAX_MESSAGE = 16 << 20
"""Bytes of one request: a document of 10 MB fits."""

TOO_FAR_BEHIND = 2000
"""Messages that wait for a browser from which on it is cut off; it comes back and opens the lab anew."""

_POLICY = (
    "default-src 'self'; connect-src 'self' ws: wss:; img-src 'self' data:; style-src 'self' 'unsafe-inline'; font-src 'self' data:; "
    "frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
)
_log = logging.getLogger("vethboard.server")


def make(hub: Hub, web: Path) -> tuple[Flask, SocketIO]:
    """The application; `web` is the folder of the built app."""
    app = Flask("vethboard", static_folder=None)
    socket = SocketIO(
        app, async_mode="threading", async_handlers=False, cors_allowed_origins=_same_origin, max_http_buffer_size=MAX_MESSAGE,
        transports=["websocket"], ping_interval=20, ping_timeout=20, serve_client=False,
    )  # fmt: skip
    socket.server.eio._async = {**socket.server.eio._async, "websocket": BackpressureWebSocket}  # the only place where engineio can be told
    files.routes(app, hub, lambda lab: _may_move_files(hub, lab))
    captures.routes(app, hub, lambda lab: _may_move_files(hub, lab, looking=True))
    _files(app, hub, web)
    _Socket(hub, socket).register()
    return app, socket


def _may_move_files(hub: Hub, lab: str, looking: bool = False) -> bool:
    """Whether this request may fetch and put files of the lab; `looking`: what a `view` token may see. Written down either way."""
    access = hub.tokens.known(request.cookies.get(COOKIE)) if _same_origin(request.origin, request.environ) else None
    allowed = access is not None and (looking or access.role != "view") and sees(access, lab)
    who = Who("browser", access.token if access is not None else "", "", request.remote_addr or "")
    what = "put-file" if request.method == "PUT" else "get-file"
    hub.audit.write(who, what, lab, "started" if allowed else str(Code.DENIED), {"path": request.path[:300]})
    return allowed


def _same_origin(origin: str | None, environ: dict[str, str] | None = None) -> bool:
    """A page of another origin may not connect, even with our cookie. A program that is no browser sends none."""
    if origin is None:
        return True
    host = (environ or {}).get("HTTP_HOST", "")
    return urlsplit(origin).netloc == host


def _files(app: Flask, hub: Hub, web: Path) -> None:
    @app.after_request
    def headers(response: Response) -> Response:
        response.headers["Content-Security-Policy"] = _POLICY
        response.headers["X-Content-Type-Options"] = "nosniff"
        response.headers["Referrer-Policy"] = "no-referrer"
        hashed = request.path.startswith("/assets/")
        response.headers["Cache-Control"] = "public, max-age=31536000, immutable" if hashed else "no-cache"
        return response

    @app.get("/")
    def index() -> AnyResponse:
        given = request.args.get("token")
        if given is not None and hub.tokens.known(given) is None:
            return make_response("That is not the token of this server. The address with the right one stands where it was started.\n", 403)
        if given is None and hub.tokens.known(request.cookies.get(COOKIE)) is None:
            return make_response("Open the address with ?token=… that was printed where Vethboard was started.\n", 401)
        response = send_from_directory(web, "index.html")
        if given is not None:
            response.set_cookie(COOKIE, given, httponly=True, samesite="Strict", max_age=30 * 86400)
        return response

    @app.get("/<path:path>")
    def file(path: str) -> AnyResponse:
        if (web / path).is_file():
            return send_from_directory(web, path)
        return redirect("/") if "." not in path else make_response("Not found\n", 404)


class _Socket:
    """Socket.IO: connections come and go, requests are parsed and passed on."""

    def __init__(self, hub: Hub, socket: SocketIO) -> None:
        self._hub, self._socket = hub, socket
        self._decoder = msgspec.json.Decoder(AnyRequest)

    def register(self) -> None:
        self._socket.on_event("connect", self._connect)
        self._socket.on_event("disconnect", self._disconnect)
        self._socket.on_event("request", self._request)
        self._socket.on_event("terminal", self._terminal)
        self._socket.on_event("*", self._unknown)

    def _connect(self, auth: object = None) -> None:
        given = auth if isinstance(auth, dict) else {}
        token = given.get("token")
        access = self._hub.tokens.known(token if isinstance(token, str) else request.cookies.get(COOKIE))
        sid, address = _sid(), request.remote_addr or ""
        author = given.get("author")
        author = author[:40] if isinstance(author, str) and author not in ("", "terminal", "vethboard") else "browser"
        if access is None:
            self._hub.audit.write(Who(author, "", sid, address), "connect", None, str(Code.DENIED))
            problem = Problem(code=Code.DENIED, message="wrong token", hint="open the address that was printed where Vethboard was started")
            raise ConnectionRefusedError(str(problem), msgspec.to_builtins(problem))
        log = SessionLog(self._hub.audit, access, author, sid, address)
        self._hub.sessions.add(Session(sid, author, access, log, lambda name, text: self._send(sid, name, text)))

    def _disconnect(self, *_: object) -> None:
        session = self._hub.sessions.remove(_sid())
        if session is not None:
            self._hub.left(session)

    def _send(self, sid: str, name: str, text: str | bytes) -> None:
        engine = self._socket.server.eio
        try:
            waiting = engine.sockets[self._socket.server.manager.eio_sid_from_sid(sid, "/")].queue.qsize()
        except KeyError:
            return
        if name == "cut":
            self._socket.server.disconnect(sid)
            return
        if waiting > TOO_FAR_BEHIND:
            _log.warning("%s does not keep up: cut off", sid)
            self._socket.server.disconnect(sid)
            return
        self._socket.emit(name, text, to=sid)

    def _request(self, text: object = None) -> None:
        session = self._hub.sessions.get(_sid())
        if session is None:
            return
        session.meter.count()
        session.throttle.wait()
        try:
            asked = self._decoder.decode(text if isinstance(text, str | bytes) else b"")
        except (msgspec.MsgspecError, RecursionError) as e:
            session.send(
                Answer(id=_id_in(text), problem=Problem(code=Code.INVALID, message=str(e), hint="docs/protocol.md has the requests"))
            )
            return
        session.log.asked(asked)
        if session.access.lab is not None:
            THROTTLES.of(f"lab:{session.access.lab}").wait()  # the lab's own thread does most of what is asked
        try:
            handle(self._hub, session, asked)
        except Exception as e:
            problem = problem_of(e)
            if problem.code == Code.INTERNAL:
                _log.exception("request %s", type(asked).__name__)
            session.refuse(asked.id, problem)

    def _terminal(self, frame: object = None) -> None:
        session = self._hub.sessions.get(_sid())
        if session is not None and isinstance(frame, bytes):
            terminals.frame(session, frame)

    def _unknown(self, event: str, *_: object) -> None:
        session = self._hub.sessions.get(_sid())
        if session is not None:
            problem = Problem(code=Code.INVALID, message=f'there is no event "{event}"', hint='send "request"')
            session.send(Answer(id="", problem=problem))


def _sid() -> str:
    sid: str = request.sid  # type: ignore[attr-defined]  # Flask-SocketIO adds it
    return sid


def _id_in(text: object) -> str:
    """The id of a request that is not one, as far as it can be found, so that its sender gets its answer."""

    class OnlyId(msgspec.Struct):
        id: str = ""

    try:
        return msgspec.json.decode(text, type=OnlyId).id if isinstance(text, str | bytes) else ""
    except msgspec.MsgspecError:
        return ""
