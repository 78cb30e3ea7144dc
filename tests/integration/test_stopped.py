"""Agent or lab process under SIGSTOP: each kind of request is answered in time and says why, and all goes on afterwards."""

import contextlib
import os
import queue
import signal
import time
from collections.abc import Iterator

import pytest

from cli.client import Client
from protocol import public as q
from server.requests.table import BY_TYPE
from tests.integration.test_kills import lab_pid
from tests.support import Stack, eventually
from topology.edit.commands import AddNamespace
from topology.journey.probe import Ask
from topology.model.problems import Code, Problem
from topology.observe.facts import Connection, Tuple

pytestmark = [pytest.mark.machine, pytest.mark.timeout(300)]
PATIENCE_SECONDS = 100.0
"""The longest that anything may take is an apply that nobody answers (34 s); on a busy machine more."""
BY_SERVER = (
    q.ListLabs, q.ListExamples, q.Open, q.Subscribe, q.SetName, q.MakeToken, q.RevokeToken, q.ListTokens, q.Backup, q.Compare, q.Export,
    q.History, q.Input, q.Cancel, q.Predict, q.Analyse, q.DetachTerminal, q.ResizeTerminal, q.Close,
)  # fmt: skip
"""These need neither agent nor lab process."""
ELSEWHERE = (q.Restore, q.DestroyLab, q.StartLab)
"""Restore is sent by HTTP; a lab that is live is not started; the lab is destroyed at the end."""
ALONE = (q.NewLab, q.StopLab, q.SetUplink, q.Doctor)
"""They need the agent, and not the lab's process."""


@pytest.fixture
def own() -> Iterator[Stack]:
    stack = Stack("--allow-uplink")
    yield stack
    stack.close()


def requests(client: Client, lab: str) -> list[q.Request]:
    """One of each type."""
    at = {"lab": lab, "namespace": "host"}
    ask = Ask(source="host", target="127.0.0.1")
    way = Tuple(source="10.0.0.1", destination="10.0.0.2")
    connection = Connection(id=1, family="ipv4", protocol="tcp", original=way, reply=way)
    made: list[tuple[type[q.Request], dict[str, object]]] = [
        (q.ListLabs, {}), (q.ListExamples, {}), (q.Open, {"lab": lab}), (q.Subscribe, {"lab": lab}), (q.SetName, {"name": "ann"}),
        (q.MakeToken, {"lab": lab, "name": "t"}), (q.ListTokens, {}), (q.RevokeToken, {"lab": lab, "name": "t"}), (q.Backup, {}),
        (q.Compare, {"lab": lab}), (q.Export, {"lab": lab}), (q.History, {"lab": lab}), (q.Input, {"target": "none"}),
        (q.Cancel, {"target": "none"}), (q.Predict, {"lab": lab, "ask": ask}), (q.DetachTerminal, {"channel": 9}),
        (q.ResizeTerminal, {"channel": 9, "rows": 1, "columns": 1}),
        (q.Exec, {**at, "argv": ("sleep", "300")}), (q.Ping, {"lab": lab, "source": "host", "target": "127.0.0.1"}),
        (q.EndProcess, {"lab": lab, "pid": 99999}), (q.NetnsQuery, {"lab": lab, "query": "list"}), (q.Trace, {"lab": lab, "ask": ask}),
        (q.Watch, {"lab": lab}), (q.CheckRule, {**at, "chain": "INPUT", "rule": "-j DROP"}), (q.ZeroCounters, at), (q.ExportRules, at),
        (q.Vocabulary, {"lab": lab}), (q.Analyse, at), (q.FlushConntrack, at), (q.DeleteConnection, {**at, "connection": connection}),
        (q.StartCapture, {"lab": lab, "interfaces": ("host/lo",)}), (q.StopCapture, {"lab": lab, "capture": "c1"}),
        (q.RemoveCapture, {"lab": lab, "capture": "c1"}), (q.ReadCapture, {"lab": lab, "capture": "c1"}), (q.OpenTerminal, at),
        (q.AttachTerminal, {"lab": lab, "terminal": "t1", "channel": 3, "rows": 24, "columns": 80}),
        (q.CloseTerminal, {"lab": lab, "terminal": "t1"}), (q.ListFiles, at),
        (q.Edit, {"lab": lab, "commands": (AddNamespace(name="refused"),)}), (q.Doctor, {}), (q.NewLab, {"lab": "new"}),
        (q.SetUplink, {"lab": lab, "on": True}), (q.Close, {"lab": lab}), (q.StopLab, {"lab": lab}),
    ]  # fmt: skip
    return [kind(id=client.next_id(), **fields) for kind, fields in made]  # type: ignore[arg-type]


def answers(client: Client, asked: list[q.Request]) -> dict[type[q.Request], Problem | None]:
    """The problem of each. Fails where one is not answered."""
    waiting = {request.id: type(request) for request in asked}
    out: dict[type[q.Request], Problem | None] = {}
    end = time.monotonic() + PATIENCE_SECONDS
    while waiting:
        try:
            event = client.receive(max(0.0, end - time.monotonic()))
        except queue.Empty:
            raise AssertionError(f"not answered: {[kind.__name__ for kind in waiting.values()]}") from None
        if isinstance(event, q.Answer) and event.id in waiting:
            out[waiting.pop(event.id)] = event.problem
    return out


@pytest.mark.parametrize("who", ["agent", "lab"])
def test_every_kind_of_request_while_it_is_stopped(own: Stack, who: str) -> None:
    own.cli("new", "one")
    own.inside("one", "host", "ip", "link", "set", "lo", "up")
    with own.client() as client:
        asked = requests(client, "one")
        assert {type(r) for r in asked} | set(ELSEWHERE) == set(BY_TYPE), "a new type of request is tried here too"
        pid = own.child("agent") if who == "agent" else lab_pid(own, "one")
        os.kill(pid, signal.SIGSTOP)
        try:
            for request in asked:
                client.send(request)
            found = answers(client, asked)
        finally:
            with contextlib.suppress(ProcessLookupError):  # the lab was stopped
                os.kill(pid, signal.SIGCONT)
        served = {kind for kind, problem in found.items() if problem is None}
        assert served >= set(BY_SERVER), set(BY_SERVER) - served
        # the rules of a lab that is being stopped already are those of its document
        assert served <= {*BY_SERVER, *(ALONE if who == "lab" else ()), q.ExportRules}, served
        said = {kind.__name__: problem for kind, problem in found.items() if problem is not None}
        assert {problem.code for problem in said.values()} == {Code.UNAVAILABLE}, said
        text = "agent" if who == "agent" else "one is silent"
        assert any(text in problem.message for problem in said.values()), said
    eventually(lambda: "stopped" in own.cli("labs"), 30)
    own.cli("start", "one")
    own.cli("ping", "one", "host", "127.0.0.1", "-c", "1")
    assert own.inside("one", "host", "ip", "netns", "list") == ""
    own.cli("destroy", "one")
    own.cli("destroy", "new", code=None)
    own.cli("new", "new")
    own.cli("destroy", "new")
