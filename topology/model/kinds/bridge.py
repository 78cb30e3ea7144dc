"""A learning Ethernet bridge (ip-link(8), type bridge). Its ports are the interfaces whose `master` it is."""

from collections.abc import Iterator
from typing import ClassVar

from topology.model.base import Fault, Interface, range_fault


class Bridge(Interface, frozen=True, kw_only=True, tag="bridge"):
    """A bridge. Times are in seconds; the defaults are the kernel's."""

    MAX_PORTS: ClassVar[int] = 1023
    """BR_MAX_PORTS is 1 << 10, and no port has number 0 (net/bridge/br_private.h)."""

    stp: bool = False
    priority: int = 32768
    forward_delay: int = 15
    hello_time: int = 2
    max_age: int = 20
    ageing_time: int = 300
    vlan_filtering: bool = False
    vlan_default_pvid: int = 1
    mcast_snooping: bool = True

    def faults(self) -> Iterator[Fault]:
        yield from range_fault("priority", self.priority, 0, 65535)
        yield from range_fault("hello_time", self.hello_time, 1, 10, " s")
        yield from range_fault("max_age", self.max_age, 6, 40, " s")
        yield from range_fault("ageing_time", self.ageing_time, 0, 42_949_672, " s")
        yield from range_fault("vlan_default_pvid", self.vlan_default_pvid, 0, 4094)
        if self.stp:
            yield from range_fault("forward_delay", self.forward_delay, 2, 30, " s")
        else:
            yield from range_fault("forward_delay", self.forward_delay, 0, 42_949_672, " s")
