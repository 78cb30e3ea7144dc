"""What the targets of iptables-extensions(8) do with a packet. A ValueError: a value in a form that is not modelled."""

import ipaddress
from collections.abc import Callable, Mapping
from typing import NoReturn

import msgspec

from topology.journey.hop import Outcome
from topology.journey.packet import Packet
from topology.journey.predicted.extensions import port
from topology.journey.predicted.place import Ending, Hit, Running
from topology.journey.predicted.tracking import UNTRACKED

GOES_ON = frozenset((
    "LOG", "NFLOG", "TRACE", "CONNSECMARK", "SECMARK", "TCPMSS", "CLASSIFY", "CHECKSUM", "HMARK", "AUDIT", "IDLETIMER", "LED", "RATEEST",
    "SET", "TCPOPTSTRIP", "TEE", "ECN",
))  # fmt: skip
"""Targets after which the next rule is looked at, and that change nothing that is looked at here."""

Act = Callable[[Running, Hit], Outcome]


def _accept(run: Running, hit: Hit) -> Outcome:
    run.hit(hit, "accept")
    return "accept"


def _return(run: Running, hit: Hit) -> Outcome:
    run.hit(hit, "return")
    return "return"


def _drop(run: Running, hit: Hit) -> NoReturn:
    """DROP, REJECT."""
    raise Ending(run.hit(hit, "drop" if hit.name == "DROP" else "reject"))


# ---- marks -------------------------------------------------------------------------------------------------------------------

_MARKS: Mapping[str, Callable[[int, int, int], int]] = {
    "--set-xmark": lambda mark, value, mask: (mark & ~mask & 0xFFFFFFFF) ^ value,
    "--set-mark": lambda mark, value, mask: (mark & ~mask & 0xFFFFFFFF) | value,
    "--and-mark": lambda mark, value, _: mark & value,
    "--or-mark": lambda mark, value, _: mark | value,
    "--xor-mark": lambda mark, value, _: mark ^ value,
}
"""The options of MARK and CONNMARK: old mark, value, mask → new mark."""


def _changed_mark(hit: Hit, mark: int) -> int | None:
    """None where no option says how."""
    option = next((o for o in hit.target.options if o.name in _MARKS), None) if hit.target is not None else None
    if option is None:
        return None
    value, _, mask = option.value.partition("/")
    return _MARKS[option.name](mark, int(value, 0), int(mask or "0xffffffff", 0))


def _mark(run: Running, hit: Hit) -> Outcome:
    """The packet has another mark from here on."""
    changed = _changed_mark(hit, run.progress.mark)
    if changed is None:
        run.unknown(hit.chain, hit.rule, f"-j {hit.name}")
    run.progress.mark = changed
    run.hit(hit, "continue")
    return "continue"


def _connmark(run: Running, hit: Hit) -> Outcome:
    """The connection has another mark, or the packet gets that of the connection (xt_connmark.c)."""
    known = run.progress.tracked.connection if run.progress.tracked is not None else None
    names = {o.name for o in hit.target.options} if hit.target is not None else set()
    of_packet, of_connection = (int(hit.option(name) or "0xffffffff", 0) for name in ("--nfmask", "--ctmask"))
    if known is not None and "--restore-mark" in names:
        run.progress.mark = (run.progress.mark & ~of_packet & 0xFFFFFFFF) ^ (known.mark & of_connection)
    elif known is not None and "--save-mark" in names:
        known.mark = (known.mark & ~of_connection & 0xFFFFFFFF) ^ (run.progress.mark & of_packet)
    elif known is not None:
        changed = _changed_mark(hit, known.mark)
        if changed is None:
            run.unknown(hit.chain, hit.rule, f"-j {hit.name}")
        known.mark = changed
    run.hit(hit, "continue")
    return "continue"


def _ct(run: Running, hit: Hit) -> Outcome:
    """CT, NOTRACK: with `--notrack` conntrack leaves the packet alone."""
    names = {o.name for o in hit.target.options} if hit.target is not None else set()
    if any(name.startswith("--zone") for name in names):
        run.unknown(hit.chain, hit.rule, "-j CT --zone")
    if (hit.name == "NOTRACK" or "--notrack" in names) and run.progress.tracked is None:
        run.progress.tracked = UNTRACKED
    run.hit(hit, "continue")
    return "continue"


def _ttl(run: Running, hit: Hit) -> Outcome:
    """TTL, HL: the packet has another TTL from here on."""
    option = hit.target.options[0] if hit.target is not None and hit.target.options else None
    if option is not None:
        amount, ttl = int(option.value), run.packet.ttl
        wanted = {"set": amount, "dec": ttl - amount, "inc": ttl + amount}[option.name.rpartition("-")[2]]
        after = msgspec.structs.replace(run.packet, ttl=max(0, min(255, wanted)))
        run.hit(hit, "continue", after if after != run.packet else None)
        run.packet = after
    return "continue"


def _tos(run: Running, hit: Hit) -> Outcome:
    """TOS, DSCP: the packet has another TOS from here on."""
    tos, dscp = hit.option("--set-tos"), hit.option("--set-dscp")
    if dscp is not None:
        changed = (run.packet.tos & 3) | int(dscp, 0) << 2
    elif tos is not None:
        value, _, mask = tos.partition("/")
        changed = (run.packet.tos & ~int(mask or "0xff", 0) & 0xFF) ^ int(value, 0)
    else:
        run.unknown(hit.chain, hit.rule, f"-j {hit.name}")
    after = msgspec.structs.replace(run.packet, tos=changed)
    run.hit(hit, "continue", after if after != run.packet else None)
    run.packet = after
    return "continue"


# ---- NAT ---------------------------------------------------------------------------------------------------------------------


def _masquerade(run: Running, hit: Hit) -> Packet:
    """The source becomes an address of the interface that it leaves by."""
    source = run.view.masquerade(run.place.namespace, run.place.oif, run.packet.dst)
    if source is None:
        run.unknown(hit.chain, hit.rule, f"{run.place.oif} has no address to masquerade with")
    return msgspec.structs.replace(run.packet, src=source, sport=_new_port(hit.option("--to-ports"), run.packet.sport))


def _new_port(text: str | None, before: int) -> int:
    """Of several the kernel picks one: 0, as of each port that it picks."""
    if not text:
        return before
    return port(text) if text.isdecimal() else 0


def _redirect(run: Running, hit: Hit) -> Packet:
    """The destination becomes an address of the interface that it came in by, or the loopback address."""
    place, loopback = run.place, "::1" if run.packet.family == "ipv6" else "127.0.0.1"
    incoming = run.view.address_of(place.namespace, place.iif, run.packet.family) if place.hook != "output" else None
    if incoming is None and place.hook != "output":
        run.unknown(hit.chain, hit.rule, f"{place.iif} has no address to redirect to")
    to = hit.option("--to-ports")
    number = port(to) if to else run.packet.dport
    if number < 0:
        run.unknown(hit.chain, hit.rule, f"-j {hit.name} to one of several ports: {to}")
    return msgspec.structs.replace(run.packet, dst=incoming or loopback, dport=number)


def _rewrite(run: Running, hit: Hit) -> Packet:
    """DNAT, SNAT: to one address and port. Of several it is not known which."""
    value = hit.option("--to-destination", "--to-source") or ""
    address, number = _endpoint(value)
    if "-" in address or (hit.name == "DNAT" and number and port(number) < 0):
        run.unknown(hit.chain, hit.rule, f"-j {hit.name} to one of several: {value}")
    packet, change = run.packet, msgspec.structs.replace
    if hit.name == "DNAT":
        return change(packet, dst=address or packet.dst, dport=port(number) if number else packet.dport)
    return change(packet, src=address or packet.src, sport=_new_port(number, packet.sport))


def _endpoint(text: str) -> tuple[str, str]:
    """Address and port of `10.0.0.1:80`, `[fd00::1]:80`, `fd00::1`, `:80`."""
    if text.startswith("["):
        address, _, number = text[1:].partition("]")
        return address, number.lstrip(":")
    if text.count(":") > 1:
        return text, ""
    address, _, number = text.partition(":")
    return address, number


def _netmap(run: Running, hit: Hit) -> Packet:
    """The network part of an address becomes another; which address the hook decides."""
    network = ipaddress.ip_network(hit.option("--to") or "", strict=False)
    side = "dst" if run.place.hook in ("prerouting", "output") else "src"
    address = ipaddress.ip_address(getattr(run.packet, side))
    mapped = int(network.network_address) | (int(address) & int(network.hostmask))
    return msgspec.structs.replace(run.packet, **{side: str(type(address)(mapped))})


_NAT: Mapping[str, Callable[[Running, Hit], Packet]] = {
    "DNAT": _rewrite, "SNAT": _rewrite, "MASQUERADE": _masquerade, "REDIRECT": _redirect, "NETMAP": _netmap,
}  # fmt: skip


def _translate(run: Running, hit: Hit) -> Outcome:
    """Other addresses and ports, and table nat is through."""
    after = _NAT[hit.name](run, hit)
    run.hit(hit, "accept", after)
    run.packet = after
    return "accept"


TARGETS: Mapping[str, Act] = {
    "ACCEPT": _accept, "RETURN": _return, "DROP": _drop, "REJECT": _drop, "MARK": _mark, "CONNMARK": _connmark, "CT": _ct, "NOTRACK": _ct,
    "TTL": _ttl, "HL": _ttl, "TOS": _tos, "DSCP": _tos, **dict.fromkeys(_NAT, _translate),
}  # fmt: skip
"""What the targets do that do something, by name."""
