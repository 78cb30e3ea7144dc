"""Bad input gets a clear problem at the right place, and nothing is changed."""

import json

import pytest

from protocol.public import Answer, Exec, Exited, History, HistoryList
from tests.support import Stack
from topology.model.problems import Code


def doc(**namespaces: object) -> str:
    return json.dumps({"vethboard": 1, "namespaces": {"host": {}, **namespaces}})


def veth(peer: str, **more: object) -> dict[str, object]:
    return {"kind": "veth", "peer": peer, **more}


BAD_DOCUMENTS = {
    "truncated": ('{"vethboard": 1, "namespaces": {', "JSON"),
    "deep": ("[" * 100_000, "nested"),
    "newer": ('{"vethboard": 2, "namespaces": {}}', "newer"),
    "unknown key": ('{"vethboard": 1, "namespaces": {"ns0": {"colour": 1}}}', "$.namespaces.ns0.colour"),
    "long name": (doc(ns0={"interfaces": {"abcdefghijklmnop": {"kind": "bridge"}}}), "15"),
    "slash": (doc(**{"a/b": {}}), "a/b"),
    "dots": (doc(**{"..": {}}), ".."),
    "prefix": (doc(ns0={"interfaces": {"br0": {"kind": "bridge", "addresses": ["10.0.0.1/33"]}}}), "10.0.0.1/33"),
    "mtu": (doc(ns0={"interfaces": {"br0": {"kind": "bridge", "mtu": 3}}}), "$.namespaces.ns0.interfaces.br0.mtu"),
    "multicast mac": (doc(ns0={"interfaces": {"br0": {"kind": "bridge", "mac": "01:00:5e:00:00:01"}}}), "Cannot assign requested address"),
    "dangling peer": (doc(ns0={"interfaces": {"a": veth("ns1/b")}}), "ns1/b"),
    "one-sided peer": (
        doc(ns0={"interfaces": {"a": veth("ns0/b"), "b": veth("ns0/c"), "c": veth("ns0/b")}}),
        "$.namespaces.ns0.interfaces.a",
    ),
    "no such master": (doc(ns0={"interfaces": {"a": veth("ns0/b", master="br0"), "b": veth("ns0/a")}}), "br0"),
    "two masters": (
        '{"vethboard":1,"namespaces":{"n":{"interfaces":{"a":{"kind":"veth","peer":"n/b","master":"x","master":"y"}}}}}',
        "master",
    ),
}


@pytest.mark.parametrize("name", BAD_DOCUMENTS)
def test_a_bad_document_is_refused_with_its_place(stack: Stack, name: str) -> None:
    text, said = BAD_DOCUMENTS[name]
    before = stack.cli("labs", "--json")
    stack.cli("validate", "-", input=text, code=1)
    assert said in stack.stderr
    stack.cli("apply", "bad", "-", input=text, code=1)
    assert said in stack.stderr
    assert stack.cli("labs", "--json") == before


def test_a_huge_document_is_refused(stack: Stack) -> None:
    stack.cli("validate", "-", input=doc(ns0={"interfaces": {}, "x": "y" * 10_000_000}), code=1)
    assert "8" in stack.stderr


def test_a_name_that_exists_answers_in_the_kernels_words(stack: Stack, lab: str) -> None:
    stack.cli("netns", lab, "add", "ns0")
    stack.cli("netns", lab, "add", "ns0", code=1)
    assert "File exists" in stack.stderr


def test_a_gateway_that_cannot_be_reached(stack: Stack, lab: str) -> None:
    before = stack.cli("export", lab, "--observed")
    text = doc(
        ns0={"interfaces": {"br0": {"kind": "bridge", "addresses": ["10.0.0.1/24"]}}, "routes": [{"to": "default", "via": "10.9.9.9"}]}
    )
    stack.cli("apply", lab, "-", input=text, code=1)
    assert "Nexthop has invalid gateway" in stack.stderr
    assert stack.cli("export", lab, "--observed") == before
    assert "ns0" not in stack.cli("export", lab)
    assert stack.inside(lab, "host", "ip", "netns", "list") == ""


def test_exec_has_the_commands_own_code_and_streams(stack: Stack, lab: str) -> None:
    assert stack.cli("exec", lab, "host", "--", "cat", input="a\x00b") == "a\x00b"
    stack.cli("exec", lab, "host", "--", "sh", "-c", "echo oops >&2; exit 7", code=7)
    assert stack.stderr == "oops\n"
    stack.cli("exec", lab, "host", "--", "no-such-command", code=127)
    stack.cli("exec", lab, "nowhere", "--", "true", code=1)
    assert "nowhere" in stack.stderr


NAMED = [
    ({"type": "exec", "namespace": "host", "argv": ["true", "a\0b"]}, "a NUL character"),
    ({"type": "exec", "namespace": "host", "argv": ["true"], "env": {"a\0b": ""}}, "a NUL character"),
    ({"type": "exec", "namespace": "host", "argv": ["true"], "env": {"A=B": ""}}, "illegal environment variable name"),
    ({"type": "exec", "namespace": "host", "argv": ["true"], "tty": True, "rows": -1}, "a terminal of -1 rows"),
    ({"type": "netns", "query": "pids", "argument": "a\0"}, "a NUL character"),
    ({"type": "zero-counters", "namespace": "host", "table": "filter", "chain": "a\0"}, "a NUL character"),
    ({"type": "end-process", "pid": 1, "signal": 999}, "no signal 999"),
    ({"type": "cancel", "target": "x", "signal": -1}, "no signal -1"),
    ({"type": "open-terminal", "namespace": "host", "rows": -1}, "-1 rows"),
    ({"type": "open-terminal", "namespace": "host", "columns": 70_000}, "70000 columns"),
    ({"type": "edit", "commands": [{"do": "remove", "ids": []}] * 1001}, "1001 commands"),
    ({"type": "exec", "namespace": "\ud800", "argv": ["true"]}, "half of a surrogate pair"),
    ({"type": "edit", "commands": [{"do": "paste", "document": {"a": "DEEP"}}]}, "nested too deeply"),
]
DEEP = "[" * 20_000 + "]" * 20_000


def test_odd_requests_are_refused_by_name_and_end_nobodys_link(stack: Stack, lab: str) -> None:
    """Over the real socket, each under its id; another session of the lab goes on."""
    with stack.client() as other, stack.client() as odd:
        for number, (request, said) in enumerate(NAMED):
            where = {} if request["type"] == "cancel" else {"lab": lab}
            odd._io.emit("request", json.dumps({**request, **where, "id": f"odd-{number}"}).replace('"DEEP"', DEEP))
            answer = odd.receive(20)
            assert isinstance(answer, Answer)
            assert answer.id == f"odd-{number}"
            assert answer.problem is not None
            assert said in answer.problem.message
            assert answer.problem.code is not Code.INTERNAL
        assert isinstance(other.request(History(id="h", lab=lab, before=2**70, limit=-1)), HistoryList)
        assert isinstance(other.request(Exec(id="e", lab=lab, namespace="host", argv=("true",))), Exited)
