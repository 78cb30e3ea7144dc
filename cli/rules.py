"""rules add, list, import, export, flush: the iptables rules of a namespace."""

import sys
from argparse import Namespace as Args
from pathlib import Path

from cli import output
from cli.client import Client
from cli.documents import read
from protocol.public import Done, Edit, Exported, ExportRules, Open, Planned, Snapshot
from topology.edit.commands import AddRule, AnyCommand, FlushChain, ImportRules
from topology.model import ids
from topology.model.netfilter import HOOKS, Family
from topology.model.problems import Code, Problem, ProblemError
from topology.model.records import Chain
from topology.plan.table_words import sentences
from topology.rules.chains import order
from topology.rules.tokens import join


def _family(args: Args) -> Family:
    return "ipv6" if args.ipv6 else "ipv4"


def _edit(client: Client, args: Args, command: AnyCommand, message: str, *, dry_run: bool = False) -> int:
    """Send an edit of one command; print what it changed, or with `dry_run` what it would change."""
    result = client.request(Edit(id=client.next_id(), lab=args.lab, commands=(command,), label=f"rules {args.rules_verb}", dry_run=dry_run))
    if args.json:
        output.as_json(result)
    elif isinstance(result, Planned):
        words = [*sentences(result.steps)]
        print("\n".join([*words, *(f"  {line}" for line in result.shell)]) if words else "nothing would change")
    else:
        assert isinstance(result, Done)
        print(message if result.steps else "nothing to do")
    return 0


def add_rule(client: Client, args: Args) -> int:
    """Add a rule. One argument is its text; several are its words, as the shell has split them."""
    text = args.rule[0] if len(args.rule) == 1 else join(args.rule)
    command = AddRule(namespace=args.namespace, family=_family(args), table=args.table, chain=args.chain, rule=text, at=args.at)
    return _edit(client, args, command, f"rule added to {args.table} {args.chain} of {args.namespace}")


def _chains(client: Client, args: Args) -> list[Chain]:
    """The chains of the namespace: the kernel's, or of a lab that is not running the document's."""
    found = client.request(Open(id=client.next_id(), lab=args.lab))
    assert isinstance(found, Snapshot)
    records = found.observed if found.info.state == "live" else found.desired
    if ids.namespace(args.namespace) not in records:
        message = f'Cannot open network namespace "{args.namespace}": No such file or directory'
        raise ProblemError(Problem(code=Code.UNKNOWN, message=message, subject=ids.namespace(args.namespace)))
    mine = [r for r in records.values() if isinstance(r, Chain) and (r.namespace, r.family) == (args.namespace, _family(args))]
    return sorted(mine, key=order)


def list_rules(client: Client, args: Args) -> int:
    """List the rules with their numbers."""
    chains = _chains(client, args)
    if args.json:
        output.as_json(chains)
        return 0
    for chain in chains:
        head = f"policy {chain.policy}" if chain.name in HOOKS[chain.table] else "user-defined"
        print(f"{chain.table} {chain.name} ({head})")
        for number, rule in enumerate(chain.rules, 1):
            print(f"{number:5}  {rule}")
    return 0


def import_rules(client: Client, args: Args) -> int:
    """Replace tables by those of an iptables-save file, or with --keep add to them."""
    text = read(args.file).decode("utf-8", "replace")
    command = ImportRules(namespace=args.namespace, family=_family(args), text=text, keep=args.keep)
    return _edit(client, args, command, f"rules of {args.file} imported into {args.namespace}", dry_run=args.dry_run)


def export_rules(client: Client, args: Args) -> int:
    """Print the rules as iptables-save does, or write them to a file."""
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
    """Delete all rules of a chain or a table."""
    command = FlushChain(namespace=args.namespace, family=_family(args), table=args.table, name=args.chain)
    return _edit(client, args, command, f"{args.table} {args.chain or 'table'} of {args.namespace} is flushed")
