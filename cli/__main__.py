"""`vethboard VERB …`: reads the command line, runs the verb, turns problems into messages and an exit code.

Exit codes: 0 success; 1 failure, with the problem on standard error; 2 wrong usage, and of `plan`: there are changes; `exec` and
`shell`: the exit code of the command.
"""

import contextlib
import os
import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Iterable
from pathlib import Path

from cli import output
from cli.client import DEFAULT_STATE, Client, find_server
from cli.verbs import VERBS, Verb
from topology.model.people import display_name
from topology.model.problems import Code, Problem, ProblemError

_INTERRUPTED = 130
"""As a shell reports a process that SIGINT ended: 128 and the number of the signal."""


def parser() -> ArgumentParser:
    """The whole command line."""
    top = ArgumentParser(prog="vethboard", description="Draw a network; a real kernel builds it.")
    state = Path(os.environ.get("VETHBOARD_STATE", DEFAULT_STATE))
    top.add_argument("--state", type=Path, default=state, help="directory of documents and histories (default: %(default)s)")
    top.add_argument("--name", dest="person", help="what you are called in histories (default: $SUDO_USER or $USER)")
    _add_verbs(top, VERBS, "verb_name")
    return top


def _add_verbs(parser: ArgumentParser, verbs: Iterable[Verb], dest: str) -> None:
    subparsers = parser.add_subparsers(dest=dest, required=True, metavar="VERB")
    for verb in verbs:
        own = subparsers.add_parser(verb.name, help=verb.help, description=verb.help)
        if verb.verbs:
            _add_verbs(own, verb.verbs, f"{verb.name}_verb")
            continue
        own.set_defaults(online=verb.online, offline=verb.offline, json=False)
        if verb.json:
            own.add_argument("--json", action="store_true", help="print JSON")
        for argument in verb.arguments:
            own.add_argument(*argument.names, **argument.options)


def main() -> int:
    """Run the command line. Returns the exit code."""
    args = parser().parse_args()
    if getattr(args, "command", None) and args.command[0] == "--":
        args.command = args.command[1:]
    if getattr(args, "command", None) == []:
        sys.stderr.write("vethboard: exec: no command given: vethboard exec LAB NAMESPACE -- COMMAND…\n")
        return 2
    try:
        return _run(args)
    except ProblemError as e:
        output.problem(e.problem, args.json)
        return 1
    except KeyboardInterrupt:
        return _INTERRUPTED
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # so that Python's own flush at the exit does not fail again
        return 0
    except OSError as e:  # of a file that was named, or of standard output: no room, no permission
        words = e.strerror or str(e)
        message = f"{e.filename}: {words}" if e.filename else words
        output.problem(Problem(code=Code.INVALID, message=message, hint="give another file, or make room", errno=e.errno), args.json)
        return 1


def _name(given: str | None) -> str:
    """Raises ProblemError where that cannot be a name; one of the environment is then left out (root is nobody's)."""
    if given is not None:
        return display_name(given) if given else ""
    with contextlib.suppress(ProblemError):
        return display_name(os.environ.get("SUDO_USER") or os.environ.get("USER") or "")
    return ""


def _run(args: Namespace) -> int:
    if args.offline:
        return int(args.offline(args))
    with Client(*find_server(args.state), _name(args.person)) as client:
        return int(args.online(client, args))


if __name__ == "__main__":
    sys.exit(main())
