"""vlan: 802.1Q and 802.1ad (ip-link(8), type vlan): the frames of one VLAN of a lower interface."""

import errno
from collections.abc import Callable
from typing import ClassVar, Literal

from topology.model.base import Fault, Interface
from topology.model.kind import LOWER, Field, Kind, Lower, Mtu


def _switch(word: str) -> Callable[[bool], str]:
    return lambda on: f"{word} {'on' if on else 'off'}"


class Vlan(Interface, frozen=True, kw_only=True, tag="vlan"):
    """The VLAN `vid` of `parent` (`ns/name`), which may be in another namespace. What leaves through it gets a tag there.

    `reorder_hdr`: the tag is taken off before anybody sees the frame. `loose_binding`: it does not go up and down with `parent`.
    `gvrp`, `mvrp`: `parent` registers the VLAN with its switch by these protocols.
    """

    KIND: ClassVar[Kind] = Kind(
        fields=(
            LOWER,
            Field("protocol", option="protocol", fixed=True),
            Field("vid", 0, 4094, option="id", fixed=True, proposed=10),
            Field("reorder_hdr", option=_switch("reorder_hdr")),
            Field("gvrp", option=_switch("gvrp")),
            Field("mvrp", option=_switch("mvrp")),
            Field("loose_binding", option=_switch("loose_binding")),
        ),
        lower=Lower(state="loose_binding", frames="tagged"),
        mtu=Mtu(0, 65535, follows="lower", capped=errno.ERANGE),
        mac="lower",
        speed="lower",
    )

    parent: str
    vid: int
    protocol: Literal["802.1Q", "802.1ad"] = "802.1Q"
    reorder_hdr: bool = True
    gvrp: bool = False
    mvrp: bool = False
    loose_binding: bool = False

    @property
    def vlan(self) -> int:
        """`vid`."""
        return self.vid

    @property
    def tag(self) -> str:
        """`10`, or `802.1ad 10`."""
        return str(self.vid) if self.protocol == "802.1Q" else f"{self.protocol} {self.vid}"

    @property
    def only_one(self) -> tuple[object, ...]:
        """A VLAN of an interface is one device (register_vlan_dev() of net/8021q/vlan.c)."""
        return self.parent, self.vid, self.protocol

    def taken(self, other: Interface) -> Fault:
        """In the kernel's words."""
        return Fault("vid", "VLAN device already exists", f"{other.ref} is VLAN {self.tag} of {self.parent}", errno.EEXIST)
