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
    """Half of them are the most frequent ones exactly, so that surfaces keep theirs; the rest by a median cut."""
    counted: list[tuple[int, Any]] = picture.getcolors(picture.width * picture.height) or []
    frequent = [channel for _, colour in sorted(counted, reverse=True)[: colours // 2] for channel in colour]
    others = picture.quantize(colours // 2, method=Image.Quantize.MEDIANCUT).getpalette() or []
    palette = Image.new("P", (1, 1))
    palette.putpalette((frequent + others)[: 3 * colours])
    return picture.quantize(palette=palette, dither=Image.Dither.NONE)
