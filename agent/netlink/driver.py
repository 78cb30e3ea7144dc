"""The attributes that only one kind of interface has on the wire (IFLA_INFO_DATA). `agent.netlink.kinds` has a driver for each kind."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any

from agent.netlink.wire import Batch

Info = dict[str, str | int | bool | None]
Data = Mapping[int, bytes]


@dataclass(frozen=True)
class Driver:
    """How a kind's own fields are read from the kernel and written to it.

    `observe`: attributes of IFLA_INFO_DATA → fields of the record by name, without those that name other interfaces. `put`: the
    record, the names of the fields to write and the ifindex of the lower interface (0: none, or not written now) → attributes.
    `lower`: the ifindex of the lower interface, where IFLA_INFO_DATA says it and not IFLA_LINK.
    """

    observe: Callable[[Data], Info]
    put: Callable[[Batch, Any, Collection[str], int], None]
    lower: Callable[[Data], int] | None = None
