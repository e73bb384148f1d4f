"""Which lines stand beside each other in a row, for the recognizer to read at once; pure geometry.

Lines are as various as their words, and each new width of its input costs the recognizer more than
a short line does. So rows have one width, which most lines fit into several at a time, and lines
that are longer have rows of their own, of few widths. A line takes whole slots of a row, so that
the network can be told with a number for each slot which line stands where.
"""

from collections.abc import Sequence
from dataclasses import dataclass

SLOT_PX = 16
ROW_PX = 640
"""Wide enough for most lines, and small enough that what the network keeps of a row stays near the
processor: a row twice as wide costs a tenth more for each of its pixels."""
WIDE_STEP_PX = 160
"""Longer rows are multiples of it."""
GAP_PX = 16
"""Kept free behind each line, where what is convolved of a line and its neighbour would mix."""
NO_LINE = -1


@dataclass(frozen=True, slots=True)
class Place:
    """Where a line stands in its row: its number among all, and its pixels with what is free."""

    line: int
    left_px: int
    right_px: int


@dataclass(frozen=True, slots=True)
class Row:
    """A row, and the lines in it from left to right."""

    width_px: int
    places: tuple[Place, ...]

    @property
    def slots(self) -> list[int]:
        """The line in each slot, `NO_LINE` where none is."""
        slots = [NO_LINE] * (self.width_px // SLOT_PX)
        for place in self.places:
            first, end = place.left_px // SLOT_PX, place.right_px // SLOT_PX
            slots[first:end] = [place.line] * (end - first)
        return slots


def rows_of(widths_px: Sequence[int], *, together: bool) -> list[Row]:
    """Put lines of these widths into rows, the longest first.

    Without `together`, each gets a row of its own, as short as it may be.
    """
    open_rows: list[tuple[int, list[Place]]] = []
    for line in sorted(range(len(widths_px)), key=lambda line: -widths_px[line]):
        taken_px = _up_to(widths_px[line] + GAP_PX, SLOT_PX)
        for width_px, places in open_rows:
            left_px = places[-1].right_px
            if left_px + taken_px <= width_px:
                places.append(Place(line, left_px, left_px + taken_px))
                break
        else:
            width_px = _row_width(taken_px) if together else taken_px
            open_rows.append((width_px, [Place(line, 0, taken_px)]))
    return [Row(width_px, tuple(places)) for width_px, places in open_rows]


def _row_width(taken_px: int) -> int:
    return ROW_PX if taken_px <= ROW_PX else _up_to(taken_px, WIDE_STEP_PX)


def _up_to(length: int, step: int) -> int:
    return -(-length // step) * step
