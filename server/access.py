"""Who may do what: the one place that every request passes, and the tokens that it goes by."""

import hashlib
import hmac
import secrets
import threading
from typing import NamedTuple

from protocol import public as q
from protocol.access import Role, TokenInfo
from server.clock import now
from server.storage import Storage, StoredToken
from topology.model.problems import Code, Problem, ProblemError, unknown


class Access(NamedTuple):
    """What a token allows. `lab` None: all labs. `terminals`: who may only look may look at them too."""

    token: str
    role: Role
    lab: str | None = None
    terminals: bool = True


ADMIN = Access("admin", "admin")

_OWN = (q.ListLabs, q.ListExamples, q.ListExamples, q.Input, q.Cancel, q.DetachTerminal, q.ResizeTerminal)
"""About the caller's own session, or cut to what it may see."""
_ADMIN_ONLY = (q.NewLab, q.DestroyLab, q.Doctor, q.SetUplink, q.MakeToken, q.RevokeToken, q.ListTokens, q.Backup, q.Restore)
_LOOKING = (
    q.Open, q.Close, q.Look, q.Export, q.Explain, q.History, q.Predict, q.CheckRule, q.ExportRules, q.Vocabulary, q.Analyse,
    q.ReadCapture,
)  # fmt: skip
"""What a `view` token may do. A request that is in none of these needs `edit`: so a new one is never open by mistake."""


def allow(access: Access, request: q.AnyRequest) -> None:
    """Raises ProblemError (DENIED) where the token does not allow it."""
    if access.role == "admin" or isinstance(request, _OWN):
        return
    if isinstance(request, _ADMIN_ONLY):
        raise denied("only the administrator's token allows that")
    lab = getattr(request, "lab", None)
    if lab != access.lab:
        raise denied(f"this token is for lab {access.lab} alone")
    watches = access.terminals and isinstance(request, q.AttachTerminal)
    if access.role == "view" and not watches and not isinstance(request, _LOOKING):
        raise denied(f"this token only allows to look at lab {access.lab}")


def denied(message: str) -> ProblemError:
    return ProblemError(Problem(code=Code.DENIED, message=message, hint="ask whoever runs this server for another address"))


def sees(access: Access, lab: str) -> bool:
    """Whether a lab is in this token's list."""
    return access.lab in (None, lab)


def _info(token: StoredToken) -> TokenInfo:
    return TokenInfo(lab=token.lab, name=token.name, role=token.role, made=token.made, terminals=token.terminals)


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


class Tokens:
    """The administrator's token, and those for single labs, as digests."""

    def __init__(self, storage: Storage) -> None:
        self._admin, self._storage = _digest(storage.token()), storage
        self._lock = threading.Lock()
        self._tokens = storage.tokens()

    def reload(self) -> None:
        """They were changed in the database."""
        with self._lock:
            self._tokens = self._storage.tokens()

    def known(self, given: str | None) -> Access | None:
        """What a token allows; None where it is none of ours."""
        if given is None:
            return None
        digest = _digest(given)
        if hmac.compare_digest(digest, self._admin):
            return ADMIN
        found = [t for t in self._tokens if hmac.compare_digest(digest, t.digest)]
        return Access(f"{found[0].lab}/{found[0].name}", found[0].role, found[0].lab, found[0].terminals) if found else None

    def make(self, request: q.MakeToken) -> q.TokenMade:
        """Raises ProblemError where the name is taken."""
        with self._lock:
            names = {t.name for t in self._tokens if t.lab == request.lab}
            name = request.name or next(f"{request.role}-{n}" for n in range(1, len(names) + 2) if f"{request.role}-{n}" not in names)
            if name in names:
                raise ProblemError(Problem(code=Code.EXISTS, message=f"lab {request.lab} has a token {name}", hint="take another name"))
            token = secrets.token_urlsafe(24)
            terminals = request.role == "edit" or request.terminals
            made = StoredToken(lab=request.lab, name=name, role=request.role, made=now(), digest=_digest(token), terminals=terminals)
            self._storage.add_token(made)
            self._tokens = [*self._tokens, made]
            return q.TokenMade(token=token, info=_info(made))

    def revoke(self, lab: str, name: str | None) -> None:
        """One, or with None all of a lab (which is destroyed). Raises ProblemError where there is none of that name."""
        with self._lock:
            left = [t for t in self._tokens if t.lab != lab or name not in (None, t.name)]
            if name is not None and len(left) == len(self._tokens):
                raise unknown(f"lab {lab} has no token {name}", None, f"vethboard token {lab} --list names them")
            if len(left) != len(self._tokens):
                self._storage.delete_tokens(lab, name)
                self._tokens = left

    def listed(self, lab: str | None) -> q.Tokens:
        return q.Tokens(tokens=tuple(_info(t) for t in self._tokens if lab in (None, t.lab)))
