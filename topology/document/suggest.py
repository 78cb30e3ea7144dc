"""What to write instead: the nearest key and value, and a value of another type as it should stand."""

import difflib
import ipaddress
import json
import re
from collections.abc import Collection, Container, Iterable

from topology.model.base import Json

_MEANT: dict[str, tuple[str, ...]] = {
    "address": ("addresses", "mac", "to"), "addr": ("addresses",), "ip": ("addresses",), "ips": ("addresses",), "ipv4": ("addresses",),
    "ipv6_addresses": ("addresses",), "gateway": ("via",), "gw": ("via",), "nexthop": ("via",), "next_hop": ("via",),
    "destination": ("to",), "dest": ("to",), "dst": ("destination", "to"), "network": ("to",), "prefix": ("to",), "target": ("to",),
    "interface": ("dev", "interfaces"), "device": ("dev",), "iface": ("dev",), "port": ("dev", "dstport"), "oif": ("dev",),
    "color": ("colour",), "type": ("kind", "type"), "hwaddr": ("mac",), "mac_address": ("mac",), "ether": ("mac",), "lladdr": ("mac",),
    "bridge": ("master",), "brige": ("master",), "id": ("vid", "vni", "nsid"), "vlan_id": ("vid", "vlan"), "tag": ("vid",),
    "vlan": ("vid", "vlans"), "link": ("parent",), "lower": ("parent",), "master_interface": ("parent",), "group": ("remote",),
    "state": ("up",), "enabled": ("up",), "netns": ("namespaces", "underlay"), "nodes": ("namespaces",), "hosts": ("namespaces",),
    "firewall": ("filter", "firewall"), "iptables": ("filter",), "rules": ("filter", "rules"), "sysctl": ("sysctls",),
    "position": ("layout", "at"), "positions": ("layout",), "pos": ("at",), "placement": ("layout",), "version": ("vethboard",),
    "neighbors": ("neighbours",), "arp": ("neighbours",), "title": ("name", "label"), "table_id": ("table",), "priority": ("metric",),
    "ipv6": ("addresses",), "cidr": ("addresses", "to"), "ip_address": ("addresses",), "ip_addresses": ("addresses",),
    "inet": ("addresses",), "inet6": ("addresses",), "macaddress": ("mac",), "mac_addr": ("mac",), "macaddr": ("mac",),
    "hw_address": ("mac",), "tos": (), "links": ("interfaces",),
}  # fmt: skip
"""Words that people and other tools use → keys that may be meant by them, the likeliest first. No other key is meant."""

_MAC = re.compile(r"[0-9A-Fa-f]{1,2}([:-][0-9A-Fa-f]{1,2}){5}", re.ASCII)


def key(word: str, known: Iterable[str], value: Json = None, present: Container[str] = ()) -> str:
    """The hint for an unknown key: what was probably meant, and what there is. `present`: the keys that stand beside it."""
    keys = tuple(known)
    meant = "mac" if "mac" in keys and isinstance(value, str) and _MAC.fullmatch(value) else _meant(word, keys)
    if meant is None and word in ("gateway", "gw", "default_gateway") and "routes" in keys and isinstance(value, str):
        return f'write "routes": [{{"to": "default", "via": {json.dumps(value)}}}]'
    listed = f"known here: {', '.join(keys)}"
    if meant is None:
        return listed
    if meant in present:
        return f'"{meant}" is there already; {listed}'
    if meant == "addresses" and isinstance(value, str) and (addresses := _addresses(value)) is not None:
        return f'write "addresses": {json.dumps(addresses)}; {listed}'
    return f'did you mean "{meant}"? {listed}'


def _addresses(text: str) -> list[str] | None:
    """The addresses in a text with their prefix lengths, the usual one where one has none. None: it is something else."""
    out: list[str] = []
    for word in re.split(r"[\s,;]+", text.strip()):
        try:
            address = ipaddress.ip_interface(word)
        except ValueError:
            return None
        if "%" in word or address.is_loopback or address.is_multicast or address.is_unspecified:
            return None
        out.append(word if "/" in word else f"{word}/{64 if address.version == 6 else 24}")
    return out


def _meant(word: str, known: Collection[str]) -> str | None:
    """The key that was probably meant."""
    if word.lower() in _MEANT and word.lower() not in known:
        return next((key for key in _MEANT[word.lower()] if key in known), None)
    return nearest(word, known)


def nearest(word: str, known: Collection[str]) -> str | None:
    """The known word that is most like this one."""
    by_lower = {k.lower(): k for k in known}
    found = difflib.get_close_matches(word[:64].lower(), by_lower, 1, 0.7)
    return by_lower[found[0]] if found else None


def choice(word: object, options: Iterable[str]) -> str:
    """The hint for a value that is none of these."""
    values = tuple(options)
    meant = nearest(word, values) if isinstance(word, str) else None
    listed = f"one of: {', '.join(values)}"
    return f'did you mean "{meant}"? {listed}' if meant is not None else listed


_EXPECTED = re.compile(r"Expected `([^`]+)`(.*)", re.DOTALL)
_GOT = re.compile(r", got `([^`]+)`(.*)", re.DOTALL)
WORDS = {"int": "a number", "float": "a number", "str": "text", "bool": "true or false", "array": "an array", "object": "an object"}
"""What msgspec calls a type → what a person does."""


def plain(message: str) -> str:
    """A message of msgspec in words of JSON: `expected a number, got text`."""
    found = _EXPECTED.fullmatch(message)
    if found is None:
        return message.replace("Object contains unknown field", "unknown key").replace("Object missing required field", "missing key")
    wanted = " or ".join(WORDS.get(part, part) for part in found[1].split(" | ") if part != "null")
    got = _GOT.fullmatch(found[2])
    if got is not None and got[1] == "float" and "a number" in wanted:
        return f"expected {wanted.replace('a number', 'a whole number')}, got one with a fraction"
    rest = f", got {WORDS.get(got[1], got[1])}{got[2]}" if got is not None else found[2]
    return f"expected {wanted}{rest}"


def instead(wanted: str, value: Json) -> str | None:
    """How a value of another type is written as the wanted one (`int`, `bool`, `array`, `str`), where that is clear."""
    if wanted.startswith("int") and isinstance(value, str) and re.fullmatch(r"\s*-?\d{1,15}\s*", value, re.ASCII):
        return f"write {int(value)}, without quotes"
    if wanted.startswith("bool") and str(value).lower() in _BOOLS:
        return f"write {_BOOLS[str(value).lower()]}"
    if wanted.startswith("array") and isinstance(value, str) and (addresses := _addresses(value)) is not None:
        return f"write {json.dumps(addresses)}"
    if wanted.startswith("array") and isinstance(value, str):
        return f"write [{json.dumps(value, ensure_ascii=False)}]" if len(value) <= 200 else None
    if wanted.startswith("str") and isinstance(value, int | float) and not isinstance(value, bool):
        return f'write "{value}"'
    return None


_BOOLS = {"true": "true", "yes": "true", "on": "true", "up": "true", "1": "true", "false": "false", "no": "false", "off": "false"} | {
    "down": "false", "0": "false"
}  # fmt: skip
