"""The commands of iproute2, bridge(8) and sysctl(8) that do the same as steps. Each line runs as it stands in the lab's `host`.

`$$` in a line is the shell that runs it: the way to name `host`, which has no name in /run/netns.
"""

import shlex
from collections.abc import Iterable, Mapping

from topology.model.base import HOST, Interface, Port
from topology.model.records import AnyInterface, AnyRecord, Bridge, Fdb, Macvlan, Namespace, Neighbour, Route, Veth, Vxlan, as_records
from topology.plan import steps as s
from topology.plan.plan import plan
from topology.rules.tokens import tokens

_BRIDGE = {
    "stp": "stp_state", "priority": "priority", "forward_delay": "forward_delay", "hello_time": "hello_time", "max_age": "max_age",
    "ageing_time": "ageing_time", "vlan_filtering": "vlan_filtering", "vlan_default_pvid": "vlan_default_pvid",
    "mcast_snooping": "mcast_snooping",
}  # fmt: skip
_USUAL = Bridge(namespace="", name="")
_TIMES = ("forward_delay", "hello_time", "max_age", "ageing_time")
"""ip-link(8) takes them in 1/100 s."""


def commands(steps: Iterable[s.AnyStep]) -> tuple[str, ...]:
    """One or more lines for each step."""
    return tuple(line for step in steps for line in _lines(step))


def script(records: Mapping[str, AnyRecord]) -> str:
    """A shell script that builds the network in a fresh network namespace."""
    steps = plan(records, as_records(Namespace(name=HOST)))
    return "\n".join(["#!/bin/sh", "set -e", *commands(steps), ""])


def _q(text: object) -> str:
    return shlex.quote(str(text))


def _ip(namespace: str, tool: str = "ip") -> str:
    return tool if namespace == HOST else f"{tool} -n {_q(namespace)}"


def _netns(namespace: str) -> str:
    return "$$" if namespace == HOST else _q(namespace)


def _lines(step: s.AnyStep) -> list[str]:
    match step:
        case s.AddNamespace():
            return [f"ip netns add {_q(step.name)}"]
        case s.DeleteNamespace():
            return [f"ip netns delete {_q(step.name)}"]
        case s.SetNsid():
            return [f"ip netns set {_q(step.name)} {step.nsid}"]
        case s.AddInterface():
            return _add(step.interface, step.peer)
        case s.DeleteInterface():
            return [f"{_ip(step.namespace)} link delete {_q(step.name)}"]
        case s.MoveInterface():
            return [_move(step)]
        case s.ChangeInterface():
            return _change(step)
        case s.SetUp():
            return [f"{_ip(step.namespace)} link set {_q(step.name)} {'up' if step.up else 'down'}"]
        case s.AddAddress():
            return [f"{_ip(step.namespace)} address add {step.address} dev {_q(step.dev)}"]
        case s.DeleteAddress():
            return [f"{_ip(step.namespace)} address delete {step.address} dev {_q(step.dev)}"]
        case s.AddVlan():
            flags = (" pvid" if step.vlan.pvid else "") + (" untagged" if step.vlan.untagged else "")
            return [f"{_ip(step.namespace, 'bridge')} vlan add dev {_q(step.dev)} vid {step.vlan.vid}{flags}"]
        case s.DeleteVlan():
            return [f"{_ip(step.namespace, 'bridge')} vlan delete dev {_q(step.dev)} vid {step.vid}"]
        case s.SetSysctl():
            inside = "" if step.namespace == HOST else f"ip netns exec {_q(step.namespace)} "
            return [f"{inside}sysctl -q -w {_q(f'{step.key}={step.value}')}"]
        case s.ChangeTable():
            return [_iptables(step, line) for line in step.lines]
        case _:
            return [_entry(step)]


def _iptables(step: s.ChangeTable, line: str) -> str:
    """A line as a shell takes it: iptables-restore has quotes of its own."""
    inside = "" if step.namespace == HOST else f"ip netns exec {_q(step.namespace)} "
    table = "" if step.table == "filter" else f" -t {step.table}"
    words = " ".join(t.value if t.value == "!" else shlex.quote(t.value) for t in tokens(line))
    return f"{inside}{'iptables' if step.family == 'ipv4' else 'ip6tables'}{table} {words}"


def _entry(step: s.AddRoute | s.DeleteRoute | s.AddNeighbour | s.DeleteNeighbour | s.AddFdb | s.DeleteFdb) -> str:
    match step:
        case s.AddRoute():
            return f"{_ip(step.route.namespace)}{_six(step.route)} route add {_route(step.route)}"
        case s.DeleteRoute():
            return f"{_ip(step.route.namespace)}{_six(step.route)} route delete {_route(step.route)}"
        case s.AddNeighbour():
            return _neighbour(step.neighbour, "replace") + f" lladdr {step.neighbour.mac} nud permanent"
        case s.DeleteNeighbour():
            return _neighbour(step.neighbour, "delete")
        case s.AddFdb():
            return _fdb(step.fdb, "append" if step.fdb.destination else "replace")
        case s.DeleteFdb():
            return _fdb(step.fdb, "delete")


def _hardware(interface: Interface) -> str:
    mac = f" address {interface.mac}" if interface.mac else ""
    return mac + (f" mtu {interface.mtu}" if interface.mtu is not None else "")


def _add(interface: AnyInterface, peer: Veth | None) -> list[str]:
    if peer is not None:
        near, far = (peer, interface) if peer.namespace == HOST else (interface, peer)
        there = "" if near.namespace == far.namespace else f" netns {_netns(far.namespace)}"
        return [
            f"{_ip(near.namespace)} link add {_q(near.name)}{_hardware(near)} type veth peer name {_q(far.name)}{_hardware(far)}{there}"
        ]
    match interface:
        case Bridge():
            words = _bridge_words(interface, [f for f in _BRIDGE if getattr(interface, f) != getattr(_USUAL, f)])
            return [f"{_ip(interface.namespace)} link add {_q(interface.name)}{_hardware(interface)} type bridge{words}"]
        case Macvlan():
            return _on_parent(interface, interface.parent, f"macvlan mode {interface.mode}")
        case Vxlan():
            return _vxlan(interface)
        case _:
            return [f"{_ip(interface.namespace)} link add {_q(interface.name)}{_hardware(interface)} type veth"]


def _on_parent(interface: Macvlan | Vxlan, parent: str, words: str) -> list[str]:
    there, _, below = parent.partition("/")
    elsewhere = "" if there == interface.namespace else f" netns {_netns(interface.namespace)}"
    return [f"{_ip(there)} link add link {_q(below)} name {_q(interface.name)}{_hardware(interface)}{elsewhere} type {words}"]


def _vxlan(interface: Vxlan) -> list[str]:
    words = f"vxlan id {interface.vni} dstport {interface.port_number}"
    if interface.local:
        words += f" local {interface.local}"
    if interface.remote:
        words += f" {'group' if _multicast(interface.remote) else 'remote'} {interface.remote}"
    if interface.parent:
        words += f" dev {_q(interface.parent.partition('/')[2])}"
    words += (f" ttl {interface.ttl}" if interface.ttl else "") + ("" if interface.learning else " nolearning")
    made_in = interface.underlay or interface.namespace
    lines = [f"{_ip(made_in)} link add {_q(interface.name)}{_hardware(interface)} type {words}"]
    if made_in != interface.namespace:
        lines.append(f"{_ip(made_in)} link set {_q(interface.name)} netns {_netns(interface.namespace)}")
    return lines


def _multicast(address: str) -> bool:
    first = address.partition(".")[0]
    return address.lower().startswith("ff") if ":" in address else 224 <= int(first) <= 239


def _move(step: s.MoveInterface) -> str:
    line = f"{_ip(step.namespace)} link set {_q(step.name)}"
    if step.to_namespace != step.namespace:
        line += f" netns {_netns(step.to_namespace)}"
    return line + (f" name {_q(step.to_name)}" if step.to_name != step.name else "")


def _bridge_words(bridge: Bridge, fields: Iterable[str]) -> str:
    words = ""
    for field in fields:
        value = int(getattr(bridge, field))
        words += f" {_BRIDGE[field]} {value * 100 if field in _TIMES else value}"
    return words


def _change(step: s.ChangeInterface) -> list[str]:
    after, line, out = step.after, f"{_ip(step.after.namespace)} link set {_q(step.after.name)}", []
    words = ""
    if "mac" in step.fields and (mac := after.mac or step.values.get("mac")):
        words += f" address {mac}"
    if "mtu" in step.fields:
        words += f" mtu {after.mtu if after.mtu is not None else step.values.get('mtu', 1500)}"
    if "master" in step.fields:
        words += f" master {_q(after.master)}" if after.master else " nomaster"
    if words:
        out.append(line + words)
    if isinstance(after, Bridge) and (fields := [f for f in step.fields if f in _BRIDGE]):
        out.append(f"{line} type bridge{_bridge_words(after, fields)}")
    if isinstance(after, Macvlan) and "mode" in step.fields:
        out.append(f"{line} type macvlan mode {after.mode}")
    if isinstance(after, Vxlan) and {"ttl", "learning"} & set(step.fields):
        out.append(f"{line} type vxlan id {after.vni} ttl {after.ttl} {'learning' if after.learning else 'nolearning'}")
    if "port" in step.fields:
        out.append(f"{_ip(after.namespace, 'bridge')} link set dev {_q(after.name)}{_port(after.port)}")
    return out


def _port(port: Port) -> str:
    switches = {"hairpin": port.hairpin, "isolated": port.isolated, "learning": port.learning, "flood": port.flood}
    return f" cost {port.cost} priority {port.priority}" + "".join(f" {k} {'on' if v else 'off'}" for k, v in switches.items())


def _six(route: Route) -> str:
    return " -6" if ":" in route.to else ""


def _route(route: Route) -> str:
    words = ("" if route.type == "unicast" else f"{route.type} ") + ("default" if route.to == "::/0" else route.to)
    if route.via:
        family = "inet6 " if ":" in route.via and ":" not in route.to else ""
        words += f" via {family}{route.via}"
    words += (f" dev {_q(route.dev)}" if route.dev else "") + (f" src {route.src}" if route.src else "")
    words += (f" metric {route.metric}" if route.metric is not None else "") + (f" table {route.table}" if route.table != 254 else "")
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
