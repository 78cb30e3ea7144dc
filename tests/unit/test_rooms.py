"""docs/architecture.md shows the rooms that the contracts enforce, and every path in the documents exists."""

import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
ARCHITECTURE = (ROOT / "docs" / "architecture.md").read_text()
DOCUMENTS = [ROOT / "README.md", ROOT / "README.zh-Hant.md", *sorted((ROOT / "docs").rglob("*.md"))]
CRUISER = (ROOT / "web" / ".dependency-cruiser.cjs").read_text()

Floors = list[str]
"""Rooms from the top down; `a | b`: rooms of one floor that do not import one another, `a : b`: they may."""


def pictures() -> dict[str, Floors]:
    """What docs/architecture.md shows, by the package that holds the rooms ("": the packages themselves)."""
    _, high, deep = (block.strip("\n") for block in re.findall(r"^```\n(.*?)^```$", ARCHITECTURE, re.M | re.S)[:3])
    found: dict[str, Floors] = {}
    for part in high.split("\n\n"):
        lines = part.splitlines()
        found[lines[0][:12].strip()] = [re.split(r" {2,}", line[12:].strip())[0] for line in lines]
    for line in deep.splitlines():
        package, floors = line.split(maxsplit=1)
        found[package] = floors.split(" ▶ ")
    return found


def python_contracts() -> dict[str, Floors]:
    """The contracts of import-linter about layers, by package."""
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    return {c.get("containers", [""])[0]: c["layers"] for c in contracts if c["type"] == "layers"}


def constant(name: str) -> str:
    """The value of `const NAME = …` in the configuration of dependency-cruiser, on one line."""
    line = re.search(rf"^const {name} = (.*)$", CRUISER, re.M)
    assert line is not None, name
    return line[1]


def browser_contracts() -> dict[str, Floors]:
    """The lists of rooms of dependency-cruiser, which begin with the lowest."""
    out = {}
    for package, name in (("web/src", "layers"), ("web/src/editor", "editorRooms"), ("web/src/canvas", "canvasRooms")):
        rooms = re.findall(r"[`']([^`']+)[`']", constant(name))
        groups = (("tools", " | "), ("beside", " | "), ("ground", " : "))
        beside = {f"(${{{name}}})": constant(name).strip("'").replace("|", between) for name, between in groups}
        out[package] = [beside.get(room, room) for room in reversed(rooms)]
    return out


def test_the_picture_shows_what_the_contracts_enforce() -> None:
    assert pictures() == {**python_contracts(), **browser_contracts()}


def test_every_room_is_there() -> None:
    for package, floors in pictures().items():
        folder = ROOT / package.replace(".", "/")
        for room in (room for floor in floors for room in re.split(r" [|:] ", floor)):
            assert (folder / room).is_dir() or (folder / f"{room}.py").is_file(), f"{package}: {room}"


def test_every_folder_of_the_browser_is_in_the_picture() -> None:
    drawn = {room for floor in pictures()["web/src"] for room in re.split(r" [|:] ", floor)}
    assert {path.name for path in (ROOT / "web" / "src").iterdir() if path.is_dir()} == drawn


PATH = re.compile(r"(?<![\w/.])(?:topology|protocol|agent|server|cli|web/src|web/tests|tests|script|examples|docs)/[\w./-]*\w")
EXAMPLE = {"docs/adding-a-kind.md": re.compile(r"kinds/(KIND|ipvlan)\.py$")}
"""Files that a worked example makes."""


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_every_path_in_a_document_exists(document: Path) -> None:
    example = EXAMPLE.get(document.relative_to(ROOT).as_posix())
    paths = [path for path in PATH.findall(document.read_text()) if not (example and example.search(path))]
    assert [path for path in paths if not (ROOT / path).exists()] == []


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_every_link_in_a_document_leads_somewhere(document: Path) -> None:
    links = re.findall(r"\]\(([^)#]+)[^)]*\)", document.read_text())
    assert [link for link in links if "://" not in link and not (document.parent / link).exists()] == []
