"""Predicted beside observed: where what was seen is not what was expected."""

from collections.abc import Sequence
from difflib import SequenceMatcher

from topology.journey.hop import Difference, Hop, Journey

_COMPARED = frozenset(("send", "route", "chain", "out", "in", "bridge", "deliver", "answer", "receive"))


def _key(hop: Hop) -> tuple[object, ...]:
    """What has to be the same. Times, MACs and how a neighbour was found do not matter."""
    rule = (hop.rule.table, hop.rule.chain, hop.rule.number) if hop.rule is not None else None
    what = hop.outcome if hop.kind == "chain" else hop.dev
    return hop.leg, hop.kind, hop.namespace, what, rule


def _compared(journey: Journey, legs: frozenset[str]) -> list[tuple[int, Hop]]:
    """The hops that both kinds of journey tell: a policy that lets pass is told only where there is a chain of that name."""
    return [
        (number, hop)
        for number, (hop, after) in enumerate(zip(journey.hops, (*journey.hops[1:], None), strict=True))
        if hop.kind in _COMPARED and hop.leg in legs and not hop.errno and not _lets_pass(hop) and not _unsent(hop, after)
    ]


def _unsent(hop: Hop, after: Hop | None) -> bool:
    """No route was found for it: the evaluator tells what would have been sent, the kernel made no packet."""
    return hop.kind in ("send", "answer") and after is not None and after.kind == "route" and after.errno != 0


def _lets_pass(hop: Hop) -> bool:
    """The end of a chain at which nothing happens."""
    return hop.kind == "chain" and hop.outcome in ("accept", "return") and (hop.rule is None or not hop.rule.number)


def compare(predicted: Journey, observed: Journey) -> tuple[Difference, ...]:
    """The differences in order. An error on its way back is not predicted, so that is not compared."""
    legs = frozenset(h.leg for h in predicted.hops) & frozenset(("original", "reply"))
    one, other = _compared(predicted, legs), _compared(observed, legs)
    matcher = SequenceMatcher(None, _keys(one), _keys(other), autojunk=False)
    out: list[Difference] = []
    for what, a, b, c, d in matcher.get_opcodes():
        if what == "equal":
            continue
        for at in range(max(b - a, d - c)):
            out.append(
                Difference(
                    predicted=one[a + at][0] if a + at < b else None,
                    observed=other[c + at][0] if c + at < d else None,
                )
            )
    return tuple(out)


def _keys(hops: Sequence[tuple[int, Hop]]) -> list[tuple[object, ...]]:
    return [_key(hop) for _, hop in hops]
