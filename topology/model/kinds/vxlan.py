"""VXLAN (RFC 7348): Ethernet inside UDP."""

import errno
import ipaddress
from collections.abc import Iterator
from typing import ClassVar

from topology.model import ranges
from topology.model.base import Fault, Interface
from topology.model.ids import name_of
from topology.model.kind import Field, Kind, Lower, Mtu

OVERHEAD = 50
"""Outer Ethernet, IPv4, UDP and VXLAN headers (RFC 7348), in bytes; 20 more over IPv6."""


def _overhead(vxlan: "Vxlan") -> int:
    return OVERHEAD + (20 if ":" in (vxlan.local or vxlan.remote or "") else 0)


def _remote(address: str) -> str:
    return f"{'group' if ipaddress.ip_address(address).is_multicast else 'remote'} {address}"


class Vxlan(Interface, frozen=True, kw_only=True, tag="vxlan"):
    """A VXLAN tunnel end.

    `vni` 0..16777215. `remote` is a unicast address or a multicast group; a group needs `parent`. `parent` is the
    underlay interface (`ns/name`). `underlay` is the namespace in which the UDP socket lives, when it is not this one
    (made there, then moved: what an overlay network of containers does). `dstport` is the UDP destination port.
    """

    KIND: ClassVar[Kind] = Kind(
        fields=(
            Field("vni", 0, 2**24 - 1, option="id", fixed=True, named=True, always=True, proposed=100),
            Field("dstport", *ranges.L4_PORT, option="dstport", fixed=True, always=True, formerly="port_number"),
            Field("local", role="address", option="local", fixed=True),
            Field("remote", role="address", option=_remote, fixed=True),
            Field("parent", role="lower", option=lambda ref: f"dev {name_of(ref)}", fixed=True),
            Field("underlay", role="namespace", fixed=True),
            Field("ttl", 0, 255, option="ttl"),
            Field("learning", option=lambda on: "learning" if on else "nolearning"),
        ),
        lower=Lower(required=False, option="dev", dies_on_move=True, frames="tunnel"),
        mtu=Mtu(follows="lower", overhead=_overhead, capped=errno.EINVAL),
        speed="lower",
        fdb="own",
        joined_by="vni",
    )

    vni: int
    local: str | None = None
    remote: str | None = None
    parent: str | None = None
    underlay: str | None = None
    dstport: int = 4789
    learning: bool = True
    ttl: int = 0

    @property
    def only_one(self) -> tuple[object, ...]:
        """The receiving socket tells VNIs apart, nothing else (vxlan_vni_in_use() of drivers/net/vxlan)."""
        return self.made_in, self.vni, self.dstport, ":" in (self.local or self.remote or "")

    def taken(self, other: Interface) -> Fault:
        """In the kernel's words."""
        hint = f"{other.ref} has VNI {self.vni} with the same UDP port in {self.made_in}: take another vni or dstport"
        return Fault("vni", "A VXLAN device with the specified VNI already exists", hint, errno.EEXIST)

    def own_faults(self) -> Iterator[Fault]:
        """Addresses that do not fit together."""
        if self.remote is not None and ipaddress.ip_address(self.remote).is_multicast and self.parent is None:
            yield Fault("parent", "Local interface required for multicast remote destination", "name the underlay interface as parent")
        if self.local is not None and ipaddress.ip_address(self.local).is_multicast:
            yield Fault("local", "Local address is not unicast", "take an address of this namespace")
        if self.local and self.remote and (":" in self.local) != (":" in self.remote):
            yield Fault("remote", "Local and remote address must be from the same family", "take both IPv4 or both IPv6")
