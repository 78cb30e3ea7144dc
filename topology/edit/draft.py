"""A state of a lab while an edit is made: the records, and the changes that draw others after them."""

import errno
import ipaddress
from collections.abc import Mapping

from topology.model.base import HOST
from topology.model.graph import Graph
from topology.model.problems import refused, unknown
from topology.model.records import (
    INTERFACES,
    AnyInterface,
    AnyRecord,
    Chain,
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
    replace,
)
from topology.observe.normal import owner
from topology.plan import steps
from topology.plan.kernel_model import Model


class Draft:
    """`before` stays as it was; `records` is what it becomes."""

    def __init__(self, before: Mapping[str, AnyRecord]) -> None:
        self.before = before
        self.records: Records = dict(before)
        self.moves: dict[str, str] = {}
        self.made: list[str] = []

    def put(self, record: AnyRecord, *, made: bool = False) -> None:
        """Add the record or take it for the one with its id."""
        self.records[record.id] = record
        if made:
            self.made.append(record.id)

    def lab(self) -> Lab:
        """The lab's own record."""
        lab = self.records.get("lab:")
        return lab if isinstance(lab, Lab) else Lab()

    def namespace(self, name: str) -> Namespace:
        """The namespace, or a problem in the words of ip-netns(8)."""
        record = self.records.get(f"namespace:{name}")
        if isinstance(record, Namespace):
            return record
        if name == HOST:
            return Namespace(name=HOST)
        message = f'Cannot open network namespace "{name}": No such file or directory'
        raise unknown(message, f"namespace:{name}", "make the namespace first")

    def interface(self, ref: str) -> AnyInterface:
        """The interface `ns/name`. `lo` is always there, and down where it has no record."""
        namespace, _, name = ref.removeprefix("interface:").partition("/")
        record = self.records.get(f"interface:{namespace}/{name}")
        if isinstance(record, INTERFACES):
            return record
        self.namespace(namespace)
        if name == "lo":
            return Loopback(namespace=namespace, name="lo", up=False)
        raise unknown(f'Cannot find device "{name}"', f"interface:{namespace}/{name}", f"{namespace} has no such interface")

    def free(self, namespace: str, name: str) -> None:
        """Refuse a name that an interface of the namespace has."""
        self.namespace(namespace)
        if name == "lo" or f"interface:{namespace}/{name}" in self.records:
            raise refused(errno.EEXIST, f"interface:{namespace}/{name}", f"{namespace} has an interface of that name: take another")

    def absent(self, key: str, hint: str) -> None:
        """Refuse an id that is there."""
        if key in self.records:
            raise refused(errno.EEXIST, key, hint)

    def leave_bridge(self, port: AnyInterface) -> None:
        """A port takes its entries in the bridge's table along; a vxlan's own entries stay."""
        for entry in Graph(self.records).using(port.ref):
            if isinstance(entry, Fdb) and entry.destination is None:
                self.records.pop(entry.id, None)

    def forget_uses(self, interface: AnyInterface) -> None:
        """Without the routes, neighbours and FDB entries that need this interface, named or found by their gateway."""
        graph = Graph(self.records)
        for entry in graph.using(interface.ref):
            self.records.pop(entry.id, None)
        for route in graph.routes(interface.namespace):
            if route.via and route.dev is None and owner(graph, interface.namespace, route.via) == interface.name:
                self.records.pop(route.id, None)

    def drop_lost_routes(self, old: AnyInterface, new: AnyInterface) -> None:
        """Without the routes and neighbours that the kernel takes along when the interface goes down or loses addresses.

        A route whose gateway is in no subnet any more stays in the kernel, on its interface.
        """
        graph, model = Graph(self.records), Model(self.records)
        for address in old.addresses:
            if address not in new.addresses:
                model.do(steps.DeleteAddress(subject=old.id, namespace=old.namespace, dev=old.name, address=address))
        if old.up and not new.up:
            model.do(steps.SetUp(subject=old.id, namespace=old.namespace, name=old.name, up=False))
        for key, record in list(self.records.items()):
            if isinstance(record, Route | Neighbour) and key not in model.records:
                del self.records[key]
            elif isinstance(record, Route) and record.via and record.dev is None and record.namespace == old.namespace:
                via = ipaddress.ip_address(record.via)
                lost = not any(via in ipaddress.ip_interface(a).network for a in new.addresses)
                if lost and owner(graph, old.namespace, record.via) == old.name:
                    self.put(replace(record, dev=old.name))

    def carry_state(self, lower: AnyInterface) -> None:
        """Those that the kernel takes up and down with it."""
        for upper in Graph(self.records).uppers(lower.ref):
            if upper.follows_state and upper.up != lower.up:
                new = replace(upper, up=lower.up)
                self.drop_lost_routes(upper, new)
                self.put(new)
                self.carry_state(new)

    def follow(self, old: AnyInterface, new: AnyInterface) -> None:
        """The interface is called otherwise now: all that names it does, too."""
        graph = Graph(self.records)
        peer = graph.peer(old.ref)
        if peer is not None:
            self.put(replace(peer, peer=new.ref))
        for child in graph.uppers(old.ref):
            self.put(replace(child, parent=new.ref))
        self.records = {new.id if key == old.id else key: new if key == old.id else r for key, r in self.records.items()}
        self.moves[old.ref] = new.ref
        self.made.append(new.id)

    def rename(self, old: AnyInterface, name: str) -> None:
        """Another name in the same namespace: everything stays, under the new name."""
        graph = Graph(self.records)
        new = replace(old, name=name)
        for entry in graph.using(old.ref):
            self.records = {replace(entry, dev=name).id if k == entry.id else k: r for k, r in self.records.items()}
            self.put(replace(entry, dev=name))
        for port in graph.ports(old.ref):
            self.put(replace(port, master=name))
        for drawn in (self.records.pop(f"placement:{old.ref}", None), self.records.pop(f"style:{old.ref}", None)):
            if isinstance(drawn, Placement | Style):
                self.put(replace(drawn, node=new.ref))
        self.follow(old, new)

    # ---- removing ----------------------------------------------------------------------------------------------------

    def remove(self, record: AnyRecord) -> None:
        """Delete the record with all that the kernel deletes along with it."""
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
        self.forget_uses(interface)
        del self.records[interface.id]
        if interface.KIND.node:
            self.records.pop(f"placement:{interface.ref}", None)
            self.records.pop(f"style:{interface.ref}", None)
            for port in graph.ports(interface.ref):
                self.leave_bridge(port)
                self.put(replace(port, master=None, port=Port(), vlans=None))
        for child in graph.uppers(interface.ref):
            self.remove(child)
        peer = graph.peer(interface.ref)
        if peer is not None:
            self.remove(peer)

    def _remove_namespace(self, name: str) -> None:
        graph = Graph(self.records)
        gone = {i.ref for i in graph.inside(name)}
        used = [r.id for r in self.records.values() if isinstance(r, Route | Neighbour | Fdb | Chain) and r.namespace == name]
        drawn = (f"{what}:{node}" for node in (name, *gone) for what in ("placement", "style"))
        own = (f"namespace:{name}", *drawn, *(f"interface:{ref}" for ref in gone))
        for key in (*own, *used):
            self.records.pop(key, None)
        for interface in graph.interfaces.values():
            if interface.namespace == name:
                continue
            if interface.other_end in gone or interface.lower in gone or interface.made_in == name:
                self.remove(interface)
