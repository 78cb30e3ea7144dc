"""What may be a name, an address or a MAC, in the kernel's and iproute2's own words. Each checker returns the canonical text.

`subject` goes into the problem: a record id, or the JSON path of a document.
"""

import errno
import ipaddress
import os
import re
from collections.abc import Container
from difflib import get_close_matches

from topology.model import ids, routing
from topology.model.base import HOST
from topology.model.ids import LAB_NAME
from topology.model.problems import Code, Problem, ProblemError, invalid
from topology.model.sysctls import KEYS

IFNAMSIZ = 16
"""linux/if.h, with the closing NUL."""

_KERNEL_BLANKS = frozenset(b" \t\n\v\f\r\xa0")
"""What the kernel's isspace() takes for a blank (lib/ctype.c): it goes by byte, also inside a UTF-8 letter."""

_MAC = re.compile(r"[0-9a-f]{1,2}([:-][0-9a-f]{1,2}){5}", re.ASCII)
_SYSCTL = re.compile(r"net(\.[A-Za-z0-9_/@-]+)+", re.ASCII)


def _control(name: str) -> bool:
    return any(ord(c) < 32 or 127 <= ord(c) < 160 for c in name)


def _encoded(name: str) -> bytes:
    return name.encode("utf-8", "surrogatepass")


def interface_name(name: str, subject: str | None = None) -> str:
    """A name that dev_valid_name() (net/core/dev.c) takes, without control characters; `all` and `default` have a meaning in sysctls."""
    raw = _encoded(name)
    reason = ""
    if not raw:
        reason = "it is empty"
    elif len(raw) >= IFNAMSIZ:
        reason = f"it has {len(raw)} bytes, the kernel takes at most {IFNAMSIZ - 1}"
    elif name in (".", "..", "all", "default"):
        reason = f"the kernel keeps {name} for itself"
    elif "/" in name or ":" in name or "%" in name:
        reason = "the kernel takes no /, : or % in it"
    elif any(b in _KERNEL_BLANKS for b in raw):
        reason = "the kernel takes no blanks in it"
    elif _control(name):
        reason = "it has control characters"
    if reason:
        raise invalid(f'"{name}" not a valid ifname', subject, f"{reason}: take another name")
    return name


def namespace_name(name: str, subject: str | None = None, *, host: bool = False) -> str:
    """A name that ip-netns(8) can make a file of. `host` is the lab's own stack: only allowed where `host` says so."""
    reason = ""
    if not name:
        reason = "it is empty"
    elif len(_encoded(name)) > 255:
        reason = f"it has {len(_encoded(name))} bytes, a file name at most 255"
    elif "/" in name or name in (".", ".."):
        reason = "it has to be a file name in /run/netns"
    elif _control(name):
        reason = "it has control characters"
    elif name == HOST and not host:
        reason = f"{HOST} is the lab's own network stack"
    if reason:
        raise invalid(f'Invalid netns name "{name}"', subject, f"{reason}: take another name")
    return name


def is_lab_id(name: str) -> bool:
    """Whether it can be the id of a lab: 1 to 40 of a-z, 0-9 and -. It is used in paths, in addresses and as the lab's host name."""
    return LAB_NAME.fullmatch(name) is not None


def lab_id(name: str, subject: str | None = None) -> str:
    """The name, where it can be the id of a lab. Raises ProblemError."""
    if not is_lab_id(name):
        raise invalid(f'Invalid lab name "{name}"', subject, "1 to 40 of: a-z, 0-9, -")
    return name


def any_mac(text: str, subject: str | None = None) -> str:
    """An Ethernet address, multicast and zero too, as `aa:bb:cc:dd:ee:ff`."""
    lower = text.lower()
    if not _MAC.fullmatch(lower):
        raise invalid(f'"{text}" is invalid lladdr.', subject, "a MAC address has six bytes: 02:00:00:00:00:01")
    return ":".join(part.zfill(2) for part in re.split("[:-]", lower))


def mac(text: str, subject: str | None = None) -> str:
    """The address of an interface: is_valid_ether_addr() (linux/etherdevice.h), so unicast and not zero."""
    address = any_mac(text, subject)
    number = errno.EADDRNOTAVAIL
    hint = ""
    if int(address[:2], 16) & 1:
        first = int(address[:2], 16) & 0xFE | 2
        hint = f"{address} is a multicast address: the first byte must be even, as in {first:02x}{address[2:]}"
    elif address == "00:00:00:00:00:00":
        hint = "an interface needs an address that is not zero"
    if hint:
        raise ProblemError(Problem(code=Code.INVALID, message=os.strerror(number), subject=subject, hint=hint, errno=number))
    return address


def interface_address(text: str, subject: str | None = None) -> str:
    """`address/prefix length` as `ip address add` takes it, canonical; a netmask instead of a length is understood."""
    problem = f'any valid prefix is expected rather than "{text}".'
    if "%" in text:
        raise invalid(problem, subject, "leave the zone (%…) out")
    try:
        if "/" not in text:
            raise ValueError
        return ipaddress.ip_interface(text).with_prefixlen
    except ValueError:
        raise invalid(problem, subject, _address_hint(text)) from None


def _address_hint(text: str) -> str:
    """What is wrong with an address and its prefix length, and the usual length where only that is missing."""
    address = ids.ip_of(text)
    if not _is_address(address):
        return "an address and its prefix length, as in 10.0.1.1/24 or 2001:db8::1/64"
    most, usual = (128, 64) if ":" in address else (32, 24)
    if text == address:
        return f"give the prefix length too: {text}/{128 if ipaddress.ip_address(text).is_loopback and most == 128 else usual}"
    return "take the blanks out" if text != "".join(text.split()) else f"a prefix length is 0 to {most}"


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


def address(text: str, subject: str | None = None) -> str:
    """An address without a prefix length, canonical."""
    if not _is_address(text) or "%" in text:
        raise invalid(f'any valid address is expected rather than "{text}".', subject, "as in 10.0.1.1 or 2001:db8::1")
    return str(ipaddress.ip_address(text))


def destination(text: str, via: str | None = None, subject: str | None = None) -> str:
    """`to` of a route: `default` (IPv4), `::/0` or a prefix; a bare address is a /32 or /128, `default` via IPv6 is `::/0`."""
    if text == routing.DEFAULT:
        return routing.DEFAULT6 if via and ":" in via else routing.DEFAULT
    if "%" in text:
        raise invalid(f'any valid prefix is expected rather than "{text}".', subject, "leave the zone (%…) out")
    try:
        network = ipaddress.ip_network(text, strict=True)
    except ValueError as error:
        hint = str(error)
        if "host bits" in hint:
            hint = f"bits are set beyond the prefix: {ipaddress.ip_network(text, strict=False)}"
        raise invalid(f'any valid prefix is expected rather than "{text}".', subject, hint) from None
    return routing.destination_text(network)


_NUMBERED = re.compile(r"(.*[^0-9])(0|[1-9][0-9]{0,14})", re.ASCII | re.DOTALL)


def numbered(name: str) -> tuple[str, int] | None:
    """`veth` and 12 of `veth12`; None where the name does not end with a number that is written so."""
    found = _NUMBERED.fullmatch(name)
    return (found[1], int(found[2])) if found is not None else None


def free_name(stem: str, taken: Container[str], start: int = 0) -> str:
    """The first of `veth0`, `veth1`, … that is not taken, as the kernel's dev_alloc_name() chooses."""
    number = start
    while f"{stem}{number}" in taken:
        number += 1
    return f"{stem}{number}"


def free_name_like(name: str, taken: Container[str]) -> str:
    """The name if it is not taken, else the next one that is free and no longer than the kernel takes: ns0 → ns1, web → web2."""
    if name not in taken:
        return name
    stem = name.rstrip("0123456789")
    number = int(name[len(stem) :]) + 1 if stem != name else 2
    while True:
        new = free_name(stem, taken, number)
        if len(new.encode()) < IFNAMSIZ or len(name.encode()) >= IFNAMSIZ:
            return new
        stem = stem[:-1]


def _meant_sysctl(key: str) -> str | None:
    """The key that was meant by one with slashes, capitals, blanks, or without what it begins with."""
    plain = key.strip().replace("/", ".").lower()
    return next((known for known in KEYS if known == plain or known.endswith(f".{plain}")), None)


_SAME_SYSCTL = {"net.ipv4.conf.all.forwarding": "net.ipv4.ip_forward"}
"""A key that the kernel follows another one with → that one."""


def _sysctl_hint(key: str) -> str:
    """What to write instead of a key that is not kept. A key that differs in a word is another one: only a misspelt word is put right."""
    if key in _SAME_SYSCTL:
        return f'write "{_SAME_SYSCTL[key]}", which is the same setting'
    words = re.split(r"[._-]", key)
    for known in KEYS:
        others = re.split(r"[._-]", known)
        unlike = [pair for pair in zip(words, others, strict=False) if pair[0] != pair[1]]
        if len(words) == len(others) and len(unlike) == 1 and get_close_matches(unlike[0][0], [unlike[0][1]], 1, 0.83):
            return f'did you mean "{known}"?'
    return f"set it by sysctl -w in a shell; kept are: {', '.join(KEYS)}"


def sysctl(key: str, value: str, subject: str | None = None) -> str:
    """The value of a network namespace's sysctl, blanks folded to one. A `.` in an interface's name is written `/` (sysctl(8))."""
    if not _SYSCTL.fullmatch(key):
        path = f"/proc/sys/{key.replace('.', '/')}"
        meant = _meant_sysctl(key)
        hint = f'did you mean "{meant}"?' if meant is not None else "only net.… keys belong to a network namespace"
        raise invalid(f"cannot stat {path}: No such file or directory", subject, hint)
    if key not in KEYS:
        raise invalid(f"{key} is not one of the sysctls that a lab keeps", subject, _sysctl_hint(key))
    folded = " ".join(value.split())
    if not folded or len(folded) > 1000 or _control(folded):
        raise invalid(f'setting key "{key}": Invalid argument', subject, "a value is one line of text or a number")
    return folded
