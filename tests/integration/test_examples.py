"""Every example is deployed for real: applied twice, read back, built once more by its own shell script."""

import json
from pathlib import Path

import pytest

from tests.support import ROOT, Stack
from topology.document import document
from topology.model.records import Records
from topology.observe.normal import comparable

EXAMPLES = sorted((ROOT / "examples").glob("*.json"), key=lambda p: p.name)
PINGS = {
    "two-namespaces": [("ns0", "10.0.1.2"), ("ns1", "10.0.1.1"), ("ns0", "127.0.0.1")],
    "bridge-with-three": [("ns0", "10.0.1.3"), ("ns2", "10.0.1.2")],
    "two-subnets-router": [("left", "10.0.2.2"), ("right", "10.0.1.2")],
    "container-host": [("client", "172.17.0.2"), ("web", "172.17.0.3"), ("db", "192.168.10.2")],
    "overlay-vxlan": [("c1", "10.42.0.2")],
    "filter-deny-port": [("client", "10.0.1.2")],
    "nat-masquerade": [("laptop", "203.0.113.2"), ("host", "192.168.7.2")],
    "nat-published-port": [("web", "192.0.2.2"), ("client", "192.0.2.1")],
    "mangle-ttl-mark": [("left", "10.0.2.2")],
    "raw-notrack": [("client", "10.0.1.2")],
}


def observed(stack: Stack, lab: str) -> Records:
    return document.load(stack.cli("export", lab, "--observed"))


def same(a: Records, b: Records) -> bool:
    return comparable(a, like=b) == comparable(b, like=a)


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda p: p.stem)
def test_an_example_is_what_it_says(stack: Stack, example: Path) -> None:
    lab = f"x-{example.stem}"
    wanted = document.load(example.read_bytes())
    try:
        first = stack.json("apply", lab, str(example))
        again = stack.json("apply", lab, str(example))
        assert first["steps"] > 0  # type: ignore[index]  # JSON
        assert again["steps"] == 0  # type: ignore[index]  # JSON
        assert same(wanted, observed(stack, lab))
        assert same(wanted, document.load(stack.cli("export", lab)))
        for source, target in PINGS[example.stem]:
            stack.cli("ping", lab, source, target, "-c", "1")
    finally:
        stack.cli("destroy", lab)


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda p: p.stem)
def test_the_shell_script_builds_the_same(stack: Stack, lab: str, example: Path) -> None:
    """`export --format shell`, run by sh in a lab that has nothing yet, leaves what the document says."""
    maker = f"s-{example.stem}"
    stack.cli("apply", maker, str(example))
    script = stack.cli("export", maker, "--format", "shell")
    stack.cli("destroy", maker)
    stack.cli("exec", lab, "host", "--", "sh", "-e", input=script)
    assert same(document.load(example.read_bytes()), observed(stack, lab))


def test_apply_does_only_the_difference(stack: Stack, lab: str, tmp_path: Path) -> None:
    file = tmp_path / "x.json"
    text = (ROOT / "examples/two-namespaces.json").read_text()
    file.write_text(text)
    stack.cli("apply", lab, str(file))
    index = json.loads(stack.inside(lab, "ns0", "ip", "-j", "link", "show", "veth0"))[0]["ifindex"]
    file.write_text(text.replace("10.0.1.2/24", "10.0.1.20/24"))
    plan = stack.cli("apply", lab, str(file), "--dry-run")
    assert plan.splitlines() == ["ip -n ns1 address delete 10.0.1.2/24 dev veth1", "ip -n ns1 address add 10.0.1.20/24 dev veth1"]
    assert stack.json("apply", lab, str(file))["steps"] == 2  # type: ignore[index]  # JSON
    assert json.loads(stack.inside(lab, "ns0", "ip", "-j", "link", "show", "veth0"))[0]["ifindex"] == index
