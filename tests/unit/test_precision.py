"""With which numbers a processor runs the networks, and what bytes are to stand for."""

import numpy as np
import pytest

from benchmarks.ranges import best_range, range_between
from ocr_worker.engines.rapidocr import precision
from ocr_worker.engines.rapidocr.precision import (
    PRECISION_VARIABLE,
    Precision,
    chosen_precision,
    precision_for,
)
from ocr_worker.engines.rapidocr.quantized import Range

AVX512 = {"x86_avx2", "x86_avx512f", "x86_avx512_core"}
PROCESSORS = {
    "an old server, or an old desktop": ({"x86_avx2"}, Precision.RUNTIME),
    "AVX-512 without VNNI": (AVX512, Precision.RUNTIME),
    "AVX-512 with VNNI": (AVX512 | {"x86_avx512_core_vnni"}, Precision.INT8),
    "a desktop with VNNI but without AVX-512": ({"x86_avx2", "x86_avx2_vnni"}, Precision.INT8),
    "bf16 for conversion only": (
        {"x86_avx2", "x86_avx2_vnni", "x86_avx2_vnni_2"},
        Precision.INT8,
    ),
    "bf16 without matrices": (
        AVX512 | {"x86_avx512_core_vnni", "x86_bfloat16"},
        Precision.INT8,
    ),
    "matrices of bf16": (
        AVX512
        | {"x86_avx512_core_vnni", "x86_avx2_vnni", "x86_bfloat16", "x86_avx512_core_amx_bf16"},
        Precision.BF16,
    ),
    "ARM": ({"arm_dotprod", "arm_i8mm"}, Precision.RUNTIME),
    "one of which nothing is known": (set(), Precision.RUNTIME),
}


@pytest.mark.parametrize(("has", "expected"), PROCESSORS.values(), ids=PROCESSORS)
def test_the_precision_is_that_which_the_processor_is_quick_with(has, expected):
    assert precision_for(has.__contains__) is expected


@pytest.fixture
def slow_processor(monkeypatch):
    monkeypatch.setattr(precision, "_instruction_sets", lambda openvino: lambda name: False)


@pytest.mark.parametrize("named", list(Precision))
def test_a_precision_that_is_named_is_taken(monkeypatch, slow_processor, named):
    monkeypatch.setenv(PRECISION_VARIABLE, named)

    assert chosen_precision(None) is named


def test_an_empty_name_leaves_it_to_the_processor(monkeypatch, slow_processor):
    monkeypatch.setenv(PRECISION_VARIABLE, "")

    assert chosen_precision(None) is Precision.RUNTIME


def test_a_name_that_is_no_precision_is_refused(monkeypatch):
    monkeypatch.setenv(PRECISION_VARIABLE, "int4")

    with pytest.raises(ValueError, match="int4"):
        chosen_precision(None)


def test_a_runtime_whose_functions_cannot_be_found_has_no_instruction_set(tmp_path):
    class Elsewhere:
        __file__ = str(tmp_path / "__init__.py")

    assert not precision._instruction_sets(Elsewhere)("x86_avx2")


def test_outliers_are_cut_off_so_that_the_rest_is_told_apart():
    values = np.append(np.random.default_rng(1).normal(0, 1, 1_000_000), [-8, 12])

    found = best_range(values.astype(np.float32))

    assert -7 < found.low < -3
    assert 3 < found.high < 9


def test_all_steps_go_to_the_side_where_the_values_are():
    values = np.random.default_rng(1).uniform(0, 5, 10_000).astype(np.float32)

    found = best_range(values)

    assert (found.zero, found.low) == (0, 0)
    assert found.high == pytest.approx(5, rel=0.03)


@pytest.mark.parametrize(("low", "high"), [(-1, 1), (-0.17, 4), (0, 3), (-2, 0), (0, 0)])
def test_zero_is_always_a_value_of_a_range(low, high):
    """It stands for what is beyond a picture's edges."""
    found = range_between(low, high)

    assert isinstance(found.zero, int)
    assert 0 <= found.zero <= 255
    assert found.low <= 0 <= found.high
    assert (found.low, found.high) == pytest.approx((low, high), abs=max(found.step, 1e-6))


def test_a_range_has_as_many_values_as_a_byte():
    assert Range(0.5, 100).low == -50
    assert Range(0.5, 100).high == (255 - 100) * 0.5
