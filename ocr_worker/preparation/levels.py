"""The levels of grey on a page: whether anything differs from the paper, and faded ink darkened."""

import cv2
import numpy as np

from ocr_worker.engines.base import Pixels

BLANK_RANGE = 12
"""Levels, of 255, between the darkest and the brightest place of a page that holds nothing at all.
The noise of a scanner is more: whether there is text in that is for the engine to say."""

FULL_RANGE = 110
"""Levels between ink and paper below which writing counts as faded."""
MIN_RANGE = 20
"""Below it there is no ink to be told from noise."""
UNEVEN_RANGE = 40
"""Levels between the brightest and the darkest paper above which a shadow lies on the page."""
PAPER_SCALE = 8
PAPER_WINDOW = 31
"""Side, on a copy smaller by `PAPER_SCALE`, of what is looked at for the paper: some lines."""

BAND_PX = 256
"""Height of what is looked at at once for ink."""


def is_blank(pixels: Pixels) -> bool:
    """Tell whether the page is of one colour throughout, but for the least of noise."""
    darkest, brightest = 255.0, 0.0
    # Band by band: most pages show in the first that they are not.
    for top in range(0, pixels.shape[0], BAND_PX):
        # The darkest channel, in which ink of any colour shows; blurred, against single pixels.
        red, green, blue = cv2.split(pixels[top : top + BAND_PX])
        channel = cv2.min(cv2.min(red, green), blue)  # ten times as fast as `pixels.min(axis=2)`
        low, high, _, _ = cv2.minMaxLoc(cv2.blur(channel, (3, 3)))
        darkest, brightest = min(darkest, low), max(brightest, high)
        if brightest - darkest > BLANK_RANGE:
            return False
    return True


def darkened(pixels: Pixels) -> Pixels | None:
    """Return a page of faded ink or with a shadow on it in even levels, or None when it is neither.

    The paper becomes white everywhere, the darkest ink black.
    """
    paper = _paper(pixels)
    unevenness = float(np.subtract(*np.percentile(paper, (95, 5))))
    large = cv2.resize(paper, pixels.shape[1::-1], interpolation=cv2.INTER_LINEAR)
    flat = cv2.divide(pixels, cv2.merge([large, large, large]), scale=255)
    ink = float(np.percentile(flat[::4, ::4].min(axis=2), 0.5))
    depth = (255 - ink) * float(np.median(paper)) / 255
    if depth < MIN_RANGE or (depth >= FULL_RANGE and unevenness < UNEVEN_RANGE):
        return None
    levels = np.clip((np.arange(256) - ink) * (255 / (255 - ink)), 0, 255).astype(np.uint8)
    return np.asarray(cv2.LUT(flat, levels), dtype=np.uint8)


def _paper(pixels: Pixels) -> Pixels:
    """Return the brightness of the paper on a small copy of the page: what is brightest nearby."""
    height, width = pixels.shape[:2]
    size = max(1, width // PAPER_SCALE), max(1, height // PAPER_SCALE)
    grey = cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY)
    small = cv2.resize(grey, size, interpolation=cv2.INTER_AREA)
    brightest = cv2.dilate(small, np.ones((5, 5), np.uint8))
    return np.maximum(np.asarray(cv2.medianBlur(brightest, PAPER_WINDOW), dtype=np.uint8), 1)
