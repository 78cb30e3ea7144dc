"""The pure parts of terminals: the ring and what brings a screen back, viewers and what they may be sent, titles, the key that leaves."""

from hypothesis import given
from hypothesis import strategies as st

from agent.terminals.ring import Ring
from agent.terminals.title import LONGEST, Titles
from agent.terminals.viewer import Viewer
from cli.shell import keys
from protocol.frames import OUTPUT, SCREEN, STATE
from protocol.limits import ACK_WINDOW_BYTES


class Box:
    """Takes frames."""

    def __init__(self) -> None:
        self.full = False
        self.on_room = lambda: None
        self.frames: list[tuple[int, bytes]] = []

    def data(self, channel: int, stream: int, data: bytes) -> None:
        assert channel == 7
        self.frames.append((stream, data))

    @property
    def bytes(self) -> int:
        return sum(len(data) for stream, data in self.frames if stream != STATE)


@given(st.lists(st.binary(max_size=300), max_size=60))
def test_a_ring_has_the_end_of_all_that_was_said(pieces: list[bytes]) -> None:
    ring = Ring(limit=500)
    for piece in pieces:
        ring.append(piece)
    said = b"".join(pieces)
    assert ring.end == len(said)
    assert ring.read(ring.start, len(said)) == said[ring.start :]


def test_a_ring_is_bounded_and_is_cut_after_a_line() -> None:
    ring = Ring(limit=1000)
    for number in range(100_000):
        ring.append(b"line %d\n" % number)
    assert ring.end - ring.start < 1000 + (66 << 10)
    assert ring.read(ring.start, 5) == b"line "


def test_what_was_switched_before_the_ring_begins_is_switched_again() -> None:
    ring = Ring(limit=100)
    ring.append(b"\x1b[?1049h\x1b[?25l\x1b[?1;2004h\x1b[?2004l\x1b=")
    for _ in range(20_000):
        ring.append(b"\x1b[5;1Hwords ")
    assert ring.start > 0
    assert ring.screen().startswith(b"\x1b[?1049h\x1b[?25l\x1b[?1h\x1b[?2004l\x1b=\x1b[5;1H")
    assert ring.torn
    ring.append(b"\x1b[?1049l")
    assert not ring.torn


def test_a_whole_ring_is_never_torn() -> None:
    ring = Ring()
    ring.append(b"\x1b[?1049hvim")
    assert not ring.torn


def test_a_viewer_is_sent_no_more_than_the_window() -> None:
    ring, box = Ring(limit=4 << 20), Box()
    viewer = Viewer(7, box, 24, 80)
    ring.append(b"before")
    viewer.feed(ring)
    assert box.frames == [(SCREEN, b"before")]
    ring.append(b"x" * (3 * ACK_WINDOW_BYTES))
    viewer.feed(ring)
    assert ACK_WINDOW_BYTES <= box.bytes < ACK_WINDOW_BYTES + (64 << 10)
    assert not viewer.ready
    viewer.taken(10 * ACK_WINDOW_BYTES)  # more than was sent: nonsense
    viewer.feed(ring)
    assert not viewer.ready
    while not viewer.follows(ring):
        viewer.taken(box.bytes)
        viewer.feed(ring)
    assert b"".join(data for _, data in box.frames) == b"before" + b"x" * (3 * ACK_WINDOW_BYTES)


def test_a_viewer_whom_the_ring_has_overtaken_gets_the_screen_anew() -> None:
    ring, box = Ring(limit=10_000), Box()
    viewer = Viewer(7, box, 24, 80)
    viewer.feed(ring)
    for number in range(400_000):
        ring.append(b"%d\n" % number)
        if number % 1000 == 0:
            viewer.feed(ring)
    assert not viewer.ready
    viewer.taken(box.bytes)
    viewer.feed(ring)
    stream, data = box.frames[-1]
    assert stream == SCREEN
    assert data.endswith(b"399999\n")
    assert viewer.follows(ring)


def test_nothing_is_sent_while_the_way_is_full() -> None:
    ring, box = Ring(), Box()
    viewer = Viewer(7, box, 24, 80)
    viewer.feed(ring)
    box.full = True
    ring.append(b"later")
    viewer.feed(ring)
    assert box.bytes == 0
    box.full = False
    viewer.feed(ring)
    assert box.frames[-1] == (OUTPUT, b"later")


@given(st.integers(0, 40), st.integers(0, 40))
def test_a_title_is_found_wherever_it_is_cut(one: int, two: int) -> None:
    said = b"ls\r\n\x1b]0;ns0: ~/work\x07lesson:ns0 ~# "
    first, second = sorted((one, two))
    titles = Titles()
    found = [titles.find(piece) for piece in (said[:first], said[first:second], said[second:])]
    assert [t for t in found if t is not None] == ["ns0: ~/work"]


def test_titles_are_made_harmless() -> None:
    titles = Titles()
    assert titles.find(b"\x1b]2;a\x01b\xe2\x80\xaec<img src=x>\xff\x1b\\") == "abc<img src=x>�"
    assert titles.find(b"\x1b]0;" + b"y" * 400 + b"\x07") == "y" * LONGEST
    assert titles.find(b"\x1b]0;" + b"z" * 100_000 + b"\x07") is None
    assert titles.find(b"\x1b]52;c;Y2xpcGJvYXJk\x07\x1b]8;;http://x\x07") is None


@given(st.lists(st.binary(max_size=5), max_size=8))
def test_only_the_key_and_d_leaves(pieces: list[bytes]) -> None:
    waiting, out = False, b""
    for piece in pieces:
        typed, waiting, leave = keys(piece, waiting)
        out += typed
        if leave:
            break
    else:
        # without it, what was typed comes out again, the key doubled
        assert out + (b"\x1d" if waiting else b"") in (b"".join(pieces), b"".join(pieces).replace(b"\x1d\x1d", b"\x1d"))


def test_the_key_that_leaves() -> None:
    assert keys(b"ls\x1dd", False) == (b"ls", False, True)
    assert keys(b"\x1d\x1d", False) == (b"\x1d", False, False)
    assert keys(b"x\x1d", False) == (b"x", True, False)
    assert keys(b"d", True) == (b"", False, True)
    assert keys(b"q", True) == (b"\x1dq", False, False)
