"""Rules that are in the document and not in the kernel, because iptables cannot load them there: without them, and around them. Pure."""

from collections.abc import Collection, Iterable, Mapping

from topology.model.problems import Problem
from topology.model.records import AnyRecord, Chain, Records, replace
from topology.model.tracked import Tracked

Unloaded = Mapping[str, Mapping[str, Problem]]
"""Id of a chain → text of a rule (empty: the chain itself) → why it cannot be loaded."""


def without(records: Mapping[str, AnyRecord], unloaded: Unloaded) -> Records:
    """The records without these rules and chains."""
    out = Tracked.of(records)
    for key, found in unloaded.items():
        chain = out.get(key)
        if isinstance(chain, Chain):
            if "" in found:
                del out[key]
            else:
                out[key] = replace(chain, rules=_rest(chain.rules, found))
    return out


def _rest(rules: Iterable[str], unloaded: Collection[str]) -> tuple[str, ...]:
    return tuple(rule for rule in rules if rule not in unloaded)


def around(desired: Chain, unloaded: Collection[str], printed: Iterable[str]) -> Chain:
    """The chain of the document with the rules that were loaded as iptables has printed them; unchanged where those are others."""
    printed = list(printed)
    if len(printed) != len(_rest(desired.rules, unloaded)):
        return desired
    loaded = iter(printed)
    return replace(desired, rules=tuple(rule if rule in unloaded else next(loaded) for rule in desired.rules))


def still(records: Mapping[str, AnyRecord], unloaded: Unloaded) -> dict[str, dict[str, Problem]]:
    """Of these the ones that the document still has."""
    out: dict[str, dict[str, Problem]] = {}
    for key, found in unloaded.items():
        chain = records.get(key)
        if isinstance(chain, Chain):
            there = {rule: problem for rule, problem in found.items() if not rule or rule in chain.rules}
            if there:
                out[key] = there
    return out
