"""veth(4): a pair of interfaces, what goes in at one comes out at the other."""

from collections.abc import Iterator

from topology.model.base import Fault, Interface


class Veth(Interface, frozen=True, kw_only=True, tag="veth"):
    """One end of a pair. `peer` names the other (`ns0/veth0`), whose own `peer` names this one."""

    peer: str

    def faults(self) -> Iterator[Fault]:
        if self.peer == self.ref:
            yield Fault("peer", "a veth cannot be its own peer", "name the other end, as in ns1/veth0")
