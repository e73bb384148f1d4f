"""Has a network's convolutions done in integers of 8 bits, by a calibration that ships with us.

Where the processor multiplies such integers by the dozen, a convolution takes a third of the time
that it takes with floating point numbers. Its weights are known; what comes in is not, so somebody
has to tell what values to expect of it. `python -m benchmarks.calibrate` finds that out and writes
the file beside this module.

Here every calibrated convolution gets a `FakeQuantize` before its input and its weights, which
rounds to the few values that integers have and means no speed by itself; OpenVINO turns the three
into one convolution of integers as it compiles. Rounded weights would also move what comes out, by
much the same whatever comes in; that is taken back. docs/adr/0023 tells what all this costs and
gains.
"""

import logging
import zlib
from functools import cache
from pathlib import Path
from typing import Any, Final, TypeAlias

import msgspec
import numpy as np
from numpy.typing import NDArray

from ocr_worker.engines.rapidocr.model_parts import weights_of

Weights: TypeAlias = NDArray[np.float32]

FILE: Final = Path(__file__).with_name("calibration.json")
LEVELS: Final = 256
"""How many values an input may have: those of a byte."""
WEIGHT_LEVELS: Final = 255
"""How many values a weight may have: one fewer, so that they lie evenly around zero."""


class Range(msgspec.Struct, frozen=True, array_like=True):
    """The values expected at the input of a convolution: `step` apart, the one of number `zero` 0.

    Zero is one of them to the last bit, since it also stands for what is beyond the edges.
    """

    step: float
    zero: int

    @property
    def low(self) -> float:
        """The least value; what is below is taken for it."""
        return -self.zero * self.step

    @property
    def high(self) -> float:
        """The largest value likewise."""
        return (LEVELS - 1 - self.zero) * self.step


class Calibration(msgspec.Struct, frozen=True):
    """What was found out of one model, by the names of its convolutions.

    `weights` is a digest of theirs: what is right for one training is wrong for another, and
    nothing else about two models need differ. `shifts` is how far rounded weights leave each output
    channel below what it was on average, in floats of 16 bits, the lower byte first.
    """

    weights: str
    ranges: dict[str, Range]
    shifts: dict[str, bytes]


@cache
def calibrations() -> dict[str, Calibration]:
    """Return the calibrations that ship with this module, by the names of models."""
    return msgspec.json.decode(FILE.read_bytes(), type=dict[str, Calibration])


def calibration_digest() -> str:
    """Return by what a model is known that was compiled with another calibration."""
    return f"{zlib.crc32(FILE.read_bytes()):08x}"


def quantize_by_name(openvino: Any, model: Any, name: str) -> bool:
    """Mark what was calibrated of the model of a name, as `quantize` does."""
    calibration = calibrations().get(name)
    return calibration is not None and quantize(openvino, model, calibration)


def quantize(openvino: Any, model: Any, calibration: Calibration) -> bool:
    """Mark the calibrated convolutions of a model; tell whether it was the calibrated model.

    A model that is not stays as it is. `openvino` is the module.
    """
    found = {name: node for name, node in convolutions(model).items() if name in calibration.ranges}
    if len(found) < len(calibration.ranges) or digest_of(found) != calibration.weights:
        if found:
            logging.warning("the model is another than was calibrated, so it stays with floats")
        return False
    for name, convolution in found.items():
        _mark(openvino.opset11, convolution, calibration.ranges[name])
        _shift(openvino.opset11, convolution, shift_of(calibration.shifts[name]))
    model.validate_nodes_and_infer_types()
    return True


def convolutions(model: Any) -> dict[str, Any]:
    """Return the convolutions of a model whose weights are known, by name, in their order.

    Those of each channel by itself are none of them: they take little time, and integers lose more
    there.
    """
    return {
        node.get_friendly_name(): node
        for node in model.get_ordered_ops()
        if node.get_type_name() == "Convolution"
        and node.input_value(1).get_node().get_type_name() == "Constant"
    }


def digest_of(found: dict[str, Any]) -> str:
    """Return by what the weights of these convolutions are known again."""
    # Not a cryptographic one: it takes a tenth of the time, and nobody gains by fooling it.
    digest = 0
    for name in sorted(found):
        weights = weights_of(found[name])
        digest = zlib.crc32(f"{name} {weights.shape}".encode(), digest)
        digest = zlib.crc32(np.ascontiguousarray(weights).data, digest)
    return f"{digest:08x}"


def lost_weights(convolution: Any) -> Weights:
    """Return what rounding takes from the weights of a convolution."""
    weights = weights_of(convolution)
    step = _largest(weights) / (WEIGHT_LEVELS // 2)
    return np.asarray(weights - np.rint(weights / step) * step, dtype=np.float32)


def shift_of(packed: bytes) -> Weights:
    """Return a calibration's shift as numbers, one for each output channel."""
    return np.frombuffer(packed, dtype="<f2").astype(np.float32)


def packed_shift(shift: Weights) -> bytes:
    """Return a shift as a calibration has it."""
    return shift.astype("<f2").tobytes()


def _largest(weights: Weights) -> Weights:
    # An output channel's weights have a step of their own, which costs nothing.
    largest: Weights = np.abs(weights).max(axis=(1, 2, 3), keepdims=True)
    return np.maximum(largest, np.float32(1e-30))


def _mark(make: Any, convolution: Any, expected: Range) -> None:
    weights = weights_of(convolution)
    largest = _largest(weights)
    ends = make.constant(np.float32(expected.low)), make.constant(np.float32(expected.high))
    inputs = make.fake_quantize(convolution.input_value(0), *ends, *ends, LEVELS)
    ends = make.constant(-largest), make.constant(largest)
    rounded = make.fake_quantize(make.constant(weights), *ends, *ends, WEIGHT_LEVELS)
    convolution.input(0).replace_source_output(inputs.output(0))
    convolution.input(1).replace_source_output(rounded.output(0))


def _shift(make: Any, convolution: Any, shift: Weights) -> None:
    followers = list(convolution.output(0).get_target_inputs())
    # OpenVINO makes this one with the bias that follows.
    added = make.add(convolution, make.constant(shift.reshape(1, -1, 1, 1)))
    for follower in followers:
        follower.replace_source_output(added.output(0))
