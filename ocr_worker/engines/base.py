"""What an engine is: pixels in, lines of text with boxes out. Adding one is one module."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, Protocol

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
    """A line of text, its corners in pixels and its words in the order of reading."""

    text: str
    confidence: float
    quad: Quad
    words: tuple[RecognizedWord, ...]


@dataclass(frozen=True, slots=True)
class Reading:
    """How a page is to be read: the languages on it, as codes of `languages`, the main one first.

    With `rotate`, the engine finds out which way up the text is; without, it is as the page lies.
    """

    languages: tuple[str, ...] = ("en",)
    rotate: bool = True


Step = Literal["blank", "deskewed", "contrast"]
"""What can be done before a page is read: leave it when it is blank, straighten it, darken it."""


class Engine(Protocol):
    """One loaded engine; called from one thread only."""

    name: str
    prepared_by: frozenset[Step]
    """What it gains from, as measured by `benchmarks.accuracy`; the rest is not done for it."""

    @property
    def version(self) -> str:
        """What is installed, for people."""
        ...

    def load_ahead(self) -> None:
        """Load what only some pages need, while no page waits.

        Raise whatever loading raises; a page that needs it tries again, and tells.
        """
        ...

    def recognize(
        self, pixels: Pixels, reading: Reading, checkpoint: Checkpoint
    ) -> list[RecognizedLine]:
        """Return the lines found, in no particular order.

        A line's corners tell which way it is read, so those of a page that lies upside down begin
        at its bottom right.

        Raise `TaskError` of kind `recognition_failed` when the engine refuses the page.
        """
        ...
