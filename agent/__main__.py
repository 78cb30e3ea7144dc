"""python -m agent --run DIR --server-uid UID: the privileged part. python -m agent --check [--json]: what this kernel can do."""

import argparse
import asyncio
import contextlib
import gc
import json
import os
import signal
import sys
from pathlib import Path

import msgspec
from websockets.asyncio.server import unix_serve

from agent import doctor
from agent.lab.process import warm
from agent.labs import Labs
from agent.linux import pids
from agent.listener import Listener
from agent.sandbox import limits as enforced
from agent.sandbox import seccomp
from agent.uplink.rules import Network, networks
from logs import FORMS, configure, watch_loop
from protocol.limits import MAX_LAB_MESSAGE
from topology.model.problems import ProblemError


async def _serve(run: Path, server_uid: int, limits: Path | None, uplinks: tuple[Network, ...] | None) -> None:
    """Until SIGTERM or SIGINT, which end all labs."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    watch_loop(loop)
    labs = Labs(run, limits, uplinks)
    await labs.find()
    path = run / "agent.sock"
    path.unlink(missing_ok=True)
    listener = Listener(labs, {0, server_uid})
    async with unix_serve(listener.handle, str(path), compression=None, max_size=MAX_LAB_MESSAGE, ping_interval=None):
        os.chown(path, server_uid, -1)
        path.chmod(0o600)
        print(json.dumps({"ready": True}), flush=True)
        await stop.wait()
        await labs.stop_all()
    path.unlink(missing_ok=True)
    labs.close()


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="agent", description=__doc__)
    parser.add_argument("--run", type=Path, help="directory for the sockets")
    parser.add_argument("--server-uid", type=int, default=0, help="the user that may connect besides root")
    parser.add_argument("--limits", type=Path, help="file of the limits of labs (JSON)")
    parser.add_argument("--allow-uplink", action="store_true", help="labs may have an uplink")
    parser.add_argument(
        "--uplink-to", action="append", default=[], metavar="NETWORK", help="not public, and reached by uplinks all the same"
    )
    parser.add_argument("--check", action="store_true", help="print what this kernel can do, and end")
    parser.add_argument("--json", action="store_true", help="print it as JSON")
    parser.add_argument("--log-format", choices=FORMS, default="text", help="lines for people, or JSON objects (standard error)")
    args = parser.parse_args()
    if args.run is None and not args.check:
        parser.error("--run is needed")
    try:
        args.uplinks = networks(args.uplink_to) if args.allow_uplink else None
    except ProblemError as e:
        parser.error(f"--uplink-to: {e.problem.message}: {e.problem.hint}")
    return args


def _check(as_json: bool) -> int:
    """Print what the doctor found; the exit code."""
    found = list(doctor.checks())
    if as_json:
        print(msgspec.json.encode(found).decode())
    else:
        print("\n".join(f"{'yes' if c.ok else 'no ':3} {c.name}  {c.detail}  {c.mend}" for c in found))
    return 0 if all(c.ok for c in found if c.needed) else 1


def main() -> int:
    """Run the agent, or the checks; the exit code."""
    args = _arguments()
    configure("agent", args.log_format)
    if args.check:
        return _check(args.json)
    enforced.use_group_of(args.run.resolve())
    pids.prctl(pids.PR_SET_CHILD_SUBREAPER, 1)  # the parent of a lab's first process ends at once: the agent becomes its parent
    warm()
    with contextlib.suppress(OSError):  # reported by doctor, and by the first lab that cannot start
        seccomp.program()
    gc.collect()
    gc.freeze()  # a collection in a lab would write to every object's page, and so copy what all labs share
    asyncio.run(_serve(args.run, args.server_uid, args.limits, args.uplinks))
    return 0


if __name__ == "__main__":
    sys.exit(main())
