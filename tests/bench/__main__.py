"""All benchmarks: `script/bench`."""

from argparse import ArgumentParser
from pathlib import Path

from tests.bench import latency, star
from tests.support import Stack

options = ArgumentParser()
options.add_argument("--floor", type=Path, help="folder with floor_star.c and star_ipbatch.sh")
options.add_argument("--rounds", type=int, default=5)
args = options.parse_args()
stack = Stack()
try:
    star.run(stack, args.floor, rounds=args.rounds)
finally:
    stack.close()
latency.run()
