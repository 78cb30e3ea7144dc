"""What all records share."""

import errno
import ipaddress
import os
from collections.abc import Iterator
from typing import Any, ClassVar

import msgspec

from topology.model import ids
from topology.model.ids import namespace_of
from topology.model.kind import Fault, Kind, range_fault

__all__ = ["HOST", "Fault", "Interface", "Json", "Port", "PortVlan", "Record", "range_fault"]

Json = Any
"""A JSON value that is not yet checked: msgspec has no recursive aliases, so the type says no more than this name."""

HOST = "host"
"""The name of a lab's own network stack. No named namespace may have it."""
UPLINK = "uplink0"
"""The interface in `host` by which a lab reaches the outside: the agent makes it, where the document says `uplink`."""


class Record(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True, tag_field="kind"):
    """One thing of a lab, named by its `id`. Two records are the same state when they are equal."""

    @property
    def id(self) -> str:
        """`interface:ns0/veth0`, `namespace:ns0`, `route:ns0/default`, …"""
        raise NotImplementedError  # each kind of record says it; msgspec's metaclass takes no abstract methods


class PortVlan(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """One VLAN of a bridge port, as `bridge vlan` shows it (bridge(8))."""

    vid: int
    pvid: bool = False
    untagged: bool = False


class Port(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """What `bridge link set` can change of a bridge port (bridge(8)); the defaults are the kernel's."""

    cost: int = 2
    priority: int = 32
    hairpin: bool = False
    isolated: bool = False
    learning: bool = True
    flood: bool = True


class Interface(Record, frozen=True, kw_only=True):
    """What an interface of every kind has. `None` and the defaults mean: what the kernel itself would choose.

    `mtu` is in bytes. `master` is the name of a bridge in the same namespace. `addresses` are `address/prefix length`,
    in the kernel's order. `port` and `vlans` only have a meaning under a master.
    """

    KIND: ClassVar[Kind] = Kind()
    """The declaration of its kind: all that other code knows of it."""

    namespace: str
    name: str
    up: bool = True
    mac: str | None = None
    mtu: int | None = None
    master: str | None = None
    addresses: tuple[str, ...] = ()
    port: Port = Port()
    vlans: tuple[PortVlan, ...] | None = None

    @property
    def ref(self) -> str:
        """`ns0/veth0`: how documents and messages name an interface."""
        return ids.join(self.namespace, self.name)

    @property
    def id(self) -> str:
        """The record id."""
        return ids.interface(self.ref)

    @property
    def word(self) -> str:
        """Its kind, as documents and `ip link add … type` call it."""
        return str(self.__struct_config__.tag)

    @property
    def lower(self) -> str | None:
        """The interface that it is made on, as `ns/name`."""
        return getattr(self, "parent", None)

    @property
    def other_end(self) -> str | None:
        """The other end of the pair, as `ns/name`."""
        return getattr(self, "peer", None)

    @property
    def made_in(self) -> str:
        """The namespace in which the kernel is asked to make it; it is moved to its own from there."""
        lower = self.KIND.lower
        if self.KIND.underlay:
            return getattr(self, "underlay", None) or self.namespace
        if lower is not None and lower.option == "link" and self.lower is not None:
            return namespace_of(self.lower)
        return self.namespace

    @property
    def frames_below(self) -> bool:
        """Whether the lower interface sends and receives the same frames, with a tag or without."""
        return self.KIND.lower is not None and self.KIND.lower.frames != "tunnel"

    @property
    def vlan(self) -> int | None:
        """The VLAN whose tag its frames have on the lower interface."""
        return None

    @property
    def tag(self) -> str:
        """That tag as text, other than that of another protocol; "" for none."""
        return ""

    @property
    def only_one(self) -> tuple[object, ...] | None:
        """What no second interface of its kind may have as well."""
        return None

    def taken(self, other: "Interface") -> Fault:
        """What the kernel says where `other` has the same `only_one`."""
        return Fault("", os.strerror(errno.EEXIST), f"{other.ref} is the same", errno.EEXIST)

    @property
    def exclusive(self) -> bool:
        """Whether it has its lower interface, with that one's MAC, for itself alone."""
        return False

    @property
    def follows_state(self) -> bool:
        """Whether the kernel takes it up and down with its lower interface."""
        lower = self.KIND.lower
        return lower is not None and lower.state is not None and not getattr(self, lower.state, False)

    def faults(self) -> Iterator[Fault]:
        """What the kernel would refuse of this kind's own fields, seen alone: by their ranges, and `own_faults`."""
        for field in self.KIND.fields:
            yield from field.faults(getattr(self, field.name))
        for name in self.KIND.addresses:
            text = getattr(self, name)
            if text is not None and not _is_address(text):
                yield Fault(name, f'any valid address is expected rather than "{text}".', "as in 10.0.1.1 or 2001:db8::1")
                return
        yield from self.own_faults()

    def own_faults(self) -> Iterator[Fault]:
        """What ranges cannot say. Its addresses are valid."""
        yield from ()


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return "%" not in text
