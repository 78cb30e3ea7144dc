"""What an apply refuses, a plan refuses before, with the same words: of a lab that is new, one that is stopped, one that is live."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from protocol.public import Compare, Edit, ListLabs, NewLab, Side
from tests.kernel.test_exchange import kinds, vlans
from tests.support import Stack
from topology.edit.commands import ApplyDocument
from topology.model.problems import Code, ProblemError


def document(**host: Any) -> dict[str, Any]:
    return {"vethboard": 1, "namespaces": {"host": host, "ns0": {"interfaces": {"br0": {"kind": "bridge"}}}}}


def with_rule(rule: str, table: str = "filter", chain: str = "INPUT") -> dict[str, Any]:
    return document(filter={"ipv4": {table: {chain: {"rules": ["-p tcp -j ACCEPT", rule]}}}})


REFUSED = {
    "rule": with_rule("-p nonsense -j ACCEPT"),
    "target": with_rule("-j NOWHERE"),
    "set": with_rule("-m set --match-set gone src -j DROP"),
    "misplaced": with_rule("-j DNAT --to-destination 10.0.0.1"),
    "interface": with_rule('-i "a b" -j DROP'),
    "down": document(
        interfaces={"br0": {"kind": "bridge", "up": False, "addresses": ["10.0.0.1/24"]}}, routes=[{"to": "10.9.0.0/16", "dev": "br0"}]
    ),
    "source": document(
        interfaces={"br0": {"kind": "bridge", "addresses": ["10.0.0.1/24"]}},
        routes=[{"to": "10.9.0.0/16", "dev": "br0", "src": "10.3.3.3"}],
    ),
    "value": document(sysctls={"net.ipv4.ip_forward": "yes"}),
    **(
        {}
        if "vlan" in kinds()
        else {"kind": document(interfaces={"br0": {"kind": "bridge"}, "v": {"kind": "vlan", "parent": "host/br0", "vid": 5}})}
    ),
    **({} if vlans() else {"option": document(interfaces={"br0": {"kind": "bridge", "vlan_filtering": True}})}),
    **(
        {}
        if Path("/proc/sys/net/bridge/bridge-nf-call-iptables").exists()
        else {"sysctl": document(sysctls={"net.bridge.bridge-nf-call-iptables": 0})}
    ),
}  # fmt: skip


def said(stack: Stack, *argv: str) -> str:
    """What it is refused with, without what to do next."""
    stack.cli(*argv, code=1)
    return re.sub(r"\n?(hint:|  →|→).*", "", stack.stderr)


@pytest.fixture(params=["new", "stopped", "live"])
def place(stack: Stack, request: pytest.FixtureRequest) -> Iterator[str]:
    name = f"plan-{request.param}"
    if request.param != "new":
        stack.cli("new", name)
    if request.param == "stopped":
        stack.cli("stop", name)
    yield name
    stack.cli("destroy", name, code=None)


def test_plan_dry_run_and_apply_refuse_the_same(stack: Stack, place: str, tmp_path: Path) -> None:
    labs, path = stack.cli("labs"), tmp_path / "refused.json"
    for what in REFUSED if place != "plan-stopped" else ("rule", "value", *(w for w in ("kind", "option", "sysctl") if w in REFUSED)):
        path.write_text(json.dumps(REFUSED[what]))
        plan, dry = said(stack, "plan", place, str(path)), said(stack, "apply", place, str(path), "--dry-run")
        assert plan == dry == said(stack, "apply", place, str(path)), what
        assert stack.cli("labs") == labs


def test_what_is_refused_has_its_place_in_the_document(stack: Stack, place: str, tmp_path: Path) -> None:
    path = tmp_path / "refused.json"
    routes = '[{"to": "10.9.0.0/16", "via": "10.0.0.1"}]'
    for key, value, at in (
        ("sysctls", '{"net.ipv4.ip_forward": "yes"}', '4:13: $.namespaces.ns0.sysctls["net.ipv4.ip_forward"]: '),
        (
            "filter",
            '{"ipv4": {"filter": {"INPUT": {"rules": ["-j NOWHERE"]}}}}',
            "4:52: $.namespaces.ns0.filter.ipv4.filter.INPUT.rules[0]: ",
        ),
        ("routes", routes, "4:12: $.namespaces.ns0.routes[0]: Nexthop has invalid gateway."),
    ):
        path.write_text(f'{{"vethboard": 1,\n"namespaces": {{\n"ns0": {{\n"{key}": {value}}}}}}}')
        for verb in ("plan", "apply"):
            stack.cli(verb, place, str(path), code=1)
            assert stack.stderr.startswith(f"vethboard: {at}"), stack.stderr


def test_a_plan_of_what_can_be_had(stack: Stack, place: str, tmp_path: Path) -> None:
    """It is tried, and leaves nothing behind; exit code 2 of `plan`, 0 of a dry run; afterwards nothing is left to do."""
    path, labs = tmp_path / "good.json", stack.cli("labs")
    path.write_text(json.dumps(with_rule("-p udp -j DROP")))
    planned = stack.cli("plan", place, str(path), code=2)
    assert "ip netns add ns0" in planned
    assert "iptables -A INPUT -p udp -j DROP" in planned
    assert "ip netns add ns0" in stack.cli("apply", place, str(path), "--dry-run")
    assert stack.cli("labs") == labs
    assert "steps in" in stack.cli("apply", place, str(path))
    assert stack.cli("plan", place, str(path)) == "no changes\n"


def test_a_set_that_is_there_is_seen_by_the_plan(stack: Stack, lab: str, tmp_path: Path) -> None:
    path = tmp_path / "set.json"
    path.write_text(json.dumps(REFUSED["set"]))
    stack.inside(lab, "host", "ipset", "create", "gone", "hash:ip")
    stack.cli("plan", lab, str(path), code=2)
    stack.cli("apply", lab, str(path))


def test_documents_that_are_too_large_are_refused_by_name(stack: Stack, lab: str, tmp_path: Path) -> None:
    """By the command line, and by a client of the socket, whose connection stays."""
    before = stack.cli("export", lab)
    for size in (10, 50):
        text = '{"vethboard": 1, "namespaces": {' + " " * (size << 20) + "}}"
        path = tmp_path / "large.json"
        path.write_text(text)
        for verb in (("apply", lab), ("plan", lab), ("import", lab), ("apply", "not-there"), ("validate",)):
            stack.cli(*verb, str(path), code=1)
            assert "the document has over 8 MB" in stack.stderr
        with stack.client() as client:
            for request in (
                Edit(id="1", lab=lab, commands=(ApplyDocument(document=text),)),
                Compare(id="2", lab=lab, after=Side(document=text)),
                NewLab(id="3", lab="not-there", document=text),
            ):
                with pytest.raises(ProblemError) as refused:
                    client.request(request)
                assert refused.value.problem.code == Code.LIMIT
                assert "8 MB" in f"{refused.value.problem.message} {refused.value.problem.hint}"
            client.request(ListLabs(id="4"))
    assert stack.cli("export", lab) == before
