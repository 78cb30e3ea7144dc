"""Tokens for one lab, and the audit log: over the real sockets."""

import json
import queue
import urllib.error
import urllib.request

import msgspec
import pytest
import socketio

from cli.client import Client
from protocol import public as q
from tests.integration.terminal_client import Shown, open_terminal
from tests.support import Stack
from topology.edit.commands import AddNamespace
from topology.model.problems import Code, ProblemError


def token(stack: Stack, lab: str, *options: str) -> tuple[str, str]:
    """The token and its name."""
    made = json.loads(stack.cli("token", lab, "--json", *options))
    return made["token"], made["info"]["name"]


def denied(client: Client, request: q.AnyRequest) -> str:
    with pytest.raises(ProblemError) as refused:
        client.request(request)
    assert refused.value.problem.code is Code.DENIED
    return refused.value.problem.message


def test_a_view_token_looks_and_no_more(stack: Stack, lab: str) -> None:
    secret, _ = token(stack, lab, "--view")
    with Client(stack.url, secret) as client:
        seen = client.request(q.ListLabs(id="1"))
        assert isinstance(seen, q.Labs)
        assert ([i.lab for i in seen.labs], seen.role) == ([lab], "view")
        assert isinstance(client.request(q.Open(id="2", lab=lab)), q.Snapshot)
        assert denied(client, q.Edit(id="3", lab=lab, commands=(AddNamespace(name="x"),))) == f"this token only allows viewing lab {lab}"
        denied(client, q.Exec(id="4", lab=lab, namespace="host", argv=("id",)))
        denied(client, q.OpenTerminal(id="5", lab=lab, namespace="host"))
        denied(client, q.StopLab(id="6", lab=lab))
    assert stack.inside(lab, "host", "ip", "netns", "list") == ""


def test_a_view_token_watches_a_terminal_and_cannot_type(stack: Stack, lab: str) -> None:
    (watching, _), (blind, _) = token(stack, lab, "--view"), token(stack, lab, "--view", "--no-terminals")
    with stack.client() as client, Client(stack.url, watching) as watcher, Client(stack.url, blind) as other:
        terminal = open_terminal(client, lab)
        seen = Shown(watcher, lab, terminal, 50, 150, takes=False)  # first there, and never ready for more
        seen.wait(lab.encode())
        mine = Shown(client, lab, terminal, 24, 80)
        seen.type("touch /root/by-a-watcher\r")
        seen.resize(7, 7)
        mine.type("stty size; ls /root; seq 400000 | tail -c 7; echo over-$((1+1))\r")
        mine.wait(b"over-2")
        assert b"24 80" in mine.text
        assert (mine.state.drives, seen.state.drives) == (True, False)
        seen.pump(0.3)
        assert (seen.state.rows, seen.state.columns) == (24, 80)
        assert b"over-2" in seen.text
        assert "by-a-watcher" not in stack.inside(lab, "host", "ls", "/root")
        mine.detach()
        denied(watcher, q.CloseTerminal(id="1", lab=lab, terminal=terminal))
        denied(other, q.AttachTerminal(id="1", lab=lab, terminal=terminal, channel=1, rows=24, columns=80))


def test_an_edit_token_reaches_its_lab_alone(stack: Stack, lab: str) -> None:
    stack.cli("new", "somebody-elses")
    secret, _ = token(stack, lab)
    with Client(stack.url, secret) as client:
        client.request(q.Edit(id="1", lab=lab, commands=(AddNamespace(name="mine"),)))
        seen = client.request(q.ListLabs(id="2"))
        assert isinstance(seen, q.Labs)
        assert ([i.lab for i in seen.labs], seen.role) == ([lab], "edit")
        assert denied(client, q.Open(id="3", lab="somebody-elses")) == f"this token is for lab {lab} alone"
        denied(client, q.Open(id="4", lab="not-there-at-all"))
        denied(client, q.Exec(id="5", lab="somebody-elses", namespace="host", argv=("id",)))
        denied(client, q.NewLab(id="6", lab="another"))
        denied(client, q.DestroyLab(id="7", lab=lab))
        denied(client, q.MakeToken(id="8", lab=lab))
        stack.cli("destroy", "somebody-elses")  # what is told unasked is cut to the lab as well
        event = client.receive(timeout=5)
        assert isinstance(event, q.LabsEvent)
        assert [i.lab for i in event.labs] == [lab]


def test_a_revoked_token_cuts_off(stack: Stack, lab: str) -> None:
    secret, name = token(stack, lab, "--view", "--name", "guest")
    assert name == "guest"
    with Client(stack.url, secret) as client:
        client.request(q.Open(id="1", lab=lab))
        stack.cli("token", lab, "--revoke", "guest")
        with pytest.raises(ProblemError) as lost:
            _to_the_end(client)
        assert lost.value.problem.code is Code.UNAVAILABLE
    with pytest.raises(ProblemError):
        Client(stack.url, secret)
    assert "guest" not in stack.cli("token", lab, "--list")


def _to_the_end(client: Client) -> None:
    while True:
        client.receive(timeout=10)


def test_tokens_end_with_their_lab(stack: Stack) -> None:
    stack.cli("new", "short")
    secret, _ = token(stack, "short")
    stack.cli("destroy", "short")
    stack.cli("new", "short")
    with pytest.raises(ProblemError):
        Client(stack.url, secret)
    stack.cli("destroy", "short")


def test_the_address_of_a_token_sets_its_own_cookie(stack: Stack, lab: str) -> None:
    secret, _ = token(stack, lab, "--view")
    with urllib.request.urlopen(f"{stack.url}/?token={secret}&lab={lab}") as page:
        cookie = page.headers["Set-Cookie"]
    assert cookie.startswith(f"vethboard-{stack.port}.{lab}={secret};")
    assert "HttpOnly" in cookie
    request = urllib.request.Request(f"{stack.url}/labs/{lab}/files/host/x", headers={"Cookie": f"vethboard-{stack.port}.{lab}={secret}"})
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(request)
    assert refused.value.code == 403


def test_a_link_does_not_take_the_place_of_another_token(stack: Stack, lab: str) -> None:
    """In one browser, whose cookies go to all ports: the administrator's, and that of a link to a lab."""
    secret, _ = token(stack, lab, "--view")
    names = []
    for address in (f"/?token={stack.token}", f"/?token={secret}&lab={lab}"):
        request = urllib.request.Request(stack.url + address, headers={"X-Forwarded-Proto": "https"})
        with urllib.request.urlopen(request) as page:
            assert "; Secure" in page.headers["Set-Cookie"]
            names.append(page.headers["Set-Cookie"].partition("=")[0])
        with urllib.request.urlopen(stack.url + address) as page:
            assert "Secure" not in page.headers["Set-Cookie"]
    assert names == [f"vethboard-{stack.port}", f"vethboard-{stack.port}.{lab}"]
    jar = {names[0]: stack.token, names[1]: secret, "vethboard-1": "of another port"}
    assert role(stack, jar, {}) == "admin"
    assert role(stack, jar, {"link": lab}) == "view", "the tab of the link stays what it was"
    assert role(stack, {names[1]: secret}, {"lab": lab}) == "view"
    assert role(stack, {names[1]: secret}, {}) == "view"
    assert role(stack, {"vethboard-1": stack.token}, {}) is None


def role(stack: Stack, cookies: dict[str, str], auth: dict[str, str]) -> str | None:
    """What a browser with these cookies is; None: it is refused."""
    answers: queue.Queue[str] = queue.Queue()
    io = socketio.Client(reconnection=False)
    io.on("answer", answers.put)
    header = "; ".join(f"{name}={value}" for name, value in cookies.items())
    try:
        io.connect(stack.url, headers={"Cookie": header}, auth={"name": "", **auth}, transports=["websocket"])
    except socketio.exceptions.ConnectionError:
        return None
    try:
        io.emit("request", json.dumps({"type": "labs", "id": "1"}))
        return str(json.loads(answers.get(timeout=20))["result"]["role"])
    finally:
        io.disconnect()


def test_who_may_see_no_terminals_is_not_told_of_them(stack: Stack, lab: str) -> None:
    (seeing, _), (blind, _) = token(stack, lab, "--view"), token(stack, lab, "--view", "--no-terminals")
    with stack.client() as client, Client(stack.url, seeing) as one, Client(stack.url, blind) as other:
        for watcher in (one, other):
            watcher.request(q.Open(id="1", lab=lab))
        terminal = open_terminal(client, lab)
        shown = Shown(client, lab, terminal, 24, 80)
        shown.type("printf '\\033]0;the-secret-title\\007'; sleep 3; echo over-$((1+1))\r")
        assert "terminal:" in _until(one, "the-secret-title")
        client.request(q.Edit(id="9", lab=lab, commands=(AddNamespace(name="after"),)))
        seen = _until(other, "namespace:after")
        assert "the-secret-title" not in seen
        assert "terminal:" not in seen
        assert any(id.startswith("terminal:") for id in _terminals_of(one, lab))
        assert not any(id.startswith("terminal:") for id in _terminals_of(other, lab))
        shown.detach()


def _terminals_of(client: Client, lab: str) -> list[str]:
    snapshot = client.request(q.Open(id=client.next_id(), lab=lab))
    assert isinstance(snapshot, q.Snapshot)
    return list(snapshot.live)


def _until(client: Client, words: str) -> str:
    """All that a client is told, up to these words."""
    text = ""
    while words not in text:
        text += msgspec.json.encode(client.receive(timeout=20)).decode()
    return text


def test_the_audit_log(stack: Stack, lab: str) -> None:
    secret, name = token(stack, lab, "--view")
    with Client(stack.url, secret) as client:
        denied(client, q.Exec(id="1", lab=lab, namespace="host", argv=("id",)))
    stack.inside(lab, "host", "false", code=1)
    with stack.client() as client:
        client.request(q.Edit(id="1", lab=lab, commands=(AddNamespace(name="seen"),), label="a try"))
        with pytest.raises(ProblemError):
            client.request(q.Edit(id="2", lab=lab, commands=(AddNamespace(name="seen"),)))
        client.request(q.Open(id="3", lab=lab))
    with pytest.raises(ProblemError):
        Client(stack.url, "no such token")
    file = stack.state / "audit.jsonl"
    assert file.stat().st_mode & 0o777 == 0o600
    lines = [json.loads(line) for line in file.read_text().splitlines()]
    mine = [line for line in lines if line["lab"] == lab]
    assert [(line["what"], line["result"]) for line in mine] == [
        ("new", "ok"), ("make-token", "ok"), ("exec", "denied"), ("exec", "started"), ("exec", "ok"), ("edit", "ok"),
        ("edit", "exists"),
    ]  # fmt: skip
    refused, ran, edited = mine[2], mine[4], mine[5]
    assert (refused["token"], refused["author"], refused["argv"]) == (f"{lab}/{name}", name, ["id"])
    assert (ran["argv"], ran["namespace"], ran["code"]) == (["false"], "host", 1)
    assert (edited["commands"], edited["label"], edited["address"]) == (["add-namespace"], "a try", "127.0.0.1")
    assert any(line["what"] == "connect" and line["result"] == "denied" for line in lines)
    assert secret not in file.read_text()
