"""The table of requests: each type has one entry, and every request gets exactly one answer, whoever sends whatever."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import get_args

import msgspec
import pytest
from msgspec import inspect as ms

from protocol import public as q
from server.access import ADMIN, Access
from server.audit import Actor, SessionLog
from server.hub import Hub
from server.requests.dispatch import receive
from server.requests.table import BY_TYPE, ENTRIES
from server.sessions import Connection, Session
from server.storage import Storage
from topology.model.problems import Code

TYPES = get_args(q.AnyRequest)
OWN = {q.ListLabs, q.ListExamples, q.Input, q.Cancel, q.DetachTerminal, q.ResizeTerminal, q.SetName}
"""Requests about the caller's own connection, or cut down to what its token sees."""


DEEP = '{"id": "7", "type": "edit", "lab": "a", "commands": [{"do": "paste", "document": {"a": ' + "[" * 20_000 + "]" * 20_000 + "}}]}"


class Visit:
    """A session without a socket: what is sent to it is kept."""

    def __init__(self, hub: Hub, access: Access) -> None:
        self.hub = hub
        log = SessionLog(hub.audit, Actor(access.author, "ann", access.token, "s1", "127.0.0.1"))
        self.session = Session("s1", "ann", access, log, Connection(self._sent, lambda: None))
        self.answers: list[q.Answer] = []

    def _sent(self, name: str, payload: str | bytes) -> None:
        if name == "answer":
            self.answers.append(msgspec.json.decode(payload, type=q.Answer))

    def ask(self, text: object) -> q.Answer:
        """The one answer to a request that is answered at once."""
        receive(self.hub, self.session, text)
        (answer,) = self.answers
        self.answers.clear()
        return answer


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[Hub]:
    hub = Hub(Storage.open(tmp_path), tmp_path, tmp_path / "no-agent.sock")
    yield hub
    hub.end()


def any_request(kind: type[msgspec.Struct]) -> bytes:
    """A valid request of that type, about lab `other` if it concerns one, as text."""
    info = ms.type_info(kind)
    assert isinstance(info, ms.StructType)
    fields = _fields(info)
    return msgspec.json.encode({**fields, "lab": "other"} if "lab" in fields else fields)


def _fields(info: ms.StructType) -> dict[str, object]:
    """The fields without a default, with some valid value."""
    fields = {f.encode_name: _value(f.type) for f in info.fields if f.required}
    return {**fields, info.tag_field: info.tag} if info.tag_field else fields


def _value(kind: ms.Type) -> object:
    match kind:
        case ms.StructType():
            return _fields(kind)
        case ms.LiteralType(values=values):
            return values[0]
        case ms.UnionType(types=types):
            return _value(types[0])
        case ms.VarTupleType():
            return []
        case ms.IntType() | ms.FloatType():
            return 1
        case ms.BoolType():
            return True
    return "1"


def test_each_type_of_request_has_exactly_one_entry() -> None:
    assert sorted(e.request.__name__ for e in ENTRIES) == sorted(t.__name__ for t in TYPES)
    assert set(BY_TYPE) == set(TYPES)


def test_what_has_a_stream_is_audited() -> None:
    assert all(entry.audited for entry in ENTRIES if entry.streams)


def test_what_concerns_no_lab_needs_no_permission_for_one() -> None:
    """`view`, `terminals` and `edit` are permissions in the lab of the request: so it has to name one."""
    for entry in ENTRIES:
        assert entry.needs in ("any", "admin") or "lab" in entry.request.__struct_fields__, entry.request


@pytest.mark.parametrize("kind", [t for t in TYPES if t not in OWN], ids=lambda t: t.__name__)
@pytest.mark.parametrize("role", ["view", "edit"])
def test_every_request_is_denied_to_the_token_of_another_lab(hub: Hub, tmp_path: Path, kind: type[msgspec.Struct], role: q.Role) -> None:
    answer = Visit(hub, Access("mine/x", role, "mine")).ask(any_request(kind))
    assert answer.id == "1"
    assert answer.problem is not None
    assert answer.problem.code is Code.DENIED
    (line,) = (tmp_path / "audit.jsonl").read_text().splitlines()
    assert json.loads(line)["what"] == kind.__struct_config__.tag


@pytest.mark.parametrize("kind", [t for t in TYPES if BY_TYPE[t].needs not in ("any", "admin")], ids=lambda t: t.__name__)
def test_a_request_about_a_lab_that_is_not_there_is_refused(hub: Hub, kind: type[msgspec.Struct]) -> None:
    """Not denied: the administrator's token allows everything."""
    answer = Visit(hub, ADMIN).ask(any_request(kind))
    assert answer.problem is not None
    assert answer.problem.message == "there is no lab other"


@pytest.mark.parametrize(
    ("text", "id"),
    [
        ('{"type": "no-such-type", "id": "7"}', "7"),
        ('{"id": "7"}', "7"),
        ('{"type": "open", "id": "7"}', "7"),
        ('{"type": "open", "id": "7", "lab": "x", "more": 1}', "7"),
        ('{"type": "open", "id": 7, "lab": "x"}', ""),
        ("[]", ""),
        ("{", ""),
        ("[" * 100_000, ""),
        (None, ""),
        (b"\xff", ""),
        ('{"id": "7", "type": "open", "lab": "\\ud800"}', "7"),
        ('{"id": "7", "type": "open", "lab": "\ud800"}', "7"),
        ('{"id": "7", "type": "open", "lab": "a', "7"),
        (DEEP, "7"),
    ],
)
def test_an_unknown_or_malformed_request_is_answered_with_a_problem(hub: Hub, text: object, id: str) -> None:
    answer = Visit(hub, ADMIN).ask(text)
    assert answer.id == id
    assert answer.problem is not None
    assert answer.problem.code is (Code.LIMIT if text is DEEP else Code.INVALID)
