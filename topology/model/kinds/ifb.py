"""ifb, the intermediate functional block (tc-mirred(8)): where tc redirects packets to, so that incoming ones can be queued and shaped."""

from typing import ClassVar

from topology.model.base import Interface
from topology.model.kind import Kind, Mtu


class Ifb(Interface, frozen=True, kw_only=True, tag="ifb"):
    """A queue for packets that a filter redirects to it; they go on where they were going when they have passed it."""

    # ifb_xmit() drops what no filter redirected to it (drivers/net/ifb.c)
    KIND: ClassVar[Kind] = Kind(mtu=Mtu(0, 2**31 - 1), mac_fixed=True, speed="unknown", drops=True)
