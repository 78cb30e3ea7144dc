"""The tables of an apply, tried before its first step is done: in namespaces that are made for this only, so that nothing is changed."""

from collections.abc import Sequence

from agent.filter import lock, printing
from agent.filter.drivers import FilterDriver
from agent.filter.programs import Ended, run
from agent.filter.write import Failed, Lengths, Steps, explained, groups, not_loaded, restore, text_of, unwritable
from agent.netlink.namespaces import Namespaces, Netns
from topology.model import ids
from topology.model.netfilter import Table
from topology.model.problems import Code, Problem
from topology.observe import listing
from topology.plan.steps import AddNamespace, AnyStep, ChangeTable
from topology.plan.table_check import Have, ignored_word, not_done
from topology.plan.table_plan import command, numbered
from topology.rules.tokens import tokens

_LONGEST = 2000
"""Rules and lines from which on a text is not loaded for a trial, but only read (`--test`)."""
_OF_THE_NAMESPACE = frozenset(("set", "SET", "--match-set", "--add-set", "--del-set", "--map-set"))
"""Words of rules that name what a namespace made for a trial does not have."""


class _Unsure(Exception):
    """A trial says nothing of the namespace that it was made for; but for `failed`, if that is known."""

    def __init__(self, failed: Failed | None = None) -> None:
        super().__init__()
        self.failed = failed


def refused_beforehand(
    namespaces: Namespaces, driver: FilterDriver, steps: Sequence[AnyStep], lengths: Lengths, also_one: bool = False
) -> Failed | None:
    """The table that will be refused, where a trial shows it. One table alone is only tried with `also_one`: it is changed whole or not at
    all."""
    rows = [(number, step) for number, step in enumerate(steps) if isinstance(step, ChangeTable)]
    if (failed := unwritable(rows, lengths)) is not None:
        return failed
    doubtful = [(number, step, at) for number, step in rows for at, line in enumerate(step.lines) if printing.is_doubtful(line)]
    if not rows or (not also_one and not doubtful and len(steps) == 1 and len(rows[0][1].lines) <= driver.at_once):
        return None
    made = {step.name for step in steps if isinstance(step, AddNamespace)}
    known: set[tuple[str, str]] = set()
    with namespaces.scratch() as scratch:
        for group in groups(rows):
            step = group[0][1]
            where = namespaces.get(step.namespace)
            key = (step.family, text_of(group))
            if where is None and (step.namespace not in made or key in known):
                continue  # the first is refused in its turn; namespaces that are made alike are tried once
            known.add(key)
            if (failed := _Trial(namespaces, driver, scratch, lengths).failed(where, group)) is not None:
                return failed
        return next((failed for row in doubtful if (failed := _unprintable(driver, scratch, *row, lengths)) is not None), None)


def _unprintable(driver: FilterDriver, scratch: Netns, number: int, step: ChangeTable, at: int, lengths: Lengths) -> Failed | None:
    """Line `at` of a step, if what it adds could not be kept."""
    verb, name, _, rule = command(step.lines[at])
    fault = printing.unprintable(driver, scratch, step.family, step.table, rule) if verb in ("-A", "-I", "-R") else None
    if fault is None:
        return None
    have = lengths.get((step.namespace, step.family, step.table), {})
    subject, which = ids.chain(step.namespace, step.family, step.table, name), numbered(have, step.lines, at)
    found = Problem(code=Code.REFUSED, message=fault.message, subject=subject, hint=fault.hint, rule=which, span=fault.span)
    return Failed(number, found)


class _Trial:
    def __init__(self, namespaces: Namespaces, driver: FilterDriver, scratch: Netns, lengths: Lengths) -> None:
        self._namespaces, self._driver, self._scratch, self._lengths = namespaces, driver, scratch, lengths

    def failed(self, where: Netns | None, rows: Steps) -> Failed | None:
        """What is refused of the steps of one namespace and family. `where`: the namespace; None: an empty one, which the apply
        makes."""
        if where is None:
            return self._in_an_empty_one(rows)
        try:
            before = self._prepared(where, rows)
        except _Unsure as e:
            return e.failed or self._tested(where, rows)
        ended = self._driver.restore(self._scratch, rows[0][1].family, text_of(rows))
        if ended.code != 0:
            is_alike = not _needs_namespace(rows) or self._has_no_sets(where)
            return self._explained(rows, ended, before) if is_alike else self._tested(where, rows)
        return self._ignored(rows)

    def _in_an_empty_one(self, rows: Steps) -> Failed | None:
        is_long = sum(len(s.lines) for _, s in rows) > _LONGEST
        ended = self._driver.restore(self._scratch, rows[0][1].family, text_of(rows), test=is_long, flush=True)
        if ended.code != 0:
            return self._explained(rows, ended, "")
        return None if is_long else self._ignored(rows)

    def _prepared(self, where: Netns, rows: Steps) -> str:
        """Make the tables in the scratch namespace what they are in `where`; as text. Raises _Unsure where that cannot be."""
        family = rows[0][1].family
        saved = "".join(self._driver.save(where, family, False, table).out for table in self._present(where, rows))
        if saved.count("\n") + sum(len(s.lines) for _, s in rows) > _LONGEST:
            raise _Unsure()
        text = saved + "".join(f"*{s.table}\nCOMMIT\n" for _, s in rows if f"*{s.table}\n" not in saved)
        ended = self._driver.restore(self._scratch, family, text, flush=True)
        if ended.code != 0:
            locked = lock.problem(ended, rows[0][1].subject)
            raise _Unsure(Failed(rows[0][0], locked) if locked is not None else None)
        return saved

    def _present(self, where: Netns, rows: Steps) -> list[Table]:
        """Those of the tables that the kernel has: a look at others would make it create them."""
        present = self._driver.present([where], stamped=False)[0]
        return [s.table for _, s in rows if (s.family, s.table) in present]

    def _has_no_sets(self, where: Netns) -> bool:
        """Whether there are as few ipsets in the namespace as in one made for a trial: none."""
        return not run(self._namespaces, where, ["ipset", "list", "-name"]).out.strip()

    def _tested(self, where: Netns, rows: Steps) -> Failed | None:
        """Read by iptables-restore where the rules are to be; where a table is missing there, the apply will show."""
        if len(self._present(where, rows)) < len(rows):
            return None
        return restore(self._namespaces, self._driver, rows, self._lengths, test=True)

    def _explained(self, rows: Steps, ended: Ended, before: str) -> Failed:
        with self._namespaces.scratch() as empty:
            saved = {number: _table(before, step.table) for number, step in rows}
            return explained(self._namespaces, self._driver, empty, rows, self._lengths, ended, saved)

    def _ignored(self, rows: Steps) -> Failed | None:
        """What iptables-restore reported success of, and did not do."""
        for number, step in rows:
            if all(ignored_word(line, step.family) is None for line in step.lines):
                continue
            have = self._lengths.get((step.namespace, step.family, step.table), {})
            found = self._driver.save(self._scratch, step.family, False, step.table)
            if found.code == 0 and (at := not_done(have, step.lines, _chains(found.out), step.family)) is not None:
                return Failed(number, not_loaded(step, at, have))
        return None


def _needs_namespace(rows: Steps) -> bool:
    return any(token.value in _OF_THE_NAMESPACE for _, step in rows for line in step.lines for token in tokens(line))


def _table(saved: str, table: Table) -> str:
    """One table of an output of iptables-save."""
    start = saved.find(f"*{table}\n")
    return saved[start : saved.find("COMMIT\n", start) + 7] if start >= 0 else ""


def _chains(text: str) -> Have:
    return {c.name: (c.policy, c.rules) for table in listing.read(text, counters=False) for c in table.chains}
