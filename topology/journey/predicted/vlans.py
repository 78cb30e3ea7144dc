"""Where a bridge that filters VLANs keeps a frame from its way."""

import msgspec

from topology.journey.forwarding import ForwardingView, Hindrance
from topology.journey.hop import Cause
from topology.journey.predicted.segment import Segments
from topology.model.graph import Graph, port_vlans
from topology.model.records import AnyInterface, Bridge, is_bridge


class VlanFilters:
    """Finds what VLAN filtering stops: with it, the segment ends there."""

    def __init__(self, view: ForwardingView) -> None:
        self._view = view

    def between(self, ref: str, other: str) -> Hindrance | None:
        """The first port that stops frames from one interface to another; None where there is no way, or no filter on it."""
        view = self._view
        records = {k: msgspec.structs.replace(r, vlan_filtering=False) if is_bridge(r) else r for k, r in view.graph.records.items()}
        (*above, start), (*over, end) = self._down(ref), self._down(other)
        path = Segments(ForwardingView(Graph(records), view.live)).path(start, end, "broadcast", free=False)
        return self._along([*above, *path, *reversed(over)]) if path else None

    def _down(self, ref: str) -> list[str]:
        """The interface, and where its frames have a VLAN tag those that it is made on."""
        out = [ref]
        while (here := self._view.graph.interfaces.get(out[-1])) is not None and here.tag and here.lower is not None:
            out.append(here.lower)
        return out

    def _along(self, path: list[str]) -> Hindrance | None:
        interfaces = self._view.graph.interfaces
        tag: int | None = None
        for at in range(1, len(path)):
            here, before = interfaces[path[at]], interfaces[path[at - 1]]
            bridge = here if is_bridge(here) and before.master == here.name else None
            if bridge is None or not bridge.vlan_filtering:
                tag = _retagged(tag, before, here)
                continue
            vid = _taken_in(before, bridge, tag)
            out = interfaces[path[at + 1]] if at + 1 < len(path) else bridge
            tag = _let_out(out, bridge, vid) if vid is not None else None
            if vid is None or tag == _NEVER:
                return _stopped(before if vid is None else out, vid)
        return None


_NEVER = -1
"""Not let out."""


def _retagged(tag: int | None, before: AnyInterface, here: AnyInterface) -> int | None:
    """The tag on the next interface."""
    if here.ref == before.lower and before.tag:
        return before.vlan
    if before.ref == here.lower and here.tag:
        return None
    return tag


def _taken_in(port: AnyInterface, bridge: Bridge, tag: int | None) -> int | None:
    """The VLAN of a frame that comes in at a port (br_allowed_ingress()); None: it is dropped."""
    vlans = port_vlans(port, bridge)
    if tag is None:
        return next((v.vid for v in vlans if v.pvid), None)
    return tag if any(v.vid == tag for v in vlans) else None


def _let_out(port: AnyInterface, bridge: Bridge, vid: int) -> int | None:
    """The tag of a frame that leaves by a port, or that the bridge itself takes; `_NEVER`: it does not."""
    if port is bridge:
        return None if vid == bridge.vlan_default_pvid else _NEVER
    found = next((v for v in port_vlans(port, bridge) if v.vid == vid), None)
    return _NEVER if found is None else None if found.untagged else vid


def _stopped(port: AnyInterface, vid: int | None) -> Hindrance:
    what = "takes no frame without a tag, or with this one, in" if vid is None else f"is not in VLAN {vid}"
    return Hindrance(port.ref, Cause.VLAN_FILTERED, port.id, f"{port.name} {what}")
