"""Chooses with which numbers the networks are run, by what the processor is quick with.

OpenVINO lists `INT8` for every processor, so its list of capabilities decides nothing. It exports
functions that tell instruction sets, which are asked here: the same on every system, where the
systems themselves tell them in different ways or, as Windows, not at all.
"""

import ctypes
import os
from collections.abc import Callable
from enum import StrEnum
from pathlib import Path
from typing import Any, Final

PRECISION_VARIABLE: Final = "OCR_SIDECAR_PRECISION"
"""Names a `Precision` for tests and benchmarks, which is taken whatever the processor is."""


class Precision(StrEnum):
    """With which numbers the networks are run."""

    INT8 = "int8"
    """Convolutions that were calibrated in integers of 8 bits, the rest in floats of 32."""
    BF16 = "bf16"
    """Floats of 16 bits with the exponent of 32."""
    F32 = "f32"
    """Floats of 32 bits."""
    RUNTIME = "runtime"
    """Floats as the runtime chooses them."""

    @property
    def options(self) -> dict[str, str]:
        """What OpenVINO is to be told when it compiles."""
        hints = {Precision.INT8: "f32", Precision.BF16: "bf16", Precision.F32: "f32"}
        return {"INFERENCE_PRECISION_HINT": hints[self]} if self in hints else {}


def precision_for(has: Callable[[str], bool]) -> Precision:
    """Return what is best for a processor that `has` some of OpenVINO's instruction sets.

    Where it multiplies matrices of bf16, integers gain next to nothing. Where it has bf16 without
    that, or has it to convert only, integers are faster by far.
    """
    if has("x86_avx512_core_amx_bf16"):
        return Precision.BF16
    if has("x86_avx512_core_vnni") or has("x86_avx2_vnni"):
        return Precision.INT8
    # Without these instructions the sum of two products overflows 16 bits, and weights of 7 bits,
    # whose products do not, read worse. None of ARM's processors was measured.
    return Precision.RUNTIME


def chosen_precision(openvino: Any) -> Precision:
    """Return what the networks are to be run with. Raise `ValueError` for a name that is none."""
    named = os.environ.get(PRECISION_VARIABLE)
    return Precision(named) if named else precision_for(_instruction_sets(openvino))


def _instruction_sets(openvino: Any) -> Callable[[str], bool]:
    """Return what tells whether the processor has an instruction set.

    Where the functions cannot be found, it has none: only speed is lost.
    """
    library = _library_of(Path(openvino.__file__).parent / "libs")

    def has(name: str) -> bool:
        name = f"with_cpu_{name}"
        # As compilers on Windows and elsewhere spell `bool ov::name()`.
        for spelling in (f"_ZN2ov{len(name)}{name}Ev", f"?{name}@ov@@YA_NXZ"):
            try:
                function = getattr(library, spelling)
            except AttributeError:
                continue
            function.restype = ctypes.c_bool
            return bool(function())
        return False

    return has


def _library_of(folder: Path) -> ctypes.CDLL | None:
    """Return OpenVINO's own library, which is loaded already."""
    for pattern in ("libopenvino.so*", "openvino.dll", "libopenvino.*dylib"):
        for path in sorted(folder.glob(pattern)):
            try:
                return ctypes.CDLL(str(path))
            except OSError:
                continue
    return None
