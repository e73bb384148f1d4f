"""Writes a document's outputs, each to the temporary name the daemon has chosen for it."""

import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from pathlib import Path

from ocr_worker import wire
from ocr_worker.errors import TaskError
from ocr_worker.outputs import json as json_output
from ocr_worker.outputs import text as text_output
from ocr_worker.outputs.scratch import read_pages

Render = Callable[[wire.Assemble, Iterable[wire.Page]], Iterator[bytes]]
"""From a task and its pages to the pieces of a file."""

RENDERERS: dict[str, Render] = {
    "text": text_output.render,
    "json": json_output.render,
}
"""Kind of output to what makes it; the same kinds as `kinds.SUFFIXES`."""


def write_outputs(task: wire.Assemble) -> None:
    """Write every output of a task, complete and flushed to disk, or none of them.

    Raise `TaskError` of kind `output_failed` when a file cannot be written or exists already. What
    was written until then is removed again, and never a file that was there before. Pages are read
    from their scratch files one at a time, for each output anew, since a document may be long.
    """
    written: list[Path] = []
    if task.note is not None:
        _take_note(task.note, task.outputs.values())
    try:
        for kind, path in task.outputs.items():
            _write(_renderer_of(kind), task, kind, Path(path), written)
    except BaseException:
        for complete in written:
            with suppress(OSError):
                complete.unlink(missing_ok=True)
        raise


def _take_note(note: str, paths: Iterable[str]) -> None:
    try:
        Path(note).write_text("\n".join(paths), encoding="utf-8")
    except OSError as error:
        raise TaskError(
            "output_failed", "The scratch folder cannot be written to", output="scratch"
        ) from error


def _renderer_of(kind: str) -> Render:
    renderer = RENDERERS.get(kind)
    if renderer is None:
        raise TaskError(
            "output_failed", "This worker does not know that kind of output", output=kind
        )
    return renderer


def _write(render: Render, task: wire.Assemble, kind: str, path: Path, written: list[Path]) -> None:
    try:
        # Exclusive: a name that exists is somebody else's file, or an attack by symbolic link.
        with path.open("xb") as file:
            written.append(path)
            for piece in render(task, read_pages(task.pages)):
                file.write(piece)
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        raise TaskError(
            "output_failed",
            f"The {kind} output could not be written: {_reason(error)}",
            output=kind,
        ) from error


def _reason(error: OSError) -> str:
    """Return the system's own words for a failure, which name no path."""
    return os.strerror(error.errno) if error.errno is not None else "unknown reason"
