"""The Flask application: the built web app as files, downloads and uploads, and Socket.IO for everything else. All need a token, but for
the schema of documents, which editors ask for."""

import logging
from pathlib import Path
from urllib.parse import urlsplit

from flask import Flask, Response, make_response, redirect, request, send_from_directory
from flask_socketio import SocketIO
from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Response as AnyResponse

from logs import problem_of
from protocol.limits import MAX_REQUEST_BYTES
from server.access import sees
from server.audit import Actor
from server.hub import Hub
from server.web import backpressure, captures, cookie, files, health
from server.web.health import Readers
from server.web.packets import BoundedPacket, cut_off_nonsense
from server.web.socket import Socket
from server.web.visitors import KEY as VISITOR
from topology.document.schema import text as schema_text
from topology.model.problems import Code

_LIBRARIES = logging.getLogger("socketio")
"""Where Socket.IO logs: to our handlers, instead of one of its own."""
_LIBRARIES.setLevel(logging.ERROR)
_COOKIE_SECONDS = 30 * 86400
_MAX_PATH = 300
"""Characters of a path in the audit log."""

_HEADERS = {
    "Content-Security-Policy": "default-src 'self'; connect-src 'self' ws: wss:; img-src 'self' data:; style-src 'self' 'unsafe-inline'; "
    "font-src 'self' data:; frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
}
_FOREVER = "public, max-age=31536000, immutable"
"""Cache-Control of files whose name has a hash of their content."""


def make(hub: Hub, web: Path, metrics: Readers = "local") -> tuple[Flask, SocketIO]:
    """The application; `web` is the folder of the built web app. `metrics`: who may read /metrics without the administrator's token."""
    app = Flask("vethboard", static_folder=None)
    socket = SocketIO(
        app, async_mode="threading", async_handlers=False, cors_allowed_origins=_same_origin, max_http_buffer_size=MAX_REQUEST_BYTES,
        transports=["websocket"], ping_interval=20, ping_timeout=20, serve_client=False, serializer=BoundedPacket,
        logger=_LIBRARIES, engineio_logger=_LIBRARIES,
    )  # fmt: skip
    socket.server.eio._async = {
        **socket.server.eio._async,
        "websocket": backpressure.of(hub.metrics.refused),
    }  # engineio has no public way to set it
    cut_off_nonsense(socket.server)
    files.routes(app, hub, lambda lab: _may_transfer(hub, lab, ("edit", "admin")))
    captures.routes(app, hub, lambda lab: _may_transfer(hub, lab, ("view", "edit", "admin")))
    health.routes(app, hub, metrics)
    app.after_request(_with_headers)
    app.register_error_handler(Exception, _failed)
    _pages(app, hub, web)
    Socket(hub, socket).register()
    return app, socket


def _may_transfer(hub: Hub, lab: str, roles: tuple[str, ...]) -> bool:
    """Whether the token of the current HTTP request has one of these roles in the lab. It is audited either way."""
    access = cookie.access(hub.tokens, request.cookies, request.host, lab) if _same_origin(request.origin, request.environ) else None
    allowed = access is not None and access.role in roles and sees(access, lab)
    author, token = (access.author, access.token) if access is not None else ("", "")
    actor = Actor(author, "", token, "", request.remote_addr or "")
    what = "put-file" if request.method == "PUT" else "get-file"
    hub.audit.write(actor, what, lab, "started" if allowed else str(Code.DENIED), {"path": request.path[:_MAX_PATH]})
    if allowed and access is not None:
        request.environ[VISITOR].admit()
    return allowed


def _by_tls() -> bool:
    """Whether the browser came by TLS: a proxy says so. Who lies about it makes a cookie that their own browser does not send."""
    return request.is_secure or request.headers.get("X-Forwarded-Proto", "").partition(",")[0].strip().lower() == "https"


def _same_origin(origin: str | None, environ: dict[str, str] | None = None) -> bool:
    """Whether a connection comes from a page of this server, or from a program (which sends no Origin): other pages have our cookie too."""
    if origin is None:
        return True
    host = (environ or {}).get("HTTP_HOST", "")
    return urlsplit(origin).netloc == host


def _failed(error: Exception) -> AnyResponse:
    """What a page raised: an HTTP error of its own, or a mistake of ours, which is logged and told with its id."""
    return (
        error.get_response() if isinstance(error, HTTPException) else files.refused(problem_of(error, f"{request.method} {request.path}"))
    )


def _with_headers(response: Response) -> Response:
    response.headers.update(_HEADERS)
    response.headers["Cache-Control"] = _FOREVER if request.path.startswith("/assets/") else "no-cache"
    return response


def _pages(app: Flask, hub: Hub, web: Path) -> None:
    """`/`: the web app, which with `?token=` keeps the token as a cookie. Every other path: a file, or else a redirect to `/`."""

    @app.get("/")
    def index() -> AnyResponse:
        given = request.args.get("token")
        allowed = hub.tokens.access(given)
        if given is not None and allowed is None:
            return make_response(
                "That is not a valid token of this server. Open the address that was printed when Vethboard was started.\n", 403
            )
        if given is None and cookie.access(hub.tokens, request.cookies, request.host) is None:
            return make_response("Open the address with ?token=… that was printed when Vethboard was started.\n", 401)
        response = send_from_directory(web, "index.html")
        if given is not None and allowed is not None:
            name = cookie.name(request.host, allowed.lab)
            response.set_cookie(name, given, httponly=True, samesite="Strict", max_age=_COOKIE_SECONDS, secure=_by_tls())
        return response

    @app.get("/schema.json")
    def schema() -> AnyResponse:
        return Response(schema_text(), mimetype="application/schema+json")

    @app.get("/<path:path>")
    def file(path: str) -> AnyResponse:
        if (web / path).is_file():
            return send_from_directory(web, path)
        return redirect("/") if "." not in path else make_response("Not found\n", 404)
