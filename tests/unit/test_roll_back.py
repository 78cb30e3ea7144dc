"""What is taken back of steps that failed, and what stays."""

import msgspec
import pytest

from topology.model.records import AnyRecord, Bridge, Chain, Loopback, Namespace, Records, Route
from topology.observe.normal import normalise
from topology.plan import steps as s
from topology.plan.plan import plan
from topology.plan.roll_back import reached, target


def records(*some: AnyRecord) -> Records:
    return normalise({r.id: r for r in some})


def chain(*rules: str, name: str = "INPUT", namespace: str = "a") -> Chain:
    return Chain(namespace=namespace, family="ipv4", table="filter", name=name, policy="ACCEPT", rules=rules)


A, B = Namespace(name="a"), Namespace(name="b")
BEFORE = records(A, B, chain("-j LOG"), Bridge(namespace="a", name="br0", up=True), Loopback(namespace="b", name="lo", up=True))
WANTED = records(
    A, B, chain("-s 10.0.0.1/32 -j DROP", "-j LOG"), Bridge(namespace="a", name="br0", up=True, mtu=1400),
    Loopback(namespace="b", name="lo", up=True),
)  # fmt: skip
SHELL = {
    "elsewhere": (chain("-j DROP", namespace="b"), Namespace(name="c"), Route(namespace="b", to="10.9.0.0/16", type="blackhole")),
    "addresses": (Bridge(namespace="a", name="br0", up=True, addresses=("10.1.1.1/24",)),),
    "the same table": (chain("-j DROP", name="FORWARD"),),
}


@pytest.mark.parametrize("done", [True, False])
@pytest.mark.parametrize("what", SHELL)
def test_what_a_shell_does_meanwhile_stays(what: str, done: bool) -> None:
    steps = plan(WANTED, BEFORE)
    shell = {r.id: r for r in SHELL[what]}
    want = normalise({**BEFORE, **shell})
    now = {**(WANTED if done else BEFORE), **shell}
    if done and what == "addresses":
        now["interface:a/br0"] = msgspec.structs.replace(now["interface:a/br0"], mtu=1400)
    assert target(BEFORE, reached(BEFORE, steps), now, steps) == want


@pytest.mark.parametrize("done", [True, False])
def test_rules_of_a_shell_in_the_same_chain_stay(done: bool) -> None:
    steps = plan(WANTED, BEFORE)
    ours = ("-s 10.0.0.1/32 -j DROP",) if done else ()
    now = {**BEFORE, "chain:a/ipv4/filter/INPUT": chain("-p 50", *ours, "-j LOG", "-p 51")}
    assert target(BEFORE, reached(BEFORE, steps), now, steps)["chain:a/ipv4/filter/INPUT"] == chain("-p 50", "-j LOG", "-p 51")


def test_what_the_kernel_removed_with_it_comes_back() -> None:
    route = Route(namespace="a", to="10.9.0.0/16", dev="br0")
    before = records(*BEFORE.values(), route)
    steps: tuple[s.AnyStep, ...] = (s.SetUp(subject="interface:a/br0", namespace="a", name="br0", up=False),)
    now = {**BEFORE, "interface:a/br0": Bridge(namespace="a", name="br0", up=False)}
    assert target(before, reached(before, steps), now, steps) == before


def test_a_table_that_may_be_changed_in_part_is_what_it_was() -> None:
    steps = plan(WANTED, BEFORE)
    now = {**BEFORE, "chain:a/ipv4/filter/INPUT": chain("-s 10.0.0.1 -j DROP", "-j LOG")}
    assert target(BEFORE, reached(BEFORE, steps), now, steps, {("a", "ipv4", "filter")}) == BEFORE
