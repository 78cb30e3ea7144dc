"""Rules are written by iptables-restore alone: it locks, changes all of a table or nothing, and has its own parser and messages."""

from collections.abc import Mapping, Sequence
from itertools import groupby
from typing import NamedTuple

import msgspec

from agent.filter import doubtful, lock
from agent.filter.drivers import FilterDriver
from agent.filter.partly import first_refused, stand_ins
from agent.filter.programs import OVERTAKEN, Ended
from agent.netlink.namespaces import Namespaces, Netns, unknown_namespace
from topology.model import ids
from topology.model.netfilter import Family, Table
from topology.model.problems import Code, Problem
from topology.plan.steps import ChangeTable
from topology.plan.table_check import ignored_word
from topology.plan.table_plan import command, digest, numbered
from topology.rules.chains import RuleFault, aims_at, line_fault
from topology.rules.refusal import Refusal, place, refusal
from topology.rules.tokens import is_open, tokens
from topology.rules.vocabulary import misplaced

_LOOP = "Too many levels of symbolic links"
"""ELOOP."""


_EMPTY = digest(())


_LOOKS = 20
"""So often the rules are looked at, while others change any rules of the namespace between the look and the change."""


class Failed(NamedTuple):
    """Step number `step` was refused, for this reason. `by_others`: others have changed rules since they were looked at."""

    step: int
    problem: Problem
    by_others: bool = False


Steps = Sequence[tuple[int, ChangeTable]]
Lengths = Mapping[tuple[str, Family, Table], Mapping[str, int]]
"""How many rules each chain has, by namespace, family and table."""


def change(namespaces: Namespaces, driver: FilterDriver, steps: Steps, lengths: Lengths) -> Failed | None:
    """Do these steps.

    A table that is refused is not changed, unless it is a long one (`FilterDriver.at_once`); those before it are: the caller undoes them.
    """
    if (failed := unwritable(steps, lengths)) is not None:
        return failed
    return next((failed for rows in groups(steps) if (failed := _change(namespaces, driver, rows, lengths)) is not None), None)


def _change(namespaces: Namespaces, driver: FilterDriver, rows: Steps, lengths: Lengths) -> Failed | None:
    """Do the steps of one namespace and family, where the rules that they mean by number still are those."""
    if not any(step.expects for _, step in rows):
        return restore(namespaces, driver, rows, lengths)
    where = namespaces.get(rows[0][1].namespace)
    if where is None:
        return restore(namespaces, driver, rows, lengths)
    for _ in range(_LOOKS):
        with driver.alone(where) as is_alone:
            if not is_alone:
                return Failed(rows[0][0], lock.busy(rows[0][1].subject))
            failed = _moved(driver, where, rows) or restore(namespaces, driver, rows, lengths)
        if failed is None or not failed.by_others:
            break
    return failed


def _moved(driver: FilterDriver, where: Netns, rows: Steps) -> Failed | None:
    """The first step whose numbers mean other rules than when it was planned."""
    for number, step in rows:
        saved = driver.save(where, step.family, False, step.table).out
        tables = doubtful.read(driver, where, step.family, [step.table], saved, False)
        have = {chain.name: digest(chain.rules) for table in tables for chain in table.chains}
        for name, expected in step.expects.items():
            if have.get(name, _EMPTY) != expected:
                return Failed(number, _overtaken(step, name))
    return None


def _overtaken(step: ChangeTable, chain: str) -> Problem:
    subject = ids.chain(step.namespace, step.family, step.table, chain)
    return Problem(code=Code.CONFLICT, message=f"the rules of {chain} were changed in the meantime", subject=subject, hint="try again")


def unwritable(steps: Steps, lengths: Lengths) -> Failed | None:
    """The first line that iptables-restore would take for another one, or for several: a shell can make a rule with a line break in it."""
    for number, step in steps:
        for at, line in enumerate(step.lines):
            if "\n" in line or is_open(line):
                have = lengths.get((step.namespace, step.family, step.table), {})
                return Failed(number, _unwritable(step, at, numbered(have, step.lines, at)))
    return None


def _unwritable(step: ChangeTable, at: int, rule_number: int) -> Problem:
    _, name, _, rule = command(step.lines[at])
    fault = line_fault(rule) or RuleFault("iptables-restore cannot read this", "change it, or remove it")
    return Problem(
        code=Code.REFUSED, message=fault.message, subject=ids.chain(step.namespace, step.family, step.table, name),
        hint=fault.hint, rule=rule_number, span=fault.span,
    )  # fmt: skip


def groups(steps: Steps) -> list[list[tuple[int, ChangeTable]]]:
    """The steps of each namespace and family, which are done as one text."""
    return [list(group) for _, group in groupby(steps, lambda row: (row[1].namespace, row[1].family))]


def text_of(rows: Steps) -> str:
    """The text for iptables-restore that does these steps of one namespace and family."""
    return "".join(f"*{s.table}\n" + "".join(f"{line}\n" for line in s.lines) + "COMMIT\n" for _, s in rows)


def restore(namespaces: Namespaces, driver: FilterDriver, rows: Steps, lengths: Lengths, test: bool = False) -> Failed | None:
    """Do the steps of one namespace and family, as one text. `test`: only try them."""
    first, step = rows[0]
    where = namespaces.get(step.namespace)
    if where is None:
        return Failed(first, msgspec.structs.replace(unknown_namespace(step.namespace).problem, subject=step.subject))
    long = [(number, s) for number, s in rows if len(s.lines) > driver.at_once and not test]
    saved = {number: driver.save(where, s.family, False, s.table).out for number, s in long}
    ended = driver.restore(where, step.family, text_of(rows), test=test)
    if ended.code == OVERTAKEN:
        number, step = next(row for row in rows if row[1].expects)
        return Failed(number, _overtaken(step, next(iter(step.expects))), by_others=True)
    return None if ended.code == 0 else explained(namespaces, driver, where, rows, lengths, ended, saved)


def explained(
    namespaces: Namespaces, driver: FilterDriver, where: Netns, rows: Steps, lengths: Lengths, ended: Ended, saved: Mapping[int, str]
) -> Failed:
    """Which line of the steps was refused in `where`, and why: where the program only names the end of the table, each line is tried by
    itself. `saved`: by number of the step, the table as it was, where the step has changed it."""
    if (locked := lock.problem(ended, rows[0][1].subject)) is not None:
        return Failed(rows[0][0], locked)
    trial = _Trial(namespaces, driver, where)
    refused = refusal(ended.err)
    number, step, at = _which(rows, refused.line)
    if at is None or not refused.message:
        found = trial.first_refused(step, saved.get(number))
        at, refused = (found[0], Refusal(None, found[1] or refused.message)) if found is not None else (at, refused)
    message = refused.message or ended.err.strip() or f"iptables-restore ended with {ended.code}"
    if at is None:
        return Failed(number, Problem(code=Code.REFUSED, message=message, subject=step.subject))
    have = lengths.get((step.namespace, step.family, step.table), {})
    return Failed(number, problem(step, at, message, numbered(have, step.lines, at)))


def problem(step: ChangeTable, at: int, message: str, rule_number: int) -> Problem:
    """The problem with line `at` (from 0) of the step: iptables' message, and the words of the rule that it is about."""
    verb, name, _, rule = command(step.lines[at])
    is_rule = verb in ("-A", "-I", "-R")
    hint = f"refused: iptables -t {step.table} {step.lines[at][:200]}"
    span = place(message, rule) if is_rule else None
    for word in tokens(rule) if is_rule else ():
        if (belongs := misplaced(word.value, step.table, name)) is not None:
            hint, span = belongs, (word.start, word.end)
        elif _LOOP in message and aims_at(rule, word.value):
            hint, span = f"a packet that jumps there would come back to {name} again and again", (word.start, word.end)
    return Problem(
        code=Code.REFUSED, message=message, subject=ids.chain(step.namespace, step.family, step.table, name),
        hint=hint, rule=rule_number if is_rule else None,
        span=span,
    )  # fmt: skip


def not_loaded(step: ChangeTable, at: int, have: Mapping[str, int]) -> Problem:
    """The problem with line `at` (from 0) of a step of which iptables-restore reported success and did nothing. `have`: how many rules each
    chain had before."""
    word = ignored_word(step.lines[at], step.family)
    message = "iptables-restore reported success, but did not load this" + (f": {word} is no part of a rule" if word else "")
    found = problem(step, at, message, numbered(have, step.lines, at))
    rule = command(step.lines[at])[3]
    span = next(((t.start, t.end) for t in tokens(rule) if t.value == word), None)
    return msgspec.structs.replace(found, span=span or found.span)


def _which(rows: Steps, line: int | None) -> tuple[int, ChangeTable, int | None]:
    """Step number, step and line (from 0) of what is line `line` (from 1) of the text; the line is None for `*table` and COMMIT."""
    before = 0
    for number, step in rows:
        at = (line or 0) - before - 2
        if line is not None and at < len(step.lines) + 1:
            return number, step, at if 0 <= at < len(step.lines) else None
        before += len(step.lines) + 2
    return rows[0][0], rows[0][1], None


class _Trial:
    """Finds the refused line of a step, in a namespace of its own that begins with the rules of the namespace `where`."""

    def __init__(self, namespaces: Namespaces, driver: FilterDriver, where: Netns) -> None:
        self._namespaces, self._driver, self._where = namespaces, driver, where

    def first_refused(self, step: ChangeTable, saved: str | None) -> tuple[int, str] | None:
        """The line (from 0) and the reason; None where it cannot be found. `saved`: the table as it was, if the step has changed it."""
        table = f"*{step.table}"
        before = self._driver.save(self._where, step.family, False, step.table).out if saved is None else saved
        with self._namespaces.scratch() as scratch:
            found = first_refused(
                self._driver, scratch, step.family, (table, *step.lines, "COMMIT"),
                lambda: stand_ins(self._driver, scratch, step.family, before or f"{table}\nCOMMIT\n"), flush=False,
            )  # fmt: skip
        return (found.line - 1, found.message) if found is not None else None
