"""Rules are written by iptables-restore alone: it locks, changes all of a table or nothing, and has its own parser and messages."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from typing import NamedTuple

import msgspec

from agent.filter import lock
from agent.filter.drivers import FilterDriver
from agent.filter.programs import Ended
from agent.netlink.namespaces import Namespaces, Netns, unknown_namespace
from topology.model import ids
from topology.model.netfilter import Family, Table
from topology.model.problems import Code, Problem
from topology.plan.steps import ChangeTable
from topology.plan.table_check import ignored_word
from topology.plan.table_plan import command, numbered
from topology.rules.chains import aims_at
from topology.rules.refusal import Refusal, place, refusal
from topology.rules.tokens import tokens
from topology.rules.vocabulary import misplaced

_LOOP = "Too many levels of symbolic links"
"""ELOOP."""
_ONE_BY_ONE = 8
"""In so many lines the refused one is searched one after the other; in more, by halves first."""


class Failed(NamedTuple):
    """Step number `step` was refused, for this reason."""

    step: int
    problem: Problem


Steps = Sequence[tuple[int, ChangeTable]]
Lengths = Mapping[tuple[str, Family, Table], Mapping[str, int]]
"""How many rules each chain has, by namespace, family and table."""


def change(namespaces: Namespaces, driver: FilterDriver, steps: Steps, lengths: Lengths) -> Failed | None:
    """Do these steps.

    A table that is refused is not changed, unless it is a long one (`FilterDriver.at_once`); those before it are: the caller undoes them.
    """
    return next((failed for rows in groups(steps) if (failed := restore(namespaces, driver, rows, lengths)) is not None), None)


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
        before = self._driver.save(self._where, step.family, False, step.table).out if saved is None else saved
        with self._namespaces.scratch() as scratch:
            if before and self._driver.restore(scratch, step.family, before, flush=True).code != 0:
                return None
            return self._one_by_one(scratch, step, self._accepted(scratch, step, before))

    def _accepted(self, scratch: Netns, step: ChangeTable, before: str) -> int:
        """How many lines of a long step are accepted, found by halves, and done in the scratch namespace; 0 of a short one."""
        if len(step.lines) <= _ONE_BY_ONE:
            return 0

        def are_accepted(count: int) -> bool:
            self._driver.restore(scratch, step.family, before or f"*{step.table}\nCOMMIT\n", flush=True)
            text = "\n".join((f"*{step.table}", *step.lines[:count], "COMMIT", ""))
            return self._driver.restore(scratch, step.family, text).code == 0

        good, bad = 0, len(step.lines)
        while bad - good > 1:
            middle = (good + bad) // 2
            good, bad = (middle, bad) if are_accepted(middle) else (good, middle)
        are_accepted(good)
        return good

    def _one_by_one(self, scratch: Netns, step: ChangeTable, first: int) -> tuple[int, str] | None:
        for at in range(first, len(step.lines)):
            ended = self._driver.iptables(scratch, step.family, ["-t", step.table, *(t.value for t in tokens(step.lines[at]))])
            if ended.code != 0:
                return at, refusal(ended.err).message
        return None


# ---- trying only -----------------------------------------------------------------------------------------------------


class Tried(NamedTuple):
    """`text`: what iptables-save prints of it; or why it was refused, and at which line (from 0; -1: not known)."""

    text: str = ""
    line: int = -1
    problem: Problem | None = None


def attempt(namespaces: Namespaces, driver: FilterDriver, family: Family, text: str) -> Tried:
    """Load a text for iptables-restore in a namespace that is made for this only, and read it back."""
    with namespaces.scratch() as scratch:
        ended = driver.restore(scratch, family, text, flush=True)
        if ended.code == 0:
            return Tried(driver.save(scratch, family, False).out)
        refused = refusal(ended.err)
        lines = text.splitlines()
        at = refused.line - 1 if refused.line is not None and refused.line <= len(lines) else -1
        message = refused.message
        if not message or lines[at] == "COMMIT":
            at, message = _first_refused(driver, scratch, family, lines) or (at, message)
    rule = command(lines[at])[3] if lines[at].startswith("-A ") else ""
    span = place(message, rule) if rule else None
    return Tried(line=at, problem=Problem(code=Code.REFUSED, message=message or ended.err.strip(), span=span))


def _first_refused(driver: FilterDriver, scratch: Netns, family: Family, lines: Iterable[str]) -> tuple[int, str] | None:
    """The commands of the text one by one: the first that is refused, and why. Chains are made before the rules that need them."""
    table = ""
    for at, line in enumerate(lines):
        table = line[1:] if line.startswith("*") else table
        for argv in _commands(line):
            ended = driver.iptables(scratch, family, ["-t", table, *argv])
            if ended.code != 0:
                return at, refusal(ended.err).message
    return None


def _commands(line: str) -> Iterator[list[str]]:
    """The arguments of iptables that do what a line of iptables-restore does; none for a line that does nothing."""
    if line.startswith(":"):
        name, policy = line[1:].split()[:2]
        yield ["-N", name] if policy == "-" else ["-P", name, policy]
    elif line.startswith("-"):
        yield [t.value for t in tokens(line)]
