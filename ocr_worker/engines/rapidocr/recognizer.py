"""Reads lines cut out of a page, a few of similar width at a time."""

from collections.abc import Iterator

import cv2
import numpy as np

from ocr_worker.engines.base import Checkpoint, Pixels, Quad, RecognizedLine, RecognizedWord
from ocr_worker.engines.rapidocr.crops import Crop, cut
from ocr_worker.engines.rapidocr.ctc import Alphabet, DecodedLine, decode
from ocr_worker.engines.rapidocr.direction import SURE, likely_turns, sample, turned
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
    """Text recognition with a loaded model, for languages with a dotless i or without."""

    def __init__(self, session: Session, *, has_dotless_i: bool = False) -> None:
        if not session.characters:
            raise ValueError("the recognition model carries no alphabet")
        self._session = session
        self._alphabet = Alphabet(session.characters, has_dotless_i=has_dotless_i)

    def recognize(
        self, pixels: Pixels, quads: list[Quad], checkpoint: Checkpoint, *, rotate: bool = False
    ) -> list[RecognizedLine]:
        """Read the boxes of a page; `checkpoint("recognize")` is called before every batch.

        The boxes begin at their top left as they lie on the page. With `rotate`, a few are read
        first to find out which way up the page is; without, it is taken to be upright.
        """
        turn, known = self._find_turn(pixels, quads, checkpoint) if rotate else (0, {})
        rest = [index for index in range(len(quads)) if index not in known]
        found = self._read_boxes(pixels, turned(quads, turn), rest, checkpoint) | known
        return [line for line in found.values() if _is_text(line)]

    def _find_turn(
        self, pixels: Pixels, quads: list[Quad], checkpoint: Checkpoint
    ) -> tuple[int, dict[int, RecognizedLine]]:
        """Return the quarter turn of the text, and what was read to find out, by box."""
        usual, other = likely_turns(quads)
        boxes = sample(quads, usual)
        if not boxes:
            return usual, {}
        tried = {}
        for turn in (usual, other):
            tried[turn] = self._read_boxes(pixels, turned(quads, turn), boxes, checkpoint)
            if _mean_confidence(tried[turn]) >= SURE:
                return turn, tried[turn]
        turn = max(tried, key=lambda each: _mean_confidence(tried[each]))
        return turn, tried[turn]

    def _read_boxes(
        self, pixels: Pixels, quads: list[Quad], boxes: list[int], checkpoint: Checkpoint
    ) -> dict[int, RecognizedLine]:
        """Return what is in the boxes named, by their number."""
        best: dict[int, RecognizedLine] = {}
        for batch in _batches(cut(pixels, [quads[box] for box in boxes])):
            checkpoint("recognize")
            for crop, line in zip(batch, self._read(batch), strict=True):
                box = boxes[crop.box]
                if box not in best or best[box].confidence < line.confidence:
                    best[box] = line
        return best

    def _read(self, batch: list[Crop]) -> Iterator[RecognizedLine]:
        width = _padded_width(max(crop.aspect for crop in batch))
        tensor = np.zeros((len(batch), 3, HEIGHT_PX, width), dtype=np.float32)
        widths = [_fill(row, crop, width) for row, crop in zip(tensor, batch, strict=True)]
        scores = self._session.run(tensor)
        n_columns = scores.shape[1]
        for crop, crop_width, row in zip(batch, widths, scores, strict=True):
            used = n_columns * crop_width / width
            yield _onto_page(crop, decode(row, self._alphabet, used), used)


def _is_text(line: RecognizedLine) -> bool:
    return bool(line.text) and line.confidence >= MIN_CONFIDENCE


def _mean_confidence(lines: dict[int, RecognizedLine]) -> float:
    return sum(line.confidence for line in lines.values()) / len(lines)


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
