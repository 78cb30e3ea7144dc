"""IFLA_INFO_DATA of a kind of interface by pyroute2's tables (`pyroute2.netlink.rtnl.ifinfmsg.plugins`): attributes by their C names.

pyroute2 has no types: this module is the only one that imports it, and gives it some. Its objects are not kept.
"""

from collections.abc import Mapping
from typing import Any

from pyroute2.netlink.rtnl.ifinfmsg import data_plugins

from agent.netlink.wire import attribute

Attributes = Mapping[str, Any]


def encode(kind: str, values: Attributes) -> bytes:
    """The attributes of IFLA_INFO_DATA, packed; a dict is the C struct of these fields.

    KeyError for a kind or an attribute that pyroute2 does not know: pyroute2 itself would leave it out without a word.
    """
    nla = data_plugins[kind]()
    known = {word for row in nla.nla_map for word in row if isinstance(word, str)}
    for name in values:
        if name not in known:
            raise KeyError(name)
    nla["attrs"] = list(values.items())
    nla.encode()
    return bytes(nla.data[4:])


def decode(kind: str, data: Mapping[int, bytes]) -> dict[str, Any]:
    """The same, read. What pyroute2 has no name for is left out."""
    packed = b"".join(attribute(key, value) for key, value in data.items())
    nla = data_plugins[kind]((len(packed) + 4).to_bytes(2, "little") + b"\0\0" + packed)
    nla.decode()
    return dict(nla["attrs"])
