"""macvlan (ip-link(8)): more MAC addresses on one interface."""

import errno
from typing import ClassVar, Literal

from topology.model.base import Interface
from topology.model.kind import LOWER, Field, Kind, Lower, Mtu


class Macvlan(Interface, frozen=True, kw_only=True, tag="macvlan"):
    """An interface on top of `parent` (`ns/name`), which may be in another namespace."""

    KIND: ClassVar[Kind] = Kind(
        fields=(LOWER, Field("mode", option="mode", anew=("passthru",), always=True)),
        lower=Lower(not_on_itself=True),
        mtu=Mtu(follows="lower", capped=errno.EINVAL),
        speed="lower",
        hooks=True,
    )

    parent: str
    mode: Literal["private", "vepa", "bridge", "passthru"] = "bridge"

    @property
    def exclusive(self) -> bool:
        """In mode passthru (macvlan_common_newlink() of drivers/net/macvlan.c)."""
        return self.mode == "passthru"
