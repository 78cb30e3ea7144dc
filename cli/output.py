"""What the commands print: text, or JSON with --json."""

import json
import sys
from collections.abc import Sequence

import msgspec

from topology.model.problems import Problem


def as_json(value: object) -> None:
    """One JSON line on standard output."""
    sys.stdout.write(json.dumps(msgspec.to_builtins(value), ensure_ascii=False) + "\n")
    sys.stdout.flush()


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print rows under a head, in columns as wide as their widest cell."""
    widths = [max(len(row[i]) for row in [head, *rows]) for i in range(len(head))]
    for row in [head, *rows]:
        print("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())


def problem(problem: Problem, json_wanted: bool) -> None:
    """Print a problem on standard error: its message and its causes, and last what to do next. Faults of a document are beside one another:
    what to do stands under each."""
    if json_wanted:
        sys.stderr.write(json.dumps({"problem": msgspec.to_builtins(problem)}, ensure_ascii=False) + "\n")
        return
    beside = problem.at is not None or (problem.subject or "").startswith("$")
    sys.stderr.write(f"vethboard: {_place(problem)}{problem.message}\n")
    if problem.hint and beside:
        sys.stderr.write(f"  → {problem.hint}\n")
    for cause in problem.causes:
        sys.stderr.write(f"  {_place(cause)}{cause.message}\n" + (f"    → {cause.hint}\n" if cause.hint else ""))
    if problem.hint and not beside:
        sys.stderr.write(f"  → {problem.hint}\n")


def beside(problems: Sequence[Problem]) -> None:
    """Print on standard error what has to be said of something that was done."""
    for problem in problems:
        sys.stderr.write(f"vethboard: {_place(problem)}{problem.message}\n")
    for hint in dict.fromkeys(problem.hint for problem in problems if problem.hint):
        sys.stderr.write(f"  → {hint}\n")


def _place(problem: Problem) -> str:
    """Line and column in a document, and what it is about."""
    at = f"{problem.at[0]}:{problem.at[1]}: " if problem.at else ""
    return at + (f"{problem.subject}: " if problem.subject else "")
