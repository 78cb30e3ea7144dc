"""A learning Ethernet bridge (ip-link(8), type bridge). Its ports are the interfaces whose `master` it is."""

from topology.base import Interface


class Bridge(Interface, frozen=True, kw_only=True, tag="bridge"):
    """A bridge. Times are in seconds; the defaults are the kernel's."""

    stp: bool = False
    priority: int = 32768
    forward_delay: int = 15
    hello_time: int = 2
    max_age: int = 20
    ageing_time: int = 300
    vlan_filtering: bool = False
    vlan_default_pvid: int = 1
    mcast_snooping: bool = True
