"""The table of requests: for each type of `protocol.public.AnyRequest`, its handler, the token that it needs, and whether it is audited.

A new type of request gets an entry here and nothing else on the server; `tests/unit/test_requests.py` fails without one.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

from protocol import public as q
from server.access import Permission
from server.hub import Hub
from server.requests import backups, captures, chains, comparing, editing, journeys, labs, running, terminals
from server.requests.handlers import Handler, R, at_once, by_reader, in_lab, on_writer, started_on_writer
from server.requests.vocabulary import vocabulary
from server.sessions import Session


class Entry(NamedTuple):
    """`needs`: the permission of a token for the lab of the request. `audited`: it is written to the audit log (if it is denied, it always
    is). `streams`: it has a stream and can be cancelled; the audit log says also when it starts. `most`: how many of one connection may
    wait for their answer (of one token: `asked.CONNECTIONS` times as many)."""

    request: type[q.Request]
    handle: Callable[[Hub, Session, Any], None]
    needs: Permission
    audited: bool
    streams: bool
    most: int


MANY, SOME, FEW = 1000, 64, 16
"""`most` of what is done at once or one after the other by the lab's writer; of what goes on in the lab meanwhile; of what takes long."""


def _entry(
    request: type[R], handle: Handler[R], needs: Permission, *, audited: bool = True, streams: bool = False, most: int = MANY
) -> Entry:
    """An entry whose handler fits its request, which the type checker sees to."""
    return Entry(request, handle, needs, audited, streams, most)


ENTRIES: tuple[Entry, ...] = (
    # labs
    _entry(q.ListLabs, at_once(labs.list_labs), "any", audited=False),
    _entry(q.ListExamples, at_once(labs.list_examples), "any", audited=False),
    _entry(q.NewLab, labs.new_lab, "admin"),
    _entry(q.StartLab, in_lab(labs.start), "edit"),
    _entry(q.StopLab, on_writer(labs.stop, drop=False), "edit"),
    _entry(q.DestroyLab, labs.destroy, "admin"),
    _entry(q.SetUplink, in_lab(labs.set_uplink), "admin"),
    _entry(q.Open, on_writer(labs.open_lab), "view", audited=False, most=FEW),
    _entry(q.Close, in_lab(labs.close_lab), "view", audited=False),
    _entry(q.Subscribe, on_writer(labs.subscribe), "view", audited=False),
    _entry(q.Doctor, at_once(labs.doctor), "admin", audited=False, most=FEW),
    _entry(q.SetName, at_once(labs.set_name), "any"),
    _entry(q.MakeToken, at_once(labs.make_token), "admin"),
    _entry(q.RevokeToken, at_once(labs.revoke_token), "admin"),
    _entry(q.ListTokens, at_once(labs.list_tokens), "admin", audited=False),
    _entry(q.Backup, backups.backup, "admin", most=FEW),
    _entry(q.Restore, backups.restore, "admin", streams=True, most=FEW),
    # the document
    _entry(q.Edit, editing.edit, "edit"),
    _entry(q.Compare, comparing.compare, "view", audited=False, most=FEW),
    _entry(q.Export, by_reader(editing.export), "view", audited=False, most=FEW),
    _entry(q.History, by_reader(editing.history), "view", audited=False, most=FEW),
    # commands and packets
    _entry(q.Exec, in_lab(running.execute), "edit", streams=True, most=SOME),
    _entry(q.Ping, started_on_writer(running.ping), "edit", streams=True, most=SOME),
    _entry(q.Input, at_once(running.feed), "any", audited=False),
    _entry(q.Cancel, at_once(running.cancel), "any"),
    _entry(q.EndProcess, in_lab(running.end_process), "edit", most=SOME),
    _entry(q.NetnsQuery, in_lab(running.netns), "edit", most=SOME),
    _entry(q.Trace, started_on_writer(journeys.trace), "edit", streams=True, most=FEW),
    _entry(q.Watch, started_on_writer(journeys.watch), "edit", streams=True, most=FEW),
    _entry(q.Predict, by_reader(journeys.predict), "view", audited=False, most=FEW),
    # rules and connections
    _entry(q.CheckRule, by_reader(chains.check), "view", audited=False, most=FEW),
    _entry(q.ZeroCounters, in_lab(chains.zero), "edit", most=SOME),
    _entry(q.ExportRules, by_reader(chains.export), "view", audited=False, most=FEW),
    _entry(q.Vocabulary, by_reader(vocabulary), "view", audited=False, most=FEW),
    _entry(q.Analyse, by_reader(chains.analyse), "view", audited=False, most=FEW),
    _entry(q.FlushConntrack, in_lab(chains.flush), "edit", most=SOME),
    _entry(q.DeleteConnection, in_lab(chains.delete_connection), "edit", most=SOME),
    # captures
    _entry(q.StartCapture, in_lab(captures.start), "edit"),
    _entry(q.StopCapture, in_lab(captures.stop), "edit"),
    _entry(q.RemoveCapture, in_lab(captures.remove), "edit"),
    _entry(q.ReadCapture, by_reader(captures.read), "view", audited=False, most=FEW),
    # terminals and files
    _entry(q.OpenTerminal, in_lab(terminals.open_terminal), "edit", most=SOME),
    _entry(q.AttachTerminal, in_lab(terminals.attach), "terminals"),
    _entry(q.DetachTerminal, at_once(terminals.detach), "any", audited=False),
    _entry(q.ResizeTerminal, at_once(terminals.resize), "any", audited=False),
    _entry(q.CloseTerminal, in_lab(terminals.close_terminal), "edit"),
    _entry(q.ListFiles, in_lab(terminals.list_files), "edit", audited=False, most=FEW),
)

BY_TYPE = {entry.request: entry for entry in ENTRIES}
