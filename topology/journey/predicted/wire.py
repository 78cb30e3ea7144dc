"""A predicted packet between one namespace's interface and the next one's: the neighbour, and the bridges between."""

import ipaddress
from typing import Literal

import msgspec

from topology.journey.forwarding import ForwardingView, Hindrance
from topology.journey.hop import Cause
from topology.journey.packet import Packet
from topology.journey.predicted.hooks import Hooks
from topology.journey.predicted.progress import Progress
from topology.journey.sighting import Hook
from topology.model import ids
from topology.model.records import AnyInterface, Bridge, Neighbour, is_bridge

_BRIDGED: tuple[Hook, ...] = ("prerouting", "forward", "postrouting")


class Wire:
    """Carries frames. What loses them is raised as `Ended`."""

    def __init__(self, view: ForwardingView, progress: Progress, hooks: Hooks) -> None:
        self._view, self._progress, self._hooks = view, progress, hooks

    def cross(self, ns: str, dev: str, via: str, packet: Packet) -> AnyInterface:
        """From `dev` to the interface that has the address `via` of the next hop."""
        ref = ids.join(ns, dev)
        start = self._view.graph.interfaces.get(ref)
        if dev == "lo":
            return self._loop(ns, start, packet)
        if start is None:
            note = f"{dev} is of a kind that is not modelled"
            raise self._progress.ended(Cause.UNKNOWN, ns, dev=dev, object=ids.interface(ref), note=note)
        self.dropped(start, packet)
        found, wire = self._neighbour(ns, dev, via)
        self.along(wire, packet, self._view.mac(found.ref))
        return found

    def _loop(self, ns: str, lo: AnyInterface | None, packet: Packet) -> AnyInterface:
        if lo is None or not lo.up:
            raise self._progress.ended(Cause.INTERFACE_DOWN, ns, dev="lo", object=ids.Ref(ns, "lo").id)
        self._passes("out", lo.ref, packet)
        self._passes("in", lo.ref, packet)
        return lo

    def dropped(self, start: AnyInterface, packet: Packet) -> None:
        """Ends at an interface of a kind that drops what leaves through it."""
        if start.KIND.drops:
            self._refuse(self._view.hindrance(start.ref))
            self._passes("out", start.ref, packet)
            raise self._progress.ended(Cause.NO_WIRE, start.namespace, dev=start.name, address=packet.dst, object=start.id)

    # ---- the next hop ------------------------------------------------------------------------------------------------

    def _neighbour(self, ns: str, dev: str, via: str) -> tuple[AnyInterface, list[str]]:
        """Who has the address on the segment, and the interfaces up to there."""
        ref = ids.join(ns, dev)
        owners = self.on_segment(ref, via)
        for interface in owners:
            wire = self._view.wire(ref, interface.ref, free=True)
            if wire is not None:
                self._resolve(ref, via, interface)
                return interface, wire
        for interface in owners:
            for each in self._view.wire(ref, interface.ref, free=False) or ():
                self._refuse(self._view.hindrance(each))
        self._refuse(self._view.hindrance(ref))
        self._progress.hop("neighbour", ns, object=ids.interface(ref), dev=dev, address=via, asked=True)
        note = self._holder_note(ref, via)
        raise self._progress.ended(Cause.NEIGHBOUR_SILENT, ns, dev=dev, address=via, object=ids.interface(ref), note=note)

    def on_segment(self, ref: str, address: str) -> list[AnyInterface]:
        """The other interfaces of the segment that have this address and would answer for it: a bridge's port does not."""
        segment = self._view.graph.segments.get(ref, frozenset((ref,)))
        return [i for i in self._view.holders(address) if i.ref in segment and i.ref != ref and i.master is None]

    def _resolve(self, ref: str, via: str, found: AnyInterface) -> None:
        """The MAC of the next hop: from a permanent entry, else as it would answer."""
        ns, dev = ids.Ref.parse(ref)
        mac = self._view.mac(found.ref)
        fixed = next((r for r in self._view.graph.using(ref) if isinstance(r, Neighbour) and r.address == via), None)
        self._progress.hop(
            "neighbour", ns, object=fixed.id if fixed else ids.interface(ref), dev=dev, address=via, mac=fixed.mac if fixed else mac
        )
        if fixed is not None and mac and fixed.mac != mac:
            note = f"a permanent neighbour entry says {fixed.mac}, {found.ref} has {mac}"
            raise self._progress.ended(Cause.UNKNOWN, ns, dev=dev, address=via, object=fixed.id, note=note)

    def _refuse(self, found: Hindrance | None) -> None:
        if found is not None:
            ns, dev = ids.Ref.parse(found.ref)
            raise self._progress.ended(found.cause, ns, dev=dev, object=found.object, note=found.note)

    def _holder_note(self, ref: str, address: str) -> str:
        """Who has the address instead, as far as records say: they hold no link-local addresses of the kernel's own."""
        holder = next((i for i in self._view.holders(address) if i.ref != ref), None)
        if holder is None:
            return "" if ipaddress.ip_address(address).is_link_local else "no interface of the lab has this address"
        if holder.master is not None:
            return f"{holder.ref} has this address, but is a port of {holder.master}: what comes in goes to the bridge"
        return f"{holder.ref} has this address, on another segment"

    # ---- frames ------------------------------------------------------------------------------------------------------

    def along(self, wire: list[str], packet: Packet, mac: str) -> None:
        """Out and in again, from end to end, through the bridges between."""
        interfaces = self._view.graph.interfaces
        self._passes("out", wire[0], packet)
        if is_bridge(interfaces[wire[0]]):
            self._bridge(wire[0], wire[1:2], mac)
        for at in range(1, len(wire)):
            record, before = interfaces[wire[at]], interfaces[wire[at - 1]]
            packet = _tagged(packet, before, record)
            if is_bridge(record) and before.master == record.name:
                self._through_bridge(record, wire[at + 1 : at + 2], packet, mac)
            elif (is_bridge(before) and record.master == before.name) or record.ref == before.lower:
                self._passes("out", wire[at], packet)
            else:
                self._passes("in", wire[at], packet)

    def _through_bridge(self, bridge: Bridge, following: list[str], packet: Packet, mac: str) -> None:
        """To the port that leads on, or up to the bridge itself."""
        self._call_iptables(bridge, packet, onward=bool(following))
        self._bridge(bridge.ref, following or [bridge.ref], mac)
        if not following:
            self._passes("in", bridge.ref, packet)

    def _passes(self, kind: Literal["out", "in"], ref: str, packet: Packet) -> None:
        ns, dev = ids.Ref.parse(ref)
        self._progress.hop(kind, ns, object=ids.interface(ref), dev=dev, packet=packet)

    def _bridge(self, ref: str, ports: list[str], mac: str) -> None:
        ns, name = ids.Ref.parse(ref)
        self._progress.hop("bridge", ns, object=ids.interface(ref), dev=name, mac=mac, ports=tuple(map(ids.name_of, ports)))

    def _call_iptables(self, bridge: Bridge, packet: Packet, onward: bool) -> None:
        """iptables on the bridge, where br_netfilter calls it for what is handed on."""
        key = f"net.bridge.bridge-nf-call-{'ip6tables' if packet.family == 'ipv6' else 'iptables'}"
        if onward and self._view.sysctl(bridge.namespace, key) == "1":
            for hook in _BRIDGED:
                iif = bridge.name if hook != "postrouting" else ""
                oif = bridge.name if hook != "prerouting" else ""
                self._hooks.through(bridge.namespace, hook, packet, iif, oif)


def _tagged(packet: Packet, before: AnyInterface, record: AnyInterface) -> Packet:
    """The packet on the next interface: with the VLAN tag that it gets there, or without the one that is taken off."""
    if record.ref == before.lower and before.tag:
        return msgspec.structs.replace(packet, vlan=before.vlan)
    return msgspec.structs.replace(packet, vlan=None) if before.ref == record.lower and record.tag else packet
