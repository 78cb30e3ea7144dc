"""Random labs: a few segments with hosts, routers between them, and faults and rules strewn over them."""

import random
from collections.abc import Callable

from tests.fuzz.case import ECHO, SILENT, WEB, Case, Sent
from tests.fuzz.lab import Lab
from tests.fuzz.strewn import STREWN

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
    elif roll < 0.15 and not ipv6:
        address = rng.choice(("127.0.0.2", "127.1.2.3"))
    protocol = rng.choice(("icmp", "icmp", "udp", "tcp", "tcp"))
    port = {"icmp": 0, "udp": rng.choice((ECHO, SILENT, 5555)), "tcp": rng.choice((WEB, WEB, 81, 8080))}[protocol]
    own = [a for a in lab.addresses.get(source, ()) if (":" in a) == (":" in address)]
    return Sent(
        source=source, address=address, protocol=protocol, port=port, source_port=5555 if rng.random() < 0.05 else 0,  # type: ignore[arg-type]
        size=rng.choice((56, 56, 56, 700, 1000, 1400, 2000)) if protocol != "tcp" else 56,
        ttl=rng.choice((1, 2)) if rng.random() < 0.06 else None, dont_fragment=rng.random() < 0.15,
        mark=rng.choice((1, 2)) if rng.random() < 0.08 else 0,
        dev="eth0" if rng.random() < 0.05 else "",
        tos=0x10 if rng.random() < 0.06 else 0,
        source_address=rng.choice(own) if own and rng.random() < 0.06 else "",
    )  # fmt: skip


def make(seed: int, driver: str = "", probes: int = 6) -> Case:
    """The case of a seed. `driver`: empty: either."""
    rng = random.Random(seed)
    chosen = rng.choice(("legacy", "nft"))
    lab = Lab(rng, driver or chosen)
    _topology(lab)
    things, weights = zip(*STREWN, strict=True)
    for thing in rng.choices(things, weights, k=rng.choice((0, 1, 1, 2, 2, 3, 3, 4, 6))):
        thing(lab)
    sent = tuple(_probe(lab) for _ in range(probes))
    return Case(seed=seed, driver=lab.driver, lines=tuple(lab.lines), probes=sent, together=2 if rng.random() < 0.15 else 1)
