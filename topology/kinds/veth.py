"""veth(4): a pair of interfaces, what goes in at one comes out at the other."""

from topology.base import Interface


class Veth(Interface, frozen=True, kw_only=True, tag="veth"):
    """One end of a pair. `peer` names the other (`ns0/veth0`), whose own `peer` names this one."""

    peer: str
