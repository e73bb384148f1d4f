"""The levels of grey on a page: whether anything differs from the paper, and faded ink darkened."""

import cv2
import numpy as np

from ocr_worker.engines.base import Pixels

BLANK_RANGE = 12
"""Levels, of 255, between the darkest and the brightest place of a page that holds nothing at all.
The noise of a scanner is more: whether there is text in that is for the engine to say."""

FULL_RANGE = 110.0
"""Levels between ink and paper below which writing counts as faded."""
MIN_RANGE = 20.0
"""Below it there is no ink to be told from noise."""


def is_blank(pixels: Pixels) -> bool:
    """Tell whether the page is of one colour throughout, but for the least of noise."""
    # The darkest channel, in which ink of any colour shows; blurred, against single pixels.
    darkest, brightest, _, _ = cv2.minMaxLoc(cv2.blur(pixels.min(axis=2), (3, 3)))
    return brightest - darkest <= BLANK_RANGE


def darkened(pixels: Pixels) -> Pixels | None:
    """Return a page of faded ink with its levels stretched, or None when it is dark enough."""
    ink, paper = np.percentile(pixels[::4, ::4].min(axis=2), (0.5, 75))
    if not MIN_RANGE <= paper - ink < FULL_RANGE:
        return None
    levels = np.clip((np.arange(256) - ink) * (255 / (paper - ink)), 0, 255).astype(np.uint8)
    return np.asarray(cv2.LUT(pixels, levels), dtype=np.uint8)
