"""dummy (ip-link(8)): an interface that is always there and drops what is sent through it, for addresses that belong to no link."""

from typing import ClassVar

from topology.model.base import Interface
from topology.model.kind import Kind, Mtu


class Dummy(Interface, frozen=True, kw_only=True, tag="dummy"):
    """An interface without a wire. Its addresses answer; frames that leave through it are dropped."""

    KIND: ClassVar[Kind] = Kind(mtu=Mtu(0, 2**31 - 1), speed="unknown", drops=True)
