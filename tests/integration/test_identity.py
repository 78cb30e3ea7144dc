"""Who did it: what the token says, what the person calls themself, and nothing that a client could claim."""

import json
import re

import msgspec
import pytest
import socketio

from cli.client import Client
from protocol.labs import LabInfo
from protocol.public import Answer, Change, Edit, History, HistoryList, Labs, ListLabs, MakeToken, Open, SetName, Snapshot
from tests.support import Stack, eventually
from topology.edit.commands import AddNamespace, Undo
from topology.model.problems import Code, ProblemError


def history(stack: Stack, lab: str) -> tuple[Change, ...]:
    """Newest last."""
    with stack.client() as client:
        found = client.request(History(id="h", lab=lab))
        assert isinstance(found, HistoryList)
        return tuple(sorted(found.changes, key=lambda c: c.number))


def add(client: Client, lab: str, name: str) -> None:
    client.request(Edit(id=client.next_id(), lab=lab, commands=(AddNamespace(name=name),)))


def edit_token(stack: Stack, lab: str, *options: str) -> str:
    return str(json.loads(stack.cli("token", lab, *options, "--json"))["token"])


def info(client: Client, lab: str) -> LabInfo:
    found = client.request(ListLabs(id=client.next_id()))
    assert isinstance(found, Labs)
    return next(i for i in found.labs if i.lab == lab)


def test_two_persons_of_one_token(stack: Stack, lab: str) -> None:
    secret = edit_token(stack, lab, "--name", "group-1")
    with Client(stack.url, secret, "Ann") as ann, Client(stack.url, secret, "Ben") as ben:
        sessions = [s.session for c in (ann, ben) if isinstance(s := c.request(Open(id=c.next_id(), lab=lab)), Snapshot)]
        add(ann, lab, "a")
        add(ben, lab, "b")
        assert info(ann, lab).people == ("Ann", "Ben")
        ben.request(SetName(id="n", name=" 陳怡君 "))
        add(ben, lab, "c")
        seen = ann.request(Open(id="o", lab=lab))
        assert isinstance(seen, Snapshot)
        assert (seen.undo_by, seen.undo_session) == ("陳怡君", sessions[1])
        assert info(ann, lab).people == ("Ann", "陳怡君")
        ann.request(Edit(id="u", lab=lab, commands=(Undo(),)))
    contexts = [c.context for c in history(stack, lab)]
    assert [(c.author, c.name, c.session) for c in contexts] == [
        ("group-1", "Ann", sessions[0]), ("group-1", "Ben", sessions[1]), ("group-1", "陳怡君", sessions[1]),
    ]  # fmt: skip
    assert all(re.fullmatch("[0-9a-f]{16}", s) for s in sessions)
    assert sessions[0] != sessions[1]


ANSWERS = msgspec.json.Decoder(Answer)
"""Made here, by one thread: msgspec crashes where two make what they know of a type at once."""
STRANGE = ("terminal", "tеrminal", "vethboard", "a\nb", "\u202ebob", "x" * 41, "\ud800", 7, ["a"], {"a": 1}, None, "")


@pytest.mark.parametrize("name", STRANGE, ids=map(str, range(len(STRANGE))))
def test_a_name_that_cannot_be(stack: Stack, lab: str, name: object) -> None:
    raw = socketio.Client(reconnection=False)
    raw.connect(stack.url, auth={"token": stack.token, "name": name, "author": "forged", "session": "forged"}, transports=["websocket"])
    got: list[Answer] = []
    raw.on("answer", lambda text: got.append(ANSWERS.decode(text)))
    edit = {"type": "edit", "id": "1", "lab": lab, "commands": [{"do": "add-namespace", "name": "a"}]}
    raw.emit("request", json.dumps({**edit, "author": "terminal"}))
    raw.emit("request", json.dumps({**edit, "context": {"author": "terminal"}}))
    raw.emit("request", json.dumps({"type": "set-name", "id": "2", "name": name}))
    raw.emit("request", json.dumps(edit))
    eventually(lambda: len(got) == 4)
    raw.disconnect()
    assert [a.problem.code if a.problem else None for a in got] == [
        Code.INVALID, Code.INVALID, None if name == "" else Code.INVALID, None,
    ]  # fmt: skip
    (change,) = history(stack, lab)
    assert (change.context.author, change.context.name) == ("admin", "")
    assert change.context.session != "forged"


def test_what_a_shell_does_is_the_terminals(stack: Stack, lab: str) -> None:
    stack.inside(lab, "host", "ip", "netns", "add", "shell")
    eventually(lambda: history(stack, lab))
    (change,) = history(stack, lab)
    assert (change.context.author, change.context.name, change.context.session) == ("terminal", "", "")


@pytest.mark.parametrize("name", ["terminal", "admin", "tërminal", "a\u202eb", "x" * 41], ids=map(str, range(5)))
def test_a_token_has_no_name_that_deceives(stack: Stack, lab: str, name: str) -> None:
    with stack.client() as client, pytest.raises(ProblemError) as refused:
        client.request(MakeToken(id="1", lab=lab, name=name))
    assert refused.value.problem.code is Code.INVALID


def test_the_command_line_says_who_it_is(stack: Stack, lab: str) -> None:
    stack.cli("--name", "Ann Lee", "netns", lab, "add", "a")
    assert "Ann Lee" in stack.cli("history", lab)
    stack.cli("--name", "root", "netns", lab, "add", "b", code=1)
    assert "looks like the name of a part of Vethboard" in stack.stderr
    audit = [json.loads(line) for line in (stack.state / "audit.jsonl").read_text().splitlines()]
    edits = [line for line in audit if line["lab"] == lab and line["what"] in ("edit", "netns")]
    assert [(line["author"], line["name"], line["token"]) for line in edits][-1] == ("admin", "Ann Lee", "admin")
