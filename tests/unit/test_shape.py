"""The shape of the Python code: short functions, files that fit on a few screens, and one place for each number and each kind of name."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from statistics import median, quantiles

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("topology", "protocol", "agent", "server", "cli", "logs")
FILES = sorted(path for package in PACKAGES for path in (ROOT / package).rglob("*.py"))
MOST_LINES = 400
LISTS = {"topology/observe/facts.py", "protocol/private.py"}
"""Files that only list message types, one after the other, without logic."""


def name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def functions(path: Path) -> list[ast.FunctionDef | ast.AsyncFunctionDef]:
    return [node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]


def test_functions_are_short() -> None:
    lengths = [(f.end_lineno or f.lineno) - f.lineno + 1 for path in FILES for f in functions(path)]
    assert len(lengths) > 1000
    assert median(lengths) <= 8
    assert quantiles(lengths, n=20)[-1] <= 25


def test_files_are_short() -> None:
    assert {name(p): n for p in FILES if (n := len(p.read_text().splitlines())) >= MOST_LINES and name(p) not in LISTS} == {}


@pytest.mark.parametrize("path", sorted(LISTS))
def test_a_long_file_is_a_list_of_types(path: str) -> None:
    assert [f.name for f in functions(ROOT / path) if (f.end_lineno or f.lineno) - f.lineno > 2] == []


KINDS_OF_IDS = (
    "interface|namespace|placement|style|area|note|route|neighbour|fdb|chain|link|netns|terminal|capture|file|node"  # topology/model/ids.py
)


def found(pattern: str, *allowed: str) -> Iterator[str]:
    """`file:line text` of each line of code that the pattern fits, but in the allowed files."""
    for path in FILES:
        if name(path) not in allowed:
            for number, line in enumerate(path.read_text().splitlines(), 1):
                if re.search(pattern, line):
                    yield f"{name(path)}:{number} {line.strip()}"


@pytest.mark.parametrize(
    ("pattern", "allowed"),
    [
        pytest.param(rf"""f["']({KINDS_OF_IDS}):[^ ]""",
                     ["topology/model/ids.py", "server/storage/database.py"],  # there: an address of SQLite
                     id="record ids are made in ids"),
        pytest.param(r"""["']lab:["']""", ["topology/model/ids.py"], id="the id of the lab's record"),
        pytest.param(r"""(ref|old|new|lower|peer|node|address|text)\.r?partition\(["']/["']\)""",
                     ["topology/model/ids.py", "topology/journey/predicted/extensions.py"],  # there: `type/code` of ICMP
                     id="refs and addresses are taken apart in ids"),
        pytest.param(r"\{[\w.]*(namespace|ns)\}/\{[^}]*(name|dev)\}", ["topology/model/ids.py"], id="refs are put together in ids"),
        pytest.param(r"\[a-z0-9-\]\{1,40\}", ["topology/model/ids.py"], id="the pattern of a lab's name"),
        pytest.param(r"(table|metric)\b.*\b(254|1024)\b", ["topology/model/routing.py"], id="main table and default metric"),
        pytest.param(r"0\.0\.0\.0/0", ["topology/model/routing.py"], id="the default prefix"),
    ],
)  # fmt: skip
def test_there_is_one_place(pattern: str, allowed: list[str]) -> None:
    assert list(found(pattern, *allowed)) == []
