"""The commands of iproute2, bridge(8) and sysctl(8) that do the same as steps. Each line runs as it stands in the lab's `host`.

`$$` in a line is the shell that runs it: the way to name `host`, which has no name in /run/netns.
"""

import shlex
from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Any

from topology.model.base import HOST, Interface, Port
from topology.model.ids import name_of
from topology.model.kinds import stated_fields
from topology.model.records import AnyInterface, AnyRecord, Fdb, Namespace, Neighbour, Route, as_records
from topology.model.routing import DEFAULT, DEFAULT6, MAIN_TABLE
from topology.plan import steps as s
from topology.plan.plan import plan
from topology.rules.tokens import tokens


def commands(steps: Iterable[s.AnyStep]) -> tuple[str, ...]:
    """One or more lines for each step."""
    return tuple(line for step in steps for line in _lines(step))


def script(records: Mapping[str, AnyRecord]) -> str:
    """A shell script that builds the network in a fresh network namespace."""
    lines: list[str] = []
    for step in plan(records, as_records(Namespace(name=HOST))):
        if isinstance(step, s.AddRoute) and step.route.src is not None and ":" in step.route.src:
            lines += [wait] if (wait := _DAD.format(ip=_ip(step.route.namespace))) not in lines else []
        lines += _lines(step)
    return "\n".join(["#!/bin/sh", "set -e", *lines, ""])


_DAD = "for _ in $(seq 50); do {ip} -6 address show tentative | grep -q . || break; sleep 0.1; done"
"""Waits until no other host has been found to have the addresses: only then the kernel takes them as the source of a route."""


def _q(text: object) -> str:
    return shlex.quote(str(text))


_KEYWORDS = (
    "address", "addrgenmode", "alias", "allmulticast", "arp", "brd", "broadcast", "dev", "down", "dynamic", "gro_ipv4_max_size",
    "group", "gso_ipv4_max_size", "gso_max_segs", "gso_max_size", "help", "index", "link", "link-netns", "link-netnsid",
    "master", "mode", "mtu", "multicast", "name", "netns", "nomaster", "numrxqueues", "numtxqueues", "operstate", "parentbus",
    "parentdev", "peer", "promisc", "protodown", "protodown_reason", "qlen", "state", "trailers", "txqlen", "txqueuelen",
    "type", "up", "vf", "vrf", "xdp", "xdpdrv", "xdpgeneric", "xdpoffload",
)  # fmt: skip
"""What ip-link(8) expects where a name may stand, too; it takes the beginning of one for the whole (iplink_parse() of ip/iplink.c)."""


def _named(name: str, keyword: str) -> str:
    """An interface in `ip link`: after its keyword where the name alone would be taken for another one: `a` for `address`."""
    taken = any(word.startswith(name) for word in _KEYWORDS)
    return f"{keyword} {_q(name)}" if taken else _q(name)


def _ip(namespace: str, tool: str = "ip") -> str:
    return tool if namespace == HOST else f"{tool} -n {_q(namespace)}"


def _netns(namespace: str) -> str:
    return "$$" if namespace == HOST else _q(namespace)


def _lines(step: s.AnyStep) -> list[str]:
    found = _COMMANDS[type(step)](step)
    return [found] if isinstance(found, str) else found


def _set_up(step: s.SetUp) -> str:
    return f"{_ip(step.namespace)} link set {_named(step.name, 'dev')} {'up' if step.up else 'down'}"


def _address(step: s.AddAddress | s.DeleteAddress) -> str:
    verb = "add" if isinstance(step, s.AddAddress) else "delete"
    return f"{_ip(step.namespace)} address {verb} {step.address} dev {_q(step.dev)}"


def _add_vlan(step: s.AddVlan) -> str:
    flags = (" pvid" if step.vlan.pvid else "") + (" untagged" if step.vlan.untagged else "")
    return f"{_ip(step.namespace, 'bridge')} vlan add dev {_q(step.dev)} vid {step.vlan.vid}{flags}"


def _delete_vlan(step: s.DeleteVlan) -> str:
    return f"{_ip(step.namespace, 'bridge')} vlan delete dev {_q(step.dev)} vid {step.vid}"


def _set_sysctl(step: s.SetSysctl) -> str:
    return f"{_inside(step.namespace)}sysctl -q -w {_q(f'{step.key}={step.value}')}"


def _inside(namespace: str) -> str:
    """What comes before a command that has no option for the namespace."""
    return "" if namespace == HOST else f"ip netns exec {_q(namespace)} "


def _iptables(step: s.ChangeTable, line: str) -> str:
    """A line as a shell takes it: iptables-restore has quotes of its own."""
    table = "" if step.table == "filter" else f" -t {step.table}"
    words = " ".join(t.value if t.value == "!" else shlex.quote(t.value) for t in tokens(line))
    return f"{_inside(step.namespace)}{'iptables' if step.family == 'ipv4' else 'ip6tables'}{table} {words}"


def _hardware(interface: Interface) -> str:
    mac = f" address {interface.mac}" if interface.mac else ""
    return mac + (f" mtu {interface.mtu}" if interface.mtu is not None else "")


def _add(interface: AnyInterface, peer: AnyInterface | None) -> list[str]:
    if peer is not None:
        return [_add_pair(*((peer, interface) if peer.namespace == HOST else (interface, peer)))]
    made_in, name, lower = interface.made_in, _named(interface.name, "name"), interface.KIND.lower
    linked = lower is not None and lower.option == "link" and interface.lower is not None
    if linked:
        name = f"link {_q(name_of(interface.lower or ''))} name {_q(interface.name)}"
    start = f"{_ip(made_in)} link add {name}{_hardware(interface)}"
    words = f"type {interface.word}{_kind_words(interface, stated_fields(interface))}"
    if made_in == interface.namespace:
        return [f"{start} {words}"]
    if linked:
        return [f"{start} netns {_netns(interface.namespace)} {words}"]
    return [f"{start} {words}", f"{_ip(made_in)} link set {_named(interface.name, 'dev')} netns {_netns(interface.namespace)}"]


def _add_pair(one: AnyInterface, other: AnyInterface) -> str:
    netns = "" if one.namespace == other.namespace else f" netns {_netns(other.namespace)}"
    ends = [f"{_q(end.name)}{_hardware(end)}" for end in (one, other)]
    name = "name " if _named(one.name, "name") != _q(one.name) else ""
    return f"{_ip(one.namespace)} link add {name}{ends[0]} type {one.word} peer name {ends[1]}{netns}"


def _kind_words(interface: AnyInterface, fields: Collection[str]) -> str:
    """The options after `type KIND` for these fields, in the order in which the kind declares them."""
    words = [f.words(getattr(interface, f.name)) for f in interface.KIND.fields if f.name in fields]
    return "".join(f" {' '.join(map(_q, text.split(' ')))}" for text in words if text)


def _move(step: s.MoveInterface) -> str:
    line = f"{_ip(step.namespace)} link set {_named(step.name, 'dev')}"
    if step.to_namespace != step.namespace:
        line += f" netns {_netns(step.to_namespace)}"
    return line + (f" name {_q(step.to_name)}" if step.to_name != step.name else "")


def _change(step: s.ChangeInterface) -> list[str]:
    after, line, out = step.after, f"{_ip(step.after.namespace)} link set {_named(step.after.name, 'dev')}", []
    words = ""
    if "mac" in step.fields and (mac := after.mac or step.values.get("mac")):
        words += f" address {mac}"
    if "mtu" in step.fields:
        words += f" mtu {after.mtu if after.mtu is not None else step.values.get('mtu', 1500)}"
    if "master" in step.fields:
        words += f" master {_q(after.master)}" if after.master else " nomaster"
    if words:
        out.append(line + words)
    if own := [f for f in after.KIND.changeable if f in step.fields]:
        named = [f.name for f in after.KIND.fields if f.named]
        out.append(f"{line} type {after.word}{_kind_words(after, [*named, *own])}")
    if "port" in step.fields:
        out.append(f"{_ip(after.namespace, 'bridge')} link set dev {_q(after.name)}{_port(after.port)}")
    return out


def _port(port: Port) -> str:
    switches = {"hairpin": port.hairpin, "isolated": port.isolated, "learning": port.learning, "flood": port.flood}
    return f" cost {port.cost} priority {port.priority}" + "".join(f" {k} {'on' if v else 'off'}" for k, v in switches.items())


def _six(route: Route) -> str:
    return " -6" if ":" in route.to else ""


def _route(route: Route) -> str:
    words = ("" if route.type == "unicast" else f"{route.type} ") + (DEFAULT if route.to == DEFAULT6 else route.to)
    if route.via:
        family = "inet6 " if ":" in route.via and ":" not in route.to else ""
        words += f" via {family}{route.via}"
    words += (f" dev {_q(route.dev)}" if route.dev else "") + (f" src {route.src}" if route.src else "")
    words += (f" metric {route.metric}" if route.metric is not None else "") + (
        f" table {route.table}" if route.table != MAIN_TABLE else ""
    )
    return words + (" onlink" if route.onlink else "")


def _neighbour(entry: Neighbour, verb: str) -> str:
    return f"{_ip(entry.namespace)} neighbour {verb} {entry.address} dev {_q(entry.dev)}"


def _fdb(entry: Fdb, verb: str) -> str:
    words = f"{_ip(entry.namespace, 'bridge')} fdb {verb} {entry.mac} dev {_q(entry.dev)}"
    vlan = f" vlan {entry.vlan}" if entry.vlan is not None else ""
    if entry.destination is not None:
        return f"{words} dst {entry.destination} self permanent"
    kind = "" if verb == "delete" else " local" if entry.local else " static"
    return f"{words}{vlan} master{kind}"


_COMMANDS: dict[type[s.AnyStep], Callable[[Any], str | list[str]]] = {
    s.AddNamespace: lambda step: f"ip netns add {_q(step.name)}",
    s.DeleteNamespace: lambda step: f"ip netns delete {_q(step.name)}",
    s.SetNsid: lambda step: f"ip netns set {_q(step.name)} {step.nsid}",
    s.AddInterface: lambda step: _add(step.interface, step.peer),
    s.DeleteInterface: lambda step: f"{_ip(step.namespace)} link delete {_named(step.name, 'dev')}",
    s.MoveInterface: _move,
    s.ChangeInterface: _change,
    s.SetUp: _set_up,
    s.AddAddress: _address,
    s.DeleteAddress: _address,
    s.AddRoute: lambda step: f"{_ip(step.route.namespace)}{_six(step.route)} route add {_route(step.route)}",
    s.DeleteRoute: lambda step: f"{_ip(step.route.namespace)}{_six(step.route)} route delete {_route(step.route)}",
    s.AddNeighbour: lambda step: f"{_neighbour(step.neighbour, 'replace')} lladdr {step.neighbour.mac} nud permanent",
    s.DeleteNeighbour: lambda step: _neighbour(step.neighbour, "delete"),
    s.AddFdb: lambda step: _fdb(step.fdb, "append" if step.fdb.destination else "replace"),
    s.DeleteFdb: lambda step: _fdb(step.fdb, "delete"),
    s.AddVlan: _add_vlan,
    s.DeleteVlan: _delete_vlan,
    s.SetSysctl: _set_sysctl,
    s.ChangeTable: lambda step: [_iptables(step, line) for line in step.lines],
}
"""Kind of step → its line or lines."""
