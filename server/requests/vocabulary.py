"""The matches and targets of the installed iptables: the first lab whose user needs them is asked, once for each driver and family."""

import threading

from protocol import private as p
from protocol import public as q
from server.lab.workspace import Workspace
from server.outbox import Session
from server.requests.running import printed
from topology.model.netfilter import Driver, Family
from topology.rules.vocabulary import read

_known: dict[tuple[Driver | None, Family], q.VocabularyOf] = {}
_lock = threading.Lock()


def answer(workspace: Workspace, session: Session, request: q.Vocabulary) -> None:
    """Answer the request, at once where the answer is known."""
    key = (workspace.firewall, request.family)
    with _lock:
        known = _known.get(key)
    if known is not None:
        session.answer(request.id, known)
        return

    def result(text: str) -> q.VocabularyOf:
        version, extensions = read(text)
        found = q.VocabularyOf(version=version, extensions=extensions)
        with _lock:
            _known[key] = found
        return found

    def make(id: int) -> p.ListExtensions:
        return p.ListExtensions(id=id, channel=id, family=request.family)

    printed(workspace.live_link(), session, request.id, "the list of extensions", make, result)
