"""What goes into the bundle and what stays out, with reasons; the spec file asks here.

PyInstaller follows imports and links by itself. What it cannot see is named here: modules imported
by name, models, libraries loaded at run time. So is what it sees and nobody needs.
"""

import fnmatch
import sys
from pathlib import Path
from typing import Final

from ocr_worker.engines.rapidocr import lexicon, quantized
from ocr_worker.engines.rapidocr.installation import RUNTIMES, find_installation

ROOT: Final = Path(__file__).resolve().parent.parent
DAEMON: Final = "ocr-sidecar"

Pair = tuple[str, str]
"""A file, and the folder of the bundle that it goes into."""

_UNWANTED_MODULES: Final = {
    "what only reaches the network, or digests for it": ("ssl", "_ssl", "_hashlib"),
    "compression that none of our files has": ("bz2", "_bz2", "lzma", "_lzma"),
    "consoles and windows": ("tkinter", "curses", "readline", "PIL.ImageTk", "PIL._imagingtk"),
    "tools of developers": (
        "distutils",
        "doctest",
        "ensurepip",
        "lib2to3",
        "numpy.f2py",
        "numpy.testing",
        "pdb",
        "pkg_resources",
        "pydoc",
        "pydoc_data",
        "pytest",
        "setuptools",
        "unittest",
    ),
    "it falls back to Python, and would need a library of the system": ("_uuid",),
    "colours of source code and Markdown, which rich shows on demand only": (
        "pygments",
        "markdown_it",
    ),
    "formats, fonts and colour profiles that documents are not read with": (
        "PIL._imagingft",
        "PIL.ImageCms",
        "PIL._imagingcms",
    ),
    "kinds of XML that a PDF's metadata is not": (
        "lxml.html",
        "lxml.isoschematron",
        "lxml.objectify",
    ),
    "random numbers and vector instructions under test": ("numpy.random", "numpy._core._simd"),
    "clients of the network": ("requests", "urllib3", "certifi", "openvino_telemetry"),
    "readers of models of other kinds, and their conversion": (
        "openvino.frontend.jax",
        "openvino.frontend.onnx",
        "openvino.frontend.paddle",
        "openvino.frontend.pytorch",
        "openvino.frontend.tensorflow",
        "openvino.preprocess.torchvision",
        "openvino.tools",
        "openvino.torch",
    ),
    "metadata of PDFs, which stays as it is, and programs that pack images": ("lxml", "packaging"),
    "our worker takes the models, not the code (docs/adr/0005)": ("rapidocr", "omegaconf", "yaml"),
    "libraries in its wheel without their licences, one under the GPL (docs/adr/0015)": (
        "tesserocr",
    ),
}
"""Modules that are found by following imports and never used, by the reason."""
_NOT_OF_THE_DAEMON: Final = (
    "cv2",
    "numpy",
    "openvino",
    "onnxruntime",
    "PIL",
    "pi_heif",
    "pikepdf",
    "pypdfium2",
)
"""It opens no document; what leads there are optional imports of others."""
_HIDDEN_MODULES: Final = ("pikepdf._cpphelpers", "pikepdf._exceptions", "pikepdf._io")
"""Modules of the worker that only compiled ones import."""

_OPENVINO: Final = "openvino/libs/"
_OPENVINO_LIBRARIES: Final = (
    "openvino.*",
    "openvino_intel_cpu_plugin.*",
    "openvino_arm_cpu_plugin.*",
    "openvino_onnx_frontend.*",
    "openvino_ir_frontend.*",
    "tbb.so*",
    "tbb.*dylib",
    "tbb12.dll",
    "tbbmalloc.so*",
    "tbbmalloc.*dylib",
    "tbbmalloc.dll",
)
"""Of the libraries beside OpenVINO's module: the runtime, this processor's plug-in, the readers of
ONNX files and of compiled models that were kept, threads. Left out are graphics and neural
processors, devices made of several, and the readers of other formats, in all some 80 MB. Their
names begin with `lib` but on Windows."""
_UNWANTED_FILES: Final = (
    "cv2/opencv_videoio_ffmpeg*",  # of Windows; elsewhere OpenCV is linked with it
    "cv2/*.pyi",
    "*.dist-info/RECORD",  # names files that are not here
    "*.dist-info/INSTALLER",
    "*.dist-info/REQUESTED",
    "*.dist-info/direct_url.json",  # where the builder had it from
    "*/tests/*",
)


def unwanted_modules(*, of_daemon: bool) -> list[str]:
    """Return the modules that one of the two executables does not get."""
    names = [name for group in _UNWANTED_MODULES.values() for name in group]
    # The second-best runtime may be installed too.
    names += [name for name in RUNTIMES if name != find_installation().runtime]
    return names + [name for name in _NOT_OF_THE_DAEMON if of_daemon]


def hidden_modules(*, of_daemon: bool) -> list[str]:
    """Return the modules that one of the two executables needs and PyInstaller cannot see."""
    return [] if of_daemon else list(_HIDDEN_MODULES)


def models() -> list[Pair]:
    """Return the models, each for the place where `find_installation` looks for it."""
    installation = find_installation()
    found = (installation.detection_model, installation.recognition_model)
    return [(str(path), "rapidocr/models") for path in found]


def tables() -> list[Pair]:
    """Return the files of words and numbers, each for its place beside the module that reads it."""
    return [(str(one.FILE), "ocr_worker/engines/rapidocr") for one in (lexicon, quantized)]


def versions_asked() -> tuple[str, ...]:
    """Return the distributions whose version the engine asks for, to tell it to hosts."""
    return ("rapidocr", find_installation().runtime)


def runtime_libraries() -> list[Pair]:
    """Return the libraries that the inference runtime loads by name."""
    if find_installation().runtime != "openvino":
        return []  # PyInstaller's hook for ONNX Runtime knows its own
    from importlib.util import find_spec

    package = find_spec("openvino")
    assert package is not None
    assert package.submodule_search_locations is not None
    folder = Path(next(iter(package.submodule_search_locations))) / "libs"
    return [
        (str(path), _OPENVINO.rstrip("/"))
        for path in sorted(folder.iterdir())
        if _is_wanted_library(path.name)
    ]


def is_wanted(place: str, kind: str) -> bool:
    """Whether what PyInstaller would put at this place of the bundle is to be there."""
    place = place.replace("\\", "/")
    if kind == "SYMLINK":
        # On Linux each library finds the others by its own search path. Copies that do not know
        # links, as installers make them, would hold every library twice. On macOS PyInstaller has
        # each library look in the top folder.
        return sys.platform == "darwin"
    if place.startswith(_OPENVINO):
        return _is_wanted_library(place.removeprefix(_OPENVINO))
    return not any(fnmatch.fnmatch(place, pattern) for pattern in _UNWANTED_FILES)


def _is_wanted_library(name: str) -> bool:
    name = name.removeprefix("lib")
    return any(fnmatch.fnmatch(name, pattern) for pattern in _OPENVINO_LIBRARIES)
