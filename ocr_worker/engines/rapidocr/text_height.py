"""How thick the lines of a page are, guessed from the letters on a thumbnail of it.

What stands apart from all else in a thumbnail, of about the size of a letter, mostly is one; and
the detector's lines are so many times as thick as the letters in them, whatever the font.
"""

import cv2
import numpy as np

from ocr_worker.engines.base import Pixels

TIMES_LETTERS = 1.7
"""How many times as thick as its letters are high a line is, by the medians of a page: 1.5 to 2.1
on scanned receipts and drawn pages, with a standard deviation of 0.12."""
SHRUNK = 2
"""A thumbnail is so many times as small as what the detector would see."""
LETTER_PX = (4, 40)
"""How high a letter may be in a thumbnail; lower ones are dots and dashes or are not to be seen."""
LONGEST_PX_PER_HEIGHT = 6
"""What is longer is a rule or a frame; what is shorter may be a few letters that touch."""
FEWEST_LETTERS = 40
"""Fewer tell nothing of the rest of the page."""
NEIGHBOURHOOD_PX, DARKER = 25, 12
"""A pixel is ink where it is so much darker, of 255, than the mean of so many pixels around it."""


def guessed_thickness(pixels: Pixels, scale: float) -> float | None:
    """Return how thick lines would be, by the median, in RGB pixels of a page at a scale.

    None where too little looks like letters.
    """
    shrunk = scale / SHRUNK
    height, width = pixels.shape[:2]
    size = max(round(width * shrunk), 1), max(round(height * shrunk), 1)
    # Of the three, green is nearest to what the eye takes for brightness.
    green = cv2.extractChannel(pixels, 1)
    thumbnail = cv2.resize(green, size, interpolation=cv2.INTER_AREA)
    ink = cv2.adaptiveThreshold(
        thumbnail,
        255,
        cv2.ADAPTIVE_THRESH_MEAN_C,
        cv2.THRESH_BINARY_INV,
        NEIGHBOURHOOD_PX,
        DARKER,
    )
    found = cv2.connectedComponentsWithStats(ink)[2][1:]  # the first is what is around them all
    widths, heights = found[:, cv2.CC_STAT_WIDTH], found[:, cv2.CC_STAT_HEIGHT]
    lowest, highest = LETTER_PX
    is_letter = (
        (heights >= lowest) & (heights <= highest) & (widths <= LONGEST_PX_PER_HEIGHT * heights)
    )
    letters = heights[is_letter]
    if len(letters) < FEWEST_LETTERS:
        return None
    return float(np.median(letters)) * SHRUNK * TIMES_LETTERS
