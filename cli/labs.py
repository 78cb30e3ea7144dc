"""labs, new, start, stop, destroy, uplink, policy, undo, redo, history."""

from argparse import Namespace as Args

from cli import output
from cli.client import Client
from protocol.public import (
    Change,
    DestroyLab,
    Done,
    Edit,
    History,
    HistoryList,
    LabInfo,
    Labs,
    ListLabs,
    NewLab,
    SetUplink,
    StartLab,
    StopLab,
)
from topology.edit.commands import AnyCommand, Redo, SetLab, Undo


def labs(client: Client, args: Args) -> int:
    """List the labs."""
    result = client.request(ListLabs(id=client.next_id()))
    assert isinstance(result, Labs)
    if args.json:
        output.as_json(result.labs)
    else:
        rows = [(i.lab, i.state, i.policy, str(i.namespaces), str(i.viewers), _remark(i)) for i in result.labs]
        output.table(("LAB", "STATE", "POLICY", "NAMESPACES", "VIEWERS", ""), rows)
    return 0


def _remark(lab: LabInfo) -> str:
    if lab.problem is not None:
        return lab.problem.message
    return f"not answering since {lab.silent_since}" if lab.silent_since else ""


def _done(client: Client, args: Args, request: NewLab | StartLab | StopLab | DestroyLab | SetUplink | Edit, message: str) -> int:
    """Send a request and print a message once it is done."""
    result = client.request(request)
    if args.json:
        output.as_json(result)
    else:
        print(message)
        if isinstance(result, Done):
            output.beside((*result.left_out, *result.unheld))
    return 0


def new(client: Client, args: Args) -> int:
    """Create a lab and start it."""
    return _done(client, args, NewLab(id=client.next_id(), lab=args.lab, firewall=args.firewall), f"{args.lab} is running")


def start(client: Client, args: Args) -> int:
    """Start a stopped lab from its document."""
    return _done(client, args, StartLab(id=client.next_id(), lab=args.lab), f"{args.lab} is running")


def stop(client: Client, args: Args) -> int:
    """Stop a lab; its document is kept."""
    return _done(client, args, StopLab(id=client.next_id(), lab=args.lab), f"{args.lab} is stopped; its document is kept")


def destroy(client: Client, args: Args) -> int:
    """Stop a lab and delete its document and history."""
    return _done(client, args, DestroyLab(id=client.next_id(), lab=args.lab), f"{args.lab} is destroyed")


def uplink(client: Client, args: Args) -> int:
    """Connect the lab's host to the outside, or disconnect it."""
    request = SetUplink(id=client.next_id(), lab=args.lab, on=args.on == "on")
    return _done(client, args, request, f"the uplink of {args.lab} is {args.on}")


def _edit(client: Client, args: Args, command: AnyCommand, message: str) -> int:
    """Send an edit of one command and print a message once it is done."""
    result = client.request(Edit(id=client.next_id(), lab=args.lab, commands=(command,)))
    assert isinstance(result, Done)
    if args.json:
        output.as_json(result)
    else:
        print(message)
    return 0


def policy(client: Client, args: Args) -> int:
    """Set what happens with changes made outside Vethboard."""
    return _edit(client, args, SetLab(policy=args.policy), f"the policy of {args.lab} is {args.policy}")


def undo(client: Client, args: Args) -> int:
    """Undo the last edit."""
    return _edit(client, args, Undo(), "undone")


def redo(client: Client, args: Args) -> int:
    """Redo the edit that was undone last."""
    return _edit(client, args, Redo(), "redone")


def _all_changes(client: Client, lab: str) -> list[Change]:
    """The whole history, the oldest first; it comes page by page, the newest first."""
    changes: list[Change] = []
    more = True
    while more:
        page = client.request(History(id=client.next_id(), lab=lab, before=changes[-1].number if changes else None))
        assert isinstance(page, HistoryList)
        changes += page.changes
        more = page.more
    return changes[::-1]


def history(client: Client, args: Args) -> int:
    """List the edits of a lab, the oldest first."""
    for change in _all_changes(client, args.lab):
        if args.json:
            output.as_json(change)
        else:
            undone = "  (undone)" if change.undone else ""
            by = change.context
            who = f"{by.name} ({by.author})" if by.name else by.author
            print(f"{change.number:4}  {by.at}  {who:10}  {by.label}{undone}")
            for line in change.shell if args.shell else ():
                print(f"      {line}")
    return 0
