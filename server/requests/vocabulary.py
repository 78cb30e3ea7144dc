"""The matches and targets of the installed iptables. Its programs are asked once, in the lab of the first request; then they are known."""

import threading

from protocol import private as p
from protocol import public as q
from server.lab.workspace import Workspace
from server.requests import programs
from server.sessions import Session
from topology.model.netfilter import Driver, Family
from topology.rules.vocabulary import read

_known: dict[tuple[Driver | None, Family], q.VocabularyOf] = {}
"""By driver and family: six at most."""
_lock = threading.Lock()


def vocabulary(workspace: Workspace, _session: Session, request: q.Vocabulary) -> q.VocabularyOf:
    """The extensions of the lab's iptables, at once where they are known."""
    key = (workspace.firewall, request.family)
    with _lock:
        known = _known.get(key)
    if known is not None:
        return known

    def make(id: int) -> p.ListExtensions:
        return p.ListExtensions(id=id, channel=id, family=request.family)

    version, extensions = read(programs.output_of(workspace.live_link(), "the list of extensions", make))
    found = q.VocabularyOf(version=version, extensions=extensions)
    with _lock:
        _known[key] = found
    return found
