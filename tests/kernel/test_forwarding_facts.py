"""What a prediction has to know beyond the document: policy rules, settings of one interface, switches of a bridge port, next hops."""

from tests.kernel.stage import Stage
from topology.model import ids
from topology.observe.live import HopRow, LinkLive, NamespaceLive
from topology.observe.policy import PolicyRule


def netns(stage: Stage, name: str) -> NamespaceLive:
    live = stage.observed.live[ids.namespace_live(name)]
    assert isinstance(live, NamespaceLive)
    return live


def link(stage: Stage, ref: str) -> LinkLive:
    live = stage.observed.live[ids.link_live(ref)]
    assert isinstance(live, LinkLive)
    return live


def test_policy_rules() -> None:
    with Stage("ip netns add a", "ip netns add b; ip -n b rule add fwmark 0x10/0xf0 table 7 pref 5") as stage:
        assert netns(stage, "a").rules == ()
        assert [r for r in netns(stage, "b").rules if r.priority == 5] == [
            PolicyRule(family="ipv4", priority=5, table=7, mark=0x10, mask=0xF0)
        ]
        stage.shell("ip -n a rule add from 10.0.0.0/8 iif lo ipproto tcp sport 7 dport 80-90 tos 0x10 prohibit pref 9")
        stage.shell("ip -n a rule add not to 10.1.0.0/16 oif eth0 table 1000 suppress_prefixlength 0 pref 11")
        stage.shell("ip -n a -6 rule add from fd00::/8 goto 32766 pref 3; ip -n a rule add uidrange 0-0 blackhole pref 12")
        stage.watch.barrier()
        by_priority = {(r.family, r.priority): r for r in netns(stage, "a").rules}
        assert by_priority["ipv4", 9] == PolicyRule(
            family="ipv4", priority=9, action="prohibit", source="10.0.0.0/8", iif="lo", protocol=6, sport=(7, 7), dport=(80, 90), tos=16
        )
        assert by_priority["ipv4", 11] == PolicyRule(
            family="ipv4", priority=11, table=1000, destination="10.1.0.0/16", oif="eth0", inverted=True, suppress=0
        )
        assert by_priority["ipv6", 3] == PolicyRule(family="ipv6", priority=3, action="goto", target=32766, source="fd00::/8")
        assert by_priority["ipv4", 12] == PolicyRule(family="ipv4", priority=12, action="blackhole", other="uidrange")
        stage.shell("for p in 9 11 12; do ip -n a rule del pref $p; done; ip -n a -6 rule del pref 3")
        stage.watch.barrier()
        assert netns(stage, "a").rules == ()


def test_settings_of_an_interface_and_of_a_port() -> None:
    with Stage("ip netns add a; ip link add br0 type bridge", "ip link add p master br0 type veth peer name eth0 netns a") as stage:
        assert link(stage, "a/eth0").conf == {}
        stage.shell("ip netns exec a sysctl -qw net.ipv4.conf.eth0.rp_filter=2 net.ipv4.conf.eth0.proxy_arp=1")
        stage.watch.barrier()
        assert link(stage, "a/eth0").conf == {"rp_filter": 2, "proxy_arp": 1}
        stage.shell("ip netns exec a sysctl -qw net.ipv4.conf.eth0.rp_filter=0 net.ipv4.ip_forward=1")
        stage.watch.barrier()
        assert link(stage, "a/eth0").conf == {"proxy_arp": 1, "forwarding": 1}
        assert link(stage, "host/p").port == ()
        stage.shell("bridge link set dev p bcast_flood off neigh_suppress on")
        stage.watch.barrier()
        assert link(stage, "host/p").port == ("bcast_flood off", "neigh_suppress on")


def test_several_next_hops() -> None:
    with Stage("ip netns add a; ip -n a link add d0 type ifb; ip -n a link set d0 up; ip -n a addr add 10.0.0.1/24 dev d0") as stage:
        stage.shell("ip -n a route add default nexthop via 10.0.0.2 nexthop via 10.0.0.3 weight 5")
        stage.watch.barrier()
        row = next(row for row in netns(stage, "a").routes if row.to == "default")
        assert row.hops == (HopRow(via="10.0.0.2", dev="d0", weight=1), HopRow(via="10.0.0.3", dev="d0", weight=5))
