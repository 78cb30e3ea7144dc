"""What the kernel would refuse of a lab: asked for what an edit changes (`topology.edit.edit`) and for a whole document (`load`)."""

import errno
import ipaddress
import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from functools import partial
from typing import Any, Final, NamedTuple

from topology.document.together import Together
from topology.model import ids, names, ranges, routing
from topology.model.base import HOST, Fault, Record
from topology.model.drawing import SHAPES
from topology.model.graph import Graph
from topology.model.kind import Lower
from topology.model.kind import fault as _strerror
from topology.model.problems import Code, Problem, ProblemError
from topology.model.records import (
    INTERFACES,
    AnyInterface,
    AnyRecord,
    Chain,
    Fdb,
    Interface,
    Namespace,
    Neighbour,
    Route,
    is_bridge,
)
from topology.model.sequences import common_head, common_tail
from topology.model.tracked import ordered
from topology.rules import chains
from topology.rules.tokens import tokens


class Found(NamedTuple):
    """A fault of the record with the id `record`. `fault.field` may be a path in the record: `addresses[0]`."""

    record: str
    fault: Fault
    code: Code = Code.INVALID

    def problem(self, subject: str | None = None) -> Problem:
        """The fault as a problem; its subject is `subject`, by default the record id."""
        fault = self.fault
        return Problem(
            code=self.code, message=fault.message, subject=subject or self.record, hint=fault.hint or None, errno=fault.errno or None,
            rule=self.rule,
        )  # fmt: skip

    @property
    def rule(self) -> int | None:
        """The number of the rule that it is about; None: it is not about a rule."""
        found = re.fullmatch(r"rules\[(\d+)\]", self.fault.field)
        return int(found[1]) + 1 if found else None

    @property
    def is_of_rule(self) -> bool:
        """Whether it is about the text of a rule."""
        return self.rule is not None


def _refused(field: str, checker: Callable[..., object], *values: object) -> Iterator[Fault]:
    """The fault of a field whose values a checker of `topology.model.names` refuses."""
    try:
        checker(*values)
    except ProblemError as error:
        problem = error.problem
        yield Fault(field, problem.message, problem.hint or "", problem.errno or 0)


def _no_namespace(field: str, name: str) -> Fault:
    """In the words of ip-netns(8)."""
    return Fault(field, f'Cannot open network namespace "{name}": No such file or directory', "", errno.ENOENT)


def check(
    records: Mapping[str, AnyRecord], only: Collection[str] | None = None, before: Mapping[str, AnyRecord] | None = None
) -> Iterator[Found]:
    """Everything that is wrong with these records; `only`: with those that have these ids. The values need not be canonical. `before`: of
    rules only those are looked at that their table did not have there: a shell has made those, and an edit beside them is no reason to
    refuse them."""
    graph = Graph(records)
    chosen, together = among(records, only), Together(graph)
    for key, record in chosen:
        for fault in _of_chain(graph, record, before) if isinstance(record, Chain) else _faults(graph, record):
            yield Found(key, fault, Code.LIMIT if fault.errno == errno.EXFULL else Code.INVALID)
        if isinstance(record, Interface):
            yield from (Found(key, fault) for fault in together.faults(record))


def among(records: Mapping[str, AnyRecord], only: Collection[str] | None) -> Collection[tuple[str, AnyRecord]]:
    """The records with these ids, in their order; None: all."""
    return records.items() if only is None else [(key, records[key]) for key in ordered(records, only)]


def _faults(graph: Graph, record: AnyRecord) -> Iterator[Fault]:
    if type(record) in _CHECKS:
        yield from _CHECKS[type(record)](graph, record)


def ipv6(records: Mapping[str, AnyRecord], only: Collection[str] | None = None) -> Iterator[Found]:
    """IPv6 addresses that the kernel refuses to add. One that has them keeps the interface's MTU or the namespace's sysctl in an edit: the
    kernel takes both and drops the addresses. So `check` does not look for them."""
    together = Together(Graph(records))
    for key, record in among(records, only):
        if isinstance(record, Interface):
            yield from (Found(key, fault) for fault in together.without_ipv6(record))


# ---- namespaces ------------------------------------------------------------------------------------------------------


def _of_namespace(graph: Graph, record: Namespace) -> Iterator[Fault]:
    yield from _refused("", partial(names.namespace_name, host=True), record.name)
    if record.nsid is not None:
        yield from _nsid(record.name, record.nsid, [n.name for n in graph.with_nsid(record.nsid)])
    for key, value in record.sysctls.items():
        yield from _refused(f"sysctls.{key}", names.sysctl, key, value)


def _nsid(name: str, nsid: int, having: Collection[str]) -> Iterator[Fault]:
    """`having`: the namespaces that say this nsid, with this one."""
    others = [other for other in having if other != name]
    if not ranges.holds(ranges.NSID, nsid):
        yield _strerror("nsid", errno.EINVAL, f"an nsid is {ranges.words(ranges.NSID)}")
    elif others:
        yield Fault("nsid", "The specified nsid is already used", f"{others[0]} has {nsid}: take another", errno.EEXIST)
    elif name == HOST:
        yield _strerror("nsid", errno.EINVAL, "an nsid is how host knows another namespace: host itself has none")


# ---- interfaces ------------------------------------------------------------------------------------------------------


def _of_interface(graph: Graph, interface: AnyInterface) -> Iterator[Fault]:
    yield from _refused("", names.interface_name, interface.name)
    if interface.name == "lo" and not interface.KIND.builtin:
        yield _strerror("kind", errno.EEXIST, "lo is the loopback interface of each namespace: take another name")
    if not graph.has_namespace(interface.namespace):
        yield _no_namespace("namespace", interface.namespace)
    if interface.mac is not None and interface.KIND.mac != "none":
        yield from _refused("mac", names.mac, interface.mac)
    yield from _mtu(interface)
    yield from _addresses(interface)
    yield from _master(graph, interface)
    yield from _port(interface)
    if interface.other_end is not None:
        yield from _peer(graph, interface, interface.other_end)
    if interface.KIND.lower is not None:
        yield from _lower(graph, interface, interface.KIND.lower)
    yield from interface.faults()


def _mtu(interface: AnyInterface) -> Iterator[Fault]:
    low, high = interface.KIND.mtu.low, interface.KIND.mtu.high
    if interface.mtu is None:
        return
    if interface.mtu < low:
        yield Fault("mtu", "mtu less than device minimum", f"the MTU is {low} to {high} bytes", errno.EINVAL)
    elif interface.mtu > high:
        yield Fault("mtu", "mtu greater than device maximum", f"the MTU is {low} to {high} bytes", errno.EINVAL)


def _addresses(interface: AnyInterface) -> Iterator[Fault]:
    seen: set[str] = set()
    sixes: set[str] = set()
    for number, text in enumerate(interface.addresses):
        field = f"addresses[{number}]"
        refused = [*_refused(field, names.interface_address, text)]
        yield from refused
        if not refused:
            value = names.interface_address(text)
            if value in seen:
                yield _strerror(field, errno.EEXIST, f"{value} is listed twice")
            elif ":" in value and ids.ip_of(value) in sixes:  # an IPv4 address may be there once for each prefix
                yield Fault(field, "ipv6: address already assigned", f"{ids.ip_of(value)} is listed with another prefix", errno.EEXIST)
            elif reason := _no_host(ipaddress.ip_interface(value), interface):
                yield _strerror(field, errno.EADDRNOTAVAIL, f"{value} is {reason}")
            seen.add(value)
            sixes.add(ids.ip_of(value))


def _no_host(address: ipaddress.IPv4Interface | ipaddress.IPv6Interface, interface: AnyInterface) -> str:
    """Why no interface can have the address, empty where one can (ipv6_add_addr() of net/ipv6/addrconf.c). 0.0.0.0 is taken and ignored
    (__inet_insert_ifa() of net/ipv4/devinet.c), an IPv4 multicast address is one like others."""
    if address.version == 6 and address.ip.is_multicast:
        return "a multicast address"
    if address.ip.is_unspecified:
        return "no address of a host: the kernel would ignore it"
    if address.version == 6 and address.ip.is_loopback and not interface.KIND.builtin:
        return "the address of lo"
    return ""


def _master(graph: Graph, interface: AnyInterface) -> Iterator[Fault]:
    if interface.master is None:
        return
    if interface.KIND.builtin and interface.KIND.no_port is not None:
        yield interface.KIND.no_port
        return
    ref = ids.join(interface.namespace, interface.master)
    master = graph.interface(ref)
    if master is None:
        yield Fault("master", f'Cannot find device "{interface.master}"', f"a bridge of {interface.namespace} must be the master")
    elif not is_bridge(master):
        yield _strerror("master", errno.EOPNOTSUPP, f"{ref} is not a bridge")
    elif interface.KIND.no_port is not None:
        yield interface.KIND.no_port
    elif len(graph.ports(ref)) > (most := master.KIND.max_ports):
        yield _strerror("master", errno.EXFULL, f"a bridge takes {most} ports: connect a second bridge to {ref}")


def _port(interface: AnyInterface) -> Iterator[Fault]:
    port = interface.port
    if not ranges.holds(ranges.PORT_COST, port.cost):
        yield _strerror("port.cost", errno.ERANGE, f"the path cost is {ranges.words(ranges.PORT_COST)}, not {port.cost}")
    if not ranges.holds(ranges.PORT_PRIORITY, port.priority):
        yield _strerror("port.priority", errno.ERANGE, f"the port priority is {ranges.words(ranges.PORT_PRIORITY)}, not {port.priority}")
    yield from _vlans(interface)


def _vlans(interface: AnyInterface) -> Iterator[Fault]:
    vids: set[int] = set()
    for number, vlan in enumerate(interface.vlans or ()):
        if not ranges.holds(ranges.VLAN_ID, vlan.vid):
            yield Fault(f"vlans[{number}].vid", "Vlan id is invalid", f"{_VLAN_ID}, not {vlan.vid}", errno.EINVAL)
        elif vlan.vid in vids:
            yield _strerror(f"vlans[{number}].vid", errno.EEXIST, f"VLAN {vlan.vid} is listed twice")
        vids.add(vlan.vid)
    if sum(v.pvid for v in interface.vlans or ()) > 1:
        yield Fault("vlans", "Cannot set PVID for more than one VLAN", "a port has one PVID", errno.EINVAL)


def _peer(graph: Graph, end: AnyInterface, other: str) -> Iterator[Fault]:
    peer, word = graph.interface(other), end.word
    if peer is None:
        yield Fault("peer", f'Cannot find device "{other}"', f'{word} needs both ends: "{other}" with "peer": "{end.ref}"')
    elif peer.word != word:
        yield Fault("peer", f"{other} is of kind {peer.word}, not {word}", "both ends of a pair are of one kind")
    elif peer.other_end != end.ref:
        yield Fault("peer", f"{other} has another peer: {peer.other_end}", f'both ends must name each other: "peer": "{end.ref}"')


def _lower(graph: Graph, interface: AnyInterface, rule: Lower) -> Iterator[Fault]:
    if interface.KIND.underlay and interface.made_in != interface.namespace and not graph.has_namespace(interface.made_in):
        yield _no_namespace("underlay", interface.made_in)
    if interface.lower is None:
        return
    lower = graph.lower(interface)
    if lower is None:
        yield Fault("parent", f'Cannot find device "{interface.lower}"', "name it with its namespace, as in ns0/veth0", errno.ENODEV)
    elif rule.not_on_itself and lower.word == interface.word:
        yield Fault("parent", f"{lower.ref} is itself of kind {lower.word}", f"the kernel would take its parent: {lower.lower}")
    elif not lower.KIND.carries:
        yield _strerror("parent", errno.EINVAL, f"{lower.name} cannot carry {interface.word} interfaces")
    elif rule.option == "dev" and lower.namespace != interface.made_in:
        yield Fault("parent", f"{lower.ref} is in another namespace", f'say "underlay": "{lower.namespace}" to send through it')
    elif interface.up and not lower.up and interface.follows_state:
        yield _strerror("up", errno.ENETDOWN, f"{interface.word} interfaces are up only while their parent is: set {lower.ref} up first")


# ---- routes, neighbours, FDB entries, chains -------------------------------------------------------------------------


def _of_route(graph: Graph, route: Route) -> Iterator[Fault]:
    refused = [*_refused("to", names.destination, route.to, route.via)]
    if refused:
        yield from refused
        return
    to = names.destination(route.to, route.via)
    yield from _route_address("via", route.via, to, six_too=True)
    yield from _route_address("src", route.src, to)
    yield from _namespace_and_dev(graph, route.namespace, route.dev)
    if route.type == "unicast" and route.via is None and route.dev is None:
        yield Fault("via", 'either "via" or "dev" is required', "say where it goes: a gateway or an interface", errno.ENODEV)
    if route.onlink and route.dev is None:
        yield Fault("dev", "Nexthop device required for onlink", "name the interface", errno.ENODEV)
    if not ranges.holds(ranges.ROUTE_TABLE, route.table):
        yield _strerror("table", errno.EINVAL, f"a table is {ranges.words(ranges.ROUTE_TABLE)}; main is {routing.MAIN_TABLE}")
    if route.metric is not None and not ranges.holds(ranges.ROUTE_METRIC, route.metric):
        yield _strerror("metric", errno.EINVAL, f"a metric is {ranges.words(ranges.ROUTE_METRIC)}")


def _route_address(field: str, text: str | None, to: str, six_too: bool = False) -> Iterator[Fault]:
    """Faults of the gateway or source of a route to `to`. `six_too`: an IPv6 one of an IPv4 route is taken (`via inet6`, RTA_VIA)."""
    if text is None:
        return
    refused = [*_refused(field, names.address, text)]
    yield from refused
    if not refused and (":" in text) != (":" in to) and not (six_too and ":" in text):
        family = "inet6" if ":" in to else "inet"
        yield Fault(field, f'{family} address is expected rather than "{text}".', f"{to} needs one of its own family")


def _namespace_and_dev(graph: Graph, namespace: str, dev: str | None) -> Iterator[Fault]:
    if not graph.has_namespace(namespace):
        yield _no_namespace("namespace", namespace)
    elif dev is not None and dev != "lo" and graph.interface(ids.join(namespace, dev)) is None:
        yield Fault("dev", f'Cannot find device "{dev}"', f"{namespace} has no such interface", errno.ENODEV)


def _of_neighbour(graph: Graph, entry: Neighbour) -> Iterator[Fault]:
    yield from _namespace_and_dev(graph, entry.namespace, entry.dev)
    yield from _refused("mac", names.any_mac, entry.mac)
    yield from _refused("address", names.address, entry.address)


def _of_fdb(graph: Graph, entry: Fdb) -> Iterator[Fault]:
    yield from _namespace_and_dev(graph, entry.namespace, entry.dev)
    yield from _refused("mac", names.any_mac, entry.mac)
    if entry.destination is not None:
        yield from _refused("destination", names.address, entry.destination)
    if entry.vlan is not None and not ranges.holds(ranges.VLAN_ID, entry.vlan):
        yield Fault("vlan", "invalid vlan id", f"{_VLAN_ID}, not {entry.vlan}", errno.EINVAL)


def _of_chain(graph: Graph, chain: Chain, before: Mapping[str, AnyRecord] | None) -> Iterator[Fault]:
    yield from _namespace_and_dev(graph, chain.namespace, None)
    head, tail = (0, 0) if before is None else _kept(chain, before.get(chain.id))
    rules = list(enumerate(chain.rules[head : len(chain.rules) - tail], head))
    commands = {fault.field: fault for fault in _commands(rules)}
    found = [*commands.values(), *(fault for fault in chains.faults(chain, rules) if fault.field not in commands)]
    if found and before is not None:
        table = chains.of_table(before, chain.namespace, chain.family, chain.table)
        known = {f"rules[{number}]" for number, rule in rules if any(rule in other.rules for other in table.values())}
        found = [fault for fault in found if fault.field not in known]
    yield from found


def _kept(chain: Chain, before: AnyRecord | None) -> tuple[int, int]:
    """How many rules at its head and at its tail are as before."""
    old = before.rules if isinstance(before, Chain) else ()
    head = common_head(old, chain.rules)
    return head, common_tail(old, chain.rules, head)


_COMMAND = re.compile(
    r"(?:^|(?<=\s))(?:ip6?tables(?=\s)|-[ACDIRPNXFZELShVt]|COMMIT|"
    r"--(?:append|check|delete|insert|replace|policy|new-chain|delete-chain|flush|zero|list|rename-chain|list-rules|table|help|version))(?:\s|$)"
)


def _commands(rules: Iterable[tuple[int, str]]) -> Iterator[Fault]:
    """Rules that are written as a command of iptables(8), or as a line of iptables-save(8)."""
    for number, rule in rules:
        if _COMMAND.search(rule) and (found := _command(rule)):
            hint = f"a rule is what follows the chain's name: leave {found} out"
            yield Fault(f"rules[{number}]", f"{found.split()[0]} is a command of iptables, not a part of a rule", hint, errno.EINVAL)


def _command(rule: str) -> str:
    """The words of a rule that are a command, with what follows; empty for none. A word after a long option is its value."""
    words = [token.raw for token in tokens(rule)]
    for number, word in enumerate(words):
        before = words[number - 1] if number else ""
        if _COMMAND.fullmatch(word) and not before.startswith("--") and (word != "COMMIT" or len(words) == 1):
            return " ".join(words[number : number + 2])
    return " ".join(words[:2]) if _COMMAND.match(rule) and words[0].startswith("ip") else ""


_VLAN_ID: Final = f"a VLAN id is {ranges.words(ranges.VLAN_ID)}"

_CHECKS: Final[dict[type[Record], Callable[[Graph, Any], Iterator[Fault]]]] = {
    Namespace: _of_namespace,
    **dict.fromkeys(INTERFACES, _of_interface),
    **dict.fromkeys(SHAPES, lambda _, shape: shape.faults()),
    Route: _of_route,
    Neighbour: _of_neighbour,
    Fdb: _of_fdb,
}
"""Kind of record → its faults. Of the lab, of places and of styles nothing can be wrong that the types do not say."""
