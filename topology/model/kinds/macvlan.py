"""macvlan (ip-link(8)): more MAC addresses on one interface."""

from typing import Literal

from topology.model.base import Interface


class Macvlan(Interface, frozen=True, kw_only=True, tag="macvlan"):
    """An interface on top of `parent` (`ns/name`), which may be in another namespace."""

    parent: str
    mode: Literal["private", "vepa", "bridge", "passthru"] = "bridge"
