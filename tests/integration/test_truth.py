"""What a shell does and what clients do at the same time: each is in the kernel and in the document afterwards."""

import contextlib
import itertools
import threading
from collections.abc import Callable

import pytest

from cli.client import Client
from protocol.public import Edit, Exec, Exited, Input, NewLab, Open, Snapshot
from tests.support import Stack, eventually
from topology.edit.commands import (
    AddNamespace,
    AddRule,
    AnyCommand,
    NumberedRule,
    Place,
    RemoveRules,
    SetInterface,
    SetRule,
    SetSysctl,
)
from topology.model.netfilter import Driver
from topology.model.problems import Code, ProblemError
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


@pytest.mark.parametrize("driver", ["legacy", "nft"])
def test_rules_that_two_people_and_a_shell_mean_by_number_in_one_chain(stack: Stack, driver: Driver) -> None:
    """Each puts rules in front, changes and deletes its own, by what it last saw; nobody's rule is lost or taken for another's."""
    lab = f"numbers-{driver}"
    with stack.client() as client:
        client.request(NewLab(id=client.next_id(), lab=lab, firewall=driver))
        client.request(Edit(id=client.next_id(), lab=lab, commands=(AddNamespace(name="b"),)))
        script = """for i in $(seq 40); do
            iptables -w -I INPUT -s 10.1.0.$i -j ACCEPT; iptables -w -I INPUT -s 10.1.1.$i -j ACCEPT
            iptables -w -D INPUT -s 10.1.1.$i -j ACCEPT; iptables -w -t nat -A OUTPUT -d 10.1.2.$i; done"""
        shell = threading.Thread(target=_in_shell, args=(stack, lab, script))
        people = [_Person(stack, lab, number) for number in (7, 8)]
        for thread in (shell, *people):
            thread.start()
        shell.join()
        for person in people:
            person.goes_on = False
            person.join()
        text = stack.inside(lab, "b", "sh", "-c", "iptables -S INPUT; iptables -t nat -S OUTPUT")
        assert [text.count(f"-s 10.1.{n}.") for n in (0, 1)] == [40, 0], text
        assert text.count("-d 10.1.2.") == 40
        for person in people:
            assert person.failed == []
            mine = sorted(line.removeprefix("-A INPUT ") for line in text.splitlines() if f"10.{person.number}." in line)
            assert mine == sorted(person.rules)
        eventually(lambda: drift((seen := snapshot(client, lab)).desired, seen.observed) == ())
    stack.cli("destroy", lab)


class _Person(threading.Thread):
    """Edits rules of its own, in front and in between; what is refused as a conflict is not done."""

    def __init__(self, stack: Stack, lab: str, number: int) -> None:
        super().__init__()
        self.stack, self.lab, self.number = stack, lab, number
        self.goes_on, self.done = True, 0
        self.rules: list[str] = []
        self.failed: list[BaseException] = []

    def run(self) -> None:
        try:
            with self.stack.client() as client:
                while self.goes_on or self.done < 6:
                    self._edit(client)
        except BaseException as e:
            self.failed.append(e)

    def _edit(self, client: Client) -> None:
        chain = snapshot(client, self.lab).desired.get("chain:b/ipv4/filter/INPUT")
        seen = chain.rules if isinstance(chain, Chain) else ()
        turn, fresh = self.done % 3, f"-s 10.{self.number}.{self.done // 250}.{self.done % 250}/32 -j DROP"
        mine = [(n, rule) for n, rule in enumerate(seen, 1) if rule in self.rules]
        command: AnyCommand = AddRule(namespace="b", chain="INPUT", rule=fresh, at=min(2, len(seen) + 1))
        after = [*self.rules, fresh]
        if mine and turn == 1:
            at, was = mine[-1]
            command = SetRule(namespace="b", chain="INPUT", at=at, was=was, rule=fresh)
            after = [*(r for r in self.rules if r != was), fresh]
        elif mine and turn == 2:
            at, was = mine[0]
            command = RemoveRules(namespace="b", chain="INPUT", rules=(NumberedRule(at=at, was=was),))
            after = [r for r in self.rules if r != was]
        try:
            client.request(Edit(id=client.next_id(), lab=self.lab, commands=(command,)))
        except ProblemError as e:
            if e.problem.code != Code.CONFLICT:
                raise
            return
        self.rules, self.done = after, self.done + 1


def _in_shell(stack: Stack, lab: str, script: str) -> None:
    with stack.client() as shell:
        run(shell, lab, "b", script)
