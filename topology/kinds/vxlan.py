"""VXLAN (RFC 7348): Ethernet inside UDP."""

from topology.base import Interface


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
