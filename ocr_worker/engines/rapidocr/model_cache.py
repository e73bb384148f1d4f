"""Keeps compiled models on disk: the next worker loads them in a third of the time.

Reading a model and compiling it gives the same each time, on the same machine. What comes of it is
kept in the folder that the daemon names by a variable, each model in a file of its own: a line of
JSON, then what OpenVINO exports. Nothing depends on the cache. What is missing, damaged or of
another model, runtime or processor is compiled anew and replaced; where nothing can be written,
nothing is. Files appear whole, so any number of workers may start at once.
"""

import hashlib
import logging
import os
import sys
import time
import zlib
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from ocr_worker.wire import MODEL_CACHE_VARIABLE

KEPT = 9
"""Files of one model that stay, the newest: it may be kept in three parts, a package and a bundle
may take turns, and what an update leaves behind goes some time."""
_SUFFIX = ".compiled"
_UNFINISHED = ".tmp"
_UNFINISHED_S = 3600.0
"""What is older was left by a worker that was killed while it wrote."""
_MAX_HEADER_BYTES = 4 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Compiled:
    """A compiled model of OpenVINO, and the characters that it knows."""

    model: Any
    characters: tuple[str, ...]


class _Header(msgspec.Struct, frozen=True):
    """What `identity` the file is of, and by what the rest of it is known to be undamaged."""

    identity: dict[str, str]
    characters: tuple[str, ...]
    size_bytes: int
    crc32: int


def load_compiled(
    openvino: Any,
    path: Path,
    recipe: Mapping[str, str],
    options: Mapping[str, str],
    compile_anew: Callable[[], Compiled],
) -> Compiled:
    """Return the model of a file compiled, from the cache where it is there.

    `openvino` is the module. `recipe` is whatever else makes of the same file another compiled
    model; the options with which it is compiled and loaded count by themselves. Raise whatever
    `compile_anew` raises.
    """
    folder = os.environ.get(MODEL_CACHE_VARIABLE)
    if not folder:
        return compile_anew()
    core = openvino.Core()
    identity = _identity(openvino, core, path, {**recipe, **options})
    entry = Path(folder) / f"{path.stem}-{_digest(identity)}{_SUFFIX}"
    try:
        header, exported = _read(entry, identity)
        model = core.import_model(openvino.Tensor(exported), "CPU", dict(options))
        return Compiled(model, header.characters)
    except FileNotFoundError:
        pass
    except MemoryError:
        raise
    except Exception as error:  # noqa: BLE001  the runtime has no base class of its own
        logging.warning("a kept model cannot be used (%s), compiling anew", _reason(error))
    compiled = compile_anew()
    try:
        _write(entry, identity, compiled)
        _remove_old(entry.parent, path.stem)
    except MemoryError:
        raise
    except Exception as error:  # noqa: BLE001  likewise, and we have what we came for
        logging.warning("the compiled model is not kept (%s)", _reason(error))
    return compiled


def _identity(openvino: Any, core: Any, path: Path, recipe: Mapping[str, str]) -> dict[str, str]:
    """Return everything that the compiled model depends on.

    A digest of the model's file would take as long as loading what is kept, so it is known by
    place, size and time, as OpenVINO's own cache has it.
    """
    file = path.stat()
    processor = ("FULL_DEVICE_NAME", "DEVICE_ARCHITECTURE", "OPTIMIZATION_CAPABILITIES")
    return {
        "model": f"{path.resolve()} {file.st_size} {file.st_mtime_ns}",
        "runtime": openvino.get_version(),
        "system": f"{sys.platform} {sys.maxsize}",
        **{name: str(core.get_property("CPU", name)) for name in processor},
        **recipe,
    }


def _digest(identity: Mapping[str, str]) -> str:
    return hashlib.sha256(msgspec.json.encode(sorted(identity.items()))).hexdigest()[:32]


def _read(entry: Path, identity: Mapping[str, str]) -> tuple[_Header, Any]:
    """Return what is kept. Raise `OSError` or `ValueError` when it is not, or is not that."""
    with open(entry, "rb") as file:
        if not _is_only_ours(os.fstat(file.fileno())):
            raise ValueError("others may have written it")
        try:
            header = msgspec.json.decode(file.readline(_MAX_HEADER_BYTES), type=_Header)
        except msgspec.MsgspecError as error:
            raise ValueError("it is damaged") from error
        if header.identity != identity:
            raise ValueError("it is another model's")
        # Mapped only for as long as this takes: a file that is open cannot be replaced on Windows.
        exported = np.memmap(file, dtype=np.uint8, mode="r", offset=file.tell())
    if exported.size != header.size_bytes or zlib.crc32(exported.data) != header.crc32:
        raise ValueError("it is damaged")
    return header, exported


def _is_only_ours(file: os.stat_result) -> bool:
    """Whether nobody else can have written it: the runtime trusts what it is given."""
    if sys.platform == "win32":
        return True  # a user's cache folder is that user's there
    return file.st_uid == os.geteuid() and not file.st_mode & 0o022


def _write(entry: Path, identity: dict[str, str], compiled: Compiled) -> None:
    """Keep a compiled model. Raise `OSError` where that is impossible."""
    import tempfile  # only now: most workers never write

    entry.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor, name = tempfile.mkstemp(_UNFINISHED, f"{entry.stem}-", entry.parent)
    try:
        with open(descriptor, "wb") as file:
            exported = _exported(compiled.model)
            header = _Header(identity, compiled.characters, len(exported), zlib.crc32(exported))
            file.write(msgspec.json.encode(header) + b"\n")
            file.write(exported)
        os.replace(name, entry)
    except BaseException:
        with suppress(OSError):
            os.unlink(name)
        raise


def _exported(model: Any) -> memoryview:
    stream = BytesIO()
    model.export_model(stream)
    return stream.getbuffer()


def _remove_old(folder: Path, stem: str) -> None:
    """Remove what newer files of the model have replaced, and what was never finished."""
    kept = sorted(folder.glob(f"{stem}-*{_SUFFIX}"), key=_written_at, reverse=True)
    abandoned_at = time.time() - _UNFINISHED_S
    unfinished = folder.glob(f"{stem}-*{_UNFINISHED}")
    old = [path for path in unfinished if _written_at(path) < abandoned_at]
    for path in [*kept[KEPT:], *old]:
        with suppress(OSError):  # other workers are at it as well
            path.unlink()


def _written_at(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except OSError:
        return 0.0  # another worker has removed it


def _reason(error: Exception) -> str:
    """Return an error in a few words, without the paths that an `OSError` tells."""
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    return str(error) if isinstance(error, ValueError) else type(error).__name__
