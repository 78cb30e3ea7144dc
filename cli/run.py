"""exec, ping, events, netns: what runs in a lab."""

import os
import signal
import sys
import threading
from argparse import Namespace as Args
from collections.abc import Sequence

import msgspec

from cli import output
from cli.client import Client
from protocol.public import (
    AnyItem,
    Cancel,
    Delta,
    Edit,
    Exec,
    Exited,
    Input,
    NetnsQuery,
    Notice,
    Open,
    Output,
    Ping,
    PingDone,
    PingNote,
    PingReply,
    Snapshot,
    Text,
)
from topology.edit.commands import AddNamespace, AnyCommand, Remove, SetNsid
from topology.journey import words
from topology.journey.hop import Journey
from topology.model import ids
from topology.model.base import HOST
from topology.model.diff import Diff

CHUNK = 32768
"""Bytes of standard input to send at once."""


def run(client: Client, lab: str, namespace: str, argv: list[str], stdin: bool) -> int:
    """Run a command in a namespace, with our standard streams. Ctrl-C is sent to it. Returns its exit code."""
    request = Exec(id=client.next_id(), lab=lab, namespace=namespace, argv=tuple(argv))
    files = {1: sys.stdout.buffer, 2: sys.stderr.buffer}

    def show(item: AnyItem) -> None:
        if isinstance(item, Output):
            files[item.stream].write(item.data)
            files[item.stream].flush()

    def feed() -> None:
        while data := os.read(0, CHUNK):
            client.send(Input(id=client.next_id(), target=request.id, data=data))
        client.send(Input(id=client.next_id(), target=request.id, eof=True))

    client.send(request)
    if stdin:
        threading.Thread(target=feed, daemon=True).start()
    else:
        client.send(Input(id=client.next_id(), target=request.id, eof=True))
    signal.signal(signal.SIGINT, lambda *_: client.send(Cancel(id=client.next_id(), target=request.id, signal=signal.SIGINT)))
    result = client.wait(request.id, show)
    assert isinstance(result, Exited)
    return result.code


def exec_(client: Client, args: Args) -> int:
    """Run a command in a namespace; the exit code is the command's."""
    return run(client, args.lab, args.namespace, args.command, stdin=not args.no_stdin)


def ping(client: Client, args: Args) -> int:
    """Ping from a namespace. Exit code 0 when every request was answered."""
    request = Ping(
        id=client.next_id(), lab=args.lab, source=args.source, target=args.target, count=args.count, interval=args.interval,
        size=args.size, ttl=args.ttl, ipv6=args.ipv6,
    )  # fmt: skip

    def show(item: AnyItem) -> None:
        if args.json:
            output.as_json(item)
        elif isinstance(item, PingReply):
            print(f"{item.bytes} bytes from {item.source}: icmp_seq={item.sequence} ttl={item.ttl} time={item.time_ms:g} ms", flush=True)
        elif isinstance(item, PingNote):
            print(item.text, flush=True)

    signal.signal(signal.SIGINT, lambda *_: client.send(Cancel(id=client.next_id(), target=request.id)))
    result = client.request(request, show)
    assert isinstance(result, PingDone)
    if args.json:
        output.as_json(result)
    else:
        print(f"{result.sent} sent, {result.received} received", flush=True)
        if result.journey is not None:
            _why(result.journey)
    return 0 if result.sent and result.sent == result.received else 1


def _why(journey: Journey) -> None:
    """Why the replies did not come, on standard error, in the words of a trace."""
    verdict, nothing = journey.verdict, "one more, sent just now, was answered"
    if journey.predicted:
        nothing = "nothing that is known of the lab stops it"
    sys.stderr.write(f"vethboard: {words.verdict(verdict) if not verdict.delivered else nothing}\n")
    for note in journey.assumptions:
        sys.stderr.write(f"  note: {note}\n")
    remedy = words.remedy(verdict)
    if remedy:
        sys.stderr.write(f"  → {remedy}\n")


def _print_diff(store: str, diff: Diff[msgspec.Struct] | None, head: dict[str, object]) -> None:
    """A JSON line for each record that a diff adds, updates or removes; `head` is in each line."""
    if diff is None:
        return
    for id, record in diff.added.items():
        output.as_json({**head, "in": store, "change": "added", "id": id, "after": record})
    for id, (before, after) in diff.updated.items():
        output.as_json({**head, "in": store, "change": "updated", "id": id, "before": before, "after": after})
    for id, made in diff.spliced.items():
        output.as_json({**head, "in": store, "change": "updated", "id": id, "spliced": made})
    for id, record in diff.removed.items():
        output.as_json({**head, "in": store, "change": "removed", "id": id, "before": record})


def events(client: Client, args: Args) -> int:
    """Print a JSON line for each change, as it happens, until Ctrl-C."""
    result = client.request(Open(id=client.next_id(), lab=args.lab))
    assert isinstance(result, Snapshot)
    stores = ("desired", "observed", "live") if args.all else ("desired", "observed")
    output.as_json({"revision": result.revision, "state": result.info.state})
    while True:
        event = client.receive()
        if isinstance(event, Notice) and event.lab == args.lab:
            output.as_json({"notice": event.level, "problem": event.problem})
        if isinstance(event, Delta) and event.lab == args.lab:
            _print_delta(event, stores)


def _print_delta(delta: Delta, stores: Sequence[str]) -> None:
    head: dict[str, object] = {"revision": delta.revision}
    if delta.context:
        head["author"] = delta.context.author
        head |= {"name": delta.context.name} if delta.context.name else {}
    if delta.info:
        output.as_json({**head, "state": delta.info.state})
    for store in stores:
        _print_diff(store, getattr(delta, store), head)


def _netns_edit(client: Client, lab: str, command: AnyCommand) -> int:
    client.request(Edit(id=client.next_id(), lab=lab, commands=(command,)))
    return 0


def netns(client: Client, args: Args) -> int:
    """The commands of ip-netns(8), in a lab. Exit code 2 where the command line is wrong."""
    rest: list[str] = args.rest
    match args.verb, rest:
        case "add", [name]:
            return _netns_edit(client, args.lab, AddNamespace(name=name))
        case "set", [name, nsid]:
            return _netns_edit(client, args.lab, SetNsid(namespace=name, nsid=int(nsid)))
        case "delete" | "del", [name]:
            return _netns_edit(client, args.lab, Remove(ids=(ids.namespace(name),)))
        case "exec", [name, *command] if command:
            return run(client, args.lab, name, command, stdin=True)
        case "monitor", []:
            return run(client, args.lab, HOST, ["ip", "netns", "monitor"], stdin=False)
        case ("identify" | "pids" | "list" | "list-id") as verb, [*argument] if len(argument) <= 1:
            result = client.request(NetnsQuery(id=client.next_id(), lab=args.lab, query=verb, argument=argument[0] if argument else ""))
            assert isinstance(result, Text)
            sys.stdout.write(result.text)
            return 0
    sys.stderr.write(f"vethboard: usage: vethboard netns LAB {{{' | '.join(NETNS)}}}\n")
    return 2


NETNS = ("list", "add NAME", "set NAME NSID", "delete NAME", "identify PID", "pids NAME", "exec NAME COMMAND…", "monitor", "list-id")
