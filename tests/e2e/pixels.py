"""Comparing pictures, and making them small."""

from typing import Any

from PIL import Image, ImageChops

__all__ = ["Image", "difference", "fewer_colours"]

SEEN = 40
"""From this difference of a channel on (of 255) a pixel looks different."""


def difference(a: Image.Image, b: Image.Image) -> float:
    """The part of the pixels that look different, 0 to 1; 1 where the sizes differ."""
    if a.size != b.size:
        return 1.0
    channels = ImageChops.difference(a.convert("RGB"), b.convert("RGB")).split()
    worst = ImageChops.lighter(ImageChops.lighter(channels[0], channels[1]), channels[2])
    return sum(worst.histogram()[SEEN:]) / (a.width * a.height)


def fewer_colours(picture: Image.Image, colours: int) -> Image.Image:
    """Half of them are the most frequent ones exactly, so that surfaces keep theirs; the rest are near to all others, however rare."""
    counted: list[tuple[int, Any]] = picture.getcolors(picture.width * picture.height) or []
    ordered = [colour for _, colour in sorted(counted, reverse=True)]
    frequent, rest = ordered[: colours // 2], ordered[colours // 2 :]
    others: list[int] = []
    if rest:
        each = Image.new("RGB", (len(rest), 1))
        each.putdata(rest)
        others = each.quantize(colours // 2, method=Image.Quantize.MAXCOVERAGE).getpalette() or []
    palette = Image.new("P", (1, 1))
    palette.putpalette(([channel for colour in frequent for channel in colour] + others)[: 3 * colours])
    return picture.quantize(palette=palette, dither=Image.Dither.NONE)
