"""What a shell makes and documents do not hold is named; what they hold is not (`test_exchange` sees to that in random documents)."""

import subprocess

from tests.kernel.test_apply import Kernel, with_kernel
from topology.document.document import load
from topology.model import ids
from topology.observe.unheld import unheld

DOCUMENT = """{"vethboard": 1, "namespaces": {
  "a": {"interfaces": {"e0": {"kind": "veth", "peer": "b/e0", "addresses": ["10.0.0.1/24", "2001:db8::1/64"]}, "lo": {},
                       "br0": {"kind": "bridge"}, "p": {"kind": "veth", "peer": "b/p", "master": "br0"}},
        "routes": [{"to": "default", "via": "10.0.0.2"}, {"to": "10.5.0.0/16", "via": "10.0.0.2", "table": 100}]},
  "b": {"sysctls": {"net.ipv4.ip_forward": "1", "net.ipv4.conf.default.rp_filter": "2", "net.ipv4.conf.all.arp_ignore": "1"},
        "interfaces": {"e0": {"kind": "veth", "peer": "a/e0", "addresses": ["10.0.0.2/24"]}, "p": {"kind": "veth", "peer": "a/p"}}}}}"""

SHELL = {
    "ip addr add 10.1.1.1 peer 10.2.2.2 dev e0": "e0: peer 10.2.2.2 of address 10.1.1.1/32",
    "ip addr add 10.31.0.1/24 brd + dev e0 label e0:x": "e0: brd 10.31.0.255 label e0:x of address 10.31.0.1/24",
    "ip addr add 10.32.0.1/24 dev e0 noprefixroute": "e0: noprefixroute of address 10.32.0.1/24",
    "ip addr add 127.0.0.5/8 dev lo": "lo: scope host of address 127.0.0.5/8",
    "ip link set e0 group 7": "e0: group 7",
    "ip link set e0 alias hello": "e0: alias hello",
    "ip link property add dev e0 altname a-long-name-of-this": "e0: altname a-long-name-of-this",
    "ip link set e0 txqueuelen 55": "e0: txqueuelen 55",
    "ip link set e0 promisc on": "e0: promisc on",
    "tc qdisc add dev e0 root tbf rate 1mbit burst 10k latency 50ms": "e0: qdisc tbf",
    "bridge link set dev p neigh_suppress on": "p: port: neigh_suppress on",
    "sysctl -qw net.ipv4.conf.e0.proxy_arp=1": "e0: sysctl net.ipv4.conf.e0.proxy_arp = 1",
    "ip route add 10.20.0.0/24 nexthop via 10.0.0.2 weight 1 nexthop via 10.0.0.3 weight 2":
        ": ip route 10.20.0.0/24 nexthop via 10.0.0.2 dev e0 weight 1 nexthop via 10.0.0.3 dev e0 weight 2",
    "ip route add 10.21.0.0/24 via 10.0.0.2 mtu 1300": ": mtu 1300 of ip route 10.21.0.0/24 via 10.0.0.2 dev e0",
    "ip route add 10.22.0.0/24 tos 0x10 via 10.0.0.2": ": ip route 10.22.0.0/24 tos 0x10 via 10.0.0.2 dev e0",
    "ip nexthop add id 5 via 10.0.0.2 dev e0 && ip route add 10.23.0.0/24 nhid 5": ": nhid 5 of ip route 10.23.0.0/24 via 10.0.0.2 dev e0",
    "ip rule add from 10.0.0.0/24 lookup 100 pref 1000": ": ip rule 1000: from 10.0.0.0/24 lookup 100",
    "ip neigh add proxy 10.0.0.9 dev e0": ": ip neighbour add proxy 10.0.0.9 dev e0",
    "nft add table inet t": ": nft table inet t",
}  # fmt: skip


def test_each_is_named_and_nothing_else() -> None:
    def body(kernel: Kernel) -> None:
        def named() -> set[str]:
            kernel.watch.barrier()
            kernel.look("a", "b")
            return {f"{ids.subject_of(p.subject or '')}: {p.message}" for p in unheld(kernel.observed.live.whole())}

        kernel.watch.on_events()
        kernel.watch.subscribe(["a"])  # proxies have no event: they are read where somebody looks
        kernel.want(load(DOCUMENT))
        assert named() == set()
        expected: set[str] = set()
        for line, what in SHELL.items():
            subprocess.run(["ip", "netns", "exec", "a", "sh", "-ec", line], check=True)
            kernel.watch.poll()
            expected.add(f"a/{what}" if what[0] != ":" else f"a{what}")
            assert named() == expected, line

    with_kernel(body, "nft")
