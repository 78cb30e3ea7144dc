"""Copying parts of a lab: what a copy holds, and how it is put beside what is there. Pure."""

import ipaddress
import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import NamedTuple

from topology.edit import layout
from topology.edit.draft import Draft
from topology.model import names
from topology.model.base import HOST
from topology.model.drawing import SHAPES
from topology.model.graph import Graph
from topology.model.problems import invalid, unknown
from topology.model.records import (
    INTERFACES,
    AnyInterface,
    AnyRecord,
    Chain,
    Lab,
    Namespace,
    Placement,
    Records,
    Route,
    Style,
    is_bridge,
    replace,
)
from topology.observe.normal import owner
from topology.rules.chains import rewire

Delta = tuple[float, float]
STEP = 40.0
"""How far a copy is moved, right and down, where it would cover exactly what it is a copy of; canvas units."""


class Names(NamedTuple):
    """What namespaces and interfaces (`ns/name`) are called in the copy."""

    spaces: dict[str, str]
    refs: dict[str, str]


# ---- what a copy holds -----------------------------------------------------------------------------------------------


def fragment(records: Mapping[str, AnyRecord], ids: Iterable[str]) -> Records:
    """The records of a document that holds these namespaces, bridges, areas and notes, with what is in them and the links among them.

    A bridge that is taken without its namespace stands in the document's `host`, which is wherever it will be pasted.
    """
    taken = _take(records, ids)
    called = Names({name: name for name in taken.spaces}, {})
    used = {ref.partition("/")[2] for ref in taken.interfaces if ref.startswith(f"{HOST}/")} if HOST in taken.spaces else set()
    for ref in taken.interfaces:
        namespace, _, name = ref.partition("/")
        if namespace in taken.spaces:
            called.refs[ref] = ref
        else:
            new = _unique(name, used)
            used.add(new)
            called.refs[ref] = f"{HOST}/{new}"
    out: Records = {Namespace(name=HOST).id: Namespace(name=HOST)}
    for record in taken.records(records):
        new_record = _renamed(record, called)
        if not (isinstance(new_record, Placement) and "/" in new_record.node and record.id != new_record.id):
            out[new_record.id] = new_record
    return out


class Taken(NamedTuple):
    """What a copy holds: whole namespaces, interfaces (`ns/name`), areas and notes; `others` has the ids of all other records."""

    spaces: frozenset[str]
    interfaces: frozenset[str]
    others: frozenset[str]

    def records(self, records: Mapping[str, AnyRecord]) -> list[AnyRecord]:
        """In the order of the lab."""
        keys = {f"namespace:{name}" for name in self.spaces} | {f"interface:{ref}" for ref in self.interfaces} | self.others
        return [record for key, record in records.items() if key in keys]


def _take(records: Mapping[str, AnyRecord], ids: Iterable[str]) -> Taken:
    graph = Graph(records)
    spaces: set[str] = set()
    bridges: set[str] = set()
    others: set[str] = set()
    for key in ids:
        record = records.get(key)
        if isinstance(record, Namespace):
            spaces.add(record.name)
        elif is_bridge(record):
            bridges.add(record.ref)
        elif isinstance(record, SHAPES):
            others.add(key)
        elif record is None:
            raise unknown("No such file or directory", key, "it is not in the document")
    if not spaces and not bridges and not others:
        raise invalid("there is nothing to copy", None, "take namespaces, bridges, areas or notes")
    ports = {p.ref for ref in bridges for p in graph.ports(ref)}
    refs = _closed(graph, {i.ref for name in spaces for i in graph.inside(name)} | bridges | ports, spaces)
    nodes = spaces | refs
    for key, record in records.items():
        if isinstance(record, Placement | Style):
            if record.node in nodes:
                others.add(key)
        elif isinstance(record, (Namespace, *INTERFACES)) or getattr(record, "namespace", None) not in spaces:
            continue
        elif _stands(graph, record, refs):
            others.add(key)
    return Taken(frozenset(spaces), frozenset(refs), frozenset(others))


def _closed(graph: Graph, refs: set[str], spaces: Collection[str]) -> set[str]:
    """Without the interfaces that need one that is not among them: a veth its peer, a macvlan or vxlan its parent."""

    def stands(ref: str) -> bool:
        interface = graph.interfaces[ref]
        if interface.KIND.underlay and interface.made_in != interface.namespace and interface.made_in not in spaces:
            return False
        return all(other is None or other in refs for other in (interface.other_end, interface.lower))

    while lost := {ref for ref in refs if not stands(ref)}:
        refs = refs - lost
    return refs


def _stands(graph: Graph, record: AnyRecord, refs: Collection[str]) -> bool:
    """Whether the interface that a route, neighbour or FDB entry needs is among these."""
    namespace, dev = getattr(record, "namespace", ""), getattr(record, "dev", None)
    if isinstance(record, Route) and record.via is not None and dev is None:
        dev = owner(graph, namespace, record.via)
    return dev is None or dev == "lo" or f"{namespace}/{dev}" in refs


# ---- putting it beside what is there ---------------------------------------------------------------------------------


def paste(draft: Draft, records: Records, into: str, at: Delta | None) -> None:
    """The records of a document, beside those of the lab."""
    draft.namespace(into)
    called = Names({HOST: into}, {})
    spaces = set(Graph(draft.records).namespaces)
    for name in Graph(records).namespaces:
        if name != HOST:
            called.spaces[name] = _unique(name, spaces)
            spaces.add(called.spaces[name])
    used = {i.name for i in Graph(draft.records).inside(into)}
    for ref, interface in Graph(records).interfaces.items():
        name = interface.name
        if interface.namespace == HOST and name != "lo":
            name = _unique(name, used)
            used.add(name)
        called.refs[ref] = f"{called.spaces[interface.namespace]}/{name}"
    new = [_renamed(r, called) for r in records.values() if not isinstance(r, Lab) and getattr(r, "node", None) != HOST]
    new = [r for r in new if not (isinstance(r, Placement) and r.node.startswith(f"{into}/"))]
    corner = _corner(new)
    _put(draft, new, None if at is None or corner is None else (at[0] - corner[0], at[1] - corner[1]))


def duplicate(draft: Draft, ids: tuple[str, ...], by: Delta) -> None:
    """The same again. A link to a bridge that is not copied is drawn again, to a new port of it."""
    taken = _take(draft.records, ids)
    if HOST in taken.spaces:
        raise invalid("host cannot be copied", f"namespace:{HOST}", "it is the lab's own network stack: take what is in it")
    graph = Graph(draft.records)
    outside = _outside(graph, taken)
    called = Names({}, {})
    spaces = set(graph.namespaces)
    for name in graph.namespaces:
        if name in taken.spaces:
            called.spaces[name] = _unique(name, spaces)
            spaces.add(called.spaces[name])
    used: dict[str, set[str]] = {}
    for ref in graph.interfaces:
        namespace, _, name = ref.partition("/")
        if ref not in taken.interfaces | outside.keys() | set(outside.values()):
            continue
        if namespace in taken.spaces:
            called.refs[ref] = f"{called.spaces[namespace]}/{name}"
            continue
        here = used.setdefault(namespace, {i.name for i in graph.inside(namespace)})
        called.spaces.setdefault(namespace, namespace)
        called.refs[ref] = f"{namespace}/{_unique(name, here)}"
        here.add(called.refs[ref].partition("/")[2])
    for bridge in {graph.interfaces[ref].master for ref in outside.values()}:
        called.refs.update((f"{ns}/{bridge}", f"{ns}/{bridge}") for ns in {ref.partition("/")[0] for ref in outside.values()})
    whole = Taken(taken.spaces, taken.interfaces | outside.keys() | set(outside.values()), taken.others | _uses(graph, outside))
    new = [_renamed(r, called) for r in whole.records(draft.records)]
    _put(draft, [r for r in new if not (isinstance(r, Placement) and r.node.partition("/")[0] not in called.spaces.values())], by)


def _outside(graph: Graph, taken: Taken) -> dict[str, str]:
    """The veths in the copied namespaces whose peer is a port of a bridge that is not copied: end → that port."""
    out: dict[str, str] = {}
    for name in taken.spaces:
        for end in graph.inside(name):
            peer = graph.peer(end.ref)
            if peer is not None and end.ref not in taken.interfaces and peer.namespace not in taken.spaces and graph.master(peer):
                out[end.ref] = peer.ref
    return out


def _uses(graph: Graph, outside: Mapping[str, str]) -> frozenset[str]:
    """What needs those ends: routes over them, neighbours."""
    out: set[str] = set()
    for ref in outside:
        namespace, _, name = ref.partition("/")
        out |= {r.id for r in graph.using(ref)}
        out |= {r.id for r in graph.routes(namespace) if r.via and r.dev is None and owner(graph, namespace, r.via) == name}
    return frozenset(out)


def _put(draft: Draft, new: Sequence[AnyRecord], by: Delta | None) -> None:
    """The new records, moved; what cannot be there twice is left as it is."""
    before = Graph(draft.records)
    nsids = {n.nsid for n in before.namespaces.values()}
    macs = {i.mac for i in before.interfaces.values()}
    dx, dy = _clear(draft.records, new, by)
    nodes: set[str] = set()
    for record in new:
        match record:
            case Namespace():
                if record.id in draft.records:
                    old = draft.namespace(record.name)
                    draft.put(replace(old, sysctls={**record.sysctls, **old.sysctls}))
                    continue
                nodes.add(record.name)
                draft.put(replace(record, nsid=None if record.nsid in nsids else record.nsid), made=True)
            case Placement():
                moved = record if "/" in record.node else replace(record, x=record.x + dx, y=record.y + dy)
                draft.put(moved)
            case Style():
                unlocked = replace(record, locked=False)
                if not unlocked.plain:
                    draft.put(unlocked)
            case _ if isinstance(record, SHAPES):
                name = _unique(record.name, {r.name for r in draft.records.values() if type(r) is type(record)})
                draft.put(replace(record, name=name, x=record.x + dx, y=record.y + dy, locked=False), made=True)
            case Chain():
                there = draft.records.get(record.id)
                if isinstance(there, Chain):  # only in the namespace that is pasted into: what it has stays first
                    record = replace(there, rules=(*there.rules, *(r for r in record.rules if r not in there.rules)))
                draft.put(record)
            case _ if isinstance(record, INTERFACES):
                if not record.KIND.builtin or record.id not in draft.records:
                    draft.put(replace(record, mac=None if record.mac in macs else record.mac), made=record.KIND.node)
                    nodes.add(record.ref)
            case _:
                if record.id not in draft.records:
                    draft.put(record)
    _readdress(draft, [r.id for r in new if isinstance(r, INTERFACES) and not r.KIND.builtin])
    for placement in layout.missing(draft.records):
        if placement.node in nodes:
            draft.put(placement)


def _corner(records: Iterable[AnyRecord]) -> Delta | None:
    """The upper left corner of what stands on the canvas itself."""
    at = _places(records)
    return (min(x for x, _ in at), min(y for _, y in at)) if at else None


def _places(records: Iterable[AnyRecord]) -> list[Delta]:
    return [(r.x, r.y) for r in records if isinstance(r, SHAPES) or (isinstance(r, Placement) and "/" not in r.node)]


def _clear(before: Mapping[str, AnyRecord], new: Sequence[AnyRecord], by: Delta | None) -> Delta:
    """How far the copy is moved, so that nothing of it covers exactly what is there."""
    dx, dy = by if by is not None else (0.0, 0.0)
    there = set(_places(before.values()))
    while any((x + dx, y + dy) in there for x, y in _places(new)):
        dx, dy = dx + STEP, dy + STEP
    return dx, dy


def _readdress(draft: Draft, ids: list[str]) -> None:
    """The next free address of the subnet for each one that somebody else on the segment has; none where another interface of the
    namespace has it on another segment."""
    graph = Graph(draft.records)
    waiting = {key.partition(":")[2] for key in ids}
    for key in ids:
        interface = draft.records[key]
        assert isinstance(interface, INTERFACES)
        waiting.discard(interface.ref)
        if not interface.addresses:
            continue
        segment = graph.segments.get(interface.ref, frozenset()) - {interface.ref}
        here = {i.ref for i in graph.inside(interface.namespace)} - segment - {interface.ref}
        everybody, held, twice = (_held(draft, refs) for refs in (segment, segment - waiting, here - waiting))
        addresses: list[str] = []
        for text in interface.addresses:
            value = ipaddress.ip_interface(text)
            if value.ip in held:
                free = next((ip for ip in value.network.hosts() if ip not in everybody), None)
                text = f"{free}/{value.network.prefixlen}" if free is not None else ""
                everybody.add(free or value.ip)
            if text and value.ip not in twice:
                addresses.append(text)
        draft.put(replace(interface, addresses=tuple(addresses)))


def _held(draft: Draft, refs: Iterable[str]) -> set[ipaddress.IPv4Address | ipaddress.IPv6Address]:
    """The addresses that these interfaces have."""
    records = (draft.records[f"interface:{ref}"] for ref in refs)
    return {ipaddress.ip_interface(a).ip for r in records if isinstance(r, INTERFACES) for a in r.addresses}


# ---- names -----------------------------------------------------------------------------------------------------------


def _unique(name: str, taken: Collection[str]) -> str:
    """The name if it is free, else the next one: ns0 → ns1, web → web2."""
    if name not in taken:
        return name
    found = re.fullmatch(r"(.*?)([0-9]*)", name, re.DOTALL)
    stem, digits = (found[1], found[2]) if found else (name, "")
    number = int(digits) + 1 if digits else 2
    while True:
        new = names.free_name(stem, taken, number)
        if len(new.encode()) < names.IFNAMSIZ or len(name.encode()) >= names.IFNAMSIZ:
            return new
        stem = stem[:-1]


def _renamed(record: AnyRecord, called: Names) -> AnyRecord:
    """The record under its new names."""
    if isinstance(record, INTERFACES):
        return _interface(record, called)
    if isinstance(record, Namespace):
        return replace(record, name=called.spaces[record.name])
    if isinstance(record, Placement | Style):
        return replace(record, node=called.refs[record.node] if "/" in record.node else called.spaces[record.node])
    if isinstance(record, SHAPES):
        return record
    changes: dict[str, object] = {"namespace": called.spaces[getattr(record, "namespace", HOST)]}
    dev = getattr(record, "dev", None)
    if dev is not None:
        new = called.refs.get(f"{getattr(record, 'namespace', HOST)}/{dev}")
        changes["dev"] = new.partition("/")[2] if new else dev
    if isinstance(record, Chain):
        new_names = _new_names(record.namespace, called)
        changes["rules"] = tuple(rewire(rule, new_names) for rule in record.rules)
    return replace(record, **changes)


def _new_names(namespace: str, called: Names) -> dict[str, str]:
    """The interfaces of a namespace that are called otherwise in the copy: old name → new."""
    pairs = ((ref.partition("/"), new.partition("/")[2]) for ref, new in called.refs.items())
    return {name: new for (ns, _, name), new in pairs if ns == namespace and name != new}


_POINTING = ("lower", "peer", "namespace")


def _retargeted(role: str, text: str | None, called: Names) -> str | None:
    """What a field names is called otherwise in the copy: another interface, or a namespace where that is copied too."""
    if not text:
        return None
    return called.spaces.get(text, text) if role == "namespace" else called.refs[text]


def _interface(record: AnyInterface, called: Names) -> AnyInterface:
    namespace, _, name = called.refs[record.ref].partition("/")
    master = called.refs.get(f"{record.namespace}/{record.master}") if record.master else None
    new = replace(record, namespace=namespace, name=name, master=master.partition("/")[2] if master else None)
    return replace(new, **{f.name: _retargeted(f.role, getattr(new, f.name), called) for f in new.KIND.fields if f.role in _POINTING})
