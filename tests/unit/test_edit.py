import errno
from typing import get_args

import pytest

from topology.edit import commands as c
from topology.edit.edit import CHANGES, Edit, edit
from topology.model.base import Json
from topology.model.diff import apply, reverse
from topology.model.problems import Code, Problem, ProblemError
from topology.model.records import (
    Bridge,
    Fdb,
    Lab,
    Loopback,
    Macvlan,
    Namespace,
    Neighbour,
    Placement,
    Records,
    Route,
    Veth,
    Vxlan,
    as_records,
)
from topology.observe.normal import normalise

HOST = Namespace(name="host")


def after(records: Records, *commands: c.AnyCommand) -> Records:
    for command in commands:
        made = edit(records, command)
        new = apply(records, made.diff)
        assert normalise(new) == new
        assert apply(new, reverse(made.diff)) == records
        records = new
    return records


def refusal(records: Records, command: c.AnyCommand) -> Problem:
    with pytest.raises(ProblemError) as caught:
        edit(records, command)
    return caught.value.problem


def walk() -> Records:
    """ns0 and ns1 with a link between them, as in the first lesson."""
    link = c.AddLink(a=c.End(namespace="ns0", addresses=("10.0.1.1/24",)), b=c.End(namespace="ns1", addresses=("10.0.1.2/24",)))
    return after(as_records(HOST), c.AddNamespace(name="ns0", at=(1, 2)), c.AddNamespace(name="ns1"), link)


def test_namespaces_and_links() -> None:
    records = walk()
    assert records["placement:ns0"] == Placement(node="ns0", x=1, y=2)
    assert "placement:ns1" in records
    assert records["interface:ns0/veth0"] == Veth(namespace="ns0", name="veth0", peer="ns1/veth0", addresses=("10.0.1.1/24",))
    made = edit(records, c.AddLink(a=c.End(namespace="ns0"), b=c.End(namespace="ns0"))).made
    assert made == ("interface:ns0/veth1", "interface:ns0/veth2")


def test_names_that_are_taken_are_refused_in_the_kernels_words() -> None:
    records = walk()
    problem = refusal(records, c.AddNamespace(name="ns0"))
    assert (problem.code, problem.errno) == (Code.EXISTS, errno.EEXIST)
    assert problem.message == 'Cannot create namespace file "/run/netns/ns0": File exists'
    problem = refusal(records, c.AddLink(a=c.End(namespace="ns0", name="veth0"), b=c.End(namespace="ns1")))
    assert (problem.message, problem.subject, problem.errno) == ("File exists", "interface:ns0/veth0", errno.EEXIST)
    assert refusal(records, c.MoveInterface(interface="ns0/veth0", namespace="ns1")).message == "File exists"


def test_moving_loses_what_the_kernel_takes_and_keeps_the_peer() -> None:
    records = after(
        walk(),
        c.AddRoute(route=Route(namespace="ns0", to="default", via="10.0.1.2")),
        c.AddNeighbour(neighbour=Neighbour(namespace="ns0", dev="veth0", address="10.0.1.9", mac="02:00:00:00:00:09")),
        c.AddInterface(interface=Macvlan(namespace="ns1", name="m0", parent="ns0/veth0")),
        c.AddInterface(interface=Vxlan(namespace="ns0", name="x0", vni=3, parent="ns0/veth0")),
        c.AddNamespace(name="ns2"),
    )
    made = edit(records, c.MoveInterface(interface="ns0/veth0", namespace="ns2", name="eth0"))
    new = apply(records, made.diff)
    assert made.moves == {"ns0/veth0": "ns2/eth0"}
    assert new["interface:ns2/eth0"] == Veth(namespace="ns2", name="eth0", peer="ns1/veth0", up=False)
    assert new["interface:ns1/veth0"].peer == "ns2/eth0"  # type: ignore[union-attr]  # another kind fails the test
    assert new["interface:ns1/m0"].parent == "ns2/eth0"  # type: ignore[union-attr]  # another kind fails the test
    assert "interface:ns0/x0" not in new
    assert not [k for k in new if k.startswith(("route:", "neighbour:"))]


def test_a_rename_keeps_everything() -> None:
    records = after(
        walk(),
        c.AddInterface(interface=Bridge(namespace="ns0", name="br0", addresses=("10.9.0.1/24",)), at=(24, 64)),
        c.AddLink(a=c.End(namespace="ns0", name="p0", master="br0"), b=c.End(namespace="ns1", name="e0")),
        c.AddFdb(fdb=Fdb(namespace="ns0", dev="p0", mac="02:00:00:00:00:01")),
        c.AddRoute(route=Route(namespace="ns0", to="10.8.0.0/24", dev="br0")),
    )
    new = after(
        records,
        c.MoveInterface(interface="ns0/br0", namespace="ns0", name="lan"),
        c.MoveInterface(interface="ns0/p0", namespace="ns0", name="port"),
    )
    assert new["interface:ns0/port"].master == "lan"  # type: ignore[union-attr]  # another kind fails the test
    assert new["interface:ns1/e0"].peer == "ns0/port"  # type: ignore[union-attr]  # another kind fails the test
    assert new["placement:ns0/lan"] == Placement(node="ns0/lan", x=24, y=64)
    assert new["fdb:ns0/port/02:00:00:00:00:01"].dev == "port"  # type: ignore[union-attr]  # another kind fails the test
    assert new["route:ns0/10.8.0.0/24"].dev == "lan"  # type: ignore[union-attr]  # another kind fails the test
    assert not [k for k in new if "br0" in k or "/p0" in k]


def test_lo_and_bridges_stay() -> None:
    records = after(walk(), c.AddInterface(interface=Bridge(namespace="host", name="br0")))
    for ref in ("ns0/lo", "host/br0"):
        problem = refusal(records, c.MoveInterface(interface=ref, namespace="ns1", name="x0"))
        assert (problem.message, problem.errno, problem.subject) == ("Invalid argument", errno.EINVAL, f"interface:{ref}")
        assert problem.hint


def test_lo_goes_up_and_down() -> None:
    records = after(walk(), c.SetInterface(interface="ns0/lo", changes={"up": True}))
    assert records["interface:ns0/lo"] == Loopback(namespace="ns0", name="lo")
    assert after(records, c.SetInterface(interface="ns0/lo", changes={"up": False})) == walk()


def test_deleting_takes_along_what_the_kernel_takes() -> None:
    records = after(
        walk(),
        c.AddInterface(interface=Bridge(namespace="host", name="br0")),
        c.AddLink(a=c.End(namespace="host", name="p0", master="br0"), b=c.End(namespace="ns0", name="e0")),
        c.AddFdb(fdb=Fdb(namespace="host", dev="p0", mac="02:00:00:00:00:01")),
        c.AddInterface(interface=Macvlan(namespace="ns1", name="m0", parent="ns0/veth0")),
    )
    without = after(records, c.Remove(ids=("interface:host/br0",)))
    assert without["interface:host/p0"] == Veth(namespace="host", name="p0", peer="ns0/e0")
    assert not [k for k in without if k.startswith("fdb:") or k == "placement:host/br0"]
    left = after(records, c.Remove(ids=("namespace:ns0",)))
    assert {k for k in left if not k.startswith("placement:")} == {"namespace:host", "namespace:ns1", "interface:host/br0"}
    assert "placement:ns0" not in left
    assert refusal(records, c.Remove(ids=("interface:ns0/nope",))).code == Code.UNKNOWN
    assert refusal(records, c.Remove(ids=("namespace:host",))).code == Code.REFUSED


def test_a_gateway_that_cannot_be_reached() -> None:
    route = c.AddRoute(route=Route(namespace="ns0", to="default", via="10.0.2.1"))
    problem = refusal(walk(), route)
    assert (problem.message, problem.subject) == ("Nexthop has invalid gateway.", "route:ns0/default")
    down = after(walk(), c.SetInterface(interface="ns0/veth0", changes={"up": False}))
    assert refusal(down, c.AddRoute(route=Route(namespace="ns0", to="default", via="10.0.1.2"))).errno == errno.ENETUNREACH
    onlink = Route(namespace="ns0", to="default", via="10.0.2.1", dev="veth0", onlink=True)
    records = after(walk(), c.AddRoute(route=onlink))
    assert records[onlink.id] == onlink
    assert refusal(records, c.AddRoute(route=Route(namespace="ns0", to="0.0.0.0/0", via="10.0.1.2"))).message == "File exists"


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"mtu": 67}, "mtu less than device minimum"),
        ({"mtu": "x"}, "mtu: Expected `int | null`, got `str`"),
        ({"mac": "01:00:00:00:00:01"}, "Cannot assign requested address"),
        ({"master": "br7"}, 'Cannot find device "br7"'),
        ({"frob": 1}, 'unknown field "frob"'),
        ({"peer": "a/b"}, "peer cannot be set"),
        ({"addresses": ["10.0.0.1"]}, "any valid prefix is expected"),
    ],
)
def test_values_that_are_refused(changes: dict[str, Json], words: str) -> None:
    problem = refusal(walk(), c.SetInterface(interface="ns0/veth0", changes=changes))
    assert words in problem.message
    assert problem.subject == "interface:ns0/veth0"
    assert problem.hint or "Expected" in words


def test_sysctls_nsids_and_the_lab() -> None:
    records = after(walk(), c.SetSysctl(namespace="ns0", key="net.ipv4.ip_forward", value="1"), c.SetNsid(namespace="ns0", nsid=7))
    assert records["namespace:ns0"] == Namespace(name="ns0", nsid=7, sysctls={"net.ipv4.ip_forward": "1"})
    records = after(records, c.SetSysctl(namespace="ns0", key="net.ipv4.ip_forward", value=None), c.SetLab(policy="flag"))
    assert records["namespace:ns0"] == Namespace(name="ns0", nsid=7)
    assert records["lab:"] == Lab(policy="flag")
    assert refusal(records, c.SetNsid(namespace="ns0", nsid=8)).errno == errno.EEXIST
    assert refusal(records, c.SetNsid(namespace="ns1", nsid=7)).message == "The specified nsid is already used"
    assert refusal(records, c.SetSysctl(namespace="ns0", key="kernel.panic", value="1")).code == Code.INVALID


def test_a_document_keeps_the_places_of_what_has_the_same_name() -> None:
    document: dict[str, Json] = {"vethboard": 1, "namespaces": {"ns0": {}, "new": {"interfaces": {"br0": {"kind": "bridge"}}}}}
    records = after(walk(), c.ApplyDocument(document=document))
    assert records["placement:ns0"] == Placement(node="ns0", x=1, y=2)
    assert {"placement:host", "placement:new", "placement:new/br0"} <= records.keys()
    assert "namespace:ns1" not in records
    assert edit(records, c.ApplyDocument(document=document)) == Edit(diff=edit(records, c.Place(positions={})).diff)


def test_a_bridge_takes_1023_ports() -> None:
    records = as_records(HOST, Namespace(name="n"), Bridge(namespace="host", name="br0"))

    def end(i: int) -> tuple[Veth, Veth]:
        near = Veth(namespace="host", name=f"p{i}", peer=f"n/e{i}", master="br0")
        return near, Veth(namespace="n", name=f"e{i}", peer=f"host/p{i}")

    records |= as_records(*(veth for i in range(1023) for veth in end(i)))
    problem = refusal(records, c.AddLink(a=c.End(namespace="host", master="br0"), b=c.End(namespace="n")))
    assert (problem.code, problem.message) == (Code.LIMIT, "Exchange full")
    assert problem.hint is not None
    assert "1023" in problem.hint


def test_every_command_has_its_function() -> None:
    """Those without one need the history or the kernel: the writer of the lab answers them."""
    assert set(get_args(c.AnyCommand)) - CHANGES.keys() == {c.Undo, c.Redo, c.KeepDrift, c.RevertDrift}
    assert CHANGES.keys() <= set(get_args(c.AnyCommand))
