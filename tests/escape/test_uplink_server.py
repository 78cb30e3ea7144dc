"""The uplink by the server: who may switch it, and what becomes of it when lab, agent and server start again."""

import json
import time
from collections.abc import Iterator

import pytest

from cli.client import Client
from protocol import public as q
from tests.support import Stack
from topology.edit.commands import ApplyDocument
from topology.model.problems import Code, ProblemError


def test_only_the_administrator_and_only_if_allowed(stack: Stack, lab_name: str) -> None:
    stack.cli("uplink", lab_name, "on", code=1)
    assert "uplinks are not allowed on this server" in stack.stderr
    assert "--allow-uplink" in stack.stderr


@pytest.fixture
def lab_name(stack: Stack) -> Iterator[str]:
    stack.cli("new", "no-uplink")
    yield "no-uplink"
    stack.cli("destroy", "no-uplink")


def _nobody_else_turns_it_on(stack: Stack) -> None:
    """Everybody who may edit can take it away; only the administrator can give it."""
    secret = json.loads(stack.cli("token", "out", "--json"))["token"]
    document = json.loads(stack.cli("export", "out"))
    with Client(stack.url, secret) as client:
        client.request(q.Edit(id="1", lab="out", commands=(ApplyDocument(document={**document, "uplink": False}),)))
        assert stack.inside("out", "host", "cat", "/etc/resolv.conf") == ""
        with pytest.raises(ProblemError) as refused:
            client.request(q.Edit(id="2", lab="out", commands=(ApplyDocument(document=document),)))
        assert refused.value.problem.code is Code.DENIED
    stack.cli("apply", "out", "-", input=json.dumps(document))
    assert "nameserver" in stack.inside("out", "host", "cat", "/etc/resolv.conf")


def test_where_it_is_not_allowed_a_document_that_wants_it_is_built_and_says_so(stack: Stack, lab_name: str) -> None:
    document = {**json.loads(stack.cli("export", lab_name)), "uplink": True}
    stack.cli("apply", lab_name, "-", input=json.dumps(document))
    with stack.client() as client:
        for _ in range(100):
            snapshot = client.request(q.Open(id=client.next_id(), lab=lab_name))
            assert isinstance(snapshot, q.Snapshot)
            if snapshot.warnings:
                break
            time.sleep(0.02)
    assert [(w.code, w.subject) for w in snapshot.warnings] == [(Code.DENIED, "namespace:host")]


@pytest.fixture(scope="module")
def allowed() -> Iterator[Stack]:
    """A server with its agent; its lab `out` has an uplink."""
    stack = Stack("--allow-uplink")
    try:
        stack.cli("new", "out")
        stack.cli("uplink", "out", "on")
        yield stack
    finally:
        stack.close()


def test_dns_and_the_verb(allowed: Stack) -> None:
    """The lab learns the DNS server, loses it again, and its document stays the same."""
    assert allowed.inside("out", "host", "cat", "/etc/resolv.conf") == "nameserver 10.0.2.3\n"
    time.sleep(0.5)  # what the kernel has is seen by now
    document = allowed.cli("export", "out")
    assert '"uplink": true' in document
    assert "uplink0" not in document
    assert "10.0.2.2" not in document
    allowed.cli("uplink", "out", "off")
    assert allowed.inside("out", "host", "cat", "/etc/resolv.conf") == ""
    allowed.cli("uplink", "out", "on")
    _nobody_else_turns_it_on(allowed)


@pytest.mark.by_hand
def test_it_comes_back_with_the_lab_and_with_the_server(allowed: Stack) -> None:
    allowed.cli("stop", "out")
    allowed.cli("start", "out")
    allowed.live("out")
    assert "default via 10.0.2.2 dev uplink0" in allowed.inside("out", "host", "ip", "route")
    allowed.stop()
    allowed.start()
    allowed.live("out")
    assert "uplink0" in allowed.inside("out", "host", "ip", "link")
    _nobody_else_turns_it_on(allowed)
