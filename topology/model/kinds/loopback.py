"""The loopback interface: every namespace has one, named `lo`, and it cannot be made, moved or deleted."""

import errno
import os
from collections.abc import Iterator
from typing import ClassVar

from topology.model.base import Fault, Interface


class Loopback(Interface, frozen=True, kw_only=True, tag="loopback"):
    """`lo`. A namespace starts with it down; 127.0.0.1/8 and ::1/128 come with it when it goes up."""

    MTU_RANGE: ClassVar[tuple[int, int]] = (0, 2**31 - 1)

    def faults(self) -> Iterator[Fault]:
        if self.mac not in (None, "00:00:00:00:00:00"):
            yield Fault("mac", os.strerror(errno.EOPNOTSUPP), "lo has no MAC address of its own", errno.EOPNOTSUPP)
        if self.master is not None:
            yield Fault("master", os.strerror(errno.EINVAL), "lo cannot be a bridge port", errno.EINVAL)
        if self.name != "lo":
            yield Fault("kind", os.strerror(errno.EOPNOTSUPP), "the loopback interface is named lo", errno.EOPNOTSUPP)
