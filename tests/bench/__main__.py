"""All benchmarks: `script/bench`."""

from argparse import ArgumentParser, Namespace
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from tests.bench import canvas, capture, edit, fold, journey, labs, latency, rules, shell, star, storage, terminal, truth
from tests.support import Stack


def _on_a_stack(run: Callable[[Stack], object]) -> None:
    """Run it on a Vethboard of its own."""
    with closing(Stack()) as stack:
        run(stack)


ALL: dict[str, Callable[[Namespace], object]] = {
    "fold": lambda _: fold.run(),
    "edit": lambda _: edit.run(),
    "shell": lambda _: _on_a_stack(shell.run),
    "star": lambda args: _on_a_stack(lambda stack: star.run(stack, args.floor, rounds=args.rounds)),
    "latency": lambda _: latency.run(),
    "rules": lambda _: _on_a_stack(rules.run),
    "capture": lambda _: _on_a_stack(capture.run),
    "labs": lambda _: labs.run(),
    "journey": lambda _: _on_a_stack(journey.run),
    "canvas": lambda args: canvas.run(args.sizes, args.ms),
    "terminal": lambda _: terminal.run(),
    "storage": lambda _: storage.run(),
    "truth": lambda args: truth.run(args.labs),
}
"""What `--only` names, in the order in which they run."""
options = ArgumentParser()
options.add_argument("--floor", type=Path, help="folder with floor_star.c and star_ipbatch.sh")
options.add_argument("--rounds", type=int, default=5)
options.add_argument("--only", choices=ALL, action="append", help="may be given several times; default: all")
options.add_argument("--sizes", type=int, nargs="+", default=canvas.SIZES, help="namespaces on the canvas")
options.add_argument("--ms", type=int, default=canvas.GESTURE_MS, help="how long each gesture on the canvas lasts")
options.add_argument("--labs", type=int, default=850, help="random labs whose packets are judged, six in each")
given = options.parse_args()
for name, run in ALL.items():
    if not given.only or name in given.only:
        run(given)
