"""veth(4): a pair of interfaces, what goes in at one comes out at the other."""

from collections.abc import Iterator
from typing import ClassVar

from topology.model.base import Fault, Interface
from topology.model.kind import Field, Kind


class Veth(Interface, frozen=True, kw_only=True, tag="veth"):
    """One end of a pair. `peer` names the other (`ns0/veth0`), whose own `peer` names this one."""

    KIND: ClassVar[Kind] = Kind(fields=(Field("peer", role="peer", fixed=True),))

    peer: str

    def own_faults(self) -> Iterator[Fault]:
        """Two ends that are one."""
        if self.peer == self.ref:
            yield Fault("peer", "a veth cannot be its own peer", "name the other end, as in ns1/veth0")
