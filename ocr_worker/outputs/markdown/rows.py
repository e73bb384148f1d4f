"""A page's blocks as rows of cells, upright and straight, where a reader's eye has them.

What the wire carries are lines with upright boxes on the page as it lies, and the page's text,
in which a row is a line. Here the lines of a row are put together again by that text.
"""

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import groupby
from statistics import median
from typing import Final, TypeAlias

from ocr_worker import wire
from ocr_worker.outputs.placement import corners_of
from ocr_worker.payload import CELL_SEPARATOR
from ocr_worker.scripts import is_right_to_left

_CONTROLS: Final = re.compile(r"[\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f]")
"""Control characters other than white space."""


@dataclass(frozen=True, slots=True)
class Cell:
    """A line of text that may stand beside others; in points of the upright page.

    `start` and `end` grow in reading direction, so that text which is read leftwards needs no rules
    of its own.
    """

    text: str
    start: float
    end: float
    height: float


Row: TypeAlias = tuple[Cell, ...]
"""Cells that stand side by side, in reading direction; one at least."""

Block: TypeAlias = tuple[Row, ...]


def blocks_of(page: wire.Page) -> list[Block]:
    """Return the blocks of a page in reading order; lines of white space are left out."""
    texts = page.text.split("\n\n")
    blocks: list[Block] = []
    for number, members in groupby(page.lines, key=lambda line: line.block):
        lines = list(members)
        text = texts[number] if number < len(texts) else ""
        rows = [
            tuple(cell for cell in (_cell(line, page) for line in row) if cell.text)
            for row in _rows(lines, text.split("\n"))
        ]
        block = tuple(row for row in rows if row)
        if block:
            blocks.append(_in_reading_direction(block))
    return blocks


def usual_height(blocks: list[Block]) -> float:
    """Return the height that most of a page's text has; 0.0 for none."""
    heights = [
        cell.height for block in blocks for row in block for cell in row for _ in cell.text.split()
    ]
    return median(heights) if heights else 0.0


def text_of(row: Row) -> str:
    """Return the text of a row as the page's own text has it."""
    return CELL_SEPARATOR.join(cell.text for cell in row)


def _rows(lines: list[wire.Line], texts: list[str]) -> Iterator[list[wire.Line]]:
    """Yield the lines of each row. Where the text says something else, each line is one."""
    position = 0
    for text in texts:
        row: list[wire.Line] = []
        joined = ""
        while position + len(row) < len(lines) and len(joined) < len(text):
            row.append(lines[position + len(row)])
            joined = CELL_SEPARATOR.join(line.text for line in row)
        if not row or joined != text:
            break
        yield row
        position += len(row)
    for line in lines[position:]:
        yield [line]


def _cell(line: wire.Line, page: wire.Page) -> Cell:
    # Once the page is turned by its orientation, its lines are still askew by what is left.
    direction = math.radians((page.skew or 0.0) - (page.orientation or 0))
    x, y = line.x + line.width / 2, line.y + line.height / 2
    middle = x * math.cos(direction) + y * math.sin(direction)
    upper_left, upper_right, _, lower_left = corners_of(line)
    length = math.dist(upper_left, upper_right)
    # White space of any kind and amount is a space.
    text = " ".join(_CONTROLS.sub("", line.text).split())
    return Cell(text, middle - length / 2, middle + length / 2, math.dist(upper_left, lower_left))


def _in_reading_direction(block: Block) -> Block:
    cells = [cell for row in block for cell in row]
    if 2 * sum(is_right_to_left(cell.text) for cell in cells) <= len(cells):
        return block
    return tuple(
        tuple(
            sorted(
                (replace(cell, start=-cell.end, end=-cell.start) for cell in row),
                key=lambda cell: cell.start,
            )
        )
        for row in block
    )
