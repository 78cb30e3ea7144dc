"""Chains as records: finding them, their normal form, what iptables refuses of one, and rules that name chains and interfaces."""

import errno
import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Final, NamedTuple

from topology.model.base import Fault
from topology.model.graph import Graph
from topology.model.netfilter import CHAIN_NAME_MAX, HOOKS, TABLES
from topology.model.records import AnyRecord, Chain, Records, of_type, replace
from topology.model.sequences import common_head, common_tail
from topology.model.tracked import Tracked
from topology.rules.tokens import TEXTS, Token, quote, tokens

TableKey = tuple[str, str, str]
"""Namespace, family, table."""
Chains = dict[str, Chain]
"""The chains of one table by name."""


MAX_LINE = 10_000
"""Bytes of a rule at most: iptables-restore reads lines into a buffer of 10,240 and would take the rest for another line."""
MAX_WORD = 1023
"""Bytes of one word of a rule at most (libxtables, `struct xt_param_buf`)."""


NO_FILTER = 'The "nat" table is not intended for filtering, the use of DROP is therefore inhibited.'
"""What iptables says to `-P CHAIN DROP` in nat. The kernel holds such a policy: iptables-restore takes the line `:CHAIN DROP`."""


def is_built_in(chain: Chain) -> bool:
    """Whether the kernel itself sends packets through the chain."""
    return chain.name in HOOKS[chain.table]


def by_table(records: Mapping[str, AnyRecord], only: Collection[TableKey] | None = None) -> dict[TableKey, Chains]:
    """The chains by table; `only`: of these tables."""
    out: dict[TableKey, Chains] = {}
    for c in of_type(records, Chain) if only is None else _of_tables(Graph(records), only) if only else ():
        out.setdefault((c.namespace, c.family, c.table), {})[c.name] = c
    return out


def _of_tables(graph: Graph, tables: Iterable[TableKey]) -> list[Chain]:
    """The chains of these tables, in the order of the records."""
    found = {chain.id: chain for key in tables for chain in graph.chains(*key)}
    return [found[key] for key in graph.in_order(found)]


def of_table(records: Mapping[str, AnyRecord], namespace: str, family: str, table: str) -> Chains:
    """The chains of one table by name, those that have a record."""
    return {chain.name: chain for chain in Graph(records).chains(namespace, family, table)}


def with_tables(records: Mapping[str, AnyRecord], source: Mapping[str, AnyRecord], tables: Collection[TableKey]) -> Records:
    """The records, with these tables as they are in `source`."""
    if not tables:
        return Tracked.of(records)
    out, before, after = Tracked.of(records), by_table(records, tables), by_table(source, tables)
    for key in tables:
        for chain in before.get(key, {}).values():
            if chain.name not in after.get(key, {}):
                del out[chain.id]
        out.update((chain.id, chain) for chain in after.get(key, {}).values())
    return out


def order(chain: Chain) -> tuple[object, ...]:
    """As iptables-save lists them: by table, the built-in ones in the order of their hooks, then the others by name."""
    hooks = HOOKS[chain.table]
    place = hooks.index(chain.name) if chain.name in hooks else len(hooks)
    return (chain.namespace, chain.family, TABLES.index(chain.table), place, chain.name.encode())


def normal(chain: Chain, like: AnyRecord | None = None) -> Chain | None:
    """The normal form: a built-in chain has a policy. None where it has ACCEPT and no rules: then it has no record. `like`: a chain in
    normal form of which it may have rules."""
    rules = _written(chain.rules, like.rules if isinstance(like, Chain) else ())
    if not is_built_in(chain):
        return chain if rules == chain.rules and chain.policy is None else replace(chain, rules=rules, policy=None)
    policy = chain.policy or "ACCEPT"
    if policy == "ACCEPT" and not rules:
        return None
    return chain if rules == chain.rules and policy == chain.policy else replace(chain, rules=rules, policy=policy)


def _written(rules: tuple[str, ...], known: tuple[str, ...]) -> tuple[str, ...]:
    """The rules without blanks around them; the same tuple where they are so already, as those at both ends of `known` are."""
    if rules is known:
        return rules
    head = common_head(known, rules)
    end = len(rules) - common_tail(known, rules, head)
    stripped = tuple([rule.strip(" \t") for rule in rules[head:end]])
    return rules if stripped == rules[head:end] else (*rules[:head], *stripped, *rules[end:])


# ---- faults ----------------------------------------------------------------------------------------------------------


def faults(chain: Chain, rules: Sequence[tuple[int, str]]) -> Iterator[Fault]:
    """What iptables would refuse of the chain and of these of its rules, each with its number from 0, as far as their text alone tells, in
    the words of iptables(8)."""
    if not is_built_in(chain):
        yield from _name_faults(chain.name)
    if chain.policy is not None and not is_built_in(chain):
        hint = f"only {', '.join(HOOKS[chain.table])} have a policy in the table {chain.table}: end the chain with a rule instead"
        yield Fault("policy", f"Can't set policy `{chain.policy}' on a user-defined chain", hint, errno.EINVAL)
    texts = [rule for _, rule in rules]
    if "".join(texts).isprintable() and max(map(len, texts), default=0) <= MAX_WORD:
        return  # said of all at once: a chain may have 10,000
    for number, rule in rules:
        fault = rule_fault(rule)
        if fault is not None:
            yield Fault(f"rules[{number}]", fault.message, fault.hint)


def _name_faults(name: str) -> Iterator[Fault]:
    """What iptables refuses as the name of a user-defined chain (iptables/xshared.c)."""
    if not name or name[0] in "-!" or any(c.isspace() for c in name) or not name.isprintable():
        yield Fault("name", f"Invalid chain name `{name}'", "letters, digits, - and _, and not - or ! first")
    elif len(name.encode("utf-8", "surrogatepass")) > CHAIN_NAME_MAX:
        yield Fault("name", f"chain name `{name}' too long (must be under {CHAIN_NAME_MAX + 1} chars)", "take a shorter name")


class RuleFault(NamedTuple):
    """Why a text cannot be a rule, what to do, and where in the text it is: from, to, in characters; None: nowhere in particular."""

    message: str
    hint: str
    span: tuple[int, int] | None = None


_CONTROL = re.compile("[\x00-\x08\x0a-\x1f\x7f\ud800-\udfff]")


def rule_fault(rule: str) -> RuleFault | None:
    """What is wrong with a text that somebody writes as a rule; None where only iptables can tell."""
    found = _CONTROL.search(rule)
    if found is not None and found[0] not in "\n\r":
        return RuleFault("a rule is text", "take the control character out", found.span())
    return _BREAK_FAULT if found is not None and "\n" not in rule else line_fault(rule)


_BREAK_FAULT: Final = RuleFault("a rule is one line", "take the line break out: write each rule on its own")


def line_fault(rule: str) -> RuleFault | None:
    """Why iptables-restore cannot read a rule as one line, whatever it means. A shell can make such rules."""
    if "\n" in rule:
        return _BREAK_FAULT
    if len(rule.encode("utf-8", "surrogatepass")) > MAX_LINE:
        return RuleFault(f"the rule has {len(rule.encode('utf-8', 'surrogatepass'))} bytes", f"iptables-restore takes at most {MAX_LINE}")
    for word in tokens(rule) if '"' in rule or len(rule) > MAX_WORD else ():
        if word.open:
            at = rule.index('"', word.start)
            hint = 'close it with another ", or write \\" for a quote that is part of the text'
            return RuleFault(f"the quote at character {at + 1} is not closed", hint, (at, word.end))
        if len(word.value.encode("utf-8", "surrogatepass")) > MAX_WORD:
            return RuleFault("Parameter too long!", f"one word of a rule has at most {MAX_WORD} bytes", (word.start, word.end))
    return None


# ---- rules that name chains ------------------------------------------------------------------------------------------


def _jump_target(rule: str) -> Token | None:
    """The word after `-j` or `-g`."""
    before = ""
    for word in tokens(rule):
        if before in ("-j", "-g", "--jump", "--goto"):
            return word
        before = "" if before in TEXTS else word.raw
    return None


def jump_target(rule: str) -> str | None:
    """What the rule jumps or goes to; None where it does not."""
    found = _jump_target(rule)
    return found.value if found is not None else None


def aims_at(rule: str, name: str) -> bool:
    """Whether the rule jumps to the chain."""
    if name not in rule:
        return False
    found = _jump_target(rule)
    return found is not None and found.value == name


def retarget(rule: str, old: str, new: str) -> str:
    """The rule, jumping to `new` where it jumped to `old`."""
    if old not in rule:
        return rule
    found = _jump_target(rule)
    if found is None or found.value != old:
        return rule
    return rule[: found.start] + quote(new) + rule[found.end :]


# ---- rules that name interfaces --------------------------------------------------------------------------------------

_DEVICES = frozenset({"-i", "-o", "--in-interface", "--out-interface", "--physdev-in", "--physdev-out"})


def rewire(rule: str, names: Mapping[str, str]) -> str:
    """The rule with new names for interfaces (old → new). A pattern (`veth+`) stays as it is: it may match others as well."""
    out, at, before = "", 0, ""
    for word in tokens(rule):
        if before in _DEVICES and word.value in names:
            out, at = out + rule[at : word.start] + quote(names[word.value]), word.end
        before = "" if before in TEXTS else word.raw
    return out + rule[at:]
