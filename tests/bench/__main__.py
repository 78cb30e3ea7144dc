"""All benchmarks: `script/bench`."""

from argparse import ArgumentParser
from pathlib import Path

from tests.bench import canvas, capture, edit, fold, journey, labs, latency, rules, shell, star, storage, terminal, truth
from tests.support import Stack

ALL = ("fold", "edit", "shell", "star", "latency", "rules", "capture", "journey", "canvas", "labs", "terminal", "storage", "truth")
options = ArgumentParser()
options.add_argument("--floor", type=Path, help="folder with floor_star.c and star_ipbatch.sh")
options.add_argument("--rounds", type=int, default=5)
options.add_argument("--only", choices=ALL, action="append", help="may be given several times; default: all")
options.add_argument("--sizes", type=int, nargs="+", default=canvas.SIZES, help="namespaces on the canvas")
options.add_argument("--ms", type=int, default=canvas.GESTURE_MS, help="how long each gesture on the canvas lasts")
options.add_argument("--labs", type=int, default=850, help="random labs whose packets are judged, six in each")
args = options.parse_args()
wanted = args.only or ALL
if "fold" in wanted:
    fold.run()
if "edit" in wanted:
    edit.run()
if "shell" in wanted:
    stack = Stack()
    try:
        shell.run(stack)
    finally:
        stack.close()
if "star" in wanted:
    stack = Stack()
    try:
        star.run(stack, args.floor, rounds=args.rounds)
    finally:
        stack.close()
if "latency" in wanted:
    latency.run()
if "rules" in wanted:
    stack = Stack()
    try:
        rules.run(stack)
    finally:
        stack.close()
if "capture" in wanted:
    stack = Stack()
    try:
        capture.run(stack)
    finally:
        stack.close()
if "labs" in wanted:
    labs.run()
if "journey" in wanted:
    stack = Stack()
    try:
        journey.run(stack)
    finally:
        stack.close()
if "canvas" in wanted:
    canvas.run(args.sizes, args.ms)
if "terminal" in wanted:
    terminal.run()
if "storage" in wanted:
    storage.run()
if "truth" in wanted:
    truth.run(args.labs)
