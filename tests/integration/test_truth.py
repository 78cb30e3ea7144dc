"""What a shell does and what clients do at the same time: each is in the kernel and in the document afterwards."""

import contextlib
import itertools
import threading
from collections.abc import Callable

import pytest

from cli.client import Client
from protocol.public import Edit, Exec, Exited, Input, NewLab, Open, Snapshot
from tests.support import Stack, eventually
from topology.edit.commands import AddNamespace, AddRule, AnyCommand, Place, SetInterface, SetSysctl
from topology.model.netfilter import Driver
from topology.model.problems import ProblemError
from topology.model.records import Chain, Interface, Namespace
from topology.observe.normal import drift


def run(client: Client, lab: str, namespace: str, script: str) -> None:
    request = Exec(id=client.next_id(), lab=lab, namespace=namespace, argv=("sh", "-c", script))
    client.send(request)
    client.send(Input(id=client.next_id(), target=request.id, eof=True))
    done = client.wait(request.id, lambda _: None)
    assert isinstance(done, Exited)
    assert done.code == 0


def snapshot(client: Client, lab: str) -> Snapshot:
    found = client.request(Open(id=client.next_id(), lab=lab))
    assert isinstance(found, Snapshot)
    return found


def while_it_runs(stack: Stack, lab: str, namespace: str, script: str, command: Callable[[int], AnyCommand]) -> int:
    """Run a script in a namespace; meanwhile another client edits, again and again. How many edits that were: none is refused."""
    ended = threading.Event()
    failed: list[BaseException] = []
    edits = itertools.count()

    def edit() -> None:
        try:
            with stack.client() as other:
                while not ended.is_set():
                    other.request(Edit(id=other.next_id(), lab=lab, commands=(command(next(edits)),)))
        except BaseException as e:
            failed.append(e)

    thread = threading.Thread(target=edit)
    thread.start()
    with stack.client() as shell:
        run(shell, lab, namespace, script)
    ended.set()
    thread.join()
    assert not failed, failed
    return next(edits)


def drag(number: int) -> AnyCommand:
    return Place(positions={"a": (number % 500, 10)})


def change_sysctl(number: int) -> AnyCommand:
    return SetSysctl(namespace="a", key="net.ipv4.ip_forward", value=str(number % 2))


def change_mtu(number: int) -> AnyCommand:
    return SetInterface(interface="a/d0", changes={"mtu": 1400 + number % 50})


SCRIPTS = {
    "rules": ("b", "for i in $(seq 500); do iptables -w -A INPUT -s 10.1.$((i / 250)).$((i % 250)) -j ACCEPT; done"),
    "addresses": ("b", "for i in $(seq 150); do ip address add 10.2.$i.1/24 dev lo; done"),
    "namespaces": ("host", "for i in $(seq 60); do ip netns add more$i; done"),
}


@pytest.mark.parametrize("edit", [drag, change_sysctl, change_mtu])
@pytest.mark.parametrize("what", SCRIPTS)
def test_a_script_beside_edits(stack: Stack, lab: str, what: str, edit: Callable[[int], AnyCommand]) -> None:
    with stack.client() as client:
        client.request(Edit(id=client.next_id(), lab=lab, commands=(AddNamespace(name="a"), AddNamespace(name="b"))))
        run(client, lab, "a", "ip link add d0 type bridge")
        eventually(lambda: "interface:a/d0" in snapshot(client, lab).desired)
        where, script = SCRIPTS[what]
        assert while_it_runs(stack, lab, where, script, edit) > 0

        def counts() -> tuple[int, int, int]:
            records = snapshot(client, lab).desired
            chain, lo = records.get("chain:b/ipv4/filter/INPUT"), records.get("interface:b/lo")
            rules = len(chain.rules) if isinstance(chain, Chain) else 0
            addresses = len(lo.addresses) if isinstance(lo, Interface) else 0
            return rules, addresses, sum(isinstance(r, Namespace) and r.name.startswith("more") for r in records.values())

        eventually(lambda: max(counts()) == {"rules": 500, "addresses": 150, "namespaces": 60}[what])
        seen = snapshot(client, lab)
        assert drift(seen.desired, seen.observed) == ()
        kernel = {
            "rules": lambda: stack.inside(lab, "b", "iptables", "-S", "INPUT").count("-A INPUT"),
            "addresses": lambda: stack.inside(lab, "b", "ip", "-o", "address", "show", "dev", "lo").count("10.2."),
            "namespaces": lambda: stack.inside(lab, "host", "ip", "netns", "list").count("more"),
        }[what]()
        assert kernel == {"rules": 500, "addresses": 150, "namespaces": 60}[what]


def test_rules_in_one_chain_from_both_sides(stack: Stack, lab: str) -> None:
    """The two add to one chain; neither loses a rule."""
    with stack.client() as client:
        client.request(Edit(id=client.next_id(), lab=lab, commands=(AddNamespace(name="b"),)))

        def rule(number: int) -> AnyCommand:
            return AddRule(namespace="b", chain="INPUT", rule=f"-s 10.9.{number // 250}.{number % 250} -j ACCEPT")

        edits = while_it_runs(stack, lab, "b", "for i in $(seq 100); do iptables -w -A INPUT -s 10.1.0.$i -j DROP; done", rule)
        text = stack.inside(lab, "b", "iptables", "-S", "INPUT")
        assert (text.count("-s 10.1.0."), text.count("-s 10.9.")) == (100, edits)
        eventually(lambda: drift((seen := snapshot(client, lab)).desired, seen.observed) == ())


def test_what_an_edit_states_for_the_first_time_is_no_change_from_outside(stack: Stack, lab: str) -> None:
    """The kernel has a value for it all the time, of which the document said nothing."""
    with stack.client() as client:
        client.request(Edit(id=client.next_id(), lab=lab, commands=(AddNamespace(name="a"),)))
        run(client, lab, "a", "ip link add d0 type bridge")
        eventually(lambda: "interface:a/d0" in snapshot(client, lab).desired)
        for key in ("net.ipv4.ip_forward", "net.ipv6.conf.all.forwarding"):
            client.request(Edit(id=client.next_id(), lab=lab, commands=(SetSysctl(namespace="a", key=key, value="1"),)))
        mac = SetInterface(interface="a/d0", changes={"mac": "02:00:00:00:00:aa"})
        client.request(Edit(id=client.next_id(), lab=lab, commands=(mac,)))
        assert "02:00:00:00:00:aa" in stack.inside(lab, "a", "ip", "link", "show", "d0")
        assert stack.inside(lab, "a", "sysctl", "-n", "net.ipv4.ip_forward", "net.ipv6.conf.all.forwarding") == "1\n1\n"


@pytest.mark.parametrize("driver", ["legacy", "nft"])
def test_an_edit_that_is_overtaken_takes_nothing_of_a_shell_back(stack: Stack, driver: Driver) -> None:
    """It has rules for two families; the second was changed meanwhile, so the first is taken back, and all is planned again."""
    lab = f"overtaken-{driver}"
    add = "iptables -w -A INPUT -s 10.1.0.$i; ip6tables -w -A INPUT -s 2001:db8::$i; iptables -w -t nat -A OUTPUT -d 10.1.0.$i"
    with stack.client() as client:
        client.request(NewLab(id=client.next_id(), lab=lab, firewall=driver))
        client.request(Edit(id=client.next_id(), lab=lab, commands=(AddNamespace(name="b"),)))
        shell = threading.Thread(target=_in_shell, args=(stack, lab, f"for i in $(seq 80); do {add}; done"))
        shell.start()
        made = 0
        while shell.is_alive():
            rule = f"-s 10.9.0.{made} -j ACCEPT"
            both = (
                AddRule(namespace="b", chain="INPUT", rule=rule),
                AddRule(namespace="b", family="ipv6", chain="INPUT", rule="-j LOG", at=1),
            )
            with contextlib.suppress(ProblemError):  # overtaken again and again: it is said, and nothing of it is there
                client.request(Edit(id=client.next_id(), lab=lab, commands=both))
                made += 1
        shell.join()
        text = stack.inside(lab, "b", "sh", "-c", "iptables -S; ip6tables -S; iptables -t nat -S")
        assert [text.count(what) for what in ("-s 10.1.0.", "-s 2001:db8::", "-d 10.1.0.", "-s 10.9.", "LOG")] == [80, 80, 80, made, made]
        eventually(lambda: drift((seen := snapshot(client, lab)).desired, seen.observed) == ())
    stack.cli("destroy", lab)


def _in_shell(stack: Stack, lab: str, script: str) -> None:
    with stack.client() as shell:
        run(shell, lab, "b", script)
