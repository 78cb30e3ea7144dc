"""Predictions beside what a real packet does: one echo request of ping(8), or a connect(2), in each of these networks.

No trace is taken: the truth is ping's own exit code, and where it matters which rule, interface or namespace did it, the cause that is
written here. Between the lines of a case nothing is cached: each has namespaces of its own.
"""

import subprocess
from typing import NamedTuple

import pytest

from tests.kernel.stage import Stage
from topology.journey.ask import resolve
from topology.journey.hop import Cause, Journey
from topology.journey.predicted.predict import predict
from topology.journey.probe import Ask

PAIR = (
    "ip netns add a; ip netns add b; ip link add eth0 netns a type veth peer name eth0 netns b",
    "for n in a b; do ip netns exec $n sysctl -qw net.ipv6.conf.all.accept_dad=0 net.ipv6.conf.default.accept_dad=0; done",
    "for n in a b; do ip -n $n link set lo up; ip -n $n link set eth0 up; done",
    "ip -n a addr add 10.1.0.1/24 dev eth0; ip -n b addr add 10.1.0.2/24 dev eth0",
    "ip -n a addr add fd01::1/64 dev eth0 nodad; ip -n b addr add fd01::2/64 dev eth0 nodad",
)
"""a — b."""
SWITCH = (
    "ip link add br0 type bridge; ip link set br0 up",
    "for n in a b; do ip netns add $n; ip link add p$n type veth peer name eth0 netns $n; ip link set p$n master br0 up; done",
    "for n in a b; do ip -n $n link set lo up; ip -n $n link set eth0 up; done",
    "ip -n a addr add 10.1.0.1/24 dev eth0; ip -n b addr add 10.1.0.2/24 dev eth0",
    "ip -n a addr add fd01::1/64 dev eth0 nodad; ip -n b addr add fd01::2/64 dev eth0 nodad",
)
"""a and b on the bridge br0 of host."""
ROUTER = (
    "for n in a r b; do ip netns add $n; ip -n $n link set lo up; done",
    "ip link add eth0 netns a type veth peer name left netns r; ip link add eth0 netns b type veth peer name right netns r",
    "ip -n a link set eth0 up; ip -n b link set eth0 up; ip -n r link set left up; ip -n r link set right up",
    "ip -n a addr add 10.1.0.2/24 dev eth0; ip -n r addr add 10.1.0.1/24 dev left; ip -n r addr add 10.2.0.1/24 dev right",
    "ip -n b addr add 10.2.0.2/24 dev eth0; ip netns exec r sysctl -qw net.ipv4.ip_forward=1",
    "ip -n a route add default via 10.1.0.1; ip -n b route add default via 10.2.0.1",
)
"""a — r — b."""
ROUTER6 = (
    ROUTER[0],
    "for n in a r b; do ip netns exec $n sysctl -qw net.ipv6.conf.all.accept_dad=0 net.ipv6.conf.default.accept_dad=0; done",
    *ROUTER[1:3],
    "ip -n a addr add fd01::2/64 dev eth0 nodad; ip -n r addr add fd01::1/64 dev left nodad; ip -n r addr add fd02::1/64 dev right nodad",
    "ip -n b addr add fd02::2/64 dev eth0 nodad; ip -n a route add default via fd01::1; ip -n b route add default via fd02::1",
)
"""a — r — b, where r does not forward."""
TWO_ROUTERS = (
    *ROUTER,
    "ip netns add q; ip -n q link set lo up; ip link add eth1 netns a type veth peer name left netns q",
    "ip link add eth1 netns b type veth peer name right netns q; ip -n q link set left up; ip -n q link set right up",
    "ip -n a link set eth1 up; ip -n b link set eth1 up; ip netns exec q sysctl -qw net.ipv4.ip_forward=1",
    "ip -n a addr add 10.3.0.2/24 dev eth1; ip -n q addr add 10.3.0.1/24 dev left",
    "ip -n b addr add 10.4.0.2/24 dev eth1; ip -n q addr add 10.4.0.1/24 dev right",
)
"""As ROUTER, and a second way from a (10.3.0.2) by q to b (10.4.0.2)."""
MACVLANS = (
    "ip netns add far; ip link add low type veth peer name far netns far; ip link set low up; ip -n far link set far up",
    "ip addr add 10.1.0.9/24 dev low",
    "for n in a b; do ip netns add $n; ip link add link low name low$n type macvlan mode MODE; ip link set low$n netns $n name eth0; done",
    "for n in a b; do ip -n $n link set lo up; ip -n $n link set eth0 up; done",
    "ip -n a addr add 10.1.0.1/24 dev eth0; ip -n b addr add 10.1.0.2/24 dev eth0",
)
OVERLAY = (
    "for n in a b; do ip netns add $n; ip -n $n link set lo up; done; ip link add u0 netns a type veth peer name u0 netns b",
    "ip -n a addr add 172.16.0.1/24 dev u0; ip -n b addr add 172.16.0.2/24 dev u0; ip -n a link set u0 up; ip -n b link set u0 up",
    "ip -n a link add eth0 type vxlan id 7 dstport 4789 local 172.16.0.1 remote 172.16.0.2",
    "ip -n b link add eth0 type vxlan id 7 dstport 4789 local 172.16.0.2 remote 172.16.0.1",
    "ip -n a link set eth0 up; ip -n b link set eth0 up; ip -n a addr add 10.1.0.1/24 dev eth0; ip -n b addr add 10.1.0.2/24 dev eth0",
)


class Case(NamedTuple):
    """`net` and then `lines`; `to` is pinged from `source` (`size`, `dont_fragment` as in Ask). `cause`, `place` and `leg`: what has to be
    predicted, None: delivered. `note`: words in the verdict's note;
    `assumed`: in the only assumption that there may be."""

    net: tuple[str, ...]
    lines: tuple[str, ...]
    to: str
    cause: Cause | None = None
    place: str = ""
    leg: str = "original"
    note: str = ""
    source: str = "a"
    size: int = 56
    assumed: str = "fragments"
    dont_fragment: bool = False


VLANS = (
    *SWITCH,
    "ip link set br0 type bridge vlan_filtering 1",
)
CASES = {
    "pair": Case(PAIR, (), "10.1.0.2"),
    "pair over IPv6": Case(PAIR, (), "fd01::2"),
    "link-local next hop": Case(
        PAIR, ("ip -n b link set eth0 addrgenmode none; ip -n b addr add fe80::b/64 dev eth0 nodad",
               "ip -n a -6 route add fd09::/64 via fe80::b dev eth0; ip -n b addr add fd09::1/64 dev lo nodad"), "fd09::1",
    ),
    # ---- switches
    "isolated ports": Case(
        SWITCH, ("bridge link set dev pa isolated on; bridge link set dev pb isolated on",), "10.1.0.2",
        Cause.PORT_BLOCKED, "host", note="pa and pb are isolated ports",
    ),
    "one isolated port": Case(SWITCH, ("bridge link set dev pa isolated on",), "10.1.0.2"),
    "no broadcasts to a port": Case(
        SWITCH, ("bridge link set dev pb bcast_flood off",), "10.1.0.2", Cause.PORT_BLOCKED, "host", note="bcast_flood off"
    ),
    "flood off, but learned": Case(SWITCH, ("bridge link set dev pb flood off",), "10.1.0.2"),
    "flood and learning off": Case(
        SWITCH, ("bridge link set dev pb flood off learning off; ip link set pb type bridge_slave fdb_flush",), "10.1.0.2",
        Cause.PORT_BLOCKED, "host", note="flood off", assumed="learned no MAC address on pb",
    ),
    "flood and learning off at the sender's port": Case(
        SWITCH, ("bridge link set dev pa flood off learning off; ip link set pa type bridge_slave fdb_flush",), "10.1.0.2",
        Cause.PORT_BLOCKED, "host", note="flood off", assumed="learned no MAC address on pa",  # it is the ARP reply that is stopped
    ),
    "listening": Case(SWITCH, ("bridge link set dev pb state 1",), "10.1.0.2", Cause.PORT_BLOCKED, "host", note="listening"),
    "address on a port": Case(
        SWITCH, ("ip addr add 10.1.0.77/24 dev pb",), "10.1.0.77", Cause.NEIGHBOUR_SILENT, "host", "reply", note="is a port of br0"
    ),
    "bridge's own address": Case(SWITCH, ("ip addr add 10.1.0.9/24 dev br0",), "10.1.0.9"),
    "an FDB entry at another port moves": Case(
        SWITCH, ("ip -n b link set eth0 address 02:00:00:00:00:0b; bridge fdb replace 02:00:00:00:00:0b dev pa master static",), "10.1.0.2"
    ),
    "an FDB entry of the bridge itself": Case(
        SWITCH, ("ip -n b link set eth0 address 02:00:00:00:00:0b; bridge fdb replace 02:00:00:00:00:0b dev pa master local",), "10.1.0.2",
        Cause.UNKNOWN, "host", note="as an address of br0 itself",
    ),
    "a qdisc": Case(SWITCH, ("tc qdisc add dev pb root pfifo limit 9",), "10.1.0.2", assumed="the qdisc pfifo of host/pb"),
    "iptables on a bridge": Case(
        SWITCH, ("iptables -A FORWARD -m physdev --physdev-out pb -p icmp -j DROP",), "10.1.0.2", Cause.DROPPED_BY_RULE, "host"
    ),
    "no physdev without a bridge": Case(PAIR, ("ip netns exec b iptables -A INPUT -m physdev --physdev-is-in -j DROP",), "10.1.0.2"),
    # ---- VLANs
    "one VLAN": Case(
        VLANS, ("for p in pa pb; do bridge vlan del dev $p vid 1; bridge vlan add dev $p vid 7 pvid untagged; done",), "10.1.0.2"
    ),
    "two VLANs": Case(
        VLANS, ("bridge vlan del dev pb vid 1; bridge vlan add dev pb vid 7 pvid untagged",), "10.1.0.2", Cause.VLAN_FILTERED, "host",
        note="pb is not in VLAN 1",
    ),
    "no VLAN at the port": Case(
        VLANS, ("bridge vlan del dev pa vid 1",), "10.1.0.2", Cause.VLAN_FILTERED, "host", note="pa takes no frame without a tag"
    ),
    "the bridge is in another VLAN": Case(
        VLANS, ("ip addr add 10.1.0.9/24 dev br0; bridge vlan del dev pa vid 1; bridge vlan add dev pa vid 7 pvid untagged",), "10.1.0.9",
        Cause.VLAN_FILTERED, "host", note="br0 is not in VLAN 7",
    ),
    "tagged to a trunk": Case(
        VLANS, ("bridge vlan add dev pa vid 7; bridge vlan add dev pb vid 7 pvid untagged; ip -n a link add v7 link eth0 type vlan id 7",
                "ip -n a addr flush dev eth0; ip -n a link set v7 up; ip -n a addr add 10.1.0.1/24 dev v7"), "10.1.0.2",
    ),
    "tagged where it is not let in": Case(
        VLANS, ("ip -n a link add v7 link eth0 type vlan id 7; ip -n a addr flush dev eth0; ip -n a link set v7 up",
                "ip -n a addr add 10.1.0.1/24 dev v7"), "10.1.0.2", Cause.VLAN_FILTERED, "host", note="pa takes no frame",
    ),
    "a VLAN of a dummy": Case(
        PAIR, ("ip -n a link add d0 type dummy; ip -n a link set d0 up; ip -n a link add v7 link d0 type vlan id 7; ip -n a link set v7 up",
               "ip -n a addr add 10.5.0.1/24 dev v7"), "10.5.0.2", Cause.NO_WIRE, "a",
    ),
    "VLANs in VLANs": Case(
        PAIR, ("for n in a b; do ip -n $n link add v7 link eth0 type vlan protocol 802.1ad id 7; ip -n $n link set v7 up; done",
               "for n in a b; do ip -n $n link add w8 link v7 type vlan id 8; ip -n $n link set w8 up; done",
               "ip -n a addr add 10.5.0.1/24 dev w8; ip -n b addr add 10.5.0.2/24 dev w8"), "10.5.0.2",
        Cause.UNKNOWN, "a", note="two VLAN tags",
    ),
    # ---- ARP and ND
    "arp_ignore 1 for an address elsewhere": Case(
        PAIR, ("ip -n b addr add 10.1.0.50/32 dev lo; ip netns exec b sysctl -qw net.ipv4.conf.all.arp_ignore=1",), "10.1.0.50",
        Cause.NEIGHBOUR_SILENT, "a", note="arp_ignore is 1",
    ),
    "answers for an address elsewhere": Case(PAIR, ("ip -n b addr add 10.1.0.50/32 dev lo",), "10.1.0.50"),
    "arp_ignore 8": Case(
        PAIR, ("ip netns exec b sysctl -qw net.ipv4.conf.all.arp_ignore=8",), "10.1.0.2", Cause.NEIGHBOUR_SILENT, "a",
        note="arp_ignore is 8",
    ),
    "the asker is not asked back": Case(PAIR, ("ip netns exec a sysctl -qw net.ipv4.conf.all.arp_ignore=8",), "10.1.0.2"),
    "arp_filter": Case(
        PAIR, ("ip netns exec b sysctl -qw net.ipv4.conf.all.arp_filter=1; ip -n b route add 10.1.0.1/32 dev lo",), "10.1.0.2",
        Cause.NEIGHBOUR_SILENT, "a", note="arp_filter is 1",
    ),
    "arp off": Case(PAIR, ("ip -n b link set eth0 arp off",), "10.1.0.2", Cause.NEIGHBOUR_SILENT, "a", note="arp off"),
    "arp off at the sender": Case(PAIR, ("ip -n a link set eth0 arp off",), "10.1.0.2", Cause.NEIGHBOUR_SILENT, "a", note="arp off"),
    "proxy_arp": Case(
        ROUTER, ("ip -n a addr flush dev eth0; ip -n a addr add 10.1.0.2/8 dev eth0",
                 "ip netns exec r sysctl -qw net.ipv4.conf.left.proxy_arp=1"),
        "10.2.0.2",
    ),
    "no proxy_arp": Case(
        ROUTER, ("ip -n a addr flush dev eth0; ip -n a addr add 10.1.0.2/8 dev eth0",), "10.2.0.2", Cause.NEIGHBOUR_SILENT, "a"
    ),
    "a proxy entry": Case(
        ROUTER, ("ip -n a addr flush dev eth0; ip -n a addr add 10.1.0.2/8 dev eth0", "ip -n r neigh add proxy 10.2.0.2 dev left"),
        "10.2.0.2",
    ),
    "a proxy entry of neighbour discovery": Case(
        ROUTER6, ("ip -n a addr flush dev eth0; ip -n a addr add fd01::2/16 dev eth0 nodad; ip -n r neigh add proxy fd02::2 dev left",
                  "ip netns exec r sysctl -qw net.ipv6.conf.left.proxy_ndp=1 net.ipv6.conf.all.forwarding=1"), "fd02::2",
    ),
    "one interface forwards IPv6": Case(ROUTER6, ("ip netns exec r sysctl -qw net.ipv6.conf.left.force_forwarding=1 "
                                                  "net.ipv6.conf.right.force_forwarding=1",), "fd02::2"),
    "one interface forwards IPv6, the other one does not": Case(
        ROUTER6, ("ip netns exec r sysctl -qw net.ipv6.conf.left.force_forwarding=1",), "fd02::2", Cause.NOT_FORWARDED, "r", leg="reply"
    ),
    "a route for a TOS": Case(ROUTER, ("ip -n a route add unreachable 10.2.0.2/32 tos 0x10",), "10.2.0.2"),
    "a qdisc for what comes in": Case(SWITCH, ("tc qdisc add dev pb clsact",), "10.1.0.2", assumed="clsact of host/pb"),
    "solicitations dropped": Case(
        PAIR, ("ip netns exec b ip6tables -A INPUT -p icmpv6 --icmpv6-type 135 -j DROP",), "fd01::2", Cause.DROPPED_BY_RULE, "b",
        note="neighbour solicitation",
    ),
    "advertisements dropped by a policy": Case(
        PAIR, ("ip netns exec a ip6tables -P INPUT DROP; ip netns exec a ip6tables -A INPUT -m conntrack --ctstate ESTABLISHED -j ACCEPT",),
        "fd01::2", Cause.DROPPED_BY_POLICY, "a", note="neighbour advertisement",
    ),
    "ARP is refused by rp_filter": Case(
        ROUTER, ("ip -n a addr add 10.7.0.7/32 dev lo; ip -n a route change default via 10.1.0.1 src 10.7.0.7",
                 "ip netns exec r sysctl -qw net.ipv4.conf.left.rp_filter=1"), "10.2.0.2", Cause.REVERSE_PATH, "r",
    ),
    # ---- routing
    "ip rule unreachable": Case(
        ROUTER, ("ip -n r rule add to 10.2.0.0/16 unreachable pref 9",), "10.2.0.2", Cause.NO_ROUTE, "r", note="ip rule 9"
    ),
    "ip rule from, of the answer": Case(
        ROUTER, ("ip -n b rule add from 10.2.0.2 blackhole pref 9",), "10.2.0.2", Cause.NO_ROUTE, "b", "reply", note="ip rule 9: blackhole"
    ),
    "ip rule from, of what has no source yet": Case(
        ROUTER, ("ip -n a rule add from 10.1.0.2 table 7",
                 "ip -n a route add default via 10.1.0.1 src 10.1.0.2 table 7 metric 7"), "10.2.0.2",
        assumed="not bound",
    ),
    "ip rule iif": Case(ROUTER, ("ip -n r rule add iif left prohibit pref 9",), "10.2.0.2", Cause.NO_ROUTE, "r", note="prohibit"),
    "ip rule ipproto": Case(ROUTER, ("ip -n r rule add ipproto icmp prohibit pref 9",), "10.2.0.2", Cause.NO_ROUTE, "r"),
    "ip rule of another protocol": Case(ROUTER, ("ip -n r rule add ipproto tcp prohibit pref 9",), "10.2.0.2"),
    "ip rule fwmark": Case(
        ROUTER, ("ip netns exec r iptables -t mangle -A PREROUTING -i left -j MARK --set-mark 5; ip -n r rule add fwmark 5 unreachable",),
        "10.2.0.2", Cause.NO_ROUTE, "r",
    ),
    "ip rule fwmark of own packets": Case(
        ROUTER, ("ip netns exec a iptables -t mangle -A OUTPUT -j MARK --set-mark 5; ip -n a rule add fwmark 5 table 7 pref 9",
                 "ip -n a route add blackhole default table 7"), "10.2.0.2", Cause.NO_ROUTE, "a",
    ),
    "ip rule goto": Case(ROUTER, ("ip -n r rule add pref 5 goto 32766; ip -n r rule add pref 9 unreachable",), "10.2.0.2"),
    "a table by its rule": Case(
        ROUTER, ("ip -n a route del default; ip -n a route add default via 10.1.0.1 table 7",
                 "ip -n a rule add to 10.2.0.0/16 table 7"), "10.2.0.2",
    ),
    "suppress_prefixlength": Case(
        ROUTER, ("ip -n a rule add table main suppress_prefixlength 0 pref 9; ip -n a rule add unreachable pref 10",), "10.2.0.2",
        Cause.NO_ROUTE, "a",
    ),
    "throw": Case(
        ROUTER, ("ip -n a rule add table 7 pref 9; ip -n a route add throw default table 7",), "10.2.0.2",
    ),
    "AnyIP": Case(ROUTER, ("ip -n b route add local 10.9.0.0/24 dev lo; ip -n r route add 10.9.0.0/24 via 10.2.0.2",), "10.9.0.7"),
    "an address of an interface that is down": Case(
        ROUTER, ("ip -n b link add e1 type ifb; ip -n b addr add 10.9.0.1/24 dev e1",
                 "ip -n r route add 10.9.0.0/24 via 10.2.0.2"), "10.9.0.1",
    ),
    "no address to send from": Case(
        PAIR, ("ip -n a addr flush dev eth0; ip -n a route add 10.1.0.0/24 dev eth0",), "10.1.0.2", Cause.REVERSE_PATH, "b",
        note="no IPv4 address",
    ),
    "its own, too": Case(PAIR, ("ip -n a link set eth0 down",), "10.1.0.1"),
    "its own address comes back": Case(
        ROUTER, ("ip netns exec a sysctl -qw net.ipv4.ip_forward=1; ip -n r route add 10.3.0.0/24 via 10.1.0.2",), "10.3.0.1",
        Cause.REVERSE_PATH, "a", note="martian",
    ),
    "one interface does not forward": Case(
        ROUTER, ("ip netns exec r sysctl -qw net.ipv4.conf.left.forwarding=0",), "10.2.0.2", Cause.NOT_FORWARDED, "r"
    ),
    "the other one does not forward": Case(
        ROUTER, ("ip netns exec r sysctl -qw net.ipv4.conf.right.forwarding=0",), "10.2.0.2", Cause.NOT_FORWARDED, "r", "reply"
    ),
    "rp_filter of one interface, answers come another way": Case(
        TWO_ROUTERS, ("ip -n b route add 10.1.0.2/32 via 10.4.0.1; ip -n q route add 10.1.0.0/24 via 10.3.0.2",
                      "ip netns exec a sysctl -qw net.ipv4.conf.eth1.rp_filter=1"), "10.2.0.2", Cause.REVERSE_PATH, "a", "reply",
    ),
    "answers come another way": Case(
        TWO_ROUTERS, ("ip -n b route add 10.1.0.2/32 via 10.4.0.1; ip -n q route add 10.1.0.0/24 via 10.3.0.2",), "10.2.0.2"
    ),
    "a router that saw no request": Case(
        TWO_ROUTERS, ("ip -n b route add 10.1.0.2/32 via 10.4.0.1; ip -n q route add 10.1.0.0/24 via 10.3.0.2",
                      "ip netns exec q iptables -A FORWARD -m conntrack --ctstate INVALID -j DROP"), "10.2.0.2",
        Cause.DROPPED_BY_RULE, "q", "reply",
    ),
    "broadcast": Case(PAIR, (), "10.1.0.255", Cause.REFUSED, "a"),
    # ---- NAT and conntrack
    "own packets skip PREROUTING": Case(
        ROUTER, ("ip netns exec a iptables -t nat -A PREROUTING -j DNAT --to-destination 10.9.0.9",), "10.2.0.2"
    ),
    "DNAT of own packets": Case(
        ROUTER, ("ip netns exec a iptables -t nat -A OUTPUT -d 10.5.0.5 -j DNAT --to-destination 10.2.0.2",), "10.5.0.5"
    ),
    "DNAT to loopback": Case(
        PAIR, ("ip netns exec b iptables -t nat -A PREROUTING -j DNAT --to-destination 127.0.0.1",), "10.1.0.2", Cause.NO_ROUTE, "b",
        note="route_localnet",
    ),
    "DNAT to loopback, allowed": Case(
        PAIR, ("ip netns exec b iptables -t nat -A PREROUTING -j DNAT --to-destination 127.0.0.1",
               "ip netns exec b sysctl -qw net.ipv4.conf.all.route_localnet=1"), "10.1.0.2",
    ),
    "NETMAP": Case(
        ROUTER, ("ip netns exec r iptables -t nat -A PREROUTING -d 10.6.0.0/24 -j NETMAP --to 10.2.0.0/24",), "10.6.0.2"
    ),
    "MASQUERADE and its answer": Case(
        ROUTER, ("ip netns exec r iptables -t nat -A POSTROUTING -o right -j MASQUERADE; ip -n b route del default",), "10.2.0.2"
    ),
    "no connection for an answer": Case(
        ROUTER, ("ip netns exec r iptables -t raw -A PREROUTING -i left -j CT --notrack",
                 "ip netns exec r iptables -A FORWARD -i right -m conntrack ! --ctstate ESTABLISHED -j DROP"), "10.2.0.2",
        Cause.DROPPED_BY_RULE, "r", "reply",
    ),
    "UNTRACKED": Case(
        ROUTER, ("ip netns exec r iptables -t raw -A PREROUTING -j CT --notrack",
                 "ip netns exec r iptables -A FORWARD -m conntrack --ctstate UNTRACKED -j DROP"), "10.2.0.2", Cause.DROPPED_BY_RULE, "r",
    ),
    "connection marks": Case(
        ROUTER, ("ip netns exec r iptables -t mangle -A PREROUTING -i left -j CONNMARK --set-mark 3",
                 "ip netns exec r iptables -t mangle -A PREROUTING -i right -j CONNMARK --restore-mark",
                 "ip netns exec r iptables -A FORWARD -i right -m mark --mark 3 -j DROP"), "10.2.0.2", Cause.DROPPED_BY_RULE, "r", "reply",
    ),
    "marks end with the namespace": Case(
        ROUTER, ("ip netns exec a iptables -t mangle -A OUTPUT -j MARK --set-mark 3",
                 "ip netns exec r iptables -A FORWARD -m mark --mark 3 -j DROP"), "10.2.0.2",
    ),
    "owner": Case(PAIR, ("ip netns exec b iptables -A OUTPUT -m owner --uid-owner 0 -j DROP",), "10.1.0.2"),
    "a router's one arm": Case(
        SWITCH, ("ip netns add r; ip link add pr type veth peer name eth0 netns r; ip link set pr master br0 up; ip -n r link set eth0 up",
                 "ip -n r addr add 10.1.0.9/24 dev eth0; ip -n r addr add 10.8.0.9/24 dev eth0",
                 "ip netns exec r sysctl -qw net.ipv4.ip_forward=1",
                 "ip -n b addr flush dev eth0; ip -n b addr add 10.8.0.2/24 dev eth0; ip -n b route add default via 10.8.0.9",
                 "ip -n a route add default via 10.1.0.9; ip netns exec r iptables -t nat -A POSTROUTING -j MASQUERADE"), "10.8.0.2",
    ),
    # ---- sizes
    "the peer takes less": Case(PAIR, ("ip -n b link set eth0 mtu 600",), "10.1.0.2", Cause.TOO_BIG, "b", size=1000),
    "so much less that fragments do": Case(PAIR, ("ip -n a link set eth0 mtu 600",), "10.1.0.2", Cause.TOO_BIG, "a", "reply", size=1000),
    "both take less": Case(PAIR, ("for n in a b; do ip -n $n link set eth0 mtu 600; done",), "10.1.0.2", size=1000),
    "a VLAN header more fits": Case(PAIR, ("ip -n b link set eth0 mtu 1000",), "10.1.0.2", size=976),
    "one byte more does not": Case(PAIR, ("ip -n b link set eth0 mtu 1000",), "10.1.0.2", Cause.TOO_BIG, "b", size=977),
    # ---- macvlan and vxlan
    "macvlan bridge": Case(tuple(line.replace("MODE", "bridge") for line in MACVLANS), (), "10.1.0.2"),
    "macvlan private": Case(
        tuple(line.replace("MODE", "private") for line in MACVLANS), (), "10.1.0.2", Cause.NEIGHBOUR_SILENT, "a", note="mode private"
    ),
    "macvlan vepa": Case(
        tuple(line.replace("MODE", "vepa") for line in MACVLANS), (), "10.1.0.2", Cause.NEIGHBOUR_SILENT, "a", note="mode vepa"
    ),
    "macvlan and its parent": Case(
        tuple(line.replace("MODE", "bridge") for line in MACVLANS), (), "10.1.0.9", Cause.NEIGHBOUR_SILENT, "a", note="macvlan"
    ),
    "vxlan": Case(OVERLAY, (), "10.1.0.2"),
    "vxlan, outer packet dropped": Case(
        OVERLAY, ("ip netns exec b iptables -A INPUT -p udp --dport 4789 -j DROP",), "10.1.0.2", Cause.DROPPED_BY_RULE, "b",
        note="outer packet of a/eth0",
    ),
    "vxlan, no way for the outer packet": Case(
        OVERLAY, ("ip -n a addr flush dev u0; ip -n a addr add 172.16.0.1/32 dev u0",), "10.1.0.2", Cause.NO_ROUTE, "a", note="outer packet"
    ),
    "vxlan, another remote": Case(
        OVERLAY, ("ip -n a link del eth0; ip -n a link add eth0 type vxlan id 7 dstport 4789 local 172.16.0.1 remote 172.16.0.9",
                  "ip -n a link set eth0 up; ip -n a addr add 10.1.0.1/24 dev eth0"), "10.1.0.2", Cause.NEIGHBOUR_SILENT, "a",
    ),
}  # fmt: skip


def predicted(stage: Stage, case: Case) -> Journey:
    records = stage.records()
    ask = Ask(source=case.source, target=case.to, ipv6=":" in case.to, size=case.size, dont_fragment=case.dont_fragment)
    return predict(resolve(ask, records, stage.observed.live), records, stage.observed.live)


def answered(case: Case) -> bool:
    argv = ["ip", "netns", "exec", case.source, "ping", "-n", "-c1", "-W1", "-s", str(case.size), case.to]
    # like the probe, not as ping does by default, which asks for DF and so learns path MTUs
    argv[5:5] = ["-M", "do" if case.dont_fragment else "dont"] if ":" not in case.to else []
    return subprocess.run(argv, capture_output=True, check=False).returncode == 0


def lab(case: Case) -> Stage:
    """The network of a case. Skips where this kernel has not what it needs."""
    try:
        return Stage(*case.net, *case.lines)
    except AssertionError as e:
        if any(words in str(e) for words in ("Unknown device type", "not supported", "force_forwarding")):
            pytest.skip(f"this kernel lacks something: {e}")
        raise


LINKS = (
    "one VLAN", "two VLANs", "no VLAN at the port", "the bridge is in another VLAN", "tagged to a trunk", "tagged where it is not let in",
    "a VLAN of a dummy", "VLANs in VLANs", "isolated ports", "flood and learning off",
)  # fmt: skip
"""Cases that some kernels have not the interfaces for."""


@pytest.mark.parametrize("name", [pytest.param(name, marks=pytest.mark.links) if name in LINKS else name for name in CASES])
def test_prediction(name: str) -> None:
    case = CASES[name]
    with lab(case) as stage:
        journey = predicted(stage, case)
        said = journey.verdict
        assert case.cause == Cause.UNKNOWN or answered(case) == (case.cause is None), f"the case is not as it says; predicted: {said}"
        assert (said.cause, said.leg if case.cause else "original") == (case.cause or Cause.DELIVERED, case.leg), said
        assert not case.place or said.namespace == case.place, said
        assert case.note in said.note, said
        others = [a for a in journey.assumptions if case.assumed not in a]
        assert not [a for a in others if case.cause is None or "from before" not in a], others
