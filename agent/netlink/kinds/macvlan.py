"""macvlan: IFLA_MACVLAN_* (linux/if_link.h); the parent is IFLA_LINK."""

from collections.abc import Collection

from agent.netlink.driver import Data, Driver, Info
from agent.netlink.wire import Batch, as_u32
from topology.model.records import Macvlan

MODE = 1
MODES = {1: "private", 2: "vepa", 4: "bridge", 8: "passthru", 16: "source"}


def observe(data: Data) -> Info:
    """`mode`, by the names of `topology.model.kinds.macvlan.Macvlan` (`source` is one that the record does not know)."""
    mode = as_u32(data[MODE]) if MODE in data else 4
    return {"mode": MODES.get(mode, str(mode))}


def put(batch: Batch, macvlan: Macvlan, fields: Collection[str], _lower: int) -> None:
    """The attributes of IFLA_INFO_DATA for these fields."""
    if "mode" in fields:
        batch.u32(MODE, next(number for number, word in MODES.items() if word == macvlan.mode))


DRIVER = Driver(observe, put)
