"""Reads lines cut out of a page, a row of them at a time."""

from collections.abc import Iterator, Sequence

import cv2
import numpy as np

from ocr_worker.engines.base import Checkpoint, Pixels, Quad, RecognizedLine, RecognizedWord
from ocr_worker.engines.rapidocr.crops import Crop, cut
from ocr_worker.engines.rapidocr.ctc import BLANK, Alphabet, DecodedLine, decode
from ocr_worker.engines.rapidocr.direction import SURE, likely_turns, sample, turned
from ocr_worker.engines.rapidocr.expected import Expected
from ocr_worker.engines.rapidocr.networks import Classes, Recognition, Tensor
from ocr_worker.engines.rapidocr.rows import Row, rows_of
from ocr_worker.scripts import is_word_by_itself

HEIGHT_PX = 48
"""Height of a line as the model was trained on it."""
MAX_WIDTH_PX = 4096
"""Longer lines are squeezed to this; nothing that long is text."""
MIN_CONFIDENCE = 0.5
"""Lines read with less are noise: stains, logos, halves of letters."""
DOUBTFUL = 0.7
"""Lines read with less among a few characters are looked up among all. Chinese or Japanese among
Latin letters is read with 0.55 at most, Latin letters with 0.9 on clean pages."""


def few_classes(characters: Sequence[str]) -> Classes:
    """Return the classes that most languages do with: all but those of East Asian scripts."""
    kept = [number for number, text in enumerate(characters, 1) if not is_word_by_itself(text[0])]
    return np.array([BLANK, *kept, len(characters) + 1], dtype=np.intp)


class Recognizer:
    """Text recognition with a loaded network, for pages on which certain things are expected."""

    def __init__(self, network: Recognition, expected: Expected) -> None:
        self._network = network
        self._is_east_asian = expected.east_asian
        characters = network.characters
        few = few_classes(characters)[1:-1] - 1
        self._alphabet = Alphabet(characters, has_dotless_i=expected.dotless_i)
        self._small_alphabet = Alphabet(
            [characters[index] for index in few], has_dotless_i=expected.dotless_i
        )

    def recognize(
        self,
        pixels: Pixels,
        quads: list[Quad],
        checkpoint: Checkpoint,
        *,
        rotate: bool = False,
    ) -> list[RecognizedLine]:
        """Read the boxes of a page; `checkpoint("recognize")` is called before every row.

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
        crops = cut(pixels, [quads[box] for box in boxes])
        widths = [width_px_of(crop) for crop in crops]
        for row in rows_of(widths, together=self._network.keeps_lines_apart):
            checkpoint("recognize")
            for crop, line in self._read(row, crops, widths):
                box = boxes[crop.box]
                if box not in best or best[box].confidence < line.confidence:
                    best[box] = line
        return best

    def _read(
        self, row: Row, crops: Sequence[Crop], widths: Sequence[int]
    ) -> Iterator[tuple[Crop, RecognizedLine]]:
        """Yield the crops in a row, each with what it says."""
        tensor = np.zeros((1, 3, HEIGHT_PX, row.width_px), dtype=np.float32)
        for place in row.places:
            right_px = place.left_px + widths[place.line]
            fill(tensor[0, :, :, place.left_px : right_px], crops[place.line])
        few, features = self._network.run(tensor, row.slots)
        column_px = row.width_px / len(few)
        for place in row.places:
            columns = slice(round(place.left_px / column_px), round(place.right_px / column_px))
            n_columns = widths[place.line] / column_px
            line = self._decode(few[columns], features[columns], n_columns)
            yield crops[place.line], _onto_page(crops[place.line], line, n_columns)

    def _decode(self, few: Tensor, features: Tensor, n_columns: float) -> DecodedLine:
        found = None
        if not self._is_east_asian:
            found = decode(few, self._small_alphabet, n_columns)
            if found.confidence >= DOUBTFUL:
                return found
        among_all = decode(self._network.all_classes(features), self._alphabet, n_columns)
        return found if found and found.confidence >= among_all.confidence else among_all


def _is_text(line: RecognizedLine) -> bool:
    return bool(line.text) and line.confidence >= MIN_CONFIDENCE


def _mean_confidence(lines: dict[int, RecognizedLine]) -> float:
    return sum(line.confidence for line in lines.values()) / len(lines)


def width_px_of(crop: Crop) -> int:
    """Return the width of a crop in its row."""
    return min(max(int(np.ceil(HEIGHT_PX * crop.aspect)), 1), MAX_WIDTH_PX)


def fill(place: Tensor, crop: Crop) -> None:
    """Put a crop where it is to be read, scaled to (-1, 1)."""
    resized = cv2.resize(crop.pixels, (place.shape[2], HEIGHT_PX))
    place[:] = resized.transpose(2, 0, 1)
    place /= 127.5
    place -= 1.0


def _onto_page(crop: Crop, line: DecodedLine, n_columns: float) -> RecognizedLine:
    quads = crop.parts([(word.left / n_columns, word.right / n_columns) for word in line.words])
    return RecognizedLine(
        text=line.text,
        confidence=line.confidence,
        quad=crop.quad,
        words=tuple(
            RecognizedWord(text=word.text, confidence=word.confidence, quad=quad)
            for word, quad in zip(line.words, quads, strict=True)
        ),
    )
