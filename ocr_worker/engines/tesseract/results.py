"""What Tesseract has found, as lines of words with slanted boxes.

Its iterator goes through words and letters in reading order, from right to left where the script
runs so. The text of a whole word or line, as tesserocr passes it on, is in the order of the ink
instead; so words are spelt letter by letter here, which is their logical order.

Where a script is written without spaces in Tesseract's eyes (ideographs, kana, Thai and hangul,
which has spaces), every letter that no entry of a dictionary explains is a word of its own to it.
Gaps do not tell which of them belong together: on drawn Korean pages those within words reached 0.2
to 0.35 of a line's thickness where those between words began at 0.18. Tesseract knows: it has read
a space before a word or none. So words end here at spaces, and where a letter is a word by itself,
as they do for the other engine.

Boxes come upright, whatever the slant of a line: its baseline tells that, and the boxes are turned
by it. Nothing here imports the library, so that tests can pass an iterator of their own.
"""

import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from ocr_worker.engines.base import Quad, RecognizedLine, RecognizedWord
from ocr_worker.scripts import is_right_to_left, is_word_by_itself

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
    text: str
    confidence: float
    box: Box
    is_apart: bool
    """Whether a space was read before it."""


@dataclass(slots=True)
class _Line:
    """A line as it is told, words in reading order."""

    direction: float
    """In radians clockwise from rightwards."""
    words: list[_Word] = field(default_factory=list)


def lines_of(found: Any) -> list[RecognizedLine]:
    """Return the lines of a result iterator, which may be None."""
    lines = []
    for line in [] if found is None else _lines(found):
        words = list(_joined(line.words))
        if words:
            lines.append(_recognized(line.direction, words))
    return lines


def _lines(found: Any) -> list[_Line]:
    lines: list[_Line] = []
    is_more = True
    while is_more:
        if found.Empty(WORD):  # a picture or a rule
            is_more = found.Next(SYMBOL)
            continue
        if not lines or found.IsAtBeginningOf(TEXTLINE):
            lines.append(_Line(_direction(found)))
        whole = _Word("", found.Confidence(WORD) / 100, found.BoundingBox(WORD), _is_apart(found))
        letters = []
        while True:
            letters.append(_letter(found))
            is_more = found.Next(SYMBOL)
            if not is_more or found.Empty(WORD) or found.IsAtBeginningOf(WORD):
                break
        lines[-1].words += _cut(whole, [letter for letter in letters if letter.text])
    return lines


def _is_apart(found: Any) -> bool:
    return bool(found.BlanksBeforeWord() > 0)


def _letter(found: Any) -> _Word:
    return _Word(
        _text(found), found.Confidence(SYMBOL) / 100, found.BoundingBox(SYMBOL), is_apart=False
    )


def _cut(whole: _Word, letters: list[_Word]) -> list[_Word]:
    """Return a word of Tesseract's with its text, in letters where one is a word by itself."""
    if not letters:
        return []
    if not any(is_word_by_itself(letter.text[0]) for letter in letters):
        whole.text = "".join(letter.text for letter in letters)
        return [whole]
    letters[0].is_apart = whole.is_apart
    return letters


def _joined(words: Sequence[_Word]) -> Iterator[_Word]:
    """Yield the words with those made one that neither a space nor an ideograph parts."""
    last: _Word | None = None
    for word in words:
        if last is None:
            last = word
        elif _is_one_word(last, word):
            last = _union(last, word)
        else:
            yield last
            last = word
    if last is not None:
        yield last


def _is_one_word(word: _Word, following: _Word) -> bool:
    return not (
        _is_space_between(word, following)
        or is_word_by_itself(word.text[-1])
        or is_word_by_itself(following.text[0])
    )


def _is_space_between(word: _Word, following: _Word) -> bool:
    """Tell it of words in reading order.

    Tesseract tells of the space at a word's left, which for one that is read leftwards is the wrong
    side; its scripts have spaces.
    """
    return following.is_apart or is_right_to_left(word.text) or is_right_to_left(following.text)


def _union(word: _Word, following: _Word) -> _Word:
    n, m = len(word.text), len(following.text)
    (left, top, right, bottom), other = word.box, following.box
    return _Word(
        word.text + following.text,
        (n * word.confidence + m * following.confidence) / (n + m),
        (min(left, other[0]), min(top, other[1]), max(right, other[2]), max(bottom, other[3])),
        word.is_apart,
    )


def _text(found: Any) -> str:
    """Return the letter at the iterator's place, empty for white space."""
    try:
        text: str = found.GetUTF8Text(SYMBOL)
    except RuntimeError:  # how tesserocr says that there is none
        return ""
    return "".join(text.translate(_MARKS).split())


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


def _recognized(direction: float, words: Sequence[_Word]) -> RecognizedLine:
    along = np.array([math.cos(direction), math.sin(direction)])
    axes = np.stack([along, [-along[1], along[0]]])
    spans = [_span(word.box, direction, axes) for word in words]
    left, top, right, bottom = np.array(spans).T
    whole = (left.min(), top.min(), right.max(), bottom.max())
    told = tuple(
        RecognizedWord(_spelt(word.text), word.confidence, _quad(span, axes))
        for word, span in zip(words, spans, strict=True)
    )
    text = told[0].text
    for before, word, as_told in zip(words, words[1:], told[1:], strict=False):
        text += f" {as_told.text}" if _is_space_between(before, word) else as_told.text
    confidence = sum(word.confidence for word in words) / len(words)
    return RecognizedLine(text, confidence, _quad(whole, axes), told)


def _spelt(text: str) -> str:
    return text.replace(_MICRO, _MU) if _GREEK.search(text) else text


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
