"""What the kernel is to be when steps that failed are taken back: what it was, with what a shell has changed meanwhile. Pure."""

import contextlib
from collections import Counter
from collections.abc import Container, Iterable, Mapping, Sequence
from enum import Enum, auto

from topology.model.diff import between
from topology.model.records import AnyRecord, Chain, Records
from topology.observe.normal import normalise
from topology.plan import steps as s
from topology.plan.because import because_of
from topology.plan.kernel_model import Model
from topology.plan.merge import merged
from topology.rules.chains import TableKey, by_table, with_tables

Table = Mapping[str, Chain]


class Done(Enum):
    """What was done of the changes of a table, as far as the table shows it. `MAYBE`: parts of it, or rules are printed in other words."""

    ALL = auto()
    NOTHING = auto()
    MAYBE = auto()


def reached(before: Mapping[str, AnyRecord], steps: Iterable[s.AnyStep]) -> Records:
    """The records after those of the steps that can be done."""
    model = Model(before)
    for step in steps:
        with contextlib.suppress(KeyError, IndexError):  # lines that iptables refuses
            model.do(step)
    return model.records


def target(
    before: Mapping[str, AnyRecord],
    after: Mapping[str, AnyRecord],
    now: Mapping[str, AnyRecord],
    steps: Sequence[s.AnyStep],
    unsure: Container[TableKey] = (),
) -> Records:
    """`now` without what the steps, or some of them, did. `after`: as `reached`, rules as iptables prints them.

    A table of which it cannot be told what they did becomes what it was; so do those that are `unsure`.
    """
    done = _done(before, after, now)
    undone = {key for key, how in done.items() if how is Done.NOTHING and key not in unsure}
    whole = {key for key, how in done.items() if how is Done.MAYBE or key in unsure}
    wanted = merged(with_tables(after, before, undone), before, now)
    was = because_of([step for step in steps if not isinstance(step, s.ChangeTable)], before, now)
    wanted.update((key, r) for key, r in before.items() if key not in was and not isinstance(r, Chain))
    return normalise(with_tables(wanted, before, whole), like=now)


def _done(before: Mapping[str, AnyRecord], after: Mapping[str, AnyRecord], now: Mapping[str, AnyRecord]) -> dict[TableKey, Done]:
    """Of each table that the steps change."""
    old, new, found = by_table(before), by_table(after), by_table(now)
    changed = {key for id in between(before, after).ids if (key := _table(after.get(id) or before.get(id))) is not None}
    return {key: evidence(old.get(key, {}), new.get(key, {}), found.get(key, {})) for key in changed}


def evidence(old: Table, new: Table, now: Table) -> Done:
    """What was done of that which makes `new` of `old`, where others may have changed the table, too."""
    asked, gone = _count(new) - _count(old), _count(old) - _count(new)
    came, went = _count(now) - _count(old), _count(old) - _count(now)
    if asked + gone:
        if asked <= came and gone <= went:
            return Done.ALL
        return Done.MAYBE if asked & came or gone & went else Done.NOTHING
    return Done.ALL if dict(now) == dict(new) else Done.NOTHING if dict(now) == dict(old) else Done.MAYBE


def _count(table: Table) -> Counter[tuple[str, str]]:
    """Chains (an empty rule with the policy) and rules, by chain."""
    out = Counter((name, rule) for name, chain in table.items() for rule in chain.rules)
    out.update((name, f"policy {chain.policy}") for name, chain in table.items() if chain.policy != "ACCEPT")
    return out


def _table(record: AnyRecord | None) -> TableKey | None:
    """The table that a chain is in; None for any other record."""
    return (record.namespace, record.family, record.table) if isinstance(record, Chain) else None
