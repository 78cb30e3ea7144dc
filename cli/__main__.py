"""`vethboard VERB …`: reads the command line, runs the verb, turns problems into words and an exit code.

Exit codes: 0 it is so; 1 it is not (the problem is on standard error); 2 the command line is wrong; `exec`: the command's own.
"""

import os
import sys
from argparse import REMAINDER, SUPPRESS, ArgumentParser, Namespace
from collections.abc import Callable
from pathlib import Path

from cli import access, backups, capture, documents, journeys, labs, output, rules, run, shell
from cli.client import DEFAULT_STATE, Client, find_server
from protocol.limits import DEFAULT_SNAPLEN
from topology.model.netfilter import DRIVERS
from topology.model.problems import ProblemError

Online = Callable[[Client, Namespace], int]
Offline = Callable[[Namespace], int]


def _doctor(args: Namespace) -> int:
    from cli import doctor

    return doctor.doctor(args)


def _up(args: Namespace) -> int:
    from cli import up

    return up.up(args)


def parser() -> ArgumentParser:
    """The whole command line."""
    top = ArgumentParser(prog="vethboard", description="Draw a network, a real kernel builds it.")
    top.add_argument("--state", type=Path, default=Path(os.environ.get("VETHBOARD_STATE", DEFAULT_STATE)), help="the state directory")
    verbs = top.add_subparsers(dest="verb_name", required=True, metavar="VERB")
    _system_verbs(verbs.add_parser)
    _lab_verbs(verbs.add_parser)
    _document_verbs(verbs.add_parser)
    _running_verbs(verbs.add_parser)
    rules.verbs(verbs.add_parser, _verb)
    _journey_verbs(verbs.add_parser)
    return top


Add = Callable[..., ArgumentParser]


def _verb(
    add: Add, name: str, help: str, *, online: Online | None = None, offline: Offline | None = None, json: bool = True
) -> ArgumentParser:
    verb = add(name, help=help, description=help)
    verb.set_defaults(online=online, offline=offline, json=False)
    if json:
        verb.add_argument("--json", action="store_true", help="JSON on standard output")
    return verb


def _system_verbs(add: Add) -> None:
    up = _verb(add, "up", "start agent and server, print the address, run until Ctrl-C", offline=_up, json=False)
    up.add_argument("--host", default="127.0.0.1")
    up.add_argument("--port", type=int, default=8080)
    up.add_argument("--state", type=Path, default=SUPPRESS)
    up.add_argument("--allow-uplink", action="store_true", help="labs can be given the outside (user-mode networking)")
    up.add_argument("--limits", type=Path, help="file of what labs may use at most (JSON; default /etc/vethboard/limits.json)")
    up.add_argument("--database", metavar="URL", help="postgresql+psycopg://USER:PASSWORD@HOST/NAME; by default SQLite in --state")
    backup = _verb(add, "backup", "all labs with their histories, and the tokens of labs, in one file", online=backups.backup)
    backup.add_argument("file", metavar="FILE")
    restore = _verb(add, "restore", "take the labs of a backup over", online=backups.restore)
    restore.add_argument("file", metavar="FILE", help="a backup, - for standard input")
    restore.add_argument("--replace", action="store_true", help="also in the place of labs of the same names")
    _verb(add, "doctor", "what this kernel can and cannot do, and why", offline=_doctor)
    _verb(add, "schema", "the JSON Schema of documents", offline=documents.schema, json=False)


def _lab_verbs(add: Add) -> None:
    _verb(add, "labs", "list the labs", online=labs.labs)
    for name, handler, help in (
        ("new", labs.new, "make a lab and start it"),
        ("start", labs.start, "bring a stopped lab back from its document"),
        ("stop", labs.stop, "take a lab out of the kernel; its document stays"),
        ("destroy", labs.destroy, "stop a lab and delete its document and history"),
        ("undo", labs.undo, "take back the newest edit"),
        ("redo", labs.redo, "do again what was taken back last"),
    ):
        verb = _verb(add, name, help, online=handler)
        verb.add_argument("lab", metavar="LAB")
        if name == "new":
            verb.add_argument("--firewall", choices=DRIVERS, help="whose iptables the lab has; by default the machine's")
    token = _verb(add, "token", "an address for one lab alone; what it allows; take it back", online=access.token)
    token.add_argument("lab", metavar="LAB")
    token.add_argument("--view", action="store_true", help="to look only, also at the terminals")
    token.add_argument("--no-terminals", action="store_true", help="with --view: not at the terminals")
    token.add_argument("--name", default="", help="what it is listed and revoked by")
    token.add_argument("--list", action="store_true", help="the tokens of the lab")
    token.add_argument("--revoke", metavar="NAME", help="take it back; who is in by it is cut off")
    uplink = _verb(add, "uplink", "give a lab's host the outside, or take it away", online=labs.uplink)
    uplink.add_argument("lab", metavar="LAB")
    uplink.add_argument("on", choices=("on", "off"))
    policy = _verb(add, "policy", "what happens with changes from outside the canvas", online=labs.policy)
    policy.add_argument("lab", metavar="LAB")
    policy.add_argument("policy", choices=("follow", "flag", "enforce"))
    history = _verb(add, "history", "the edits of a lab", online=labs.history)
    history.add_argument("lab", metavar="LAB")
    history.add_argument("--shell", action="store_true", help="with the equivalent commands")


def _document_verbs(add: Add) -> None:
    apply = _verb(add, "apply", "make a lab what a document says", online=documents.apply)
    apply.add_argument("lab", metavar="LAB")
    apply.add_argument("file", metavar="FILE", help="a document, - for standard input")
    apply.add_argument("--dry-run", action="store_true", help="print the plan, do nothing")
    export = _verb(add, "export", "print a lab as a document or as a shell script", online=documents.export)
    export.add_argument("lab", metavar="LAB")
    export.add_argument("--observed", action="store_true", help="what the kernel is, not what the document says")
    export.add_argument("--format", choices=("json", "shell"), default="json")
    validate = _verb(add, "validate", "check a document", offline=documents.validate)
    validate.add_argument("file", metavar="FILE", help="a document, - for standard input")


def _running_verbs(add: Add) -> None:
    exec_ = _verb(add, "exec", "run a command inside a namespace", online=run.exec_, json=False)
    exec_.add_argument("-n", "--no-stdin", action="store_true", help="do not read standard input")
    exec_.add_argument("lab", metavar="LAB")
    exec_.add_argument("namespace", metavar="NAMESPACE")
    exec_.add_argument("command", metavar="COMMAND", nargs=REMAINDER)
    shell_ = _verb(add, "shell", "a terminal in a namespace, or one that is open in a browser", online=shell.shell)
    shell_.add_argument("lab", metavar="LAB")
    shell_.add_argument("namespace", metavar="NAMESPACE", nargs="?", default="host")
    shell_.add_argument("--attach", metavar="TERMINAL", help="one that is there already; several may look and type")
    shell_.add_argument("--list", action="store_true", help="the terminals of the lab")
    ping = _verb(add, "ping", "real ICMP from inside a namespace", online=run.ping)
    for name, help in (("lab", ""), ("source", "a namespace"), ("target", "a namespace, an interface (ns/name) or an address")):
        ping.add_argument(name, metavar=name.upper(), help=help)
    ping.add_argument("-c", "--count", type=int, default=4)
    ping.add_argument("-i", "--interval", type=float, default=1.0, help="seconds")
    ping.add_argument("-s", "--size", type=int, default=56, help="bytes of payload")
    ping.add_argument("-t", "--ttl", type=int)
    ping.add_argument("-6", "--ipv6", action="store_true")
    events = _verb(add, "events", "the live stream: a JSON line per change", online=run.events)
    events.add_argument("lab", metavar="LAB")
    events.add_argument("--all", action="store_true", help="live facts too, not only what a document holds")
    capture_ = _verb(add, "capture", "the frames of an interface: tcpdump's lines, or a pcapng file", online=capture.capture, json=False)
    for name in ("lab", "namespace", "interface"):
        capture_.add_argument(name, metavar=name.upper())
    capture_.add_argument("filter", metavar="FILTER", nargs="?", default="", help="which frames (pcap-filter(7))")
    capture_.add_argument("-w", "--write", metavar="FILE", help="write a pcapng file; - is standard output: … -w - | wireshark -k -i -")
    capture_.add_argument("-c", "--count", type=int, default=0, help="end after so many frames")
    capture_.add_argument("-s", "--snaplen", type=int, default=DEFAULT_SNAPLEN, help="bytes kept of each frame")
    netns = _verb(add, "netns", "the verbs of ip-netns(8) in a lab", online=run.netns, json=False)
    netns.add_argument("lab", metavar="LAB")
    netns.add_argument("verb", metavar="VERB", help=" | ".join(run.NETNS))
    netns.add_argument("rest", nargs=REMAINDER)


def _journey_verbs(add: Add) -> None:
    trace = _verb(add, "trace", "send one real packet and follow it through every chain, or say where it would go", online=journeys.trace)
    for name, help in (
        ("lab", ""),
        ("source", "a namespace, or an interface"),
        ("target", "a namespace, an interface (ns/name) or an address"),
    ):
        trace.add_argument(name, metavar=name.upper(), help=help)
    trace.add_argument("--protocol", choices=("icmp", "udp", "tcp", "arp"), default="icmp")
    trace.add_argument("--port", type=int, help="where to (TCP 80, UDP 33434)")
    trace.add_argument("--source-port", type=int, default=0)
    trace.add_argument("--size", type=int, default=56, help="bytes of payload (ICMP, UDP)")
    trace.add_argument("--ttl", type=int)
    trace.add_argument("--mark", type=lambda text: int(text, 0), default=0, help="SO_MARK")
    trace.add_argument("--dont-fragment", action="store_true")
    trace.add_argument("-6", "--ipv6", action="store_true")
    trace.add_argument("-c", "--count", type=int, default=1)
    trace.add_argument("--wait", type=float, default=1.0, help="seconds until an answer is given up")
    trace.add_argument("--predict", action="store_true", help="send nothing: where would it go?")
    trace.add_argument("--desired", action="store_true", help="with --predict: by the document, not by the kernel")
    trace.add_argument(
        "--without", action="append", default=[], metavar="NS/TABLE/CHAIN/N", help="with --predict: as if this rule were not there"
    )
    watch = _verb(add, "watch", "journeys of the lab's own traffic, until Ctrl-C", online=journeys.watch)
    watch.add_argument("lab", metavar="LAB")
    watch.add_argument("--host", action="append", default=[], help="an address that it goes to or comes from")
    watch.add_argument("--port", type=int)
    watch.add_argument("--protocol", choices=("icmp", "udp", "tcp"))
    watch.add_argument("--rate", type=int, default=5, help="journeys a second at most")
    journey = _verb(add, "journey", "print a journey that was saved with trace --json", offline=journeys.journey, json=False)
    journey.add_argument("file", metavar="FILE", help="- for standard input")


def main() -> int:
    args = parser().parse_args()
    if getattr(args, "command", None) and args.command[0] == "--":
        args.command = args.command[1:]
    if getattr(args, "command", None) == []:
        sys.stderr.write("vethboard: exec: no command given: vethboard exec LAB NAMESPACE -- COMMAND…\n")
        return 2
    try:
        if args.offline:
            return int(args.offline(args))
        with Client(*find_server(args.state)) as client:
            return int(args.online(client, args))
    except ProblemError as e:
        output.problem(e.problem, args.json)
        return 1
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        return 0


if __name__ == "__main__":
    sys.exit(main())
