"""What the kernel would refuse of a state. `topology.edit.edit` asks it of what an edit touches, `topology.document.document` of all."""

import errno
import ipaddress
import re
from collections.abc import Collection, Iterator, Mapping
from typing import NamedTuple

from topology.model import ids, names
from topology.model.base import HOST, Fault
from topology.model.graph import Graph
from topology.model.kind import Lower
from topology.model.kind import fault as _strerror
from topology.model.problems import Code, Problem, ProblemError
from topology.model.records import (
    AnyInterface,
    AnyRecord,
    Area,
    Chain,
    Fdb,
    Interface,
    Namespace,
    Neighbour,
    Note,
    Route,
    is_bridge,
)
from topology.observe.normal import effective_mtu
from topology.rules import chains


class Found(NamedTuple):
    """A fault and whose it is; `fault.field` may go deeper: `addresses[0]`."""

    record: str
    fault: Fault
    code: Code = Code.INVALID

    def problem(self, subject: str | None = None) -> Problem:
        """As the problem that is told; `subject` instead of the record id."""
        fault = self.fault
        rule = re.fullmatch(r"rules\[(\d+)\]", fault.field)
        return Problem(
            code=self.code, message=fault.message, subject=subject or self.record, hint=fault.hint or None, errno=fault.errno or None,
            rule=int(rule[1]) + 1 if rule else None,
        )  # fmt: skip


def _caught(field: str, error: ProblemError) -> Fault:
    problem = error.problem
    return Fault(field, problem.message, problem.hint or "", problem.errno or 0)


def check(records: Mapping[str, AnyRecord], only: Collection[str] | None = None) -> Iterator[Found]:
    """Everything that is wrong with these records; `only`: with those ids. The values need not be canonical."""
    graph = Graph(records)
    nsids: dict[int, list[str]] = {}
    for namespace in graph.namespaces.values():
        if namespace.nsid is not None:
            nsids.setdefault(namespace.nsid, []).append(namespace.name)
    for key, record in records.items():
        if only is not None and key not in only:
            continue
        if isinstance(record, Namespace):
            faults = _of_namespace(record, nsids)
        elif isinstance(record, Interface):
            faults = _of_interface(graph, record)
        elif isinstance(record, Route):
            faults = _of_route(graph, record)
        elif isinstance(record, Neighbour | Fdb):
            faults = _of_entry(graph, record)
        elif isinstance(record, Area | Note):
            faults = record.faults()
        elif isinstance(record, Chain):
            faults = _of_chain(graph, record)
        else:
            continue
        for fault in faults:
            yield Found(key, fault, Code.LIMIT if fault.errno == errno.EXFULL else Code.INVALID)


def _of_namespace(record: Namespace, nsids: dict[int, list[str]]) -> Iterator[Fault]:
    try:
        names.namespace_name(record.name, host=True)
    except ProblemError as error:
        yield _caught("", error)
    if record.nsid is not None:
        others = [name for name in nsids[record.nsid] if name != record.name]
        if not 0 <= record.nsid < 2**31:
            yield _strerror("nsid", errno.EINVAL, "an nsid is 0 to 2147483647")
        elif others:
            yield Fault("nsid", "The specified nsid is already used", f"{others[0]} has {record.nsid}: take another", errno.EEXIST)
        elif record.name == HOST:
            yield _strerror("nsid", errno.EINVAL, "nsids are what host knows the others by: host has none")
    for key, value in record.sysctls.items():
        try:
            names.sysctl(key, value)
        except ProblemError as error:
            yield _caught(f"sysctls.{key}", error)


def _of_interface(graph: Graph, interface: AnyInterface) -> Iterator[Fault]:
    try:
        names.interface_name(interface.name)
    except ProblemError as error:
        yield _caught("", error)
    if interface.name == "lo" and not interface.KIND.builtin:
        yield _strerror("kind", errno.EEXIST, "lo is the loopback interface of each namespace: take another name")
    if interface.namespace not in graph.namespaces:
        yield Fault("namespace", f'Cannot open network namespace "{interface.namespace}": No such file or directory', "", errno.ENOENT)
    if interface.mac is not None and interface.KIND.mac != "none":
        try:
            names.mac(interface.mac)
        except ProblemError as error:
            yield _caught("mac", error)
    yield from _mtu(graph, interface)
    yield from _addresses(interface)
    yield from _master(graph, interface)
    yield from _port(interface)
    if interface.other_end is not None:
        yield from _peer(graph, interface, interface.other_end)
    if interface.KIND.lower is not None:
        yield from _lower(graph, interface, interface.KIND.lower)
    yield from interface.faults()


def _mtu(graph: Graph, interface: AnyInterface) -> Iterator[Fault]:
    low, high = interface.KIND.mtu.low, interface.KIND.mtu.high
    if interface.mtu is not None and interface.mtu < low:
        yield Fault("mtu", "mtu less than device minimum", f"the MTU is {low} to {high} bytes", errno.EINVAL)
    elif interface.mtu is not None and interface.mtu > high:
        yield Fault("mtu", "mtu greater than device maximum", f"the MTU is {low} to {high} bytes", errno.EINVAL)
    lower = graph.lower(interface) if interface.mtu is not None and interface.KIND.mtu.capped else None
    if lower is not None and interface.mtu is not None and interface.mtu > (most := effective_mtu(graph, lower)):
        yield _strerror("mtu", errno.ERANGE, f"the MTU is at most that of {lower.ref}: {most} bytes")


def _addresses(interface: AnyInterface) -> Iterator[Fault]:
    seen: set[str] = set()
    for number, text in enumerate(interface.addresses):
        try:
            value = names.interface_address(text)
        except ProblemError as error:
            yield _caught(f"addresses[{number}]", error)
            continue
        if value in seen:
            yield _strerror(f"addresses[{number}]", errno.EEXIST, f"{value} stands there twice")
        elif ipaddress.ip_interface(value).ip.is_multicast:
            yield _strerror(f"addresses[{number}]", errno.EADDRNOTAVAIL, f"{value} is a multicast address")
        seen.add(value)


def _master(graph: Graph, interface: AnyInterface) -> Iterator[Fault]:
    if interface.master is None:
        return
    if interface.KIND.builtin and interface.KIND.no_port is not None:
        yield interface.KIND.no_port
        return
    ref = ids.join(interface.namespace, interface.master)
    master = graph.interfaces.get(ref)
    if master is None:
        yield Fault("master", f'Cannot find device "{interface.master}"', f"a bridge of {interface.namespace} must be the master")
    elif not is_bridge(master):
        yield _strerror("master", errno.EOPNOTSUPP, f"{ref} is no bridge")
    elif interface.KIND.no_port is not None:
        yield interface.KIND.no_port
    elif len(graph.ports(ref)) > (most := master.KIND.max_ports):
        yield _strerror("master", errno.EXFULL, f"a bridge takes {most} ports: join a second bridge to {ref}")


def _port(interface: AnyInterface) -> Iterator[Fault]:
    port = interface.port
    if not 1 <= port.cost <= 65535:
        yield _strerror("port.cost", errno.ERANGE, f"the path cost is 1 to 65535, not {port.cost}")
    if not 0 <= port.priority <= 63:
        yield _strerror("port.priority", errno.ERANGE, f"the port priority is 0 to 63, not {port.priority}")
    vids: set[int] = set()
    for number, vlan in enumerate(interface.vlans or ()):
        if not 1 <= vlan.vid <= 4094:
            yield Fault(f"vlans[{number}].vid", "Vlan id is invalid", f"a VLAN id is 1 to 4094, not {vlan.vid}", errno.EINVAL)
        elif vlan.vid in vids:
            yield _strerror(f"vlans[{number}].vid", errno.EEXIST, f"VLAN {vlan.vid} stands there twice")
        vids.add(vlan.vid)
    if sum(v.pvid for v in interface.vlans or ()) > 1:
        yield Fault("vlans", "Cannot set PVID for more than one VLAN", "a port has one PVID", errno.EINVAL)


def _peer(graph: Graph, end: AnyInterface, other: str) -> Iterator[Fault]:
    peer, word = graph.interfaces.get(other), end.word
    if peer is None:
        yield Fault("peer", f'Cannot find device "{other}"', f'a {word} needs both ends: "{other}" with "peer": "{end.ref}"')
    elif peer.word != word:
        yield Fault("peer", f"{other} is no {word}", f"the peer of a {word} is a {word}")
    elif peer.other_end != end.ref:
        yield Fault("peer", f"{other} has another peer: {peer.other_end}", f'both ends must name each other: "peer": "{end.ref}"')


def _lower(graph: Graph, interface: AnyInterface, rule: Lower) -> Iterator[Fault]:
    if interface.KIND.underlay and interface.made_in not in {*graph.namespaces, interface.namespace}:
        yield Fault("underlay", f'Cannot open network namespace "{interface.made_in}": No such file or directory', "", errno.ENOENT)
    if interface.lower is None:
        return
    lower = graph.lower(interface)
    if _circle(graph, interface):
        yield _strerror("parent", errno.ELOOP, f"{interface.ref} would be made on itself")
    elif lower is None:
        yield Fault("parent", f'Cannot find device "{interface.lower}"', "name it with its namespace, as in ns0/veth0", errno.ENODEV)
    elif rule.not_on_itself and lower.word == interface.word:
        yield Fault("parent", f"{lower.ref} is a {lower.word} itself", f"the kernel would take its parent: {lower.lower}")
    elif not lower.KIND.carries:
        yield _strerror("parent", errno.EINVAL, f"{lower.name} cannot carry a {interface.word}")
    elif rule.option == "dev" and lower.namespace != interface.made_in:
        yield Fault("parent", f"{lower.ref} is in another namespace", f'say "underlay": "{lower.namespace}" to send through it')
    elif interface.up and not lower.up and interface.follows_state:
        yield _strerror("up", errno.ENETDOWN, f"a {interface.word} is up only while {lower.ref} is: set that up first")


def _circle(graph: Graph, interface: AnyInterface) -> bool:
    """Whether it is found below itself, going down from an interface to its lower one, and from a bridge to its ports."""
    todo, seen = [interface], {""}
    while todo:
        below = todo.pop()
        for next_one in (graph.lower(below), *graph.ports(below.ref)):
            if next_one is not None and next_one.ref not in seen:
                seen.add(next_one.ref)
                todo.append(next_one)
    return interface.ref in seen


def _of_route(graph: Graph, route: Route) -> Iterator[Fault]:
    try:
        to = names.destination(route.to, route.via)
    except ProblemError as error:
        yield _caught("to", error)
        return
    for field, text in (("via", route.via), ("src", route.src)):
        if text is None:
            continue
        try:
            names.address(text)
        except ProblemError as error:
            yield _caught(field, error)
            continue
        if (":" in text) != (":" in to):
            family = "inet6" if ":" in to else "inet"
            yield Fault(field, f'{family} address is expected rather than "{text}".', f"{to} needs one of its own family")
    yield from _namespace_and_dev(graph, route.namespace, route.dev)
    if route.type == "unicast" and route.via is None and route.dev is None:
        yield Fault("via", 'either "via" or "dev" is required', "say where it goes: a gateway or an interface", errno.ENODEV)
    if route.onlink and route.dev is None:
        yield Fault("dev", "Nexthop device required for onlink", "name the interface", errno.ENODEV)
    if not 1 <= route.table < 2**32:
        yield _strerror("table", errno.EINVAL, "a table is 1 to 4294967295; main is 254")
    if route.metric is not None and not 0 <= route.metric < 2**32:
        yield _strerror("metric", errno.EINVAL, "a metric is 0 to 4294967295")


def _namespace_and_dev(graph: Graph, namespace: str, dev: str | None) -> Iterator[Fault]:
    if namespace not in graph.namespaces:
        yield Fault("namespace", f'Cannot open network namespace "{namespace}": No such file or directory', "", errno.ENOENT)
    elif dev is not None and dev != "lo" and f"{namespace}/{dev}" not in graph.interfaces:
        yield Fault("dev", f'Cannot find device "{dev}"', f"{namespace} has no such interface", errno.ENODEV)


def _of_entry(graph: Graph, entry: Neighbour | Fdb) -> Iterator[Fault]:
    yield from _namespace_and_dev(graph, entry.namespace, entry.dev)
    try:
        names.any_mac(entry.mac)
    except ProblemError as error:
        yield _caught("mac", error)
    other = entry.address if isinstance(entry, Neighbour) else entry.destination
    field = "address" if isinstance(entry, Neighbour) else "destination"
    try:
        if other is not None:
            names.address(other)
    except ProblemError as error:
        yield _caught(field, error)
    if isinstance(entry, Fdb) and entry.vlan is not None and not 1 <= entry.vlan <= 4094:
        yield Fault("vlan", "invalid vlan id", f"a VLAN id is 1 to 4094, not {entry.vlan}", errno.EINVAL)


def _of_chain(graph: Graph, chain: Chain) -> Iterator[Fault]:
    yield from _namespace_and_dev(graph, chain.namespace, None)
    yield from chains.faults(chain)


def gateways(records: Mapping[str, AnyRecord], only: Collection[str] | None = None) -> Iterator[Found]:
    """IPv4 routes whose gateway the kernel will not take (fib_check_nh()): no subnet of an interface that is up has it.

    A state that came from a kernel may hold such routes (the address went later), so `check` does not ask for it.
    """
    graph = Graph(records)
    for key, route in records.items():
        if not isinstance(route, Route) or route.via is None or ":" in route.via or route.onlink or (only is not None and key not in only):
            continue
        gateway = ipaddress.ip_address(route.via)
        up = [i for i in graph.inside(route.namespace) if i.up and route.dev in (None, i.name)]
        connected = any(gateway in ipaddress.ip_interface(a).network for i in up for a in i.addresses)
        direct = any(
            r.via is None and r.type == "unicast" and r is not route and ":" not in r.to
            and gateway in ipaddress.ip_network("0.0.0.0/0" if r.to == "default" else r.to)
            for r in graph.routes(route.namespace)
        )  # fmt: skip
        if not connected and not direct:
            hint = f"{gateway} is in no subnet of an interface of {route.namespace} that is up: give one an address of its subnet first"
            yield Found(key, Fault("via", "Nexthop has invalid gateway.", hint, errno.ENETUNREACH), Code.REFUSED)
