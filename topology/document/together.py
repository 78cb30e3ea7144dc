"""What the kernel refuses of interfaces that are right each by itself: two of them, or one and its namespace, do not go together."""

import errno
import ipaddress
from collections.abc import Callable, Iterator
from functools import cached_property
from typing import Any, Final

from topology.model.base import Fault, Interface
from topology.model.graph import Graph
from topology.model.kind import fault as _strerror
from topology.model.kinds.macvlan import Macvlan
from topology.model.kinds.vlan import Vlan
from topology.model.kinds.vxlan import Vxlan
from topology.model.records import AnyInterface
from topology.model.sysctls import IPV6_OFF
from topology.observe.normal import effective_mtu

IPV6_MIN_MTU: Final = 1280
"""IPV6_MIN_MTU of linux/ipv6.h (RFC 8200): an interface with less has no IPv6."""

_Key = tuple[object, ...]


class Together:
    """The interfaces of a document, by what there can be only one of."""

    def __init__(self, graph: Graph) -> None:
        self._graph = graph

    @cached_property
    def _by_key(self) -> dict[_Key, list[Interface]]:
        out: dict[_Key, list[Interface]] = {}
        for interface in self._graph.interfaces.values():
            key = _KEYS[type(interface)](interface) if type(interface) in _KEYS else None
            if key is not None:
                out.setdefault((type(interface), *key), []).append(interface)
        return out

    def faults(self, interface: AnyInterface) -> Iterator[Fault]:
        """Why the kernel refuses this one beside the others."""
        if type(interface) in _KEYS:
            found = self._by_key[type(interface), *_KEYS[type(interface)](interface)]
            other = next((i for i in found if i is not interface), None)
            if other is not None:
                yield _TWICE[type(interface)](interface, other)
        if isinstance(interface, Macvlan):
            yield from self._macvlan(interface)
        if interface.master is not None and (above := self._macvlans(interface.ref)):
            hint = f"{above[0].ref} is made on it: make that on the bridge instead, or leave the master out"
            yield _strerror("master", errno.EBUSY, hint)

    def _macvlans(self, lower: str) -> list[Macvlan]:
        return [upper for upper in self._graph.uppers(lower) if isinstance(upper, Macvlan)]

    def _macvlan(self, interface: Macvlan) -> Iterator[Fault]:
        """One in mode passthru has its parent for itself (macvlan_common_newlink() of drivers/net/macvlan.c)."""
        others = [m for m in self._macvlans(interface.parent) if m is not interface]
        if others and "passthru" in (interface.mode, *(m.mode for m in others)):
            yield _strerror("mode", errno.EINVAL, f"{others[0].ref} has the same parent, and passthru takes it for itself alone")


def _vxlan_key(vxlan: Vxlan) -> _Key:
    """vxlan_vni_in_use() of drivers/net/vxlan: the receiving socket tells VNIs apart, nothing else."""
    return vxlan.made_in, vxlan.vni, vxlan.dstport, ":" in (vxlan.local or vxlan.remote or "")


_KEYS: Final[dict[type[Interface], Callable[[Any], _Key]]] = {
    Vxlan: _vxlan_key,
    Vlan: lambda vlan: (vlan.parent, vlan.vid, vlan.protocol),
}
"""Kind → what only one of it can have."""


def _vni_twice(vxlan: Any, other: Interface) -> Fault:
    hint = f"{other.ref} has VNI {vxlan.vni} with the same UDP port in {vxlan.made_in}: take another vni or dstport"
    return Fault("vni", "A VXLAN device with the specified VNI already exists", hint, errno.EEXIST)


_TWICE: Final[dict[type[Interface], Callable[[Any, Interface], Fault]]] = {
    Vxlan: _vni_twice,
    Vlan: lambda vlan, other: Fault("vid", "VLAN device already exists", f"{other.ref} is VLAN {vlan.vid} of {vlan.parent}", errno.EEXIST),
}


def without_ipv6(graph: Graph, interface: AnyInterface) -> Iterator[Fault]:
    """IPv6 addresses of an interface that has no IPv6: the kernel takes them off where they are, and refuses to add them."""
    sixes = [number for number, text in enumerate(interface.addresses) if _is_six(text)]
    namespace = graph.namespaces.get(interface.namespace)
    if not sixes or namespace is None:
        return
    if namespace.sysctls.get(IPV6_OFF, "0") != "0":
        hint = f"{IPV6_OFF} is {namespace.sysctls[IPV6_OFF]} in {namespace.name}: leave one of the two out"
        yield _strerror(f"addresses[{sixes[0]}]", errno.EACCES, hint)
    elif (mtu := effective_mtu(graph, interface)) < IPV6_MIN_MTU:
        hint = f"an interface with an MTU below {IPV6_MIN_MTU} has no IPv6, and that of {interface.ref} is {mtu}"
        yield _strerror(f"addresses[{sixes[0]}]", errno.EINVAL, hint)


def _is_six(text: str) -> bool:
    try:
        return ipaddress.ip_interface(text).version == 6
    except ValueError:
        return False
