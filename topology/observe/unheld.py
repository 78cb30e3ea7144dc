"""What a shell has made in a lab and no document holds: it is gone at the next stop. In the words of ip(8), tc(8), iptables(8). Pure."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final

from topology.model import ids
from topology.model.base import HOST, UPLINK
from topology.model.problems import Code, Problem
from topology.model.routing import MAIN_TABLE
from topology.observe.live import AddressLive, AnyLive, FilterLive, LinkLive, NamespaceLive, RouteRow
from topology.observe.policy import DEFAULT_RULES, PolicyRule

MOST: Final = 100
"""So many are looked for."""
_NAMED: Final = 5

_KERNELS: Final = ("kernel", "ra", "redirect")
"""Protocols of routes that the kernel makes again by itself."""
_PASSING: Final = ("dynamic", "secondary", "temporary", "tentative", "dadfailed", "deprecated", "stable-privacy", "optimistic")
"""Flags of an address that nobody gives it, or that pass."""
_QUEUE_LENGTH: Final = 1000
_QUEUE_LENGTHS: Final = {"ifb": 32, "tun": 500}
"""Of kinds that are made with another one."""
_SET_FLAGS: Final = {"PROMISC": "promisc on", "ALLMULTI": "allmulticast on"}


def unheld(live: Mapping[str, AnyLive]) -> tuple[Problem, ...]:
    """Each with the record that it belongs to, by namespaces; at most `MOST`."""
    found = [Problem(code=Code.UNSUPPORTED, message=what, subject=subject, hint=_HINT) for subject, what in _all(live)]
    found.sort(key=lambda p: (ids.namespace_of(ids.subject_of(p.subject or "")), p.subject or ""))
    return tuple(found[:MOST])


_HINT: Final = "documents do not hold this: it is not exported, and gone when the lab is stopped"


def gone(found: Sequence[Problem]) -> Problem:
    """What a stop has ended, in one problem."""
    named = "; ".join(f"{ids.subject_of(p.subject or '')}: {p.message}" for p in found[:_NAMED])
    more = f"; and {len(found) - _NAMED} more" if len(found) > _NAMED else ""
    return Problem(code=Code.UNSUPPORTED, message=f"gone with the stop, for documents do not hold it: {named}{more}")


def _all(live: Mapping[str, AnyLive]) -> Iterator[tuple[str, str]]:
    for record in live.values():
        match record:
            case NamespaceLive():
                yield from ((ids.namespace(record.name), what) for what in _of_namespace(record))
            case LinkLive():
                found = (*_of_link(record), *_sysctls(record, _usual(live, record.namespace)))
                yield from ((ids.interface(ids.join(record.namespace, record.name)), what) for what in found)
            case FilterLive():
                yield from ((ids.namespace(record.namespace), what) for what in record.foreign)
            case _:
                pass


def _of_namespace(namespace: NamespaceLive) -> Iterator[str]:
    yield from (_rule(rule) for rule in namespace.rules if rule not in DEFAULT_RULES)
    yield from (f"ip neighbour add proxy {row.address} dev {row.dev}" for row in namespace.proxies)
    for route in namespace.routes:
        if route.protocol in _KERNELS or _is_uplink(namespace.name, route.dev):
            continue
        if route.record is None:
            yield f"ip route {_words(route)}"
        elif route.others:
            yield f"{' '.join(route.others)} of ip route {_words(route)}"


def _is_uplink(namespace: str, dev: str | None) -> bool:
    """The document says `uplink`, and the agent makes what belongs to it."""
    return namespace == HOST and dev == UPLINK


def _words(route: RouteRow) -> str:
    kind = "" if route.type == "unicast" else f"{route.type} "
    hops = [f"nexthop{_to(hop.via, hop.dev)} weight {hop.weight}" for hop in route.hops]
    table = "" if route.table == MAIN_TABLE else f" table {route.table}"
    to = route.to + (f" tos {route.tos:#x}" if route.tos else "") + (f" from {route.source}" if route.source else "")
    return kind + to + (" " + " ".join(hops) if hops else _to(route.via, route.dev)) + table


def _to(via: str | None, dev: str | None) -> str:
    return (f" via {via}" if via else "") + (f" dev {dev}" if dev else "")


def _rule(rule: PolicyRule) -> str:
    parts = [f"{rule.priority}:", "not" if rule.inverted else "", f"from {rule.source or 'all'}"]
    parts += [f"{word} {value}" for word, value in (("to", rule.destination), ("iif", rule.iif), ("oif", rule.oif)) if value]
    parts += [f"fwmark {rule.mark:#x}" if rule.mark else "", rule.other]
    parts += [f"lookup {rule.table}" if rule.action == "lookup" else f"goto {rule.target}" if rule.action == "goto" else rule.action]
    return f"ip{' -6' if rule.family == 'ipv6' else ''} rule {' '.join(filter(None, parts))}"


def _of_link(link: LinkLive) -> Iterator[str]:
    if _is_uplink(link.namespace, link.name):
        return
    if not link.modelled:
        yield link.note
        return
    if link.qdisc:
        yield f"qdisc {link.qdisc}"
    yield from (f"qdisc {early}" if early != "xdp" else "an XDP program" for early in link.early)
    if link.txqlen not in (0, _QUEUE_LENGTHS.get(link.type, _QUEUE_LENGTH)):
        yield f"txqueuelen {link.txqlen}"
    yield from (word for flag, word in _SET_FLAGS.items() if flag in link.flags)
    yield from (f"port: {word}" for word in link.port)
    yield from link.others
    for address in link.addresses:
        if address.proto or address.scope == "link":
            continue
        if more := _of_address(address):
            yield f"{' '.join(more)} of address {address.address}"


def _usual(live: Mapping[str, AnyLive], namespace: str) -> dict[str, str]:
    """What an interface that is made there has, by the keys of `_OWN_SYSCTLS`: `conf.default`, else what lo was made with."""
    space, lo = live.get(ids.namespace_live(namespace)), live.get(ids.link_live(ids.join(namespace, "lo")))
    sysctls = space.sysctls if isinstance(space, NamespaceLive) else {}
    made = lo.conf or {} if isinstance(lo, LinkLive) else {}
    return {key: sysctls.get(path, str(made.get(key, 0))) for key, (_, path) in _OWN_SYSCTLS.items()}


def _sysctls(link: LinkLive, usual: Mapping[str, str]) -> Iterator[str]:
    if not link.modelled or link.conf is None or "LOOPBACK" in link.flags:
        return
    for key, (family, _) in _OWN_SYSCTLS.items():
        if str(value := link.conf.get(key, 0)) != usual[key]:
            yield f"sysctl net.{family}.conf.{link.name}.{key} = {value}"


_OWN_SYSCTLS: Final = {
    "forwarding": ("ipv4", "net.ipv4.ip_forward"),
    "disable_ipv6": ("ipv6", "net.ipv6.conf.all.disable_ipv6"),
    "proxy_ndp": ("ipv6", "net.ipv6.conf.default.proxy_ndp"),
    **{
        key: ("ipv4", f"net.ipv4.conf.default.{key}")
        for key in ("proxy_arp", "rp_filter", "arp_filter", "arp_ignore", "accept_local", "route_localnet")
    },
}


def _of_address(address: AddressLive) -> list[str]:
    flags: Iterable[str] = (flag for flag in address.flags if flag not in _PASSING)
    is_usual = address.scope == "global" or (address.scope == "host" and address.address in ("127.0.0.1/8", "::1/128"))
    return [*([] if is_usual else [f"scope {address.scope}"]), *flags]
