"""How much an edit computes: Python's calls are counted, so that no clock is asked."""

import sys
from collections.abc import Callable, Sequence
from functools import partial
from types import FrameType

import pytest

from server.lab.document import Document, Drift
from server.lab.policy import adopt
from tests.bench.edit import chain, star
from topology.document.document import load
from topology.edit.commands import (
    AddInterface,
    AddLink,
    AddNamespace,
    AddRoute,
    AddRule,
    AnyCommand,
    ApplyDocument,
    End,
    NumberedRule,
    Place,
    Remove,
    RemoveRules,
    SetInterface,
)
from topology.journey.warnings import Warnings
from topology.model.diff import between
from topology.model.graph import Graph
from topology.model.records import Bridge, Records, Route
from topology.model.tracked import Tracked
from topology.plan import merge
from topology.plan.plan import plan

ONE = {"vethboard": 1, "namespaces": {"host": {}}}


def calls(work: Callable[[], object]) -> int:
    """How many functions, in Python and in C, are called while it works."""
    count = 0

    def note(_frame: FrameType, event: str, _argument: object) -> None:
        nonlocal count
        count += event in ("call", "c_call")

    sys.setprofile(note)
    try:
        work()
    finally:
        sys.setprofile(None)
    return count


class Stored(Document):
    """A document that is in no database."""

    def __init__(self, records: Records) -> None:
        self.desired = Tracked.of(records)


def _namespaces(count: int) -> list[AnyCommand]:
    return [AddNamespace(name=f"n{n}") for n in range(count)]


def _links(count: int) -> list[AnyCommand]:
    return [AddLink(a=End(namespace="host"), b=End(namespace="host")) for _ in range(count)]


def _star(count: int) -> list[AnyCommand]:
    made = _namespaces(count // 2)
    return [
        AddInterface(interface=Bridge(namespace="host", name="br0")),
        *made,
        *(AddLink(a=End(namespace="host", master="br0"), b=End(namespace=f"n{n}")) for n in range(len(made))),
    ]


def _bridges(count: int) -> list[AnyCommand]:
    return [AddInterface(interface=Bridge(namespace="host", name=f"br{n}")) for n in range(count)]


def _routes(count: int) -> list[AnyCommand]:
    return [AddRoute(route=Route(namespace="host", to=f"10.0.{n}.0/24", type="blackhole")) for n in range(count)]


def _rules(count: int) -> list[AnyCommand]:
    return [AddRule(namespace="host", chain="INPUT", rule=f"-s 10.0.0.{n}/32 -j DROP") for n in range(count)]


@pytest.mark.parametrize("make", [_namespaces, _links, _star, _bridges, _routes, _rules])
def test_twice_as_many_commands_are_twice_as_much_work(make: Callable[[int], list[AnyCommand]]) -> None:
    document = Stored(load(ONE))
    few, many = (calls(partial(document.draft, tuple(make(count)), Drift({}, ()))) for count in (60, 120))
    assert many < 2.3 * few


def _edit_work(document: dict[str, object], pair: Sequence[AnyCommand]) -> int:
    """The work of an edit that comes and goes, after the first times: planned, merged with the kernel, adopted, and looked at for
    warnings."""
    stored, warnings = Stored(load(document)), Warnings()
    kernel = Tracked.of({key: r for key, r in stored.desired.items() if not key.startswith(("lab:", "placement:"))})

    def edit(command: AnyCommand) -> None:
        nonlocal kernel
        before, after = stored.desired, stored.draft((command,), Drift({}, ())).after
        wanted = merge.goal(before, after, kernel, {})
        plan(wanted, kernel, {})
        found = between(kernel, wanted)
        kernel = Tracked.of(kernel)
        for key in found.removed:
            del kernel[key]
        kernel.update({key: wanted[key] for key in found.ids if key in wanted})
        assert plan(merge.left_over(before, after, kernel, lambda _: False), kernel) == ()
        stored.desired = Tracked.of(adopt(after, kernel, found.ids))
        warnings.look(kernel)

    for command in (*pair, *pair):
        edit(command)
    return calls(lambda: [edit(command) for command in pair])


def _addresses(*addresses: str) -> AnyCommand:
    return SetInterface(interface="n7/eth0", changes={"addresses": list(addresses)})


@pytest.mark.parametrize(
    "pair",
    [
        (_addresses("10.0.0.7/16", "192.0.2.1/24"), _addresses("10.0.0.7/16")),
        (SetInterface(interface="n7/eth0", changes={"up": False}), SetInterface(interface="n7/eth0", changes={"up": True})),
        (SetInterface(interface="host/p7", changes={"mtu": 1400}), SetInterface(interface="host/p7", changes={"mtu": None})),
        (AddNamespace(name="another"), Remove(ids=("namespace:another",))),
        (Place(positions={"n7": (-900.0, -900.0)}), Place(positions={"n7": (-950.0, -900.0)})),
    ],
    ids=["address", "up", "mtu", "namespace", "place"],
)
def test_an_edit_among_many_namespaces_is_as_much_work_as_among_few(pair: Sequence[AnyCommand]) -> None:
    few, many = (_edit_work(star(count), pair) for count in (20, 200))
    assert many < 1.5 * few + 50


def test_an_edit_in_a_long_chain_is_as_much_work_as_in_a_short_one() -> None:
    text = "-s 10.200.0.1/32 -j DROP"
    pair = (
        AddRule(namespace="ns0", chain="INPUT", rule=text, at=5),
        RemoveRules(namespace="ns0", chain="INPUT", rules=(NumberedRule(at=5, was=text),)),
    )
    few, many = (_edit_work(chain(count), pair) for count in (50, 1000))
    assert many < 1.5 * few + 3 * 1000


def test_an_edit_among_many_routes_is_as_much_work_as_among_few() -> None:
    def routed(count: int) -> dict[str, object]:
        inside = {"interfaces": {"d0": {"kind": "dummy", "addresses": ["10.0.0.1/24"]}}}
        routes = [{"to": f"10.{1 + n // 250}.{n % 250}.0/24", "via": "10.0.0.9"} for n in range(count)]
        return {"vethboard": 1, "namespaces": {"ns0": {**inside, "routes": routes}}}

    route = Route(namespace="ns0", to="10.250.0.0/24", via="10.0.0.9")
    few, many = (_edit_work(routed(count), (AddRoute(route=route), Remove(ids=(route.id,)))) for count in (20, 500))
    assert many < 1.5 * few + 50


def test_the_new_nodes_of_a_list_of_commands_get_places_of_their_own() -> None:
    start = ApplyDocument(document={"vethboard": 1, "namespaces": {"host": {}, "a": {}}})
    document = Stored(Stored(load(ONE)).draft((start,), Drift({}, ())).after)
    bridge = AddInterface(interface=Bridge(namespace="n3", name="br0"))
    places = Graph(document.draft((*_namespaces(9), bridge), Drift({}, ())).after).placements()
    assert {*places} == {"host", "a", *(f"n{n}" for n in range(9)), "n3/br0"}
    assert len({(p.x, p.y) for node, p in places.items() if "/" not in node}) == 11
    other = ApplyDocument(document={"vethboard": 1, "namespaces": {"host": {}, "b": {}}})
    assert {*Graph(document.draft((other, *_namespaces(2)), Drift({}, ())).after).placements()} == {"host", "b", "n0", "n1"}
