"""The audit log: who did what to which lab, when, and with what result. JSON lines in `audit.jsonl` of the state directory, rotated."""

import logging
import logging.handlers
import os
import sys
import time
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from logs import failure
from protocol import public as q
from topology.model.problems import Code, Problem, ProblemError

MAX_BYTES, BACKUPS = 10 << 20, 9
MAX_TEXT, MAX_ITEMS = 300, 50
"""Characters of a text, and items of a list, that are written."""

_NOT_WRITTEN = ("id", "type", "lab", "env", "document", "commands")


class Actor(NamedTuple):
    """Who did it. `author`: what the token says. `name`: what the person calls themself. `token`: as in `server.access.Access`. `session`:
    its id. `address`: where it comes from."""

    author: str
    name: str
    token: str
    session: str
    address: str


class _Handler(logging.handlers.RotatingFileHandler):
    def handleError(self, record: logging.LogRecord) -> None:
        """A line that cannot be written is said in the log of the server; what it is about goes on."""
        if (error := sys.exception()) is not None:
            failure(error, f"a line of the audit log could not be written: {record.getMessage()}")


class Audit:
    """The file."""

    def __init__(self, file: Path) -> None:
        self._log = logging.Logger("audit")
        handler = _Handler(file, maxBytes=MAX_BYTES, backupCount=BACKUPS, encoding="utf-8", delay=True)
        handler.setFormatter(logging.Formatter("%(message)s"))
        self._log.addHandler(handler)
        try:
            if not file.exists():
                os.close(os.open(file, os.O_WRONLY | os.O_CREAT, 0o600))
        except OSError as e:
            hint = "the server's user must be able to write the state directory"
            raise ProblemError(Problem(code=Code.STORAGE, message=f"{file}: {e.strerror}", hint=hint, errno=e.errno)) from None

    def write(self, actor: Actor, what: str, lab: str | None, result: str, details: "dict[str, Any] | None" = None) -> None:
        """Add a line. `what`: the type of a request, or `connect`, `get-file`, `put-file`. `result`: `ok`, `started`, or a problem code."""
        at = f"{time.strftime('%Y-%m-%dT%H:%M:%S', time.gmtime())}.{time.time_ns() // 1_000_000 % 1000:03}Z"
        line = {"at": at, **actor._asdict(), "what": what, "lab": lab, "result": result, **(details or {})}
        self._log.info(msgspec.json.encode(line).decode())


class _Pending(NamedTuple):
    """A request that is not answered yet. `since`: monotonic seconds."""

    request: q.AnyRequest
    audited: bool
    since: float


class SessionLog:
    """Writes the requests of one connection when they are answered."""

    def __init__(self, audit: Audit, actor: Actor) -> None:
        self._audit, self._actor = audit, actor
        self._pending: dict[str, _Pending] = {}

    def rename(self, name: str) -> None:
        """The person has another name from now on."""
        self._actor = self._actor._replace(name=name)

    def received(self, request: q.AnyRequest, audited: bool) -> None:
        """A request has arrived. One that is not `audited` is written only if it is denied."""
        self._pending[request.id] = _Pending(request, audited, time.monotonic())

    def started(self, request: q.AnyRequest) -> None:
        """Write that a request with a stream, which may go on for long, was allowed and has begun."""
        self._write(request, "started", {})

    def answered(self, answer: q.Answer) -> None:
        """An answer is sent: write its request, with the result and the seconds since it arrived."""
        pending = self._pending.pop(answer.id, None)
        if pending is None:
            return
        result = "ok" if answer.problem is None else str(answer.problem.code)
        if pending.audited or result == Code.DENIED:
            self._write(pending.request, result, {"seconds": round(time.monotonic() - pending.since, 3), **_outcome(answer)})

    def _write(self, request: q.AnyRequest, result: str, details: "dict[str, Any]") -> None:
        what = str(type(request).__struct_config__.tag)
        self._audit.write(self._actor, what, getattr(request, "lab", None), result, {**_fields(request), **details})


def _outcome(answer: q.Answer) -> "dict[str, Any]":
    """The message of the problem, or the exit code of a command."""
    if answer.problem is not None:
        return {"message": _shortened(answer.problem.message)}
    return {"code": answer.result.code} if isinstance(answer.result, q.Exited) else {}


def _fields(request: q.AnyRequest) -> "dict[str, Any]":
    """The fields of a request without what is long or secret; of an edit only the types of its commands."""
    fields: dict[str, Any] = msgspec.to_builtins(request)
    details = {name: _shortened(value) for name, value in fields.items() if name not in _NOT_WRITTEN}
    if isinstance(request, q.Edit):
        details["commands"] = [str(type(c).__struct_config__.tag) for c in request.commands[:MAX_ITEMS]]
    return details


def _shortened(value: Any) -> Any:
    if isinstance(value, str):
        return value if len(value) <= MAX_TEXT else value[:MAX_TEXT] + "…"
    if isinstance(value, list | tuple):
        return [_shortened(v) for v in value[:MAX_ITEMS]]
    return value
