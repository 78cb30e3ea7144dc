"""Files of a lab's homes over HTTP: fetched and put piece by piece, so that no file is ever whole in the server."""

from collections.abc import Callable, Iterator
from urllib.parse import quote

import msgspec
from flask import Flask, Response, make_response, request

from protocol import private as p
from protocol.limits import MAX_UPLOAD_BYTES
from server.agent_link import LabLink
from server.hub import Hub
from server.outbox import problem_of
from topology.model.problems import Code, Problem

PIECE = 512 << 10
_STATUS = {Code.UNKNOWN: 404, Code.REFUSED: 404, Code.INVALID: 400, Code.LIMIT: 413, Code.DENIED: 403, Code.UNAVAILABLE: 503}


def routes(app: Flask, hub: Hub, allowed: Callable[[str], bool]) -> None:
    """`/labs/LAB/files/NAMESPACE/PATH`: GET fetches the file, PUT makes a new one (with `?terminal=`: where its shell is)."""

    @app.route("/labs/<lab>/files/<namespace>/<path:path>", methods=["GET", "PUT"])
    def files(lab: str, namespace: str, path: str) -> Response:
        if not allowed(lab):
            return refused(Problem(code=Code.DENIED, message="this token does not allow that"))
        try:
            link = hub.lab(lab).live_link()
            return _fetch(link, namespace, path) if request.method == "GET" else _put(link, namespace, path)
        except Exception as e:
            return refused(problem_of(e))


def refused(problem: Problem) -> Response:
    """The problem as JSON, with the HTTP status that says about the same."""
    response = make_response(msgspec.json.encode(problem), _STATUS.get(problem.code, 500))
    response.content_type = "application/json"
    return response


def _fetch(link: LabLink, namespace: str, path: str) -> Response:
    def piece(offset: int) -> bytes:
        answer = link.call(lambda id: p.ReadFile(id=id, namespace=namespace, path=path, offset=offset, length=PIECE))
        return answer.data if isinstance(answer, p.Piece) else b""

    first = piece(0)  # what is refused is refused before the first byte

    def all_of_it() -> Iterator[bytes]:
        data, offset = first, 0
        while data:
            yield data
            offset += len(data)
            data = piece(offset)

    response = Response(all_of_it(), content_type="application/octet-stream")
    response.headers["Content-Disposition"] = f"attachment; filename*=UTF-8''{quote(path.rpartition('/')[2], safe='')}"
    return response


def _put(link: LabLink, namespace: str, path: str) -> Response:
    size = request.content_length
    if size is None or size > MAX_UPLOAD_BYTES:
        return refused(Problem(code=Code.LIMIT, message="File too large", hint=f"at most {MAX_UPLOAD_BYTES >> 20} MB at once"))
    terminal = request.args.get("terminal")
    name, offset, where = path, 0, ""
    while offset < size or not where:
        data = request.stream.read(min(PIECE, size - offset))
        if not data and offset < size:
            return refused(Problem(code=Code.INVALID, message="the upload broke off"))
        answer = _write(link, p.WriteFile(id=0, namespace=namespace, path=name, offset=offset, data=data, terminal=terminal))
        where, offset = answer.path, offset + len(data)
        name = where.rpartition("/")[2]
    response = make_response(msgspec.json.encode({"path": where}))
    response.content_type = "application/json"
    return response


def _write(link: LabLink, asked: p.WriteFile) -> p.Piece:
    answer = link.call(lambda id: msgspec.structs.replace(asked, id=id))
    assert isinstance(answer, p.Piece)
    return answer
