"""A journey against the truth: is the verdict right, is the cause, is it specific; and the prediction, was it right?"""

import errno
from collections.abc import Callable, Iterator
from typing import Literal, NamedTuple

from tests.fuzz.case import Sent
from tests.fuzz.witness import RuleKey, State, Truth
from topology.journey.hop import Cause, Journey, Verdict
from topology.journey.words import verdict as words
from topology.model import ids

Kind = Literal["verdict", "cause", "unspecific", "prediction", "prediction-unstated", "crash", "refused"]
KINDS: tuple[Kind, ...] = ("verdict", "cause", "unspecific", "prediction", "prediction-unstated", "crash", "refused")
_BY_RULE = frozenset((Cause.DROPPED_BY_RULE, Cause.DROPPED_BY_POLICY, Cause.REJECTED_BY_RULE))
_ARRIVED = frozenset((Cause.DELIVERED, Cause.NOBODY_LISTENS, Cause.NO_ANSWER))
_ERRORS = frozenset((errno.ENETUNREACH, errno.EHOSTUNREACH, errno.EACCES, errno.EINVAL, errno.ENETDOWN, errno.EPERM, errno.EADDRNOTAVAIL))


class Finding(NamedTuple):
    """One thing that is wrong; `probe`: its number in the case, `text`: why, in a line."""

    kind: Kind
    probe: int
    text: str


def judge(number: int, sent: Sent, journey: Journey, prediction: Journey, truth: Truth) -> Iterator[Finding]:
    """All that is wrong with a journey and its prediction. What the judge itself is not sure of is left out."""
    seen = journey.verdict
    wrong = _verdict(sent, journey, truth)
    if wrong:
        yield Finding("verdict", number, f"{words(seen)} — but {wrong}")
    elif seen.cause == Cause.UNKNOWN:
        yield Finding("unspecific", number, f"{words(seen)} — {_known(truth)}")
    elif reason := _cause(sent, seen, truth):
        wrong = reason
        yield Finding("cause", number, f"{words(seen)} — but {reason}")
    yield from _prediction(number, sent, prediction, seen if not wrong and seen.cause != Cause.UNKNOWN else None, truth)


def _known(truth: Truth) -> str:
    rules = ", ".join(f"{r.ns} {r.table}/{r.chain} {r.number} {r.text}" for r in truth.rules if drops(r))
    frames = "; ".join(f"{f.ns}/{f.dev} {'out' if f.out else 'in'}" for f in truth.frames[-4:])
    return f"rules {rules or 'none'}; errno {truth.errno}; arrived {sorted(truth.arrived)}; answered {truth.answered}; last {frames}"


def drops(rule: RuleKey) -> bool:
    """Whether it takes the packet away."""
    if rule.number == 0:
        return rule.text == "DROP"
    return "-j DROP" in rule.text or "-j REJECT" in rule.text


# ---- the verdict ---------------------------------------------------------------------------------------------------------


def _verdict(sent: Sent, journey: Journey, truth: Truth) -> str:
    """Why it cannot be so: did it arrive, was it answered?"""
    found = journey.verdict
    if found.cause == Cause.DELIVERED:
        # an earlier packet may have waited for its neighbour, and count only now: then a socket got this one
        got = truth.answered or _grew(truth, found.namespace, "Udp.InDatagrams", "Udp6InDatagrams")
        if sent.protocol == "udp" and not got and _grew(truth, found.namespace, "Udp.NoPorts", "Udp6NoPorts"):
            return "nobody listens there"
        if sent.protocol == "udp":
            return "" if truth.arrived or truth.answered else f"no socket got it (errno {truth.errno})"
        return "" if truth.answered else f"the sender had no answer (errno {truth.errno}; {_known(truth)})"
    if truth.answered and sent.protocol != "udp":
        return "it was answered"
    if sent.protocol == "udp" and truth.answered and found.cause not in _ARRIVED:
        return "it was answered"
    reached = found.leg == "reply" or found.cause in _ARRIVED
    if reached and not truth.arrived:
        return f"it did not arrive anywhere ({_known(truth)})"
    if not reached and truth.arrived and found.cause not in (Cause.UNKNOWN, Cause.REJECTED_BY_RULE):
        return f"it arrived in {sorted(truth.arrived)}"
    if found.cause in _ARRIVED and found.namespace not in truth.arrived:
        return f"it arrived in {sorted(truth.arrived)}"
    return ""


# ---- the cause -----------------------------------------------------------------------------------------------------------


def _grew(truth: Truth, ns: str, *names: str) -> bool:
    return any(truth.counters.get((ns, name), 0) > 0 for name in names)


class Claim(NamedTuple):
    """A verdict, and what the witnesses say of the packet."""

    sent: Sent
    found: Verdict
    truth: Truth


def _by_rule(claim: Claim) -> str:
    rule = claim.found.rule
    if rule is None:
        return "no rule is named"
    if rule.table == "own":
        return ""  # nftables' own tables count nothing that is looked at here
    counted = claim.truth.earlier if "the neighbour" in claim.found.note else claim.truth.rules
    same = [r for r in counted if (r.ns, r.family, r.table, r.chain, r.number)
            == (rule.namespace, rule.family, rule.table, rule.chain, rule.number)]  # fmt: skip
    if not same:
        return f"that rule has not counted; {_known(claim.truth)}"
    if "-j MASQUERADE" in same[0].text and State().without_address(rule.namespace, rule.family):
        return ""  # nf_nat_masquerade_ipv4() drops it for want of an address
    if not drops(same[0]):
        return f"that rule does not drop: {same[0].text}"
    if ("REJECT" in same[0].text) != (claim.found.cause == Cause.REJECTED_BY_RULE):
        return f"the rule is {same[0].text}"
    return ""


def _no_route(claim: Claim) -> str:
    ns = claim.found.namespace
    names = ("IpExt.InNoRoutes", "Ip.OutNoRoutes", "Ip.InAddrErrors", "Ip6OutNoRoutes", "Ip6InNoRoutes", "Ip6InAddrErrors", "Ip.InDiscards")
    if _grew(claim.truth, ns, *names) or claim.truth.errno in _ERRORS or claim.found.note:
        return ""
    return f"{ns} has counted no missing route" if claim.found.leg == "original" else ""


def _neighbour(claim: Claim) -> str:
    state = State().neighbour(claim.found.namespace, claim.found.address, claim.found.dev)
    known = ("REACHABLE", "DELAY", "PROBE") if claim.found.note else ("REACHABLE", "DELAY", "PROBE", "PERMANENT", "NOARP")
    return f"its neighbour entry is {state}" if state in known else ""


def _device(found: Verdict) -> tuple[str, str]:
    ref = ids.Ref.parse(found.object.partition(":")[2]) if found.object.startswith("interface:") else None
    return (ref.namespace, ref.name) if ref is not None else (found.namespace, found.dev)


def _down(claim: Claim) -> str:
    ns, dev = _device(claim.found)
    link = State().links(ns).get(dev)
    if link is None:
        return f"there is no {dev} in {ns}"
    flags = link["flags"]
    return f"{ns}/{dev} is {flags}" if "UP" in flags and "LOWER_UP" in flags else ""  # type: ignore[operator]


def _not_forwarded(claim: Claim) -> str:
    key = "net.ipv6.conf.all.forwarding" if claim.sent.ipv6 else "net.ipv4.ip_forward"
    one = "" if claim.sent.ipv6 else State().sysctl(claim.found.namespace, f"net.ipv4.conf.{claim.found.dev}.forwarding")
    return "" if State().sysctl(claim.found.namespace, key) == "0" or one == "0" else f"{key} is 1"


def _reverse(claim: Claim) -> str:
    return (
        ""
        if _grew(claim.truth, claim.found.namespace, "TcpExt.IPReversePathFilter") or "martian" in claim.found.note
        else "IPReversePathFilter has not counted"
    )


def _ttl(claim: Claim) -> str:
    return (
        ""
        if _grew(claim.truth, claim.found.namespace, "Ip.InHdrErrors", "Ip6InHdrErrors", "Icmp.OutTimeExcds", "Icmp6OutTimeExcds")
        else "no TTL was used up"
    )


def _too_big(claim: Claim) -> str:
    ns, dev = _device(claim.found)
    mtu = State().links(ns).get(dev, {}).get("mtu")
    if isinstance(mtu, int) and any(len(f.data) - 14 > mtu for f in claim.truth.frames):
        return ""  # an interface that takes no more counts nothing
    names = ("Ip.FragFails", "Ip6FragFails", "Ip6InTooBigErrors", "Icmp6OutPktTooBigs", "Icmp.OutDestUnreachs")
    return "" if claim.truth.errno == errno.EMSGSIZE or _grew(claim.truth, claim.found.namespace, *names) else "nothing was too big"


def _port(claim: Claim) -> str:
    ns, dev = _device(claim.found)
    data = State().links(ns).get(dev, {}).get("linkinfo", {}).get("info_slave_data", {})  # type: ignore[attr-defined]
    blocked = data.get("state") != "forwarding" or data.get("isolated") or not data.get("flood", True) or not data.get("bcast_flood", True)
    blocked = blocked or ("hairpin off" in claim.found.note and not data.get("hairpin"))
    return "" if blocked else f"{ns}/{dev} is forwarding"


def _nobody(claim: Claim) -> str:
    return "" if _grew(claim.truth, claim.found.namespace, "Udp.NoPorts", "Udp6NoPorts", "Tcp.OutRsts") else "no port was found closed"


def _refused(claim: Claim) -> str:
    return "" if claim.found.errno == claim.truth.errno else f"the judge's socket was told {claim.truth.errno}"


_CLAIMS: dict[Cause, Callable[[Claim], str]] = {
    Cause.DROPPED_BY_RULE: _by_rule, Cause.DROPPED_BY_POLICY: _by_rule, Cause.REJECTED_BY_RULE: _by_rule, Cause.NO_ROUTE: _no_route,
    Cause.NEIGHBOUR_SILENT: _neighbour, Cause.INTERFACE_DOWN: _down, Cause.NO_CARRIER: _down, Cause.NOT_FORWARDED: _not_forwarded,
    Cause.REVERSE_PATH: _reverse, Cause.TTL_EXCEEDED: _ttl, Cause.TOO_BIG: _too_big, Cause.PORT_BLOCKED: _port,
    Cause.NOBODY_LISTENS: _nobody, Cause.REFUSED: _refused,
}  # fmt: skip
"""What each cause has to have for evidence; empty: it has."""


def _cause(sent: Sent, found: Verdict, truth: Truth) -> str:
    """Why it cannot be the cause: it has no evidence, or something else has."""
    claim = _CLAIMS.get(found.cause)
    if claim is not None and (missing := claim(Claim(sent, found, truth))):
        return missing
    return _better(sent, found, truth)


def _better(sent: Sent, found: Verdict, truth: Truth) -> str:
    """Evidence of another cause. Neighbour discovery passes ip6tables too, so rules of IPv6 say nothing about an echo that was not sent."""
    if found.cause in _BY_RULE or found.cause == Cause.DELIVERED:
        return ""
    family, passed = "ipv6" if sent.ipv6 else "ipv4", {f.ns for f in truth.frames}
    senders = {sent.source, *truth.arrived}  # others send IGMP and the like
    dropped = [
        r for r in truth.rules
        if drops(r) and r.family == family and r.ns in passed and (r.chain != "OUTPUT" or r.ns in senders)
    ]  # fmt: skip
    if dropped and not (sent.ipv6 and found.cause == Cause.NEIGHBOUR_SILENT) and found.cause != Cause.NOBODY_LISTENS:
        return f"a rule has dropped something: {_known(truth)}"
    filtered = [ns for ns, name in truth.counters if name == "TcpExt.IPReversePathFilter"]
    if filtered and found.cause != Cause.REVERSE_PATH:
        return f"the reverse-path filter of {filtered} has counted"
    return ""


# ---- the prediction ------------------------------------------------------------------------------------------------------


def _prediction(number: int, sent: Sent, prediction: Journey, seen: Verdict | None, truth: Truth) -> Iterator[Finding]:
    said = prediction.verdict
    if said.cause == Cause.UNKNOWN:
        return
    if seen is not None:
        same = (said.cause, said.leg, said.namespace) == (seen.cause, seen.leg, seen.namespace)
        same = same or (sent.protocol == "udp" and said.cause == Cause.DELIVERED and seen.leg == "reply")  # nothing has to come back
        wrong = "" if same else f"it was: {words(seen)}"
    else:
        wrong = _verdict(sent, prediction, truth)
    if wrong:
        kind: Kind = "prediction" if prediction.assumptions else "prediction-unstated"
        yield Finding(kind, number, f"{words(said)} — {wrong}")
