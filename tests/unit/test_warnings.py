from topology.journey.warnings import warnings
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
