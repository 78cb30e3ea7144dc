"""What a program at the other end is asked, and what it answered: DNS (RFC 1035) and HTTP (RFC 9112), as bytes. Without any I/O."""

import ipaddress
import struct
from collections.abc import Iterator

from topology.journey.probe import Probe

_HEADER = struct.Struct(">HHHHHH")
_RECORD = struct.Struct(">HHIH")
_A, _AAAA, _CNAME, _IN = 1, 28, 5, 1
_RECURSION_DESIRED, _CODE = 0x0100, 0x000F
_CODES = {0: "no error", 1: "FORMERR", 2: "SERVFAIL", 3: "NXDOMAIN", 4: "NOTIMP", 5: "REFUSED"}
"""DNS RCODEs (IANA, DNS Parameters)."""
_LONGEST_LINE = 200


def dns_query(probe: Probe) -> bytes:
    """The query for the address of the probe's name. Its id is the beginning of the nonce."""
    labels = probe.name.removesuffix(".").encode().split(b".")
    name = b"".join(bytes([len(label)]) + label for label in labels) + b"\0"
    kind = _AAAA if probe.family == "ipv6" else _A
    return dns_beginning(probe) + name + struct.pack(">HH", kind, _IN)


def dns_beginning(probe: Probe) -> bytes:
    """The first 12 bytes of the query: one question."""
    return _HEADER.pack(int(probe.nonce[:4], 16), _RECURSION_DESIRED, 1, 0, 0, 0)


def dns_answer(data: bytes) -> str:
    """The addresses of an answer, else its code: `10.0.0.9`, `NXDOMAIN`. For one that makes no sense: that."""
    try:
        code = _HEADER.unpack_from(data)[1] & _CODE
        return ", ".join(_addresses(data)) or (_CODES.get(code, f"RCODE {code}") if code else "no address")
    except (struct.error, IndexError):
        return "an answer that is no DNS"


def _addresses(data: bytes) -> Iterator[str]:
    _, _, questions, answers, _, _ = _HEADER.unpack_from(data)
    at = _HEADER.size
    for _ in range(questions):
        at = _after_name(data, at) + 4
    for _ in range(answers):
        at = _after_name(data, at)
        kind, _, _, length = _RECORD.unpack_from(data, at)
        at += _RECORD.size
        if (kind, length) in ((_A, 4), (_AAAA, 16)):
            yield str(ipaddress.ip_address(data[at : at + length]))
        at += length


def _after_name(data: bytes, at: int) -> int:
    """Where a name ends: at its empty label, or after a pointer (two bytes, the upper bits set)."""
    while (length := data[at]) != 0:
        if length >= 0xC0:
            return at + 2
        at += 1 + length
    return at + 1


def http_request(probe: Probe) -> bytes:
    """A GET, after whose answer the server closes the connection."""
    host = f"[{probe.address}]" if probe.family == "ipv6" else probe.address
    port = f":{probe.to_port}" if probe.to_port != 80 else ""
    return f"GET {probe.name or '/'} HTTP/1.1\r\nHost: {host}{port}\r\nUser-Agent: vethboard\r\nConnection: close\r\n\r\n".encode()


def http_answer(data: bytes) -> str:
    """The status line of an answer: `HTTP/1.1 200 OK`; empty where the connection was closed without one."""
    if not data:
        return ""
    line = data.split(b"\r\n", 1)[0].split(b"\n", 1)[0].decode("latin-1")
    shown = "".join(c if c.isprintable() else "." for c in line)[:_LONGEST_LINE]
    return shown if shown.startswith("HTTP/") else f"an answer that is no HTTP: {shown}"
