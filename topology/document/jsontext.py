"""JSON text to values and back: reading is strict, bounded, and finds all faults; writing makes text that is good to read and compare."""

import json
import math
import re

from topology.document import mend
from topology.model.base import Json
from topology.model.problems import Code, Problem, ProblemError, invalid

MAX_BYTES = 8 * 1024 * 1024
"""A document of 1,000 namespaces has about 0.3 MB."""

MAX_DEPTH = 12
"""Levels of objects and arrays; a document has 8."""

MAX_TEXT = 20_000
"""Characters of one text or key."""

MAX_ENTRIES = 100_000
"""Entries of one object or array; the limits of a lab for namespaces, interfaces and rules are less."""

MAX_NUMBER = 2**53
"""Beyond, JSON readers disagree (RFC 8259, section 6)."""

MAX_PROBLEMS = 100
"""Of a document with more, the first ones are reported."""

WIDTH = 140
"""Columns of a line at most, where the text can be broken."""
_WORD = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*", re.ASCII)
_NO_TEXT = re.compile("[\0\ud800-\udfff]")


def step(path: str, key: str | int) -> str:
    """The JSON path one level deeper: `$.namespaces.ns0`, `$.routes[0]`, `$["two words"]`."""
    if isinstance(key, int):
        return f"{path}[{key}]"
    return f"{path}.{key}" if _WORD.fullmatch(key) else f"{path}[{json.dumps(key, ensure_ascii=_NO_TEXT.search(key) is not None)}]"


class _Twice(dict[str, Json]):
    """An object in whose text a key was there twice. `again`: these keys."""

    again: tuple[str, ...] = ()


def _object(pairs: list[tuple[str, Json]]) -> dict[str, Json]:
    plain = dict(pairs)
    if len(plain) == len(pairs):
        return plain
    out = _Twice(plain)
    seen: set[str] = set()
    out.again = tuple(key for key, _ in pairs if key in seen or seen.add(key))  # type: ignore[func-returns-value]  # add() gives None, which is what `or` wants
    return out


class _Constant(ValueError):
    """NaN or an infinity: its name."""


def _constant(name: str) -> Json:
    raise _Constant(name)


def decoded(text: bytes | str) -> str:
    """The characters of a text. Raises `ProblemError` where it is too large or not UTF-8."""
    if len(text) > MAX_BYTES:
        raise ProblemError(
            Problem(code=Code.LIMIT, message=f"the document has over {MAX_BYTES // 1024 // 1024} MB", subject="$", hint="split the lab")
        )
    try:
        return text.decode("utf-8-sig") if isinstance(text, bytes) else text.removeprefix("\ufeff")
    except UnicodeDecodeError as error:
        raise invalid(f"not UTF-8: byte {error.start}", "$", "save the file as UTF-8") from None


def parse(text: str) -> tuple[Json, str, list[Problem]]:
    """The value of a JSON text, the text as it was read, and what is wrong with it: what is easily mended (a comma too many, a comment) is
    reported and read as if it were not there. Raises `ProblemError` where there is no value."""
    problems: list[Problem] = []
    while True:
        try:
            return json.loads(text, object_pairs_hook=_object, parse_constant=_constant), text, problems
        except RecursionError:
            raise _with(problems, _too_deep("$")) from None
        except json.JSONDecodeError as error:
            found = mend.syntax(text, error)
        except _Constant as error:
            found = mend.constant(text, str(error))
        except ValueError as error:
            raise _with(problems, Problem(code=Code.INVALID, message=f"not JSON: {error}", subject="$")) from None
        if found.mended is None or len(problems) >= mend.MOST:
            raise _with(problems, found.problem)
        problems.append(found.problem)
        text = found.mended


def _with(before: list[Problem], last: Problem) -> ProblemError:
    return raised([*before, last])


def raised(problems: list[Problem]) -> ProblemError:
    """One error of all these: the first, with the others as its causes."""
    first, *rest = problems[:MAX_PROBLEMS]
    return ProblemError(
        Problem(
            code=first.code, message=first.message, subject=first.subject, hint=first.hint, errno=first.errno, rule=first.rule,
            span=first.span, at=first.at, causes=(*first.causes, *rest),
        )
    )  # fmt: skip


def _too_deep(path: str) -> Problem:
    return Problem(code=Code.LIMIT, message="nested too deeply", subject=path, hint=f"a document has at most {MAX_DEPTH} levels")


def bounded(value: Json) -> tuple[Json, list[Problem]]:
    """The value as documents mean it, and what no document can have: `null` is an absent member, and 1500.0 is 1500."""
    problems: list[Problem] = []
    return _bounded("$", value, problems), problems


def _bounded(path: str, value: Json, problems: list[Problem], depth: int = 0) -> Json:
    if isinstance(value, dict | list):
        if depth == MAX_DEPTH:
            problems.append(_too_deep(path))
            return None
        if len(value) > MAX_ENTRIES:
            hint = f"at most {MAX_ENTRIES}"
            problems.append(Problem(code=Code.LIMIT, message=f"{len(value)} entries in one place", subject=path, hint=hint))
            return None
        if isinstance(value, list):
            return [_bounded(f"{path}[{i}]", item, problems, depth + 1) for i, item in enumerate(value)]
        return _members(path, value, problems, depth)
    if isinstance(value, str):
        problems.extend(_text_faults(path, value))
    elif isinstance(value, int | float) and not isinstance(value, bool):
        if not math.isfinite(value) or abs(value) > MAX_NUMBER:
            problems.append(Problem(code=Code.LIMIT, message="the number is too large", subject=path, hint=f"at most {MAX_NUMBER}"))
            return 0
        return int(value) if value == int(value) else value
    return value


def _members(path: str, value: dict[str, Json], problems: list[Problem], depth: int) -> Json:
    if isinstance(value, _Twice):
        for key in value.again:
            problems.append(_invalid(step(path, key), f'the key "{key}" is there twice', "leave one of the two out"))
    out: dict[str, Json] = {}
    for key, member in value.items():
        if member is not None:
            where = step(path, key[:MAX_TEXT])
            problems.extend(_text_faults(where, key))
            out[key] = _bounded(where, member, problems, depth + 1)
    return out


def _text_faults(path: str, text: str) -> list[Problem]:
    if len(text) > MAX_TEXT:
        return [Problem(code=Code.LIMIT, message=f"the text has {len(text)} characters", subject=path, hint=f"at most {MAX_TEXT}")]
    found = _NO_TEXT.search(text)
    if found is None:
        return []
    if found[0] == "\0":
        return [_invalid(path, "a NUL character is not text", "take \\u0000 out")]
    return [_invalid(path, "half of a surrogate pair is not text", f"take \\u{ord(found[0]):04x} out, or write the character itself")]


def _invalid(path: str, message: str, hint: str) -> Problem:
    return Problem(code=Code.INVALID, message=message, subject=path, hint=hint)


def _inline(value: Json) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(", ", ": "))


def pretty(value: Json, indent: int = 0, lead: int = 0) -> str:
    """The text of a value, on one line where it fits and no object in it has members. `lead`: columns taken before it."""
    line = _inline(value)
    nested = isinstance(value, dict) and any(isinstance(v, dict | list) and v for v in value.values()) and _map_of_places(value, indent)
    if not isinstance(value, dict | list) or not value or (not nested and indent + lead + len(line) < WIDTH):
        return line
    pad = " " * (indent + 2)
    if isinstance(value, dict):
        heads = [(f"{_inline(k)}: ", v) for k, v in value.items()]
        rows = [pad + head + pretty(v, indent + 2, len(head)) for head, v in heads]
        return "{\n" + ",\n".join(rows) + "\n" + " " * indent + "}"
    return "[\n" + ",\n".join(pad + pretty(v, indent + 2) for v in value) + "\n" + " " * indent + "]"


def _map_of_places(value: dict[str, Json], indent: int) -> bool:
    """Whether its entries stand on a line each: objects of objects, and the places of nodes, so that a moved node is one changed line."""
    return any(isinstance(v, dict) and v for v in value.values()) or (indent == 2 and all(isinstance(v, list) for v in value.values()))
