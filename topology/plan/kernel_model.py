"""What a step does to the kernel, as far as records tell: the model that a plan is made with, and proved against the real kernel.

Beyond the step itself the kernel draws consequences: an interface that moves loses its addresses, one that goes down its routes.
"""

import ipaddress
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from topology.model import ids
from topology.model.base import Interface
from topology.model.graph import WITH_LOWER
from topology.model.records import (
    AnyInterface,
    AnyRecord,
    Bridge,
    Fdb,
    Loopback,
    Namespace,
    Neighbour,
    Port,
    PortVlan,
    Records,
    Route,
    is_bridge,
    of_type,
    replace,
)
from topology.plan import steps as s
from topology.plan.places import Places, places
from topology.plan.table_plan import run
from topology.rules.chains import of_table


def subnet(address: str) -> ipaddress.IPv4Network | ipaddress.IPv6Network:
    """The subnet of `10.0.1.1/24`."""
    return ipaddress.ip_interface(address).network


def without(addresses: tuple[str, ...], address: str) -> tuple[str, ...]:
    """What stays when an address is deleted: with a primary IPv4 address go the secondaries of its subnet (inet_del_ifa())."""
    left = tuple(a for a in addresses if a != address)
    if ":" in address:
        return left
    net = subnet(address)
    if any(subnet(a) == net for a in addresses[: addresses.index(address)]):
        return left
    return tuple(a for a in left if subnet(a) != net)


class Model:
    """The kernel as records. `records` is changed by `do`."""

    def __init__(self, records: Mapping[str, AnyRecord]) -> None:
        self.records: Records = dict(records)
        self._found: Places | None = None
        self._followers = {r.id for r in of_type(records, *WITH_LOWER) if r.follows_state}

    def interface(self, namespace: str, name: str) -> AnyInterface | None:
        """None where there is none. Each namespace has its lo, down, also where no record says so."""
        found = self.records.get(ids.interface(ids.join(namespace, name)))
        if found is None and name == "lo" and ids.namespace(namespace) in self.records:
            return Loopback(namespace=namespace, name=name, up=False)
        return found if isinstance(found, Interface) else None

    @property
    def _places(self) -> Places:
        """Made by the first step that needs it: most edits need none."""
        if self._found is None:
            self._found = places(self.records)
        return self._found

    def do(self, step: s.AnyStep) -> None:
        """Take the step."""
        _EFFECTS[type(step)](self, step)

    # ---- one step each -----------------------------------------------------------------------------------------------

    def _set_nsid(self, step: s.SetNsid) -> None:
        self._change_namespace(step.name, lambda n: replace(n, nsid=step.nsid))

    def _set_sysctl(self, step: s.SetSysctl) -> None:
        self._change_namespace(step.namespace, lambda n: replace(n, sysctls={**n.sysctls, step.key: step.value}))

    def _add_interface(self, step: s.AddInterface) -> None:
        self._put(step.interface)
        if step.peer is not None:
            self._put(step.peer)

    def _delete_interface(self, step: s.DeleteInterface) -> None:
        found = self.interface(step.namespace, step.name)
        if found is not None:
            self._delete(found)

    def _change_interface(self, step: s.ChangeInterface) -> None:
        old, fields = self.interface(step.after.namespace, step.after.name), step.fields
        if old is None:
            return
        self._put(replace(old, **{field: getattr(step.after, field) for field in fields}))
        if is_bridge(old) and is_bridge(step.after) and "vlan_default_pvid" in fields:
            self._change_default_pvid(old, step.after.vlan_default_pvid)
        if "mac" in fields:  # neigh_changeaddr() forgets the permanent ones too
            self._drop(self._places.on(old), Neighbour)
        if "master" in fields and old.master not in (None, step.after.master):
            self._drop(self._places.on(old), Fdb)

    def _set_up_or_down(self, step: s.SetUp) -> None:
        old = self.interface(step.namespace, step.name)
        if old is not None:
            self._set_up(old, step.up)

    def _add_address(self, step: s.AddAddress) -> None:
        old = self.interface(step.namespace, step.dev)
        if old is not None:
            self._put(replace(old, addresses=(*old.addresses, step.address)))

    def _delete_address(self, step: s.DeleteAddress) -> None:
        old = self.interface(step.namespace, step.dev)
        if old is not None and step.address in old.addresses:
            self._lose_address(old, step.address)

    def _add_vlan(self, step: s.AddVlan) -> None:
        old = self.interface(step.namespace, step.dev)
        if old is not None:
            vlans = tuple(replace_pvid(v, step.vlan.pvid) for v in old.vlans or () if v.vid != step.vlan.vid)
            self._put(replace(old, vlans=tuple(sorted((*vlans, step.vlan), key=lambda v: v.vid))))

    def _delete_vlan(self, step: s.DeleteVlan) -> None:
        old = self.interface(step.namespace, step.dev)
        if old is not None:
            self._put(replace(old, vlans=tuple(v for v in old.vlans or () if v.vid != step.vid)))

    # ---- what follows from it ----------------------------------------------------------------------------------------

    def _change_default_pvid(self, bridge: Bridge, pvid: int) -> None:
        """What the ports get that have VLANs of their own (__br_vlan_set_default_pvid() in net/bridge/br_vlan.c)."""
        for port in self._interfaces(self._places.ports(bridge)):
            if port.vlans is not None:
                self._put(replace(port, vlans=with_default_pvid(port.vlans or (), bridge.vlan_default_pvid, pvid)))

    def _interfaces(self, keys: Iterable[str]) -> Iterator[AnyInterface]:
        """Those of these records that are there, and are interfaces."""
        for key in keys:
            found = self.records.get(key)
            if isinstance(found, Interface):
                yield found

    def _remove(self, record_id: str) -> None:
        found = self.records.pop(record_id, None)
        if found is not None and self._found is not None:
            self._found.remove(found)

    def _put(self, record: AnyRecord) -> None:
        before = self.records.get(record.id)
        self.records[record.id] = record
        if self._found is not None:
            if before is not None:
                self._found.remove(before)
            self._found.add(record)
        if isinstance(record, Interface) and record.follows_state:
            self._followers.add(record.id)

    def _change_namespace(self, name: str, change: Callable[[Namespace], Namespace]) -> None:
        found = self.records.get(ids.namespace(name))
        if isinstance(found, Namespace):
            self._put(change(found))

    def _change_table(self, step: s.ChangeTable) -> None:
        before = of_table(self.records, step.namespace, step.family, step.table)
        after = run(before, step)
        for name in before:
            self._remove(ids.chain(step.namespace, step.family, step.table, name))
        for chain in after.values():
            self._put(chain)

    def _drop(self, keys: Iterable[str], *kinds: type[Route | Neighbour | Fdb]) -> None:
        """Forget those of these records that are of one of the kinds."""
        for key in keys:
            if isinstance(self.records.get(key), kinds):
                self._remove(key)

    def _hanging_on(self, interface: Interface) -> list[str]:
        """The routes, neighbours and FDB entries that go with the interface. A route without `dev` does where its gateway lies in a subnet
        of it."""
        return [*self._places.on(interface), *self._places.through(interface)]

    def _delete_namespace(self, name: str) -> None:
        for interface in self._interfaces(self._places.inside(name)):
            self._delete(interface)
        for key in [*self._places.inside(name), ids.namespace(name)]:
            self._remove(key)

    def _delete(self, gone: AnyInterface) -> None:
        related = self._related(gone)
        self._drop(self._hanging_on(gone), Route, Neighbour, Fdb)
        self._remove(gone.id)
        for other in self._interfaces(related):
            if other.ref == gone.other_end or other.lower == gone.ref:
                self._delete(other)
            elif other.master == gone.name and other.namespace == gone.namespace:
                self._put(replace(other, master=None, port=Port(), vlans=None))

    def _related(self, gone: AnyInterface) -> list[str]:
        """The interfaces that may name this one."""
        other = [ids.interface(gone.other_end)] if gone.other_end is not None else []
        return [*other, *self._places.uppers(gone.ref), *self._places.ports(gone)]

    def _set_up(self, old: AnyInterface, up: bool) -> None:
        if old.up and not up:
            self._drop(self._hanging_on(old), Route, Neighbour)
            old = replace(old, addresses=tuple(a for a in old.addresses if ":" not in a))
        self._put(replace(old, up=up))
        self._set_uppers_up(old, up)

    def _set_uppers_up(self, lower: AnyInterface, up: bool) -> None:
        """Those that go up and down with it."""
        for key in sorted(self._followers):
            upper = self.records.get(key)
            if isinstance(upper, Interface) and upper.lower == lower.ref and upper.up != up and upper.follows_state:
                self._set_up(upper, up)

    def _lose_address(self, old: AnyInterface, address: str) -> None:
        """The address goes, and with it the routes that have it as source, or that need the last one of its family."""
        new = replace(old, addresses=without(old.addresses, address))
        six = ":" in address
        last = not any((":" in a) == six for a in new.addresses)
        source = address.split("/")[0]

        goes = {*self._hanging_on(old)} if last and not six else set()
        for key in self._places.inside(old.namespace):
            route = self.records[key]
            if isinstance(route, Route) and (":" in route.to) == six and (route.src == source or key in goes):
                self._remove(key)
        self._put(new)

    def _move(self, step: s.MoveInterface) -> None:
        old = self.interface(step.namespace, step.name)
        if old is None:
            return
        new = replace(old, namespace=step.to_namespace, name=step.to_name)
        if step.namespace != step.to_namespace:
            self._drop(self._hanging_on(old), Route, Neighbour, Fdb)
            new = replace(new, up=False, addresses=(), master=None, port=Port(), vlans=None)
            self._set_uppers_up(old, False)
            if new.KIND.underlay:
                new = replace(new, underlay=None if old.made_in == new.namespace else old.made_in)
        related, ports, entries = self._related(old), self._places.ports(old), self._places.on(old)
        self._remove(old.id)
        self._put(new)
        for other in self._interfaces(related):
            if other.other_end == old.ref:
                self._put(replace(other, peer=new.ref))
            elif other.lower == old.ref:
                self._put(replace(other, parent=new.ref))
        for port in self._interfaces(ports):
            self._put(replace(port, master=new.name))
        for entry in [self.records[key] for key in entries]:
            self._remove(entry.id)
            self._put(replace(entry, dev=new.name))


def replace_pvid(vlan: PortVlan, taken: bool) -> PortVlan:
    """A port has one PVID: a new one takes it from the old."""
    return PortVlan(vid=vlan.vid, untagged=vlan.untagged) if taken and vlan.pvid else vlan


def with_default_pvid(vlans: tuple[PortVlan, ...], old: int, new: int) -> tuple[PortVlan, ...]:
    """The VLANs of a port after its bridge's default PVID went from `old` to `new`; 0 is none, and from none every port gets it."""
    default = PortVlan(vid=old, pvid=True, untagged=True)
    if (old and default not in vlans) or (new and any(v.vid == new for v in vlans)):
        return vlans
    stay = tuple(replace_pvid(v, bool(new)) for v in vlans if not old or v != default)
    return tuple(sorted((*stay, PortVlan(vid=new, pvid=True, untagged=True)), key=lambda v: v.vid)) if new else stay


_EFFECTS: dict[type[s.AnyStep], Callable[[Model, Any], None]] = {
    s.AddNamespace: lambda model, step: model._put(Namespace(name=step.name)),
    s.DeleteNamespace: lambda model, step: model._delete_namespace(step.name),
    s.SetNsid: Model._set_nsid,
    s.SetSysctl: Model._set_sysctl,
    s.AddInterface: Model._add_interface,
    s.DeleteInterface: Model._delete_interface,
    s.MoveInterface: Model._move,
    s.ChangeInterface: Model._change_interface,
    s.SetUp: Model._set_up_or_down,
    s.AddAddress: Model._add_address,
    s.DeleteAddress: Model._delete_address,
    s.AddVlan: Model._add_vlan,
    s.DeleteVlan: Model._delete_vlan,
    s.AddRoute: lambda model, step: model._put(step.route),
    s.DeleteRoute: lambda model, step: model._remove(step.route.id),
    s.AddNeighbour: lambda model, step: model._put(step.neighbour),
    s.DeleteNeighbour: lambda model, step: model._remove(step.neighbour.id),
    s.AddFdb: lambda model, step: model._put(step.fdb),
    s.DeleteFdb: lambda model, step: model._remove(step.fdb.id),
    s.ChangeTable: Model._change_table,
}
"""Kind of step → what it does."""
