"""Documents applied over others, many of them broken: after each refusal the kernel is what it was, after each undo and redo too.

VETHBOARD_ROLLBACK_ROUNDS says how many documents are applied.
"""

import json
import os
import random
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from cli.client import Client
from protocol.public import Edit, Export, Exported, Open, Snapshot
from tests.support import Stack, eventually
from topology.edit.commands import AnyCommand, ApplyDocument, Redo, RevertDrift, Undo
from topology.model.netfilter import DRIVERS, Driver
from topology.model.problems import Code, Problem, ProblemError
from topology.observe.normal import drift

ROUNDS = int(os.environ.get("VETHBOARD_ROLLBACK_ROUNDS", "20"))
"""With each driver of iptables."""
EXAMPLES = sorted((Path(__file__).parents[2] / "examples").glob("*.json"))
Source = dict[str, Any]


# ---- documents -------------------------------------------------------------------------------------------------------


def whole(rng: random.Random) -> Source:
    """An example, with some of what does not hang together left out or changed."""
    source: Source = json.loads(rng.choice(EXAMPLES).read_text())
    for name in list(source["namespaces"]):
        if name != "host" and rng.random() < 0.3:
            _rename(source, name, f"n{rng.randrange(4)}")
    for namespace in source["namespaces"].values():
        if rng.random() < 0.3:
            namespace.setdefault("sysctls", {})["net.ipv4.ip_forward"] = rng.randrange(2)
        if rng.random() < 0.3:
            _rule(namespace, rng, f"-s 10.{rng.randrange(9)}.0.0/16 -j {rng.choice(('ACCEPT', 'DROP'))}")
        for interface in namespace.get("interfaces", {}).values():
            if rng.random() < 0.1:
                interface["up"] = False
            if interface.get("kind") == "veth" and rng.random() < 0.1:
                interface["mtu"] = rng.choice((1400, 9000))
    return source


def _rename(source: Source, old: str, new: str) -> None:
    """Another name of a namespace, everywhere."""
    if new in source["namespaces"]:
        return
    renamed = {new if name == old else name: value for name, value in source["namespaces"].items()}
    source["namespaces"] = json.loads(json.dumps(renamed).replace(f'"{old}/', f'"{new}/'))
    source["layout"] = {}


def _rule(namespace: Source, rng: random.Random, rule: str, table: str = "filter", chain: str = "") -> None:
    family = namespace.setdefault("filter", {}).setdefault("ipv4", {})
    chains = family.setdefault(table, {})
    chain = chain or rng.choice(("INPUT", "FORWARD", "OUTPUT"))
    chains.setdefault(chain, {}).setdefault("rules", []).append(rule)


def _some(source: Source, rng: random.Random) -> Source:
    found: Source = source["namespaces"][rng.choice(sorted(source["namespaces"]))]
    return found


def _interface(source: Source, rng: random.Random, name: str, value: Source) -> None:
    _some(source, rng).setdefault("interfaces", {})[name] = value


BREAKS: tuple[Callable[[Source, random.Random], None], ...] = (
    lambda s, r: _rule(_some(s, r), r, "-p tcp --dprt 80 -j DROP"),
    lambda s, r: _rule(_some(s, r), r, "-p tcp --help"),
    lambda s, r: _rule(_some(s, r), r, "-6 -j DROP"),
    lambda s, r: _rule(_some(s, r), r, "-j DNAT --to-destination 10.0.0.1"),
    lambda s, r: _rule(_some(s, r), r, "-j NOWHERE"),
    lambda s, r: _rule(_some(s, r), r, "-m set --match-set none src -j DROP"),
    lambda s, r: _some(s, r).setdefault("routes", []).append({"to": "10.77.0.0/16", "via": "10.66.0.1"}),
    lambda s, r: _some(s, r).setdefault("routes", []).append({"to": "10.78.0.0/16", "via": "10.255.255.254", "metric": 7}),
    lambda s, r: _some(s, r).setdefault("routes", []).append({"to": "2001:db8:7::/48", "via": "2001:db8:9::1"}),
    lambda s, r: _some(s, r).setdefault("sysctls", {}).__setitem__("net.ipv4.ip_forward", "many"),
    lambda s, r: _some(s, r).setdefault("sysctls", {}).__setitem__("net.ipv4.ip_default_ttl", 999),
    lambda s, r: _interface(s, r, "odd0", {"kind": "bridge", "mtu": 10}),
    lambda s, r: _interface(s, r, "odd1", {"kind": "bridge", "mac": "01:00:00:00:00:01"}),
    lambda s, r: _interface(s, r, "odd2", {"kind": "bridge", "forward_delay": 999}),
)
"""What no kernel takes, or only sometimes."""


def broken(rng: random.Random) -> Source:
    source = whole(rng)
    rng.choice(BREAKS)(source, rng)
    return source


# ---- what is there ---------------------------------------------------------------------------------------------------


class Player:
    """Applies documents to a lab."""

    def __init__(self, client: Client, lab: str) -> None:
        self.client, self.lab = client, lab

    def edit(self, command: AnyCommand) -> Problem | None:
        try:
            self.client.request(Edit(id=self.client.next_id(), lab=self.lab, commands=(command,)))
        except ProblemError as e:
            return e.problem
        return None

    def snapshot(self) -> Snapshot:
        result = self.client.request(Open(id=self.client.next_id(), lab=self.lab))
        assert isinstance(result, Snapshot)
        return result

    def kernel(self) -> str:
        """`vethboard export --observed`, without the ids that the kernel gives namespaces: it has no request that takes one back."""
        result = self.client.request(Export(id=self.client.next_id(), lab=self.lab, observed=True))
        assert isinstance(result, Exported)
        return re.sub(r'\s*"nsid": \d+,', "", result.text)

    def settled(self) -> str:
        """`kernel`, when it is what the document says."""

        def agreed() -> bool:
            snapshot = self.snapshot()
            return not drift(snapshot.desired, snapshot.observed)

        eventually(agreed, 5)
        return self.kernel()


@pytest.mark.parametrize("driver", DRIVERS)
def test_every_refusal_undo_and_redo_leaves_the_kernel_as_it_was(stack: Stack, seed: int, driver: Driver, tmp_path: Path) -> None:
    lab = f"rollback-{driver}"
    file = tmp_path / "empty.json"
    file.write_text(json.dumps({"vethboard": 1, "name": lab, "firewall": driver, "namespaces": {"host": {}}}))
    stack.cli("apply", lab, str(file))
    rng = random.Random(f"{seed} {driver}")
    refused = undone = 0
    with stack.client() as client:
        player = Player(client, lab)
        for number in range(ROUNDS):
            where = f"seed {seed}, {driver}, round {number}"
            before, desired = player.settled(), player.snapshot().desired
            source = {**(broken(rng) if rng.random() < 0.5 else whole(rng)), "firewall": driver}
            problem = player.edit(ApplyDocument(document=source))
            if problem is not None:
                refused += 1
                assert problem.code is not Code.INTERNAL, f"{where}: {problem}"
                assert player.kernel() == before, f"{where}: {problem}"
                assert player.snapshot().desired == desired, f"{where}: {problem}"
                continue
            after = player.settled()
            if after == before:
                continue
            assert player.edit(Undo()) is None, where
            assert player.settled() == before, where
            assert player.edit(Redo()) is None, where
            assert player.settled() == after, where
            undone += 1
    print(f"{driver}: of {ROUNDS} documents {refused} were refused, {undone} undone and redone")
    assert refused or ROUNDS < 20
    stack.cli("destroy", lab)


def test_a_typo_over_a_running_example(stack: Stack, lab: str) -> None:
    """The document that once left a lab bare, and wrote that into its document."""
    running = next(path for path in EXAMPLES if path.stem == "container-host")
    for _ in range(3):
        stack.cli("apply", lab, str(running))
        with stack.client() as client:
            player = Player(client, lab)
            before, history = player.settled(), stack.cli("history", lab)
            source = json.loads(next(path for path in EXAMPLES if path.stem == "two-subnets-router").read_text())
            source["namespaces"]["left"]["filter"] = {"ipv4": {"filter": {"INPUT": {"rules": ["-p tcp --dprt 80 -j DROP"]}}}}
            problem = player.edit(ApplyDocument(document=source))
            assert problem is not None
            assert (problem.message, problem.causes) == ('unknown option "--dprt"', ())
            assert player.settled() == before
            assert stack.cli("history", lab) == history


HOLD_THE_LOCK = """
import fcntl, os, time
lock = open("/run/xtables.lock", "w")
while os.path.exists("/run/netns/web"):
    pass
fcntl.flock(lock, fcntl.LOCK_EX)
time.sleep(60)
"""
"""It has to be faster than the roll-back, so it neither sleeps nor starts a program when the namespace is gone."""


@pytest.mark.alone
def test_what_could_not_be_undone_is_drift_and_nobodys_edit(stack: Stack, tmp_path: Path) -> None:
    """Somebody takes the lock of iptables when the apply has begun, for longer than the roll-back waits."""
    source = json.loads(next(path for path in EXAMPLES if path.stem == "container-host").read_text())
    source["firewall"] = "legacy"
    source["namespaces"]["web"]["filter"] = {"ipv4": {"filter": {"INPUT": {"rules": ["-s 10.0.0.1/32 -j DROP"]}}}}
    file = tmp_path / "running.json"
    file.write_text(json.dumps(source))
    stack.cli("apply", "ruin", str(file))
    with stack.client() as client:
        player = Player(client, "ruin")
        player.settled()
        before, history = player.snapshot(), stack.cli("history", "ruin")
        stack.inside("ruin", "host", "sh", "-c", f"python3 -c '{HOLD_THE_LOCK}' >/dev/null 2>&1 & sleep 0.5")
        other = {"host": {"routes": [{"to": "2001:db8:7::/48", "via": "2001:db8:9::1"}]}, "else": {}}
        problem = player.edit(ApplyDocument(document={"vethboard": 1, "name": "other", "namespaces": other, "firewall": "legacy"}))
        assert problem is not None
        assert [cause.subject for cause in problem.causes] == ["chain:web/ipv4/filter/INPUT"]
        assert "/run/xtables.lock is held by process" in problem.causes[0].message
        eventually(lambda: player.snapshot().drift == ("chain:web/ipv4/filter/INPUT",))
        stack.inside("ruin", "host", "ip", "link", "add", "mine", "type", "bridge")  # what others do is adopted as ever
        eventually(lambda: "interface:host/mine" in player.snapshot().desired)
        assert player.snapshot().desired.items() >= before.desired.items()
        assert stack.cli("history", "ruin").count("terminal") == history.count("terminal") + 1
        stack.inside("ruin", "host", "pkill", "python3")
        assert player.edit(RevertDrift()) is None
        assert player.settled()
        assert player.snapshot().observed["chain:web/ipv4/filter/INPUT"] == before.desired["chain:web/ipv4/filter/INPUT"]
    stack.cli("destroy", "ruin")
