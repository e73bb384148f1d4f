"""The lines of a page as content that shows nothing: text to be found, selected and copied.

Each word is stretched to its place, so that a viewer that marks it marks what is seen there. The
words of a line that is a little askew, as those of a scan are, stand level and in steps: poppler,
by which many programs index PDFs, cuts words to pieces whose baseline is not level.
"""

import math
import unicodedata
from collections.abc import Iterator
from itertools import zip_longest
from typing import TypeAlias

from ocr_worker import wire
from ocr_worker.outputs.placement import Corners, Point, corners_of
from ocr_worker.outputs.searchable_pdf.glyphless_font import ADVANCE, GlyphlessFont
from ocr_worker.outputs.searchable_pdf.page_view import Matrix

_RIGHT_TO_LEFT = ("R", "AL")
_LEFT_TO_RIGHT = ("L", "EN", "AN")
"""Of what Unicode knows as directions of characters: letters, and digits."""
Piece: TypeAlias = tuple[str, Corners, bool]
"""A word, where it stands, and whether white space follows in the text of its line."""

MAX_STEPPED_DEGREES = 10.0
"""A line that is askew by more is written at its own angle."""
_MIN_PT = 0.1
"""A word that has no size to speak of is text all the same, and has to be somewhere."""


def text_content(page: wire.Page, view: Matrix, font: GlyphlessFont, font_name: str) -> bytes:
    """Return the content that places the page's words; it leaves the graphics state as it was.

    `view` is the matrix from points of the page as shown, from its bottom left.
    """
    matrix = " ".join(_number(value, 6) for value in view)
    operators = [f"q {matrix} cm BT 3 Tr"]
    for line in page.lines:
        operators += _Line(line, page.height_pt, font, font_name).operators()
    operators.append("ET Q\n")
    return "\n".join(operators).encode("ascii")


class _Line:
    """A line, written word by word in one direction, whose unit vector has y downwards."""

    def __init__(
        self, line: wire.Line, page_height: float, font: GlyphlessFont, font_name: str
    ) -> None:
        self._line = line
        self._page_height = page_height
        self._font = font
        self._font_name = font_name
        angle = 0.0 if line.thickness is None else line.angle
        quarter = 90.0 * round(angle / 90)
        if abs(angle - quarter) <= MAX_STEPPED_DEGREES:
            angle = quarter
        x, y = self._direction = math.cos(math.radians(angle)), math.sin(math.radians(angle))
        # Upwards is positive in PDF, and so is counter-clockwise.
        self._turn = " ".join(_number(value, 5) for value in (x, -y, y, x))

    def _written(self, corners: Corners) -> Corners:
        """Return where a word is written: about the same middle, in that direction."""
        along = self._along(corners[0], corners[1]) / 2
        height = math.dist(corners[0], corners[3]) / 2
        middle = [sum(values) / 4 for values in zip(*corners, strict=True)]
        x, y = self._direction

        def corner(forwards: float, downwards: float) -> Point:
            return (
                middle[0] + forwards * x - downwards * y,
                middle[1] + forwards * y + downwards * x,
            )

        return (
            corner(-along, -height),
            corner(along, -height),
            corner(along, height),
            corner(-along, height),
        )

    def operators(self) -> Iterator[str]:
        pieces = [
            (text, self._written(corners), has_space)
            for text, corners, has_space in _pieces(self._line)
        ]
        if any(is_right_to_left(text) for text, _, _ in pieces):
            pieces = self._from_left_to_right(pieces)
        for text, corners, has_space in pieces:
            yield self._shown(in_visual_order(text), corners, " " if has_space else "")

    def _shown(self, text: str, corners: Corners, space: str) -> str:
        """Return what shows a word, stretched between its corners, and the space behind it.

        The space is as wide as a letter of the word. It may reach into the next word, which is no
        harm: what counts is that it stands between the two in the content. As a piece of its own it
        would not always: PDFium sorts pieces by where they begin.
        """
        start, end = corners[3], corners[2]
        size = max(math.dist(corners[0], start), _MIN_PT)
        # In per cent of how long the text is by itself.
        scaling = 100 * max(math.dist(start, end), _MIN_PT) / (len(text) * ADVANCE * size)
        place = f"{_number(start[0], 2)} {_number(self._page_height - start[1], 2)}"
        return (
            f"{self._font_name} {_number(size, 2)} Tf {_number(scaling, 2)} Tz"
            f" {self._turn} {place} Tm <{self._font.encode(text + space)}> Tj"
        )

    def _from_left_to_right(self, pieces: list[Piece]) -> list[Piece]:
        """Return the words of a line in the order in which they stand, not that of reading."""
        places = [self._along((0.0, 0.0), corners[3]) for _, corners, _ in pieces]
        order = sorted(range(len(pieces)), key=places.__getitem__)
        ordered = []
        for index, following in zip_longest(order, order[1:]):
            text, corners, has_space = pieces[index]
            are_neighbours = following is not None and abs(index - following) == 1
            has_space = not are_neighbours or pieces[min(index, following)][2]
            ordered.append((text, corners, has_space))
        return ordered

    def _along(self, one: Point, other: Point) -> float:
        """Return how far the other point lies from the one in the direction of the line."""
        x, y = self._direction
        return (other[0] - one[0]) * x + (other[1] - one[1]) * y


def _pieces(line: wire.Line) -> Iterator[Piece]:
    """Yield the words of a line in the order of reading.

    In scripts that write no spaces there are none to be found between words. The last word counts
    as followed by one, since another line may stand right beside it, in a table for instance.
    """
    if not line.words and line.text:
        yield line.text, corners_of(line), True
    position = 0
    for word in line.words:
        found = line.text.find(word.text, position)
        if found >= 0:
            position = found + len(word.text)
        if word.text:
            has_space = found < 0 or line.text[position : position + 1].isspace()
            is_last = word is line.words[-1]
            yield word.text, corners_of(line, word), has_space or is_last


def is_right_to_left(word: str) -> bool:
    """Tell whether a word has letters of a script that runs to the left."""
    return any(unicodedata.bidirectional(character) in _RIGHT_TO_LEFT for character in word)


def in_visual_order(word: str) -> str:
    """Return the characters of a word from left to right as they are seen.

    That is the order in which programs write right-to-left scripts to a PDF, and from which readers
    put them back; numbers and Latin letters within such a word run to the right all the same.
    """
    if not is_right_to_left(word):
        return word
    runs: list[str] = []
    for character in reversed(word):
        goes_right = unicodedata.bidirectional(character) in _LEFT_TO_RIGHT
        if goes_right and runs and unicodedata.bidirectional(runs[-1][0]) in _LEFT_TO_RIGHT:
            runs[-1] = character + runs[-1]
        else:
            runs.append(character)
    return "".join(runs)


def _number(value: float, digits: int) -> str:
    text = f"{value:.{digits}f}".rstrip("0").rstrip(".")
    return "0" if text == "-0" else text
