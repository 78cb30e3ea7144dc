"""rules add, list, import, export, flush: the iptables of a namespace."""

import sys
from argparse import REMAINDER, ArgumentParser
from argparse import Namespace as Args
from collections.abc import Callable
from pathlib import Path

from cli import output
from cli.client import Client
from cli.documents import read
from protocol.public import Done, Edit, Exported, ExportRules, Open, Planned, Snapshot
from topology.edit.commands import AddRule, AnyCommand, FlushChain, ImportRules
from topology.model.netfilter import HOOKS, TABLES, Family
from topology.model.problems import Code, Problem, ProblemError
from topology.model.records import Chain
from topology.plan.table_words import sentences
from topology.rules.chains import order
from topology.rules.tokens import join

Verb = Callable[..., ArgumentParser]


def verbs(add: Callable[..., ArgumentParser], verb: Verb) -> None:
    """The sub-verbs on the command line. `verb` makes one, `add` adds a plain parser."""
    rules = add("rules", help="the rules of iptables in a namespace", description="the rules of iptables in a namespace")
    more = rules.add_subparsers(dest="rules_verb", required=True, metavar="VERB")
    one = _place(verb(more.add_parser, "add", "add a rule, as iptables -A and -I", online=add_rule))
    one.add_argument("--at", type=int, metavar="NUMBER", help="the number that it shall have; by default it is the last")
    one.add_argument("table", metavar="TABLE", choices=TABLES, help=" | ".join(TABLES))
    one.add_argument("chain", metavar="CHAIN")
    one.add_argument("rule", metavar="RULE-TEXT", nargs=REMAINDER, help="what one types after the chain's name, in one word or in many")
    _place(verb(more.add_parser, "list", "the rules, with their numbers", online=list_rules))
    take = _place(verb(more.add_parser, "import", "make tables what an iptables-save file says", online=import_rules))
    take.add_argument("file", metavar="FILE", help="a file of iptables-save, - for standard input")
    take.add_argument("--keep", action="store_true", help="add to what is there, as iptables-restore --noflush")
    take.add_argument("--dry-run", action="store_true", help="say what will change, do nothing")
    give = _place(verb(more.add_parser, "export", "print what iptables-save prints", online=export_rules, json=False))
    give.add_argument("file", metavar="FILE", nargs="?", default="-")
    give.add_argument("-c", "--counters", action="store_true", help="with packets and bytes")
    flush = _place(verb(more.add_parser, "flush", "delete rules, as iptables -F", online=flush_rules))
    flush.add_argument("table", metavar="TABLE", nargs="?", choices=TABLES, default="filter")
    flush.add_argument("chain", metavar="CHAIN", nargs="?")


def _place(parser: ArgumentParser) -> ArgumentParser:
    parser.add_argument("-6", "--ipv6", action="store_true", help="ip6tables")
    parser.add_argument("lab", metavar="LAB")
    parser.add_argument("namespace", metavar="NAMESPACE")
    return parser


def _family(args: Args) -> Family:
    return "ipv6" if args.ipv6 else "ipv4"


def _edit(client: Client, args: Args, command: AnyCommand, said: str, *, dry_run: bool = False) -> int:
    result = client.request(Edit(id=client.next_id(), lab=args.lab, commands=(command,), label=f"rules {args.rules_verb}", dry_run=dry_run))
    if args.json:
        output.as_json(result)
    elif isinstance(result, Planned):
        words = [*sentences(result.steps)]
        print("\n".join([*words, *(f"  {line}" for line in result.shell)]) if words else "nothing would change")
    else:
        assert isinstance(result, Done)
        print(said if result.steps else "nothing to do")
    return 0


def add_rule(client: Client, args: Args) -> int:
    """One word is the text; many are the words that a shell has already taken apart."""
    text = args.rule[0] if len(args.rule) == 1 else join(args.rule)
    command = AddRule(namespace=args.namespace, family=_family(args), table=args.table, chain=args.chain, rule=text, at=args.at)
    return _edit(client, args, command, f"{args.table} {args.chain} of {args.namespace}: one rule more")


def _chains(client: Client, args: Args) -> list[Chain]:
    found = client.request(Open(id=client.next_id(), lab=args.lab))
    assert isinstance(found, Snapshot)
    records = found.observed if found.info.state == "live" else found.desired
    if f"namespace:{args.namespace}" not in records:
        message = f'Cannot open network namespace "{args.namespace}": No such file or directory'
        raise ProblemError(Problem(code=Code.UNKNOWN, message=message, subject=f"namespace:{args.namespace}"))
    mine = [r for r in records.values() if isinstance(r, Chain) and (r.namespace, r.family) == (args.namespace, _family(args))]
    return sorted(mine, key=order)


def list_rules(client: Client, args: Args) -> int:
    chains = _chains(client, args)
    if args.json:
        output.as_json(chains)
        return 0
    for chain in chains:
        head = f"policy {chain.policy}" if chain.name in HOOKS[chain.table] else "a chain of its own"
        print(f"{chain.table} {chain.name} ({head})")
        for number, rule in enumerate(chain.rules, 1):
            print(f"{number:5}  {rule}")
    return 0


def import_rules(client: Client, args: Args) -> int:
    text = read(args.file).decode("utf-8", "replace")
    command = ImportRules(namespace=args.namespace, family=_family(args), text=text, keep=args.keep)
    return _edit(client, args, command, f"{args.namespace} has the rules of {args.file}", dry_run=args.dry_run)


def export_rules(client: Client, args: Args) -> int:
    request = ExportRules(id=client.next_id(), lab=args.lab, namespace=args.namespace, family=_family(args), counters=args.counters)
    result = client.request(request)
    assert isinstance(result, Exported)
    if args.file == "-":
        sys.stdout.write(result.text)
        return 0
    try:
        Path(args.file).write_text(result.text)
    except OSError as e:
        raise ProblemError(Problem(code=Code.REFUSED, message=f"{args.file}: {e.strerror}", errno=e.errno)) from e
    return 0


def flush_rules(client: Client, args: Args) -> int:
    command = FlushChain(namespace=args.namespace, family=_family(args), table=args.table, name=args.chain)
    return _edit(client, args, command, f"{args.table} {args.chain or ''} of {args.namespace}: flushed")
