"""Files of a lab's home directories over HTTP. They are passed on in pieces, so that a file is never in memory as a whole."""

from collections.abc import Callable, Iterator
from urllib.parse import quote

import msgspec
from flask import Flask, Response, make_response, request

from logs import problem_of
from protocol import private as p
from protocol.limits import MAX_UPLOAD_BYTES
from server.agent_link import LabLink
from server.hub import Hub
from topology.model.problems import Code, Problem, ProblemError

_PIECE_BYTES = 512 << 10
_STATUS = {Code.UNKNOWN: 404, Code.REFUSED: 404, Code.INVALID: 400, Code.LIMIT: 413, Code.DENIED: 403, Code.UNAVAILABLE: 503}


def routes(app: Flask, hub: Hub, allowed: Callable[[str], bool]) -> None:
    """`/labs/LAB/files/NAMESPACE/PATH`: GET downloads a file, PUT makes a new one (with `?terminal=ID` in the working directory of its
    shell). `allowed`: whether the current HTTP request may do that in a lab."""

    @app.route("/labs/<lab>/files/<namespace>/<path:path>", methods=["GET", "PUT"])
    def files(lab: str, namespace: str, path: str) -> Response:
        if not allowed(lab):
            return refused(Problem(code=Code.DENIED, message="this token does not allow that"))
        try:
            link = hub.lab(lab).live_link()
            return _download(link, namespace, path) if request.method == "GET" else _upload(link, namespace, path)
        except Exception as e:
            return refused(problem_of(e))


def refused(problem: Problem) -> Response:
    """The problem as JSON, with the HTTP status that comes closest."""
    return _json(problem, _STATUS.get(problem.code, 500))


def attachment(response: Response, name: str) -> Response:
    """Have the browser save the response as a file of that name (RFC 6266)."""
    response.headers["Content-Disposition"] = f"attachment; filename*=UTF-8''{quote(name, safe='')}"
    return response


def _json(content: object, status: int) -> Response:
    response = make_response(msgspec.json.encode(content), status)
    response.content_type = "application/json"
    return response


def _download(link: LabLink, namespace: str, path: str) -> Response:
    first = _read(link, namespace, path, 0)  # before the response begins, so that a refusal has its own status

    def pieces() -> Iterator[bytes]:
        data, offset = first, 0
        while data:
            yield data
            offset += len(data)
            data = _read(link, namespace, path, offset)

    return attachment(Response(pieces(), content_type="application/octet-stream"), path.rpartition("/")[2])


def _read(link: LabLink, namespace: str, path: str, offset: int) -> bytes:
    answer = link.call(lambda id: p.ReadFile(id=id, namespace=namespace, path=path, offset=offset, length=_PIECE_BYTES))
    return answer.data if isinstance(answer, p.Piece) else b""


def _upload(link: LabLink, namespace: str, path: str) -> Response:
    size = request.content_length
    if size is None or size > MAX_UPLOAD_BYTES:
        raise ProblemError(Problem(code=Code.LIMIT, message="File too large", hint=f"at most {MAX_UPLOAD_BYTES >> 20} MB at once"))
    name, offset, written = path, 0, ""
    while offset < size or not written:  # an empty file is made too
        data = request.stream.read(min(_PIECE_BYTES, size - offset))
        if not data and offset < size:
            raise ProblemError(Problem(code=Code.INVALID, message="the upload broke off"))
        written = _write(link, namespace, name, offset, data)
        offset += len(data)
        name = written.rpartition("/")[2]
    return _json({"path": written}, 200)


def _write(link: LabLink, namespace: str, name: str, offset: int, data: bytes) -> str:
    """Write a piece; the absolute path of the file."""
    terminal = request.args.get("terminal")
    answer = link.call(lambda id: p.WriteFile(id=id, namespace=namespace, path=name, offset=offset, data=data, terminal=terminal))
    assert isinstance(answer, p.Piece)
    return answer.path
