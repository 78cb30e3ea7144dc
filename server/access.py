"""Access control: the tokens, and what each allows."""

import hashlib
import hmac
import secrets
import threading
from typing import Literal, NamedTuple

from protocol.access import MakeToken, Role, TokenInfo, TokenMade, Tokens
from server.clock import now
from server.problems import denied
from server.storage import Storage, StoredToken
from topology.model.people import display_name, is_reserved
from topology.model.problems import Code, Problem, ProblemError, unknown

Permission = Literal["any", "view", "terminals", "edit", "admin"]
"""What a request needs. `any`: any token, as it concerns the caller's own connection or only what the token sees. `terminals`: a token that
may see terminals. `admin`: the administrator's token. The others: a token for its lab."""

_OF_ROLE: dict[Role, frozenset[Permission]] = {
    "view": frozenset(("any", "view")),
    "edit": frozenset(("any", "view", "terminals", "edit")),
    "admin": frozenset(("any", "view", "terminals", "edit", "admin")),
}


class Access(NamedTuple):
    """What a token allows. `token`: `LAB/NAME`, or `admin`. `lab` None: all labs. `terminals`: a `view` token may see terminals."""

    token: str
    role: Role
    lab: str | None = None
    terminals: bool = True

    @property
    def permissions(self) -> frozenset[Permission]:
        """All that it grants in its lab."""
        return _OF_ROLE[self.role] | ({"terminals"} if self.terminals else frozenset())

    @property
    def token_name(self) -> str:
        """The name by which the token is listed and revoked; empty: the administrator's."""
        return self.token.partition("/")[2]

    @property
    def author(self) -> str:
        """What the history calls whoever uses it."""
        name = self.token_name
        return f"token {name}" if is_reserved(name) else name or "admin"


ADMIN = Access("admin", "admin")


def allow(access: Access, needed: Permission, lab: str | None) -> None:
    """Raises ProblemError (DENIED) where the token does not allow a request that concerns `lab` (None: no single one)."""
    if access.role == "admin" or needed == "any":
        return
    if needed == "admin":
        raise denied("only the administrator's token allows that")
    if lab != access.lab:
        raise denied(f"this token is for lab {access.lab} alone")
    if needed not in access.permissions:
        raise denied(f"this token only allows viewing lab {access.lab}")


def sees(access: Access, lab: str) -> bool:
    """Whether a lab is in this token's list."""
    return access.lab in (None, lab)


def _info(token: StoredToken) -> TokenInfo:
    """What may be shown of it."""
    return TokenInfo(lab=token.lab, name=token.name, role=token.role, made=token.made, terminals=token.terminals)


def _access(token: StoredToken) -> Access:
    """What it allows."""
    return Access(f"{token.lab}/{token.name}", token.role, token.lab, token.terminals)


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


class TokenStore:
    """The administrator's token, and the tokens for single labs, as digests. They are read from the database once."""

    def __init__(self, storage: Storage) -> None:
        self._admin, self._storage = _digest(storage.token()), storage
        self._lock = threading.Lock()
        self._tokens = storage.tokens()

    def reload(self) -> None:
        """Read them again: they were changed in the database."""
        with self._lock:
            self._tokens = self._storage.tokens()

    def access(self, token: str | None) -> Access | None:
        """What a token allows; None: it is not valid."""
        if token is None:
            return None
        digest = _digest(token)
        if hmac.compare_digest(digest, self._admin):
            return ADMIN
        return next((_access(t) for t in self._tokens if hmac.compare_digest(digest, t.digest)), None)

    def make(self, request: MakeToken) -> TokenMade:
        """Add a token. Raises ProblemError: (EXISTS) the lab has one of that name, (INVALID) it cannot be a name."""
        with self._lock:
            names = {t.name for t in self._tokens if t.lab == request.lab}
            free = (f"{request.role}-{n}" for n in range(1, len(names) + 2) if f"{request.role}-{n}" not in names)
            name = display_name(request.name) if request.name else next(free)
            if name in names:
                raise ProblemError(Problem(code=Code.EXISTS, message=f"lab {request.lab} has a token {name}", hint="take another name"))
            token = secrets.token_urlsafe(24)
            terminals = request.role == "edit" or request.terminals
            made = StoredToken(lab=request.lab, name=name, role=request.role, made=now(), digest=_digest(token), terminals=terminals)
            self._storage.add_token(made)
            self._tokens = [*self._tokens, made]
            return TokenMade(token=token, info=_info(made))

    def revoke(self, lab: str, name: str | None) -> None:
        """Remove one token of a lab, or with None all of them. Raises ProblemError (UNKNOWN) where there is none of that name."""
        with self._lock:
            kept = [t for t in self._tokens if t.lab != lab or name not in (None, t.name)]
            if name is not None and len(kept) == len(self._tokens):
                raise unknown(f"lab {lab} has no token {name}", None, f"vethboard token {lab} --list names them")
            if len(kept) != len(self._tokens):
                self._storage.delete_tokens(lab, name)
                self._tokens = kept

    def listed(self, lab: str | None) -> Tokens:
        """The tokens of one lab, or with None of all."""
        return Tokens(tokens=tuple(_info(t) for t in self._tokens if lab in (None, t.lab)))
