"""How far a page lies askew, told from its pixels, and the page turned back by that."""

import cv2
import numpy as np
from numpy.typing import NDArray

from ocr_worker.engines.base import Pixels

THUMBNAIL_PX = 1200
MAX_SKEW = 12.0
MIN_SKEW = 0.3
"""Degrees that no engine minds."""
COARSE_STEP, FINE_STEP = 0.5, 0.05
MAX_POINTS = 30_000
SHARPER = 1.15
"""How much sharper the rows of a straightened page must be, for its skew to be believed."""


def skew_of(pixels: Pixels) -> float:
    """Return how far the lines of a page run downwards, in degrees clockwise; 0 when in doubt.

    Projection profile: where rows of ink points are level, they pile up most unevenly (Postl,
    "Detection of linear oblique structures and skew scan in digitized documents", ICPR 1986). Pages
    that lie sideways pile up in columns, so both are tried.
    """
    points = _ink_points(pixels)
    if len(points) < MAX_POINTS // 100:
        return 0.0
    _, skew = max((_attempt(points, axis) for axis in (0, 1)), key=lambda attempt: attempt[0])
    return skew if MIN_SKEW <= abs(skew) < MAX_SKEW else 0.0


def _attempt(points: NDArray[np.float64], axis: int) -> tuple[float, float]:
    """Return how sharp rows (axis 0) or columns get, and the angle for it; 0 when in doubt."""
    coarse = _sharpest(points, axis, 0.0, MAX_SKEW, COARSE_STEP)
    angle = _sharpest(points, axis, coarse, 2 * COARSE_STEP, FINE_STEP)
    sharp = _sharpness(points, angle, axis)
    return sharp, angle if sharp > SHARPER * _sharpness(points, 0.0, axis) else 0.0


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


def straightened(pixels: Pixels, skew: float) -> tuple[Pixels, NDArray[np.float64]]:
    """Return the page turned back by its skew, and the way back: a matrix of shape (2, 3)."""
    height, width = pixels.shape[:2]
    # Positive angles of OpenCV turn counter-clockwise, which undoes a clockwise skew.
    turn = cv2.getRotationMatrix2D((width / 2, height / 2), skew, 1.0)
    paper = tuple(float(level) for level in np.median(pixels[::16, ::16], axis=(0, 1)))
    # Room for the corners, where text may be.
    cos, sin = abs(turn[0, 0]), abs(turn[0, 1])
    size = (int(width * cos + height * sin), int(width * sin + height * cos))
    turn[:, 2] += (size[0] - width) / 2, (size[1] - height) / 2
    straight = cv2.warpAffine(pixels, turn, size, flags=cv2.INTER_CUBIC, borderValue=paper)
    back = np.asarray(cv2.invertAffineTransform(turn), dtype=np.float64)
    return np.asarray(straight, dtype=np.uint8), back
