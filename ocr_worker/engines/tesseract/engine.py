"""The engine as the worker loads it: languages as they are asked for, then a page at a time."""

from collections import OrderedDict
from pathlib import Path
from typing import Final

import numpy as np
from PIL import Image

from ocr_worker import tessdata
from ocr_worker.engines.base import (
    Checkpoint,
    Pixels,
    Quad,
    Reading,
    RecognizedLine,
    RecognizedWord,
    Step,
)
from ocr_worker.engines.tesseract import library
from ocr_worker.engines.tesseract.installation import INSTALL_HINT, find_package, no_data_for
from ocr_worker.engines.tesseract.orientation import Attempt, read_upright
from ocr_worker.engines.tesseract.turning import Grey, turn, turn_back
from ocr_worker.errors import EngineUnavailable, TaskError
from ocr_worker.languages import resolve

MAX_READERS: Final = 3
"""Sets of languages that stay loaded; the one that was used longest ago makes room."""
MIN_CONFIDENCE: Final = 0.3
"""Lines read with less are noise: stains, logos, halves of letters. On receipts more right words
are lost above it than wrong ones."""


class TesseractEngine:
    """Tesseract on one thread. Raise `EngineUnavailable` when its package cannot be loaded.

    The data of languages is looked for when a page asks for them.
    """

    name = "tesseract"
    prepared_by: frozenset[Step] = frozenset({"blank", "deskewed", "contrast"})

    def __init__(self) -> None:
        package = find_package()
        try:
            self._library = library.load()
        except MemoryError:
            raise
        except Exception as error:  # whatever the loader of a library raises
            raise EngineUnavailable(
                f"Tesseract cannot be loaded; install it again: {INSTALL_HINT}"
            ) from error
        self.version = package
        self._readers: OrderedDict[tuple[Path, tuple[str, ...]], library.Reader] = OrderedDict()

    def load_ahead(self) -> None:
        """Load nothing: which languages will be asked for, nobody knows."""

    def recognize(
        self, pixels: Pixels, reading: Reading, checkpoint: Checkpoint
    ) -> list[RecognizedLine]:
        """Return the lines found, in no particular order.

        Raise `TaskError` of kind `language_unavailable` when the data of a language is missing or
        damaged, `recognition_failed` when Tesseract refuses the page.
        """
        folder, names = _data_for(reading.languages)
        reader = self._reader(folder, names)
        grey = _to_grey(pixels)

        def read(quarters: int) -> Attempt:
            checkpoint("detect")
            try:
                if not reader.lay_out(turn(grey, quarters)):
                    return Attempt(quarters, ())
                checkpoint("recognize")
                return Attempt(quarters, reader.read())
            finally:
                reader.forget()

        try:
            best = read_upright(read) if reading.rotate else read(0)
        except RuntimeError as error:  # of tesserocr, whatever it is about
            raise TaskError("recognition_failed", "Tesseract refused this page") from error
        return [
            _turned_back(line, best.quarters, grey)
            for line in best.lines
            if line.confidence >= MIN_CONFIDENCE
        ]

    def _reader(self, folder: Path, names: tuple[str, ...]) -> library.Reader:
        key = (folder, names)
        if key not in self._readers:
            if len(self._readers) >= MAX_READERS:
                self._readers.popitem(last=False)[1].close()
            try:
                self._readers[key] = library.Reader(self._library, folder, names)
            except RuntimeError as error:
                raise TaskError(
                    "language_unavailable",
                    f"Tesseract cannot load its data {'+'.join(names)}; install it again",
                    engine=self.name,
                ) from error
        self._readers.move_to_end(key)
        return self._readers[key]


def _data_for(tags: tuple[str, ...]) -> tuple[Path, tuple[str, ...]]:
    """Return where the data lies and its names. Raise `TaskError` (language_unavailable)."""
    folder = tessdata.find_folder()
    installed = tessdata.names_in(folder)
    names = []
    for tag in tags:
        language = resolve(tag)
        if language is None or not language.tesseract:
            raise TaskError(
                "language_unavailable",
                "Tesseract does not read that language",
                language=tag,
                engine=TesseractEngine.name,
            )
        if folder is None or language.tesseract not in installed:
            raise no_data_for(language, tag)
        names.append(language.tesseract)
    assert folder is not None
    return folder, tuple(dict.fromkeys(names))


def _to_grey(pixels: Pixels) -> Grey:
    return np.asarray(Image.fromarray(pixels).convert("L"))


def _turned_back(line: RecognizedLine, quarters: int, page: Grey) -> RecognizedLine:
    if not quarters:
        return line
    height, width = page.shape

    def back(quad: Quad) -> Quad:
        return turn_back(quad, quarters, (height, width))

    words = tuple(RecognizedWord(one.text, one.confidence, back(one.quad)) for one in line.words)
    return RecognizedLine(line.text, line.confidence, back(line.quad), words)
