"""Reads lines cut out of a page, a few of similar width at a time."""

from collections.abc import Iterator

import cv2
import numpy as np

from ocr_worker.engines.base import Checkpoint, Pixels, Quad, RecognizedLine, RecognizedWord
from ocr_worker.engines.rapidocr.crops import Crop, cut
from ocr_worker.engines.rapidocr.ctc import Alphabet, DecodedLine, decode
from ocr_worker.engines.rapidocr.session import Session, Tensor

HEIGHT_PX = 48
"""Height of a line as the model was trained on it."""
WIDTH_STEP_PX = 64
"""Widths are padded to multiples of this: each new input shape costs a compilation."""
MIN_WIDTH_PX = 128
MAX_WIDTH_PX = 4096
"""Longer lines are squeezed to this; nothing that long is text."""
BATCH_LINES = 4
"""Lines read at once: on receipts 0.70 s a page against 0.95 s one by one."""
MIN_CONFIDENCE = 0.5
"""Lines read with less are noise: stains, logos, halves of letters."""


class Recognizer:
    """Text recognition with a loaded model."""

    def __init__(self, session: Session) -> None:
        if not session.characters:
            raise ValueError("the recognition model carries no alphabet")
        self._session = session
        self._alphabet = Alphabet(session.characters)

    def recognize(
        self, pixels: Pixels, quads: list[Quad], checkpoint: Checkpoint
    ) -> list[RecognizedLine]:
        """Read the boxes of a page; `checkpoint("recognize")` is called before every batch."""
        best: dict[int, RecognizedLine] = {}
        for batch in _batches(cut(pixels, quads)):
            checkpoint("recognize")
            for crop, line in zip(batch, self._read(batch), strict=True):
                rival = best.get(crop.box)
                if line.confidence < MIN_CONFIDENCE or not line.text:
                    continue
                if rival is None or rival.confidence < line.confidence:
                    best[crop.box] = line
        return list(best.values())

    def _read(self, batch: list[Crop]) -> Iterator[RecognizedLine]:
        width = _padded_width(max(crop.aspect for crop in batch))
        tensor = np.zeros((len(batch), 3, HEIGHT_PX, width), dtype=np.float32)
        widths = [_fill(row, crop, width) for row, crop in zip(tensor, batch, strict=True)]
        scores = self._session.run(tensor)
        n_columns = scores.shape[1]
        for crop, crop_width, row in zip(batch, widths, scores, strict=True):
            used = n_columns * crop_width / width
            yield _onto_page(crop, decode(row, self._alphabet, used), used)


def _batches(crops: list[Crop]) -> Iterator[list[Crop]]:
    ordered = sorted(crops, key=lambda crop: crop.aspect)
    for start in range(0, len(ordered), BATCH_LINES):
        yield ordered[start : start + BATCH_LINES]


def _padded_width(aspect: float) -> int:
    steps = -(-int(HEIGHT_PX * aspect) // WIDTH_STEP_PX)
    return min(max(steps * WIDTH_STEP_PX, MIN_WIDTH_PX), MAX_WIDTH_PX)


def _fill(row: Tensor, crop: Crop, width: int) -> int:
    """Put a crop at the left of its row, scaled to (-1, 1); return the width it takes there."""
    crop_width = min(max(int(np.ceil(HEIGHT_PX * crop.aspect)), 1), width)
    resized = cv2.resize(crop.pixels, (crop_width, HEIGHT_PX))
    row[:, :, :crop_width] = resized.transpose(2, 0, 1)
    row[:, :, :crop_width] /= 127.5
    row[:, :, :crop_width] -= 1.0
    return crop_width


def _onto_page(crop: Crop, line: DecodedLine, n_columns: float) -> RecognizedLine:
    return RecognizedLine(
        text=line.text,
        confidence=line.confidence,
        quad=crop.quad,
        words=tuple(
            RecognizedWord(
                text=word.text,
                confidence=word.confidence,
                quad=crop.part(word.left / n_columns, word.right / n_columns),
            )
            for word in line.words
        ),
    )
