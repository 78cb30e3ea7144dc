"""A predicted journey beside the observed one: where they differ."""

from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher
from itertools import zip_longest

from topology.journey.hop import Difference, Hop, Journey

_COMPARED = frozenset(("send", "route", "chain", "out", "in", "bridge", "deliver", "answer", "receive"))


def _key(hop: Hop) -> tuple[object, ...]:
    """What has to be the same. Times, MACs, and whether a neighbour was asked do not matter."""
    rule = (hop.rule.table, hop.rule.chain, hop.rule.number) if hop.rule is not None else None
    what = hop.outcome if hop.kind == "chain" else hop.dev
    return hop.leg, hop.kind, hop.namespace, what, rule


def _compared(journey: Journey, legs: frozenset[str]) -> list[tuple[int, Hop]]:
    """The hops that both kinds of journey have: a policy that accepts is a hop only where there is a chain of that name."""
    return [
        (number, hop)
        for number, (hop, after) in enumerate(zip(journey.hops, (*journey.hops[1:], None), strict=True))
        if hop.kind in _COMPARED and hop.leg in legs and not hop.errno and not _lets_pass(hop) and not _unsent(hop, after)
    ]


def _unsent(hop: Hop, after: Hop | None) -> bool:
    """No route was found for it: the prediction has the packet that would have been sent, the kernel made none."""
    return hop.kind in ("send", "answer") and after is not None and after.kind == "route" and after.errno != 0


def _lets_pass(hop: Hop) -> bool:
    """The end of a chain, where the packet goes on."""
    return hop.kind == "chain" and hop.outcome in ("accept", "return") and (hop.rule is None or not hop.rule.number)


def compare(predicted: Journey, observed: Journey) -> tuple[Difference, ...]:
    """The differences in order. ICMP errors are not predicted, and so not compared."""
    legs = frozenset(h.leg for h in predicted.hops)
    one, other = _compared(predicted, legs), _compared(observed, legs)
    matcher = SequenceMatcher(None, _keys(one), _keys(other), autojunk=False)
    return tuple(
        difference
        for what, a, b, c, d in matcher.get_opcodes()
        if what != "equal"
        for difference in _side_by_side([number for number, _ in one[a:b]], [number for number, _ in other[c:d]])
    )


def _side_by_side(predicted: Sequence[int], observed: Sequence[int]) -> Iterator[Difference]:
    """As pairs, in order; the longer one's rest has no partner."""
    return (Difference(predicted=a, observed=b) for a, b in zip_longest(predicted, observed))


def _keys(hops: Sequence[tuple[int, Hop]]) -> list[tuple[object, ...]]:
    return [_key(hop) for _, hop in hops]
