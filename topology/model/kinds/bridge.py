"""A learning Ethernet bridge (ip-link(8), type bridge). Its ports are the interfaces whose `master` it is."""

import errno
from collections.abc import Iterator
from typing import ClassVar, TypeGuard

from topology.model.base import Fault, Interface, Record, range_fault
from topology.model.kind import Field, Kind, Mtu

_MAX_SECONDS = 42_949_672
"""What fits in 32 bits as 1/100 s."""


def _time(name: str, low: int, high: int) -> Field:
    """Seconds; iproute2 takes 1/100 s."""
    return Field(name, low, high, "s", option=name, scale=100)


class Bridge(Interface, frozen=True, kw_only=True, tag="bridge"):
    """A bridge. Times are in seconds; the defaults are the kernel's."""

    KIND: ClassVar[Kind] = Kind(
        fields=(
            Field("stp", option="stp_state"),
            Field("priority", 0, 65535, option="priority"),
            _time("forward_delay", 0, _MAX_SECONDS),
            _time("hello_time", 1, 10),
            _time("max_age", 6, 40),
            _time("ageing_time", 0, _MAX_SECONDS),
            Field("vlan_filtering", option="vlan_filtering"),
            Field("vlan_default_pvid", 0, 4094, option="vlan_default_pvid"),
            Field("mcast_snooping", option="mcast_snooping"),
        ),
        movable=False,
        no_port=Fault("master", "Can not enslave a bridge to a bridge", "join two bridges with a veth link", errno.ELOOP),
        max_ports=1023,  # BR_MAX_PORTS is 1 << 10, and no port has number 0 (net/bridge/br_private.h)
        stem="br",
        node=True,
        mtu=Mtu(follows="ports"),
        mac="port",
        fdb="ports",
    )

    stp: bool = False
    priority: int = 32768
    forward_delay: int = 15
    hello_time: int = 2
    max_age: int = 20
    ageing_time: int = 300
    vlan_filtering: bool = False
    vlan_default_pvid: int = 1
    mcast_snooping: bool = True

    def own_faults(self) -> Iterator[Fault]:
        """With STP the forward delay has a narrower range (br_set_forward_delay())."""
        if self.stp and 0 <= self.forward_delay <= _MAX_SECONDS:
            yield from range_fault("forward_delay", self.forward_delay, 2, 30, " s")


def is_bridge(record: Record | None) -> TypeGuard[Bridge]:
    """Whether it has ports between which it forwards frames."""
    return isinstance(record, Interface) and record.KIND.max_ports > 0
