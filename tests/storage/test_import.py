"""A state directory as Vethboard made it before there was a database (`tests/data/state-before-database`) is taken over and kept."""

import hashlib
import shutil
from pathlib import Path

import pytest
from sqlalchemy import select

from server.storage import Storage, import_files
from server.storage.tables import kept_documents
from tests.storage.edits import Editor, names, numbers
from topology.model.problems import ProblemError

OLD = Path(__file__).resolve().parents[1] / "data" / "state-before-database"


@pytest.fixture
def old(state: Path) -> Path:
    shutil.copytree(OLD, state)
    (state / "labs" / "fresh").mkdir(exist_ok=True)  # made, and the server was killed before its document was written
    return state


def _tree(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def test_all_of_it_is_taken_over_and_the_files_are_kept(old: Path, url: str | None) -> None:
    before = _tree(old)
    storage = Storage.open(old, url)
    assert storage.labs() == ["broken", "fresh", "lesson", "no-text", "stopped-one"]
    stored = storage.lab("lesson").load()
    assert names(stored.records) == {"ns0", "ns3"}
    assert "placement:ns3" in stored.records
    assert stored.live
    assert numbers(storage.lab("lesson")) == [(1, False), (4, False), (5, True)], (
        "what an edit ended stays ended; a cut off line is passed over"
    )
    assert not storage.lab("stopped-one").load().live
    assert names(storage.lab("fresh").load().records) == set()
    assert storage.token() == "an-old-token-of-the-administrator"
    digest = hashlib.sha256(b"Y6dO4QV6xEO6lpxwjMlmtphmZn7M4icv").hexdigest()
    assert {(t.lab, t.name, t.role, t.terminals) for t in storage.tokens()} == {
        ("lesson", "class", "view", False),
        ("lesson", "tutor", "edit", True),
    }
    assert digest in {t.digest for t in storage.tokens()}
    kept = {f"labs.before-database/{name.removeprefix('labs/')}": text for name, text in before.items() if name.startswith("labs/")}
    after = _tree(old)
    assert {name: after[name] for name in kept} == kept
    assert after["token.before-database"] == before["token"]
    assert after["tokens.json.before-database"] == before["tokens.json"]
    assert not (old / "labs").exists()
    storage.close()


def test_it_goes_on_where_it_was(old: Path, url: str | None) -> None:
    storage = Storage.open(old, url)
    lab = Editor(storage.lab("lesson"))
    lab.redo()
    assert names(lab.records) == {"ns0", "ns3", "ns4"}
    lab.undo()
    lab.undo()
    lab.add("new")
    assert numbers(lab.store) == [(1, False), (6, False)]
    storage.close()


def test_documents_that_do_not_load_are_taken_over_as_they_are(old: Path, url: str | None) -> None:
    storage = Storage.open(old, url)
    broken = storage.lab("broken").load()
    assert broken.problem is not None
    assert broken.live
    assert storage.lab("no-text").load().problem is not None
    kept = storage._database.read(lambda c: c.execute(select(kept_documents.c.lab, kept_documents.c.document)).all())
    assert kept == [("no-text", (OLD / "labs" / "no-text" / "document.json").read_bytes())]
    storage.close()


def test_a_start_that_is_cut_off_begins_again(old: Path, url: str | None, monkeypatch: pytest.MonkeyPatch) -> None:
    before = _tree(old)

    def cut(*_: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as m:
        m.setattr(import_files, "put_token", cut)
        with pytest.raises(ProblemError, match="No space left"):
            Storage.open(old, url)
    assert {name: text for name, text in _tree(old).items() if not name.startswith("vethboard.db")} == before
    with monkeypatch.context() as m:
        m.setattr(import_files, "put_aside", cut)  # after the commit
        with pytest.raises(ProblemError, match="No space left"):
            Storage.open(old, url)
    storage = Storage.open(old, url)
    lab = Editor(storage.lab("lesson"))
    lab.add("more")
    storage.close()
    assert not (old / "labs").exists()
    assert "more" in names(Storage.open(old, url).lab("lesson").load().records)
