"""Cuts straight boxes of text into columns, blocks and rows, in the order a reader takes them.

A recursive cut (XY-cut: Nagy and Seth, "Hierarchical representation of optically scanned
documents", ICPR 1984) with one preference of ours: a cut between columns is made where running
text stands on both sides, however many headings span the columns above or below, and nowhere
else. So two columns of prose are read one after the other, while tables, forms and receipts are
read row by row. Sizes are in heights of a usual line, so the unit is no matter.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from statistics import fmean, median
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

MIN_GUTTER = 0.5
"""Width of the white between columns. Boxes are generous, so little of it is left in them."""
PROSE_WIDTH = 7.0
"""A line this wide is running text, about twenty letters; cells of tables are shorter."""
PROSE_ROWS = 3
"""Rows of running text that make a column."""
PROSE_SHARE = 0.4
"""Share of a column's rows that are running text; the others are its headings and tables."""
NOTE_SHARE = 0.34
"""Notes in a margin stand beside fewer of the rows than this, the cells of a table beside more."""
DENSE_ROWS = 6
"""Rows of running text that make a body which margin notes may stand beside."""
BLOCK_PITCH = 1.4
"""A new block begins where the distance between rows exceeds the usual one by this factor ..."""
BLOCK_GAP = 0.3
"""... and white of this height lies between the rows; or where white of twice a line does."""
SURE_BLOCK_GAP = 2.0
HEADING_RATIO = 1.5
"""A row this much higher than its neighbour is a heading, a block of its own."""

Boxes = NDArray[np.float64]
"""Upright boxes of shape (n, 4): left, top, right, bottom."""

Row: TypeAlias = list[int]
"""Indexes of boxes that stand side by side, from left to right."""

Block: TypeAlias = list[Row]


@dataclass(frozen=True, slots=True)
class _Columns:
    """A stretch of a region that a gutter splits, and what lies above and below it."""

    above: list[int]
    left: list[int]
    right: list[int]
    below: list[int]


def read_in_order(boxes: Boxes, members: list[int], height: float) -> list[Block]:
    """Return the blocks of the boxes named by `members`, in reading order.

    `height` is that of a usual line, above zero.
    """
    if not members:
        return []
    by_centre = sorted(members, key=lambda index: boxes[index, 1] + boxes[index, 3])
    columns = _find_columns(boxes, by_centre, height)
    if columns is None:
        return list(_blocks(boxes, _rows(boxes, by_centre), height))
    parts = (columns.above, columns.left, columns.right, columns.below)
    return [block for part in parts for block in read_in_order(boxes, part, height)]


def _find_columns(boxes: Boxes, members: list[int], height: float) -> _Columns | None:
    """Return the split whose stretch holds the most lines; `members` go from top to bottom."""
    best: _Columns | None = None
    most = 0
    for x in _gutter_candidates(boxes, members, height):
        for start, end in _stretches(boxes, members, x):
            if end - start <= most:
                continue
            stretch = members[start:end]
            left = [index for index in stretch if boxes[index, 2] <= x]
            right = [index for index in stretch if boxes[index, 2] > x]
            if _are_columns(boxes, left, right, height):
                best = _Columns(members[:start], left, right, members[end:])
                most = end - start
    return best


def _gutter_candidates(boxes: Boxes, members: list[int], height: float) -> list[float]:
    """Return places just left of a left edge; columns are aligned there, edges far apart enough."""
    candidates: list[float] = []
    for x in sorted(float(boxes[index, 0]) for index in members):
        if not candidates or x - candidates[-1] > MIN_GUTTER * height / 2:
            candidates.append(x)
    return candidates[1:]


def _stretches(boxes: Boxes, members: list[int], x: float) -> Iterator[tuple[int, int]]:
    """Yield the ranges of neighbours from top to bottom of which none lies across `x`."""
    start = 0
    for position, index in enumerate(members):
        if boxes[index, 0] < x < boxes[index, 2]:
            yield start, position
            start = position + 1
    yield start, len(members)


def _are_columns(boxes: Boxes, left: list[int], right: list[int], height: float) -> bool:
    if not left or not right:
        return False
    gutter = boxes[right, 0].min() - boxes[left, 2].max()
    if gutter < MIN_GUTTER * height:
        return False
    left_prose, left_rows = _count_prose(boxes, left, height)
    right_prose, right_rows = _count_prose(boxes, right, height)
    if _is_column(left_prose, left_rows) and _is_column(right_prose, right_rows):
        return True
    return _are_body_and_notes(left_prose, left_rows, right_rows) or _are_body_and_notes(
        right_prose, right_rows, left_rows
    )


def _count_prose(boxes: Boxes, members: list[int], height: float) -> tuple[int, int]:
    """Return the number of rows that hold running text, and that of all rows."""
    rows = _rows(boxes, members)
    widths = ((boxes[row, 2] - boxes[row, 0]).max() for row in rows)
    return sum(bool(width >= PROSE_WIDTH * height) for width in widths), len(rows)


def _is_column(prose: int, rows: int) -> bool:
    return prose >= PROSE_ROWS and prose >= PROSE_SHARE * rows


def _are_body_and_notes(body_prose: int, body_rows: int, note_rows: int) -> bool:
    is_dense = body_prose >= DENSE_ROWS and body_prose >= 2 * PROSE_SHARE * body_rows
    return is_dense and note_rows <= NOTE_SHARE * body_rows


def _rows(boxes: Boxes, members: Iterable[int]) -> list[Row]:
    """Group boxes whose centres are level; `members` go from top to bottom, so do the rows."""
    # Plain numbers: rows are short, and this is asked for every place where columns could part.
    sides = {index: boxes[index].tolist() for index in members}
    rows: list[Row] = []
    for index in sorted(sides, key=lambda index: sides[index][1] + sides[index][3]):
        if rows and _belongs([sides[other] for other in rows[-1]], sides[index]):
            rows[-1].append(index)
        else:
            rows.append([index])
    for row in rows:
        row.sort(key=lambda index: sides[index][0])
    return rows


def _belongs(row: list[list[float]], box: list[float]) -> bool:
    left, top, right, bottom = box
    centre = sum(other[1] + other[3] for other in row) / (2 * len(row))
    smaller = min(bottom - top, min(other[3] - other[1] for other in row))
    if abs((top + bottom) / 2 - centre) > smaller / 2:
        return False
    # Two lines that share columns are above one another, however close.
    return not any(
        min(other[2], right) - max(other[0], left) > min(other[2] - other[0], right - left) / 2
        for other in row
    )


def _blocks(boxes: Boxes, rows: list[Row], height: float) -> Iterator[Block]:
    """Cut rows into blocks where the white between two of them is more than usual."""
    columns = boxes.T
    centres = [fmean(columns[1, row].tolist() + columns[3, row].tolist()) for row in rows]
    heights = [median((columns[3, row] - columns[1, row]).tolist()) for row in rows]
    pitches = [below - above for above, below in pairwise(centres)]
    usual = float(np.median(pitches)) if pitches else 0.0
    block = [rows[0]]
    for number, (above, row, pitch) in enumerate(zip(rows, rows[1:], pitches, strict=False)):
        gap = float(boxes[row, 1].min() - boxes[above, 3].max())
        sizes = heights[number : number + 2]
        is_wide = pitch > BLOCK_PITCH * usual and gap > BLOCK_GAP * height
        is_heading = max(sizes) > HEADING_RATIO * min(sizes)
        if is_wide or is_heading or gap > SURE_BLOCK_GAP * height:
            yield block
            block = []
        block.append(row)
    yield block
