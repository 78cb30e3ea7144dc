"""axe finds nothing serious on any screen, in no theme."""

from typing import Any

from playwright.sync_api import Page

from tests.support import ROOT, Stack

AXE = (ROOT / "web/node_modules/axe-core/axe.min.js").read_text()
RUN = """async (everything) => {
  const all = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'best-practice']
  const rules = {resultTypes: ['violations'], runOnly: everything ? all : {type: 'rule', values: ['color-contrast']}}
  // the text editor's scroller holds the text box itself, which axe does not count
  const {violations} = await axe.run({include: document, exclude: ['.cm-scroller']}, rules)
  // label-content-name-mismatch is experimental; the names of chips say the state between the name and the address that are seen
  const told = (v) => v.nodes.slice(0, 4).map((n) => `${n.target.join(' ')} ${n.any[0]?.message ?? ''}`).join(' | ')
  return violations
    .filter((v) => ['serious', 'critical'].includes(v.impact) && v.id !== 'label-content-name-mismatch')
    .map((v) => `${v.id}: ${told(v)}`)
}"""


class Screens:
    """Goes from screen to screen and collects what axe finds."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.found: dict[str, Any] = {}
        page.emulate_media(reduced_motion="reduce")
        page.evaluate(AXE)

    def look(self, name: str) -> None:
        """Of the themes after the first only the colours are new."""
        self.page.wait_for_timeout(120)
        if violations := self.page.evaluate(RUN, not name.startswith(("dark", "contrast"))):
            self.found[name] = violations

    def dialog(self, name: str, key: str) -> None:
        self.page.keyboard.press(key)
        self.page.get_by_role("dialog").wait_for()
        self.look(name)
        self.page.keyboard.press("Escape")
        self.page.get_by_role("dialog").wait_for(state="detached")


def choose(page: Page, query: str) -> None:
    """By the command palette."""
    page.keyboard.press("Control+k")
    page.keyboard.type(query)
    page.keyboard.press("Enter")


def open_tools(page: Page, stack: Stack, lab: str) -> None:
    """A tab for each tool, with something in it."""
    # nothing passes by itself once the interfaces are up: what is captured is this
    stack.inside(lab, "web", "sh", "-c", "ping -i 0.3 -w 60 172.17.0.1 >/dev/null 2>&1 &")
    page.keyboard.press("c")
    page.get_by_role("group", name="FORWARD").get_by_role("button").filter(has_text="filter").first.click()
    choose(page, "Capture")
    page.get_by_role("button", name="Start capture").click()
    page.get_by_role("listbox", name="Frames").wait_for()
    page.keyboard.press("Escape")
    choose(page, "Trace")
    form = page.get_by_role("form", name="The packet")
    form.get_by_label("From", exact=True).select_option("web")
    form.get_by_label("To", exact=True).fill("172.17.0.3")
    form.get_by_role("button", name="Send and trace").click()
    page.get_by_role("listbox", name="Steps").get_by_role("option").first.wait_for(timeout=15_000)
    choose(page, "Document as text")
    page.get_by_role("textbox", name="Document as JSON").wait_for()
    choose(page, "Stage changes")
    page.get_by_role("tabpanel", name="Plan").wait_for()
    choose(page, "Open terminal")
    page.locator("section[data-focused] .xterm-rows").wait_for()


def test_no_screen_has_a_serious_fault(page: Page, stack: Stack, lab: str) -> None:
    stack.cli("apply", lab, "examples/container-host.json")
    page.get_by_role("group", name="Namespace web", exact=True).wait_for()
    page.get_by_role("button", name="Fit to screen").click()
    screens = Screens(page)
    for theme in ("light", "dark", "contrast"):
        choose(page, "High contrast" if theme == "contrast" else f"Theme: {theme}")
        screens.look(f"{theme}: canvas")
        page.get_by_role("button", name="Bridge host/docker0").first.click()
        screens.look(f"{theme}: inspector")
        for name, key in (("palette", "Control+k"), ("sheet", "?"), ("namespace", "n"), ("ping", "p")):
            screens.dialog(f"{theme}: {name}", key)
        page.keyboard.press("h")
        screens.look(f"{theme}: history")
        page.keyboard.press("h")
    open_tools(page, stack, lab)
    for theme in ("light", "dark"):
        page.get_by_role("tab").first.click()
        choose(page, f"Theme: {theme}")
        for tab in page.get_by_role("tab").all():
            tab.click()
            screens.look(f"{theme}: {tab.inner_text()}")
        page.get_by_role("button", name="Draw a link from web").click()
        page.get_by_role("button", name="Namespace db", exact=False).first.click()
        page.get_by_role("dialog").wait_for()
        screens.look(f"{theme}: new link")
        page.keyboard.press("Escape")
    choose(page, "All labs")
    page.get_by_role("dialog", name="All labs").wait_for()
    screens.look("labs")
    page.keyboard.press("Escape")
    choose(page, "New lab")
    page.get_by_role("button", name="Bridge with three").wait_for()
    screens.look("new lab")
    assert screens.found == {}
