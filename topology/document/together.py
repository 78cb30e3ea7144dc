"""What the kernel refuses of interfaces that are right each by itself: two of them, or one and its namespace, do not go together."""

import errno
import ipaddress
from collections.abc import Iterator
from typing import Final

from topology.model.base import Fault, Interface
from topology.model.graph import Graph
from topology.model.kind import fault as _strerror
from topology.model.records import AnyInterface
from topology.model.sysctls import IPV6_OFF
from topology.observe.mtu import effective_mtu

IPV6_MIN_MTU: Final = 1280
"""IPV6_MIN_MTU of linux/ipv6.h (RFC 8200): an interface with less has no IPv6."""

MAX_NEST: Final = 8
"""MAX_NEST_DEV of linux/netdevice.h."""


class Together:
    """The interfaces of a document, by what there can be only one of."""

    def __init__(self, graph: Graph) -> None:
        self._graph = graph
        self._levels: dict[str, int | None] = {}
        self._below: dict[str, list[str]] = {}
        """What those stand on whose level is being worked out."""
        self._hooked: dict[str, list[Interface]] = {}

    def _level(self, ref: str) -> int | None:
        """How many interfaces are one on top of the other down from this one, with it. None: it is in a circle, or on top of one."""
        todo = [ref]
        while todo:
            one = todo[-1]
            if one not in self._levels:
                self._levels[one] = None  # so it is for what it stands on and that stands on it: a circle
                self._below[one] = self._stands_on(one)
                todo += [lower for lower in self._below[one] if lower not in self._levels]
                continue
            todo.pop()
            if (below := self._below.pop(one, None)) is not None:
                levels = [self._levels[lower] for lower in below]
                known = [level for level in levels if level is not None]
                self._levels[one] = 1 + max(known, default=0) if len(known) == len(levels) else None
        return self._levels[ref]

    def _stands_on(self, ref: str) -> list[str]:
        interface = self._graph.interface(ref)
        lower = self._graph.lower(interface) if interface is not None else None
        return [i.ref for i in (lower, *self._graph.ports(ref)) if i is not None]

    def is_sound(self, interface: AnyInterface) -> bool:
        """Whether it ends below, and not too deep: what hangs on its lower interfaces can be asked."""
        return (self._level(interface.ref) or MAX_NEST + 1) <= MAX_NEST

    def _stacked(self, interface: AnyInterface) -> Iterator[Fault]:
        level = self._level(interface.ref)
        field = "parent" if interface.lower is not None else "master" if interface.master is not None else ""
        if level is None:
            yield _strerror(field, errno.ELOOP, f"{interface.ref} would be made on itself")
        elif level > MAX_NEST:
            yield _strerror(
                field, errno.EMLINK, f"the kernel takes {MAX_NEST} interfaces one on top of the other (MAX_NEST_DEV), not {level}"
            )

    def _on(self, lower: str | None) -> list[Interface]:
        """Those that take all frames of an interface; of those that have it for themselves one is first."""
        if lower is None:
            return []
        if lower not in self._hooked:
            self._hooked[lower] = sorted((i for i in self._graph.uppers(lower) if i.KIND.hooks), key=lambda i: not i.exclusive)
        return self._hooked[lower]

    def faults(self, interface: AnyInterface) -> Iterator[Fault]:
        """Why the kernel refuses this one beside the others."""
        yield from self._stacked(interface)
        yield from self._capped(interface)
        if interface.only_one is not None:
            other = next((i for i in self._graph.alike(interface) if i is not interface), None)
            if other is not None:
                yield interface.taken(other)
        if interface.KIND.hooks:
            yield from self._shared(interface)
        if interface.master is not None and (above := self._on(interface.ref)):
            hint = f"{above[0].ref} is made on it: make that on the bridge instead, or leave the master out"
            yield _strerror("master", errno.EBUSY, hint)

    def _shared(self, interface: AnyInterface) -> Iterator[Fault]:
        """One that has its lower interface for itself stands on it alone, and has that one's MAC."""
        other = next((i for i in self._on(interface.lower) if i is not interface), None)
        if other is not None and (interface.exclusive or other.exclusive):
            yield _strerror("mode", errno.EINVAL, f"{other.ref} has the same parent, and one of the two takes it for itself alone")
        lower = self._graph.lower(interface)
        if interface.exclusive and lower is not None and interface.mac not in (None, lower.mac):
            yield Fault("mac", "it has one MAC with its parent", f"leave it out, or state the same for {lower.ref}", errno.EINVAL)

    def _capped(self, interface: AnyInterface) -> Iterator[Fault]:
        """An MTU above what the lower interface can carry."""
        mtu, lower = interface.KIND.mtu, self._graph.lower(interface)
        if interface.mtu is None or lower is None or not mtu.capped or not self.is_sound(interface):
            return
        overhead = mtu.overhead(interface)
        if interface.mtu > (most := effective_mtu(self._graph, lower) - overhead):
            less = f" less {overhead}" if overhead else ""
            yield _strerror("mtu", mtu.capped, f"the MTU is at most that of {lower.ref}{less}: {most} bytes")

    def without_ipv6(self, interface: AnyInterface) -> Iterator[Fault]:
        """IPv6 addresses of an interface that has no IPv6: the kernel takes them off where they are, and refuses to add them."""
        six = next((number for number, text in enumerate(interface.addresses) if _is_six(text)), None)
        namespace = self._graph.namespace(interface.namespace)
        if six is None or namespace is None or not self.is_sound(interface):
            return
        if namespace.sysctls.get(IPV6_OFF, "0") != "0":
            hint = f"{IPV6_OFF} is {namespace.sysctls[IPV6_OFF]} in {namespace.name}: leave one of the two out"
            yield _strerror(f"addresses[{six}]", errno.EACCES, hint)
        elif (mtu := effective_mtu(self._graph, interface)) < IPV6_MIN_MTU:
            hint = f"an interface with an MTU below {IPV6_MIN_MTU} has no IPv6, and that of {interface.ref} is {mtu}"
            yield _strerror(f"addresses[{six}]", errno.EINVAL, hint)


def _is_six(text: str) -> bool:
    try:
        return ipaddress.ip_interface(text).version == 6
    except ValueError:
        return False
