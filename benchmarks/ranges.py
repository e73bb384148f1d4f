"""Finds the range of values that bytes should stand for, given a sample of the values.

The whole range would spend most of the 256 steps on a few outliers; cutting these off makes the
steps finer for all others. Which cut loses least is tried: the sum of squares of what is lost by
rounding and by cutting, over a histogram.
"""

import numpy as np
from numpy.typing import NDArray

from ocr_worker.engines.rapidocr.quantized import LEVELS, Range

_BINS = 4096
_CUTS = np.linspace(1.0, 0.1, 46)
"""What is tried at each end, as parts of the farthest value."""


def best_range(values: NDArray[np.float32]) -> Range:
    """Return the range with the least squared error over the values."""
    low, high = min(float(values.min()), 0.0), max(float(values.max()), 0.0)
    counts, edges = np.histogram(values, _BINS, (low, high) if high > low else (0.0, 1.0))
    middles = (edges[:-1] + edges[1:]) / 2
    tried = {range_between(low * a, high * b) for a in _CUTS for b in _CUTS}
    return min(tried, key=lambda each: (squared_error(middles, counts, each), each.step))


def range_between(low: float, high: float) -> Range:
    """Return a range that covers these ends, moved by less than a step so that 0 is a value."""
    step = float(f"{max((high - low) / (LEVELS - 1), 1e-9):.6g}")
    return Range(step, min(max(round(-low / step), 0), LEVELS - 1))


def squared_error(values: NDArray[np.float64], counts: NDArray[np.int64], expected: Range) -> float:
    """Return the sum of squares of what so many of each value lose in a range."""
    numbers = np.clip(np.rint(values / expected.step) + expected.zero, 0, LEVELS - 1)
    lost = (numbers - expected.zero) * expected.step - values
    return float((counts * lost * lost).sum())
