"""Edits and what comes of them; documents; history."""

from typing import Literal

import msgspec

from protocol.base import Request, Result
from protocol.labs import Context
from topology.edit.commands import AnyCommand
from topology.model.diff import Diff
from topology.model.records import AnyRecord
from topology.plan.steps import AnyStep


class Edit(Request, frozen=True, kw_only=True, tag="edit"):
    """One edit, made of commands that happen together or not at all. `base`: the revision that its author saw (None: any).

    The answer `Done` comes when the kernel was read back; a `Problem` means that nothing was changed. `dry_run`: do not touch the
    kernel, answer `Planned`.
    """

    lab: str
    commands: tuple[AnyCommand, ...]
    base: int | None = None
    label: str = ""
    dry_run: bool = False


class Export(Request, frozen=True, kw_only=True, tag="export"):
    """Answer: `Exported`. `observed`: what the kernel is, instead of what the document says. `ids`: a document of only these
    namespaces, bridges, areas and notes, with what is in them and the links among them (`Paste` takes it)."""

    lab: str
    observed: bool = False
    format: Literal["json", "shell"] = "json"
    ids: tuple[str, ...] | None = None


class History(Request, frozen=True, kw_only=True, tag="history"):
    """A page of the history: at most `limit` entries with numbers below `before` (None: the newest). Answer: `HistoryList`."""

    lab: str
    before: int | None = None
    limit: int = 200


class Done(Result, frozen=True, kw_only=True, tag="done"):
    """It is so in the kernel (where there is one). `deploy_seconds`: from the document being here to the kernel read back."""

    revision: int = 0
    steps: int = 0
    deploy_seconds: float | None = None
    made: tuple[str, ...] = ()


class Planned(Result, frozen=True, kw_only=True, tag="planned"):
    """What an edit would do. `shell`: the steps as commands; `diff`: the change of the document; `made`: ids of what would be new."""

    steps: tuple[AnyStep, ...]
    shell: tuple[str, ...]
    diff: Diff[AnyRecord] = Diff()
    made: tuple[str, ...] = ()


class Change(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One entry of the history. `shell`: the commands that do the same."""

    number: int
    context: Context
    diff: Diff[AnyRecord]
    undone: bool = False
    shell: tuple[str, ...] = ()


class Exported(Result, frozen=True, kw_only=True, tag="exported"):
    text: str


class HistoryList(Result, frozen=True, kw_only=True, tag="history"):
    """The newest first. `more`: there are older ones; ask again with `before` the last number here."""

    changes: tuple[Change, ...]
    more: bool = False
