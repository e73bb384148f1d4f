"""A page on a grid of whole units: its blocks, lines and words, each box inside the next.

hOCR counts in pixels, ALTO in parts of an inch. What a page carries are points, in which a word
may stick out of its line by a little, since engines measure both.
"""

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import groupby

from ocr_worker import wire
from ocr_worker.outputs.xml_text import allowed
from ocr_worker.scripts import is_left_to_right, is_right_to_left


@dataclass(frozen=True, slots=True)
class Box:
    """An upright box in units of the grid."""

    left: int
    top: int
    right: int
    bottom: int


@dataclass(frozen=True, slots=True)
class PlacedWord:
    """A word; `is_spaced` tells of white space before it, which some scripts do without."""

    text: str
    confidence: float
    box: Box
    is_spaced: bool

    @property
    def is_right_to_left(self) -> bool:
        """Whether its first letter that has a direction is read leftwards."""
        return is_right_to_left(self.text)


@dataclass(frozen=True, slots=True)
class PlacedLine:
    """A line and its words, one at least; a line that came without counts as one word."""

    line: wire.Line
    box: Box
    words: tuple[PlacedWord, ...]

    @property
    def is_right_to_left(self) -> bool:
        """Whether most of its words are."""
        return 2 * sum(word.is_right_to_left for word in self.words) > len(self.words)

    @property
    def is_left_to_right(self) -> bool:
        """Whether most of its words are; a line of numbers is neither."""
        return 2 * sum(is_left_to_right(word.text) for word in self.words) > len(self.words)


@dataclass(frozen=True, slots=True)
class PlacedBlock:
    """A block of text and its lines, one at least."""

    box: Box
    lines: tuple[PlacedLine, ...]

    @property
    def is_right_to_left(self) -> bool:
        """Whether most of its lines are."""
        return 2 * sum(line.is_right_to_left for line in self.lines) > len(self.lines)


@dataclass(frozen=True, slots=True)
class PlacedPage:
    """The size of a page in units, and its blocks in reading order."""

    width: int
    height: int
    blocks: tuple[PlacedBlock, ...]


def place(page: wire.Page, units_per_pt: float) -> PlacedPage:
    """Return a page on a grid of `units_per_pt`, without the words that XML has no character for.

    Every box lies on the page and is one unit wide and high at least.
    """
    grid = _Grid(
        max(round(page.width_pt * units_per_pt), 1),
        max(round(page.height_pt * units_per_pt), 1),
        units_per_pt,
    )
    blocks: list[PlacedBlock] = []
    for _, members in groupby(page.lines, key=lambda line: line.block):
        lines = tuple(_placed_lines(members, grid))
        if lines:
            blocks.append(PlacedBlock(around(line.box for line in lines), lines))
    return PlacedPage(grid.width, grid.height, tuple(blocks))


def around(boxes: Iterable[Box]) -> Box:
    """Return the smallest box that holds all of these, one at least."""
    lefts, tops, rights, bottoms = zip(
        *((box.left, box.top, box.right, box.bottom) for box in boxes), strict=True
    )
    return Box(min(lefts), min(tops), max(rights), max(bottoms))


@dataclass(frozen=True, slots=True)
class _Grid:
    """The size of a page in units, and how many of them make a point."""

    width: int
    height: int
    units_per_pt: float

    def box(self, item: wire.Line | wire.Word) -> Box:
        left, right = self._span(item.x, item.width, self.width)
        top, bottom = self._span(item.y, item.height, self.height)
        return Box(left, top, right, bottom)

    def _span(self, start_pt: float, length_pt: float, limit: int) -> tuple[int, int]:
        """Return the whole units that hold a stretch of one axis."""
        # Rounded first, or 200.00000000000003 would reach into the next unit.
        start = round(start_pt * self.units_per_pt, 3)
        end = round((start_pt + length_pt) * self.units_per_pt, 3)
        first = min(max(math.floor(start), 0), limit - 1)
        return first, min(max(math.ceil(end), first + 1), limit)


def _placed_lines(lines: Iterable[wire.Line], grid: _Grid) -> Iterator[PlacedLine]:
    for line in lines:
        words = tuple(_placed_words(line, grid))
        if words:
            box = around((grid.box(line), *(word.box for word in words)))
            yield PlacedLine(line, box, words)


def _placed_words(line: wire.Line, grid: _Grid) -> Iterator[PlacedWord]:
    is_first, end = True, 0
    for word in line.words or (line,):
        text = allowed(word.text).strip()
        if not text:
            continue
        start = line.text.find(word.text, end)
        # Where the line does not spell its words, white space between them is the likelier.
        is_spaced = start < 0 or any(c.isspace() for c in line.text[end:start])
        yield PlacedWord(text, word.confidence, grid.box(word), is_spaced and not is_first)
        is_first, end = False, end if start < 0 else start + len(word.text)
