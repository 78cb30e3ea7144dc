"""capture: the frames of an interface, as a pcapng file or as the text of tcpdump(8)."""

import signal
import sys
import time
from argparse import Namespace as Args
from typing import BinaryIO

from cli.client import Client
from cli.run import run
from protocol import captures as c
from protocol import pcapng
from protocol.public import CapturedFrames, CaptureStarted, ReadCapture, RemoveCapture, StartCapture, StopCapture
from topology.model import ids

_READ_SECONDS = 0.2
"""Between two requests for frames, while there are no more."""


def capture(client: Client, args: Args) -> int:
    """Capture until Ctrl-C, or until there are as many frames as were asked for."""
    return _print(client, args) if args.write is None else _write(client, args)


def _print(client: Client, args: Args) -> int:
    argv = ["tcpdump", "-n", "-l", "-i", args.interface, "-s", str(args.snaplen), "-Z", "root"]
    argv += ["-c", str(args.count)] if args.count else []
    return run(client, args.lab, args.namespace, [*argv, "--", args.filter], stdin=False)


def _write(client: Client, args: Args) -> int:
    ref = ids.join(args.namespace, args.interface)
    request = StartCapture(id=client.next_id(), lab=args.lab, interfaces=(ref,), filter=args.filter, snaplen=args.snaplen)
    written = 0
    with sys.stdout.buffer if args.write == "-" else open(args.write, "wb") as file:  # before anything is begun: there may be no room
        file.write(pcapng.head([ref], args.snaplen, args.filter, f"lab {args.lab}"))
        file.flush()
        started = client.request(request)
        assert isinstance(started, CaptureStarted)
        sys.stderr.write(f"capturing on {ref}; stop with Ctrl-C\n")
        try:
            written = _copy(client, args, started.capture, file)
        finally:
            client.request(RemoveCapture(id=client.next_id(), lab=args.lab, capture=started.capture))
    sys.stderr.write(f"{written} frames captured\n")
    return 0


def _copy(client: Client, args: Args, capture: str, file: BinaryIO) -> int:
    """Write frames to the file as they come, until the capture ends. Returns how many."""
    after = written = 0
    signal.signal(signal.SIGINT, lambda *_: client.send(StopCapture(id=client.next_id(), lab=args.lab, capture=capture)))
    while True:
        answer = client.request(ReadCapture(id=client.next_id(), lab=args.lab, capture=capture, after=after))
        assert isinstance(answer, CapturedFrames)
        if answer.first > after + 1:
            sys.stderr.write(f"{answer.first - after - 1} frames were dropped before they could be written\n")
        frames = list(c.unpack(answer.data))
        after = answer.first + len(frames) - 1
        frames = frames[: args.count - written] if args.count else frames
        file.write(b"".join(map(pcapng.packet, frames)))
        file.flush()
        written += len(frames)
        if (args.count and written >= args.count) or not (answer.more or answer.running):
            return written
        if not answer.more:
            time.sleep(_READ_SECONDS)
