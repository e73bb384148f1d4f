"""The one door to Tesseract: its library, loaded for one thread, and what is asked of it.

Images go in as grey bytes and no file is written on the way. The library lets go of the interpreter
while it works, so the worker still answers pings; but it cannot be called off in the middle: its C
interface has a cancel callback, of which tesserocr passes on a time limit only, and what was read
until then could not be taken up again. A page that is cancelled while it is recognized is left by
the end of its worker, and a new worker is ready within a second.

An instance holds the data of its languages. Memory, measured with the fast models of Debian: TODO.
"""

import os
from pathlib import Path
from types import ModuleType
from typing import Any, Final

from ocr_worker import tessdata
from ocr_worker.engines.base import RecognizedLine
from ocr_worker.engines.tesseract.results import lines_of
from ocr_worker.engines.tesseract.turning import Grey

MIN_ORIENTATION_CONFIDENCE: Final = 2.0
"""Tesseract gives 15 to what it is sure of, and less than this to guesses."""
MIN_CHARACTERS: Final = 20
"""What tells which way up a page is; Tesseract's own 50 are more than a short letter has."""

SMALL_PX: Final = 100
LINE_ASPECT: Final = 8


def load() -> ModuleType:
    """Return the library. Raise whatever its import raises."""
    # Read by OpenMP as it is loaded: threads of its own would slow down the other workers.
    os.environ["OMP_THREAD_LIMIT"] = "1"
    import tesserocr

    module: ModuleType = tesserocr
    return module


class Reader:
    """Tesseract with the data of some languages. Raise `RuntimeError` when that is damaged."""

    def __init__(self, library: ModuleType, folder: Path, names: tuple[str, ...]) -> None:
        self._library = library
        self._api = _open(library, folder, "+".join(names), library.OEM.LSTM_ONLY)

    def lay_out(self, grey: Grey) -> bool:
        """Take a page and find where its text is; False where there is none."""
        _show(self._api, grey)
        self._api.SetPageSegMode(self._segmentation(grey))
        return self._api.AnalyseLayout() is not None

    def read(self) -> list[RecognizedLine]:
        """Return the lines of the page that was laid out. Raise `RuntimeError` when refused."""
        if not self._api.Recognize():
            raise RuntimeError("Tesseract refused the page")
        return lines_of(self._api.GetIterator())

    def forget(self) -> None:
        """Give back the memory of the page; the languages stay."""
        self._api.Clear()

    def close(self) -> None:
        """Give back the memory."""
        self._api.End()

    def _segmentation(self, grey: Grey) -> Any:
        height, width = grey.shape
        psm = self._library.PSM
        if width >= LINE_ASPECT * height:
            return psm.SINGLE_LINE
        return psm.SINGLE_BLOCK if min(height, width) < SMALL_PX else psm.AUTO


class Compass:
    """Tells which way up a page is. Raise `RuntimeError` when its data is damaged."""

    def __init__(self, library: ModuleType, folder: Path) -> None:
        # Its data is for the classic engine, not for the neural one.
        engine = library.OEM.TESSERACT_ONLY
        self._api = _open(library, folder, tessdata.ORIENTATION, engine)
        self._api.SetPageSegMode(library.PSM.OSD_ONLY)
        self._api.SetVariable("min_characters_to_try", str(MIN_CHARACTERS))

    def quarters(self, grey: Grey) -> int | None:
        """Return how many quarters the page must be turned clockwise; None when it cannot tell."""
        _show(self._api, grey)
        try:
            found = self._api.DetectOrientationScript()
        finally:
            self._api.Clear()
        if not found or found["orient_conf"] < MIN_ORIENTATION_CONFIDENCE:
            return None
        return -round(found["orient_deg"] / 90) % 4


def _open(library: ModuleType, folder: Path, names: str, engine: Any) -> Any:
    api = library.PyTessBaseAPI(path=str(folder), lang=names, oem=engine)
    # It would write a line about each page's resolution to stderr.
    api.SetVariable("debug_file", os.devnull)
    return api


def _show(api: Any, grey: Grey) -> None:
    height, width = grey.shape
    api.SetImageBytes(grey.tobytes(), width, height, 1, width)
