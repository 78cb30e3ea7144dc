"""The document of a lab with its history: what an edit makes of it, what is refused, and the way into the database."""

from collections.abc import Callable, Iterable, Mapping
from typing import NamedTuple

from protocol.public import Change, Context
from server.lab.policy import adopt
from server.lab.publisher import Labels
from server.storage import Amend, LabStore, Move, NewEntry
from topology.edit.commands import AnyCommand, ImportRules, KeepDrift, Redo, Undo
from topology.edit.edit import edit, placed
from topology.model import ids
from topology.model.diff import Diff, apply, reverse
from topology.model.netfilter import Driver
from topology.model.problems import Code, Problem, ProblemError, invalid
from topology.model.records import AnyRecord, Lab, Policy, Records
from topology.model.splice import Misfit
from topology.model.tracked import Tracked

MAX_AUTHORS = 5000
"""Fields of which it is known who changed them last. Who has not seen a change that is older is refused where it might matter."""


class Draft(NamedTuple):
    """The document as it would be after an edit. `moves`: old to new `ns/name` of renamed interfaces. `made`: ids of new records. `step`:
    the history entry that is undone or redone."""

    after: Records
    moves: Mapping[str, str] = {}
    made: tuple[str, ...] = ()
    step: Change | None = None


Importing = Callable[[Records, ImportRules], Records]
"""The records after an import of rules. Raises ProblemError."""


class Drift(NamedTuple):
    """What `KeepDrift` takes over: the observed records, and the ids that differ."""

    observed: Mapping[str, AnyRecord]
    ids: tuple[str, ...]


class Document:
    """Of one lab. `desired`: its records; only `keep` and `replace` change them."""

    def __init__(self, store: LabStore) -> None:
        self.store = store
        stored = store.load()
        self.desired: Records = Tracked.of(stored.records)
        self.resumes = stored.live and stored.problem is None
        """The lab was live when the server ended."""
        self._authors: dict[tuple[str, str], tuple[int, str]] = {}
        """Who changed a field (record id, name) last, and at which revision; the newest last."""
        self._known_since = 0
        """Before this revision, who changed a field is not known any more."""

    @property
    def policy(self) -> Policy:
        """What happens to changes from outside."""
        lab = self.desired.get(ids.LAB)
        return lab.policy if isinstance(lab, Lab) else "follow"

    @property
    def firewall(self) -> Driver | None:
        """The iptables variant that it asks for."""
        lab = self.desired.get(ids.LAB)
        return lab.firewall if isinstance(lab, Lab) else None

    def labels(self) -> Labels:
        """What undo and redo would do."""
        undo, redo = self.store.heads
        by, session = (undo.context.name or undo.context.author, undo.context.session) if undo else ("", "")
        return Labels(undo.context.label or "edit" if undo else "", redo.context.label or "edit" if redo else "", by, session)

    # ---- what an edit makes of it ------------------------------------------------------------------------------------

    def draft(self, commands: tuple[AnyCommand, ...], drift: Drift, importing: Importing | None = None) -> Draft:
        """The document after these commands. Raises ProblemError; nothing is changed. `importing`: how rules are imported, of a lab that
        is live."""
        if len(commands) > 1 and any(isinstance(c, Undo | Redo) for c in commands):
            raise invalid("undo and redo cannot be combined with other commands", None, "send it alone")
        draft, alone = Draft(Tracked.of(self.desired)), len(commands) == 1
        for command in commands:
            draft = self._with_command(draft, command, drift, importing, alone)
        return draft if alone else draft._replace(after=placed(draft.after, draft.made))

    def _with_command(self, draft: Draft, command: AnyCommand, drift: Drift, importing: Importing | None, places: bool) -> Draft:
        match command:
            case Undo():
                change = _change_or_refuse(self.store.heads.undo, "undo")
                return draft._replace(after=_stepped(self.desired, reverse(change.diff)), step=change)
            case Redo():
                change = _change_or_refuse(self.store.heads.redo, "redo")
                return draft._replace(after=_stepped(self.desired, change.diff), step=change)
            case KeepDrift():
                return draft._replace(after=adopt(draft.after, drift.observed, command.ids or drift.ids))
            case ImportRules() if importing is not None and ids.namespace(command.namespace) in draft.after:
                return draft._replace(after=importing(draft.after, command))
        result = edit(draft.after, command, places)
        return Draft(apply(draft.after, result.diff), _compose(draft.moves, result.moves), (*draft.made, *result.made), draft.step)

    def check_conflicts(self, diff: Diff[AnyRecord], base: int | None, who: str) -> None:
        """Refuse to change a field that somebody else has changed since the author last saw it (revision `base`).

        Rules of a chain are exempt: a command that refers to a rule says which text it expects there.
        """
        if base is None:
            return
        for key, field in _fields(diff):
            if ids.kind_of(key) == "chain" and field in ("rules", "*"):
                continue
            revision, author = self._authors.get((key, field), (self._known_since, ""))
            if revision > base and author != who:
                hint = "check its current value, and repeat the change if you still want it"
                message = "somebody else has changed this in the meantime"
                raise ProblemError(Problem(code=Code.CONFLICT, message=message, subject=key, hint=hint))

    def refuse_unreadable(self) -> None:
        """Raises ProblemError where the stored document does not load."""
        if self.store.problem is not None:
            raise ProblemError(self.store.problem)

    # ---- into the database -------------------------------------------------------------------------------------------

    def keep(self, after: Records, diff: Diff[AnyRecord], entry: NewEntry | Amend | Move | None) -> None:
        """The document is `after` from now on: durable when this returns. Raises ProblemError, and then nothing has changed."""
        if diff or isinstance(entry, Move):
            self.store.commit(after, diff, entry)
        self.desired = Tracked.of(after)

    def replace(self, after: Records, entry: NewEntry) -> None:
        """As `keep`, in the place of a stored document that does not load."""
        self.store.replace(after, entry)
        self.desired = Tracked.of(after)

    def remember(self, diff: Diff[AnyRecord], context: Context, revision: int) -> None:
        """Who has changed what, for `check_conflicts`. `revision`: that of the change."""
        who = context.session or context.author
        for field in _fields(diff):
            self._authors.pop(field, None)
            self._authors[field] = (revision, who)
        while len(self._authors) > MAX_AUTHORS:
            self._known_since, _ = self._authors.pop(next(iter(self._authors)))


def _change_or_refuse(change: Change | None, what: str) -> Change:
    if change is None:
        raise ProblemError(Problem(code=Code.UNKNOWN, message=f"there is nothing to {what}"))
    return change


def _stepped(desired: Records, diff: Diff[AnyRecord]) -> Records:
    """The document with an entry of the history done or taken back. Rules that iptables has printed in another way since (they are adopted
    after a start, which is no entry) are found by their number. Raises ProblemError (CONFLICT)."""
    try:
        return apply(desired, diff)
    except Misfit:
        pass
    try:
        return apply(desired, diff, strict=False)
    except Misfit as e:
        message = f"the records that this edit changed are no longer those that it left: {e}"
        raise ProblemError(Problem(code=Code.CONFLICT, message=message, hint="change them by an edit of its own")) from e


def _fields(diff: Diff[AnyRecord]) -> Iterable[tuple[str, str]]:
    return ((key, field) for key in diff.ids for field in fields_of(diff, key))


def fields_of(diff: Diff[AnyRecord], key: str) -> tuple[str, ...]:
    """The names of the fields of a record that a diff changes; `*` for one that it adds, removes or replaces by another kind."""
    if key in diff.spliced:
        return tuple(dict.fromkeys(made.path[0] for made in diff.spliced[key]))
    if key not in diff.updated:
        return ("*",)
    before, after = diff.updated[key]
    if type(before) is not type(after):
        return ("*",)
    return tuple(f for f in before.__struct_fields__ if getattr(before, f) != getattr(after, f))


def _compose(first: Mapping[str, str], second: Mapping[str, str]) -> dict[str, str]:
    """The moves (old → new) of two edits, one after the other, as one."""
    out = {old: second.get(new, new) for old, new in first.items()}
    taken = set(first.values())
    out.update((old, new) for old, new in second.items() if old not in taken)
    return out
