"""An engine that reads nothing, at once: for smoke runs and tests.

The environment variable `OCR_SIDECAR_NULL_ENGINE` makes it slower or talkative. It holds a JSON
object; both members are optional: `{"seconds": 0.2, "text": "hello"}` makes every page take that
long, checkpoints included, and gives it one line with that text across the page.
"""

import os
import time
from itertools import pairwise

import msgspec
import numpy as np

from ocr_worker.engines.base import (
    Checkpoint,
    Pixels,
    Quad,
    Reading,
    RecognizedLine,
    RecognizedWord,
    Step,
)
from ocr_worker.errors import EngineUnavailable

VARIABLE = "OCR_SIDECAR_NULL_ENGINE"
STEP_S = 0.02
"""Time between two checkpoints of a slow page."""


class _Behaviour(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    seconds: float = 0.0
    text: str = ""


def probe() -> str:
    """Return the version; it is always there."""
    return NullEngine.version


def installed_languages() -> tuple[str, ...]:
    """Return none: it takes every language and reads nothing in it."""
    return ()


class NullEngine:
    """See the module. Raise `EngineUnavailable` when the variable holds something else."""

    name = "null"
    version = "1"
    prepared_by: frozenset[Step] = frozenset()

    def __init__(self) -> None:
        try:
            self._behaviour = msgspec.json.decode(os.environ.get(VARIABLE, "{}"), type=_Behaviour)
        except msgspec.MsgspecError:
            raise EngineUnavailable(
                f'{VARIABLE} must hold JSON such as {{"seconds": 0.2, "text": "hello"}}'
            ) from None

    def load_ahead(self) -> None:
        """Load nothing."""

    def recognize(
        self, pixels: Pixels, reading: Reading, checkpoint: Checkpoint
    ) -> list[RecognizedLine]:
        """Return no lines, or the one line asked for; leave at the first checkpoint that raises."""
        checkpoint("recognize")
        ends_at = time.monotonic() + self._behaviour.seconds
        while (left := ends_at - time.monotonic()) > 0:
            time.sleep(min(left, STEP_S))
            checkpoint("recognize")
        words = self._behaviour.text.split()
        return [_line_across(pixels, words)] if words else []


def _line_across(pixels: Pixels, words: list[str]) -> RecognizedLine:
    """Spread words evenly over a line as wide as the page, in its middle tenth."""
    height, width = pixels.shape[:2]
    top, bottom = 0.45 * height, 0.55 * height
    edges = np.linspace(0.0, width, len(words) + 1)

    def quad(left: float, right: float) -> Quad:
        corners = [[left, top], [right, top], [right, bottom], [left, bottom]]
        return np.array(corners, dtype=np.float32)

    return RecognizedLine(
        text=" ".join(words),
        confidence=1.0,
        quad=quad(0.0, width),
        words=tuple(
            RecognizedWord(text=word, confidence=1.0, quad=quad(left, right))
            for word, (left, right) in zip(words, pairwise(edges), strict=True)
        ),
    )
