"""The records of a lab while an edit is made, and changes with what the kernel changes because of them."""

import errno
import ipaddress
from collections.abc import Mapping

from topology.model import ids
from topology.model.base import HOST
from topology.model.diff import replaced
from topology.model.graph import Graph
from topology.model.problems import refused, unknown
from topology.model.records import (
    INTERFACES,
    AnyInterface,
    AnyRecord,
    Fdb,
    Lab,
    Loopback,
    Namespace,
    Neighbour,
    Placement,
    Port,
    Records,
    Route,
    Style,
    lab_of,
    replace,
)
from topology.model.subnets import Subnets
from topology.model.tracked import Tracked
from topology.observe.normal import owner
from topology.plan import steps
from topology.plan.kernel_model import Model


class Draft:
    """`before` is the state before the edit and stays; `records` is the state after it.

    `places`: new nodes without a place are given one. `moves` and `made` are those of `topology.edit.edit.Edit`.
    """

    def __init__(self, before: Mapping[str, AnyRecord], places: bool = True) -> None:
        self.before, self.places = before, places
        self.records = Tracked.of(before)
        self.moves: dict[str, str] = {}
        self.made: list[str] = []

    def put(self, record: AnyRecord, *, made: bool = False) -> None:
        """Add the record, or replace the one with its id. `made`: the command asked for this new record."""
        self.records[record.id] = record
        if made:
            self.made.append(record.id)

    def lab(self) -> Lab:
        """The lab's own record."""
        return lab_of(self.records)

    def namespace(self, name: str) -> Namespace:
        """The namespace. Raises ProblemError, in the words of ip-netns(8), where there is none."""
        record = self.records.get(ids.namespace(name))
        if isinstance(record, Namespace):
            return record
        if name == HOST:
            return Namespace(name=HOST)
        message = f'Cannot open network namespace "{name}": No such file or directory'
        raise unknown(message, ids.namespace(name), "make the namespace first")

    def interface(self, ref: str) -> AnyInterface:
        """The interface `ns/name`, or with that record id. Each namespace has `lo`: where it has no record it is down.

        Raises ProblemError where there is none.
        """
        namespace, name = ids.Ref.parse(ids.ref_of(ref))
        key = ids.Ref(namespace, name).id
        record = self.records.get(key)
        if isinstance(record, INTERFACES):
            return record
        self.namespace(namespace)
        if name == "lo":
            return Loopback(namespace=namespace, name="lo", up=False)
        raise unknown(f'Cannot find device "{name}"', key, f"{namespace} has no such interface")

    def has_node(self, node: str) -> bool:
        """Whether there is a namespace (`ns0`) or a bridge (`host/br0`) of this name, which is drawn as a node."""
        record = self.records.get(ids.node(node))
        return isinstance(record, Namespace) or (isinstance(record, INTERFACES) and record.KIND.node)

    def refuse_taken(self, namespace: str, name: str) -> None:
        """Raise ProblemError where an interface of the namespace has the name."""
        self.namespace(namespace)
        key = ids.Ref(namespace, name).id
        if name == "lo" or key in self.records:
            raise refused(errno.EEXIST, key, f"{namespace} has an interface of that name: take another")

    def refuse_existing(self, key: str, hint: str) -> None:
        """Raise ProblemError where there is a record with this id."""
        if key in self.records:
            raise refused(errno.EEXIST, key, hint)

    def leave_bridge(self, port: AnyInterface) -> None:
        """Delete the port's entries in the FDB of its bridge, as the kernel does when a port leaves (br_fdb_delete_by_port()).

        Entries with a destination are in the vxlan's own FDB and stay.
        """
        for entry in Graph(self.records).using(port.ref):
            if isinstance(entry, Fdb) and entry.destination is None:
                self.records.pop(entry.id, None)

    def remove_uses(self, interface: AnyInterface) -> None:
        """Delete the routes, neighbours and FDB entries of this interface, and the routes whose gateway is in one of its subnets."""
        graph = Graph(self.records)
        for entry in graph.using(interface.ref):
            self.records.pop(entry.id, None)
        for route in graph.routes(interface.namespace):
            if route.via and route.dev is None and owner(graph, interface.namespace, route.via) == interface.name:
                self.records.pop(route.id, None)

    def drop_lost_routes(self, old: AnyInterface, new: AnyInterface) -> None:
        """Delete the routes and neighbours that the kernel flushes when the interface goes down or loses addresses.

        A route stays in the kernel, on its interface, where only the subnet of its gateway is lost: it gets a `dev`.
        """
        lost = [a for a in old.addresses if a not in new.addresses]
        if not lost and not (old.up and not new.up):
            return
        graph, kept = Graph(self.records), _after_loss(self.records, old, new).records
        gone = [key for key in replaced(self.records, kept) if key not in kept and isinstance(self.records.get(key), Route | Neighbour)]
        for key in gone:
            del self.records[key]
        subnets = Subnets()
        subnets.add(old.name, lost)
        for record in graph.routes(old.namespace) if lost else ():
            if (
                record.via
                and record.dev is None
                and subnets.owner(record.via)
                and record.id in self.records
                and _gateway_lost(graph, record, old, new)
            ):
                self.put(replace(record, dev=old.name))

    def carry_state(self, lower: AnyInterface) -> None:
        """Set the interfaces up or down that the kernel takes up and down with their lower interface."""
        for upper in Graph(self.records).uppers(lower.ref):
            if upper.follows_state and upper.up != lower.up:
                new = replace(upper, up=lower.up)
                self.drop_lost_routes(upper, new)
                self.put(new)
                self.carry_state(new)

    def update_references(self, old: AnyInterface, new: AnyInterface) -> None:
        """Replace the interface by itself under another name or in another namespace: peer, lower device and `moves` name the new one."""
        graph = Graph(self.records)
        peer = graph.peer(old.ref)
        if peer is not None:
            self.put(replace(peer, peer=new.ref))
        for upper in graph.uppers(old.ref):
            self.put(replace(upper, parent=new.ref))
        self._replace(old.id, new)
        self.moves[old.ref] = new.ref
        self.made.append(new.id)

    def rename(self, old: AnyInterface, name: str) -> None:
        """Give the interface another name in its namespace: all records that name it say the new one."""
        graph = Graph(self.records)
        new = replace(old, name=name)
        entries = {entry.id: replace(entry, dev=name) for entry in graph.using(old.ref)}
        self.records = self.records.renamed({key: (entry.id, entry) for key, entry in entries.items()})
        for port in graph.ports(old.ref):
            self.put(replace(port, master=name))
        for drawn in (self.records.pop(ids.placement(old.ref), None), self.records.pop(ids.style(old.ref), None)):
            if isinstance(drawn, Placement | Style):
                self.put(replace(drawn, node=new.ref))
        self.update_references(old, new)

    def _replace(self, key: str, new: AnyRecord) -> None:
        """Put a record with another id in the place of one, in the order of the records too."""
        self.records = self.records.renamed({key: (new.id, new)})

    # ---- removing ----------------------------------------------------------------------------------------------------

    def remove(self, record: AnyRecord) -> None:
        """Delete the record, and the records of all that the kernel deletes with it."""
        if record.id not in self.records:
            return
        if isinstance(record, INTERFACES):
            self._remove_interface(record)
        elif isinstance(record, Namespace):
            self._remove_namespace(record.name)
        else:
            del self.records[record.id]

    def _remove_interface(self, interface: AnyInterface) -> None:
        graph = Graph(self.records)
        self.remove_uses(interface)
        del self.records[interface.id]
        if interface.KIND.node:
            self.records.pop(ids.placement(interface.ref), None)
            self.records.pop(ids.style(interface.ref), None)
            for port in graph.ports(interface.ref):
                self.leave_bridge(port)
                self.put(replace(port, master=None, port=Port(), vlans=None))
        for upper in graph.uppers(interface.ref):
            self.remove(upper)
        peer = graph.peer(interface.ref)
        if peer is not None:
            self.remove(peer)

    def _remove_namespace(self, name: str) -> None:
        graph = Graph(self.records)
        gone = {i.ref for i in graph.inside(name)}
        outside = [i for ref in sorted(gone) for i in (graph.peer(ref), *graph.uppers(ref)) if i is not None] + graph.made_in(name)
        drawn = (make(node) for node in (name, *gone) for make in (ids.placement, ids.style))
        for key in (ids.namespace(name), *drawn, *graph.of_namespace(name)):
            self.records.pop(key, None)
        for interface in outside:
            if interface.namespace != name:
                self.remove(interface)


def _after_loss(records: Records, old: AnyInterface, new: AnyInterface) -> Model:
    """What the kernel has once the interface has lost addresses, or is down, as `new` says."""
    model = Model(records)
    for address in old.addresses:
        if address not in new.addresses:
            model.do(steps.DeleteAddress(subject=old.id, namespace=old.namespace, dev=old.name, address=address))
    if old.up and not new.up:
        model.do(steps.SetUp(subject=old.id, namespace=old.namespace, name=old.name, up=False))
    return model


def _gateway_lost(graph: Graph, route: Route, old: AnyInterface, new: AnyInterface) -> bool:
    """Whether the route went by a gateway in a subnet of `old` that `new` has no more."""
    if not route.via or route.dev is not None or route.namespace != old.namespace:
        return False
    via = ipaddress.ip_address(route.via)
    lost = not any(via in ipaddress.ip_interface(a).network for a in new.addresses)
    return lost and owner(graph, old.namespace, route.via) == old.name
