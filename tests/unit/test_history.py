"""The history is after a restart what it was before, also when a crash cut its file off."""

from pathlib import Path

import pytest

from protocol.public import Context
from server.lab.history import History
from server.storage import LabFiles
from topology.model.diff import Diff
from topology.model.records import AnyRecord, Namespace, Vxlan

BY = Context(author="ann", label="add namespace")


def adds(name: str) -> Diff[AnyRecord]:
    return Diff(added={f"namespace:{name}": Namespace(name=name)})


@pytest.fixture
def files(tmp_path: Path) -> LabFiles:
    files = LabFiles(tmp_path / "one")
    files.create()
    return files


def test_undo_and_redo_walk_the_list_and_a_new_edit_ends_what_was_undone() -> None:
    history = History()
    first, second = history.add(BY, adds("ns0")), history.add(BY, adds("ns1"))
    assert history.to_undo == second
    history.mark(second, True)
    assert history.to_undo == first
    assert history.to_redo is not None
    assert history.to_redo.number == second.number
    third = history.add(BY, adds("ns2"))
    assert history.to_redo is None
    assert third.number > second.number


def test_a_restart_does_not_bring_back_what_can_no_longer_be_done_again(files: LabFiles) -> None:
    history = History()
    history.add(BY, adds("ns0"))
    history.mark(history.add(BY, adds("ns1")), True)
    history.add(BY, adds("ns2"))
    files.append(history.take_unsaved())
    again = History(files.history())
    assert again.changes == history.changes
    assert again.to_redo is None


def test_what_was_undone_last_can_be_done_again_after_a_restart(files: LabFiles) -> None:
    history = History()
    change = history.add(BY, adds("ns0"))
    files.append(history.take_unsaved())
    history.mark(change, True)
    files.append(history.take_unsaved())
    again = History(files.history())
    assert again.to_undo is None
    assert again.to_redo == history.to_redo


def test_a_line_that_was_cut_off_costs_that_change_only(files: LabFiles) -> None:
    history = History()
    history.add(BY, adds("ns0"))
    files.append(history.take_unsaved())
    with (files.folder / "history.jsonl").open("ab") as f:
        f.write(b'{"number":2,"con')
    history.add(BY, adds("ns1"))
    files.append(history.take_unsaved())
    assert files.history() == history.changes


def test_a_number_is_never_given_twice_also_after_a_restart(files: LabFiles) -> None:
    history = History()
    history.add(BY, adds("ns0"))
    second, third = history.add(BY, adds("ns1")), history.add(BY, adds("ns2"))
    history.mark(third, True)
    history.mark(second, True)
    files.append(history.take_unsaved())
    again = History(files.history())
    fourth = again.add(BY, adds("ns3"))
    files.append(again.take_unsaved())
    assert fourth.number > third.number
    assert files.history() == again.changes


def test_a_key_of_older_histories_is_still_read(files: LabFiles) -> None:
    vxlan = Vxlan(namespace="host", name='"port_number":', vni=7, dstport=8472)
    history = History()
    history.add(BY, Diff(added={vxlan.id: vxlan}))
    files.append(history.take_unsaved())
    path = files.folder / "history.jsonl"
    path.write_text(path.read_text().replace('"dstport":8472', '"port_number":8472'))
    assert [change.diff.added for change in files.history()] == [{vxlan.id: vxlan}]
