"""In which subnets of a namespace an address lies, found without walking through all of them."""

import ipaddress
from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import NamedTuple

_Width = tuple[int, int]
"""4 or 6, prefix length."""
BITS = {4: 32, 6: 128}
"""Of an address, by IP version."""


class Subnet(NamedTuple):
    """The subnet of an interface's address: IP version, prefix length, and the bits of the prefix as a number."""

    version: int
    length: int
    prefix: int


class Subnets:
    """The subnets of the interfaces of a namespace. An interface may have several addresses in one."""

    def __init__(self) -> None:
        self._names: dict[_Width, dict[int, dict[str, int]]] = {}
        """How many addresses an interface has in a subnet, by width, prefix and name."""

    def __bool__(self) -> bool:
        return bool(self._names)

    def add(self, name: str, addresses: Iterable[str]) -> None:
        """The interface has these addresses, too, each with its prefix length."""
        for version, length, prefix in map(subnet, addresses):
            counts = self._names.setdefault((version, length), {}).setdefault(prefix, {})
            counts[name] = counts.get(name, 0) + 1

    def remove(self, name: str, addresses: Iterable[str]) -> None:
        """It has them no more."""
        for version, length, prefix in map(subnet, addresses):
            prefixes = self._names[version, length]
            counts = prefixes[prefix]
            counts[name] -= 1
            if not counts[name]:
                del counts[name]
            if not counts:
                del prefixes[prefix]
            if not prefixes:
                del self._names[version, length]

    def around(self, address: str) -> Iterator[str]:
        """The interfaces in one of whose subnets the address lies; one that has several such subnets comes several times."""
        version, bits = parsed(address)
        for (of_version, length), prefixes in self._names.items():
            if of_version == version:
                yield from prefixes.get(bits >> (BITS[version] - length), ())

    def owner(self, address: str) -> str | None:
        """The only interface in one of whose subnets the address lies."""
        found: str | None = None
        for name in self.around(address):
            if found not in (None, name):
                return None
            found = name
        return found


@lru_cache(4096)
def subnet(address: str) -> Subnet:
    """Of `address/prefix length`. Raises ValueError where it is none."""
    value = ipaddress.ip_interface(address)
    length = value.network.prefixlen
    return Subnet(value.version, length, int(value.ip) >> (value.max_prefixlen - length))


@lru_cache(4096)
def parsed(address: str) -> tuple[int, int]:
    """IP version and number of an address. Raises ValueError where it is none."""
    value = ipaddress.ip_address(address)
    return value.version, int(value)
