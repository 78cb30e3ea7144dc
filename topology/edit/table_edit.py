"""Edits of chains and rules. A rule that iptables itself does not accept is refused later, when the edit is applied."""

import errno
from collections.abc import Callable, Iterable
from typing import Any, Final

from topology.edit import commands as c
from topology.edit.draft import Draft
from topology.model import ids
from topology.model.netfilter import BUILT_IN, HOOKS, Table
from topology.model.problems import Code, Problem, ProblemError, refused, unknown
from topology.model.records import AnyRecord, Chain, replace
from topology.rules import save
from topology.rules.chains import NO_FILTER, Chains, aims_at, is_built_in, normal, of_table, retarget, rule_fault
from topology.rules.tokens import typed

Rules = tuple[str, ...]
_SHOWN = 200
"""Characters of a rule in the words of a problem."""


def change(draft: Draft, command: c.TableCommand | c.ImportRules) -> None:
    """Make the change. Raises `ProblemError` where it is refused."""
    draft.namespace(command.namespace)
    CHANGES[type(command)](draft, command)


def _chain(draft: Draft, command: c.TableCommand, name: str, table: Table | None = None) -> Chain:
    """The chain; a built-in one always exists. Raises ProblemError, in the words of iptables, where the table has none of that name."""
    table = table or command.table
    key = ids.chain(command.namespace, command.family, table, name)
    found = draft.records.get(key)
    if isinstance(found, Chain):
        return found
    if name in HOOKS[table]:
        return Chain(namespace=command.namespace, family=command.family, table=table, name=name, policy="ACCEPT")
    hint = f"the table {table} has {', '.join(HOOKS[table])}" + ("" if name in BUILT_IN else ", and user-defined chains: add it first")
    raise unknown("No chain/target/match by that name.", key, hint)


def _chains_of(draft: Draft, command: c.TableCommand) -> Chains:
    return of_table(draft.records, command.namespace, command.family, command.table)


def _put(draft: Draft, chain: Chain) -> None:
    """Keep the chain in normal form; a built-in one that is as the kernel made it has no record."""
    found = normal(chain)
    if found is None:
        draft.records.pop(chain.id, None)
    else:
        draft.put(found)


def _rule_text(chain: Chain, rule: str, number: int) -> str:
    """The rule as iptables-restore reads it. Raises ProblemError where it cannot be a rule."""
    text = typed(rule.strip(" \t"))
    fault = rule_fault(text)
    if fault is not None:
        problem = Problem(code=Code.INVALID, message=fault.message, subject=chain.id, hint=fault.hint, rule=number, span=fault.span)
        raise ProblemError(problem)
    return text


# ---- chains ----------------------------------------------------------------------------------------------------------


def _add_chain(draft: Draft, command: c.AddChain) -> None:
    key = ids.chain(command.namespace, command.family, command.table, command.name)
    if key in draft.records or command.name in HOOKS[command.table]:
        raise refused(errno.EEXIST, key, "take another name", "Chain already exists.")
    draft.put(Chain(namespace=command.namespace, family=command.family, table=command.table, name=command.name), made=True)


def _user_defined(draft: Draft, command: c.TableCommand, name: str) -> Chain:
    """The chain. Raises ProblemError where it is a built-in one."""
    chain = _chain(draft, command, name)
    if is_built_in(chain):
        hint = f"{name} is a built-in chain: it can be neither renamed nor deleted; flush it instead"
        raise refused(errno.EINVAL, chain.id, hint, "Invalid argument")
    return chain


def _rename_chain(draft: Draft, command: c.RenameChain) -> None:
    chain = _user_defined(draft, command, command.name)
    if command.to == command.name:
        return
    key = ids.chain(command.namespace, command.family, command.table, command.to)
    if key in draft.records or command.to in HOOKS[command.table]:
        raise refused(errno.EEXIST, key, "take another name", "File exists.")
    del draft.records[chain.id]
    draft.put(replace(chain, name=command.to), made=True)
    for other in _chains_of(draft, command).values():
        rules = tuple(retarget(rule, command.name, command.to) for rule in other.rules)
        if rules != other.rules:
            draft.put(replace(other, rules=rules))


def _remove_chain(draft: Draft, command: c.RemoveChain) -> None:
    chain = _user_defined(draft, command, command.name)
    others = (other for other in _chains_of(draft, command).values() if other is not chain)
    jumps = ((other, number) for other in others for number, rule in enumerate(other.rules, 1) if aims_at(rule, chain.name))
    for other, number in jumps:
        hint = f"rule {number} of {other.name} jumps to it: remove that rule first"
        raise refused(errno.EMLINK, chain.id, hint, "Too many links.")
    del draft.records[chain.id]


def _flush_chain(draft: Draft, command: c.FlushChain) -> None:
    chains = _chains_of(draft, command).values() if command.name is None else [_chain(draft, command, command.name)]
    for chain in chains:
        _put(draft, replace(chain, rules=()))


def _flush_table(draft: Draft, command: c.FlushTable) -> None:
    for chain in _chains_of(draft, command).values():
        del draft.records[chain.id]


def _set_policy(draft: Draft, command: c.SetPolicy) -> None:
    chain = _chain(draft, command, command.chain)
    if not is_built_in(chain):
        hint = "end the chain with a rule instead: a packet that reaches its end returns to the chain that jumped here"
        raise refused(errno.EINVAL, chain.id, hint, "Bad built-in chain name.")
    if (chain.table, command.policy) == ("nat", "DROP") and chain.policy != "DROP":
        hint = "drop packets in the table filter; a document or an import with this policy is taken, as iptables-restore takes it"
        raise refused(errno.EINVAL, chain.id, hint, NO_FILTER)
    _put(draft, replace(chain, policy=command.policy))


# ---- rules -----------------------------------------------------------------------------------------------------------


def _inserted(chain: Chain, rule: str, at: int | None, before: str | None) -> Chain:
    """The chain with the rule as number `at`; None: as the last. `before`: the rule that is meant by that place."""
    last = len(chain.rules) + 1
    number = last if at is None else _place(chain.rules, at, before)
    if number is None:
        message = f"the place in {chain.name} has changed: the rule that was number {at} is not there, or several times"
        raise ProblemError(
            Problem(code=Code.CONFLICT, message=message, subject=chain.id, hint="nothing was changed: choose the place again")
        )
    if not 1 <= number <= last:
        problem = Problem(code=Code.UNKNOWN, message="Index of insertion too big.", subject=chain.id, hint=f"1 to {last}", rule=at)
        raise ProblemError(problem)
    text = _rule_text(chain, rule, number)
    return replace(chain, rules=(*chain.rules[: number - 1], text, *chain.rules[number - 1 :]))


def _place(rules: Rules, at: int, before: str | None) -> int | None:
    """The number of the place in front of the rule `before`, which was number `at`; None: not known."""
    if before is None or rules[at - 1 : at] == (before,):
        return at
    return rules.index(before) + 1 if rules.count(before) == 1 else None


def _refuse_changed(chain: Chain, at: int, was: str) -> None:
    """Raise ProblemError where rule `at` is not `was` any more, saying where that rule is now."""
    now = chain.rules[at - 1] if 1 <= at <= len(chain.rules) else None
    if now == was:
        return
    message = f"rule {at} of {chain.name} has changed" if now is not None else f"{chain.name} no longer has a rule {at}"
    meant = f"the rule you meant is now number {chain.rules.index(was) + 1}" if was in chain.rules else "the rule you meant is gone"
    hint = meant + (f"; number {at} is now: {now[:_SHOWN]}" if now is not None else "") + ". Nothing was changed"
    raise ProblemError(Problem(code=Code.CONFLICT, message=message, subject=chain.id, hint=hint, rule=at))


def _without(rules: Rules, numbers: Iterable[int]) -> Rules:
    left = list(rules)
    for number in sorted(set(numbers), reverse=True):
        del left[number - 1]
    return tuple(left)


def _add_rule(draft: Draft, command: c.AddRule) -> None:
    chain = _inserted(_chain(draft, command, command.chain), command.rule, command.at, command.before)
    _put(draft, chain)
    draft.made.append(chain.id)


def _set_rule(draft: Draft, command: c.SetRule) -> None:
    chain = _chain(draft, command, command.chain)
    _refuse_changed(chain, command.at, command.was)
    text = _rule_text(chain, command.rule, command.at)
    _put(draft, replace(chain, rules=(*chain.rules[: command.at - 1], text, *chain.rules[command.at :])))


def _move_rule(draft: Draft, command: c.MoveRule) -> None:
    chain = _chain(draft, command, command.chain)
    _refuse_changed(chain, command.at, command.was)
    _put(draft, replace(chain, rules=_without(chain.rules, [command.at])))
    target = _chain(draft, command, command.to_chain or command.chain, command.to_table)
    _put(draft, _inserted(target, command.was, command.to, command.before))


def _remove_rules(draft: Draft, command: c.RemoveRules) -> None:
    chain = _chain(draft, command, command.chain)
    for rule in command.rules:
        _refuse_changed(chain, rule.at, rule.was)
    _put(draft, replace(chain, rules=_without(chain.rules, (rule.at for rule in command.rules))))


# ---- importing -------------------------------------------------------------------------------------------------------


def _import(draft: Draft, command: c.ImportRules) -> None:
    """As iptables-restore, as far as the text alone tells: in a lab that is running, its own iptables-restore is asked."""
    mine = [r for r in draft.records.values() if isinstance(r, Chain) and (r.namespace, r.family) == (command.namespace, command.family)]
    put_tables(draft.records, command, save.read(command.text, save.saved(mine), command.keep))


def put_tables(records: dict[str, AnyRecord], command: c.ImportRules, tables: save.Tables) -> None:
    """Make these tables of the namespace what an import has found them to be."""
    for table, found in tables.items():
        for chain in of_table(records, command.namespace, command.family, table).values():
            del records[chain.id]
        for chain in save.chains(command.namespace, command.family, table, found):
            if (put := normal(chain)) is not None:
                records[put.id] = put


CHANGES: Final[dict[type[c.Command], Callable[[Draft, Any], None]]] = {
    c.AddChain: _add_chain,
    c.RenameChain: _rename_chain,
    c.RemoveChain: _remove_chain,
    c.FlushChain: _flush_chain,
    c.FlushTable: _flush_table,
    c.SetPolicy: _set_policy,
    c.AddRule: _add_rule,
    c.SetRule: _set_rule,
    c.MoveRule: _move_rule,
    c.RemoveRules: _remove_rules,
    c.ImportRules: _import,
}
"""Command → what makes the change, in a namespace that is known to exist."""
