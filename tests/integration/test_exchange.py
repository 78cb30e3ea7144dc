"""Documents over the command line and a real server: applied twice, planned, compared, imported beside what is there, refused."""

import json
import urllib.request
from pathlib import Path

import pytest

from tests.support import Stack, eventually
from topology.document.schema import text
from topology.model.base import Json

PAIR: dict[str, Json] = {
    "vethboard": 1,
    "namespaces": {
        "ns0": {
            "interfaces": {
                "a": {"kind": "veth", "peer": "ns1/b", "addresses": ["10.0.0.1/24"]},
                "c": {"kind": "veth", "peer": "ns1/d", "addresses": ["10.0.0.2/24"]},
                "br0": {"kind": "bridge"},
            },
            "routes": [{"to": "10.9.0.0/16", "via": "10.0.0.9"}],
            "sysctls": {"net.ipv4.ip_forward": 0, "net.ipv4.ping_group_range": "1 0"},
        },
        "ns1": {"interfaces": {"b": {"kind": "veth", "peer": "ns0/a"}, "d": {"kind": "veth", "peer": "ns0/c"}}},
    },
}


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "pair.json"
    path.write_text(json.dumps(PAIR))
    return path


def test_applied_twice_is_nothing_and_a_default_that_is_stated_stays(stack: Stack, lab: str, file: Path) -> None:
    assert "steps in" in stack.cli("apply", lab, str(file))
    exported = stack.cli("export", lab)
    assert '"net.ipv4.ip_forward": 0' in exported
    assert "nothing to do" in stack.cli("apply", lab, str(file))
    assert stack.cli("plan", lab, str(file)) == "no changes\n"
    assert stack.cli("export", lab) == exported == stack.cli("export", lab, "--observed")


def test_what_a_shell_types_changes_that_and_nothing_else_of_the_document(stack: Stack, lab: str, file: Path) -> None:
    stack.cli("apply", lab, str(file))
    before = stack.cli("export", lab)
    stack.inside(lab, "ns0", "ip", "link", "set", "br0", "mtu", "1400")
    eventually(lambda: stack.cli("export", lab) == before.replace('{"kind": "bridge"}', '{"kind": "bridge", "mtu": 1400}'))


def test_a_plan_says_by_its_exit_code_whether_there_are_changes(stack: Stack, lab: str, file: Path) -> None:
    assert "+ namespace ns0" in stack.cli("plan", lab, str(file), code=2)
    stack.cli("apply", lab, str(file))
    assert stack.cli("plan", lab, str(file), code=0) == "no changes\n"
    moved = json.loads(stack.cli("export", lab))
    moved["layout"]["ns1"] = [7, 8]
    file.write_text(json.dumps(moved))
    assert stack.cli("plan", lab, str(file), code=2).startswith("~ place of ns1: x")
    assert "1 entry of the document would change" in stack.cli("apply", lab, str(file), "--dry-run")
    assert "1 entry of the document changed" in stack.cli("apply", lab, str(file))
    assert "- namespace ns0" in stack.cli("plan", lab, "--after", "0", code=2)
    assert json.loads(stack.cli("plan", lab, "--before", "1", "--json", code=2))["words"][0].startswith("~ place of ns1")
    file.write_text('{"vethboard": 1,}')
    stack.cli("plan", lab, str(file), code=1)
    assert "1:16: $: not JSON: a comma before the closing bracket" in stack.stderr


def test_options_stand_anywhere_and_wrong_usage_of_plan_is_no_change(stack: Stack, lab: str, file: Path) -> None:
    stack.cli("apply", lab, str(file))
    assert json.loads(stack.cli("plan", lab, "--json", str(file)))["words"] == []
    assert "ip netns add ns0" in stack.cli("export", lab, "--format", "shell", "ns0")
    for wrong in (("--before", "x"), ("--bogus",), (str(file), str(file))):
        stack.cli("plan", lab, *wrong, code=1)
        assert "vethboard plan: error: " in stack.stderr


def test_a_part_comes_beside_what_is_there_and_goes_to_the_byte(stack: Stack, lab: str, file: Path) -> None:
    stack.cli("apply", lab, str(file))
    before = stack.cli("export", lab)
    assert "ip netns add ns2" in stack.cli("import", lab, str(file), "--dry-run")
    assert stack.cli("export", lab) == before
    assert "ns2, ns2/br0, ns3" in stack.cli("import", lab, str(file))
    assert set(json.loads(stack.cli("export", lab, "ns2", "ns3"))["namespaces"]) == {"host", "ns2", "ns3"}
    stack.cli("undo", lab)
    assert stack.cli("export", lab) == before


def test_a_document_that_is_refused_changes_nothing_and_all_is_told(stack: Stack, lab: str, file: Path) -> None:
    stack.cli("apply", lab, str(file))
    before = stack.cli("export", lab)
    wrong = json.dumps(PAIR, indent=1).replace('"kind": "bridge"', '"kind": "brige"').replace('"via"', '"gateway"')
    file.write_text(wrong)
    stack.cli("apply", lab, str(file), code=1)
    assert 'did you mean "bridge"' in stack.stderr
    assert 'did you mean "via"' in stack.stderr
    assert "→" in stack.stderr
    assert stack.cli("export", lab) == before


def test_the_dry_run_of_a_lab_that_is_not_there_refuses_what_apply_refuses(stack: Stack, file: Path) -> None:
    assert "netns add host" not in stack.cli("apply", "not-there", str(file), "--dry-run")
    file.write_text(json.dumps({"vethboard": 1, "namespaces": {"ns0": {"routes": [{"to": "default", "via": "10.0.0.1"}]}}}))
    stack.cli("apply", "not-there", str(file), "--dry-run", code=1)
    assert "Nexthop has invalid gateway" in stack.stderr


def test_a_new_lab_whose_rules_iptables_refuses_is_not_made(stack: Stack, file: Path) -> None:
    rules = ["--dport 80 -p tcp -j ACCEPT", "-s 10.0.0.1/32 -j ACCEPT"]
    value = {"vethboard": 1, "namespaces": {"ns0": {"filter": {"ipv4": {"filter": {"INPUT": {"rules": rules}}}}}}}
    file.write_text(json.dumps(value))
    before = stack.cli("labs", "--json")
    stack.cli("apply", "with-bad-rules", str(file), code=1)
    assert 'unknown option "--dport"' in stack.stderr
    assert stack.cli("labs", "--json") == before


def test_the_server_has_the_schema(stack: Stack) -> None:
    with urllib.request.urlopen(f"{stack.url}/schema.json") as answer:
        assert answer.read().decode() == text()
