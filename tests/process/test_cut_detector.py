"""What is changed in the detector changes nothing that it says. Needs rapidocr and OpenVINO."""

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont

from ocr_worker.engines.rapidocr import openvino_networks
from ocr_worker.engines.rapidocr.installation import find_installation
from ocr_worker.engines.rapidocr.passes import spare_passes
from ocr_worker.engines.rapidocr.squares import onto_pixels, told_in_fours

INSTALLATION = find_installation()

pytestmark = pytest.mark.skipif(
    INSTALLATION.runtime != "openvino", reason="other runtimes run the model as it is"
)


@pytest.fixture(scope="module")
def openvino():
    return openvino_networks._openvino()


def said_by(openvino, model, batch):
    options = {**openvino_networks.OPTIONS, "INFERENCE_PRECISION_HINT": "f32"}
    request = openvino.Core().compile_model(model, "CPU", options).create_infer_request()
    request.infer([batch])
    return request.get_output_tensor().data.copy()


@pytest.fixture(scope="module")
def batch():
    image = Image.new("RGB", (320, 192), "white")
    ImageDraw.Draw(image).text((20, 60), "Some text", (0, 0, 0), ImageFont.load_default(40))
    pixels = np.asarray(image, dtype=np.float32).transpose(2, 0, 1)
    return np.ascontiguousarray(pixels[np.newaxis] / 127.5 - 1)


def model_of(openvino):
    return openvino.Core().read_model(INSTALLATION.detection_model)


def test_passes_that_are_spared_say_nothing(openvino, batch):
    whole = said_by(openvino, model_of(openvino), batch)
    spared = spare_passes(openvino, model_of(openvino))

    assert whole.max() - whole.min() > 0.9
    assert said_by(openvino, spared, batch) == pytest.approx(whole, abs=1e-4)
    kinds = [node.get_type_name() for node in spared.get_ordered_ops()]
    before = [node.get_type_name() for node in model_of(openvino).get_ordered_ops()]
    assert kinds.count("Concat") == before.count("Concat") - 1
    assert kinds.count("Convolution") == before.count("Convolution") + 1


def test_squares_say_what_the_whole_model_says(openvino, batch):
    whole = said_by(openvino, model_of(openvino), batch)
    model = told_in_fours(openvino, model_of(openvino))
    logits = onto_pixels(said_by(openvino, model, batch))

    assert logits.shape == whole.shape == (1, 1, 192, 320)
    assert whole.max() - whole.min() > 0.9
    assert 1 / (1 + np.exp(-logits)) == pytest.approx(whole, abs=1e-4)


def test_each_channel_has_its_place_in_the_square():
    logits = np.arange(16, dtype=np.float32).reshape(1, 16, 1, 1)

    square = onto_pixels(logits)[0, 0].tolist()

    assert square == [[0, 1, 4, 5], [2, 3, 6, 7], [8, 9, 12, 13], [10, 11, 14, 15]]


@pytest.mark.parametrize(
    ("change", "why"), [(told_in_fours, "was expected"), (spare_passes, "no passes to spare")]
)
def test_another_model_is_refused(openvino, change, why):
    make = openvino.opset11
    given = make.parameter([1, 3, 32, 32], np.float32)
    model = openvino.Model([make.result(make.sigmoid(given))], [given])

    with pytest.raises(ValueError, match=why):
        change(openvino, model)
