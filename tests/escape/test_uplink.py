"""The optional uplink: on a machine with a network of its own and a server on it, none of which is this one's."""

import json
import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from agent.linux.pids import started
from cli.client import Client
from protocol import private as p
from protocol import public as q
from tests.integration.agent_client import Agent, Lab
from tests.support import Stack
from topology.edit.commands import ApplyDocument
from topology.model.problems import Code, ProblemError

MACHINE = """
ip link set lo up; ip address add 203.0.113.5/32 dev lo
cd /usr/share/doc
setpriv --pdeathsig KILL "$0" -m http.server --bind 203.0.113.5 8000 >/dev/null 2>&1 &
setpriv --pdeathsig KILL "$0" -m http.server --bind 127.0.0.1 8000 >/dev/null 2>&1 &
cd "$1"; shift 2; exec "$0" "$@"
"""


@pytest.fixture(scope="module")
def agent() -> Iterator[Agent]:
    """In a network namespace that stands for the machine's: an address outside, and the loopback, each with a web server."""
    machine = ("unshare", "--net", "sh", "-c", MACHINE, sys.executable, os.getcwd())
    agent = Agent("--allow-uplink", before=machine)
    yield agent
    agent.close()


@pytest.fixture(scope="module")
def lab(agent: Agent) -> Iterator[Lab]:
    assert agent.ask(p.Start(id=1, lab="up")).problem is None
    lab = agent.lab("up")
    lab.attach()
    yield lab
    agent.ask(p.Stop(id=2, lab="up"))


def fetch(lab: Lab, address: str) -> bool:
    return lab.run("host", "curl", "-sf", "-m", "3", "-o", "/dev/null", f"http://{address}:8000/")[0] == 0


def test_it_comes_up_reaches_the_outside_and_goes_away(agent: Agent, lab: Lab) -> None:
    assert not fetch(lab, "203.0.113.5")
    assert agent.ask(p.SetUplink(id=3, lab="up", on=True)).problem is None
    assert "inet 10.0.2.100/24" in lab.run("host", "ip", "address", "show", "uplink0")[1]
    assert "default via 10.0.2.2 dev uplink0" in lab.run("host", "ip", "route")[1]
    assert fetch(lab, "203.0.113.5")
    for loopback in ("10.0.2.2", "127.0.0.1", "10.0.2.3"):
        assert not fetch(lab, loopback), f"the machine's loopback is reached by {loopback}"
    assert agent.ask(p.SetUplink(id=4, lab="up", on=True)).problem is None
    assert agent.ask(p.SetUplink(id=5, lab="up", on=False)).problem is None
    for _ in range(100):
        if "uplink0" not in lab.run("host", "ip", "link")[1]:
            break
        time.sleep(0.02)
    assert "uplink0" not in lab.run("host", "ip", "link")[1]
    assert not fetch(lab, "203.0.113.5")


def test_it_ends_with_its_lab(agent: Agent) -> None:
    agent.ask(p.Start(id=1, lab="short"))
    assert agent.ask(p.SetUplink(id=2, lab="short", on=True)).problem is None
    mark = Path(agent.run, "labs/short.uplink")
    assert mark.exists()
    agent.ask(p.Stop(id=3, lab="short"))
    assert not mark.exists()
    assert _slirps(agent) == []
    assert agent.ask(p.SetUplink(id=4, lab="short", on=True)).problem


def _name(process: Path) -> str:
    try:
        return (process / "comm").read_text()
    except OSError:
        return ""


def _slirps(agent: Agent) -> list[Path]:
    """The agent's; another one's may run beside."""
    pid = agent.process.pid
    children = [Path("/proc", child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    return [process for process in children if "slirp4netns" in _name(process)]


def test_it_is_nobody_and_sees_nothing(agent: Agent, lab: Lab) -> None:
    """Its id owns nothing, it has no privileges, and its root holds no file of the machine but programs."""
    assert lab
    agent.ask(p.SetUplink(id=3, lab="up", on=True))
    (process,) = _slirps(agent)
    status = dict(line.split(":\t", 1) for line in (process / "status").read_text().splitlines())
    assert int(status["Uid"].split()[0]) >= 0x4000_0000
    assert (status["CapEff"], status["CapPrm"], status["NoNewPrivs"], status["Seccomp"]) == ("0" * 16, "0" * 16, "1", "2")
    seen = set(os.listdir(process / "root"))
    assert seen <= {"bin", "dev", "etc", "lib", "lib32", "lib64", "libx32", "ns", "proc", "run", "sbin", "tmp", "usr"}
    assert os.listdir(process / "root/etc") == ["resolv.conf"]
    agent.ask(p.SetUplink(id=4, lab="up", on=False))
    assert started(int(process.name)) is None or "slirp4netns" not in _name(process)


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


def test_dns_and_the_verb() -> None:
    """With a server and its agent: the lab learns the DNS server, loses it again, and its document stays the same."""
    stack = Stack("--allow-uplink")
    try:
        stack.cli("new", "out")
        stack.cli("uplink", "out", "on")
        assert stack.inside("out", "host", "cat", "/etc/resolv.conf") == "nameserver 10.0.2.3\n"
        time.sleep(0.5)
        document = stack.cli("export", "out")
        assert '"uplink": true' in document
        assert "uplink0" not in document
        assert "10.0.2.2" not in document
        stack.cli("uplink", "out", "off")
        assert stack.inside("out", "host", "cat", "/etc/resolv.conf") == ""
        stack.cli("uplink", "out", "on")
        stack.cli("stop", "out")
        stack.cli("start", "out")
        stack.live("out")
        assert "default via 10.0.2.2 dev uplink0" in stack.inside("out", "host", "ip", "route")
        stack.stop()
        stack.start()
        stack.live("out")
        assert "uplink0" in stack.inside("out", "host", "ip", "link")
        _nobody_else_turns_it_on(stack)
    finally:
        stack.close()
