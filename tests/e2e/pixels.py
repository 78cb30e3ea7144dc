"""Comparing pictures."""

from PIL import Image, ImageChops

__all__ = ["Image", "difference"]

SEEN = 40
"""From this difference of a channel on (of 255) a pixel looks different."""


def difference(a: Image.Image, b: Image.Image) -> float:
    """The part of the pixels that look different, 0 to 1; 1 where the sizes differ."""
    if a.size != b.size:
        return 1.0
    channels = ImageChops.difference(a.convert("RGB"), b.convert("RGB")).split()
    worst = ImageChops.lighter(ImageChops.lighter(channels[0], channels[1]), channels[2])
    return sum(worst.histogram()[SEEN:]) / (a.width * a.height)
