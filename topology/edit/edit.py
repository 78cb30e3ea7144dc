"""From a command to a change of the desired state: what a person asks for, and what the kernel is known to change with it.

`edit` is pure. It refuses what the kernel is certain to refuse, in the kernel's words. The rest is up to the kernel.
"""

import errno
import os
from collections.abc import Callable, Container, Iterable, Mapping
from typing import Any, Final

import msgspec

from topology.document import document
from topology.document.check import Found, check, ipv6
from topology.document.gateways import gateways, unusable
from topology.edit import commands as c
from topology.edit import draw, layout, paste, table_edit
from topology.edit.draft import Draft
from topology.model import ids, names, routing
from topology.model.base import HOST, Json
from topology.model.diff import Diff, between
from topology.model.graph import Graph
from topology.model.problems import ProblemError, invalid, refused, unknown
from topology.model.records import (
    INTERFACES,
    AnyInterface,
    AnyRecord,
    Interface,
    Lab,
    Namespace,
    Placement,
    Port,
    Records,
    Veth,
    replace,
)
from topology.model.tracked import Index, Tracked
from topology.observe.normal import normalise


class Edit(msgspec.Struct, frozen=True, kw_only=True):
    """What a command changes. `moves`: old `ns/name` → new, of interfaces that are the same device under another name.

    `made`: the ids of the new records that the command asked for, as the client selects them afterwards.
    """

    diff: Diff[AnyRecord]
    moves: dict[str, str] = {}
    made: tuple[str, ...] = ()


def edit(desired: Mapping[str, AnyRecord], command: c.AnyCommand, places: bool = True) -> Edit:
    """What the command changes in `desired`, which is in normal form; so is the result. Raises `ProblemError` where it is refused.

    `places`: find a place for new nodes without one; else that is up to the caller (`placed`), who does it once for a list of commands.
    """
    draft = Draft(desired, places)
    change = CHANGES.get(type(command))
    if change is None:
        raise invalid(f"{type(command).__name__} is answered by the writer of the lab, not by an edit")
    change(draft, command)
    if isinstance(command, _NOT_FOR_THE_KERNEL):
        return Edit(diff=between(desired, draft.records), made=tuple(draft.made))
    _refuse([*check(draft.records, only=between(desired, draft.records).ids, before=desired)])
    after = normalise(draft.records, like=desired)
    diff = between(desired, after)
    _refuse([*ipv6(after, only=_with_new_ipv6(diff))])
    if isinstance(command, _WITH_NEW_ROUTES):
        new = diff.added.keys() if isinstance(command, c.ApplyDocument | c.Paste) else ()
        _refuse([*gateways(after, only=diff.ids), *unusable(after, new)])
    return Edit(diff=diff, moves=draft.moves, made=tuple(draft.made))


def _with_new_ipv6(diff: Diff[AnyRecord]) -> set[str]:
    """The interfaces that get IPv6 addresses."""

    def sixes(record: AnyRecord) -> set[str]:
        return {a for a in record.addresses if ":" in a} if isinstance(record, Interface) else set()

    changed = {key for key, (before, after) in diff.updated.items() if sixes(after) - sixes(before)}
    return changed | {key for key, record in diff.added.items() if sixes(record)}


def _refuse(found: list[Found]) -> None:
    """Raise the first of these as a problem, with the others as its causes."""
    if found:
        first, *rest = (f.problem() for f in found)
        raise ProblemError(msgspec.structs.replace(first, causes=tuple(rest)))


# ---- namespaces ------------------------------------------------------------------------------------------------------


def _add_namespace(draft: Draft, command: c.AddNamespace) -> None:
    record = Namespace(name=command.name, nsid=command.nsid)
    if record.id in draft.records:
        message = f'Cannot create namespace file "/run/netns/{command.name}": File exists'
        raise refused(errno.EEXIST, record.id, "take another name", message)
    names.namespace_name(command.name, record.id)
    draft.put(record, made=True)
    if command.at is not None:
        draft.put(Placement(node=command.name, x=command.at[0], y=command.at[1]))
    _place_missing(draft, {command.name})


def placed(records: Mapping[str, AnyRecord], made: Iterable[str]) -> Records:
    """The records with a place for each of those of these ids that is a node without one."""
    draft = Draft(records)
    _place_missing(draft, filter(draft.has_node, map(ids.subject_of, made)))
    return draft.records


def _place_missing(draft: Draft, nodes: Iterable[str]) -> None:
    """Find a place for those of these nodes that have none."""
    if not draft.places:
        return
    lacking = [node for node in nodes if ids.placement(node) not in draft.records]
    for placement in layout.missing(draft.records, lacking) if lacking else ():
        draft.put(placement)


def _set_nsid(draft: Draft, command: c.SetNsid) -> None:
    record = draft.namespace(command.namespace)
    if record.nsid is not None and record.nsid != command.nsid:
        hint = f"{record.name} has nsid {record.nsid}; the kernel does not change it"
        raise refused(errno.EEXIST, record.id, hint, "Peer netns already has a nsid assigned")
    draft.put(replace(record, nsid=command.nsid))


def _set_sysctl(draft: Draft, command: c.SetSysctl) -> None:
    record = draft.namespace(command.namespace)
    sysctls = {key: value for key, value in record.sysctls.items() if key != command.key}
    value = names.sysctl(command.key, command.value if command.value is not None else "0", record.id)
    if command.value is not None:
        sysctls[command.key] = value
    draft.put(replace(record, sysctls=sysctls))


# ---- interfaces ------------------------------------------------------------------------------------------------------


def _add_interface(draft: Draft, command: c.AddInterface) -> None:
    interface = command.interface
    if interface.KIND.paired:
        raise invalid(f"{interface.word} needs both ends", interface.id, "add a link: it makes the pair")
    if interface.KIND.builtin:
        raise refused(errno.EEXIST, interface.id, "each namespace has its lo: set it up")
    draft.refuse_taken(interface.namespace, interface.name)
    draft.put(interface, made=True)
    if interface.KIND.node:
        if command.at is not None:
            draft.put(Placement(node=interface.ref, x=command.at[0], y=command.at[1]))
        _place_missing(draft, {interface.ref})


def _add_link(draft: Draft, command: c.AddLink) -> None:
    wanted = {end.name for end in (command.a, command.b) if end.name is not None}
    a = _end_ref(draft, command.a, wanted)
    b = _end_ref(draft, command.b, wanted | ({a.name} if command.a.namespace == command.b.namespace else set()))
    if a == b:
        raise refused(errno.EEXIST, a.id, "the two ends need two names")
    draft.put(_veth(command.a, a, b), made=True)
    draft.put(_veth(command.b, b, a), made=True)


def _end_ref(draft: Draft, end: c.End, reserved: set[str]) -> ids.Ref:
    """The name of an end of a new link: the one asked for, else the first `vethN` that is neither taken nor reserved."""
    draft.namespace(end.namespace)
    name = end.name if end.name is not None else _free_name(Graph(draft.records), end.namespace, "veth", reserved)
    draft.refuse_taken(end.namespace, name)
    return ids.Ref(end.namespace, name)


_NUMBERS: Final = 64
"""Numbers in a block."""


def _block(interface: Interface) -> tuple[str, str, int] | None:
    found = names.numbered(interface.name)
    return (interface.namespace, found[0], found[1] // _NUMBERS) if found is not None else None


_NUMBERED: Final = Index(INTERFACES, _block)
"""The interfaces whose names end with a number, by namespace, what is before the number, and the block of numbers."""


def _free_name(graph: Graph, namespace: str, stem: str, reserved: Container[str]) -> str:
    """The first of `veth0`, `veth1`, … that is neither taken there nor reserved. Blocks of names that are all taken are passed."""
    block = 0
    while len(graph.group(_NUMBERED, (namespace, stem, block))) == _NUMBERS:
        block += 1
    number = block * _NUMBERS
    while (name := f"{stem}{number}") in reserved or graph.interface(ids.join(namespace, name)) is not None:
        number += 1
    return name


def _veth(end: c.End, ref: ids.Ref, peer: ids.Ref) -> Veth:
    """An end of a link, which is a pair of veths by definition (docs/glossary.md). Other kinds are added by `AddInterface`."""
    return Veth(
        namespace=ref.namespace, name=ref.name, peer=str(peer), up=end.up, mac=end.mac, mtu=end.mtu, master=end.master,
        addresses=end.addresses,
    )  # fmt: skip


_FIXED: Final = {
    "namespace": "move the interface",
    "name": "rename it by moving it within its namespace",
    "peer": "delete the link, draw another",
}
"""Fields that `SetInterface` does not change, and what to do instead."""


def _set_interface(draft: Draft, command: c.SetInterface) -> None:
    old = draft.interface(command.interface)
    values = {name: _field_value(old, name, value) for name, value in command.changes.items()}
    if values.get("master", old.master) != old.master:
        draft.leave_bridge(old)
        values = {"port": Port(), "vlans": None, **values}
    new = replace(old, **values)
    draft.drop_lost_routes(old, new)
    draft.put(new)
    draft.carry_state(new)


def _field_value(interface: AnyInterface, name: str, value: Json) -> object:
    """The value that a JSON value means for a field of the interface. Raises ProblemError where the field has no such value."""
    if name in _FIXED:
        raise invalid(f"{name} cannot be set", interface.id, _FIXED[name])
    fields = {f.name: f.type for f in msgspec.structs.fields(type(interface)) if f.name not in _FIXED}
    if name not in fields:
        raise invalid(f'unknown field "{name}"', interface.id, f"fields of {interface.word}: {', '.join(fields)}")
    try:
        return msgspec.convert(value, fields[name])
    except msgspec.ValidationError as error:
        raise invalid(f"{name}: {str(error).replace(' - at `$', ' at `')}", interface.id) from None


def _move_interface(draft: Draft, command: c.MoveInterface) -> None:
    old = draft.interface(command.interface)
    name = command.name if command.name is not None else old.name
    if ids.join(command.namespace, name) == old.ref:
        return
    _refuse_unmovable(draft, old, command.namespace)
    draft.refuse_taken(command.namespace, name)
    names.interface_name(name, old.id)
    if command.namespace == old.namespace:
        draft.rename(old, name)
    else:
        _change_namespace(draft, old, command.namespace, name)


def _change_namespace(draft: Draft, old: AnyInterface, namespace: str, name: str) -> None:
    """Move an interface: it arrives down, without addresses and master (dev_change_net_namespace() of net/core/dev.c)."""
    draft.remove_uses(old)
    moved = replace(old, namespace=namespace, name=name, up=False, addresses=(), master=None, port=Port(), vlans=None)
    if moved.KIND.underlay:
        moved = replace(moved, underlay=old.made_in)
    for upper in Graph(draft.records).uppers(old.ref):
        if upper.KIND.lower is not None and upper.KIND.lower.dies_on_move:
            draft.remove(upper)
    draft.update_references(old, moved)
    draft.carry_state(moved)


def _refuse_unmovable(draft: Draft, interface: AnyInterface, namespace: str) -> None:
    if interface.KIND.builtin:
        raise refused(errno.EINVAL, interface.id, "lo stays in its namespace under its name: each namespace has its own")
    if ids.namespace(namespace) not in draft.records:
        hint = "No such file or directory: make the namespace first"
        raise unknown(f'Invalid "netns" value: "{namespace}"', ids.namespace(namespace), hint)
    if not interface.KIND.movable and namespace != interface.namespace:
        hint = f"{interface.word} interfaces stay in the namespace they were made in: make one in {namespace}"
        raise refused(errno.EINVAL, interface.id, hint)


# ---- the rest --------------------------------------------------------------------------------------------------------


def _add_route(draft: Draft, command: c.AddRoute) -> None:
    route = command.route
    draft.namespace(route.namespace)
    to = names.destination(route.to, route.via, route.id)
    canonical = replace(route, to=to, metric=routing.stated_metric(to, route.metric))
    draft.refuse_existing(canonical.id, "there is a route to it: delete it first, or give another metric")
    draft.put(canonical, made=True)


def _add_neighbour(draft: Draft, command: c.AddNeighbour) -> None:
    entry = replace(command.neighbour, address=names.address(command.neighbour.address, command.neighbour.id))
    draft.namespace(entry.namespace)
    draft.refuse_existing(entry.id, "delete the entry first")
    draft.put(entry, made=True)


def _add_fdb(draft: Draft, command: c.AddFdb) -> None:
    entry = replace(command.fdb, mac=names.any_mac(command.fdb.mac, command.fdb.id))
    if entry.destination is not None:
        entry = replace(entry, destination=names.address(entry.destination, entry.id))
    draft.namespace(entry.namespace)
    draft.refuse_existing(entry.id, "delete the entry first")
    draft.put(entry, made=True)


def _remove(draft: Draft, command: c.Remove) -> None:
    draw.refuse_locked(draft, (draft.before[key] for key in command.ids if key in draft.before))
    for key in command.ids:
        record = draft.before.get(key)
        if record is None:
            raise unknown(os.strerror(errno.ENOENT), key, "it is not in the document")
        if isinstance(record, Lab) or key == ids.namespace(HOST):
            raise refused(errno.EBUSY, key, "host is the lab's own network stack: delete the lab instead")
        if isinstance(record, Interface) and record.KIND.builtin:
            raise refused(errno.EOPNOTSUPP, key, "lo cannot be deleted: set it down")
        draft.remove(record)


def _set_lab(draft: Draft, command: c.SetLab) -> None:
    values = {name: getattr(command, name) for name in command.__struct_fields__}
    draft.put(replace(draft.lab(), **{name: value for name, value in values.items() if value is not None}))


def _apply_document(draft: Draft, command: c.ApplyDocument) -> None:
    """The records of the document; what it does not say of the lab's name, firewall and places stays as it is."""
    before = draft.lab()
    new: Records = document.load(command.document)
    graph = Graph(new)
    nodes, placed = set(graph.nodes()), graph.placements()
    kept = {p.id: p for node, p in Graph(draft.records).placements().items() if node in nodes and node not in placed}
    draft.records = Tracked.of({**new, **kept})
    lab = draft.lab()
    draft.put(replace(lab, name=lab.name or before.name, firewall=lab.firewall or before.firewall))
    for placement in layout.missing(draft.records, nodes):
        draft.put(placement)


# ---- the table -------------------------------------------------------------------------------------------------------

_NOT_FOR_THE_KERNEL: Final = (c.Place, c.SetLab, c.PutStyle, c.PutArea, c.PutNote)
"""Commands that change nothing of which the kernel could refuse anything."""

_WITH_NEW_ROUTES: Final = (c.AddRoute, c.ApplyDocument, c.Paste, c.Duplicate)
"""Commands after which the gateways of changed routes have to be in reach. Other edits may leave one out of reach, as the kernel does."""

Change = Callable[[Draft, Any], None]

CHANGES: Final[dict[type[c.Command], Change]] = {
    c.AddNamespace: _add_namespace,
    c.SetNsid: _set_nsid,
    c.AddInterface: _add_interface,
    c.AddLink: _add_link,
    c.SetInterface: _set_interface,
    c.MoveInterface: _move_interface,
    c.AddRoute: _add_route,
    c.AddNeighbour: _add_neighbour,
    c.AddFdb: _add_fdb,
    c.SetSysctl: _set_sysctl,
    c.Remove: _remove,
    c.Place: lambda draft, command: draw.place(draft, command.positions, command.shapes),
    c.PutStyle: lambda draft, command: draw.put_style(draft, command.style),
    c.PutArea: lambda draft, command: draw.put_shape(draft, command.area),
    c.PutNote: lambda draft, command: draw.put_shape(draft, command.note),
    c.Paste: lambda draft, command: paste.paste(draft, document.load(command.document), command.into, command.at),
    c.Duplicate: lambda draft, command: paste.duplicate(draft, command.ids, command.by),
    c.SetLab: _set_lab,
    c.ApplyDocument: _apply_document,
    **dict.fromkeys(table_edit.CHANGES, table_edit.change),
}
"""Command → what makes the change. `Undo`, `Redo`, `KeepDrift` and `RevertDrift` need the history or the kernel: they are not here."""
