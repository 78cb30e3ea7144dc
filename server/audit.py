"""The audit log: who did what to which lab, when, with what result. JSON lines in `audit.jsonl` of the state directory, rotated."""

import logging
import logging.handlers
import os
import time
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from protocol import public as q
from server.access import Access
from topology.model.problems import Code, Problem

MAX_BYTES, BACKUPS = 10 << 20, 9
LONGEST = 300
"""Characters of a text that are kept."""

_QUIET = (
    q.ListLabs, q.ListExamples, q.Open, q.Close, q.Look, q.Export, q.History, q.Predict, q.CheckRule, q.ExportRules,
    q.Vocabulary, q.Analyse, q.Input, q.DetachTerminal, q.ResizeTerminal, q.ListFiles, q.Doctor, q.ListTokens, q.ReadCapture,
)  # fmt: skip
"""What changes nothing, is not written down, unless it is denied. What is typed into a terminal never is."""
_LASTING = (q.Exec, q.Ping, q.Trace, q.Watch)
"""Written down when they start, and again when they end."""
_LEFT_OUT = ("id", "type", "lab", "env", "document", "commands")


class Who(NamedTuple):
    """`author` is what a client calls itself, `token` what let it in, `session` its connection, `address` where that comes from."""

    author: str
    token: str
    session: str
    address: str


class Audit:
    """One line for each privileged action."""

    def __init__(self, file: Path) -> None:
        self._log = logging.Logger("audit")
        handler = logging.handlers.RotatingFileHandler(file, maxBytes=MAX_BYTES, backupCount=BACKUPS, encoding="utf-8", delay=True)
        handler.setFormatter(logging.Formatter("%(message)s"))
        self._log.addHandler(handler)
        if not file.exists():
            os.close(os.open(file, os.O_WRONLY | os.O_CREAT, 0o600))

    def write(self, who: Who, what: str, lab: str | None, result: str, more: "dict[str, Any] | None" = None) -> None:
        """`result`: `ok`, `started`, or the code of a problem."""
        at = f"{time.strftime('%Y-%m-%dT%H:%M:%S', time.gmtime())}.{time.time_ns() // 1_000_000 % 1000:03}Z"
        line = {"at": at, **who._asdict(), "what": what, "lab": lab, "result": result, **(more or {})}
        self._log.info(msgspec.json.encode(line).decode())


def refusal(problem: Problem) -> "tuple[str, dict[str, Any]]":
    return str(problem.code), {"message": _short(problem.message)}


class SessionLog:
    """What one connection does: each request from when it came to its answer."""

    def __init__(self, audit: Audit, access: Access, author: str, sid: str, address: str) -> None:
        self._audit = audit
        self._who = Who(author, access.token, sid, address)
        self._asked: dict[str, tuple[q.AnyRequest, float]] = {}

    def asked(self, request: q.AnyRequest) -> None:
        self._asked[request.id] = (request, time.monotonic())

    def started(self, request: q.AnyRequest) -> None:
        """It is allowed."""
        if isinstance(request, _LASTING):
            self._write(request, "started", {})

    def answered(self, answer: q.Answer) -> None:
        """Called with every answer."""
        request, since = self._asked.pop(answer.id, (None, 0.0))
        if request is None:
            return
        more: dict[str, Any] = {"seconds": round(time.monotonic() - since, 3)}
        result = "ok"
        if answer.problem is not None:
            result, words = refusal(answer.problem)
            more |= words
        elif isinstance(answer.result, q.Exited):
            more["code"] = answer.result.code
        if not isinstance(request, _QUIET) or result == Code.DENIED:
            self._write(request, result, more)

    def _write(self, request: q.AnyRequest, result: str, more: "dict[str, Any]") -> None:
        what = str(type(request).__struct_config__.tag)
        self._audit.write(self._who, what, getattr(request, "lab", None), result, {**_details(request), **more})


def _details(request: q.AnyRequest) -> "dict[str, Any]":
    fields: dict[str, Any] = msgspec.to_builtins(request)
    details = {name: _short(value) for name, value in fields.items() if name not in _LEFT_OUT}
    if isinstance(request, q.Edit):
        details["commands"] = [str(type(c).__struct_config__.tag) for c in request.commands[:50]]
    return details


def _short(value: Any) -> Any:
    if isinstance(value, str):
        return value if len(value) <= LONGEST else value[:LONGEST] + "…"
    if isinstance(value, list | tuple):
        return [_short(v) for v in value[:50]]
    return value
