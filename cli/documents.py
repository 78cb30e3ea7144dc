"""apply, plan, import, export, validate, schema: documents of labs."""

import difflib
import sys
from argparse import Namespace as Args
from pathlib import Path

import msgspec

from cli import output
from cli.client import Client
from protocol.public import (
    AnyResult,
    Compare,
    Compared,
    Done,
    Edit,
    Export,
    Exported,
    LabInfo,
    Labs,
    ListLabs,
    NewLab,
    Planned,
    Side,
    StartLab,
    StopLab,
)
from topology.document import document, jsontext
from topology.document.differences import words
from topology.document.schema import text as schema_text
from topology.edit.commands import ApplyDocument, Paste, SetLab
from topology.edit.edit import edit
from topology.model import diff, ids
from topology.model.base import HOST
from topology.model.netfilter import Driver
from topology.model.problems import Code, Problem, ProblemError, invalid
from topology.model.records import Lab, Namespace, Records, as_records


def read(file: str) -> bytes:
    """The bytes of a file, `-` for standard input, at most one more than a document may have. Raises ProblemError with the words of
    strerror(3)."""
    try:
        if file == "-":
            return sys.stdin.buffer.read(jsontext.MAX_BYTES + 1)
        with Path(file).open("rb") as f:
            return f.read(jsontext.MAX_BYTES + 1)
    except OSError as e:
        raise ProblemError(Problem(code=Code.UNKNOWN, message=f"{file}: {e.strerror}", errno=e.errno)) from e


def _info(client: Client, lab: str) -> LabInfo | None:
    """What the server knows of the lab; None where there is none."""
    result = client.request(ListLabs(id=client.next_id()))
    assert isinstance(result, Labs)
    return next((i for i in result.labs if i.lab == lab), None)


def _text(args: Args) -> str:
    """The text of the document, which is right: problems have line and column in the file. Checked before the server is asked."""
    text = jsontext.decoded(read(args.file))
    document.load(text)
    return text


def apply(client: Client, args: Args) -> int:
    """Make the lab what the file says. It is created if there is none, and started if it is stopped."""
    text = _text(args)
    info = _info(client, args.lab)
    result = _create(client, args, text, args.dry_run) if info is None else _edit(client, args, text, info, args.dry_run)
    if isinstance(result, Planned):
        return _show_plan(result, args)
    assert isinstance(result, Done)
    if args.json:
        output.as_json(result)
    else:
        print(_said(args, result))
    return 0


def _said(args: Args, done: Done) -> str:
    if done.steps:
        return f"{args.lab} matches {args.file}: {done.steps} steps in {done.deploy_seconds or 0:.3f} s"
    if done.changed:
        return f"{args.lab} matches {args.file}: {_entries(done.changed)}, nothing for the kernel to do"
    return f"{args.lab} already matches {args.file}: nothing to do"


def _entries(changed: int) -> str:
    return "nothing new" if not changed else f"{'1 entry' if changed == 1 else f'{changed} entries'} of the document changed"


def _new(text: str) -> Records:
    """The records of a lab that is made of a document: what an edit would refuse is refused."""
    empty = as_records(Lab(), Namespace(name=HOST))
    return diff.apply(empty, edit(empty, ApplyDocument(document=text)).diff)


def _create(client: Client, args: Args, text: str, dry_run: bool) -> AnyResult:
    return client.request(NewLab(id=client.next_id(), lab=args.lab, document=text, dry_run=dry_run))


def _edit(client: Client, args: Args, text: str, info: LabInfo, dry_run: bool) -> AnyResult:
    apply = Edit(id=client.next_id(), lab=args.lab, commands=(ApplyDocument(document=text),), dry_run=dry_run, label=f"apply {args.file}")
    if info.state != "stopped" or dry_run:
        return client.request(apply)
    wanted = document.load(text).get(ids.LAB)
    _switch(client, args, info.firewall, wanted.firewall if isinstance(wanted, Lab) else None)  # which a lab that runs cannot
    try:
        client.request(StartLab(id=client.next_id(), lab=args.lab))
        return client.request(apply)
    except ProblemError:  # the lab is as it was
        client.request(StopLab(id=client.next_id(), lab=args.lab))
        _switch(client, args, wanted.firewall if isinstance(wanted, Lab) else None, info.firewall)
        raise


def _switch(client: Client, args: Args, now: Driver | None, wanted: Driver | None) -> None:
    """Switch the firewall of a stopped lab, where the other one is wanted."""
    if wanted not in (None, now):
        commands = (SetLab(firewall=wanted),)
        client.request(Edit(id=client.next_id(), lab=args.lab, commands=commands, label=f"firewall {wanted}"))


CHANGES = 2
"""Exit code of `plan` where there are changes, as of `terraform plan -detailed-exitcode`."""


def plan_changes(client: Client, args: Args) -> int:
    """What a document, another lab or another point of the history would change. Exit code 0: nothing, 2: something."""
    found = _compared(client, args)
    if args.json:
        output.as_json(found)
    else:
        print("\n".join(found.words) or "no changes")
        if args.text:
            before, after = found.before.splitlines(True), found.after.splitlines(True)
            sys.stdout.writelines(difflib.unified_diff(before, after, "before", "after"))
        elif found.shell:
            print("\ncommands:", *found.shell, sep="\n  ")
    return CHANGES if found.words or found.shell else 0


def _compared(client: Client, args: Args) -> Compared:
    if args.file is not None and (args.other is not None or args.after is not None):
        raise invalid("FILE, --other and --after exclude one another", None, "compare the lab with one of them")
    if args.file is None and args.other is None and args.after is None and args.before is None:
        raise invalid("nothing to compare the lab with", None, "give FILE, --other LAB, or --before and --after")
    text = _text(args) if args.file is not None else None
    info = _info(client, args.lab)
    if info is None and text is not None:
        planned = _create(client, args, text, dry_run=True)
        assert isinstance(planned, Planned)
        return _made(text, planned)
    before, after = Side(number=args.before), Side(document=text, lab=args.other, number=args.after)
    found = client.request(Compare(id=client.next_id(), lab=args.lab, before=before, after=after))
    assert isinstance(found, Compared)
    if text is None or info is None or info.state not in ("live", "stopped") or args.before is not None:
        return found
    planned = _edit(client, args, text, info, dry_run=True)
    assert isinstance(planned, Planned)
    return msgspec.structs.replace(found, shell=planned.shell) if info.state == "live" else found


def _made(text: str, planned: Planned) -> Compared:
    """A lab that is not there yet, as it would be."""
    records = _new(text)
    return Compared(
        words=tuple(words({}, records)),
        diff=diff.between({}, records),
        before="",
        after=document.dump(records),
        shell=planned.shell,
    )


def _show_plan(planned: Planned, args: Args) -> int:
    if args.json:
        output.as_json(planned)
    elif not planned.steps and planned.diff:
        changed = len(planned.diff.ids)
        print(f"{'1 entry' if changed == 1 else f'{changed} entries'} of the document would change, nothing for the kernel to do")
    elif not planned.steps:
        print("nothing to do")
    else:
        print("\n".join(planned.shell))
    return 0


def import_part(client: Client, args: Args) -> int:
    """Add what a document holds to a lab, beside what is there: names and addresses that are taken become free ones."""
    commands = (Paste(document=_text(args), into=args.into),)
    request = Edit(id=client.next_id(), lab=args.lab, commands=commands, dry_run=args.dry_run, label=f"import {args.file}")
    result = client.request(request)
    if isinstance(result, Planned):
        return _show_plan(result, args)
    assert isinstance(result, Done)
    if args.json:
        output.as_json(result)
    else:
        print(f"{args.file} is in {args.lab}: {', '.join(map(ids.subject_of, result.made)) or _entries(result.changed)}")
    return 0


def export(client: Client, args: Args) -> int:
    """Print the document of a lab, or the shell script that builds it."""
    only = tuple(ids.interface(name) if "/" in name else ids.namespace(name) for name in args.only) or None
    result = client.request(Export(id=client.next_id(), lab=args.lab, observed=args.observed, format=args.format, ids=only))
    assert isinstance(result, Exported)
    sys.stdout.write(result.text if result.text.endswith("\n") else result.text + "\n")
    output.beside(result.unheld)
    return 0


def validate(args: Args) -> int:
    """Check whether a file is a valid document, without a server."""
    records = document.load(jsontext.decoded(read(args.file)))
    namespaces = sum(map(ids.is_namespace, records))
    interfaces = sum(map(ids.is_interface, records))
    if args.json:
        output.as_json({"valid": True, "namespaces": namespaces, "interfaces": interfaces})
    else:
        print(f"{args.file} is valid: {namespaces} namespaces, {interfaces} interfaces")
    return 0


def schema(_: Args) -> int:
    """Print the JSON Schema of documents."""
    sys.stdout.write(schema_text())
    return 0
