"""Quarter turns of a page and of what was found on it. Pure geometry.

Coordinates lie on the cracks between pixels, so those of an image of width w go from 0 to w.
"""

import numpy as np
from numpy.typing import NDArray

from ocr_worker.engines.base import Quad

Grey = NDArray[np.uint8]
"""An image of shape (height, width)."""


def turn(grey: Grey, quarters: int) -> Grey:
    """Return an image turned clockwise by so many quarters."""
    return np.ascontiguousarray(np.rot90(grey, -quarters))


def turn_back(quad: Quad, quarters: int, size: tuple[int, int]) -> Quad:
    """Return where corners lie on the image of this (height, width) before it was turned."""
    height, width = size
    x, y = quad[:, 0], quad[:, 1]
    match quarters % 4:
        case 1:
            x, y = y, height - x
        case 2:
            x, y = width - x, height - y
        case 3:
            x, y = width - y, x
    return np.stack([x, y], axis=1).astype(np.float32)
