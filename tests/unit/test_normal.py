from topology.model.graph import Graph
from topology.model.records import (
    Bridge,
    Fdb,
    Lab,
    Loopback,
    Macvlan,
    Namespace,
    Placement,
    Port,
    PortVlan,
    Route,
    Veth,
    Vxlan,
    as_records,
)
from topology.observe.mtu import default_mtu
from topology.observe.normal import address_order, comparable, drift, normalise


def test_what_the_kernel_would_choose_is_left_out() -> None:
    records = as_records(
        Namespace(name="host", nsid=3, sysctls={"net.ipv4.ip_local_port_range": "32768\t60999", "net.ipv4.ip_forward": "1"}),
        Loopback(namespace="host", name="lo", addresses=("127.0.0.1/8", "::1/128"), mtu=65536),
        Loopback(namespace="ns0", name="lo", up=False),
        Bridge(namespace="host", name="br0", mtu=1400),
        Veth(namespace="host", name="v1", peer="ns0/v0", master="br0", mtu=1400, vlans=(PortVlan(vid=1, pvid=True, untagged=True),)),
        Veth(namespace="ns0", name="v0", peer="host/v1", mtu=1500, mac="02:00:00:00:00:AA", addresses=("10.0.1.2/24",), port=Port(cost=5)),
        Macvlan(namespace="ns0", name="m0", parent="host/v1", mtu=1400),
        Vxlan(namespace="ns0", name="x0", vni=5, parent="ns0/v0", remote="10.0.1.9", mtu=1450),
        Fdb(namespace="ns0", dev="x0", mac="00:00:00:00:00:00", destination="10.0.1.9"),
        Fdb(namespace="host", dev="v1", mac="02:00:00:00:00:AA"),
        Fdb(namespace="host", dev="v1", mac="02:00:00:00:00:aa", vlan=1),
        Route(namespace="ns0", to="0.0.0.0/0", via="10.0.1.1", dev="v0", metric=0),
        Route(namespace="ns0", to="default", via="fe80::1", dev="v0", metric=1024),
        Route(namespace="ns0", to="2001:db8::/32", type="blackhole", dev="lo", metric=1024),
    )
    out = normalise(records, {"net.ipv4.ip_local_port_range": "32768 60999"})
    assert out == as_records(
        Namespace(name="host", sysctls={"net.ipv4.ip_forward": "1"}),
        Loopback(namespace="host", name="lo"),
        Bridge(namespace="host", name="br0"),
        Veth(namespace="host", name="v1", peer="ns0/v0", master="br0", mtu=1400),
        Veth(namespace="ns0", name="v0", peer="host/v1", mac="02:00:00:00:00:aa", addresses=("10.0.1.2/24",)),
        Macvlan(namespace="ns0", name="m0", parent="host/v1"),
        Vxlan(namespace="ns0", name="x0", vni=5, parent="ns0/v0", remote="10.0.1.9"),
        Fdb(namespace="host", dev="v1", mac="02:00:00:00:00:aa"),
        Route(namespace="ns0", to="default", via="10.0.1.1"),
        Route(namespace="ns0", to="::/0", via="fe80::1", dev="v0"),
        Route(namespace="ns0", to="2001:db8::/32", type="blackhole"),
    )
    assert normalise(out) == out


def test_order_of_addresses_is_the_kernels() -> None:
    order = address_order(("2001:db8::2/64", "10.0.0.1/24", "10.0.0.2/24", "10.0.1.1/24", "2001:db8::1/64", "10.0.0.1/24"))
    assert order == ("10.0.0.1/24", "10.0.1.1/24", "10.0.0.2/24", "2001:db8::1/64", "2001:db8::2/64")


def test_a_circle_of_parents_has_an_mtu() -> None:
    a = Macvlan(namespace="n", name="a", parent="n/b")
    b = Macvlan(namespace="n", name="b", parent="n/a")
    assert default_mtu(Graph(as_records(a, b)), a) == 1500


def test_drift_ignores_what_the_kernel_cannot_say() -> None:
    desired = as_records(Lab(name="x"), Namespace(name="ns0"), Namespace(name="ns1", nsid=4), Placement(node="ns0", x=1, y=2))
    observed = as_records(Namespace(name="ns0", nsid=0), Namespace(name="ns1", nsid=5), Namespace(name="ns2", nsid=1))
    assert drift(desired, observed) == ("namespace:ns1", "namespace:ns2")
    assert set(comparable(desired, like=desired)) == {"namespace:ns0", "namespace:ns1"}


def test_segments_follow_vlans() -> None:
    graph = Graph(
        as_records(
            Bridge(namespace="host", name="br0", vlan_filtering=True),
            Veth(namespace="host", name="p1", peer="a/e", master="br0"),
            Veth(namespace="a", name="e", peer="host/p1"),
            Veth(namespace="host", name="p2", peer="b/e", master="br0", vlans=(PortVlan(vid=10, pvid=True, untagged=True),)),
            Veth(namespace="b", name="e", peer="host/p2"),
            Veth(namespace="host", name="p3", peer="c/e", master="br0"),
            Veth(namespace="c", name="e", peer="host/p3"),
        )
    )
    assert graph.segments["a/e"] == {"a/e", "c/e", "host/p1", "host/p3", "host/br0"}
    assert graph.segments["b/e"] == {"b/e", "host/p2"}
