"""The matches and targets of the installed iptables: asked of its programs once, in the first lab that wants to know."""

import threading

from protocol import public as q
from server.lab.workspace import Workspace
from server.outbox import Session
from server.requests.running import words
from topology.model.netfilter import Driver, Family
from topology.rules.vocabulary import SCRIPT, read

_known: dict[tuple[Driver | None, Family], q.VocabularyOf] = {}
_lock = threading.Lock()


def tell(workspace: Workspace, session: Session, request: q.Vocabulary) -> None:
    """Answer, at once where it is known."""
    key = (workspace.firewall, request.family)
    with _lock:
        known = _known.get(key)
    if known is not None:
        session.answer(request.id, known)
        return
    program, own = ("iptables", "ipt") if request.family == "ipv4" else ("ip6tables", "ip6t")
    script = SCRIPT.format(iptables=program, own=own)

    def result(text: str) -> q.VocabularyOf:
        version, extensions = read(text)
        found = q.VocabularyOf(version=version, extensions=extensions)
        with _lock:
            _known[key] = found
        return found

    words(workspace.live_link(), session, request.id, ("bash", "-c", script), result)
