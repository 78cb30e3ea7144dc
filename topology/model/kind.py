"""What the declaration of a kind of interface consists of (docs/adding-a-kind.md). Data only: the code that asks it knows no kind by name.

class Vlan(Interface, frozen=True, kw_only=True, tag="vlan"):
    KIND: ClassVar[Kind] = Kind(
        fields=(LOWER, Field("vid", 0, 4094, option="id", fixed=True)),
        lower=Lower(required=True),
        mac="lower",
        mtu=Mtu(follows="lower"),
    )
    parent: str
    vid: int
"""

import errno
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal, NamedTuple


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


def fault(field: str, number: int, hint: str = "") -> Fault:
    """A fault in the words of errno(3)."""
    return Fault(field, os.strerror(number), hint, number)


Role = Literal["value", "address", "lower", "peer", "namespace"]
"""What a field's text means: itself; an IP address; `ns/name` of the lower interface or of the other end of a pair; a namespace."""


@dataclass(frozen=True)
class Field:
    """One field that only this kind has.

    `low`, `high`, `unit`: of a number. `fixed`: to change it the interface is made anew. `anew`: values that it can be neither changed
    to nor from without that. `option`: its word in `ip link … type KIND WORD VALUE`, or what makes of the value all words, "" for none.
    `scale`: what iproute2 multiplies it by. `always`: stated when the interface is made, also where it has its default. `named`: stated
    in each change, because the kernel or iproute2 wants it there. `formerly`: its key in older documents, which are still read.
    `proposed`: what a form begins with, of a number that is needed and has no default.
    """

    name: str
    low: int | None = None
    high: int | None = None
    unit: str = ""
    role: Role = "value"
    fixed: bool = False
    anew: tuple[object, ...] = ()
    option: str | Callable[[Any], str] = ""
    scale: int = 1
    always: bool = False
    named: bool = False
    formerly: str = ""
    proposed: int | None = None

    def words(self, value: Any) -> str:
        """The words of iproute2 for this value, not quoted; "" where there are none."""
        if not isinstance(self.option, str):
            return self.option(value)
        number = value * self.scale if self.scale != 1 else int(value) if isinstance(value, bool) else value
        return f"{self.option} {number}" if self.option else ""

    def faults(self, value: Any) -> Iterator[Fault]:
        """A fault where the number is out of range."""
        if self.low is not None and self.high is not None and value is not None:
            yield from range_fault(self.name, value, self.low, self.high, f" {self.unit}" if self.unit else "")


@dataclass(frozen=True)
class Lower:
    """That a kind is made on top of another interface, named by its field `parent`; the kernel deletes it together with that one.

    `option`: "link": IFLA_LINK: the lower interface may be in another namespace, where the message is then sent.
    "dev": an option of the kind; the lower interface is in the namespace that this one is made in.
    `not_on_itself`: the kernel puts one of this kind that is made on another of this kind on the lower interface of that one.
    `dies_on_move`: it is deleted when the lower interface moves to another namespace.
    `state`: the kernel takes it up and down with the lower interface, and up only while that one is; the field of this name switches
    that off ("": none does). None: its state is its own.
    `frames`: what of its frames the lower interface carries: these, these with a VLAN tag, or others that these travel in.
    """

    required: bool = True
    option: Literal["link", "dev"] = "link"
    not_on_itself: bool = False
    dies_on_move: bool = False
    state: str | None = None
    frames: Literal["same", "tagged", "tunnel"] = "same"


def _no_overhead(_: Any) -> int:
    return 0


@dataclass(frozen=True)
class Mtu:
    """MTUs in bytes. `low`, `high`: min_mtu and max_mtu of the device. `default`: the kernel's, where `follows` does not give another:
    that of the lower interface less `overhead`, or the least one of its ports. `capped`: the kernel takes no more than the lower
    interface's less `overhead`, and refuses it with this errno(3); 0: it does."""

    low: int = 68
    high: int = 65535
    default: int = 1500
    follows: Literal["", "lower", "ports"] = ""
    overhead: Callable[[Any], int] = _no_overhead
    capped: int = 0


@dataclass(frozen=True)
class Kind:
    """A kind of interface.

    `fields`: those that only it has, in the order of their options in `ip link`. `lower`: what it is made on.
    `builtin`: the kernel makes it with each namespace; it is never made, moved, renamed or deleted.
    `movable`: it can move to another namespace.
    `no_port`: why it cannot be a bridge port. `carries`: others can be made on top of it.
    `max_ports`: it is a bridge (a subclass of `Bridge`) and takes so many ports.
    `stem`: what proposed names begin with; "": its word.
    `node`: it is drawn as a node, not as a row of its namespace.
    `mac`: the address that the kernel gives it: a random one, none, the lower interface's, one of a port's.
    `mac_fixed`: another address needs the interface made anew.
    `speed`: what a bridge learns of its speed: that of a fast link, nothing, that of the lower interface.
    `fdb`: it has a table of MAC addresses: of its ports, or its own (`bridge fdb … self`).
    `drops`: what leaves through it goes no further, and it asks for no neighbour (IFF_NOARP).
    `own_addresses`: what the kernel adds to it when it goes up.
    `hooks`: it takes the frames of its lower interface before a bridge could: that one cannot be a bridge port (an rx_handler).
    `joined_by`: interfaces in which this field is equal are ends of one tunnel, wherever they are: one segment.
    """

    fields: tuple[Field, ...] = ()
    lower: Lower | None = None
    builtin: bool = False
    movable: bool = True
    no_port: Fault | None = None
    carries: bool = True
    max_ports: int = 0
    stem: str = ""
    node: bool = False
    mtu: Mtu = field(default_factory=Mtu)
    mac: Literal["random", "none", "lower", "port"] = "random"
    mac_fixed: bool = False
    speed: Literal["fast", "unknown", "lower"] = "fast"
    fdb: Literal["", "ports", "own"] = ""
    drops: bool = False
    own_addresses: tuple[str, ...] = ()
    hooks: bool = False
    joined_by: str = ""

    def _names(self, *roles: Role) -> tuple[str, ...]:
        return tuple(f.name for f in self.fields if f.role in roles)

    @cached_property
    def changeable(self) -> tuple[str, ...]:
        """The fields that `ip link set` can change."""
        return tuple(f.name for f in self.fields if not f.fixed)

    @cached_property
    def fixed(self) -> tuple[Field, ...]:
        """The fields because of which an interface may have to be made anew."""
        return tuple(f for f in self.fields if f.fixed or f.anew)

    @cached_property
    def addresses(self) -> tuple[str, ...]:
        """The fields that are IP addresses."""
        return self._names("address")

    @cached_property
    def paired(self) -> bool:
        """It is one end of a pair; `peer` names the other."""
        return bool(self._names("peer"))

    @cached_property
    def underlay(self) -> bool:
        """Its `underlay` may name another namespace that it is made in, and whose interfaces and routes it uses."""
        return bool(self._names("namespace"))


LOWER = Field("parent", role="lower", fixed=True)
"""The lower interface of a kind with `Lower(option="link")`, which `ip link` has before the type."""
