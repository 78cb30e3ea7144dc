"""How fluent the canvas is: the time between frames in headless Chromium, at working zoom and with everything in view.

The page is `web/bench`: the app on a wire without a server, fed by the real store. The gestures are made of the events that a hand
makes, one per frame. A display shows 60 frames a second, so 16.7 ms is the least; `idle` says what this machine does when nothing happens.
The third number is the processor time of the page's thread per frame: it says the same on a machine that others use too.
"""

import functools
import http.server
import statistics
import subprocess
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, CDPSession, Page, sync_playwright

WEB = Path(__file__).resolve().parents[2] / "web"
CHROMIUM = "/usr/bin/chromium"
ARGS = ["--no-sandbox", "--disable-background-networking", "--disable-component-update", "--no-first-run", "--disable-gpu"]
SIZES = (50, 200, 1000, 5000)
UPDATES = (0, 200, 2000)
GESTURES = ("idle", "pan", "zoom", "drag")
GESTURE_MS = 2000
_TWO_READINGS_MS = 2500
_WORKING, _ALL = "working zoom", "all in view"
_FIRST_PAINT_TIMEOUT_MS = 60_000


class _Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:
        pass


@contextmanager
def _served(folder: Path) -> Iterator[str]:
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(_Quiet, directory=str(folder)))
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def _opened(browser: Browser, url: str, size: int) -> tuple[Page, float]:
    """The page with a lab of that size, and how many ms after its navigation the lab was on the screen."""
    page = browser.new_page(viewport={"width": 1400, "height": 900})
    page.goto(f"{url}/?nodes={size}")
    page.wait_for_function("window.bench.painted > 0", timeout=_FIRST_PAINT_TIMEOUT_MS)
    return page, float(page.evaluate("window.bench.painted"))


def _view(page: Page, zoom: str) -> None:
    """Everything, or the fifth namespace in the middle at 100 %."""
    page.evaluate("bench.editor.viewport.get().fit()")
    page.wait_for_timeout(400)
    if zoom == _WORKING:
        page.evaluate("bench.editor.viewport.get().reveal('namespace:ns5')")
        page.wait_for_timeout(400)


def _place(page: Page, node: str) -> dict[str, float]:
    """A point of the window at which a node can be taken."""
    found: dict[str, float] = page.evaluate("node => bench.at(node)", node)
    return found


def _measure(page: Page, gesture: str, ms: int) -> list[float]:
    drops = page.evaluate("bench.drops()")
    match gesture:
        case "pan":
            return list(page.evaluate("ms => bench.drag(bench.free(), ms, 160)", ms))
        case "zoom":
            return list(page.evaluate("ms => bench.zoom(ms)", ms))
        case "drag":
            times = list(page.evaluate("([at, ms]) => bench.drag(at, ms, 120)", [_place(page, "ns5"), ms]))
            if page.evaluate("bench.drops()") == drops:
                raise RuntimeError("the drag moved no node")
            return times
        case _:
            return list(page.evaluate("ms => bench.idle(ms)", ms))


def _cell(page: Page, cdp: CDPSession, zoom: str, gesture: str, ms: int) -> str:
    _view(page, zoom)
    before = _busy(cdp)
    ordered = sorted(_measure(page, gesture, ms))
    busy = (_busy(cdp) - before) / len(ordered)
    return f"{gesture} {statistics.median(ordered):5.1f} /{ordered[int(0.95 * (len(ordered) - 1))]:6.1f} /{busy:5.1f}"


def _busy_links(page: Page, cdp: CDPSession, zoom: str, ms: int) -> None:
    """The same while rates are shown, on links all of which are busy."""
    page.evaluate("bench.traffic(true)")
    _view(page, zoom)
    page.wait_for_timeout(_TWO_READINGS_MS)
    cells = [_cell(page, cdp, zoom, gesture, ms) for gesture in GESTURES]
    page.evaluate("bench.traffic(false)")
    print(f"  {zoom:12} traffic on all     " + "   ".join(cells), flush=True)


def _busy(cdp: CDPSession) -> float:
    """Processor time that the page's thread has used, in ms."""
    metrics = cdp.send("Performance.getMetrics")["metrics"]
    return 1000 * next(float(m["value"]) for m in metrics if m["name"] == "TaskDuration")


def run(sizes: Sequence[int] = SIZES, ms: int = GESTURE_MS) -> None:
    """Print the median and the 95th percentile of the time between frames, and the processor time of each, in ms."""
    subprocess.run(["npx", "vite", "build", "--config", "bench/vite.config.ts", "--logLevel", "error"], cwd=WEB, check=True)
    print("canvas: ms between frames, median / p95 / processor time of the page (16.7 is what the display shows)")
    with _served(WEB / "bench" / "dist") as url, sync_playwright() as playwright:
        for size in sizes:
            browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGS)
            page, painted = _opened(browser, url, size)
            cdp = page.context.new_cdp_session(page)
            cdp.send("Performance.enable", {"timeDomain": "threadTicks"})
            print(f"{size} namespaces: on the screen {painted:.0f} ms after the navigation began")
            for zoom in (_WORKING, _ALL):
                for updates in UPDATES:
                    page.evaluate("n => bench.updates(n)", updates)
                    cells = [_cell(page, cdp, zoom, gesture, ms) for gesture in GESTURES]
                    page.evaluate("bench.updates(0)")
                    print(f"  {zoom:12} {updates:5} updates/s   " + "   ".join(cells), flush=True)
                _busy_links(page, cdp, zoom, ms)
            browser.close()
