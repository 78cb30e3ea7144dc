"""backup, restore: all labs in one file."""

import contextlib
import os
import sys
from argparse import Namespace as Args
from pathlib import Path

from cli import output
from cli.client import Client
from protocol.public import AnyItem, Backup, Input, Output, Restore, Restored
from topology.model.problems import Code, Problem, ProblemError

PIECE = 256 << 10


def _failed(error: OSError) -> ProblemError:
    hint = "give another FILE"
    return ProblemError(Problem(code=Code.INVALID, message=f"{error.filename}: {error.strerror}", hint=hint, errno=error.errno))


def backup(client: Client, args: Args) -> int:
    """Written beside, and named when it is whole."""
    file = Path(args.file)
    beside = file.with_name(f".{file.name}.new")
    try:
        with os.fdopen(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as out:

            def take(item: AnyItem) -> None:
                if isinstance(item, Output):
                    out.write(item.data)

            client.request(Backup(id=client.next_id()), take)
            out.flush()
            os.fsync(out.fileno())
        beside.replace(file)
    except OSError as e:
        raise _failed(e) from None
    finally:
        with contextlib.suppress(OSError):
            beside.unlink(missing_ok=True)
    if args.json:
        output.as_json({"file": str(file), "bytes": file.stat().st_size})
    else:
        print(f"all labs are in {file} ({file.stat().st_size} bytes)")
    return 0


def restore(client: Client, args: Args) -> int:
    """The whole file is sent before anything is done."""
    request = Restore(id=client.next_id(), replace=args.replace)
    try:
        with sys.stdin.buffer if args.file == "-" else open(args.file, "rb") as file:
            client.send(request)
            while data := file.read(PIECE):
                client.send(Input(id=client.next_id(), target=request.id, data=data))
    except OSError as e:
        raise _failed(e) from None
    client.send(Input(id=client.next_id(), target=request.id, eof=True))
    result = client.wait(request.id)
    assert isinstance(result, Restored)
    if args.json:
        output.as_json(result)
    else:
        print(f"restored: {', '.join(result.labs) or 'nothing: the backup has no labs'}")
    return 0
