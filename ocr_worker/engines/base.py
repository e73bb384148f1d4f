"""What an engine is: pixels in, lines of text with boxes out. Adding one is one module."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

Pixels = NDArray[np.uint8]
"""An image of shape (height, width, 3), RGB."""

Quad = NDArray[np.float32]
"""Four corners of shape (4, 2) in pixels, clockwise from the top left of the text itself."""

Checkpoint = Callable[[str], None]
"""Called with the name of the stage about to begin; raises `TaskStopped` to leave the task."""


@dataclass(frozen=True, slots=True)
class RecognizedWord:
    """A word and its corners in pixels."""

    text: str
    confidence: float
    quad: Quad


@dataclass(frozen=True, slots=True)
class RecognizedLine:
    """A line of text, its corners in pixels and its words from left to right."""

    text: str
    confidence: float
    quad: Quad
    words: tuple[RecognizedWord, ...]


class Engine(Protocol):
    """One loaded engine; called from one thread only."""

    name: str
    version: str

    def recognize(
        self, pixels: Pixels, languages: tuple[str, ...], checkpoint: Checkpoint
    ) -> list[RecognizedLine]:
        """Return the lines found, in no particular order.

        Raise `TaskError` of kind `recognition_failed` when the engine refuses the page.
        """
        ...
