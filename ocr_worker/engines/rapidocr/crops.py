"""Cuts lines out of a page and maps places in the cut-out back onto the page."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from ocr_worker.engines.base import Pixels, Quad

UPRIGHT_RATIO = 1.5
"""A box this much higher than wide is taken for a line of text that runs down or up the page."""


@dataclass(frozen=True, slots=True)
class Crop:
    """A line straightened: `pixels` of shape (height, width, 3), BGR, text from left to right.

    `quad` are its corners on the page, clockwise from the top left of the text; `box` is the index
    of the detected box it comes from, since a box that stands upright gives two crops.
    """

    pixels: Pixels
    quad: Quad
    box: int

    @property
    def aspect(self) -> float:
        """Width over height."""
        height, width = self.pixels.shape[:2]
        return float(width / height)

    def parts(self, spans: Sequence[tuple[float, float]]) -> list[Quad]:
        """Return the page corners of the parts between two fractions of the crop's width each."""
        if not spans:
            return []
        unit = np.array([[0, 0], [1, 0], [1, 1], [0, 1]], dtype=np.float32)
        onto_page = cv2.getPerspectiveTransform(unit, self.quad)
        corners = [[(left, 0), (right, 0), (right, 1), (left, 1)] for left, right in spans]
        fractions = np.array(corners, dtype=np.float32)
        on_page = cv2.perspectiveTransform(fractions.reshape(1, -1, 2), onto_page)
        return list(np.asarray(on_page, dtype=np.float32).reshape(fractions.shape))


def cut(pixels: Pixels, quads: list[Quad]) -> list[Crop]:
    """Cut the boxes out of a page of RGB pixels.

    An upright box is cut twice, read downwards and upwards, as nothing tells which is right until
    both have been read: pages scanned sideways come out either way.
    """
    crops: list[Crop] = []
    for box, quad in enumerate(quads):
        width, height = _size(quad)
        if height < UPRIGHT_RATIO * width:
            crops.append(Crop(_straighten(pixels, quad), quad, box))
            continue
        for first in (1, 3):  # text downwards starts at the top right, upwards at the bottom left
            turned = np.roll(quad, -first, axis=0)
            crops.append(Crop(_straighten(pixels, turned), turned, box))
    return crops


def _size(quad: Quad) -> tuple[int, int]:
    top_left, top_right, bottom_right, bottom_left = quad.tolist()

    def longer(first: float, second: float) -> int:
        return max(1, int(max(first, second)))

    return (
        longer(math.dist(top_left, top_right), math.dist(bottom_left, bottom_right)),
        longer(math.dist(top_left, bottom_left), math.dist(top_right, bottom_right)),
    )


def _straighten(pixels: Pixels, quad: Quad) -> Pixels:
    width, height = _size(quad)
    target = np.array([[0, 0], [width, 0], [width, height], [0, height]], dtype=np.float32)
    if np.array_equal(quad, quad[0] + target):
        # What the transform would give: corners are whole pixels, so nothing lies between two.
        left, top = quad[0].astype(int)
        straight = pixels[top : top + height, left : left + width]
    else:
        straight = cv2.warpPerspective(
            pixels,
            cv2.getPerspectiveTransform(quad, target),
            (width, height),
            flags=cv2.INTER_CUBIC,
            borderMode=cv2.BORDER_REPLICATE,
        ).astype(np.uint8, copy=False)
    # The models were trained on BGR, as OpenCV reads files.
    return np.ascontiguousarray(straight[:, :, ::-1])
