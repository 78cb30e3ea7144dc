"""`script/fuzz-journeys`: random labs, random packets, and whether what Vethboard says of them is true."""

import sys
from argparse import ArgumentParser
from datetime import UTC, datetime
from os import environ
from pathlib import Path

from tests.fuzz.case import Case, load, text
from tests.fuzz.figures import measure
from tests.fuzz.judge import KINDS, Finding
from tests.fuzz.run import run
from tests.fuzz.shrink import Shrinker


def _told(case: Case, finding: Finding) -> None:
    sent = case.probes[finding.probe] if case.probes else None
    probe = f"{sent.source} {sent.protocol} {sent.address} {sent.port or ''}" if sent is not None else ""
    print(f"{finding.kind}: seed {case.seed} ({case.driver}), probe {finding.probe} ({probe}): {finding.text}", flush=True)


def _replay(path: Path, small: bool) -> int:
    case = load(path)
    outcome = run(case)
    for finding in outcome.findings:
        _told(case, finding)
    if small and outcome.findings:
        print(text(Shrinker(outcome.findings[0]).shrink(case, outcome.findings[0].probe)))
    return 1 if outcome.findings else 0


today = int(environ.get("VETHBOARD_SEED", f"{datetime.now(UTC):%Y%m%d}"))
options = ArgumentParser(prog="script/fuzz-journeys", description=__doc__)
options.add_argument("--seed", type=int, default=today, help="of the first lab; the next one has the next number (default: today)")
options.add_argument("--rounds", type=int, default=0, help="labs")
options.add_argument("--minutes", type=float, default=0, help="how long, where no --rounds are given (default 3)")
options.add_argument("--driver", choices=("legacy", "nft"), default="", help="default: either, by the seed")
options.add_argument("--probes", type=int, default=6, help="packets in each lab")
options.add_argument("--jobs", type=int, default=3, help="labs at the same time")
options.add_argument("--kind", choices=KINDS, action="append", help="tell and shrink only these (default: all but stated predictions)")
options.add_argument("--shrink", type=int, default=0, metavar="N", help="print the first N faults as small as possible")
options.add_argument("--replay", type=Path, metavar="FILE", help="run the case that was printed")
args = options.parse_args()
if args.replay:
    sys.exit(_replay(args.replay, args.shrink > 0))
wanted = args.kind or [k for k in KINDS if k != "prediction"]
minutes = args.minutes or (0 if args.rounds else 3)
print(f"seed {args.seed}", flush=True)
figures = measure(
    args.seed, rounds=args.rounds, minutes=minutes, driver=args.driver, probes=args.probes, jobs=args.jobs,
    tell=lambda case, finding: _told(case, finding) if finding.kind in wanted else None,
)  # fmt: skip
for fault in [f for f in figures.faults if f.finding.kind in wanted][: args.shrink]:
    print(f"\n{fault.finding.kind}, seed {fault.case.seed}: {fault.finding.text}")
    print(text(Shrinker(fault.finding).shrink(fault.case, fault.finding.probe)))
print("\n".join(figures.table()))
sys.exit(0 if figures.met() else 1)
