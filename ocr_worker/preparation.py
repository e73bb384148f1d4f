"""Makes the pixels of a page easier to read, and knows the way back from them to the page.

Each step is made only for engines that gain from it: RapidOCR boxes slanted lines as they are and
reads faint ones, Tesseract wants level lines. The figures are what `benchmarks.accuracy` prints with
and without preparation.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from ocr_worker import wire
from ocr_worker.engines.base import Pixels, Quad, RecognizedLine, Step

BLANK_RANGE = 12
"""Levels, of 255, between the darkest and the brightest place of a page that holds nothing at all.
The noise of a scanner is more: whether there is text in that is for the engine to say."""

THUMBNAIL_PX = 1200
MAX_SKEW = 12.0
MIN_SKEW = 0.3
"""Degrees that no engine minds."""
COARSE_STEP, FINE_STEP = 0.5, 0.05
MAX_POINTS = 30_000
SHARPER = 1.15
"""How much sharper the rows of a straightened page must be, for its skew to be believed."""

FULL_RANGE = 110.0
"""Levels between ink and paper below which writing counts as faded."""
MIN_RANGE = 20.0
"""Below it there is no ink to be told from noise."""

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
    if options.skip_blank and "blank" in steps and is_blank(pixels):
        return None
    prepared = Prepared(pixels)
    if options.contrast and "contrast" in steps:
        prepared = _with_contrast(prepared)
    if options.deskew and "deskewed" in steps:
        prepared = _deskewed(prepared)
    return prepared


def is_blank(pixels: Pixels) -> bool:
    """Tell whether the page is of one colour throughout, but for the least of noise."""
    # The darkest channel, in which ink of any colour shows; blurred, against single pixels.
    darkest, brightest, _, _ = cv2.minMaxLoc(cv2.blur(pixels.min(axis=2), (3, 3)))
    return brightest - darkest <= BLANK_RANGE


def skew_of(pixels: Pixels) -> float:
    """Return how far the lines of a page run downwards, in degrees clockwise; 0 when in doubt.

    Projection profile: where rows of ink points are level, they pile up most unevenly (Postl,
    "Detection of linear oblique structures and skew scan in digitized documents", ICPR 1986). Pages
    that lie sideways pile up in columns, so both are tried.
    """
    points = _ink_points(pixels)
    if len(points) < MAX_POINTS // 100:
        return 0.0
    best = 0.0
    for axis in (0, 1):
        level = _sharpness(points, 0.0, axis)
        coarse = _sharpest(points, axis, 0.0, MAX_SKEW, COARSE_STEP)
        angle = _sharpest(points, axis, coarse, 2 * COARSE_STEP, FINE_STEP)
        sharp = _sharpness(points, angle, axis)
        if axis == 0 or sharp > best:
            best = max(best, sharp)
            found = angle if sharp > SHARPER * level else 0.0
    return found if MIN_SKEW <= abs(found) < MAX_SKEW else 0.0


def _ink_points(pixels: Pixels) -> NDArray[np.float64]:
    """Return (x, y) of points darker than what is around them, on a small copy of the page."""
    grey = cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY)
    scale = THUMBNAIL_PX / max(grey.shape)
    if scale < 1:
        grey = cv2.resize(grey, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    size = 2 * (max(grey.shape) // 60) + 3
    around = cv2.blur(grey, (size, size))
    rows, columns = np.nonzero(grey.astype(np.int16) < around.astype(np.int16) - 25)
    points = np.column_stack([columns, rows]).astype(np.float64)
    step = max(1, len(points) // MAX_POINTS)
    return points[::step]


def _sharpest(
    points: NDArray[np.float64], axis: int, middle: float, reach: float, step: float
) -> float:
    angles = np.arange(middle - reach, middle + reach + step / 2, step)
    return float(max(angles, key=lambda angle: _sharpness(points, float(angle), axis)))


def _sharpness(points: NDArray[np.float64], degrees: float, axis: int) -> float:
    """Return how unevenly the points pile up in rows (axis 0) or columns after turning back."""
    angle = np.deg2rad(degrees)
    x, y = points[:, 0], points[:, 1]
    places = (
        y * np.cos(angle) - x * np.sin(angle)
        if axis == 0
        else x * np.cos(angle) + y * np.sin(angle)
    )
    piles = np.bincount((places - places.min()).astype(np.intp)).astype(np.float64)
    return float((np.diff(piles) ** 2).sum())


def _deskewed(prepared: Prepared) -> Prepared:
    skew = skew_of(prepared.pixels)
    if not skew:
        return prepared
    height, width = prepared.pixels.shape[:2]
    # Positive angles of OpenCV turn counter-clockwise, which undoes a clockwise skew.
    turn = cv2.getRotationMatrix2D((width / 2, height / 2), skew, 1.0)
    paper = tuple(float(level) for level in np.median(prepared.pixels[::16, ::16], axis=(0, 1)))
    # Room for the corners, where text may be.
    cos, sin = abs(turn[0, 0]), abs(turn[0, 1])
    size = (int(width * cos + height * sin), int(width * sin + height * cos))
    turn[:, 2] += (size[0] - width) / 2, (size[1] - height) / 2
    pixels = cv2.warpAffine(prepared.pixels, turn, size, flags=cv2.INTER_CUBIC, borderValue=paper)
    return Prepared(
        np.asarray(pixels, dtype=np.uint8),
        (*prepared.steps, "deskewed"),
        np.asarray(cv2.invertAffineTransform(turn), dtype=np.float64),
    )


def _with_contrast(prepared: Prepared) -> Prepared:
    """Stretch the levels of a page whose ink is not much darker than its paper."""
    sample = prepared.pixels[::4, ::4].min(axis=2)
    ink, paper = np.percentile(sample, (0.5, 75))
    if not MIN_RANGE <= paper - ink < FULL_RANGE:
        return prepared
    levels = np.clip((np.arange(256) - ink) * (255 / (paper - ink)), 0, 255).astype(np.uint8)
    return replace(
        prepared,
        pixels=np.asarray(cv2.LUT(prepared.pixels, levels), dtype=np.uint8),
        steps=(*prepared.steps, "contrast"),
    )
