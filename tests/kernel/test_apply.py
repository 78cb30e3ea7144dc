"""Plans carried out on the real kernel: afterwards what is observed is what was wanted, and a refusal leaves everything as it was."""

import json
import select
from collections.abc import Callable
from pathlib import Path

import pytest

from agent.apply import Undo, execute
from agent.apply.execute import Outcome
from agent.filter import FilterWatch, driver
from agent.filter.pretest import refused_beforehand
from agent.netlink.namespaces import Namespaces
from agent.netlink.watch import Watch
from topology.document import document
from topology.edit import commands as c
from topology.edit.edit import edit
from topology.model.diff import apply
from topology.model.netfilter import Driver
from topology.model.records import Bridge, Fdb, Macvlan, Namespace, Neighbour, Records, Route, Vxlan, as_records
from topology.observe.facts import AnyFact, SysctlFact
from topology.observe.normal import drift
from topology.observe.observed import Observed
from topology.plan import steps as s
from topology.plan.iproute2 import commands as shell_commands
from topology.plan.plan import plan

EXAMPLES = sorted((Path(__file__).parents[2] / "examples").glob("*.json"))


class Kernel:
    """A lab without its processes."""

    def __init__(self, firewall: Driver = "legacy") -> None:
        self.namespaces = Namespaces()
        self.observed = Observed({})
        self.filters = FilterWatch(self.namespaces, driver(firewall, self.namespaces), self._fold, lambda _seconds, _work: None)
        first: list[AnyFact] = []
        watch = Watch(self.namespaces, first.extend)
        watch.start()
        watch.close()
        self.baseline = {x.key: x.value for x in first if isinstance(x, SysctlFact)}
        self.observed = Observed(self.baseline)
        self.watch = Watch(self.namespaces, lambda facts: self._heard(facts))
        self.watch.start()
        self.desired: Records = as_records(Namespace(name="host"))

    def _heard(self, facts: list[AnyFact]) -> None:
        self._fold([*facts, *self.filters.rules_beside(facts)])

    def _fold(self, facts: list[AnyFact]) -> None:
        self.observed.fold(facts)

    def look(self, *names: str) -> None:
        """Take in what happened; of these namespaces also the rules."""
        self.watch.barrier()
        self.filters.catch_up(names)

    def read_now(self) -> list[AnyFact]:
        self.look()
        return [*self.watch.snapshot(), *self.filters.snapshot()]

    def wait_for_event(self, seconds: float) -> None:
        select.select(list(self.watch.readers())[:1], [], [], seconds)

    def want(self, records: Records, moves: dict[str, str] | None = None) -> tuple[s.AnyStep, ...]:
        """Make it so; the steps that it took."""
        self.desired = self.observed.like = records
        self.observed.fold(())
        steps = plan(records, self.observed.records, moves, self.baseline, self.observed.initial_mac)
        done = execute(self.namespaces, steps, self.filters)
        assert done.problem is None, done
        self.look(*{step.namespace for step in steps if isinstance(step, s.ChangeTable)})
        assert drift(records, self.observed.records) == ()
        return steps

    def steps_to(self, records: Records) -> tuple[s.AnyStep, ...]:
        return plan(records, self.observed.records, None, self.baseline, self.observed.initial_mac)

    def shell_to(self, records: Records) -> list[str]:
        """What one would type for it."""
        return shell_commands(self.steps_to(records))

    def apply(self, records: Records) -> Outcome:
        """Do it, and read back what became of it: with rules as iptables prints them."""
        steps = self.steps_to(records)
        if (
            refused := refused_beforehand(
                self.namespaces, self.filters.driver, steps, self.filters.lengths([n.name for n in self.namespaces])
            )
        ) is not None:
            return Outcome(refused.problem, refused.step)
        done = execute(self.namespaces, steps, self.filters)
        self.look(*{step.namespace for step in steps if isinstance(step, s.ChangeTable)})
        return done

    def edit(self, *commands: c.AnyCommand) -> None:
        for command in commands:
            done = edit(self.desired, command)
            self.want(apply(self.desired, done.diff), done.moves)

    def close(self) -> None:
        self.watch.close()
        self.filters.close()
        self.namespaces.close()


def with_kernel(body: Callable[[Kernel], None], firewall: Driver = "legacy") -> None:
    kernel = Kernel(firewall)
    try:
        body(kernel)
    finally:
        kernel.close()


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda p: p.stem)
def test_example_there_and_back(path: Path) -> None:
    def body(kernel: Kernel) -> None:
        records = document.load(json.loads(path.read_text()))
        kernel.want(records)
        assert plan(records, kernel.observed.records, None, kernel.baseline) == ()
        kernel.want(as_records(Namespace(name="host")))

    with_kernel(body)


def test_the_walk() -> None:
    def body(kernel: Kernel) -> None:
        kernel.edit(
            c.AddNamespace(name="ns0"),
            c.AddNamespace(name="ns1"),
            c.AddLink(a=c.End(namespace="host", name="veth0"), b=c.End(namespace="host", name="veth1")),
            c.MoveInterface(interface="host/veth0", namespace="ns0"),
            c.MoveInterface(interface="host/veth1", namespace="ns1", name="eth0"),
            c.SetInterface(interface="ns0/veth0", changes={"addresses": ["10.0.1.1/24", "fd00::1/64"], "up": True}),
            c.SetInterface(interface="ns1/eth0", changes={"addresses": ["10.0.1.2/24"], "up": True, "mtu": 1400}),
            c.AddRoute(route=Route(namespace="ns0", to="default", via="10.0.1.2")),
            c.AddRoute(route=Route(namespace="ns0", to="10.9.0.0/16", type="blackhole", metric=5)),
            c.AddNeighbour(neighbour=Neighbour(namespace="ns0", dev="veth0", address="10.0.1.9", mac="02:00:00:00:00:09")),
            c.SetSysctl(namespace="ns1", key="net.ipv4.ip_forward", value="1"),
            c.SetInterface(interface="ns0/veth0", changes={"mac": "02:00:00:00:00:aa"}),
            c.SetInterface(interface="ns0/veth0", changes={"mac": None, "addresses": ["10.0.1.5/24", "10.0.1.1/24"]}),
            c.MoveInterface(interface="ns0/veth0", namespace="ns0", name="eth9"),
            c.AddInterface(interface=Bridge(namespace="host", name="br0", stp=True, ageing_time=60)),
            c.AddLink(a=c.End(namespace="host", name="p0", master="br0"), b=c.End(namespace="ns0", name="eth0")),
            c.AddFdb(fdb=Fdb(namespace="host", dev="p0", mac="02:00:00:00:00:77")),
            c.SetInterface(interface="host/p0", changes={"port": {"cost": 7, "hairpin": True}}),
            c.AddInterface(interface=Macvlan(namespace="ns1", name="m0", parent="host/br0", up=False)),
            c.AddInterface(interface=Vxlan(namespace="ns1", name="vx0", vni=7, underlay="host", remote="10.0.0.9", up=False)),
            c.SetInterface(interface="host/br0", changes={"stp": False, "forward_delay": 4, "up": False}),
            c.SetInterface(interface="ns0/eth9", changes={"up": False}),
            c.AddNamespace(name="ns2"),
            c.SetNsid(namespace="ns2", nsid=42),
            c.Remove(ids=("interface:host/br0",)),
            c.Remove(ids=("namespace:ns1", "interface:host/p0")),
        )

    with_kernel(body)


def test_a_refusal_leaves_all_as_it_was() -> None:
    def body(kernel: Kernel) -> None:
        kernel.want(document.load(json.loads(next(p for p in EXAMPLES if p.stem == "two-subnets-router").read_text())))
        before = kernel.observed.records
        undo = Undo(kernel.baseline, kernel.read_now())
        steps: tuple[s.AnyStep, ...] = (
            s.AddNamespace(subject="namespace:new", name="new"),
            s.MoveInterface(subject="interface:left/eth0", namespace="left", name="eth0", to_namespace="new", to_name="x"),
            s.DeleteInterface(subject="interface:r/right", namespace="r", name="right"),
            s.SetSysctl(subject="namespace:r", namespace="r", key="net.ipv4.ip_forward", value="0"),
            s.AddAddress(subject="interface:new/x", namespace="new", dev="x", address="10.1.1.1/24"),
            s.AddRoute(subject="route:new/default", route=Route(namespace="new", to="default", via="10.99.0.1")),
        )
        done = execute(kernel.namespaces, steps, kernel.filters)
        assert done.failed == 5
        assert done.problem is not None
        assert (done.problem.message, done.problem.errno) == ("Nexthop has invalid gateway", 101)
        assert undo.back(kernel, steps[:5]) == ()
        kernel.watch.barrier()
        assert drift(before, kernel.observed.records) in ((), ("interface:r/right", "interface:right/eth0"))

    with_kernel(body)


@pytest.mark.links
def test_a_pair_whose_ends_were_moved_comes_back_with_its_namespace() -> None:
    def body(kernel: Kernel) -> None:
        kernel.edit(
            c.AddNamespace(name="ns0"),
            c.AddNamespace(name="ns1"),
            c.AddLink(a=c.End(namespace="host", name="veth0"), b=c.End(namespace="host", name="veth1")),
            c.MoveInterface(interface="host/veth0", namespace="ns0"),
            c.MoveInterface(interface="host/veth1", namespace="ns1"),
        )
        before = kernel.desired
        kernel.edit(c.Remove(ids=("namespace:ns0",)))
        kernel.want(before)

    with_kernel(body)


@pytest.mark.links
def test_a_device_that_is_not_there_stops_the_plan_in_its_place() -> None:
    def body(kernel: Kernel) -> None:
        steps: tuple[s.AnyStep, ...] = (
            s.SetUp(subject="interface:host/lo", namespace="host", name="lo", up=True),
            s.AddRoute(subject="route:host/10.0.0.0/8", route=Route(namespace="host", to="10.0.0.0/8", dev="nope")),
            s.AddAddress(subject="interface:host/lo", namespace="host", dev="lo", address="10.1.1.1/24"),
        )
        done = execute(kernel.namespaces, steps, kernel.filters)
        assert done.failed == 1
        assert done.problem is not None
        assert done.problem.message == 'Cannot find device "nope"'

    with_kernel(body)
