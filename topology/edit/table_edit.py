"""Edits of chains and rules: what each command makes of the desired state. What iptables itself has to say it says at the apply."""

import errno
from collections.abc import Iterable

from topology.edit import commands as c
from topology.edit.draft import Draft
from topology.model import ids
from topology.model.netfilter import BUILT_IN, HOOKS, Table
from topology.model.problems import Code, Problem, ProblemError, refused, unknown
from topology.model.records import Chain, replace
from topology.rules import save
from topology.rules.chains import Chains, aims_at, is_built_in, normal, of_table, retarget, rule_fault
from topology.rules.tokens import restorable

Rules = tuple[str, ...]
_SHOWN = 200
"""Characters of a rule in the words of a problem."""


AnyTableCommand = (
    c.AddChain | c.RenameChain | c.RemoveChain | c.FlushChain | c.FlushTable | c.SetPolicy | c.AddRule | c.SetRule | c.MoveRule
    | c.RemoveRules | c.ImportRules
)  # fmt: skip


def change(draft: Draft, command: AnyTableCommand) -> None:
    """Make the change. Raises `ProblemError` where it cannot be."""
    draft.namespace(command.namespace)
    match command:
        case c.AddChain():
            _add_chain(draft, command)
        case c.RenameChain():
            _rename_chain(draft, command)
        case c.RemoveChain():
            _remove_chain(draft, command)
        case c.FlushChain():
            _flush_chain(draft, command)
        case c.FlushTable():
            _flush_table(draft, command)
        case c.SetPolicy():
            _set_policy(draft, command)
        case c.AddRule():
            _add_rule(draft, command)
        case c.SetRule():
            _set_rule(draft, command)
        case c.MoveRule():
            _move_rule(draft, command)
        case c.RemoveRules():
            _remove_rules(draft, command)
        case c.ImportRules():
            _import(draft, command)


def _chain(draft: Draft, command: c.OfTable, name: str, table: Table | None = None) -> Chain:
    """The chain; a built-in one is always there. In the words of iptables where the table has none of that name."""
    table = table or command.table
    key = ids.chain(command.namespace, command.family, table, name)
    found = draft.records.get(key)
    if isinstance(found, Chain):
        return found
    if name in HOOKS[table]:
        return Chain(namespace=command.namespace, family=command.family, table=table, name=name, policy="ACCEPT")
    hint = f"the table {table} has {', '.join(HOOKS[table])}" + ("" if name in BUILT_IN else ", and chains of one's own: make it first")
    raise unknown("No chain/target/match by that name.", key, hint)


def _all(draft: Draft, command: c.OfTable) -> Chains:
    return of_table(draft.records, command.namespace, command.family, command.table)


def _put(draft: Draft, chain: Chain) -> None:
    found = normal(chain)
    if found is None:
        draft.records.pop(chain.id, None)
    else:
        draft.put(found)


def _text(chain: Chain, rule: str, number: int) -> str:
    text = restorable(rule.strip())
    fault = rule_fault(text)
    if fault is not None:
        raise ProblemError(Problem(code=Code.INVALID, message=fault[0], subject=chain.id, hint=fault[1], rule=number))
    return text


# ---- chains ----------------------------------------------------------------------------------------------------------


def _add_chain(draft: Draft, command: c.AddChain) -> None:
    key = ids.chain(command.namespace, command.family, command.table, command.name)
    if key in draft.records or command.name in HOOKS[command.table]:
        raise refused(errno.EEXIST, key, "take another name", "Chain already exists.")
    draft.put(Chain(namespace=command.namespace, family=command.family, table=command.table, name=command.name), made=True)


def _own(draft: Draft, command: c.OfTable, name: str) -> Chain:
    chain = _chain(draft, command, name)
    if is_built_in(chain):
        raise refused(errno.EINVAL, chain.id, f"{name} is built in: it stays, under its name; flush it instead", "Invalid argument")
    return chain


def _rename_chain(draft: Draft, command: c.RenameChain) -> None:
    chain = _own(draft, command, command.name)
    if command.to == command.name:
        return
    key = ids.chain(command.namespace, command.family, command.table, command.to)
    if key in draft.records or command.to in HOOKS[command.table]:
        raise refused(errno.EEXIST, key, "take another name", "File exists.")
    del draft.records[chain.id]
    draft.put(replace(chain, name=command.to), made=True)
    for other in _all(draft, command).values():
        rules = tuple(retarget(rule, command.name, command.to) for rule in other.rules)
        if rules != other.rules:
            draft.put(replace(other, rules=rules))


def _remove_chain(draft: Draft, command: c.RemoveChain) -> None:
    chain = _own(draft, command, command.name)
    for other in _all(draft, command).values():
        for number, rule in enumerate(other.rules, 1):
            if other is not chain and aims_at(rule, chain.name):
                hint = f"rule {number} of {other.name} jumps to it: remove that rule first"
                raise refused(errno.EMLINK, chain.id, hint, "Too many links.")
    del draft.records[chain.id]


def _flush_chain(draft: Draft, command: c.FlushChain) -> None:
    chains = _all(draft, command).values() if command.name is None else [_chain(draft, command, command.name)]
    for chain in chains:
        _put(draft, replace(chain, rules=()))


def _flush_table(draft: Draft, command: c.FlushTable) -> None:
    for chain in _all(draft, command).values():
        del draft.records[chain.id]


def _set_policy(draft: Draft, command: c.SetPolicy) -> None:
    chain = _chain(draft, command, command.chain)
    if not is_built_in(chain):
        hint = "end the chain with a rule instead: a packet that reaches the end goes back to where it came from"
        raise refused(errno.EINVAL, chain.id, hint, "Bad built-in chain name.")
    _put(draft, replace(chain, policy=command.policy))


# ---- rules -----------------------------------------------------------------------------------------------------------


def _inserted(chain: Chain, rule: str, at: int | None) -> Chain:
    """With the rule as number `at`."""
    last = len(chain.rules) + 1
    number = last if at is None else at
    if not 1 <= number <= last:
        problem = Problem(code=Code.UNKNOWN, message="Index of insertion too big.", subject=chain.id, hint=f"1 to {last}", rule=at)
        raise ProblemError(problem)
    text = _text(chain, rule, number)
    return replace(chain, rules=(*chain.rules[: number - 1], text, *chain.rules[number - 1 :]))


def _is(chain: Chain, at: int, was: str) -> None:
    """Refuse where the rule is another one by now, and say what became of it."""
    now = chain.rules[at - 1] if 1 <= at <= len(chain.rules) else None
    if now == was:
        return
    message = f"rule {at} of {chain.name} is another one by now" if now is not None else f"{chain.name} has no rule {at} any more"
    meant = f"the rule you meant is number {chain.rules.index(was) + 1} now" if was in chain.rules else "the rule you meant is gone"
    hint = meant + (f"; number {at} is: {now[:_SHOWN]}" if now is not None else "") + ". Nothing was changed"
    raise ProblemError(Problem(code=Code.CONFLICT, message=message, subject=chain.id, hint=hint, rule=at))


def _without(rules: Rules, numbers: Iterable[int]) -> Rules:
    gone = set(numbers)
    return tuple(rule for number, rule in enumerate(rules, 1) if number not in gone)


def _add_rule(draft: Draft, command: c.AddRule) -> None:
    chain = _inserted(_chain(draft, command, command.chain), command.rule, command.at)
    _put(draft, chain)
    draft.made.append(chain.id)


def _set_rule(draft: Draft, command: c.SetRule) -> None:
    chain = _chain(draft, command, command.chain)
    _is(chain, command.at, command.was)
    text = _text(chain, command.rule, command.at)
    _put(draft, replace(chain, rules=(*chain.rules[: command.at - 1], text, *chain.rules[command.at :])))


def _move_rule(draft: Draft, command: c.MoveRule) -> None:
    chain = _chain(draft, command, command.chain)
    _is(chain, command.at, command.was)
    _put(draft, replace(chain, rules=_without(chain.rules, [command.at])))
    target = _chain(draft, command, command.to_chain or command.chain, command.to_table)
    _put(draft, _inserted(target, command.was, command.to))


def _remove_rules(draft: Draft, command: c.RemoveRules) -> None:
    chain = _chain(draft, command, command.chain)
    for rule in command.rules:
        _is(chain, rule.at, rule.was)
    _put(draft, replace(chain, rules=_without(chain.rules, (rule.at for rule in command.rules))))


# ---- a whole file ----------------------------------------------------------------------------------------------------


def _import(draft: Draft, command: c.ImportRules) -> None:
    """As iptables-legacy-restore: the tables of the file are emptied before; a policy of which it says nothing stays."""
    for table, found in save.read(command.text).items():
        new = {chain.name: chain for chain in save.chains(command.namespace, command.family, table, found)}
        old = of_table(draft.records, command.namespace, command.family, table)
        if command.keep:
            new = {name: _added(old[name], chain, found[name].policy is None) if name in old else chain for name, chain in new.items()}
        else:
            for chain in old.values():
                del draft.records[chain.id]
                if chain.policy is not None and (chain.name not in found or found[chain.name].policy is None):
                    new[chain.name] = replace(new.get(chain.name, replace(chain, rules=())), policy=chain.policy)
        for chain in new.values():
            _put(draft, chain)


def _added(old: Chain, new: Chain, keep_policy: bool) -> Chain:
    return replace(new, policy=old.policy if keep_policy else new.policy, rules=(*old.rules, *new.rules))
