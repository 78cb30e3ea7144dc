"""From a command to a change of the desired state: what a person asks, with the consequences that the kernel is known to draw.

`edit` is pure. It refuses what the kernel is certain to refuse, in the kernel's words; the rest the kernel decides.
"""

import errno
import os
from collections.abc import Iterable, Mapping

import msgspec

from topology.document import document
from topology.document.check import Found, check, gateways
from topology.edit import commands as c
from topology.edit import draw, layout, paste, table_edit
from topology.edit.draft import Draft
from topology.model import names
from topology.model.base import HOST
from topology.model.diff import Diff, between
from topology.model.graph import Graph
from topology.model.problems import ProblemError, invalid, refused, unknown
from topology.model.records import (
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
from topology.observe.normal import normalise


class Edit(msgspec.Struct, frozen=True, kw_only=True):
    """`moves`: old `ns/name` → new, of interfaces that are the same device under another name. `made`: ids of what the command names."""

    diff: Diff[AnyRecord]
    moves: dict[str, str] = {}
    made: tuple[str, ...] = ()


def edit(desired: Mapping[str, AnyRecord], command: c.AnyCommand) -> Edit:
    """What the command changes in `desired`, which is in normal form; so is the result. Raises `ProblemError` where it cannot be."""
    draft = Draft(desired)
    _change(draft, command)
    if isinstance(command, c.Place | c.SetLab | c.PutStyle | c.PutArea | c.PutNote):
        return Edit(diff=between(desired, draft.records), made=tuple(draft.made))
    _refuse([*check(draft.records, only=between(desired, draft.records).ids)])
    after = normalise(draft.records)
    diff = between(desired, after)
    if isinstance(command, c.AddRoute | c.ApplyDocument | c.Paste | c.Duplicate):
        _refuse([*gateways(after, only=diff.ids)])
    return Edit(diff=diff, moves=draft.moves, made=tuple(draft.made))


def _refuse(found: list[Found]) -> None:
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


def _place_missing(draft: Draft, nodes: Iterable[str]) -> None:
    """A place for those of these nodes that have none."""
    for placement in layout.missing(draft.records):
        if placement.node in nodes:
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
        raise invalid(f"a {interface.word} needs both ends", interface.id, "add a link: it makes the pair")
    if interface.KIND.builtin:
        raise refused(errno.EEXIST, interface.id, "each namespace has its lo: set it up")
    draft.free(interface.namespace, interface.name)
    draft.put(interface, made=True)
    if interface.KIND.node:
        if command.at is not None:
            draft.put(Placement(node=interface.ref, x=command.at[0], y=command.at[1]))
        _place_missing(draft, {interface.ref})


def _add_link(draft: Draft, command: c.AddLink) -> None:
    refs: list[tuple[str, str]] = []
    wanted = {end.name for end in (command.a, command.b) if end.name is not None}
    for end in (command.a, command.b):
        draft.namespace(end.namespace)
        taken = {i.name for i in Graph(draft.records).inside(end.namespace)} | {n for ns, n in refs if ns == end.namespace}
        name = end.name if end.name is not None else names.free_name("veth", taken | wanted)
        draft.free(end.namespace, name)
        if (end.namespace, name) in refs:
            raise refused(errno.EEXIST, f"interface:{end.namespace}/{name}", "the two ends need two names")
        refs.append((end.namespace, name))
    for end, (namespace, name), (other, far) in zip((command.a, command.b), refs, reversed(refs), strict=True):
        veth = Veth(
            namespace=namespace, name=name, peer=f"{other}/{far}", up=end.up, mac=end.mac, mtu=end.mtu, master=end.master,
            addresses=end.addresses,
        )  # fmt: skip
        draft.put(veth, made=True)


_FIXED = {"namespace": "move the interface", "name": "rename it by moving it within its namespace", "peer": "delete the link, draw another"}


def _set_interface(draft: Draft, command: c.SetInterface) -> None:
    old = draft.interface(command.interface)
    fields = {f.name: f.type for f in msgspec.structs.fields(type(old)) if f.name not in _FIXED}
    values: dict[str, object] = {}
    for name, value in command.changes.items():
        if name in _FIXED:
            raise invalid(f"{name} cannot be set", old.id, _FIXED[name])
        if name not in fields:
            raise invalid(f'unknown field "{name}"', old.id, f"a {old.word} has: {', '.join(fields)}")
        try:
            values[name] = msgspec.convert(value, fields[name])
        except msgspec.ValidationError as error:
            raise invalid(f"{name}: {str(error).replace(' - at `$', ' at `')}", old.id) from None
    if values.get("master", old.master) != old.master:
        draft.leave_bridge(old)
        values = {"port": Port(), "vlans": None, **values}
    new = replace(old, **values)
    draft.drop_lost_routes(old, new)
    draft.put(new)
    draft.carry_state(new)


def _move_interface(draft: Draft, command: c.MoveInterface) -> None:
    old = draft.interface(command.interface)
    name = command.name if command.name is not None else old.name
    new = f"{command.namespace}/{name}"
    if new == old.ref:
        return
    _movable(draft, old, command.namespace)
    draft.free(command.namespace, name)
    names.interface_name(name, old.id)
    if command.namespace == old.namespace:
        draft.rename(old, name)
        return
    draft.forget_uses(old)
    moved = replace(old, namespace=command.namespace, name=name, up=False, addresses=(), master=None, port=Port(), vlans=None)
    if moved.KIND.underlay:
        moved = replace(moved, underlay=old.made_in)
    for upper in Graph(draft.records).uppers(old.ref):
        if upper.KIND.lower is not None and upper.KIND.lower.dies_on_move:
            draft.remove(upper)
    draft.follow(old, moved)
    draft.carry_state(moved)


def _movable(draft: Draft, interface: AnyInterface, namespace: str) -> None:
    if interface.KIND.builtin:
        raise refused(errno.EINVAL, interface.id, "lo stays in its namespace under its name: each namespace has its own")
    if f"namespace:{namespace}" not in draft.records:
        hint = "No such file or directory: make the namespace first"
        raise unknown(f'Invalid "netns" value: "{namespace}"', f"namespace:{namespace}", hint)
    if not interface.KIND.movable and namespace != interface.namespace:
        hint = f"a {interface.word} stays in the namespace it was made in: make one in {namespace}"
        raise refused(errno.EINVAL, interface.id, hint)


# ---- the rest --------------------------------------------------------------------------------------------------------


def _add_route(draft: Draft, command: c.AddRoute) -> None:
    route = command.route
    draft.namespace(route.namespace)
    to = names.destination(route.to, route.via, route.id)
    canonical = replace(route, to=to, metric=None if route.metric == (1024 if ":" in to else 0) else route.metric)
    draft.absent(canonical.id, "there is a route to it: delete it first, or give another metric")
    draft.put(canonical, made=True)


def _add_neighbour(draft: Draft, command: c.AddNeighbour) -> None:
    entry = replace(command.neighbour, address=names.address(command.neighbour.address, command.neighbour.id))
    draft.namespace(entry.namespace)
    draft.absent(entry.id, "delete the entry first")
    draft.put(entry, made=True)


def _add_fdb(draft: Draft, command: c.AddFdb) -> None:
    entry = replace(command.fdb, mac=names.any_mac(command.fdb.mac, command.fdb.id))
    if entry.destination is not None:
        entry = replace(entry, destination=names.address(entry.destination, entry.id))
    draft.namespace(entry.namespace)
    draft.absent(entry.id, "delete the entry first")
    draft.put(entry, made=True)


def _remove(draft: Draft, command: c.Remove) -> None:
    draw.refuse_locked(draft, (draft.before[key] for key in command.ids if key in draft.before))
    for key in command.ids:
        record = draft.before.get(key)
        if record is None:
            raise unknown(os.strerror(errno.ENOENT), key, "it is not in the document")
        if isinstance(record, Lab) or key == f"namespace:{HOST}":
            raise refused(errno.EBUSY, key, "host is the lab's own network stack: delete the lab instead")
        if isinstance(record, Interface) and record.KIND.builtin:
            raise refused(errno.EOPNOTSUPP, key, "lo cannot be deleted: set it down")
        draft.remove(record)


def _set_lab(draft: Draft, command: c.SetLab) -> None:
    lab = draft.lab()
    if command.description is not None:
        lab = replace(lab, description=command.description)
    if command.policy is not None:
        lab = replace(lab, policy=command.policy)
    if command.firewall is not None:
        lab = replace(lab, firewall=command.firewall)
    if command.uplink is not None:
        lab = replace(lab, uplink=command.uplink)
    draft.put(lab)


def _apply_document(draft: Draft, command: c.ApplyDocument) -> None:
    lab = draft.lab()
    new: Records = document.load(command.document)
    graph = Graph(new)
    nodes, placed = set(graph.nodes()), graph.placements()
    old = {p.id: p for node, p in Graph(draft.records).placements().items() if node in nodes and node not in placed}
    draft.records = {**new, **old}
    said = draft.lab()
    draft.put(replace(said, name=said.name or lab.name, firewall=said.firewall or lab.firewall))
    _place_missing(draft, nodes)


def _change(draft: Draft, command: c.AnyCommand) -> None:
    match command:
        case c.AddNamespace():
            _add_namespace(draft, command)
        case c.SetNsid():
            _set_nsid(draft, command)
        case c.AddInterface():
            _add_interface(draft, command)
        case c.AddLink():
            _add_link(draft, command)
        case c.SetInterface():
            _set_interface(draft, command)
        case c.MoveInterface():
            _move_interface(draft, command)
        case c.AddRoute():
            _add_route(draft, command)
        case c.AddNeighbour():
            _add_neighbour(draft, command)
        case c.AddFdb():
            _add_fdb(draft, command)
        case c.SetSysctl():
            _set_sysctl(draft, command)
        case c.Remove():
            _remove(draft, command)
        case c.Place():
            draw.place(draft, command.positions, command.shapes)
        case c.PutStyle():
            draw.put_style(draft, command.style)
        case c.PutArea():
            draw.put_shape(draft, command.area)
        case c.PutNote():
            draw.put_shape(draft, command.note)
        case c.Paste():
            paste.paste(draft, document.load(command.document), command.into, command.at)
        case c.Duplicate():
            paste.duplicate(draft, command.ids, command.by)
        case c.SetLab():
            _set_lab(draft, command)
        case c.ApplyDocument():
            _apply_document(draft, command)
        case c.OfTable() | c.ImportRules():
            table_edit.change(draft, command)
        case c.Undo() | c.Redo() | c.KeepDrift() | c.RevertDrift():
            raise invalid(f"{type(command).__name__} is answered by the writer of the lab, not by an edit")
