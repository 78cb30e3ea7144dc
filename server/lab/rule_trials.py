"""Rules that are tried in a temporary namespace of the lab: whether iptables accepts them, and how it prints them."""

from collections.abc import Iterable

import msgspec

from protocol import private as p
from server.agent_link import LabLink
from topology.edit.commands import ImportRules
from topology.edit.table_edit import put_tables
from topology.model import ids
from topology.model.problems import Problem, ProblemError
from topology.model.records import Records
from topology.plan.table_texts import Trial, base
from topology.plan.table_texts import imported as as_imported
from topology.plan.table_texts import printed as as_printed
from topology.rules.save import read
from topology.rules.tokens import quote, tokens
from topology.rules.vocabulary import misplaced


def attempt(link: LabLink, trial: Trial) -> str | Problem:
    """What iptables-save prints of the trial; or why it is refused, with the chain and the rule."""
    answer = link.call(lambda id: p.TryRules(id=id, family=trial.family, text=trial.text))
    assert isinstance(answer, p.Tried)
    if answer.problem is None:
        return answer.text
    chain, rule = trial.places.get(answer.line, (None, None))
    hint, span = _misplaced(trial, answer.line, chain) or (answer.problem.hint, answer.problem.span)
    subject = chain or ids.namespace(trial.namespace)
    return msgspec.structs.replace(answer.problem, subject=subject, rule=rule, hint=hint, span=span)


def _misplaced(trial: Trial, line: int, chain: str | None) -> tuple[str, tuple[int, int]] | None:
    """Where the first match or target of the rule belongs that is not possible in its chain, and its span in the rule."""
    if chain is None:
        return None
    _, _, table, name = ids.chain_parts(chain)
    words = tokens(trial.text.split("\n")[line].removeprefix(f"-A {quote(name)} "))
    return next((((hint, (w.start, w.end)) for w in words if (hint := misplaced(w.value, table, name)))), None)


def imported(link: LabLink, records: Records, command: ImportRules) -> Records:
    """The records after an import, which the lab's own iptables-restore does in a temporary namespace on the tables of `records`.

    Raises ProblemError for what it refuses, in its words, with the number of the line.
    """
    if not any(line.startswith("*") for line in command.text.split("\n")):
        read(command.text)  # says what is missing: iptables-restore takes a text without a table, and does nothing
    begun = base(records, command.namespace, command.family)
    mode: p.TrialMode = "keep" if command.keep else "import"
    answer = link.call(lambda id: p.TryRules(id=id, family=command.family, text=command.text, base=begun.text, mode=mode))
    assert isinstance(answer, p.Tried)
    if answer.problem is not None:
        raise ProblemError(_of_line(answer.problem, command, answer.line))
    out = dict(records)
    put_tables(out, command, as_imported(begun, command.text, answer.text))
    return out


def _of_line(problem: Problem, command: ImportRules, line: int) -> Problem:
    """The problem with the number of the line (from 1), and the line itself."""
    lines = command.text.split("\n")
    subject = ids.namespace(command.namespace)
    if not 0 <= line < len(lines):
        return msgspec.structs.replace(problem, subject=subject, span=None)
    message = f"line {line + 1}: {problem.message}: {lines[line][:80]}"
    return msgspec.structs.replace(problem, message=message, subject=subject, span=None)


def printed(link: LabLink, trials: Iterable[Trial]) -> Records:
    """Those chains that iptables prints in another way than they are written, as it prints them. A refused trial is left out, as the apply
    will report it."""
    out: Records = {}
    for trial in trials:
        found = attempt(link, trial)
        if isinstance(found, str):
            out.update(as_printed(trial, found))
    return out
