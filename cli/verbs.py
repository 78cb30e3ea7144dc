"""The verbs of the command line with their arguments and help texts, in one table."""

from argparse import REMAINDER, SUPPRESS, Namespace
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final, NamedTuple

from cli import access, backups, capture, documents, journeys, labs, rules, run, shell
from cli.client import Client
from logs import FORMS
from protocol.limits import DEFAULT_SNAPLEN
from topology.journey.options import OPTIONS, Option
from topology.journey.probe import KINDS
from topology.model.base import HOST
from topology.model.netfilter import DRIVERS, TABLES

Online = Callable[[Client, Namespace], int]
"""Does a verb with a connection to the server; returns the exit code."""
Offline = Callable[[Namespace], int]
"""Does a verb without a server; returns the exit code."""


class Argument(NamedTuple):
    """What `ArgumentParser.add_argument` takes."""

    names: tuple[str, ...]
    options: dict[str, Any]


def _arg(*names: str, **options: Any) -> Argument:
    return Argument(names, options)


def _option(option: Option) -> Argument:
    """What can be chosen of a probe, as an argument."""
    name = f"--{option.name.replace('_', '-')}"
    if option.type == "switch":
        return _arg(name, action="store_true", help=option.help)
    shown = f"{option.help}; {option.low} to {option.high}" if option.type == "number" else option.help
    default = f" (default: {option.default})" if option.default and "default" not in shown else ""
    number: dict[str, Any] = {"type": lambda text: int(text, 0), "metavar": "N"} if option.type == "number" else {}
    return _arg(name, default=option.default, help=shown + default, **number)


class Verb(NamedTuple):
    """One verb: done `online` or `offline`, or one that only has sub-verbs. `json`: it has the option --json."""

    name: str
    help: str
    online: Online | None = None
    offline: Offline | None = None
    arguments: tuple[Argument, ...] = ()
    json: bool = True
    verbs: tuple["Verb", ...] = ()


def _doctor(args: Namespace) -> int:
    from cli import doctor  # only this verb needs it

    return doctor.doctor(args)


def _up(args: Namespace) -> int:
    from cli import up  # only this verb needs it

    return up.up(args)


_LAB: Final = _arg("lab", metavar="LAB")
_NAMESPACE: Final = _arg("namespace", metavar="NAMESPACE")
_DOCUMENT: Final = _arg("file", metavar="FILE", help="a document; - for standard input")
_TARGET: Final = _arg("target", metavar="TARGET", help="a namespace, an interface (ns/name) or an address")
_IPV6: Final = _arg("-6", "--ipv6", action="store_true", help="use IPv6")

_SYSTEM: Final = (
    Verb(
        "up", "start agent and server, print the address and run until Ctrl-C", offline=_up, json=False,
        arguments=(
            _arg("--host", default="127.0.0.1", help="address to listen on (default: %(default)s)"),
            _arg("--port", type=int, default=8080, help="TCP port to listen on (default: %(default)s)"),
            _arg("--state", type=Path, default=SUPPRESS, help="directory of the database and the audit log"),
            _arg("--database", metavar="URL", help="postgresql+psycopg://USER:PASSWORD@HOST/NAME (default: SQLite in --state)"),
            _arg("--require-limits", action="store_true", help="start no lab of which a limit cannot be enforced here (else it is said)"),
            _arg("--allow-uplink", action="store_true", help="allow labs to be connected to the outside (user-mode networking)"),
            _arg(
                "--uplink-to", action="append", default=[], metavar="NETWORK",
                help="let uplinks also reach a private network or an address of this machine (10.1.0.0/16); may be repeated",
            ),
            _arg("--limits", type=Path, help="JSON file of what labs may use (default: /etc/vethboard/limits.json)"),
            _arg("--log-format", choices=FORMS, default="text", help="the log on standard error: lines for people, or JSON objects"),
            _arg(
                "--metrics", choices=("local", "token", "open"), default="local",
                help="who may read /metrics without the administrator's token: programs of this machine, nobody (token), everybody (open)",
            ),
        ),
    ),
    Verb("backup", "write all labs, with their histories and tokens, to a file", backups.backup, arguments=(_arg("file", metavar="FILE"),)),
    Verb(
        "restore", "take the labs of a backup over", backups.restore,
        arguments=(
            _arg("file", metavar="FILE", help="a backup; - for standard input"),
            _arg("--replace", action="store_true", help="replace labs that have the same names"),
        ),
    ),
    Verb("doctor", "check what this machine supports and what is missing", offline=_doctor),
    Verb("schema", "print the JSON Schema of documents", offline=documents.schema, json=False),
)  # fmt: skip

_LABS: Final = (
    Verb("labs", "list the labs", labs.labs),
    Verb(
        "new", "create a lab and start it", labs.new,
        arguments=(_LAB, _arg("--firewall", choices=DRIVERS, help="which iptables the lab has (default: that of the machine)")),
    ),
    Verb("start", "start a stopped lab from its document", labs.start, arguments=(_LAB,)),
    Verb("stop", "stop a lab; its document is kept", labs.stop, arguments=(_LAB,)),
    Verb("destroy", "stop a lab and delete its document and history", labs.destroy, arguments=(_LAB,)),
    Verb("undo", "undo the last edit", labs.undo, arguments=(_LAB,)),
    Verb("redo", "redo the edit that was undone last", labs.redo, arguments=(_LAB,)),
    Verb(
        "token", "create, list and revoke addresses that give access to one lab", access.token,
        arguments=(
            _LAB,
            _arg("--view", action="store_true", help="allow viewing only, terminals included"),
            _arg("--no-terminals", action="store_true", help="with --view: hide the terminals"),
            _arg("--name", default="", help="name to list and revoke it by"),
            _arg("--list", action="store_true", help="list the tokens of the lab"),
            _arg("--revoke", metavar="NAME", help="revoke a token and disconnect everybody who uses it"),
        ),
    ),
    Verb("uplink", "connect a lab's host to the outside, or disconnect it", labs.uplink,
         arguments=(_LAB, _arg("on", choices=("on", "off")))),
    Verb(
        "policy", "set what happens with changes made outside Vethboard", labs.policy,
        arguments=(
            _LAB,
            _arg(
                "policy", choices=("follow", "flag", "enforce"),
                help="follow: take them into the document; flag: show them as drift; enforce: revert them",
            ),
        ),
    ),
    Verb(
        "history", "list the edits of a lab", labs.history,
        arguments=(_LAB, _arg("--shell", action="store_true", help="with the equivalent commands")),
    ),
)  # fmt: skip

_DOCUMENTS: Final = (
    Verb(
        "apply", "make a lab what a document says", documents.apply,
        arguments=(_LAB, _DOCUMENT, _arg("--dry-run", action="store_true", help="print the commands without running them")),
    ),
    Verb(
        "plan", "print what a document, another lab or point of the history would change (exit code 0: nothing)",
        documents.plan_changes,
        arguments=(
            _LAB, _arg("file", metavar="FILE", nargs="?", help="a document; - for standard input"),
            _arg("--other", metavar="LAB", help="compare with the document of this lab"),
            _arg("--before", type=int, metavar="N", help="the lab after entry N of its history (0: before the first) instead of now"),
            _arg("--after", type=int, metavar="N", help="compare with the lab after entry N of its history"),
            _arg("--text", action="store_true", help="show the difference of the documents as text instead of the commands"),
        ),
    ),
    Verb(
        "import", "add a document to a lab, beside what is there", documents.import_part,
        arguments=(
            _LAB, _DOCUMENT,
            _arg("--into", metavar="NAMESPACE", default=HOST, help="where the contents of the document's host go (default: %(default)s)"),
            _arg("--dry-run", action="store_true", help="print the commands without running them"),
        ),
    ),
    Verb(
        "export", "print a lab as a document or a shell script", documents.export,
        arguments=(
            _LAB, _arg("only", metavar="NODE", nargs="*", help="only these namespaces and bridges (ns0/br0), with the links among them"),
            _arg("--observed", action="store_true", help="export what the kernel has instead of the document"),
            _arg("--format", choices=("json", "shell"), default="json", help="default: %(default)s"),
        ),
    ),
    Verb("validate", "check a document", offline=documents.validate, arguments=(_DOCUMENT,)),
)  # fmt: skip

_RUNNING: Final = (
    Verb(
        "exec", "run a command in a namespace", run.exec_, json=False,
        arguments=(
            _arg("-n", "--no-stdin", action="store_true", help="do not read standard input"),
            _LAB, _NAMESPACE, _arg("command", metavar="COMMAND", nargs=REMAINDER),
        ),
    ),
    Verb(
        "shell", "open a terminal in a namespace, or attach to one that is open", shell.shell,
        arguments=(
            _LAB, _arg("namespace", metavar="NAMESPACE", nargs="?", default=HOST, help="default: %(default)s"),
            _arg("--attach", metavar="TERMINAL", help="attach to this terminal; others may be attached at the same time"),
            _arg("--list", action="store_true", help="list the terminals of the lab"),
        ),
    ),
    Verb(
        "ping", "send ICMP echo requests from a namespace", run.ping,
        arguments=(
            _LAB, _arg("source", metavar="SOURCE", help="a namespace"), _TARGET,
            _arg("-c", "--count", type=int, default=4, help="number of requests (default: %(default)s)"),
            _arg("-i", "--interval", type=float, default=1.0, help="seconds between two requests (default: %(default)s)"),
            _arg("-s", "--size", type=int, default=56, help="bytes of payload (default: %(default)s)"),
            _arg("-t", "--ttl", type=int, help="time to live, in hops"),
            _IPV6,
        ),
    ),
    Verb(
        "events", "print every change of a lab as a JSON line, until Ctrl-C", run.events,
        arguments=(_LAB, _arg("--all", action="store_true", help="include live data: counters, neighbours, processes, …")),
    ),
    Verb(
        "capture", "capture the frames of an interface, as text or as a pcapng file", capture.capture, json=False,
        arguments=(
            _LAB, _NAMESPACE, _arg("interface", metavar="INTERFACE"),
            _arg("filter", metavar="FILTER", nargs="?", default="", help="which frames: a filter of pcap-filter(7)"),
            _arg("-w", "--write", metavar="FILE", help="write a pcapng file; - for standard output: … -w - | wireshark -k -i -"),
            _arg("-c", "--count", type=int, default=0, help="stop after this many frames"),
            _arg("-s", "--snaplen", type=int, default=DEFAULT_SNAPLEN, help="bytes to keep of each frame (default: %(default)s)"),
        ),
    ),
    Verb(
        "netns", "the commands of ip-netns(8), in a lab", run.netns, json=False,
        arguments=(_LAB, _arg("verb", metavar="VERB", help=" | ".join(run.NETNS)), _arg("rest", nargs=REMAINDER)),
    ),
)  # fmt: skip

_PLACE: Final = (_arg("-6", "--ipv6", action="store_true", help="use ip6tables"), _LAB, _NAMESPACE)
"""Arguments of all sub-verbs of `rules`."""

_RULES: Final = Verb(
    "rules", "the iptables rules of a namespace",
    verbs=(
        Verb(
            "add", "add a rule, like iptables -A and -I", rules.add_rule,
            arguments=(
                *_PLACE,
                _arg("--at", type=int, metavar="NUMBER", help="number of the new rule (default: after the last one)"),
                _arg("table", metavar="TABLE", choices=TABLES, help=" | ".join(TABLES)),
                _arg("chain", metavar="CHAIN"),
                _arg("rule", metavar="RULE", nargs=REMAINDER, help="what follows the chain in iptables -A, as one argument or as many"),
            ),
        ),
        Verb("list", "list the rules with their numbers", rules.list_rules, arguments=_PLACE),
        Verb(
            "import", "replace tables by those of an iptables-save file", rules.import_rules,
            arguments=(
                *_PLACE,
                _arg("file", metavar="FILE", help="a file of iptables-save; - for standard input"),
                _arg("--keep", action="store_true", help="add to the rules of the lab, like iptables-restore --noflush"),
                _arg("--dry-run", action="store_true", help="print what would change"),
            ),
        ),
        Verb(
            "export", "print the rules as iptables-save does", rules.export_rules, json=False,
            arguments=(
                *_PLACE,
                _arg("file", metavar="FILE", nargs="?", default="-", help="write to this file (default: standard output)"),
                _arg("-c", "--counters", action="store_true", help="include packet and byte counters"),
            ),
        ),
        Verb(
            "flush", "delete all rules of a chain or a table, like iptables -F", rules.flush_rules,
            arguments=(
                *_PLACE,
                _arg("table", metavar="TABLE", nargs="?", choices=TABLES, default="filter", help="default: %(default)s"),
                _arg("chain", metavar="CHAIN", nargs="?", help="default: all chains of the table"),
            ),
        ),
    ),
)  # fmt: skip

_TRACES: Final = (
    Verb(
        "trace", "send one real packet and follow it through interfaces, routes and rules, or predict where it would go", journeys.trace,
        arguments=(
            _LAB, _arg("source", metavar="SOURCE", help="a namespace or an interface (ns/name)"), _TARGET,
            _arg(
                "--protocol", choices=KINDS, default="icmp",
                help="what is sent; dns and http: a real request to the program that listens there (default: %(default)s)",
            ),
            *map(_option, OPTIONS),
            _IPV6,
            _arg("-c", "--count", type=int, default=1, help="number of packets (default: %(default)s)"),
            _arg("-i", "--interval", type=float, default=0.0, help="seconds from one packet to the next (default: at once)"),
            _arg("--wait", type=float, default=1.0, help="seconds to wait for an answer (default: %(default)s)"),
            _arg("--predict", action="store_true", help="send nothing; predict where the packet would go"),
            _arg("--desired", action="store_true", help="with --predict: by the document instead of the kernel's state"),
            _arg("--without", action="append", default=[], metavar="NS/TABLE/CHAIN/N", help="with --predict: ignore this rule"),
        ),
    ),
    Verb(
        "watch", "trace packets of the lab's own traffic, until Ctrl-C", journeys.watch,
        arguments=(
            _LAB,
            _arg("--host", action="append", default=[], help="only packets to or from this address"),
            _arg("--port", type=int, help="only packets to or from this port"),
            _arg("--protocol", choices=("icmp", "udp", "tcp"), help="only packets of this protocol"),
            _arg("--rate", type=int, default=5, help="at most this many traces a second (default: %(default)s)"),
        ),
    ),
    Verb(
        "show-trace", "print a trace that was saved with trace --json", offline=journeys.show_trace, json=False,
        arguments=(_arg("file", metavar="FILE", help="- for standard input"),),
    ),
)  # fmt: skip

VERBS: Final = (*_SYSTEM, *_LABS, *_DOCUMENTS, *_RUNNING, _RULES, *_TRACES)
