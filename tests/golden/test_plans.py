"""Plans as the shell commands that they are: from nothing to each example, and for edits that the kernel makes delicate.

`UPDATE=1 pytest tests/golden` writes the files anew; look at the difference before you commit it.
"""

import json
import os
from pathlib import Path

import pytest

from topology.document import document
from topology.edit import commands as c
from topology.edit.edit import edit
from topology.model.diff import apply
from topology.model.records import Records
from topology.plan.iproute2 import commands, script
from topology.plan.plan import plan

HERE = Path(__file__).parent
EXAMPLES = sorted((HERE.parents[1] / "examples").glob("*.json"))


def check(name: str, text: str) -> None:
    path = HERE / name
    if os.environ.get("UPDATE"):
        path.write_text(text)
    assert path.read_text() == text


def lab(name: str) -> Records:
    return document.load(json.loads((HERE.parents[1] / "examples" / f"{name}.json").read_text()))


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda p: p.stem)
def test_example(path: Path) -> None:
    check(f"{path.stem}.sh", script(document.load(json.loads(path.read_text()))))


EDITS: dict[str, tuple[str, c.AnyCommand]] = {
    "delete-namespace": ("bridge-with-three", c.Remove(ids=("namespace:ns1",))),
    "delete-bridge": ("bridge-with-three", c.Remove(ids=("interface:host/br0",))),
    "set-down": ("two-subnets-router", c.SetInterface(interface="r/left", changes={"up": False})),
}


@pytest.mark.parametrize("name", EDITS)
def test_edit(name: str) -> None:
    example, command = EDITS[name]
    before = lab(example)
    done = edit(before, command)
    after = apply(before, done.diff)
    there, back = plan(after, before, done.moves), plan(before, after)
    check(f"edit-{name}.sh", "\n".join(["# there", *commands(there), "# and back", *commands(back), ""]))
