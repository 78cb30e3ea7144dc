"""python -m agent --run DIR --server-uid UID: the privileged part. python -m agent --check [--json]: what this kernel can do."""

import argparse
import asyncio
import json
import os
import signal
import sys
from pathlib import Path

import msgspec
from websockets.asyncio.server import unix_serve

from agent import doctor
from agent.labs import Labs
from agent.linux import pids
from agent.listener import Listener
from agent.sandbox.starter import Starter
from agent.uplink.rules import networks
from logs import FORMS, configure, watch_loop
from protocol.limits import MAX_LAB_MESSAGE
from topology.model.problems import ProblemError


async def _serve(args: argparse.Namespace) -> None:
    """Until SIGTERM or SIGINT, which end all labs, or SIGUSR1, which leaves them running."""
    loop = asyncio.get_running_loop()
    stop: asyncio.Queue[int] = asyncio.Queue()
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGUSR1):
        loop.add_signal_handler(number, stop.put_nowait, number)
    watch_loop(loop)
    run, server_uid = args.run, args.server_uid
    starter = Starter(args.log_format)
    labs = Labs(run, starter, args.limits, args.uplinks, args.require_limits)
    await labs.find()
    path = run / "agent.sock"
    path.unlink(missing_ok=True)
    listener = Listener(labs, starter, {0, server_uid})
    async with unix_serve(listener.handle, str(path), compression=None, max_size=MAX_LAB_MESSAGE, ping_interval=None):
        os.chown(path, server_uid, -1)
        path.chmod(0o600)
        print(json.dumps({"ready": True, "labs": len(labs.running)}), flush=True)
        if await stop.get() != signal.SIGUSR1:
            await labs.stop_all()
    path.unlink(missing_ok=True)
    labs.close()
    starter.close()


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="agent", description=__doc__)
    parser.add_argument("--run", type=Path, help="directory for the sockets")
    parser.add_argument("--server-uid", type=int, default=0, help="the user that may connect besides root")
    parser.add_argument("--limits", type=Path, help="file of the limits of labs (JSON)")
    parser.add_argument("--require-limits", action="store_true", help="no lab is started of which a limit cannot be enforced")
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
    starter = Starter()
    found = asyncio.run(doctor.checks(starter))
    starter.close()
    if as_json:
        print(msgspec.json.encode(found).decode())
    else:
        print("\n".join(f"{'yes' if c.ok else 'no ':3} {c.name}  {c.detail}  {c.mend}" for c in found))
    return 0 if all(c.ok for c in found if c.needed) else 1


def main() -> int:
    """Run the agent, or the checks; the exit code."""
    args = _arguments()
    configure("agent", args.log_format)
    pids.prctl(pids.PR_SET_CHILD_SUBREAPER, 1)  # the parents of a lab's first processes end at once: the agent becomes their parent
    if args.check:
        return _check(args.json)
    args.run = args.run.absolute()
    asyncio.run(_serve(args))
    return 0


if __name__ == "__main__":
    sys.exit(main())
