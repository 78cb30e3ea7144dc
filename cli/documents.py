"""apply, export, validate, schema: documents of labs."""

import json
import sys
from argparse import Namespace as Args
from pathlib import Path

import msgspec

from cli import output
from cli.client import Client
from protocol.public import AnyResult, Done, Edit, Export, Exported, LabInfo, Labs, ListLabs, NewLab, Planned, StartLab
from topology.document import document
from topology.edit.commands import ApplyDocument
from topology.model import ids
from topology.model.base import Json
from topology.model.problems import Code, Problem, ProblemError
from topology.plan import iproute2 as shell
from topology.plan import plan


def read(file: str) -> bytes:
    """The bytes of a file, `-` for standard input. Raises ProblemError with the words of strerror(3)."""
    try:
        return sys.stdin.buffer.read() if file == "-" else Path(file).read_bytes()
    except OSError as e:
        raise ProblemError(Problem(code=Code.UNKNOWN, message=f"{file}: {e.strerror}", errno=e.errno)) from e


def _info(client: Client, lab: str) -> LabInfo | None:
    """What the server knows of the lab; None where there is none."""
    result = client.request(ListLabs(id=client.next_id()))
    assert isinstance(result, Labs)
    return next((i for i in result.labs if i.lab == lab), None)


def apply(client: Client, args: Args) -> int:
    """Make the lab what the file says. It is created if there is none, and started if it is stopped."""
    text = read(args.file)
    wanted = document.load(text)  # checked before the server is asked, so that problems have the path in the file
    raw: dict[str, Json] = json.loads(text)
    info = _info(client, args.lab)
    if args.dry_run and info is None:
        steps = plan.plan(wanted, {})
        return _show_plan(Planned(steps=steps, shell=shell.commands(steps)), args)
    result = _create(client, args, raw) if info is None else _edit(client, args, raw, info)
    if isinstance(result, Planned):
        return _show_plan(result, args)
    assert isinstance(result, Done)
    if args.json:
        output.as_json(result)
    elif result.steps == 0:
        print(f"{args.lab} already matches {args.file}: nothing to do")
    else:
        print(f"{args.lab} matches {args.file}: {result.steps} steps in {result.deploy_seconds or 0:.3f} s")
    return 0


def _create(client: Client, args: Args, raw: dict[str, Json]) -> AnyResult:
    return client.request(NewLab(id=client.next_id(), lab=args.lab, document=raw))


def _edit(client: Client, args: Args, raw: dict[str, Json], info: LabInfo) -> AnyResult:
    if info.state == "stopped" and not args.dry_run:
        client.request(StartLab(id=client.next_id(), lab=args.lab))
    commands = (ApplyDocument(document=raw),)
    return client.request(Edit(id=client.next_id(), lab=args.lab, commands=commands, dry_run=args.dry_run, label=f"apply {args.file}"))


def _show_plan(planned: Planned, args: Args) -> int:
    if args.json:
        output.as_json(planned)
    elif not planned.steps:
        print("nothing to do")
    else:
        print("\n".join(planned.shell))
    return 0


def export(client: Client, args: Args) -> int:
    """Print the document of a lab, or the shell script that builds it."""
    result = client.request(Export(id=client.next_id(), lab=args.lab, observed=args.observed, format=args.format))
    assert isinstance(result, Exported)
    sys.stdout.write(result.text if result.text.endswith("\n") else result.text + "\n")
    return 0


def validate(args: Args) -> int:
    """Check whether a file is a valid document, without a server."""
    records = document.load(read(args.file))
    namespaces = sum(map(ids.is_namespace, records))
    interfaces = sum(map(ids.is_interface, records))
    if args.json:
        output.as_json({"valid": True, "namespaces": namespaces, "interfaces": interfaces})
    else:
        print(f"{args.file} is valid: {namespaces} namespaces, {interfaces} interfaces")
    return 0


def schema(_: Args) -> int:
    """Print the JSON Schema of documents."""
    sys.stdout.write(msgspec.json.format(msgspec.json.encode(document.schema()), indent=2).decode() + "\n")
    return 0
