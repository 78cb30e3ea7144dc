"""A lab is stopped, its iptables variant changed, and it is started again: with pauses, and all at once."""

import json
from pathlib import Path

import pytest

from protocol import public as q
from tests.support import Stack
from topology.edit.commands import AddRule, SetLab
from topology.model.netfilter import Driver

WORDS: dict[Driver, str] = {"legacy": "legacy", "nft": "nf_tables"}


@pytest.mark.parametrize("waits", [True, False])
def test_stop_switch_start_edit(stack: Stack, lab: str, waits: bool) -> None:
    drivers: tuple[Driver, ...] = ("nft", "legacy", "nft")
    with stack.client() as client:
        for number, driver in enumerate(drivers):
            requests: tuple[q.AnyRequest, ...] = (
                q.StopLab(id=client.next_id(), lab=lab),
                q.Edit(id=client.next_id(), lab=lab, commands=(SetLab(firewall=driver),)),
                q.StartLab(id=client.next_id(), lab=lab),
                q.Edit(
                    id=client.next_id(), lab=lab, commands=(AddRule(namespace="host", chain="INPUT", rule=f"-s 10.0.0.{number} -j DROP"),)
                ),
            )
            for request in requests:
                client.send(request)
                if waits:
                    client.wait(request.id)
            if not waits:
                for request in requests:
                    client.wait(request.id)
            assert WORDS[driver] in stack.inside(lab, "host", "iptables", "-V")
            assert stack.inside(lab, "host", "iptables-save").count("-j DROP") == number + 1


def test_a_document_with_another_driver_is_applied_to_a_stopped_lab(stack: Stack, lab: str, tmp_path: Path) -> None:
    file = tmp_path / "lab.json"
    drivers: tuple[Driver, ...] = ("nft", "legacy")
    for driver in drivers:
        file.write_text(json.dumps({"vethboard": 1, "name": lab, "firewall": driver, "namespaces": {"host": {}}}))
        stack.cli("stop", lab)
        stack.cli("apply", lab, str(file))
        assert WORDS[driver] in stack.inside(lab, "host", "iptables", "-V")
        history = stack.cli("history", lab)
        stack.cli("stop", lab)
        stack.cli("apply", lab, str(file))
        assert stack.cli("history", lab) == history


def test_a_stopped_lab_stays_as_it_was_when_a_document_is_refused(stack: Stack, lab: str, tmp_path: Path) -> None:
    """By the kernel: a document that is wrong in itself is not even sent."""
    file = tmp_path / "lab.json"
    stack.cli(
        "apply", lab, "-", input=json.dumps({"vethboard": 1, "name": lab, "firewall": "legacy", "namespaces": {"host": {}, "kept": {}}})
    )
    before = stack.cli("export", lab)
    stack.cli("stop", lab)
    refused = {"ipv4": {"filter": {"INPUT": {"rules": ["--dport 80 -p tcp -j ACCEPT"]}}}}
    file.write_text(json.dumps({"vethboard": 1, "name": lab, "firewall": "nft", "namespaces": {"host": {"filter": refused}}}))
    stack.cli("apply", lab, str(file), code=1)
    (line,) = (line for line in stack.cli("labs").splitlines() if line.startswith(lab))
    assert "stopped" in line
    assert stack.cli("export", lab) == before
    stack.cli("start", lab)
    assert "legacy" in stack.inside(lab, "host", "iptables", "-V")
