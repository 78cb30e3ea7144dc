"""A lab is stopped, its iptables variant changed, and it is started again: with pauses, and all at once."""

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
