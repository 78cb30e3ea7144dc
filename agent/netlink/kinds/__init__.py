"""One driver per kind of interface: how its own attributes (IFLA_INFO_DATA) are read from the kernel and written to it."""

from collections.abc import Callable, Mapping

from agent.netlink.kinds import bridge, loopback, macvlan, veth, vxlan

Info = dict[str, str | int | bool | None]

OBSERVE: dict[str, Callable[[Mapping[int, bytes]], Info]] = {
    "loopback": loopback.observe,
    "veth": veth.observe,
    "bridge": bridge.observe,
    "vxlan": vxlan.observe,
    "macvlan": macvlan.observe,
}
"""IFLA_INFO_KIND → what turns the attributes of IFLA_INFO_DATA into the fields of the kind's record."""
