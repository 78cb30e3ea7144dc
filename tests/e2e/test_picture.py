"""The canvas as a picture: a drawing without HTML that looks like the canvas."""

import io
import re

from playwright.sync_api import Browser, Page, expect

from tests.e2e.conftest import OUT
from tests.e2e.pixels import Image, difference
from tests.support import Stack


def test_the_drawing_looks_like_the_canvas(page: Page, browser: Browser, stack: Stack, lab: str) -> None:
    stack.cli("apply", lab, "examples/container-host.json")
    page.get_by_role("group", name="Namespace web", exact=True).wait_for()
    page.get_by_role("button", name="Fit to screen").click()
    page.keyboard.press("Control+k")
    page.keyboard.type("picture")
    page.keyboard.press("Enter")
    dialog = page.get_by_role("dialog", name="Export as a picture")
    dialog.get_by_label("Content").select_option("seen")
    expect(dialog.get_by_role("img")).to_be_visible()
    page.wait_for_timeout(300)
    with page.expect_download() as download:
        dialog.get_by_role("button", name="SVG").click()
    svg = download.value.path().read_text()
    assert "<foreignObject" not in svg
    assert "docker0" in re.sub(r"<[^>]*>", " ", svg)
    assert "data:font/woff2" in svg
    with page.expect_download() as download:
        dialog.get_by_role("button", name="PNG").click()
    png = Image.open(download.value.path())
    page.keyboard.press("Escape")
    box = page.locator(".react-flow").bounding_box()
    assert box
    assert png.size == (box["width"] * 2, box["height"] * 2)
    # the drawing alone, in a page of the same size
    context = browser.new_context(viewport={"width": int(box["width"]), "height": int(box["height"])})
    alone = context.new_page()
    alone.set_content(f"<style>body{{margin:0}}svg{{display:block}}</style>{svg}")
    alone.evaluate("document.fonts.ready")
    alone.wait_for_timeout(200)
    drawn = Image.open(io.BytesIO(alone.screenshot()))
    context.close()
    seen = Image.open(io.BytesIO(page.screenshot(clip=box)))  # type: ignore[arg-type]  # bounding_box() gives a FloatRect
    OUT.mkdir(exist_ok=True)
    drawn.save(OUT / "drawn.png")
    seen.save(OUT / "seen.png")
    # without the palette at the left and the controls below
    part = (150, 0, int(box["width"]) - 20, int(box["height"]) - 160)
    assert difference(drawn.crop(part), seen.crop(part)) < 0.02
