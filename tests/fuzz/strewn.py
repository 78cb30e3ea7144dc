"""Faults and rules that are strewn over a random lab."""

from collections.abc import Callable

from tests.fuzz.case import ECHO, SILENT, WEB
from tests.fuzz.lab import Lab

_TABLES = {
    "filter": ("INPUT", "FORWARD", "OUTPUT"),
    "mangle": ("PREROUTING", "INPUT", "FORWARD", "OUTPUT", "POSTROUTING"),
    "raw": ("PREROUTING", "OUTPUT"),
    "nat": ("PREROUTING", "INPUT", "OUTPUT", "POSTROUTING"),
}


def _match(lab: Lab, ipv6: bool, chain: str) -> str:
    rng = lab.rng
    icmp = "icmpv6" if ipv6 else "icmp"
    kinds = {"icmp": "echo-request", "icmpv6": "echo-request"}
    proto = rng.choice((icmp, "udp", "tcp", ""))
    out = []
    if proto in kinds:
        flag = "--icmpv6-type" if ipv6 else "--icmp-type"
        out.append(f"-p {proto}" + rng.choice(("", f" {flag} echo-request", f" {flag} echo-reply")))
    elif proto:
        port = rng.choice((ECHO, SILENT, WEB, 81, 5555))
        out.append(f"-p {proto}" + rng.choice(("", f" --dport {port}", f" --dport {port}", f" --sport {port}")))
    if rng.random() < 0.25:
        out.append(f"{rng.choice(('-s', '-d', '! -s', '! -d'))} {lab.any_address(ipv6)}")
    if rng.random() < 0.15:
        out.append(f"-m conntrack --ctstate {rng.choice(('NEW', 'ESTABLISHED', 'RELATED,ESTABLISHED', 'INVALID', 'UNTRACKED'))}")
    if rng.random() < 0.12:
        port = rng.choice((ECHO, SILENT, WEB, 8080))
        more = [
            f"-m ttl --ttl-lt {rng.choice((2, 64, 65))}", f"-m length --length {rng.choice((':100', '500:', '84'))}",
            f"-m addrtype --{rng.choice(('src', 'dst'))}-type {rng.choice(('LOCAL', 'UNICAST', 'BROADCAST'))}",
            f"-m pkttype --pkt-type {rng.choice(('unicast', 'broadcast'))}", "-m tos --tos 0x10", "-m limit --limit 1000/s",
        ]  # fmt: skip
        more += [f"-m multiport --{rng.choice(('dports', 'sports', 'ports'))} {port},81"] if proto in ("tcp", "udp") else []
        more += ["-m physdev --physdev-is-bridged", "-m physdev ! --physdev-is-in"] if chain in ("FORWARD", "INPUT", "PREROUTING") else []
        found = rng.choice(more)
        out.append(found.replace("-m ttl --ttl-lt", "-m hl --hl-lt") if ipv6 else found)
    if rng.random() < 0.1:
        out.append(f"-m mark --mark {rng.choice((1, 2))}")
    if rng.random() < 0.1 and chain in ("PREROUTING", "INPUT", "FORWARD"):
        out.append("-i eth0")
    if rng.random() < 0.08 and chain in ("POSTROUTING", "OUTPUT", "FORWARD"):
        out.append("-o eth0")
    return " ".join(out)


def _target(lab: Lab, ipv6: bool, table: str, chain: str) -> str:
    rng = lab.rng
    if table == "filter":
        reset = " -p tcp -j REJECT --reject-with tcp-reset"
        return rng.choice(("-j DROP", "-j DROP", "-j ACCEPT", "-j REJECT", "-j REJECT", "-j RETURN", reset, "", "-j NFLOG"))
    if table == "raw":
        return rng.choice(("-j DROP", "-j CT --notrack", "-j ACCEPT"))
    if table == "mangle":
        ttl = ("-j HL --hl-set 1" if ipv6 else "-j TTL --ttl-set 1") if chain == "PREROUTING" else "-j MARK --set-mark 2"
        tee = f"-j TEE --gateway {lab.any_address(ipv6)}"
        marks = ("-j MARK --set-mark 1", "-j MARK --set-mark 2", "-j CONNMARK --save-mark", "-j CONNMARK --restore-mark")
        return rng.choice(("-j DROP", *marks, ttl, tee, "-j ACCEPT", "-j TOS --set-tos 0x10", "-j DSCP --set-dscp 4"))
    address = lab.any_address(ipv6)
    if chain in ("PREROUTING", "OUTPUT"):
        to = f"-j DNAT --to-destination {address}"
        loopback = f"-j DNAT --to-destination {'::1' if ipv6 else '127.0.0.1'}"
        netmap = f"-j NETMAP --to {address}/{'128' if ipv6 else '32'}"
        return rng.choice((to, to, to, "-j REDIRECT", "-j ACCEPT", loopback, netmap))
    if chain == "POSTROUTING":
        return rng.choice(("-j MASQUERADE", "-j MASQUERADE", f"-j SNAT --to-source {address}"))
    return f"-j SNAT --to-source {address}" if rng.random() < 0.3 else "-j ACCEPT"


def _rule(lab: Lab) -> None:
    ipv6 = lab.rng.random() < 0.35
    table = lab.rng.choices(tuple(_TABLES), (10, 3, 2, 5))[0]
    chain = lab.rng.choice(_TABLES[table])
    name = lab.any_space() if lab.rng.random() < 0.9 else "host"
    command = "ip6tables" if ipv6 else "iptables"
    user = ""
    if lab.rng.random() < 0.15:
        user = f"U{lab.rng.randint(1, 3)}"
        lab.at(name, f"{command} -t {table} -N {user}")
        lab.at(name, f"{command} -t {table} -A {chain} {lab.rng.choice(('-j', '-j', '-g'))} {user}")
    target = _target(lab, ipv6, table, chain)
    match = "" if "-p " in target else _match(lab, ipv6, chain)
    lab.at(name, f"{command} -t {table} -A {user or chain} {match} {target}")


def _policy(lab: Lab) -> None:
    command = lab.rng.choice(("iptables", "iptables", "ip6tables"))
    table = lab.rng.choices(("filter", "mangle"), (5, 1))[0]
    lab.at(lab.any_space(), f"{command} -t {table} -P {lab.rng.choice(_TABLES[table])} DROP")


def _ip_rule(lab: Lab) -> None:
    rng, ipv6 = lab.rng, lab.rng.random() < 0.3
    name, six = lab.any_space(), "-6 " if ipv6 else ""
    match = rng.choice((
        "", f"from {lab.any_address(ipv6)}", f"to {lab.any_address(ipv6)}", "fwmark 1", "fwmark 2", "ipproto tcp", "ipproto udp dport 9",
        "iif eth0", "ipproto udp sport 5555", "tos 0x10", "iif lo", "oif eth0", "not from all fwmark 1", "ipproto tcp dport 80-90",
        f"not to {lab.any_address(ipv6)}",
    ))  # fmt: skip
    what = rng.choice(
        ("unreachable", "prohibit", "blackhole", "table 100", "table 100", "table main suppress_prefixlength 0", "goto 32766")
    )
    if what == "table 100":
        way = f"via {lab.any_address(ipv6)}" if rng.random() < 0.5 else ""
        kind = rng.choice(("unreachable", "blackhole", "prohibit", "throw")) if not way else ""
        lab.ip(name, f"{six}route add {kind} default {way} table 100")
    order = rng.choice(("", "pref 100", "pref 40000"))
    lab.ip(name, f"{six}rule add {order} {match if match or 'table' not in what else 'from all'} {what}")


def _route(lab: Lab) -> None:
    rng, ipv6 = lab.rng, lab.rng.random() < 0.3
    name, address, six = lab.any_space(), lab.any_address(ipv6), "-6 " if ipv6 else ""
    how = rng.choice(("typed", "typed", "via", "via", "tos", "metric", "multipath", "onlink"))
    if how == "typed":
        lab.ip(name, f"{six}route add {rng.choice(('unreachable', 'blackhole', 'prohibit', 'throw'))} {address}")
    elif how == "multipath":
        lab.ip(name, f"{six}route add {address} " + " ".join(f"nexthop via {lab.any_address(ipv6)}" for _ in range(2)))
    else:
        more = {"tos": "tos 0x10", "metric": "metric 5", "onlink": "dev eth0 onlink", "via": ""}[how]
        lab.ip(name, f"{six}route add {address} via {lab.any_address(ipv6)} {more}")


def _sysctl(lab: Lab) -> None:
    rng = lab.rng
    key = rng.choice((
        "net.ipv4.conf.all.rp_filter=1", "net.ipv4.conf.all.rp_filter=2", "net.ipv4.conf.eth0.rp_filter=1", "net.ipv4.ip_forward=0",
        "net.ipv6.conf.all.forwarding=0", "net.ipv4.conf.all.arp_ignore=1", "net.ipv4.conf.all.arp_ignore=8", "net.ipv4.ip_forward=1",
        "net.ipv4.icmp_echo_ignore_all=1", "net.ipv6.icmp.echo_ignore_all=1", "net.ipv4.conf.all.proxy_arp=1",
        "net.ipv4.conf.all.accept_local=1", "net.ipv4.conf.all.route_localnet=1", "net.ipv4.ip_default_ttl=1",
        "net.bridge.bridge-nf-call-iptables=0", "net.bridge.bridge-nf-call-ip6tables=0", "net.ipv4.icmp_ratelimit=100000",
        "net.ipv6.conf.all.disable_ipv6=1", "net.ipv4.conf.eth0.forwarding=0", "net.ipv4.conf.all.arp_announce=2",
        "net.ipv6.conf.eth0.forwarding=1", "net.ipv6.conf.eth0.forwarding=0", "net.ipv6.conf.all.forwarding=1",
        "net.ipv4.conf.all.arp_filter=1",
        "net.ipv4.conf.all.forwarding=0", "net.ipv4.conf.eth0.proxy_arp=1", "net.ipv4.ip_nonlocal_bind=1", "net.ipv4.fwmark_reflect=1",
        "net.ipv4.conf.eth0.accept_redirects=0", "net.ipv4.ip_forward_use_pmtu=1", "net.ipv4.ip_no_pmtu_disc=1",
        "net.ipv4.icmp_echo_ignore_broadcasts=0", "net.ipv6.conf.eth0.disable_ipv6=1", "net.ipv4.conf.eth0.route_localnet=1",
    ))  # fmt: skip
    lab.at(lab.any_space() if "bridge" not in key else lab.rng.choice([p[0] for p in lab.ports] or ["host"]), f"sysctl -qw {key}")


def _port(lab: Lab) -> None:
    if not lab.ports:
        return
    switch, bridge, port = lab.rng.choice(lab.ports)
    how = lab.rng.choice(("down", "isolated", "state", "flood", "learning", "stp", "vlan", "hairpin", "bridge", "nomaster", "bcast",
                          "mcast", "locked", "suppress"))  # fmt: skip
    flag = {"isolated": "isolated on", "state": "state 0", "flood": "flood off", "learning": "learning off", "hairpin": "hairpin on",
            "bcast": "bcast_flood off", "mcast": "mcast_flood off", "locked": "locked on", "suppress": "neigh_suppress on"}  # fmt: skip
    if how in flag:
        for _, _, other in {p for p in lab.ports if p[:2] == (switch, bridge)} if how == "isolated" else {(switch, bridge, port)}:
            lab.at(switch, f"bridge link set dev {other} {flag[how]}")
    elif how == "down":
        lab.ip(switch, f"link set {port} down")
    elif how == "stp":
        lab.ip(switch, f"link set {bridge} type bridge stp_state 1 forward_delay 3000")
        lab.ip(switch, f"link set {port} down")
        lab.ip(switch, f"link set {port} up")
    elif how == "vlan":
        lab.ip(switch, f"link set {bridge} type bridge vlan_filtering 1")
        lab.at(switch, f"bridge vlan del dev {port} vid 1")
        lab.at(switch, f"bridge vlan add dev {port} vid 7 pvid untagged")
    elif how == "nomaster":
        lab.ip(switch, f"link set {port} nomaster")
    else:
        lab.ip(switch, f"link set {bridge} down")


def _end(lab: Lab) -> None:
    rng = lab.rng
    name, dev = rng.choice(lab.ends)
    how = rng.choice(
        ("down", "mtu", "mtu", "mtu6", "flush", "mac", "mask", "arpoff", "nodefault", "second", "lo", "address", "twin", "permanent")
    )
    if how == "down":
        lab.ip(name, f"link set {dev} down")
    elif how == "mtu":
        lab.ip(name, f"link set {dev} mtu {rng.choice((1300, 900, 600))}")
    elif how == "mtu6":
        lab.ip(name, f"link set {dev} mtu 1280")
    elif how == "flush":
        lab.ip(name, f"addr flush dev {dev}")
    elif how == "mac":
        lab.ip(name, f"neigh replace {lab.any_address(rng.random() < 0.3)} lladdr 02:00:00:00:00:99 dev {dev}")
    elif how == "mask":
        address = rng.choice(lab.addresses[name]).rstrip("0123456789") + str(rng.randint(20, 60))
        lab.ip(name, f"addr add {address}/{120 if ':' in address else 28} dev {dev}" + (" nodad" if ":" in address else ""))
    elif how == "address":
        lab.ip(name, f"link set {dev} address 02:00:00:00:00:{rng.randint(1, 9):02}")
    elif how == "twin":  # an address that somebody else has too
        address = lab.any_address(rng.random() < 0.3)
        lab.ip(name, f"addr add {address}/{64 if ':' in address else 24} dev {dev}" + (" nodad" if ":" in address else ""))
    elif how == "permanent":
        other, there = rng.choice(lab.ends)
        mac = f"$(ip -n {other} -br link show {there} | awk '{{print $3}}')"
        lab.ip(name, f"neigh replace {rng.choice(lab.addresses[other])} lladdr {mac} dev {dev}")
    elif how == "arpoff":
        lab.ip(name, f"link set {dev} arp off")
    elif how == "nodefault":
        lab.ip(name, f"{rng.choice(('', '-6 '))}route del default")
    elif how == "second":
        lab.ip(name, f"addr add 10.77.0.{rng.randint(1, 9)}/24 dev {dev}")
        lab.addresses[name].append("10.77.0.5")
    else:
        lab.ip(name, "addr add 10.88.0.1/32 dev lo")
        lab.addresses[name].append("10.88.0.1")


def _nat_router(lab: Lab) -> None:
    """A published port, as a container engine makes it; perhaps with the hairpin."""
    routers = [s for s in lab.spaces if s[0] in "rq"] + [s for s, own in lab.addresses.items() if own[0].endswith(".250")]
    if not routers:
        return
    name, inside = lab.rng.choice(routers), lab.any_address(False)
    if name[0] not in "rq":  # the bridge's namespace is the router, as a container engine's host
        lab.at(name, "sysctl -qw net.ipv4.ip_forward=1")
    lab.at(name, f"iptables -t nat -A PREROUTING -p tcp --dport 8080 -j DNAT --to-destination {inside}:{WEB}")
    lab.at(name, f"iptables -t nat -A OUTPUT -p tcp --dport 8080 -j DNAT --to-destination {inside}:{WEB}")
    if lab.rng.random() < 0.6:
        lab.at(name, "iptables -t nat -A POSTROUTING -j MASQUERADE")


def _one_arm(lab: Lab) -> None:
    """A router with one interface, which sends back what it translates."""
    number = lab.rng.choice(sorted(lab.on_segment))
    members = lab.on_segment[number]
    (host, dev, _), (name, _, at) = lab.rng.choice(members), lab.rng.choice(members)
    lab.at(name, "sysctl -qw net.ipv4.ip_forward=1")
    lab.at(name, "iptables -t nat -A POSTROUTING -j MASQUERADE")
    lab.ip(host, f"route add {lab.any_address(False)} via 10.{number}.0.{at} dev {dev}")


def _stateful(lab: Lab) -> None:
    name, command = lab.any_space(), lab.rng.choice(("iptables", "ip6tables"))
    chain = "FORWARD" if name[0] in "rq" else "INPUT"
    lab.at(name, f"{command} -A {chain} -m conntrack --ctstate ESTABLISHED,RELATED -j ACCEPT")
    if lab.rng.random() < 0.5:
        lab.at(name, f"{command} -A {chain} -i eth0 -m conntrack --ctstate NEW -j ACCEPT")
    lab.at(name, f"{command} -A {chain} -j {lab.rng.choice(('DROP', 'REJECT'))}")


def _layer_two(lab: Lab) -> None:
    """Rules below IP."""
    rng = lab.rng
    how = rng.choice(("ebtables", "arptables", "nd", "nft"))
    if how == "ebtables" and lab.ports:
        switch, _, port = rng.choice(lab.ports)
        match = rng.choice(("-p ARP", "-p IPv4", "-p IPv6"))
        lab.at(switch, "nft add table bridge f; true")
        lab.at(switch, "nft 'add chain bridge f c { type filter hook forward priority 0; }'")
        kind = {"-p ARP": "arp", "-p IPv4": "ip", "-p IPv6": "ip6"}[match]
        lab.at(switch, f"nft add rule bridge f c iif {port} ether type {kind} drop")
    elif how == "arptables":
        name = lab.any_space()
        lab.at(name, "nft add table arp f")
        hook = rng.choice(("input", "output"))
        lab.at(name, f"nft 'add chain arp f c {{ type filter hook {hook} priority 0; }}'")
        lab.at(name, f"nft add rule arp f c arp operation {rng.choice(('request', 'reply'))} drop")
    elif how == "nd":
        chain, number = rng.choice((("INPUT", 135), ("OUTPUT", 135), ("INPUT", 136), ("OUTPUT", 136)))
        lab.at(lab.any_space(), f"ip6tables -A {chain} -p icmpv6 --icmpv6-type {number} -j DROP")
    else:
        name, family = lab.any_space(), rng.choice(("ip", "ip6", "inet"))
        lab.at(name, f"nft add table {family} own")
        hook = rng.choice(("input", "forward", "output", "prerouting"))
        lab.at(name, f"nft 'add chain {family} own c {{ type filter hook {hook} priority {rng.choice((-10, 10))}; }}'")
        matched, does = rng.choice(("tcp", "udp", "icmp", "ipv6-icmp")), rng.choice(("drop", "reject"))
        lab.at(name, f"nft add rule {family} own c meta l4proto {matched} counter {does}")


STREWN: tuple[tuple[Callable[[Lab], None], int], ...] = (
    (_rule, 30), (_policy, 5), (_ip_rule, 7), (_route, 6), (_sysctl, 9), (_port, 8), (_end, 10), (_nat_router, 6), (_stateful, 5),
    (_layer_two, 4), (_one_arm, 3),
)  # fmt: skip
