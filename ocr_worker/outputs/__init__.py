"""Writes a document's outputs, each to the temporary name the daemon has chosen for it."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from pathlib import Path

from ocr_worker import wire
from ocr_worker.errors import TaskError
from ocr_worker.new_file import take_note, write_new
from ocr_worker.outputs import alto, hocr, markdown
from ocr_worker.outputs import json as json_output
from ocr_worker.outputs import text as text_output
from ocr_worker.outputs.scratch import read_pages

Render = Callable[[wire.Assemble, Iterable[wire.Page]], Iterator[bytes]]
"""From a task and its pages to the pieces of a file."""

RENDERERS: dict[str, Render] = {
    "text": text_output.render,
    "json": json_output.render,
    "hocr": hocr.render,
    "alto": alto.render,
    "markdown": markdown.render,
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
        take_note(task.note, task.outputs.values())
    try:
        for kind, path in task.outputs.items():
            pieces = _renderer_of(kind)(task, read_pages(task.pages))
            write_new(Path(path), pieces, kind)
            written.append(Path(path))
    except BaseException:
        for complete in written:
            with suppress(OSError):
                complete.unlink(missing_ok=True)
        raise


def _renderer_of(kind: str) -> Render:
    renderer = RENDERERS.get(kind)
    if renderer is None:
        raise TaskError(
            "output_failed", "This worker does not know that kind of output", output=kind
        )
    return renderer
