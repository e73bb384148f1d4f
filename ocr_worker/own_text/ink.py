"""Where on a picture of a page something is written or drawn, coarsely and without an engine.

The page is looked at in cells a quarter of a line high. A cell with dark and light in it holds
ink; that of white paper, of a shadow or of a clear sky holds none. What kind of ink it is, letters
or leaves, is for an engine to say: this tells it where to look, and where it need not.
"""

from collections.abc import Iterable
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ocr_worker.documents.page_view import Box
from ocr_worker.engines.base import Pixels

CELLS_PER_LINE: Final = 4
MIN_CONTRAST: Final = 40
"""Levels of 255 between the darkest and the lightest pixel of a cell that holds ink: what the
faintest receipts have, and more than the noise of scanners."""
RELATIVE_CONTRAST: Final = 0.4
"""The same as a share of the contrast that the clearest cells have."""
TILE: Final = (8, 48)
"""Rows and columns of cells in which ink is gathered: two lines high, twelve wide."""
MIN_FILLED: Final = 0.15
"""Share of a tile's cells with ink when it may hold text; a rule through it fills an eighth."""
MIN_WRITTEN: Final = 0.005
MIN_BLANK: Final = 0.15
"""Shares of a picture's cells with ink, and without, where it holds text: letters stand on
something plain, while photographs of most things have no plain spot."""
PLAIN_CONTRAST: Final = 24

Cells = NDArray[np.bool_]


class Ink:
    """The ink of a picture: `cells` of shape (rows, columns), each `cell_px` pixels square."""

    def __init__(self, pixels: Pixels, line_px: float) -> None:
        self.cell_px = max(2, round(line_px / CELLS_PER_LINE))
        contrast = _contrast(pixels, self.cell_px)
        strongest = float(np.percentile(contrast, 99)) if contrast.size else 0.0
        self.cells: Cells = contrast > max(MIN_CONTRAST, RELATIVE_CONTRAST * strongest)
        self.plain = float((contrast < PLAIN_CONTRAST).mean()) if contrast.size else 1.0

    def may_be_text(self) -> bool:
        """Tell whether somebody should look for text in the picture."""
        written = float(self.cells.mean()) if self.cells.size else 0.0
        return written >= MIN_WRITTEN and self.plain >= MIN_BLANK

    def outside(self, boxes: Iterable[Box]) -> "Cells":
        """Return the cells with ink that lie in none of the boxes, which are in pixels.

        A box counts with a cell more on each side: boxes of layers fit their letters loosely.
        """
        left = self.cells.copy()
        for box in boxes:
            x, y, right, bottom = (round(side / self.cell_px) for side in box)
            left[max(0, y - 1) : max(0, bottom + 1), max(0, x - 1) : max(0, right + 1)] = False
        return left

    def tiles(self, cells: Cells) -> list[tuple[Box, int]]:
        """Return the tiles in which enough of these cells lie, as (box in pixels, cells with ink).

        The fullest come first.
        """
        rows, columns = TILE
        found = []
        for top in range(0, cells.shape[0], rows):
            for left in range(0, cells.shape[1], columns):
                tile = cells[top : top + rows, left : left + columns]
                n_inked = int(tile.sum())
                if n_inked < MIN_FILLED * rows * columns / 2:
                    continue
                ys, xs = np.nonzero(tile)
                part = (xs.max() - xs.min() + 1) * (ys.max() - ys.min() + 1)
                if n_inked >= MIN_FILLED * part and ys.max() > ys.min() + 1:
                    sides = xs.min() + left, ys.min() + top, xs.max() + left + 1, ys.max() + top + 1
                    x, y, right, bottom = (float(side * self.cell_px) for side in sides)
                    found.append(((x, y, right, bottom), n_inked))
        return sorted(found, key=lambda each: -each[1])


def _contrast(pixels: Pixels, cell_px: int) -> NDArray[np.uint8]:
    """Return the difference between the lightest and the darkest pixel of each cell."""
    # Green is the channel that ink of most colours darkens; every other pixel of a large cell
    # tells as much as all of them.
    step = max(1, cell_px // 4)
    channel = pixels[::step, ::step, 1]
    size = max(1, cell_px // step)
    rows, columns = channel.shape[0] // size, channel.shape[1] // size
    cells = channel[: rows * size, : columns * size].reshape(rows, size, columns, size)
    if cells.size == 0:
        return np.zeros((0, 0), dtype=np.uint8)
    return np.asarray(cells.max(axis=(1, 3)) - cells.min(axis=(1, 3)), dtype=np.uint8)
