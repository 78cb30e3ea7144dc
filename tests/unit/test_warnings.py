from topology.journey.warnings import warnings
from topology.model.kinds.vlan import Vlan
from topology.model.records import Bridge, Namespace, Records, Route, Veth, as_records


def star(*addresses: str, mtu: int | None = None) -> Records:
    records = as_records(Namespace(name="host"), Bridge(namespace="host", name="br0"))
    for n, address in enumerate(addresses):
        records |= as_records(
            Namespace(name=f"ns{n}"),
            Veth(namespace="host", name=f"p{n}", peer=f"ns{n}/eth0", master="br0"),
            Veth(namespace=f"ns{n}", name="eth0", peer=f"host/p{n}", addresses=(address,), mtu=mtu if n == 0 else None),
        )
    return records


def test_a_sound_lab_has_no_warnings() -> None:
    assert warnings(star("10.0.1.1/24", "10.0.1.2/24", "2001:db8::1/64")) == ()


def test_the_same_address_twice_on_a_segment() -> None:
    (found,) = warnings(star("10.0.1.1/24", "10.0.1.1/24"))
    assert (found.subject, found.message) == ("interface:ns1/eth0", "10.0.1.1 is on ns0/eth0 too, on the same segment")
    apart = star("10.0.1.1/24") | as_records(Namespace(name="x"), Bridge(namespace="x", name="b", addresses=("10.0.1.1/24",)))
    assert warnings(apart) == ()


def test_mtu_gateways_subnets_ports() -> None:
    records = star("10.0.1.1/24", "10.0.1.255/24", mtu=9000) | as_records(
        Bridge(namespace="ns0", name="b", addresses=("10.0.1.9/16",)),
        Route(namespace="ns1", to="default", via="10.0.2.1"),
        Veth(namespace="host", name="p1", peer="ns1/eth0", master="br0", addresses=("10.7.0.1/24",)),
    )
    assert [(p.subject, p.message) for p in warnings(records)] == [
        ("interface:host/p1", "it has an address and is a port of br0: what comes in goes to the bridge"),
        ("interface:ns0/eth0", "10.0.1.0/24 overlaps 10.0.0.0/16 on b in the same namespace"),
        ("interface:ns0/eth0", "its MTU is 9000, that of host/br0 on the same segment 1500: larger packets are lost"),
        ("interface:ns1/eth0", "10.0.1.255 is the broadcast address of 10.0.1.0/24"),
        ("route:ns1/default", "its gateway 10.0.2.1 is in no subnet of an interface that is up"),
    ]


def ring(*names: str, **fields: object) -> Records:
    """Bridges, each joined with the next one, and the last with the first."""
    records = as_records(Namespace(name="host"))
    for number, name in enumerate(names):
        after = (number + 1) % len(names)
        records |= as_records(
            Bridge(namespace="host", name=name, **fields),  # type: ignore[arg-type]
            Veth(namespace="host", name=f"a{number}", peer=f"host/b{after}", master=name),
            Veth(namespace="host", name=f"b{number}", peer=f"host/a{(number - 1) % len(names)}", master=name),
        )
    return records


def loops(records: Records) -> list[tuple[str | None, str | None]]:
    return [(found.subject, found.hint) for found in warnings(records) if "loop" in found.message]


def test_a_loop_of_bridges() -> None:
    """Where it can be cut; nothing where a bridge of it has STP, is down, or an interface is."""
    assert loops(ring("br0", "br1")) == [("interface:host/a1", "turn STP on at host/br1, or set host/a1 down")]
    assert len(loops(ring("br0"))) == 1
    assert len(loops(ring("br0", "br1", "br2", "br3"))) == 1
    one = ring("br0", "br1", "br2")
    for change in ({"stp": True}, {"up": False}, {"vlan_filtering": True}):
        assert loops(one | as_records(Bridge(namespace="host", name="br1", **change))) == []  # type: ignore[arg-type]
    assert loops(one | as_records(Veth(namespace="host", name="a1", peer="host/b2", master="br1", up=False))) == []
    mesh = one | as_records(
        Veth(namespace="host", name="x0", peer="host/x1", master="br0"), Veth(namespace="host", name="x1", peer="host/x0", master="br1")
    )
    assert len(loops(mesh)) == 2, "each of them has to be cut"


def test_a_loop_of_bridges_in_a_vlan() -> None:
    records = as_records(Namespace(name="host"), Bridge(namespace="host", name="br0"), Bridge(namespace="host", name="br1"))
    for n in range(2):
        records |= as_records(
            Veth(namespace="host", name=f"a{n}", peer=f"host/b{n}"), Veth(namespace="host", name=f"b{n}", peer=f"host/a{n}")
        )
        for side, bridge in (("a", "br0"), ("b", "br1")):
            records |= as_records(Vlan(namespace="host", name=f"{side}{n}.5", parent=f"host/{side}{n}", vid=5 + n, master=bridge))
    assert len(loops(records)) == 1
    assert loops(records | as_records(Vlan(namespace="host", name="b1.5", parent="host/b1", vid=9, master="br1"))) == []
