"""The engines there are, by name; each is imported when it is first asked for."""

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from typing import cast

from ocr_worker import wire
from ocr_worker.engines.base import Engine
from ocr_worker.errors import EngineUnavailable


@dataclass(frozen=True, slots=True)
class _Entry:
    """Each is "module:attribute": a class, a function that tells the version, and one that tells
    the codes of the languages that can be read here.

    The functions load no model; the probe raises `EngineUnavailable` when the engine cannot be
    used.
    """

    engine: str
    probe: str
    languages: str


_ENTRIES = {
    "rapidocr": _Entry(
        engine="ocr_worker.engines.rapidocr.engine:RapidOcrEngine",
        probe="ocr_worker.engines.rapidocr.installation:probe",
        languages="ocr_worker.engines.rapidocr.installation:installed_languages",
    ),
    "tesseract": _Entry(
        engine="ocr_worker.engines.tesseract.engine:TesseractEngine",
        probe="ocr_worker.engines.tesseract.installation:probe",
        languages="ocr_worker.engines.tesseract.installation:installed_languages",
    ),
    "null": _Entry(
        engine="ocr_worker.engines.null:NullEngine",
        probe="ocr_worker.engines.null:probe",
        languages="ocr_worker.engines.null:installed_languages",
    ),
}

ENGINE_NAMES = tuple(_ENTRIES)


def load_engine(name: str) -> Engine:
    """Load an engine with its models. Raise `EngineUnavailable` when there is none to be had."""
    entry = _ENTRIES.get(name)
    if entry is None:
        raise EngineUnavailable(f"There is no such engine; known are {', '.join(ENGINE_NAMES)}")
    engine_class = cast(Callable[[], Engine], _resolve(entry.engine))
    return engine_class()


def list_engines() -> tuple[wire.EngineInfo, ...]:
    """Describe every engine, usable or not, without loading a model."""
    return tuple(_describe(name, entry) for name, entry in _ENTRIES.items())


def _describe(name: str, entry: _Entry) -> wire.EngineInfo:
    probe = cast(Callable[[], str], _resolve(entry.probe))
    try:
        version = probe()
    except EngineUnavailable as error:
        return wire.EngineInfo(name=name, version="", available=False, reason=error.message)
    installed = cast(Callable[[], tuple[str, ...]], _resolve(entry.languages))
    return wire.EngineInfo(name=name, version=version, available=True, languages=installed())


def _resolve(path: str) -> object:
    module, _, attribute = path.partition(":")
    return getattr(import_module(module), attribute)
