"""What of this engine is installed, learnt without importing any of it.

The standard library only, so that listing the engines stays cheap.
"""

from dataclasses import dataclass
from importlib import util
from pathlib import Path

from ocr_worker.errors import EngineUnavailable
from ocr_worker.languages import languages_of

INSTALL_HINT = "pip install 'rapidocr>=3.10,<4' openvino"
DETECTION_MODEL = "PP-OCRv6_det_small.onnx"
RECOGNITION_MODEL = "PP-OCRv6_rec_small.onnx"
RUNTIMES = ("openvino", "onnxruntime")
"""Inference runtimes, the faster first: 1.13 and 1.87 s for the same page on one thread."""


@dataclass(frozen=True, slots=True)
class Installation:
    """Where the models are and which runtime is to run them."""

    detection_model: Path
    recognition_model: Path
    runtime: str

    @property
    def version(self) -> str:
        """What is installed, for people; looked up when asked, which takes 10 ms."""
        runtime = f"{self.runtime} {_version_of(self.runtime)}"
        return f"{_version_of('rapidocr')} (PP-OCRv6 small, {runtime})"


def find_installation() -> Installation:
    """Return what is installed. Raise `EngineUnavailable`, which says what to install."""
    package = util.find_spec("rapidocr")
    if package is None or not package.submodule_search_locations:
        raise EngineUnavailable(f"The package rapidocr is not installed: {INSTALL_HINT}")
    if util.find_spec("cv2") is None:
        raise EngineUnavailable("The package cv2 is not installed: pip install opencv-python")
    runtime = next((name for name in RUNTIMES if util.find_spec(name) is not None), None)
    if runtime is None:
        raise EngineUnavailable(
            "No inference runtime is installed: pip install openvino, or onnxruntime where "
            "openvino has no wheel"
        )
    models = Path(next(iter(package.submodule_search_locations))) / "models"
    for name in (DETECTION_MODEL, RECOGNITION_MODEL):
        if not (models / name).is_file():
            raise EngineUnavailable(
                f"The installed rapidocr does not carry the model {name}: {INSTALL_HINT}"
            )
    return Installation(
        detection_model=models / DETECTION_MODEL,
        recognition_model=models / RECOGNITION_MODEL,
        runtime=runtime,
    )


def probe() -> str:
    """Return the version of what is installed. Raise `EngineUnavailable`."""
    return find_installation().version


def installed_languages() -> tuple[str, ...]:
    """Return the codes of the languages it reads; one model reads them all."""
    return languages_of("rapidocr")


def _version_of(distribution: str) -> str:
    from importlib import metadata  # only now: it imports all that can read e-mail

    try:
        return metadata.version(distribution)
    except metadata.PackageNotFoundError:
        return "unknown version"  # a bundle may leave the metadata out
