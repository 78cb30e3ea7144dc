"""The paths of frames on a segment: which interfaces let them through to which others."""

import ipaddress
from collections import deque
from collections.abc import Iterator
from typing import Literal, NamedTuple

from topology.journey.forwarding import ForwardingView, Hindrance
from topology.journey.hop import Cause
from topology.model import ids
from topology.model.graph import wire_ref
from topology.model.records import AnyInterface, Fdb, is_bridge

Cast = Literal["broadcast", "multicast", "unicast"]
"""What kind of destination MAC a frame has. Of a unicast one the switches have learned the way, where they learn."""
_ANYWHERE = "00:00:00:00:00:00"
"""The MAC of an FDB entry of a vxlan for all that it has no other entry for."""

_CLOSED = frozenset(("private", "vepa", "passthru"))
"""Modes of macvlan in which those on one interface do not reach each other by it."""


class _Step(NamedTuple):
    """A place on a wire (a wire key), and the one before."""

    before: str
    here: str


class Segments:
    """Looks for paths."""

    def __init__(self, view: ForwardingView) -> None:
        self._view = view

    def path(self, start: str, end: str, cast: Cast, free: bool = True) -> list[str] | None:
        """The interfaces from one to the other, as few as possible; None where they are not connected. `free`: only where frames pass."""
        graph = self._view.graph
        first, last = _Step("", graph.wire_key(start)), graph.wire_key(end)
        previous: dict[_Step, _Step] = {}
        todo = deque([first])
        while todo:
            step = todo.popleft()
            if step.here == last and step is not first:
                return list(dict.fromkeys(wire_ref(s.here) for s in _back(previous, first, step)))
            for key in self._beside(step.here):
                onward = _Step(step.here, key)
                if key != step.before and onward not in previous and (not free or self._passes(step, key, last, cast)):
                    previous[onward] = step
                    todo.append(onward)
        return None

    def obstacle(self, path: list[str], cast: Cast) -> Hindrance | None:
        """What stops frames first on a path that is not free."""
        for at, ref in enumerate(path):
            found = self._view.hindrance(ref)
            if found is None and at + 1 < len(path):
                found = self._turn(path[at - 1] if at else "", ref, path[at + 1], path[-1], cast)
            if found is not None:
                return found
        return None

    def _beside(self, key: str) -> Iterator[str]:
        """The wire keys that are connected with this one. Each end of a tunnel is with each other one."""
        here = self._view.graph.interfaces.get(wire_ref(key))
        found = self._view.graph.wires.get(key, ())
        if here is None or not is_tunnel(here):
            yield from found
            return
        interfaces = self._view.graph.interfaces
        yield from (k for k in found if not is_tunnel(interfaces[wire_ref(k)]))
        others = (i for i in interfaces.values() if is_tunnel(i) and i.ref != here.ref)
        yield from (i.ref for i in others if _network(i) == _network(here))

    def _passes(self, step: _Step, key: str, last: str, cast: Cast) -> bool:
        here, there = wire_ref(step.here), wire_ref(key)
        if not step.before and self._view.hindrance(here):
            return False
        if self._view.hindrance(there):
            return False
        return not self._turn(wire_ref(step.before) if step.before else "", here, there, wire_ref(last), cast)

    def _turn(self, before: str, here: str, there: str, last: str, cast: Cast) -> Hindrance | None:
        """Why a frame that came from `before` to `here` does not go on to `there`."""
        interfaces = self._view.graph.interfaces
        one, middle, other = interfaces.get(before), interfaces[here], interfaces[there]
        if is_tunnel(middle) and is_tunnel(other):
            return (
                None if self.destination(middle, other) else Hindrance(here, Cause.NEIGHBOUR_SILENT, middle.id, _no_tunnel(middle, other))
            )
        if is_bridge(middle) and _port_of(other, middle):
            return self._out_of_bridge(one if one is not None and _port_of(one, middle) else None, other, last, cast)
        if is_bridge(other) and _port_of(middle, other):
            return self._into_bridge(one, middle, other)
        return self._made_on_another(one, middle, other, last)

    def _out_of_bridge(self, came: AnyInterface | None, out: AnyInterface, last: str, cast: Cast) -> Hindrance | None:
        """A bridge's port that does not let out what came in at another one."""
        if came is not None and came.port.isolated and out.port.isolated:
            return Hindrance(out.ref, Cause.PORT_BLOCKED, out.id, f"{came.name} and {out.name} are isolated ports")
        off = {"broadcast": "bcast_flood off", "multicast": "mcast_flood off"}.get(cast, "")
        if off and off in self._view.switches(out.ref):
            return Hindrance(out.ref, Cause.PORT_BLOCKED, out.id, off)
        if cast == "unicast" and not out.port.flood and not out.port.learning and not self._is_known(out, last):
            note, assumes = (
                "flood off and learning off: its MAC addresses are not known",
                f"{out.master} learned no MAC address on {out.name}",
            )
            return Hindrance(out.ref, Cause.PORT_BLOCKED, out.id, note, assumes)
        own = self._entry_of_bridge(out, last) if cast == "unicast" else None
        if own is not None:
            note = f"the FDB has {own.mac} as an address of {out.master} itself: frames to it go no further"
            return Hindrance(ids.join(out.namespace, out.master or ""), Cause.UNKNOWN, own.id, note)
        return None

    def _entry_of_bridge(self, port: AnyInterface, last: str) -> Fdb | None:
        """An entry that somebody added, by which frames for an interface are for the bridge itself. (A static one at another port moves to
        where the interface sends from, br_fdb_update().)"""
        graph, mac = self._view.graph, self._view.mac(last)
        siblings = graph.ports(ids.join(port.namespace, port.master or ""))
        found = (r for other in siblings for r in graph.using(other.ref) if isinstance(r, Fdb) and r.local and r.mac == mac)
        return next(found, None)

    def _is_known(self, port: AnyInterface, last: str) -> bool:
        """Whether the bridge has an entry for the MAC address of the interface that the frame goes to."""
        static = any(isinstance(r, Fdb) for r in self._view.graph.using(port.ref))
        return static or self._view.has_learned(port, self._view.mac(last))

    def _into_bridge(self, came: AnyInterface | None, port: AnyInterface, bridge: AnyInterface) -> Hindrance | None:
        """A port hands on to its bridge what it receives, not what the namespace itself sends by it."""
        if came is None:
            note = f"{port.ref} is a port of {bridge.name}: what is sent by it itself goes out on its wire, not into the bridge"
            return Hindrance(port.ref, Cause.NEIGHBOUR_SILENT, port.id, note)
        if "locked on" in self._view.switches(port.ref):
            assumes = f"{port.master} has no entry in its FDB for what sends by {port.name}, which is locked"
            return Hindrance(port.ref, Cause.PORT_BLOCKED, port.id, "locked, and the MAC address is not in the FDB", assumes)
        return None

    def _made_on_another(self, one: AnyInterface | None, middle: AnyInterface, other: AnyInterface, last: str) -> Hindrance | None:
        """macvlan: an interface and those made on it do not see each other; those made on it see each other in mode bridge alone."""
        if _shares(other) and other.lower == middle.ref:
            if one is None:
                return _apart(middle, other)
            if _shares(one) and one.lower == middle.ref and _CLOSED.intersection((_mode(one), _mode(other))):
                odd = one if _mode(one) in _CLOSED else other
                return Hindrance(odd.ref, Cause.NEIGHBOUR_SILENT, odd.id, f"{odd.ref} is in mode {_mode(odd)}")
        if _shares(middle) and middle.lower == other.ref == last:
            return _apart(other, middle)
        return None

    # ---- tunnels -----------------------------------------------------------------------------------------------------

    def destination(self, tunnel: AnyInterface, other: AnyInterface) -> str:
        """The address that the outer packet from one end to another goes to; empty where none goes there. Of a group it is the group's."""
        space, remote, local = underlay(other), getattr(other, "remote", None), getattr(other, "local", None)
        for address in self._destinations(tunnel):
            if ipaddress.ip_address(address).is_multicast:
                return address if remote == address else ""
            if any(i.namespace == space for i in self._view.holders(address)) and local in (None, address):
                return address
        return ""

    def _destinations(self, tunnel: AnyInterface) -> Iterator[str]:
        remote: str | None = getattr(tunnel, "remote", None)
        if remote is not None:
            yield remote
        entries = (r for r in self._view.graph.using(tunnel.ref) if isinstance(r, Fdb) and r.destination)
        yield from (r.destination for r in sorted(entries, key=lambda r: r.mac != _ANYWHERE) if r.destination is not None)


def is_tunnel(interface: AnyInterface) -> bool:
    """Whether its frames travel in packets to other ends."""
    return bool(interface.KIND.joined_by)


def underlay(tunnel: AnyInterface) -> str:
    """The namespace in which its outer packets travel."""
    return getattr(tunnel, "underlay", None) or tunnel.namespace


def _network(tunnel: AnyInterface) -> tuple[object, object]:
    """What the ends of one tunnel have in common."""
    return getattr(tunnel, tunnel.KIND.joined_by), getattr(tunnel, "dstport", None)


def _shares(interface: AnyInterface) -> bool:
    """Whether it shares the frames of the interface that it is made on, as they are."""
    return interface.KIND.lower is not None and interface.KIND.lower.frames == "same"


def _mode(interface: AnyInterface) -> str:
    return str(getattr(interface, "mode", ""))


def _back(previous: dict[_Step, _Step], first: _Step, last: _Step) -> list[_Step]:
    out = [last]
    while out[-1] != first:
        out.append(previous[out[-1]])
    return out[::-1]


def _port_of(interface: AnyInterface, bridge: AnyInterface) -> bool:
    return interface.master == bridge.name and interface.namespace == bridge.namespace


def _apart(lower: AnyInterface, upper: AnyInterface) -> Hindrance:
    return Hindrance(
        lower.ref, Cause.NEIGHBOUR_SILENT, lower.id, f"{upper.ref} is a macvlan on {lower.ref}: the two do not reach each other"
    )


def _no_tunnel(one: AnyInterface, other: AnyInterface) -> str:
    return f"{one.ref} sends nothing to {other.ref}: no remote, and no entry of its FDB, is an address of {ids.namespace_of(other.ref)}"
