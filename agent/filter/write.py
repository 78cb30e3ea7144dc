"""Rules are written by iptables-restore alone: locked, whole tables or nothing, with its own parser and its own words."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from typing import NamedTuple

from agent.filter.drivers import FilterDriver
from agent.filter.programs import Ended
from agent.netlink.namespaces import Namespaces, Netns
from topology.model import ids
from topology.model.netfilter import Family, Table
from topology.model.problems import Code, Problem
from topology.plan.steps import ChangeTable
from topology.plan.table_plan import command, numbered
from topology.rules.chains import aims_at
from topology.rules.refusal import Refusal, place, refusal
from topology.rules.tokens import tokens
from topology.rules.vocabulary import misplaced

_LOOP = "Too many levels of symbolic links"
"""ELOOP."""
_ONE_BY_ONE = 8
"""Lines of which the refused one is looked for one after the other; with more, by halves first."""


class Failed(NamedTuple):
    """Step number `step` was refused, for this reason."""

    step: int
    problem: Problem


Steps = Sequence[tuple[int, ChangeTable]]
Lengths = Mapping[tuple[str, Family, Table], Mapping[str, int]]
"""How many rules each chain has, by namespace, family and table."""


def change(namespaces: Namespaces, driver: FilterDriver, steps: Steps, lengths: Lengths) -> Failed | None:
    """Do these steps. Where it takes more than one transaction, all are tried (`--test`) before the first is changed.

    A table that is refused is not changed, unless it is a long one (`FilterDriver.at_once`); those before it are: the caller takes
    all back.
    """
    groups = [list(group) for _, group in groupby(steps, lambda row: (row[1].namespace, row[1].family))]
    one = len(steps) == 1 and len(steps[0][1].lines) <= driver.at_once
    for test in (False,) if one else (True, False):
        for rows in groups:
            failed = _restore(namespaces, driver, rows, lengths, test)
            if failed is not None:
                return failed
    return None


def _restore(namespaces: Namespaces, driver: FilterDriver, rows: Steps, lengths: Lengths, test: bool) -> Failed | None:
    first, step = rows[0]
    where = namespaces.get(step.namespace)
    if where is None:
        message = f'Cannot open network namespace "{step.namespace}": No such file or directory'
        return Failed(first, Problem(code=Code.UNKNOWN, message=message, subject=step.subject))
    text = "".join(f"*{s.table}\n" + "".join(f"{line}\n" for line in s.lines) + "COMMIT\n" for _, s in rows)
    long = [(number, s) for number, s in rows if len(s.lines) > driver.at_once and not test]
    saved = {number: driver.save(where, s.family, False, s.table).out for number, s in long}
    ended = driver.restore(where, step.family, text, test=test)
    if ended.code == 0:
        return None
    return _explained(namespaces, driver, where, rows, lengths, ended, saved)


def _explained(
    namespaces: Namespaces, driver: FilterDriver, where: Netns, rows: Steps, lengths: Lengths, ended: Ended, saved: Mapping[int, str]
) -> Failed:  # fmt: skip
    """Which rule it was, and why: where the program only names the end of the table, each line is tried for itself."""
    said = refusal(ended.err)
    number, step, at = _which(rows, said.line)
    if at is None or not said.message:
        found = _tried(namespaces, driver, where, step, saved.get(number))
        at, said = (found[0], Refusal(None, found[1] or said.message)) if found is not None else (at, said)
    message = said.message or ended.err.strip() or f"iptables-restore ended with {ended.code}"
    if at is None:
        return Failed(number, Problem(code=Code.REFUSED, message=message, subject=step.subject))
    have = lengths.get((step.namespace, step.family, step.table), {})
    return Failed(number, problem(step, at, message, numbered(have, step.lines, at)))


def problem(step: ChangeTable, at: int, message: str, rule_number: int) -> Problem:
    """What iptables said to line `at` (from 0) of the step."""
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


def _which(rows: Steps, line: int | None) -> tuple[int, ChangeTable, int | None]:
    """The step and its line (from 0) that stands in line `line` (from 1) of the text; None where it is none of a step's lines."""
    before = 0
    for number, step in rows:
        at = (line or 0) - before - 2
        if line is not None and at < len(step.lines) + 1:
            return number, step, at if 0 <= at < len(step.lines) else None
        before += len(step.lines) + 2
    return rows[0][0], rows[0][1], None


def _tried(namespaces: Namespaces, driver: FilterDriver, where: Netns, step: ChangeTable, saved: str | None) -> tuple[int, str] | None:
    """The line that is refused, and the reason, found in a namespace of its own that begins with the same rules: those `saved` where
    the step has already changed them."""
    before = driver.save(where, step.family, False, step.table).out if saved is None else saved
    with namespaces.scratch() as scratch:
        if before and driver.restore(scratch, step.family, before, flush=True).code != 0:
            return None

        def taken(count: int) -> bool:
            """Whether the first lines are taken."""
            driver.restore(scratch, step.family, before or f"*{step.table}\nCOMMIT\n", flush=True)
            text = "\n".join((f"*{step.table}", *step.lines[:count], "COMMIT", ""))
            return driver.restore(scratch, step.family, text).code == 0

        good = 0
        if len(step.lines) > _ONE_BY_ONE:
            good, bad = 0, len(step.lines)
            while bad - good > 1:
                middle = (good + bad) // 2
                good, bad = (middle, bad) if taken(middle) else (good, middle)
            taken(good)
        for at in range(good, len(step.lines)):
            ended = driver.iptables(scratch, step.family, ["-t", step.table, *(t.value for t in tokens(step.lines[at]))])
            if ended.code != 0:
                return at, refusal(ended.err).message
    return None


# ---- only to try -----------------------------------------------------------------------------------------------------


class Tried(NamedTuple):
    """`text`: what iptables-save prints of it; or why not, and in which line (from 0; -1: not known)."""

    text: str = ""
    line: int = -1
    problem: Problem | None = None


def attempt(namespaces: Namespaces, driver: FilterDriver, family: Family, text: str) -> Tried:
    """Load a text of iptables-restore in a namespace that is there for this only, and read it back."""
    with namespaces.scratch() as scratch:
        ended = driver.restore(scratch, family, text, flush=True)
        if ended.code == 0:
            return Tried(driver.save(scratch, family, False).out)
        said = refusal(ended.err)
        lines = text.splitlines()
        at = said.line - 1 if said.line is not None and said.line <= len(lines) else -1
        message = said.message
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
    if line.startswith(":"):
        name, policy = line[1:].split()[:2]
        yield ["-N", name] if policy == "-" else ["-P", name, policy]
    elif line.startswith("-"):
        yield [t.value for t in tokens(line)]
