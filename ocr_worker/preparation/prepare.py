"""Makes the pixels of a page easier to read, and knows the way back from them to the page.

Each step is made only for engines that gain from it: RapidOCR boxes slanted lines as they are and
reads faint ones, Tesseract wants level lines. Both are read with and without preparation by
`benchmarks.accuracy`.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from ocr_worker import wire
from ocr_worker.engines.base import Pixels, Quad, RecognizedLine, Step

_Matrix = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Prepared:
    """Pixels to be read, what was done to them, and the way back: a matrix of shape (2, 3)."""

    pixels: Pixels
    steps: tuple[wire.Preparation, ...] = ()
    back: _Matrix | None = None

    def on_page(self, lines: Iterable[RecognizedLine]) -> list[RecognizedLine]:
        """Return lines found in the pixels with their corners in pixels of the page."""
        if self.back is None:
            return list(lines)
        return [
            replace(
                line,
                quad=self._moved(line.quad),
                words=tuple(replace(word, quad=self._moved(word.quad)) for word in line.words),
            )
            for line in lines
        ]

    def _moved(self, quad: Quad) -> Quad:
        assert self.back is not None
        corners = quad.astype(np.float64) @ self.back[:, :2].T + self.back[:, 2]
        return corners.astype(np.float32)


def prepare(
    pixels: Pixels, options: wire.RecognizeOptions, steps: frozenset[Step]
) -> Prepared | None:
    """Return the page as the engine wants it, or None when there is nothing on it at all.

    Done is what the options ask for among the steps that the engine gains from.
    """
    # Imported as they are wanted: OpenCV is not for workers whose engine wants none of this.
    done: list[wire.Preparation] = []
    back = None
    if options.skip_blank and "blank" in steps:
        from ocr_worker.preparation.levels import is_blank

        if is_blank(pixels):
            return None
    if options.contrast and "contrast" in steps:
        from ocr_worker.preparation.levels import darkened

        darker = darkened(pixels)
        if darker is not None:
            pixels = darker
            done.append("contrast")
    if options.deskew and "deskewed" in steps:
        from ocr_worker.preparation.straightening import skew_of, straightened

        skew = skew_of(pixels)
        if skew:
            pixels, back = straightened(pixels, skew)
            done.append("deskewed")
    return Prepared(pixels, tuple(done), back)
