"""Copying parts of a lab: what a copy holds, and what its namespaces and interfaces are names beside those of the lab. Pure."""

import errno
import os
from collections.abc import Collection, Iterable, Mapping
from typing import NamedTuple

from topology.edit.draft import Draft
from topology.edit.insert import Offset, insert, upper_left
from topology.model import ids
from topology.model.base import HOST
from topology.model.drawing import SHAPES
from topology.model.graph import Graph
from topology.model.names import free_name_like
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
    replace,
)
from topology.observe.normal import owner
from topology.rules.chains import rewire


class Names(NamedTuple):
    """The names in the copy: namespace → its name there, interface (`ns/name`) → what it is there."""

    namespaces: dict[str, str]
    refs: dict[str, str]


class Selection(NamedTuple):
    """What a copy holds: whole namespaces, interfaces (`ns/name`), and the ids of all other records."""

    namespaces: frozenset[str]
    interfaces: frozenset[str]
    others: frozenset[str]

    def records(self, records: Mapping[str, AnyRecord]) -> list[AnyRecord]:
        """In the order of the lab."""
        keys = {*map(ids.namespace, self.namespaces), *map(ids.interface, self.interfaces), *self.others}
        return [record for key, record in records.items() if key in keys]


# ---- what a copy holds -----------------------------------------------------------------------------------------------


def fragment(records: Mapping[str, AnyRecord], selected: Iterable[str]) -> Records:
    """The records of a document that holds these namespaces, interfaces, areas and notes, with what is in them and the links among them.

    Of interfaces those that need no other one: no peer, no lower interface. A bridge comes with its ports. One whose namespace is not
    selected goes into the document's `host`, which stands for the namespace it will be pasted into.
    """
    selection = _select(records, selected)
    refs = [ref for ref in Graph(records).interfaces if ref in selection.interfaces]
    alone = {ref: ids.name_of(ref) for ref in refs if ids.namespace_of(ref) not in selection.namespaces}
    taken = {ids.name_of(ref) for ref in refs if ref not in alone and ids.namespace_of(ref) == HOST}
    into_host = {ref: ids.join(HOST, name) for ref, name in _free_names(alone, taken).items()}
    names = Names({name: name for name in selection.namespaces}, {ref: into_host.get(ref, ref) for ref in refs})
    out: Records = {Namespace(name=HOST).id: Namespace(name=HOST)}
    for record in selection.records(records):
        new = _renamed(record, names)
        if not (isinstance(new, Placement) and ids.is_ref(new.node) and new.id != record.id):
            out[new.id] = new
    return out


def _select(records: Mapping[str, AnyRecord], selected: Iterable[str]) -> Selection:
    """What belongs to the records with these ids. Raises ProblemError where one is not there, or nothing of them can be copied."""
    chosen = [_existing(records, key) for key in selected]
    namespaces = frozenset(record.name for record in chosen if isinstance(record, Namespace))
    single = frozenset(record.ref for record in chosen if isinstance(record, INTERFACES) and _stands_alone(record))
    shapes = frozenset(record.id for record in chosen if isinstance(record, SHAPES))
    if not namespaces and not single and not shapes:
        raise invalid("there is nothing to copy", None, "take namespaces, areas, notes, or interfaces without a peer and a lower interface")
    graph = Graph(records)
    ports = {p.ref for ref in single for p in graph.ports(ref)}
    inside = {i.ref for name in namespaces for i in graph.inside(name)}
    refs = frozenset(_closed(graph, inside | single | ports, namespaces))
    drawn = {key for key, r in records.items() if isinstance(r, Placement | Style) and r.node in namespaces | refs}
    entries = {key for key, r in records.items() if _is_entry(r) and _entry_selected(graph, r, namespaces, refs)}
    return Selection(namespaces, refs, shapes | drawn | entries)


def _existing(records: Mapping[str, AnyRecord], key: str) -> AnyRecord:
    record = records.get(key)
    if record is None:
        raise unknown(os.strerror(errno.ENOENT), key, "it is not in the document")
    return record


def _stands_alone(interface: AnyInterface) -> bool:
    """Whether it can be copied without another interface."""
    return not interface.KIND.builtin and interface.other_end is None and interface.lower is None


def _closed(graph: Graph, refs: set[str], namespaces: Collection[str]) -> set[str]:
    """These interfaces, but for those that need one that is not among them: a veth its peer, a macvlan or vxlan its lower device."""

    def complete(ref: str) -> bool:
        interface = graph.interfaces[ref]
        if interface.KIND.underlay and interface.made_in != interface.namespace and interface.made_in not in namespaces:
            return False
        return all(other is None or other in refs for other in (interface.other_end, interface.lower))

    while lost := {ref for ref in refs if not complete(ref)}:
        refs = refs - lost
    return refs


def _is_entry(record: AnyRecord) -> bool:
    """Whether it is something in a namespace that is no interface: a route, a neighbour, an FDB entry, a chain."""
    return hasattr(record, "namespace") and not isinstance(record, INTERFACES)


def _entry_selected(graph: Graph, record: AnyRecord, namespaces: Collection[str], refs: Collection[str]) -> bool:
    """Whether its namespace is among these, and so is the interface that it needs."""
    namespace, dev = getattr(record, "namespace", ""), getattr(record, "dev", None)
    if namespace not in namespaces:
        return False
    if isinstance(record, Route) and record.via is not None and dev is None:
        dev = owner(graph, namespace, record.via)
    return dev is None or dev == "lo" or ids.join(namespace, dev) in refs


# ---- into a lab ------------------------------------------------------------------------------------------------------


def paste(draft: Draft, records: Records, into: str, at: Offset | None) -> None:
    """Add the records of a document to the lab; what is in the document's `host` goes into the namespace `into`.

    `at`: the upper left corner of what is pasted, in canvas units.
    """
    draft.namespace(into)
    names = _pasted_names(Graph(records), Graph(draft.records), into)
    new = [_renamed(r, names) for r in records.values() if not isinstance(r, Lab) and getattr(r, "node", None) != HOST]
    new = [r for r in new if not _is_bridge_place(r, {into})]
    corner = upper_left(new)
    insert(draft, new, None if at is None or corner is None else (at[0] - corner[0], at[1] - corner[1]))


def _pasted_names(document: Graph, lab: Graph, into: str) -> Names:
    """Names that are free in the lab."""
    namespaces = {HOST: into, **_free_names({name: name for name in document.namespaces if name != HOST}, lab.namespaces)}
    in_host = {i.ref: i.name for i in document.inside(HOST) if i.name != "lo"}
    free = _free_names(in_host, {i.name for i in lab.inside(into)})
    refs = {ref: ids.join(namespaces[i.namespace], free.get(ref, i.name)) for ref, i in document.interfaces.items()}
    return Names(namespaces, refs)


def duplicate(draft: Draft, selected: Iterable[str], by: Offset) -> None:
    """Copy what has these ids within the lab, `by` canvas units away.

    A link from a copied namespace to a bridge that is not copied is copied too, to a new port of that bridge.
    """
    selection = _select(draft.records, selected)
    if HOST in selection.namespaces:
        raise invalid("host cannot be copied", ids.namespace(HOST), "it is the lab's own network stack: take what is in it")
    graph = Graph(draft.records)
    links = _links_to_other_bridges(graph, selection)
    interfaces = selection.interfaces | links.keys() | set(links.values())
    names = _duplicate_names(graph, selection.namespaces, interfaces)
    masters = (graph.master(graph.interfaces[port]) for port in links.values())
    names.refs.update((bridge.ref, bridge.ref) for bridge in masters if bridge is not None)
    copied = Selection(selection.namespaces, interfaces, selection.others | _entries_over(graph, links))
    new = [_renamed(r, names) for r in copied.records(draft.records)]
    in_place = names.namespaces.keys() - selection.namespaces
    insert(draft, [r for r in new if not _is_bridge_place(r, in_place)], by)


def _duplicate_names(graph: Graph, namespaces: Collection[str], interfaces: Collection[str]) -> Names:
    """Names for copies of these namespaces and interfaces; an interface whose namespace is not copied gets another name in it."""
    names = Names(_free_names({name: name for name in graph.namespaces if name in namespaces}, graph.namespaces), {})
    for namespace in graph.namespaces:
        here = {i.ref: i.name for i in graph.inside(namespace) if i.ref in interfaces}
        if here and namespace not in namespaces:
            names.namespaces[namespace] = namespace
            here = _free_names(here, {i.name for i in graph.inside(namespace)})
        names.refs.update((ref, ids.join(names.namespaces[namespace], name)) for ref, name in here.items())
    return names


def _is_bridge_place(record: AnyRecord, namespaces: Collection[str]) -> bool:
    """Whether it is the place of a bridge in one of these namespaces: the original stands there, so the copy needs another."""
    return isinstance(record, Placement) and ids.is_ref(record.node) and ids.namespace_of(record.node) in namespaces


def _links_to_other_bridges(graph: Graph, selection: Selection) -> dict[str, str]:
    """The veths in selected namespaces whose peer is a port of a bridge that is not selected: veth → that port."""
    ends = (end for name in selection.namespaces for end in graph.inside(name) if end.ref not in selection.interfaces)
    pairs = ((end, peer) for end in ends if (peer := graph.peer(end.ref)) is not None)
    return {end.ref: peer.ref for end, peer in pairs if peer.namespace not in selection.namespaces and graph.master(peer)}


def _entries_over(graph: Graph, refs: Iterable[str]) -> frozenset[str]:
    """The ids of the routes and neighbours of these interfaces."""
    out: set[str] = set()
    for ref in refs:
        namespace, name = ids.Ref.parse(ref)
        out |= {r.id for r in graph.using(ref)}
        out |= {r.id for r in graph.routes(namespace) if r.via and r.dev is None and owner(graph, namespace, r.via) == name}
    return frozenset(out)


# ---- names -----------------------------------------------------------------------------------------------------------


def _free_names(wanted: Mapping[str, str], taken: Iterable[str]) -> dict[str, str]:
    """Key → wanted name, as key → free name: none is taken, and no two are the same."""
    used, out = set(taken), dict[str, str]()
    for key, name in wanted.items():
        out[key] = free_name_like(name, used)
        used.add(out[key])
    return out


def _renamed(record: AnyRecord, names: Names) -> AnyRecord:
    """The record, with the names of the copy instead of its own."""
    if isinstance(record, INTERFACES):
        return _interface(record, names)
    if isinstance(record, Namespace):
        return replace(record, name=names.namespaces[record.name])
    if isinstance(record, Placement | Style):
        return replace(record, node=names.refs[record.node] if ids.is_ref(record.node) else names.namespaces[record.node])
    if isinstance(record, SHAPES):
        return record
    changes: dict[str, object] = {"namespace": names.namespaces[getattr(record, "namespace", HOST)]}
    dev = getattr(record, "dev", None)
    if dev is not None:
        new = names.refs.get(ids.join(getattr(record, "namespace", HOST), dev))
        changes["dev"] = ids.name_of(new) if new else dev
    if isinstance(record, Chain):
        new_names = _other_names(record.namespace, names)
        changes["rules"] = tuple(rewire(rule, new_names) for rule in record.rules)
    return replace(record, **changes)


def _other_names(namespace: str, names: Names) -> dict[str, str]:
    """The interfaces of a namespace that have another name in the copy: old name → new."""
    pairs = ((ids.Ref.parse(ref), ids.name_of(new)) for ref, new in names.refs.items())
    return {old.name: new for old, new in pairs if old.namespace == namespace and old.name != new}


_POINTING = ("lower", "peer", "namespace")
"""Roles of fields that name another interface or a namespace."""


def _interface(record: AnyInterface, names: Names) -> AnyInterface:
    """The interface under its new name; it keeps its master where that is copied too, or stays."""
    namespace, name = ids.Ref.parse(names.refs[record.ref])
    master = names.refs.get(ids.join(record.namespace, record.master)) if record.master else None
    new = replace(record, namespace=namespace, name=name, master=ids.name_of(master) if master else None)
    return replace(new, **{f.name: _named(f.role, getattr(new, f.name), names) for f in new.KIND.fields if f.role in _POINTING})


def _named(role: str, text: str | None, names: Names) -> str | None:
    """The new name of what a field names: another interface, or a namespace where that is copied too."""
    if not text:
        return None
    return names.namespaces.get(text, text) if role == "namespace" else names.refs[text]
