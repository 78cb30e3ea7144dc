"""Five hundred random gestures; then what is drawn, the document and the kernel agree.

`VETHBOARD_SEED` chooses others, and `VETHBOARD_MONKEY_GESTURES` how many. The gestures are printed, so that a failing run can be read.
"""

import json
import os
import random
import time
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests import oracle
from tests.integration.test_random import Player
from tests.support import Stack
from topology.model.drawing import Area, Note, Placement
from topology.model.records import INTERFACES, Bridge, Namespace, Records, Veth
from topology.observe.normal import drift

GESTURES = int(os.environ.get("VETHBOARD_MONKEY_GESTURES", "500"))
MANY = 8
"""With more nodes than this on the screen the monkey rather deletes, and copies nothing: all that is selected, twice, soon is too much."""
GROWING = ("new namespace", "duplicate", "copy and paste", "cut and paste", "link to nothing", "area", "note")

BOXES = """() => {
  const found = (selector, key) => [...document.querySelectorAll(`main ${selector}`)].flatMap((e) => {
    const { x, y, width, height } = e.getBoundingClientRect()
    return width === 0 ? [] : [{ id: key(e), x, y, w: width, h: height }]
  })
  const id = (e) => e.closest('[data-id]')?.dataset.id ?? ''
  return {
    titles: found('[data-id] button[aria-pressed]:not([data-state])', id),
    cards: found('[data-node]', (e) => e.dataset.node),
    plugs: found('button[aria-label^="Draw a link"]', id),
    chips: found('button[data-id][data-state]', id),
    corners: found('[data-corner]', id),
    lines: found('[data-ends] path', () => ''),
    open: document.querySelector('[role=dialog], [role=menu]') !== null,
  }
}"""

DRAWN = """() => {
  const nodes = {}
  for (const e of document.querySelectorAll('main .react-flow__node')) {
    const { m41, m42 } = new DOMMatrix(getComputedStyle(e).transform)
    nodes[e.querySelector('[data-id]:not(.react-flow__handle)').dataset.id] = [m41, m42]
  }
  const chips = [...document.querySelectorAll('main button[data-id][data-state]')].map((e) => e.dataset.id)
  const lines = [...document.querySelectorAll('main [data-ends]')].map((e) => e.dataset.ends.split(' ').sort().join(' '))
  return { nodes, chips: chips.sort(), lines: lines.sort() }
}"""


ON_CANVAS = "document.activeElement?.closest('main [data-id]') !== null"
STANDS = """[...document.querySelectorAll('[role=dialog], [role=menu], [role=list]'), document.activeElement]
  .map((e) => e.cloneNode().outerHTML + e.textContent.slice(0, 200))"""
OPEN = "document.querySelector('[role=dialog], [role=menu]') !== null"


class Monkey:
    """Plays with the page; knows no more of it than where things are."""

    def __init__(self, page: Page, seed: int) -> None:
        self.page, self.seed, self.rng = page, seed, random.Random(seed)
        self.seen: dict[str, Any] = {}
        self.answered = 0

    def near(self, kind: str) -> dict[str, Any] | None:
        """Something of that kind that is on the screen."""
        found = [b for b in self.seen[kind] if 120 < b["x"] < 980 and 60 < b["y"] < 820]
        return self.rng.choice(found) if found else None

    def at(self, box: dict[str, Any]) -> tuple[float, float]:
        return box["x"] + min(box["w"] / 2, 24), box["y"] + box["h"] / 2

    def somewhere(self) -> tuple[float, float]:
        return self.rng.uniform(130, 1000), self.rng.uniform(70, 830)

    def keys(self, *keys: str) -> None:
        for key in keys:
            self.page.keyboard.press(key)

    def click(self, kind: str) -> None:
        if box := self.near(kind):
            if self.rng.random() < 0.3:
                self.page.keyboard.down("Shift")
            self.page.mouse.click(*self.at(box))
            self.page.keyboard.up("Shift")

    def drag(self, kind: str, to: Callable[[], tuple[float, float]]) -> None:
        if box := self.near(kind):
            self.page.mouse.move(*self.at(box))
            self.page.mouse.down()
            x, y = to()
            self.page.mouse.move(x, y, steps=2)
            if self.rng.random() < 0.1:
                self.keys("Escape")
            self.page.mouse.up()

    def onto_a_card(self) -> tuple[float, float]:
        box = self.near("cards")
        return self.at(box) if box else self.somewhere()

    def answer(self) -> None:
        """Of what stands open. What does not close by then closes by Escape."""
        self.answered += 1
        self.keys(*(self.rng.choice((["Enter"], ["Tab", "Enter"], ["Escape"])) if self.answered < 4 else ["Escape"]))
        if self.answered > 4:
            self.page.wait_for_timeout(100)
        assert self.answered < 20, f"Escape does not close what stands open: {self.page.evaluate(STANDS)}"

    def walk(self) -> None:
        """To a node, and to its neighbour. Where Tab leads out of the canvas (to another lab, to Stop) nothing is pressed."""
        self.keys("Tab")
        if self.page.evaluate(ON_CANVAS):
            self.keys(self.rng.choice(("ArrowLeft", "ArrowDown", "ArrowRight")), "Space")
        else:
            self.page.evaluate("document.activeElement.blur()")

    def gesture(self) -> tuple[str, Callable[[], None]]:
        rng = self.rng
        if self.seen["open"]:
            return "answer", self.answer
        self.answered = 0
        many = len(self.seen["cards"]) > MANY
        if many and rng.random() < 0.5:
            return "delete", lambda: (self.click("titles"), self.keys("Delete"))[1]
        choices: list[tuple[int, str, Callable[[], None]]] = [
            (10, "click", lambda: self.click("titles")),
            (5, "click an interface", lambda: self.click("chips")),
            (2, "click a line", lambda: self.click("lines")),
            (10, "move", lambda: self.drag("titles", self.somewhere)),
            (6, "link", lambda: self.drag("plugs", self.onto_a_card)),
            (3, "link to nothing", lambda: self.drag("plugs", self.somewhere)),
            (5, "move an end", lambda: self.drag("chips", self.onto_a_card)),
            (2, "resize", lambda: self.drag("corners", self.somewhere)),
            (5, "new namespace", lambda: self.keys("n", "Enter")),
            (2, "new bridge", lambda: self.keys("b", "Enter")),
            (8, "undo", lambda: self.keys("Control+z")),
            (4, "redo", lambda: self.keys("Control+y")),
            (4, "duplicate", lambda: self.keys("Control+d")),
            (3, "copy and paste", lambda: self.keys("Control+c", "Escape", "Control+v")),
            (1, "cut and paste", lambda: self.keys("Control+x", "Control+v")),
            (5, "delete", lambda: self.keys("Delete")),
            (2, "area", lambda: self.keys("Control+g", "Enter")),
            (2, "note", lambda: self.keys("Shift+N", "h", "i", "Control+Enter")),
            (2, "lock", lambda: self.keys("Control+Shift+L")),
            (3, "align", lambda: self.keys(rng.choice(("Alt+a", "Alt+w", "Alt+Shift+h")))),
            (4, "nudge", lambda: self.keys(*[rng.choice(("Alt+ArrowLeft", "Alt+Shift+ArrowDown"))] * 3)),
            (4, "walk", self.walk),
            (3, "link by keyboard", lambda: self.keys("l", rng.choice(("ArrowLeft", "ArrowUp", "ArrowRight")), "Enter")),
            (2, "up or down", lambda: self.keys("u")),
            (2, "select all", lambda: self.keys("Control+a")),
            (3, "fit", lambda: self.keys("f")),
            (2, "escape", lambda: self.keys("Escape")),
        ]
        _, name, run = rng.choices(choices, [0 if many and name in GROWING else w for w, name, _ in choices])[0]
        return name, run

    def play(self) -> None:
        for number in range(GESTURES):
            # of its own for each, so that what one gesture met does not change the choice of all that follow
            self.rng = random.Random(f"{self.seed}/{number}")
            self.seen = self.page.evaluate(BOXES)
            name, run = self.gesture()
            print(number, name)
            run()


def rest(page: Page) -> None:
    """Close what stands open, until nothing opens any more: what was asked last may be answered only now."""
    calm = 0
    for _ in range(30):
        page.wait_for_timeout(400)
        calm = 0 if page.evaluate(OPEN) else calm + 1
        if calm == 3:
            return
        page.keyboard.press("Escape")
    raise AssertionError(f"something opens again and again: {page.evaluate(STANDS)}")


def wanted(desired: Records) -> dict[str, Any]:
    """What has to be drawn of these records."""
    interfaces = [r for r in desired.values() if isinstance(r, INTERFACES)]
    places = {r.node: [r.x, r.y] for r in desired.values() if isinstance(r, Placement) and "/" not in r.node}
    nodes = {f"namespace:{r.name}": places[r.name] for r in desired.values() if isinstance(r, Namespace)}
    nodes |= {r.id: [r.x, r.y] for r in desired.values() if isinstance(r, Area | Note)}
    lines = {" ".join(sorted((r.id, f"interface:{r.peer}"))) for r in interfaces if isinstance(r, Veth)}
    return {
        "nodes": nodes,
        "lines": sorted(lines),
        "interfaces": {r.id for r in interfaces if r.name != "lo" and not isinstance(r, Bridge)},
    }


@pytest.mark.timeout(300)
def test_five_hundred_random_gestures(page: Page, stack: Stack, lab: str, seed: int) -> None:
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    print(f"seed {seed}")
    stack.cli("apply", lab, "examples/bridge-with-three.json")
    page.get_by_role("group", name="Namespace ns0").wait_for()
    page.keyboard.press("f")
    page.emulate_media(reduced_motion="reduce")
    started = time.monotonic()
    Monkey(page, seed).play()
    print(f"{time.monotonic() - started:.0f} s")
    rest(page)
    expect(page.get_by_text("Something went wrong on this page")).to_have_count(0)
    # everything on one screen, large enough to be drawn as cards
    page.set_viewport_size({"width": 6000, "height": 4500})
    page.get_by_role("button", name="Fit to screen").click()
    page.wait_for_timeout(1200)
    with stack.client() as client:
        player = Player(client, lab, random.Random(seed))
        snapshot = player.settle()
        assert drift(snapshot.desired, snapshot.observed) == (), f"seed {seed}"
        assert oracle.shown(snapshot.observed, snapshot.live) == oracle.kernel(player.inside), f"seed {seed}"
    drawn, want = page.evaluate(DRAWN), wanted(snapshot.desired)
    assert {k: v for k, v in drawn["nodes"].items() if not k.startswith("interface:")} == want["nodes"], f"seed {seed}"
    assert drawn["lines"] == want["lines"], f"seed {seed}"
    chips = {id for id in drawn["chips"] if not id.endswith("/lo")}
    assert chips == want["interfaces"], f"seed {seed}"
    document = json.loads(stack.cli("export", lab))
    assert {n.partition(":")[2] for n in want["nodes"] if n.startswith("namespace:")} == document["namespaces"].keys(), f"seed {seed}"
