"""What Tesseract has found, as lines of words with slanted boxes.

Its iterator goes through words and letters in reading order, from right to left where the script
runs so. The text of a whole word or line, as tesserocr passes it on, is in the order of the ink
instead; so words are spelt letter by letter here, which is their logical order.

Boxes come upright, whatever the slant of a line: its baseline tells that, and the boxes are turned
by it. Nothing here imports the library, so that tests can pass an iterator of their own.
"""

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from ocr_worker.engines.base import Quad, RecognizedLine, RecognizedWord

TEXTLINE, WORD, SYMBOL = 2, 3, 4
"""Levels of the iterator, as Tesseract's C interface numbers them."""

DOWNWARDS = 2
"""A direction of writing; 0 and 1 are rightwards and leftwards."""

MAX_SLANT = math.radians(30)
"""A baseline that leaves its block's direction by more was measured on too little."""
MIN_BASELINE = 4.0
"""A baseline shorter than so many heights says little about a slant; the block's is taken then."""
MIN_THICKNESS = 0.25
"""Of an upright box's height, for what is left of it once a slant is taken out."""

_MARKS = str.maketrans("", "", "\u200e\u200f\ufeff")
"""Marks of direction are for those who show text; none of them is on the page."""
_MICRO, _MU = "\u00b5", "\u03bc"
"""The sign for a millionth, which the data for Greek has in place of the letter."""
_GREEK = re.compile("[\u0370-\u03ff]")

Axes: TypeAlias = NDArray[np.float64]
"""Unit vectors along a line and across it, downwards, of shape (2, 2)."""

Box: TypeAlias = tuple[float, float, float, float]
"""Left, top, right, bottom, upright, in pixels."""


@dataclass(slots=True)
class _Word:
    confidence: float
    box: Box
    text: str = ""


@dataclass(slots=True)
class _Line:
    """A line as it is told, words in reading order."""

    inked: str
    """Its text in the order of the ink, which tells whether there is white between words."""
    direction: float
    """In radians clockwise from rightwards."""
    words: list[_Word] = field(default_factory=list)


def lines_of(found: Any) -> list[RecognizedLine]:
    """Return the lines of a result iterator, which may be None."""
    lines = []
    for line in [] if found is None else _lines(found):
        words = [word for word in line.words if word.text]
        if words:
            lines.append(_recognized(line, words))
    return lines


def _lines(found: Any) -> list[_Line]:
    lines: list[_Line] = []
    while True:
        if not found.Empty(WORD):  # else a picture or a rule
            if not lines or found.IsAtBeginningOf(TEXTLINE):
                lines.append(_Line(_text(found, TEXTLINE), _direction(found)))
            words = lines[-1].words
            if not words or found.IsAtBeginningOf(WORD):
                words.append(_Word(found.Confidence(WORD) / 100, found.BoundingBox(WORD)))
            words[-1].text += _text(found, SYMBOL)
        if not found.Next(SYMBOL):
            return lines


def _text(found: Any, level: int) -> str:
    """Return what is written at the iterator's place, white space made single."""
    try:
        text: str = found.GetUTF8Text(level)
    except RuntimeError:  # how tesserocr says that there is none
        return ""
    return " ".join(text.translate(_MARKS).split())


def _direction(found: Any) -> float:
    """Return the direction in which a line runs, in radians clockwise from rightwards."""
    orientation, writing, _, deskew = found.Orientation()
    # Text that runs down the page is told as an upright block that is written downwards.
    upright: float = (orientation + (writing == DOWNWARDS)) * math.pi / 2
    box, baseline = found.BoundingBox(TEXTLINE), found.Baseline(TEXTLINE)
    if box is not None and baseline:
        (x1, y1), (x2, y2) = baseline
        height = min(box[2] - box[0], box[3] - box[1])
        slant = _wrapped(math.atan2(y2 - y1, x2 - x1) - upright)
        if math.hypot(x2 - x1, y2 - y1) >= MIN_BASELINE * height and abs(slant) <= MAX_SLANT:
            return upright + slant
    return upright + (float(deskew) if abs(deskew) <= MAX_SLANT else 0.0)


def _wrapped(angle: float) -> float:
    """Return an angle between -pi and pi."""
    return math.remainder(angle, 2 * math.pi)


def _recognized(line: _Line, words: Sequence[_Word]) -> RecognizedLine:
    along = np.array([math.cos(line.direction), math.sin(line.direction)])
    axes = np.stack([along, [-along[1], along[0]]])
    spans = [_span(word.box, line.direction, axes) for word in words]
    left, top, right, bottom = np.array(spans).T
    whole = (left.min(), top.min(), right.max(), bottom.max())
    told = tuple(
        RecognizedWord(_spelt(word.text), word.confidence, _quad(span, axes))
        for word, span in zip(words, spans, strict=True)
    )
    confidence = sum(word.confidence for word in words) / len(words)
    return RecognizedLine(_spaced(line.inked, told), confidence, _quad(whole, axes), told)


def _spelt(text: str) -> str:
    return text.replace(_MICRO, _MU) if _GREEK.search(text) else text


def _spaced(inked: str, words: Sequence[RecognizedWord]) -> str:
    """Return a line's text: with spaces between the words, unless the ink has none there.

    Chinese, Japanese and Thai are written so, from left to right; what runs from right to left has
    spaces.
    """
    inked = _spelt(inked)
    text = " ".join(word.text for word in words)
    return inked if inked.replace(" ", "") == text.replace(" ", "") else text


def _span(box: Box, direction: float, axes: Axes) -> Box:
    """Return from where to where the text in an upright box reaches along its line and across it.

    A box of length l and height h that is slanted by s has an upright box of the width
    l cos s + h sin s and the height l sin s + h cos s; these are solved for l and h.
    """
    quarters = round(direction / (math.pi / 2))
    slant = abs(direction - quarters * math.pi / 2)
    width, height = box[2] - box[0], box[3] - box[1]
    if quarters % 2:
        width, height = height, width
    cos, sin = math.cos(slant), math.sin(slant)
    scale = math.cos(2 * slant)
    length = min(max((width * cos - height * sin) / scale, MIN_THICKNESS * width), width)
    thickness = min(max((height * cos - width * sin) / scale, MIN_THICKNESS * height), height)
    u, v = axes @ np.array([(box[0] + box[2]) / 2, (box[1] + box[3]) / 2])
    return (u - length / 2, v - thickness / 2, u + length / 2, v + thickness / 2)


def _quad(span: Box, axes: Axes) -> Quad:
    left, top, right, bottom = span
    corners = np.array([[left, top], [right, top], [right, bottom], [left, bottom]])
    quad: Quad = (corners @ axes).astype(np.float32)
    return quad
