"""docs/adding-a-kind.md is true: its files, put into a copy of the tree, are a kind with all that belongs to one."""

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
_FILE = re.compile(r"^#### `(\S+)`\n```python\n(.*?)^```$", re.M | re.S)
FILES = dict(_FILE.findall((ROOT / "docs" / "adding-a-kind.md").read_text()))
DECLARATION, DRIVER = FILES

ASKED = """
import json, runpy
from agent.netlink.kinds import DRIVERS
from agent.netlink.wire import Batch, attributes
from topology.document import document
from topology.document.schema import schema
from topology.edit import commands as c
from topology.edit.edit import edit
from topology.model.diff import apply
from topology.model.kinds import BY_WORD
from topology.model.problems import ProblemError
from topology.model.records import Namespace, Veth, as_records
from topology.plan.iproute2 import commands
from topology.plan.plan import plan

lab = as_records(
    Namespace(name="host"), Namespace(name="a"), Veth(namespace="a", name="e", peer="host/e"), Veth(namespace="host", name="e", peer="a/e")
)
toy = BY_WORD["ipvlan"](namespace="host", name="i0", parent="a/e", flag="private")
added = apply(lab, edit(lab, c.AddInterface(interface=toy)).diff)
changed = apply(added, edit(added, c.SetInterface(interface="host/i0", changes={"mode": "l2"})).diff)
anew = apply(added, edit(added, c.SetInterface(interface="host/i0", changes={"flag": "vepa"})).diff)
gone = apply(added, edit(added, c.Remove(ids=("interface:a/e",))).diff)
both = as_records(
    Namespace(name="host"), Namespace(name="a"), Namespace(name="b"), Veth(namespace="a", name="e", peer="b/e"),
    Veth(namespace="b", name="e", peer="a/e"), BY_WORD["ipvlan"](namespace="b", name="i0", parent="a/e"),
)
copied = apply(both, edit(both, c.Duplicate(ids=("namespace:a", "namespace:b"))).diff)
try:
    on_itself = BY_WORD["ipvlan"](namespace="host", name="i1", parent="host/i0")
    refused = edit(added, c.AddInterface(interface=on_itself)).diff and ""
except ProblemError as e:
    refused = str(e)
batch = Batch()
DRIVERS["ipvlan"].put(batch, toy, ("mode", "flag"), 0)
generate = runpy.run_path("script/generate")
print(json.dumps({
    "schema": sorted(schema()["$defs"]["Ipvlan"]["properties"]),
    "document": document.load(document.dump(added))[toy.id] == toy,
    "lines": commands(plan(added, lab)),
    "changed": commands(plan(changed, added)),
    "anew": commands(plan(anew, added)),
    "gone": [*gone],
    "copied": {key: copied[key].parent for key in copied.keys() - both.keys() if key.endswith("/i0")},
    "refused": refused,
    "observed": DRIVERS["ipvlan"].observe(attributes(bytes(batch.buffer))),
    "form": next(s for s in map(generate["kind_spec"], generate["KINDS"]) if s["kind"] == "ipvlan"),
    "types": "export type Ipvlan = {" in generate["typescript"](),
    "table": '"ipvlan": {' in generate["kinds_table"](),
}))
"""


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A copy of the program with the files of the page."""
    for name in ("topology", "agent", "protocol", "script", "tests/unit"):
        shutil.copytree(ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))
    for path, text in FILES.items():
        (tmp_path / path).write_text(text)
    return tmp_path


def _python(tree: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-B", *arguments], cwd=tree, env={"PYTHONPATH": str(tree), "PATH": "/usr/bin:/bin"}, capture_output=True, text=True
    )


def _whole(tree: Path) -> subprocess.CompletedProcess[str]:
    """The test that asks whether kinds are whole."""
    return _python(tree, "-m", "pytest", "-p", "no:cacheprovider", "-q", "tests/unit/test_kinds.py", "-k", "whole or each_driver")


def test_the_page_makes_a_kind(tree: Path) -> None:
    done = _python(tree, "-c", ASKED)
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    assert {"mode", "flag", "parent", "mtu", "addresses"} <= set(found["schema"])
    assert found["document"]
    assert found["lines"] == ["ip -n a link add link e name i0 netns $$ type ipvlan mode l3 private", "ip link set i0 up"]
    assert found["changed"] == ["ip link set i0 type ipvlan mode l2"]
    assert found["anew"][0] == "ip link delete i0"
    assert found["gone"] == ["namespace:host", "namespace:a"]
    assert found["copied"] == {"interface:b2/i0": "a2/e"}
    assert "is itself of kind ipvlan" in found["refused"]
    assert found["observed"] == {"mode": "l3", "flag": "private"}
    assert found["types"]
    assert found["table"]
    form = found["form"]
    assert [(f["name"], f["type"], f["changeable"]) for f in form["fields"]] == [
        ("parent", "lower", False), ("mode", "choice", True), ("flag", "choice", False),
    ]  # fmt: skip
    assert (form["port"], form["macFixed"], form["lower"]["elsewhere"]) == (True, True, True)
    done = _whole(tree)
    assert done.returncode == 0, done.stdout


def test_a_part_that_is_forgotten_is_told(tree: Path) -> None:
    (tree / DRIVER).unlink()
    assert "has a driver for exactly the kinds with fields" in _whole(tree).stdout
    (tree / DECLARATION).write_text(FILES[DECLARATION].replace('Field("flag", option=str, fixed=True)', ""))
    assert "declared are ['mode', 'parent'], the fields are ['flag', 'mode', 'parent']" in _whole(tree).stdout
