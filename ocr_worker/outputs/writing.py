"""Writes a document's outputs, each to the temporary name the daemon has chosen for it."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

from ocr_worker import wire
from ocr_worker.errors import TaskError
from ocr_worker.new_file import new_file, take_note
from ocr_worker.outputs import json as json_output
from ocr_worker.outputs import text as text_output
from ocr_worker.outputs.scratch import read_pages

Progress = Callable[[float], None]
"""Told the share of the work that is done, 0 to 1; raises `TaskStopped` to leave it."""

Render = Callable[[wire.Assemble, Iterable[wire.Page]], Iterator[bytes]]
"""From a task and its pages to the pieces of a file."""

Write = Callable[[wire.Assemble, Iterable[wire.Page], BinaryIO, Progress], tuple[str, ...]]
"""Writes the file itself, and returns sentences about what a reader of it might miss."""


# These import what they need when they are asked: the host waits for its first outputs meanwhile,
# and seldom wants all kinds.


def _render_hocr(task: wire.Assemble, pages: Iterable[wire.Page]) -> Iterator[bytes]:
    from ocr_worker.outputs import hocr

    return hocr.render(task, pages)


def _render_alto(task: wire.Assemble, pages: Iterable[wire.Page]) -> Iterator[bytes]:
    from ocr_worker.outputs import alto

    return alto.render(task, pages)


def _render_markdown(task: wire.Assemble, pages: Iterable[wire.Page]) -> Iterator[bytes]:
    from ocr_worker.outputs.markdown import render

    return render.render(task, pages)


RENDERERS: dict[str, Render] = {
    "text": text_output.render,
    "json": json_output.render,
    "hocr": _render_hocr,
    "alto": _render_alto,
    "markdown": _render_markdown,
}
"""Kind of output to what makes it of the pages alone."""


def _write_searchable_pdf(
    task: wire.Assemble, pages: Iterable[wire.Page], file: BinaryIO, progress: Progress
) -> tuple[str, ...]:
    # Only now: it takes a tenth of a second and some memory, and few ask for it.
    from ocr_worker.outputs import searchable_pdf

    return searchable_pdf.write(task, pages, file, progress)


WRITERS: dict[str, Write] = {
    "searchable_pdf": _write_searchable_pdf,
}
"""Kind of output to what makes it of the document; with `RENDERERS` the kinds of `kinds`."""


def write_outputs(task: wire.Assemble, progress: Progress = lambda share: None) -> tuple[str, ...]:
    """Write every output of a task, complete and flushed to disk, or none of them.

    Return sentences about what a reader of the outputs might miss. Raise `TaskError` of kind
    `output_failed` when a file cannot be written or exists already, as the documents do where an
    output is made of one, and whatever `progress` raises. What was written until then is removed
    again, and never a file that was there before. Pages are read from their scratch files one at a
    time, for each output anew, since a document may be long.
    """
    written: list[Path] = []
    warnings: list[str] = []
    if task.note is not None:
        take_note(task.note, task.outputs.values())
    try:
        for position, (kind, path) in enumerate(task.outputs.items()):

            def tell(share: float, position: int = position) -> None:
                progress((position + share) / len(task.outputs))

            write = WRITERS.get(kind) or _in_pieces(_renderer_of(kind))
            with new_file(Path(path), kind) as file:
                warnings += write(task, read_pages(task.pages), file, tell)
            written.append(Path(path))
    except BaseException:
        for complete in written:
            with suppress(OSError):
                complete.unlink(missing_ok=True)
        raise
    return tuple(warnings)


def _in_pieces(render: Render) -> Write:
    """Return what writes the pieces of a file that is made of the pages alone."""

    def write(
        task: wire.Assemble, pages: Iterable[wire.Page], file: BinaryIO, progress: Progress
    ) -> tuple[str, ...]:
        def counted() -> Iterator[wire.Page]:
            for n_before, page in enumerate(pages):
                progress(n_before / len(task.pages))
                yield page

        file.writelines(render(task, counted()))
        return ()

    return write


def _renderer_of(kind: str) -> Render:
    renderer = RENDERERS.get(kind)
    if renderer is None:
        raise TaskError(
            "output_failed", "This worker does not know that kind of output", output=kind
        )
    return renderer
