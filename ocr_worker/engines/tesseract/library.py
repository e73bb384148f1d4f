"""The one door to Tesseract: its library, loaded for one thread, and what is asked of it.

Images go in as grey bytes and no file is written on the way. The library lets go of the interpreter
while it works, so the worker still answers pings; but it cannot be called off in the middle: its C
interface has a cancel callback, of which tesserocr passes on a time limit only, and what was read
until then could not be taken up again. A page that is cancelled while it is recognized is left by
the end of its worker, and a new worker is ready within a second.

An instance holds the data of its languages. Memory, measured with the fast models of Debian: 58 MB
for a process with the library, 9 MB (Arabic) to 41 MB (Japanese) for a set of languages, 22 MB more
for an A4 page at 200 dpi.
"""

import os
from pathlib import Path
from types import ModuleType
from typing import Any, Final

from ocr_worker.engines.base import RecognizedLine
from ocr_worker.engines.tesseract.results import lines_of
from ocr_worker.engines.tesseract.turning import Grey

STRIP_PX: Final = 100
STRIP_ASPECT: Final = 4
"""What is so low and wide is a line or two: taken for a block, words on single lines of receipts
had an F1 of 0.85, and with the automatic segmentation that suits everything else, of 0.77."""


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
        self._psm = library.PSM
        self._api: Any = library.PyTessBaseAPI(
            path=str(folder), lang="+".join(names), oem=library.OEM.LSTM_ONLY
        )
        # It would write a line about each page's resolution to stderr.
        self._api.SetVariable("debug_file", os.devnull)
        # Tesseract 5.5 takes whole lines of large Arabic for noise, 4 of 12 on a clean page; what
        # is noise shows in the confidence, and on receipts this changes nothing.
        self._api.SetVariable("textord_noise_rejrows", "0")

    def lay_out(self, grey: Grey) -> bool:
        """Take a page and find where its text is; False where there is none."""
        height, width = grey.shape
        is_strip = height < STRIP_PX and width >= STRIP_ASPECT * height
        self._api.SetImageBytes(grey.tobytes(), width, height, 1, width)
        self._api.SetPageSegMode(self._psm.SINGLE_BLOCK if is_strip else self._psm.AUTO)
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
        """Give back the memory of the languages too."""
        self._api.End()
