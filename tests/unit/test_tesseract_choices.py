"""What the engine decides by itself: which way up, which segmentation, what is noise."""

from types import SimpleNamespace

import numpy as np
import pytest

from ocr_worker.engines.base import Reading, RecognizedLine, RecognizedWord
from ocr_worker.engines.tesseract import engine as engine_module
from ocr_worker.engines.tesseract.engine import MIN_CONFIDENCE, TesseractEngine
from ocr_worker.engines.tesseract.library import Reader
from ocr_worker.engines.tesseract.orientation import Attempt, read_upright


def line(text, confidence, quarters=0):
    """A long line that runs in a direction of so many quarters clockwise."""
    along = [(1, 0), (0, 1), (-1, 0), (0, -1)][quarters % 4]
    across = (-along[1], along[0])
    corners = [(0, 0), (300, 0), (300, 20), (0, 20)]
    points = [(u * along[0] + v * across[0], u * along[1] + v * across[1]) for u, v in corners]
    quad = np.array(points, dtype=np.float32)
    return RecognizedLine(text, confidence, quad, (RecognizedWord(text, confidence, quad),))


class Page:
    """Reads as Tesseract does: well when it is upright, fairly on its side, badly else."""

    def __init__(self, lies, upright=0.9, upside_down=0.3):
        self.lies = lies
        self.confidences = {0: upright, 1: upright - 0.01, 2: upside_down, 3: upside_down}
        self.tried = []

    def __call__(self, quarters):
        self.tried.append(quarters)
        direction = (self.lies + quarters) % 4
        # Upside down text is taken for text that is not.
        found = line("a dozen letters", self.confidences[direction], direction % 2)
        return Attempt(quarters, (found,))


@pytest.mark.parametrize(("lies", "tried"), [(0, [0]), (2, [0, 2]), (1, [0, 3]), (3, [0, 2, 1])])
def test_a_page_is_turned_until_it_is_upright_and_no_further(lies, tried):
    page = Page(lies)

    assert read_upright(page).quarters == -lies % 4
    assert page.tried == tried


@pytest.mark.parametrize("lies", [0, 1, 2, 3])
def test_a_page_that_reads_badly_any_way_is_read_as_it_reads_best(lies):
    page = Page(lies, upright=0.45, upside_down=0.2)

    assert read_upright(page).quarters == -lies % 4
    assert sorted(page.tried) == [0, 1, 2, 3]


def test_a_page_on_which_nothing_is_found_is_tried_on_its_side_too():
    confidences = {1: 0.2, 3: 0.9}

    def read(quarters):
        lines = [line("word", confidences[quarters])] if quarters in confidences else []
        return Attempt(quarters, lines)

    assert read_upright(read).quarters == 3


def test_a_blank_page_is_looked_at_upright_and_on_its_side():
    tried = []

    def read(quarters):
        tried.append(quarters)
        return Attempt(quarters, [])

    assert read_upright(read).lines == []
    assert tried == [0, 1]


class Api:
    """Stands for Tesseract's own interface."""

    def __init__(self, **_):
        self.segmentation = None
        self.given = None

    def SetVariable(self, name, value):
        pass

    def SetImageBytes(self, data, *shape):
        self.given = (len(data), *shape)

    def SetPageSegMode(self, segmentation):
        self.segmentation = segmentation

    def AnalyseLayout(self):
        return object()

    def Recognize(self):
        return False


LIBRARY = SimpleNamespace(
    PyTessBaseAPI=Api,
    OEM=SimpleNamespace(LSTM_ONLY="lstm"),
    PSM=SimpleNamespace(AUTO="auto", SINGLE_BLOCK="block"),
)


@pytest.mark.parametrize(
    ("width", "height", "segmentation"),
    [(600, 40, "block"), (380, 99, "auto"), (400, 99, "block"), (2000, 200, "auto")],
)
def test_what_is_low_and_wide_is_taken_for_a_line(tmp_path, width, height, segmentation):
    reader = Reader(LIBRARY, tmp_path, ("eng",))

    assert reader.lay_out(np.zeros((height, width), dtype=np.uint8))

    assert reader._api.segmentation == segmentation
    assert reader._api.given == (width * height, width, height, 1, width), "grey, without padding"


def test_a_page_that_is_refused_raises(tmp_path):
    with pytest.raises(RuntimeError):
        Reader(LIBRARY, tmp_path, ("eng",)).read()


def test_lines_that_are_noise_are_left_out(monkeypatch, tmp_path):
    (tmp_path / "eng.traineddata").touch()
    monkeypatch.setenv("OCR_SIDECAR_TESSDATA_DIR", str(tmp_path))
    monkeypatch.setattr(engine_module, "find_package", lambda: "tesserocr 1")
    monkeypatch.setattr(engine_module.library, "load", lambda: LIBRARY)
    lines = [line("noise", MIN_CONFIDENCE - 0.01), line("text", MIN_CONFIDENCE)]
    monkeypatch.setattr(Reader, "read", lambda self: lines)
    monkeypatch.setattr(Reader, "forget", lambda self: None)

    page = np.zeros((200, 200, 3), dtype=np.uint8)
    found = TesseractEngine().recognize(page, Reading(rotate=False), lambda stage: None)

    assert [one.text for one in found] == ["text"]
