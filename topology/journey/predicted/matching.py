"""Whether a rule matches a packet, as far as its text and the packet say: yes, no, `Assumed` one or the other, or `Unknown` why."""

import ipaddress
from collections.abc import Callable, Iterator

from topology.journey.predicted.extensions import MODELS, PROTOCOLS, Answer, Assumed, Model, Seen, Unknown
from topology.rules.parse import Condition, Match, Option, Rule

__all__ = ["Answer", "Assumed", "Seen", "Unknown", "matches"]

_ANY_PROTOCOL = frozenset(("all", "0"))


def matches(rule: Rule, seen: Seen) -> Answer:
    """A condition that fails decides, whatever else is not known; then one that is not known; then what is assumed."""
    if rule.rest:
        return Unknown(f"the rule `{rule.rest}` is not understood")
    answers: list[Answer] = []
    for answer in _answers(rule, seen):
        if answer is False:
            return False
        answers.append(answer)
    unknown = next((a for a in answers if isinstance(a, Unknown)), None)
    if unknown is not None:
        return unknown
    assumed = [a for a in answers if isinstance(a, Assumed)]
    if not assumed:
        return True
    return next((a for a in assumed if not a.holds), Assumed(True, "; ".join(dict.fromkeys(a.text for a in assumed))))


def _answers(rule: Rule, seen: Seen) -> Iterator[Answer]:
    packet = seen.packet
    yield _general(rule.source, lambda v: _inside(packet.src, v))
    yield _general(rule.destination, lambda v: _inside(packet.dst, v))
    yield _general(rule.in_interface, lambda v: _named(seen.iif, v))
    yield _general(rule.out_interface, lambda v: _named(seen.oif, v))
    yield _general(rule.protocol, lambda v: v in _ANY_PROTOCOL or PROTOCOLS.get(v, v) == packet.protocol)
    yield _general(rule.fragment, lambda _: False)
    for match in rule.matches:
        model = MODELS.get(match.name)
        if model is None:
            yield Unknown(f"-m {match.name}")
            continue
        for option in match.options:
            yield _option(model, match, option, seen)


def _option(model: Model, match: Match, option: Option, seen: Seen) -> Answer:
    try:
        answer = model(option, seen)
    except ValueError:
        answer = None  # a value in a form that is not modelled
    if answer is None:
        return Unknown(f"-m {match.name} {option.name}")
    if isinstance(answer, Assumed):
        return answer._replace(holds=answer.holds != option.negated)
    return answer if isinstance(answer, Unknown) else answer != option.negated


def _general(condition: Condition | None, holds: Callable[[str], bool]) -> Answer:
    try:
        return condition is None or holds(condition.value) != condition.negated
    except ValueError:
        return Unknown(f"`{condition.value if condition is not None else ''}`")


def _inside(address: str, prefix: str) -> bool:
    """A prefix, or an address with a mask, which may have holes."""
    if not address:
        return False
    ip = ipaddress.ip_address(address)
    base, _, mask = prefix.partition("/")
    if not mask or mask.isdecimal():
        network = ipaddress.ip_network(prefix, strict=False)
        return ip.version == network.version and ip in network
    network_bits, mask_bits = (int(ipaddress.ip_address(text)) for text in (base, mask))
    return ip.version == ipaddress.ip_address(base).version and int(ip) & mask_bits == network_bits & mask_bits


def _named(name: str, pattern: str) -> bool:
    return name.startswith(pattern[:-1]) if pattern.endswith("+") else name == pattern
