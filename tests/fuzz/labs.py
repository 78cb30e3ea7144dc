"""Random labs: a few segments with hosts, routers between them, and faults and rules strewn over them."""

import random
from collections.abc import Callable

from tests.fuzz.case import ECHO, SILENT, WEB, Case, Sent

_TABLES = {
    "filter": ("INPUT", "FORWARD", "OUTPUT"),
    "mangle": ("PREROUTING", "INPUT", "FORWARD", "OUTPUT", "POSTROUTING"),
    "raw": ("PREROUTING", "OUTPUT"),
    "nat": ("PREROUTING", "INPUT", "OUTPUT", "POSTROUTING"),
}


class Lab:
    """What is built so far. `ports`: (switch namespace, bridge, port) of every bridge port; `ends`: (namespace, device)."""

    def __init__(self, rng: random.Random, driver: str) -> None:
        self.rng, self.driver = rng, driver
        self.lines: list[str] = []
        self.spaces: list[str] = []
        self.ends: list[tuple[str, str]] = []
        self.ports: list[tuple[str, str, str]] = []
        self.addresses: dict[str, list[str]] = {}
        self.on_segment: dict[int, list[tuple[str, str, int]]] = {}
        self._interfaces: dict[str, int] = {}

    def say(self, *lines: str) -> None:
        self.lines += lines

    def space(self, name: str) -> str:
        self.spaces.append(name)
        self.say(f"space {name}" + (" limited" if self.rng.random() < 0.1 else ""))
        return name

    def at(self, name: str, command: str) -> None:
        """A line in a namespace; `host` is the lab's own."""
        self.say(command if name == "host" else f"ip netns exec {name} {command}")

    def ip(self, name: str, words: str) -> None:
        self.say(f"ip {'' if name == 'host' else f'-n {name} '}{words}")

    def new_dev(self, name: str) -> str:
        number = self._interfaces.get(name, 0)
        self._interfaces[name] = number + 1
        return f"eth{number}"

    def any_space(self) -> str:
        return self.rng.choice(self.spaces)

    def any_address(self, ipv6: bool) -> str:
        found = [a for own in self.addresses.values() for a in own if (":" in a) == ipv6]
        return self.rng.choice(found) if found else ("fd09::9" if ipv6 else "10.9.0.9")


# ---- topology ------------------------------------------------------------------------------------------------------------


def _switch(lab: Lab, number: int) -> tuple[str, list[str]]:
    """Namespace of the bridges of a segment, and the bridges."""
    name = "host" if lab.rng.random() < 0.5 else lab.space(f"sw{number}")
    bridges = [f"br{number}"] + ([f"br{number}x"] if lab.rng.random() < 0.15 else [])
    for bridge in bridges:
        lab.ip(name, f"link add {bridge} type bridge")
        lab.ip(name, f"link set {bridge} up")
    if len(bridges) == 2:
        lab.ip(name, f"link add {bridges[0]}t type veth peer name {bridges[1]}t")
        for bridge in bridges:
            lab.ip(name, f"link set {bridge}t master {bridge} up")
            lab.ports.append((name, bridge, f"{bridge}t"))
    return name, bridges


def _segment(lab: Lab, number: int, members: list[str]) -> None:
    """Interfaces of the members on a segment of their own, with addresses."""
    kind = lab.rng.choices(("bridge", "macvlan", "wire", "vxlan"), (70, 8, 14, 8))[0]
    if kind in ("wire", "vxlan") and len(members) != 2:
        kind = "bridge"
    devs = [(member, lab.new_dev(member)) for member in members]
    _BUILD[kind](lab, number, devs)
    lab.on_segment[number] = []
    for at, (member, dev) in enumerate(devs, 1):
        lab.ip(member, f"link set {dev} up")
        lab.ends.append((member, dev))
        lab.on_segment[number].append((member, dev, at))
        for address in (f"10.{number}.0.{at}/24", f"fd{number:02}::{at}/64"):
            lab.ip(member, f"addr add {address} dev {dev}" + (" nodad" if ":" in address else ""))
            lab.addresses.setdefault(member, []).append(address.partition("/")[0])


def _bridged(lab: Lab, number: int, devs: list[tuple[str, str]]) -> None:
    switch, bridges = _switch(lab, number)
    for at, (member, dev) in enumerate(devs):
        bridge, port = lab.rng.choice(bridges), f"s{number}p{at}"
        lab.ip(switch, f"link add {port} type veth peer name {dev} netns {member}")
        lab.ip(switch, f"link set {port} master {bridge} up")
        lab.ports.append((switch, bridge, port))
    if lab.rng.random() < 0.2:  # the bridge itself is a host of the segment
        lab.ip(switch, f"addr add 10.{number}.0.250/24 dev {bridges[0]}")
        lab.addresses.setdefault(switch, []).append(f"10.{number}.0.250")


def _macvlans(lab: Lab, number: int, devs: list[tuple[str, str]]) -> None:
    mode = lab.rng.choices(("bridge", "private", "vepa"), (8, 1, 1))[0]
    lab.say(f"ip link add m{number} type dummy || ip link add m{number} type veth peer name m{number}x", f"ip link set m{number} up")
    lab.say(f"ip link set m{number}x up")
    for member, dev in devs:
        lab.say(f"ip link add link m{number} name t{dev} type macvlan mode {mode}")
        lab.say(f"ip link set t{dev} netns {member} name {dev}")


def _wire(lab: Lab, _number: int, devs: list[tuple[str, str]]) -> None:
    (one, dev), (other, peer) = devs
    lab.say(f"ip link add {dev} netns {one} type veth peer name {peer} netns {other}")


def _vxlan(lab: Lab, number: int, devs: list[tuple[str, str]]) -> None:
    (one, _dev), (other, _peer) = devs
    lab.say(f"ip link add u{number} netns {one} type veth peer name u{number} netns {other}")
    for at, (member, name) in enumerate(devs, 1):
        lab.ip(member, f"addr add 172.16.{number}.{at}/24 dev u{number}")
        lab.ip(member, f"link set u{number} up")
        lab.ip(member, f"link add {name} type vxlan id {number} dstport 4789 local 172.16.{number}.{at} remote 172.16.{number}.{3 - at}")


_BUILD: dict[str, Callable[[Lab, int, list[tuple[str, str]]], None]] = {
    "bridge": _bridged, "macvlan": _macvlans, "wire": _wire, "vxlan": _vxlan,
}  # fmt: skip


def _topology(lab: Lab) -> None:
    """Segments in a row, with a router between each two, and hosts on them."""
    rng = lab.rng
    count = rng.choices((1, 2, 3), (3, 5, 2))[0]
    routers = [lab.space(f"r{n}") for n in range(1, count)]
    hosts = {n: [lab.space(f"h{n}{c}") for c in "ab"[: rng.choices((1, 2), (2, 1))[0] + (count == 1)]] for n in range(1, count + 1)}
    second = lab.space("q1") if count > 1 and rng.random() < 0.12 else ""
    for number in range(1, count + 1):
        beside = routers[max(0, number - 2) : number]
        members = hosts[number] + beside + ([second] if second and number < 3 else [])
        rng.shuffle(members)
        _segment(lab, number, members)
    for name in (*routers, *([second] if second else [])):
        lab.at(name, "sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1")
    _routes(lab, hosts, [*routers, *([second] if second else [])], count)


def _routes(lab: Lab, hosts: dict[int, list[str]], routers: list[str], count: int) -> None:
    place = {(member, number): at for number, members in lab.on_segment.items() for member, _, at in members}
    for number, members in hosts.items():
        near = [r for r in routers if (r, number) in place]
        for member in members:
            if near and lab.rng.random() < 0.95:
                at = place[lab.rng.choice(near), number]
                lab.ip(member, f"route add default via 10.{number}.0.{at}")
                lab.ip(member, f"route add default via fd{number:02}::{at}")
    for at, router in enumerate(routers[: count - 1], 1):
        for number in range(1, count + 1):
            if (router, number) not in place:
                step = at + 1 if number > at else at - 1
                over = at + 1 if number > at else at
                other = f"r{step}"
                if (other, over) in place:
                    lab.ip(router, f"route add 10.{number}.0.0/24 via 10.{over}.0.{place[other, over]}")
                    lab.ip(router, f"route add fd{number:02}::/64 via fd{over:02}::{place[other, over]}")


# ---- what is strewn over it ----------------------------------------------------------------------------------------------


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
        return rng.choice(("-j DROP", "-j DROP", "-j ACCEPT", "-j REJECT", "-j REJECT", "-j RETURN", reset, ""))
    if table == "raw":
        return rng.choice(("-j DROP", "-j CT --notrack", "-j ACCEPT"))
    if table == "mangle":
        ttl = ("-j HL --hl-set 1" if ipv6 else "-j TTL --ttl-set 1") if chain == "PREROUTING" else "-j MARK --set-mark 2"
        tee = f"-j TEE --gateway {lab.any_address(ipv6)}"
        return rng.choice(("-j DROP", "-j MARK --set-mark 1", "-j MARK --set-mark 2", ttl, tee, "-j ACCEPT"))
    address = lab.any_address(ipv6)
    if chain in ("PREROUTING", "OUTPUT"):
        return rng.choice((f"-j DNAT --to-destination {address}", f"-j DNAT --to-destination {address}", "-j REDIRECT", "-j ACCEPT"))
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
        lab.at(name, f"{command} -t {table} -A {chain} -j {user}")
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
        "iif eth0", "ipproto udp sport 5555", "tos 0x10",
    ))  # fmt: skip
    what = rng.choice(("unreachable", "prohibit", "blackhole", "table 100", "table 100"))
    if what == "table 100":
        lab.ip(name, f"{six}route add {rng.choice(('unreachable', 'blackhole', 'prohibit', 'throw'))} default table 100")
    order = rng.choice(("", "pref 100", "pref 40000"))
    lab.ip(name, f"{six}rule add {order} {match if match or 'table' not in what else 'from all'} {what}")


def _typed_route(lab: Lab) -> None:
    rng, ipv6 = lab.rng, lab.rng.random() < 0.3
    kind = rng.choice(("unreachable", "blackhole", "prohibit", "throw"))
    lab.ip(lab.any_space(), f"{'-6 ' if ipv6 else ''}route add {kind} {lab.any_address(ipv6)}")


def _sysctl(lab: Lab) -> None:
    rng = lab.rng
    key = rng.choice((
        "net.ipv4.conf.all.rp_filter=1", "net.ipv4.conf.all.rp_filter=2", "net.ipv4.conf.eth0.rp_filter=1", "net.ipv4.ip_forward=0",
        "net.ipv6.conf.all.forwarding=0", "net.ipv4.conf.all.arp_ignore=1", "net.ipv4.conf.all.arp_ignore=8", "net.ipv4.ip_forward=1",
        "net.ipv4.icmp_echo_ignore_all=1", "net.ipv6.icmp.echo_ignore_all=1", "net.ipv4.conf.all.proxy_arp=1",
        "net.ipv4.conf.all.accept_local=1", "net.ipv4.conf.all.route_localnet=1", "net.ipv4.ip_default_ttl=1",
        "net.bridge.bridge-nf-call-iptables=0", "net.bridge.bridge-nf-call-ip6tables=0", "net.ipv4.icmp_ratelimit=100000",
        "net.ipv6.conf.all.disable_ipv6=1", "net.ipv4.conf.eth0.forwarding=0", "net.ipv4.conf.all.arp_announce=2",
    ))  # fmt: skip
    lab.at(lab.any_space() if "bridge" not in key else lab.rng.choice([p[0] for p in lab.ports] or ["host"]), f"sysctl -qw {key}")


def _port(lab: Lab) -> None:
    if not lab.ports:
        return
    switch, bridge, port = lab.rng.choice(lab.ports)
    how = lab.rng.choice(("down", "isolated", "state", "flood", "learning", "stp", "vlan", "hairpin", "bridge", "nomaster", "bcast"))
    flag = {"isolated": "isolated on", "state": "state 0", "flood": "flood off", "learning": "learning off", "hairpin": "hairpin on",
            "bcast": "bcast_flood off"}  # fmt: skip
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
    how = rng.choice(("down", "mtu", "mtu", "mtu6", "flush", "mac", "mask", "arpoff", "nodefault", "second", "lo"))
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
    routers = [s for s in lab.spaces if s[0] in "rq"]
    if not routers:
        return
    name, inside = lab.rng.choice(routers), lab.any_address(False)
    lab.at(name, f"iptables -t nat -A PREROUTING -p tcp --dport 8080 -j DNAT --to-destination {inside}:{WEB}")
    lab.at(name, f"iptables -t nat -A OUTPUT -p tcp --dport 8080 -j DNAT --to-destination {inside}:{WEB}")
    if lab.rng.random() < 0.6:
        lab.at(name, "iptables -t nat -A POSTROUTING -j MASQUERADE")


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


_STREWN: tuple[tuple[Callable[[Lab], None], int], ...] = (
    (_rule, 30), (_policy, 5), (_ip_rule, 7), (_typed_route, 4), (_sysctl, 9), (_port, 8), (_end, 10), (_nat_router, 6), (_stateful, 5),
    (_layer_two, 4),
)  # fmt: skip


# ---- probes --------------------------------------------------------------------------------------------------------------


def _probe(lab: Lab) -> Sent:
    rng = lab.rng
    senders = [s for s in lab.spaces if s[0] != "s"] + (["host"] if "host" in lab.addresses else [])
    source, ipv6 = rng.choice(senders), rng.random() < 0.35
    roll = rng.random()
    address = lab.any_address(ipv6)
    if roll < 0.06:
        number = rng.randint(1, 3)
        address = f"fd{number:02}::99" if ipv6 else f"10.{number}.0.99"
    elif roll < 0.09:
        address = "fd66::1" if ipv6 else "10.66.0.1"
    elif roll < 0.11:
        address = "fd01::77" if ipv6 else rng.choice(("10.1.0.255", "10.2.0.255", "255.255.255.255"))
    elif roll < 0.13:
        address = "::1" if ipv6 else "127.0.0.1"
    protocol = rng.choice(("icmp", "icmp", "udp", "tcp", "tcp"))
    port = {"icmp": 0, "udp": rng.choice((ECHO, SILENT, 5555)), "tcp": rng.choice((WEB, WEB, 81, 8080))}[protocol]
    return Sent(
        source=source, address=address, protocol=protocol, port=port, source_port=5555 if rng.random() < 0.05 else 0,  # type: ignore[arg-type]
        size=rng.choice((56, 56, 56, 700, 1000, 1400, 2000)) if protocol != "tcp" else 56,
        ttl=rng.choice((1, 2)) if rng.random() < 0.06 else None, dont_fragment=rng.random() < 0.15,
        mark=rng.choice((1, 2)) if rng.random() < 0.08 else 0,
        dev="eth0" if rng.random() < 0.05 else "",
    )  # fmt: skip


def make(seed: int, driver: str = "", probes: int = 6) -> Case:
    """The case of a seed. `driver`: empty: either."""
    rng = random.Random(seed)
    chosen = rng.choice(("legacy", "nft"))
    lab = Lab(rng, driver or chosen)
    _topology(lab)
    things, weights = zip(*_STREWN, strict=True)
    for thing in rng.choices(things, weights, k=rng.choice((0, 1, 1, 2, 2, 3, 3, 4, 6))):
        thing(lab)
    sent = tuple(_probe(lab) for _ in range(probes))
    return Case(seed=seed, driver=lab.driver, lines=tuple(lab.lines), probes=sent, together=2 if rng.random() < 0.15 else 1)
