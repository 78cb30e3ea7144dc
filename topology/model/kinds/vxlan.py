"""VXLAN (RFC 7348): Ethernet inside UDP."""

import ipaddress
from collections.abc import Iterator

from topology.model.base import Fault, Interface, range_fault


class Vxlan(Interface, frozen=True, kw_only=True, tag="vxlan"):
    """A VXLAN tunnel end.

    `vni` 0..16777215. `remote` is a unicast address or a multicast group; a group needs `parent`. `parent` is the
    underlay interface (`ns/name`). `underlay` is the namespace in which the UDP socket lives, when it is not this one
    (made there, then moved: what an overlay network of containers does). `port_number` is the UDP destination port.
    """

    vni: int
    local: str | None = None
    remote: str | None = None
    parent: str | None = None
    underlay: str | None = None
    port_number: int = 4789
    learning: bool = True
    ttl: int = 0

    def faults(self) -> Iterator[Fault]:
        yield from range_fault("vni", self.vni, 0, 2**24 - 1)
        yield from range_fault("port_number", self.port_number, 1, 65535)
        yield from range_fault("ttl", self.ttl, 0, 255)
        for field, text in (("local", self.local), ("remote", self.remote)):
            if text is not None and not _is_address(text):
                yield Fault(field, f'any valid address is expected rather than "{text}".', "as in 10.0.1.1 or 2001:db8::1")
                return
        if self.remote is not None and ipaddress.ip_address(self.remote).is_multicast and self.parent is None:
            yield Fault("parent", "Local interface required for multicast remote destination", "name the underlay interface as parent")
        if self.local is not None and ipaddress.ip_address(self.local).is_multicast:
            yield Fault("local", "Local address is not unicast", "take an address of this namespace")
        if self.local and self.remote and (":" in self.local) != (":" in self.remote):
            yield Fault("remote", "Local and remote address must be from the same family", "take both IPv4 or both IPv6")


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return "%" not in text
