"""The pictures of the documentation: `script/screenshots`. The pages are real ones, on labs in the real kernel."""

import sys
from pathlib import Path

from playwright.sync_api import Page, ViewportSize, sync_playwright

from tests.e2e.conftest import ARGS, CHROMIUM
from tests.e2e.pixels import Image, fewer_colours
from tests.pictures.labs import campus, site
from tests.support import ROOT, Stack

SIZE: ViewportSize = {"width": 1280, "height": 800}
LOCALES = {"en": "en-GB", "zh": "zh-TW"}


class Camera:
    """Pages as new visitors open them, and what was seen of them."""

    def __init__(self, stack: Stack, folder: Path) -> None:
        self.stack, self.folder = stack, folder
        self.playwright = sync_playwright().start()
        self.browser = self.playwright.chromium.launch(executable_path=CHROMIUM, args=list(ARGS))

    def page(self, lab: str | None, language: str = "en", theme: str = "light") -> Page:
        context = self.browser.new_context(viewport=SIZE, locale=LOCALES[language], reduced_motion="reduce")
        chosen = {
            "vethboard.theme": "dark" if theme == "dark" else "light",
            "vethboard.contrast": "more" if theme == "contrast" else "system",
        }
        for key, value in chosen.items():
            context.add_init_script(f"localStorage.setItem('{key}', '{value}')")
        page = context.new_page()
        page.goto(f"{self.stack.url}/?token={self.stack.token}" + (f"&lab={lab}" if lab else ""))
        if lab:
            page.locator("[data-id='namespace:host'], [data-testid=overview]").first.wait_for()
            page.wait_for_timeout(300)
            page.keyboard.press("1")
            page.wait_for_timeout(500)
        return page

    def shoot(self, page: Page, name: str) -> None:
        """Write the picture, in colours as many as a palette has: a third of the bytes."""
        page.wait_for_timeout(600)
        file = self.folder / f"{name}.png"
        page.screenshot(path=file)
        with Image.open(file) as picture:
            small = fewer_colours(picture.convert("RGB"), 256)
        small.save(file, optimize=True)

    def close(self) -> None:
        self.browser.close()
        self.playwright.stop()


def start_screen(camera: Camera) -> None:
    for language, theme in (("en", "light"), ("zh", "dark")):
        page = camera.page(None, language, theme)
        page.get_by_role("button", name="two-namespaces").or_(page.locator("main button")).first.wait_for()
        camera.shoot(page, f"start-{theme}" if language == "en" else f"start-{language}")
        page.context.close()


def lab(camera: Camera) -> None:
    """A small lab with the facts of its bridge; the palette; the text and the plan."""
    for language, theme in (("en", "light"), ("en", "dark"), ("en", "contrast"), ("zh", "light")):
        page = camera.page("site", language, theme)
        page.locator("[data-id='interface:host/docker0']").first.click(position={"x": 30, "y": 12})
        name = theme if language == "en" else language
        camera.shoot(page, f"lab-{name}")
        page.keyboard.press("Control+k")
        page.keyboard.type("ns")
        if name == "dark":
            camera.shoot(page, f"palette-{name}")
        page.keyboard.press("Escape")
        page.keyboard.press("Escape")
        page.keyboard.press("e")
        page.locator(".cm-content").wait_for()
        page.keyboard.press("1")
        if name in ("light", "dark"):
            camera.shoot(page, f"source-{name}")
        page.context.close()


def glance(camera: Camera) -> None:
    """Rates, subnets and labels on links; all keys."""
    for language, theme in (("en", "light"), ("en", "dark"), ("zh", "light")):
        page = camera.page("site", language, theme)
        for key in ("Shift+R", "Shift+S", "Shift+I"):
            page.keyboard.press(key)
        camera.stack.inside("site", "client", "bash", "-c", "ping -q -i 0.01 -s 1400 -c 450 192.0.2.1 >/dev/null & sleep 0.1")
        page.get_by_test_id("traffic").first.wait_for(timeout=10_000)
        name = theme if language == "en" else language
        camera.shoot(page, f"glance-{name}")
        page.keyboard.press("?")
        page.get_by_role("dialog").wait_for()
        camera.shoot(page, f"keys-{name}")
        page.context.close()


def plan(camera: Camera) -> None:
    """Edits that wait, seen before they are done."""
    page = camera.page("site", theme="dark")
    page.keyboard.press("s")
    page.keyboard.press("n")
    page.get_by_role("dialog").get_by_label("Name").fill("cache")
    page.keyboard.press("Enter")
    page.get_by_role("group", name="Namespace cache", exact=True).wait_for()
    page.locator("[data-id='namespace:db']").click(position={"x": 20, "y": 12})
    page.keyboard.press("Delete")
    page.keyboard.press("1")
    camera.shoot(page, "plan-dark")
    page.context.close()


def chains(camera: Camera) -> None:
    for language, theme in (("en", "light"), ("en", "dark"), ("zh", "light")):
        page = camera.page("site", language, theme)
        page.keyboard.press("c")
        page.get_by_role("group", name="FORWARD").wait_for()
        page.get_by_role("group", name="FORWARD").get_by_role("button").filter(has_text="filter").first.click()
        page.keyboard.press("1")
        camera.shoot(page, f"chains-{theme if language == 'en' else language}")
        page.context.close()


def terminals(camera: Camera) -> None:
    for theme in ("light", "dark"):
        page = camera.page("site", theme=theme)
        page.keyboard.press("Control+`")
        page.locator("section[data-focused]:visible .xterm-rows").wait_for()
        page.wait_for_timeout(1500)
        page.keyboard.type("clear; bridge fdb show br docker0 | grep -v permanent; ip -br -4 address\n")
        page.wait_for_timeout(1000)
        page.keyboard.press("Alt+Shift+ArrowRight")
        page.locator("section[data-focused]:visible .xterm-rows").filter(has_text="site:host").wait_for()
        page.wait_for_timeout(1000)
        page.keyboard.type("clear; ip netns exec client ping -c 3 -i 0.2 192.0.2.1\n")
        page.wait_for_timeout(1500)
        page.get_by_role("button", name="Fit to screen").click()
        page.locator("section[data-focused]:visible .xterm-screen").click()
        camera.shoot(page, f"terminals-{theme}")
        page.context.close()


def journey(camera: Camera) -> None:
    """A request to the published port, at the rule that sends it on."""
    for theme in ("light", "dark"):
        page = camera.page("site", theme=theme)
        page.keyboard.press("j")
        form = page.get_by_role("form", name="The packet")
        form.get_by_label("From", exact=True).select_option("client")
        form.get_by_label("To", exact=True).fill("192.0.2.1")
        form.get_by_label("Protocol").select_option("tcp")
        form.get_by_label("Port", exact=True).or_(form.get_by_label("Destination port")).first.fill("8080")
        form.get_by_role("button", name="Send and trace").click()
        steps = page.get_by_role("listbox", name="Steps")
        steps.get_by_role("option").first.wait_for(timeout=15_000)
        page.wait_for_timeout(1500)
        steps.get_by_role("option").filter(has_text="DOCKER").first.click()
        page.keyboard.press("1")
        camera.shoot(page, f"journey-{theme}")
        page.context.close()


def capture(camera: Camera) -> None:
    for theme in ("light", "dark"):
        page = camera.page("site", theme=theme)
        page.keyboard.press("k")
        tools = page.get_by_role("region", name="Tools")
        if theme == "light":
            tools.get_by_role("checkbox", name="web/eth0").check()
            camera.shoot(page, "capture-start")
            tools.get_by_role("button", name="Start capture").click()
            page.wait_for_timeout(800)
            camera.stack.inside("site", "client", "python3", "-c", FETCH)
        frames = tools.get_by_role("listbox", name="Frames")
        frames.get_by_role("option").filter(has_text="GET").first.click()
        page.get_by_role("button", name="Fit to screen").click()
        camera.shoot(page, f"capture-{theme}")
        page.context.close()


FETCH = "import urllib.request as u; u.urlopen('http://192.0.2.1:8080').read()"


def overview(camera: Camera) -> None:
    """Hundreds of namespaces, drawn as one picture."""
    for theme in ("light", "dark"):
        page = camera.page("campus", theme=theme)
        camera.shoot(page, f"overview-{theme}")
        page.context.close()


SCREENS = {f.__name__: f for f in (start_screen, lab, glance, plan, chains, terminals, journey, capture, overview)}


def main(folder: Path, wanted: list[str]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    stack = Stack()
    camera = Camera(stack, folder)
    try:
        if not wanted or "start_screen" in wanted:
            start_screen(camera)
        stack.cli("new", "site")
        stack.cli("apply", "site", "-", input=site())
        stack.cli("new", "campus")
        stack.cli("apply", "campus", "-", input=campus())
        server = "cd /usr/share/common-licenses && python3 -m http.server 80 >/dev/null 2>&1 & sleep 1"
        stack.inside("site", "web", "bash", "-c", server)
        stack.inside("site", "client", "python3", "-c", FETCH)
        stack.inside("site", "db", "ping", "-c", "2", "-i", "0.2", "172.17.0.2")
        for name, screen in SCREENS.items():
            if name != "start_screen" and (not wanted or name in wanted):
                screen(camera)
    finally:
        camera.close()
        stack.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "docs" / "pictures", sys.argv[2:])
