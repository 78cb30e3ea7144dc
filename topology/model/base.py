"""What all records share."""

import errno
import os
from collections.abc import Iterator
from typing import Any, ClassVar, NamedTuple

import msgspec

Json = Any
"""A JSON value that is not yet checked: msgspec has no recursive aliases, so the type says no more than this name."""

HOST = "host"
"""The name of a lab's own network stack. No named namespace may have it."""


class Fault(NamedTuple):
    """A value that the kernel would refuse: the field, the kernel's words, what to do, errno(3) where there is one."""

    field: str
    message: str
    hint: str = ""
    errno: int = 0


def range_fault(field: str, value: int, low: int, high: int, unit: str = "") -> Iterator[Fault]:
    """A fault where a number is not in `low`..`high`."""
    if not low <= value <= high:
        yield Fault(field, os.strerror(errno.ERANGE), f"{field.replace('_', ' ')} is {low} to {high}{unit}, not {value}", errno.ERANGE)


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

    MTU_RANGE: ClassVar[tuple[int, int]] = (68, 65535)
    """min_mtu and max_mtu of the device, in bytes (ether_setup(), ETH_MIN_MTU, ETH_MAX_MTU)."""

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
        return f"{self.namespace}/{self.name}"

    @property
    def id(self) -> str:
        return f"interface:{self.namespace}/{self.name}"

    def faults(self) -> Iterator[Fault]:
        """What the kernel would refuse of this kind's own fields, seen alone."""
        yield from ()
