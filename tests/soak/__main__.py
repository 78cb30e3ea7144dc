"""`script/soak`: lets people work on a lab, and prints what server, agent and lab process weigh. It fails where that grows."""

import contextlib
import json
import os
import re
import signal
import statistics
import subprocess
import sys
import time
from argparse import ArgumentParser
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from protocol import public as q
from tests.soak.people import LAB, Person, furnish, people
from tests.soak.weighed import ANSWER
from tests.support import Stack

WHO = ("server", "agent", "lab")
SLACK_KB = {"server": 4096, "agent": 1024, "lab": 2048}
"""So much more in the last quarter than in the second one is no growth: what is in use at the moment of a look."""
SLACK_SHARE = 0.04
SLACK_COUNT = {"server": 4, "agent": 4, "lab": 60}
"""Of files and threads: connections and terminals that happen to be there; of a lab also a few files for each of its namespaces."""


class Weight(NamedTuple):
    """`rss`, `malloc`, `free`: KiB that it has in memory, that C's allocator has, and what of that is free. `blocks`: objects of Python's
    allocator."""

    rss: int
    files: int
    threads: int
    blocks: int
    malloc: int
    free: int


class Look(NamedTuple):
    """What all weigh, after so many seconds and so many things done."""

    seconds: float
    done: int
    of: dict[str, Weight]


class Soak(Stack):
    """A Vethboard whose server says what is alive in it."""

    program = "tests.soak.up"

    def __init__(self) -> None:
        self.growth: dict[str, list[str]] = {}
        """What each said last, with --trace."""
        super().__init__()

    def weigh(self) -> dict[str, Weight]:
        lab = self._lab()
        places = {
            "server": (self.weighed("server"), self.state),
            "agent": (self.weighed("agent"), self.run),
            "lab": (lab, Path(f"/proc/{lab}/root/tmp")),
        }
        return {who: self._weight(who, *place) for who, place in places.items()}

    def weighed(self, program: str) -> int:
        """The pid of the server, or of the agent."""
        return self.child(f"tests.soak.weighed\0{program}")

    def _lab(self) -> int:
        return int(json.loads((self.run / "labs" / f"{LAB}.json").read_text())["pid"])

    def _weight(self, who: str, pid: int, folder: Path) -> Weight:
        """After a collection. Also keeps what it says about growth."""
        answer = folder / ANSWER
        answer.unlink(missing_ok=True)
        os.kill(pid, signal.SIGUSR2)
        end = time.monotonic() + 60
        while not answer.exists():
            if time.monotonic() > end:
                raise TimeoutError(f"the {who} does not say what is alive in it")
            time.sleep(0.05)
        found = json.loads(answer.read_text())
        self.growth[who] = found["growth"]
        status = Path(f"/proc/{pid}/status").read_text()
        rss, threads = (int(re.findall(rf"^{key}:\s+(\d+)", status, re.M)[0]) for key in ("VmRSS", "Threads"))
        return Weight(rss, len(os.listdir(f"/proc/{pid}/fd")), threads, found["blocks"], found["malloc"], found["free"])


def _quarter(looks: Sequence[Look], number: int) -> Sequence[Look]:
    return looks[len(looks) * (number - 1) // 4 : len(looks) * number // 4]


def verdict(looks: Sequence[Look]) -> list[str]:
    """What has grown from the second quarter to the last one."""
    early, late = _quarter(looks, 2), _quarter(looks, 4)
    if not early or not late:
        return ["too short to tell"]
    edits = statistics.mean(x.done for x in late) - statistics.mean(x.done for x in early)
    out: list[str] = []
    for who in WHO:
        before, after = ({f: statistics.median(getattr(x.of[who], f) for x in part) for f in Weight._fields} for part in (early, late))
        if after["rss"] - before["rss"] > max(SLACK_KB[who], SLACK_SHARE * before["rss"]):
            out.append(f"memory of the {who}: {before['rss']:.0f} → {after['rss']:.0f} KiB in {edits:.0f} actions")
        for what in ("files", "threads"):
            if after[what] - before[what] > SLACK_COUNT[who]:
                out.append(f"{what} of the {who}: {before[what]:.0f} → {after[what]:.0f}")
    return out


def _line(look: Look) -> str:
    parts = [
        f"{who} {w.rss / 1024:6.1f} MB {w.files:3} files {w.threads:3} threads {w.blocks:7} blocks"
        f" {w.malloc / 1024:5.1f} MB malloc {w.free / 1024:4.1f} free"
        for who, w in look.of.items()
    ]  # fmt: skip
    return f"{look.seconds:6.0f} s {look.done:7} actions   {'   '.join(parts)}"


def soak(stack: Soak, minutes: float, every: float, seed: int) -> list[str]:
    """What is wrong; nothing where all is well."""
    with stack.client() as client:
        client.request(q.NewLab(id=client.next_id(), lab=LAB))
        furnish(client)
    crowd = people(stack, seed)
    for person in crowd:
        person.start()
    looks = _watch(stack, crowd, minutes, every)
    for person in crowd:
        person.end()
    for person in crowd:
        print(f"{type(person).__name__}: {person.done} done, {person.refused} refused")
    for who, lines in stack.growth.items():
        print(f"{who}:", *lines, sep="\n  ")
    wrong = [f"{type(person).__name__}: {text}" for person in crowd for text in person.wrong[:5]]
    idle = [f"{type(person).__name__} did nothing" for person in crowd if not person.done]
    return [*verdict(looks), *wrong, *idle]


def _watch(stack: Soak, crowd: Sequence[Person], minutes: float, every: float) -> list[Look]:
    began, looks = time.monotonic(), list[Look]()
    while (now := time.monotonic() - began) < minutes * 60:
        time.sleep(max(0.0, (len(looks) + 1) * every - now))
        looks.append(Look(time.monotonic() - began, sum(p.done for p in crowd), stack.weigh()))
        print(_line(looks[-1]), flush=True)
    return looks


def main() -> int:
    """The exit code."""
    parser = ArgumentParser(prog="soak", description=__doc__)
    parser.add_argument("--minutes", type=float, default=60.0)
    parser.add_argument("--every", type=float, default=10.0, help="seconds between two looks")
    parser.add_argument("--seed", type=int, default=int(time.time()))
    parser.add_argument("--trace", action="store_true", help="of which types there is more than at the first look")
    args = parser.parse_args()
    if args.trace:
        os.environ["VETHBOARD_TRACE"] = "1"
    print(f"seed {args.seed}")
    stack = Soak()
    try:
        wrong = soak(stack, args.minutes, args.every, args.seed)
    finally:
        with contextlib.suppress(subprocess.TimeoutExpired):
            stack.close()
    print(*(wrong or ["nothing has grown, and nothing went wrong"]), sep="\n")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
