"""Finds the lines of text on a page: pixels in, the corners of each line out.

Lines come out best where they are 15 to 30 pixels thick in the network's input, and the smaller the
input the sooner. So a page is looked at small, smaller still where a thumbnail shows large letters,
and again at a larger scale where its lines turn out to be thin. Crops for the recognizer come from
the full page either way.
"""

from typing import cast

import cv2

from ocr_worker.engines.base import Checkpoint, Pixels, Quad
from ocr_worker.engines.rapidocr.boxes import lines_of, on_page, thickness_of
from ocr_worker.engines.rapidocr.networks import Detection
from ocr_worker.engines.rapidocr.text_height import guessed_thickness
from ocr_worker.engines.rapidocr.text_map import text_map

FIRST_LOOK_PX = 1024
"""Pages whose longer side is longer are scaled down to this at first."""
SMALLEST_SCALE = 0.25
"""But not below this: the small print of a poster would not be seen beside its headlines."""
SHORTEST_SIDE_PX = 320
"""Pages whose shorter side is shorter are scaled up to this at first."""
WANTED_PX = 18.0
"""How thick lines are to be. Of 17 a tenth of a per cent of the words is lost, of 16 two."""
LEAST_SHARE = 0.6
"""Of the scale that a page would have without a look at its letters: how thick lines are is only
guessed, and there may be others besides."""
THIN_PX = 15.0
"""Lines thinner than this, by the median, ask for a second look."""
LONGEST_SIDE_PX = 4096
"""The longest side that a second look may have, which bounds its time and memory."""
UNSEEN_LONGEST_SIDE_PX = 2048
"""The longer side for a second look at a page where the first found nothing."""
LARGEST_SCALE = 2.0
"""Enlarging further shows the network nothing new."""

PADDED_SIDE_PX = 200
"""Sides smaller than this are padded first with what is at their edge: scaled up alone, a single
line would fill the network's input with letters larger than any it has seen."""
MOST_ELONGATED = 8.0
"""Strips flatter (or taller) than this are padded to a quarter of their length, or scaling up
would explode them."""
WORTH_A_LOOK = 1.1
"""How much larger a second look must be to show more than the first."""


class Detector:
    """Text detection with a loaded network."""

    def __init__(self, network: Detection) -> None:
        self._network = network

    def detect(self, pixels: Pixels, checkpoint: Checkpoint) -> list[Quad]:
        """Return the corners of each line in pixels of `pixels`, clockwise from the top left.

        In no particular order. "Top left" is that of a box as it lies on the page, whichever way
        its text runs. `checkpoint("detect")` is called before each run of the network.
        """
        size = pixels.shape[1], pixels.shape[0]
        padding = _padding(*size), _padding(*reversed(size))
        padded = _padded(pixels, padding)
        sides = padded.shape[:2]
        scale = _first_scale(sides)
        scale *= _share_enough(guessed_thickness(padded, scale))
        seen = text_map(self._network, padded, scale, checkpoint)
        lines = lines_of(seen)
        wanted = _wanted_scale(sides, scale, thickness_of(lines) if lines else None)
        if wanted > WORTH_A_LOOK * scale:
            seen = text_map(self._network, padded, wanted, checkpoint)
            lines = lines_of(seen)
        return on_page(lines, seen, padding, size)


def _first_scale(sides: tuple[int, ...]) -> float:
    scale = min(1.0, max(FIRST_LOOK_PX / max(sides), SMALLEST_SCALE))
    return scale * max(1.0, SHORTEST_SIDE_PX / (scale * min(sides)))


def _share_enough(thickness: float | None) -> float:
    """Return the share of a scale that is enough where it would make lines so thick.

    All of it where nobody can tell, or they are thin: of what cannot be seen, no guess is made.
    """
    if thickness is None:
        return 1.0
    return min(max(WANTED_PX / thickness, LEAST_SHARE), 1.0)


def _wanted_scale(sides: tuple[int, ...], scale: float, thickness: float | None) -> float:
    """Return the scale for a page whose lines were so thick at a scale, or were not seen at all."""
    if thickness is None:
        return min(1.0, UNSEEN_LONGEST_SIDE_PX / max(sides))
    if thickness >= THIN_PX:
        return scale
    return min(scale * WANTED_PX / thickness, LARGEST_SCALE, LONGEST_SIDE_PX / max(sides))


def _padding(side: int, other: int) -> int:
    """Return the pixels to add before and after `side`, given the other side of the page."""
    wanted = PADDED_SIDE_PX
    if other > MOST_ELONGATED * side:
        wanted = max(wanted, round(2 * other / MOST_ELONGATED))
    return max(0, (wanted - side + 1) // 2)


def _padded(pixels: Pixels, padding: tuple[int, int]) -> Pixels:
    across, down = padding
    if not across and not down:
        return pixels
    # In page pixels, so that one resize does it all.
    return cast(
        Pixels, cv2.copyMakeBorder(pixels, down, down, across, across, cv2.BORDER_REPLICATE)
    )
