"""doctor: what this machine supports and what is missing. Works with and without a running server."""

import subprocess
import sys
from argparse import Namespace as Args

import msgspec

from cli import output
from cli.client import Client, find_server
from protocol.public import Check, Diagnosis, Doctor
from topology.model.problems import Code, Problem, ProblemError


def _checks(args: Args) -> tuple[Check, ...]:
    """The checks of the running server, or of an agent that is started for them."""
    try:
        with Client(*find_server(args.state)) as client:
            result = client.request(Doctor(id=client.next_id()))
            assert isinstance(result, Diagnosis)
            return result.checks
    except ProblemError as e:
        if e.problem.code is not Code.UNAVAILABLE:
            raise
    stdout = subprocess.run([sys.executable, "-m", "agent", "--check", "--json"], stdout=subprocess.PIPE, check=False).stdout
    try:
        return msgspec.json.decode(stdout, type=tuple[Check, ...])
    except msgspec.DecodeError as e:
        raise ProblemError(
            Problem(code=Code.INTERNAL, message="the output of the agent's check cannot be read", hint="run: python -m agent --check")
        ) from e


def doctor(args: Args) -> int:
    """Print the checks. Exit code 0 when nothing that is needed is missing."""
    checks = _checks(args)
    missing = any(c.needed and not c.ok for c in checks)
    if args.json:
        output.as_json(checks)
        return int(missing)
    for check in checks:
        mark = "✓" if check.ok else ("✗" if check.needed else "–")
        print(f"{mark} {check.name}{': ' + check.detail if check.detail else ''}")
        if not check.ok and check.mend:
            print(f"    → {check.mend}")
    return int(missing)
