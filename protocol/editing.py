"""Edits and their results, documents, history."""

from typing import Literal

import msgspec

from protocol.base import Request, Result
from protocol.labs import Context
from topology.edit.commands import AnyCommand
from topology.model.diff import Diff
from topology.model.problems import Problem
from topology.model.records import AnyRecord
from topology.plan.steps import AnyStep


class Edit(Request, frozen=True, kw_only=True, tag="edit"):
    """One edit: commands that are applied together or not at all. `base`: the revision that its author saw (None: no check for conflicts).

    The answer `Done` comes after the kernel was read back; a `Problem` means that nothing was changed. `label`: what the history calls the
    edit. `dry_run`: change nothing, answer `Planned`.
    """

    lab: str
    commands: tuple[AnyCommand, ...]
    base: int | None = None
    label: str = ""
    dry_run: bool = False


class Export(Request, frozen=True, kw_only=True, tag="export"):
    """A lab as text. Answer: `Exported`. `observed`: the state of the kernel instead of the document. `format`: the document, or a script
    of the equivalent commands. `ids`: only these namespaces, bridges, areas and notes, with their contents and the links among them (for
    the command `paste`); None: everything."""

    lab: str
    observed: bool = False
    format: Literal["json", "shell"] = "json"
    ids: tuple[str, ...] | None = None


class History(Request, frozen=True, kw_only=True, tag="history"):
    """A page of the edits of a lab: at most `limit` with numbers below `before` (None: the newest). Answer: `HistoryList`."""

    lab: str
    before: int | None = None
    limit: int = 200


class Side(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """One side of a comparison: by default the lab's document as it is now. `document`: this text; `lab`: another lab's document;
    `number`: the lab's document after this entry of its history (0: before the oldest one that is kept). At most one is given."""

    document: str | None = None
    lab: str | None = None
    number: int | None = None


class Compare(Request, frozen=True, kw_only=True, tag="compare"):
    """Two documents, and what is between them. Answer: `Compared`."""

    lab: str
    before: Side = Side()
    after: Side = Side()


class Compared(Result, frozen=True, kw_only=True, tag="compared"):
    """What differs: as `words`, a line for each record (English), as a `diff`, and as the texts of both documents. `shell`: the commands
    that make the kernel the second out of the first."""

    words: tuple[str, ...]
    diff: Diff[AnyRecord]
    before: str
    after: str
    shell: tuple[str, ...] = ()


class Done(Result, frozen=True, kw_only=True, tag="done"):
    """The request is carried out; an edit of a live lab is in the kernel, which was read back.

    `revision`: that of the lab now. `steps`: how many steps the kernel was asked for. `deploy_seconds`: from the arrival of the request
    until the kernel was read back. `made`: ids of new records. `changed`: how many records of the document are others now.
    `left_out`, of a start: what of the document the kernel refused; the lab runs without it.
    `unheld`, of a stop: what a shell had made and documents do not hold; it is gone.
    """

    revision: int = 0
    steps: int = 0
    changed: int = 0
    deploy_seconds: float | None = None
    made: tuple[str, ...] = ()
    left_out: tuple[Problem, ...] = ()
    unheld: tuple[Problem, ...] = ()


class Planned(Result, frozen=True, kw_only=True, tag="planned"):
    """What an edit would do. `shell`: the commands for `steps`. `diff`: the change of the document. `made`: ids of new records."""

    steps: tuple[AnyStep, ...]
    shell: tuple[str, ...]
    diff: Diff[AnyRecord] = Diff()
    made: tuple[str, ...] = ()


class Change(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One edit in the history. `number`: counts from 1. `undone`: undo has taken it back. `shell`: the equivalent commands."""

    number: int
    context: Context
    diff: Diff[AnyRecord]
    undone: bool = False
    shell: tuple[str, ...] = ()


class Exported(Result, frozen=True, kw_only=True, tag="exported"):
    """The text of a document, of a script, or of iptables-save(8). `unheld`: what of a live lab documents do not hold."""

    text: str
    unheld: tuple[Problem, ...] = ()


class HistoryList(Result, frozen=True, kw_only=True, tag="history"):
    """The edits, newest first. `more`: there are older ones; ask again with `before` the last number here."""

    changes: tuple[Change, ...]
    more: bool = False
