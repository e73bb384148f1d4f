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


Sides: TypeAlias = list[list[float]]
"""The same as plain numbers: here they are asked for one by one, which arrays are slow at."""


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
    centres = (boxes[:, 1] + boxes[:, 3]).tolist()
    from_top = sorted(members, key=centres.__getitem__)
    return list(_in_order(boxes.tolist(), from_top, height))


def _in_order(sides: Sides, members: list[int], height: float) -> Iterator[Block]:
    """Yield the blocks of members that go from top to bottom."""
    if not members:
        return
    columns = _find_columns(sides, members, height)
    if columns is None:
        yield from _blocks(sides, _rows(sides, members), height)
        return
    for part in (columns.above, columns.left, columns.right, columns.below):
        yield from _in_order(sides, part, height)


def _find_columns(sides: Sides, members: list[int], height: float) -> _Columns | None:
    """Return the split whose stretch holds the most lines; `members` go from top to bottom."""
    best: _Columns | None = None
    most = 0
    edges = np.array([(sides[index][0], sides[index][2]) for index in members])
    for x in _gutter_candidates(edges, height):
        for start, end in _stretches(edges, x):
            if end - start <= most:
                continue
            stretch = members[start:end]
            left = [index for index in stretch if sides[index][2] <= x]
            right = [index for index in stretch if sides[index][2] > x]
            if _are_columns(sides, left, right, height):
                best = _Columns(members[:start], left, right, members[end:])
                most = end - start
    return best


def _gutter_candidates(edges: Boxes, height: float) -> list[float]:
    """Return places just left of a left edge; columns are aligned there, edges far apart enough.

    `edges` are left and right of each box.
    """
    candidates: list[float] = []
    for x in np.sort(edges[:, 0]).tolist():
        if not candidates or x - candidates[-1] > MIN_GUTTER * height / 2:
            candidates.append(x)
    return candidates[1:]


def _stretches(edges: Boxes, x: float) -> Iterator[tuple[int, int]]:
    """Yield the ranges of neighbours from top to bottom of which none lies across `x`."""
    start = 0
    for position in np.flatnonzero((edges[:, 0] < x) & (x < edges[:, 1])).tolist():
        yield start, position
        start = position + 1
    yield start, len(edges)


def _are_columns(sides: Sides, left: list[int], right: list[int], height: float) -> bool:
    if not left or not right:
        return False
    gutter = min([sides[index][0] for index in right]) - max([sides[index][2] for index in left])
    if gutter < MIN_GUTTER * height:
        return False
    # Rows cost more to find than wide lines, of which no row needs more than one.
    n_wide = [sum([_is_prose(sides[index], height) for index in part]) for part in (left, right)]
    if min(n_wide) < PROSE_ROWS and max(n_wide) < DENSE_ROWS:
        return False
    left_prose, left_rows = _count_prose(sides, left, height)
    right_prose, right_rows = _count_prose(sides, right, height)
    if _is_column(left_prose, left_rows) and _is_column(right_prose, right_rows):
        return True
    return _are_body_and_notes(left_prose, left_rows, right_rows) or _are_body_and_notes(
        right_prose, right_rows, left_rows
    )


def _count_prose(sides: Sides, members: list[int], height: float) -> tuple[int, int]:
    """Return the number of rows that hold running text, and that of all rows."""
    rows = _rows(sides, members)
    n_prose = sum(any(_is_prose(sides[index], height) for index in row) for row in rows)
    return n_prose, len(rows)


def _is_prose(box: list[float], height: float) -> bool:
    return box[2] - box[0] >= PROSE_WIDTH * height


def _is_column(prose: int, rows: int) -> bool:
    return prose >= PROSE_ROWS and prose >= PROSE_SHARE * rows


def _are_body_and_notes(body_prose: int, body_rows: int, note_rows: int) -> bool:
    is_dense = body_prose >= DENSE_ROWS and body_prose >= 2 * PROSE_SHARE * body_rows
    return is_dense and note_rows <= NOTE_SHARE * body_rows


def _rows(sides: Sides, members: Iterable[int]) -> list[Row]:
    """Group boxes whose centres are level; `members` go from top to bottom, so do the rows."""
    rows: list[Row] = []
    last: Sides = []
    centres: list[float] = []
    lowest = 0.0
    """Of the last row: its boxes, twice their centres and the least height."""
    for index in members:
        box = sides[index]
        _, top, _, bottom = box
        if last:
            distance = abs((top + bottom) / 2 - sum(centres) / (2 * len(centres)))
            height = min(bottom - top, lowest)
            if distance <= height / 2 and not _shares_columns(last, box):
                rows[-1].append(index)
                last.append(box)
                centres.append(top + bottom)
                lowest = height
                continue
        rows.append([index])
        last, centres, lowest = [box], [top + bottom], bottom - top
    for row in rows:
        if len(row) > 1:
            row.sort(key=lambda index: sides[index][0])
    return rows


def _shares_columns(row: Sides, box: list[float]) -> bool:
    """Tell whether a box stands above or below one of a row, however close."""
    left, _, right, _ = box
    for other_left, _, other_right, _ in row:
        shared = min(other_right, right) - max(other_left, left)
        if shared > min(other_right - other_left, right - left) / 2:
            return True
    return False


def _blocks(sides: Sides, rows: list[Row], height: float) -> Iterator[Block]:
    """Cut rows into blocks where the white between two of them is more than usual."""
    boxes = [[sides[index] for index in row] for row in rows]
    centres = [fmean([box[1] for box in row] + [box[3] for box in row]) for row in boxes]
    heights = [median([box[3] - box[1] for box in row]) for row in boxes]
    pitches = [below - above for above, below in pairwise(centres)]
    usual = median(pitches) if pitches else 0.0
    block = [rows[0]]
    for number, pitch in enumerate(pitches):
        above, below = boxes[number], boxes[number + 1]
        gap = min([box[1] for box in below]) - max([box[3] for box in above])
        sizes = heights[number : number + 2]
        is_wide = pitch > BLOCK_PITCH * usual and gap > BLOCK_GAP * height
        is_heading = max(sizes) > HEADING_RATIO * min(sizes)
        if is_wide or is_heading or gap > SURE_BLOCK_GAP * height:
            yield block
            block = []
        block.append(rows[number + 1])
    yield block
