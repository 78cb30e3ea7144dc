"""What an edit costs on the whole stack, among few and many namespaces, and in short and long chains. Ratios of one run count."""

import contextlib
import json
import queue
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Mapping
from typing import NamedTuple

import msgspec

from protocol.public import Delta, Done, Edit, Exec, Exited, History, HistoryList, NewLab, Open, Snapshot
from tests.bench.rules_apart import rules
from tests.bench.star import APART
from tests.support import ROOT, Stack
from topology.edit.commands import AddRule, AnyCommand, NumberedRule, RemoveRules, SetInterface
from topology.model.diff import apply
from topology.model.records import AnyRecord

NAMESPACES = (10, 100, 1000)
RULES = (10, 1000, 10_000)
ROUNDS = 15
GOAL = 1.5
"""An edit costs at most so many times as much in the largest lab, or chain, as in the smallest."""


class Cost(NamedTuple):
    """Of one edit: seconds until `done`, and until another client has all of it; bytes to that client and in the history."""

    done: float
    told: float
    sent: int = 0
    kept: int = 0


def star(namespaces: int) -> dict[str, object]:
    """A bridge in `host`, and on each of its ports a namespace."""
    ports = {f"p{n}": {"kind": "veth", "peer": f"n{n}/eth0", "master": "br0"} for n in range(namespaces)}
    inside = {
        f"n{n}": {"interfaces": {"eth0": {"kind": "veth", "peer": f"host/p{n}", "addresses": [f"10.0.{n >> 8}.{n & 255}/16"]}}}
        for n in range(namespaces)
    }
    return {"vethboard": 1, "namespaces": {"host": {"interfaces": {"br0": {"kind": "bridge"}, **ports}}, **inside}}


def chain(count: int) -> dict[str, object]:
    """A namespace with rules."""
    return {"vethboard": 1, "namespaces": {"ns0": {"filter": {"ipv4": {"filter": {"INPUT": {"rules": list(rules(count))}}}}}}}


class Lab:
    """A lab with an author and a viewer."""

    def __init__(self, stack: Stack, name: str, document: dict[str, object]) -> None:
        self.stack, self.name = stack, name
        self.author, self.viewer = stack.client(), stack.client()
        self.author.request(NewLab(id="new", lab=name, document=document))
        opened = self.viewer.request(Open(id="open", lab=name))
        assert isinstance(opened, Snapshot)
        self.desired: Mapping[str, AnyRecord] = opened.desired
        self.rest()

    def close(self) -> None:
        for client in (self.author, self.viewer):
            client.__exit__()
        self.stack.cli("destroy", self.name)

    def rest(self, seconds: float = 0.4) -> int:
        """Read what is still to come; its bytes."""
        total = 0
        while (event := self.next(seconds)) is not None:
            total += len(msgspec.json.encode(event))
        return total

    def next(self, seconds: float) -> Delta | None:
        """The next delta that the viewer gets within some seconds."""
        with contextlib.suppress(queue.Empty):
            while not isinstance(event := self.viewer.receive(seconds), Delta):
                pass
            if event.desired is not None:
                self.desired = apply(self.desired, event.desired)
            return event
        return None

    def cost(self, command: AnyCommand) -> Cost:
        """Carry an edit out."""
        began = time.perf_counter()
        done = self.author.request(Edit(id=self.author.next_id(), lab=self.name, commands=(command,)))
        took = time.perf_counter() - began
        assert isinstance(done, Done)
        sent = 0
        desired = observed = False
        while not (desired and observed):
            event = self.next(10)
            assert event is not None
            desired, observed = desired or event.desired is not None, observed or event.observed is not None
            sent += len(msgspec.json.encode(event))
        told = time.perf_counter() - began
        return Cost(took, told, sent + self.rest(0.1), self._kept())

    def _kept(self) -> int:
        page = self.author.request(History(id=self.author.next_id(), lab=self.name, limit=1))
        assert isinstance(page, HistoryList)
        return len(msgspec.json.encode(page.changes[0]))

    def shell(self, script: str) -> None:
        done = self.author.request(Exec(id=self.author.next_id(), lab=self.name, namespace="host", argv=("sh", "-c", script)))
        assert isinstance(done, Exited), done
        assert done.code == 0, done


def _medians(costs: Iterable[Cost]) -> Cost:
    return Cost(*(statistics.median(values) for values in zip(*costs, strict=True)))


def _verdict(ratio: float) -> str:
    return "as wanted" if ratio <= GOAL else f"more than {GOAL}"


def _compare(
    stack: Stack, what: str, sizes: tuple[int, ...], document: Callable[[int], dict[str, object]], pair: tuple[AnyCommand, AnyCommand]
) -> dict[int, Cost]:
    """Do and take back an edit in labs of several sizes, in turn."""
    labs = {size: Lab(stack, f"bench-{size}", document(size)) for size in sizes}
    costs: dict[int, list[Cost]] = {size: [] for size in sizes}
    for n in range(2 * ROUNDS):
        for size, lab in labs.items():
            costs[size].append(lab.cost(pair[n % 2]))
    found = {size: _medians(rows) for size, rows in costs.items()}
    for size, cost in found.items():
        ms = f"done {cost.done * 1000:.1f} ms, told {cost.told * 1000:.1f} ms"
        print(f"one edit among {size:>6} {what}: {ms}, {cost.sent} bytes to a viewer, {cost.kept} bytes in the history")
    first, last = found[sizes[0]], found[sizes[-1]]
    ratio, weight = last.done / first.done, last.sent / first.sent
    print(f"one edit among {what}, {sizes[-1]} / {sizes[0]}: done {ratio:.2f} ({_verdict(ratio)}), bytes {weight:.2f} ({_verdict(weight)})")
    for lab in labs.values():
        lab.close()
    return found


def namespaces(stack: Stack) -> None:
    """An address comes and goes."""
    pair = (_addresses("10.0.0.7/16", "192.0.2.1/24"), _addresses("10.0.0.7/16"))
    _compare(stack, "namespaces", NAMESPACES, star, pair)


def _addresses(*addresses: str) -> AnyCommand:
    return SetInterface(interface="n7/eth0", changes={"addresses": list(addresses)})


def among_rules(stack: Stack) -> None:
    """A rule comes and goes."""
    text = "-s 10.200.0.1/32 -j DROP"
    pair = (
        AddRule(namespace="ns0", chain="INPUT", rule=text, at=5),
        RemoveRules(namespace="ns0", chain="INPUT", rules=(NumberedRule(at=5, was=text),)),
    )
    found = _compare(stack, "rules", RULES, chain, pair)
    argv = [*APART, sys.executable, "-m", "tests.bench.bare", *map(str, RULES)]
    bare = {int(size): s for size, s in json.loads(subprocess.run(argv, check=True, capture_output=True, cwd=ROOT).stdout).items()}
    print("of that iptables' programs alone: " + "  ".join(f"{size}: {seconds * 1000:.1f} ms" for size, seconds in bare.items()))
    ours = {size: found[size].done - bare[size] for size in RULES}
    ratio = ours[RULES[-1]] / ours[RULES[0]]
    print(f"one edit among rules without them, {RULES[-1]} / {RULES[0]}: {ratio:.2f} ({_verdict(ratio)})")


def run() -> None:
    """Print medians and ratios."""
    stack = Stack()
    try:
        namespaces(stack)
        among_rules(stack)
    finally:
        stack.close()
