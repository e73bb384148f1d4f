"""The recognizer in integers of 8 bits, whatever this machine is. Needs rapidocr and OpenVINO."""

import importlib.util
import sys
from pathlib import Path

import msgspec
import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont

from ocr_worker.engines.base import Reading
from ocr_worker.engines.rapidocr import openvino_networks, precision, quantized
from ocr_worker.engines.rapidocr.engine import RapidOcrEngine
from ocr_worker.engines.rapidocr.installation import find_installation
from ocr_worker.engines.rapidocr.openvino_networks import OpenVinoRecognition
from ocr_worker.engines.rapidocr.precision import PRECISION_VARIABLE, Precision
from ocr_worker.engines.rapidocr.quantized import calibrations, convolutions, quantize
from ocr_worker.engines.rapidocr.recognizer import few_classes
from ocr_worker.engines.rapidocr.rows import SLOT_PX
from ocr_worker.errors import EngineUnavailable
from ocr_worker.layout import arrange
from ocr_worker.wire import MODEL_CACHE_VARIABLE

INSTALLATION = find_installation()
MODEL = INSTALLATION.recognition_model
LINES = ["The quick brown fox", "jumps over 1234567890", "a lazy dog again"]

pytestmark = pytest.mark.skipif(
    importlib.util.find_spec("openvino") is None, reason="OpenVINO is not installed"
)


@pytest.fixture
def openvino():
    return openvino_networks._openvino()


@pytest.fixture
def model(openvino):
    return openvino.Core().read_model(MODEL)


@pytest.fixture
def calibration():
    return calibrations()[MODEL.stem]


def marks_in(model):
    return sum(node.get_type_name() == "FakeQuantize" for node in model.get_ops())


def recognition(monkeypatch, precision):
    monkeypatch.setenv(PRECISION_VARIABLE, precision)
    return OpenVinoRecognition(MODEL, few_classes)


def integer_convolutions(network):
    """Count the convolutions of a compiled network that are done in integers."""
    compiled = network._usual_row.get_compiled_model().get_runtime_model()
    told = [node.get_rt_info() for node in compiled.get_ops()]
    return sum(
        one["layerType"].astype(str) == "Convolution"
        and one["runtimePrecision"].astype(str) in ("i8", "u8")
        for one in told
    )


def drawn_lines():
    image = Image.new("RGB", (700, 400), "white")
    pen, font = ImageDraw.Draw(image), ImageFont.load_default(36)
    for number, text in enumerate(LINES):
        pen.text((60, 40 + 72 * number), text, (0, 0, 0), font)
    return image


def test_the_installed_model_is_the_one_that_was_calibrated(openvino, model, calibration):
    """Where this fails after an update, `python -m benchmarks.calibrate` is to be run again."""
    assert quantize(openvino, model, calibration)
    assert marks_in(model) == 2 * len(calibration.ranges)


def test_what_rounded_weights_shift_is_taken_back(openvino, model, calibration):
    """Without this, spaces between words are lost first."""
    quantize(openvino, model, calibration)
    named = {node.get_friendly_name(): node for node in model.get_ordered_ops()}

    for name, packed in calibration.shifts.items():
        (follower,) = named[name].output(0).get_target_inputs()
        added = follower.get_node().input_value(1).get_node().data.ravel()
        assert follower.get_node().get_type_name() == "Add"
        assert added == pytest.approx(quantized.shift_of(packed))
        assert abs(added).max() > 0


def test_a_model_of_another_training_stays_as_it_is(openvino, model, calibration, caplog):
    """Of the same structure, with weights that differ in one place."""
    name = list(calibration.ranges)[5]
    convolution = convolutions(model)[name]
    weights = np.array(convolution.input_value(1).get_node().data)
    weights[0, 0, 0, 0] += 1
    constant = openvino.opset11.constant(weights)
    convolution.input(1).replace_source_output(constant.output(0))

    assert not quantize(openvino, model, calibration)
    assert marks_in(model) == 0
    assert "another than was calibrated" in caplog.text


def test_a_model_that_lacks_a_calibrated_convolution_stays_as_it_is(openvino, model, calibration):
    ranges = {**calibration.ranges, "Conv.999": quantized.Range(1.0, 0)}

    assert not quantize(openvino, model, msgspec.structs.replace(calibration, ranges=ranges))
    assert marks_in(model) == 0


def test_convolutions_are_done_in_integers_where_that_is_asked_for(monkeypatch, calibration):
    # What follows a convolution at once may be made one with it, and tells its precision.
    assert integer_convolutions(recognition(monkeypatch, "int8")) == len(calibration.ranges)


@pytest.mark.parametrize("precision", [Precision.F32, Precision.RUNTIME])
def test_no_convolution_is_done_in_integers_otherwise(monkeypatch, precision):
    assert integer_convolutions(recognition(monkeypatch, precision)) == 0


def test_integers_read_what_floats_do(monkeypatch):
    line = np.asarray(drawn_lines().crop((50, 110, 530, 158)), dtype=np.float32)
    row = np.ascontiguousarray(line.transpose(2, 0, 1)[np.newaxis]) / 127.5 - 1
    slots = [0] * (row.shape[3] // SLOT_PX)
    read = [recognition(monkeypatch, named).run(row, slots)[0].copy() for named in ("f32", "int8")]

    floats, integers = read
    assert (floats.argmax(axis=-1) == integers.argmax(axis=-1)).all()
    assert integers.max(axis=-1) == pytest.approx(floats.max(axis=-1), abs=0.2)
    assert (floats != integers).any()


def test_a_page_is_read_in_integers(monkeypatch):
    monkeypatch.setenv(PRECISION_VARIABLE, "int8")

    lines = RapidOcrEngine().recognize(np.asarray(drawn_lines()), Reading(), lambda stage: None)

    assert [placed.line.text for placed in arrange(lines).lines] == LINES


def test_a_precision_that_is_none_makes_the_engine_unavailable(monkeypatch):
    monkeypatch.setenv(PRECISION_VARIABLE, "int4")

    with pytest.raises(EngineUnavailable):
        RapidOcrEngine()


def test_what_is_kept_in_one_precision_is_not_used_for_another(monkeypatch, tmp_path, calibration):
    monkeypatch.setenv(MODEL_CACHE_VARIABLE, str(tmp_path))
    recognition(monkeypatch, "int8")
    recognition(monkeypatch, "f32")

    assert len(list(tmp_path.iterdir())) == 2
    assert integer_convolutions(recognition(monkeypatch, "int8")) == len(calibration.ranges)
    assert integer_convolutions(recognition(monkeypatch, "f32")) == 0
    assert len(list(tmp_path.iterdir())) == 2


def test_what_is_kept_of_the_same_options_is_told_apart_too(monkeypatch, tmp_path):
    """Integers leave the rest to the floats that are asked for without them."""
    monkeypatch.setenv(MODEL_CACHE_VARIABLE, str(tmp_path))
    assert Precision.INT8.options == Precision.F32.options
    recognition(monkeypatch, "int8")
    recognition(monkeypatch, "f32")

    assert len(list(tmp_path.iterdir())) == 2


def test_what_is_kept_of_another_calibration_is_not_used(monkeypatch, tmp_path):
    monkeypatch.setenv(MODEL_CACHE_VARIABLE, str(tmp_path / "models"))
    recognition(monkeypatch, "int8")
    another = tmp_path / "calibration.json"
    another.write_bytes(quantized.FILE.read_bytes() + b"\n")
    monkeypatch.setattr(quantized, "FILE", another)
    recognition(monkeypatch, "int8")

    assert len(list((tmp_path / "models").iterdir())) == 2


@pytest.mark.skipif(
    sys.platform != "linux",
    reason="nothing else tells what this processor has",
)
@pytest.mark.parametrize(
    ("ours", "flag"),
    [
        ("x86_avx2", "avx2"),
        ("x86_avx2_vnni", "avx_vnni"),
        ("x86_avx512_core_vnni", "avx512_vnni"),
        ("x86_avx512_core_amx_bf16", "amx_bf16"),
    ],
)
def test_the_runtime_tells_what_the_processor_has(openvino, ours, flag):
    flags = next(
        (
            line.split()
            for line in Path("/proc/cpuinfo").read_text().splitlines()
            if "flags" in line
        ),
        [],
    )

    assert precision._instruction_sets(openvino)(ours) == (flag in flags)
