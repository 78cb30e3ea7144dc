"""`vethboard VERB …`: reads the command line, runs the verb, turns problems into messages and an exit code.

Exit codes: 0 success; 1 failure, with the problem on standard error; 2 wrong usage, but of `plan`: there are changes, and wrong usage is
1; `exec` and `shell`: the exit code of the command.
"""

import contextlib
import os
import sys
from argparse import OPTIONAL, ZERO_OR_MORE, ArgumentParser, Namespace
from collections.abc import Iterable
from pathlib import Path
from typing import Any, NoReturn

from cli import output
from cli.client import DEFAULT_STATE, Client, find_server
from cli.verbs import VERBS, Verb
from topology.model.people import display_name
from topology.model.problems import Code, Problem, ProblemError

_INTERRUPTED = 130
"""As a shell reports a process that SIGINT ended: 128 and the number of the signal."""


class Mixed(ArgumentParser):
    """The arguments of a verb that has one that may be left out: options may stand before it too (`plan LAB --json FILE`)."""

    _inside = False

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> Any:  # typeshed has overloads of it
        """What is asked of it as the parser of a verb."""
        if self._inside:
            return super().parse_known_args(args, namespace)
        self._inside = True
        try:
            return self.parse_known_intermixed_args(args, namespace)
        finally:
            self._inside = False


class Plan(Mixed):
    """The exit code 2 says that there are changes: wrong usage is 1."""

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> Any:  # typeshed has overloads of it
        """Nothing is left to the parser above, whose errors have the exit code 2."""
        found, rest = super().parse_known_args(args, namespace)
        if rest and not self._inside:
            self.error(f"unrecognized arguments: {' '.join(rest)}")
        return found, rest

    def error(self, message: str) -> NoReturn:
        """Print the message and exit."""
        self.print_usage(sys.stderr)
        self.exit(1, f"{self.prog}: error: {message}\n")


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
        subparsers._parser_class = _parser_of(verb)  # add_parser has no argument for it
        own = subparsers.add_parser(verb.name, help=verb.help, description=verb.help)
        if verb.verbs:
            _add_verbs(own, verb.verbs, f"{verb.name}_verb")
            continue
        own.set_defaults(online=verb.online, offline=verb.offline, json=False)
        if verb.json:
            own.add_argument("--json", action="store_true", help="print JSON")
        for argument in verb.arguments:
            own.add_argument(*argument.names, **argument.options)


def _parser_of(verb: Verb) -> type[ArgumentParser]:
    if verb.name == "plan":
        return Plan
    optional = any(argument.options.get("nargs") in (OPTIONAL, ZERO_OR_MORE) for argument in verb.arguments)
    return Mixed if optional else ArgumentParser


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
