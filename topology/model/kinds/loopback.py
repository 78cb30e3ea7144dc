"""The loopback interface: every namespace has one, named `lo`, and it cannot be made, moved or deleted."""

import errno
from collections.abc import Iterator
from typing import ClassVar

from topology.model.base import Fault, Interface
from topology.model.kind import Kind, Mtu, fault


class Loopback(Interface, frozen=True, kw_only=True, tag="loopback"):
    """`lo`. A namespace starts with it down; 127.0.0.1/8 and ::1/128 come with it when it goes up."""

    KIND: ClassVar[Kind] = Kind(
        builtin=True,
        movable=False,
        carries=False,
        no_port=fault("master", errno.EINVAL, "lo cannot be a bridge port"),
        mtu=Mtu(0, 2**31 - 1, default=65536),
        mac="none",
        own_addresses=("127.0.0.1/8", "::1/128"),
    )

    def own_faults(self) -> Iterator[Fault]:
        """A MAC address, or another name than `lo`."""
        if self.mac not in (None, "00:00:00:00:00:00"):
            yield fault("mac", errno.EOPNOTSUPP, "lo has no MAC address of its own")
        if self.name != "lo":
            yield fault("kind", errno.EOPNOTSUPP, "the loopback interface is named lo")
