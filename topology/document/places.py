"""Where in the text of a document the things stand that are wrong with it."""

import json
import re
from collections.abc import Iterable, Iterator

import msgspec

from topology.document.jsontext import step
from topology.document.mend import place
from topology.model.problems import Problem

_TOKEN = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*"|[{}\[\]:,]|[^\s{}\[\]:,"]+', re.DOTALL)


def with_places(text: str, problems: Iterable[Problem]) -> list[Problem]:
    """The problems with line and column: of the key or the entry that they are about, or of what it is missing in."""
    problems = list(problems)
    wanted = {p.subject for p in problems if p.subject is not None and p.at is None}
    found = _offsets(text, {above for path in wanted for above in _upwards(path)}) if wanted else {}
    out: list[Problem] = []
    for problem in problems:
        offset = next((found[path] for path in _upwards(problem.subject or "$") if path in found), None)
        at = problem.at if problem.at is not None or offset is None else place(text, offset)
        out.append(msgspec.structs.replace(problem, at=at))
    return out


_STEPS = re.compile(r'\.[A-Za-z_][\w-]*|\[\d+\]|\["[^"\\]*(?:\\.[^"\\]*)*"\]', re.ASCII | re.DOTALL)


def _upwards(path: str) -> Iterator[str]:
    """The path, what it is in, and so on up to `$`."""
    ends = [1, *(found.end() for found in _STEPS.finditer(path))]
    for end in reversed(ends):
        yield path[:end]


def _offsets(text: str, wanted: set[str]) -> dict[str, int]:
    """Path → where its key or its array's entry begins. One walk over the text."""
    out: dict[str, int] = {}
    stack: list[tuple[str, int | None]] = []  # path of each open bracket; the number of the next entry where it is an array
    path, key, fresh = "$", None, True
    for token in _TOKEN.finditer(text):
        word = token[0]
        if word in "}]":
            if stack:
                path, _ = stack.pop()
            fresh = False
            continue
        if word == ",":
            key, fresh = None, True
            continue
        if word == ":":
            continue
        inside = stack[-1] if stack else None
        if fresh and inside is not None and inside[1] is None and word[0] == '"' and key is None:
            key = word
            path = step(inside[0], _text(word))
            _note(out, wanted, path, token.start())
            continue
        if inside is not None and inside[1] is not None and fresh:
            path = f"{inside[0]}[{inside[1]}]"
            stack[-1] = (inside[0], inside[1] + 1)
            _note(out, wanted, path, token.start())
        elif inside is None:
            _note(out, wanted, "$", token.start())
        if word in "{[":
            stack.append((path, None if word == "{" else 0))
            key, fresh = None, True
        else:
            fresh = False
    return out


def _note(out: dict[str, int], wanted: set[str], path: str, offset: int) -> None:
    if path in wanted:
        out[path] = offset  # of a key that is there twice, the last one counts


def _text(word: str) -> str:
    try:
        return str(json.loads(word, strict=False))
    except ValueError:
        return word
