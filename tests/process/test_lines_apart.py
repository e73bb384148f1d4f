"""Lines that share a row are read as if each stood alone. Needs rapidocr and OpenVINO."""

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont

from ocr_worker.engines.rapidocr import openvino_networks
from ocr_worker.engines.rapidocr.installation import find_installation
from ocr_worker.engines.rapidocr.lines_apart import keep_lines_apart, where_lines_are
from ocr_worker.engines.rapidocr.networks import open_recognition
from ocr_worker.engines.rapidocr.recognizer import HEIGHT_PX, few_classes
from ocr_worker.engines.rapidocr.rows import GAP_PX, NO_LINE, ROW_PX, SLOT_PX

INSTALLATION = find_installation()
COLUMNS = SLOT_PX // 8
"""That are told for each slot."""

pytestmark = pytest.mark.skipif(
    INSTALLATION.runtime != "openvino", reason="other runtimes read each line by itself"
)


@pytest.fixture(scope="module")
def network():
    return open_recognition(INSTALLATION.recognition_model, "openvino", few_classes)


def drawn(text, n_slots, *, ink=0, paper=255):
    """Return a line in as many slots, with what is kept free behind it."""
    image = Image.new("RGB", (n_slots * SLOT_PX - GAP_PX, HEIGHT_PX), (paper,) * 3)
    ImageDraw.Draw(image).text((4, 4), text, fill=(ink,) * 3, font=ImageFont.load_default(34))
    pixels = np.asarray(image, dtype=np.float32).transpose(2, 0, 1) / 127.5 - 1
    return np.pad(pixels, ((0, 0), (0, 0), (0, GAP_PX)))[np.newaxis]


def beside(*parts, width=ROW_PX):
    row = np.concatenate(parts, axis=3)
    return np.ascontiguousarray(np.pad(row, ((0, 0),) * 3 + ((0, width - row.shape[3]),)))


def told(network, row, slots):
    few, _ = network.run(row, slots)
    return few.copy()


FIRST, SECOND = ("Invoice 27", 14), ("Total 13.40", 16)
FIRST_SLOTS, SECOND_SLOTS = slice(0, 14 * COLUMNS), slice(14 * COLUMNS, 30 * COLUMNS)


def test_what_stands_beside_a_line_hardly_matters_to_it(network):
    """White letters on black beside it change means and edges as much as anything can."""
    slots = [0] * 14 + [1] * 16 + [NO_LINE] * 10
    usual = told(network, beside(drawn(*FIRST), drawn(*SECOND)), slots)
    other = told(network, beside(drawn(*FIRST), drawn(*SECOND, ink=255, paper=0)), slots)
    before = told(network, beside(drawn(*FIRST, ink=255, paper=0), drawn(*SECOND)), slots)

    # That of the processor's short numbers, which is 0.008 where they have eight bits.
    assert other[FIRST_SLOTS] == pytest.approx(usual[FIRST_SLOTS], abs=0.1)
    assert before[SECOND_SLOTS] == pytest.approx(usual[SECOND_SLOTS], abs=0.1)


def test_told_nothing_of_its_lines_a_row_mixes_them(network):
    """Or the test above would show nothing."""
    slots = [0] * 40
    usual = told(network, beside(drawn(*FIRST), drawn(*SECOND)), slots)
    other = told(network, beside(drawn(*FIRST), drawn(*SECOND, ink=255, paper=0)), slots)

    assert np.abs(other[FIRST_SLOTS] - usual[FIRST_SLOTS]).max() > 0.1


def test_a_line_says_the_same_in_second_place_as_alone(network):
    alone = told(network, beside(drawn(*SECOND)), [0] * 16 + [NO_LINE] * 24)
    shared = told(network, beside(drawn(*FIRST), drawn(*SECOND)), [0] * 14 + [1] * 16 + [2] * 10)

    best = alone[: 16 * COLUMNS].argmax(axis=1)
    assert best.max() > 0
    assert (shared[SECOND_SLOTS].argmax(axis=1) == best).all()
    assert shared[SECOND_SLOTS] == pytest.approx(alone[: 16 * COLUMNS], abs=0.1)


def test_a_row_of_any_width_says_what_the_usual_one_does(network):
    """They are two compiled models."""
    usual = told(network, beside(drawn(*FIRST)), [0] * 14 + [NO_LINE] * 26)
    wide = told(network, beside(drawn(*FIRST), width=960), [0] * 14 + [NO_LINE] * 46)

    assert wide[FIRST_SLOTS] == pytest.approx(usual[FIRST_SLOTS], abs=0.05)


def test_a_model_with_nothing_to_change_is_refused():
    openvino = openvino_networks._openvino()
    make = openvino.opset11
    given = make.parameter([-1, 3, 48, -1], np.float32)
    model = openvino.Model([make.result(make.relu(given))], [given])

    with pytest.raises(ValueError, match="where lines are"):
        keep_lines_apart(openvino, model)


def test_each_line_of_a_row_has_its_own_means_and_looks_at_nothing_else():
    means, mask, something = where_lines_are([0, 0, 1, NO_LINE])

    assert means[0, 0].tolist() == [[0.5, 0.5, 0, 0], [0.5, 0.5, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1]]
    assert mask.shape == (1, 1, 4 * COLUMNS, 4 * COLUMNS)
    assert (mask[0, 0, : 2 * COLUMNS, : 2 * COLUMNS] == 0).all()
    assert (mask[0, 0, : 2 * COLUMNS, 2 * COLUMNS :] < -1000).all()
    # Nothing just before the second line; the first begins where the row does.
    assert np.flatnonzero(something == 0).tolist() == [6, 7]
