"""A searchable PDF: the document as it is, with the text that was read invisibly over its pages.

Of a PDF every page, image, link, form and bookmark stays as it was, and so do its compression and
its encryption; an image file becomes a PDF of its pages. Only what an engine has read is added: on
pages that keep their own text, that is what stands in their pictures.
"""

import contextlib
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import BinaryIO, Final

import pikepdf
from pikepdf import ObjectStreamMode, Pdf, StreamDecodeLevel

from ocr_worker import wire
from ocr_worker.documents import Document, open_document
from ocr_worker.documents.base import SourceFile
from ocr_worker.errors import TaskError
from ocr_worker.outputs.searchable_pdf.page_text import TextWriter
from ocr_worker.outputs.searchable_pdf.signatures import is_signed

Progress = Callable[[float], None]

_IMAGES_SHARE: Final = 0.6
"""Of the work, what making the pages of an image file takes; of a PDF there is none."""
_TEXT_SHARE: Final = 0.5
"""Of the rest, what the text takes; then the file is written."""


def write(
    task: wire.Assemble, pages: Iterable[wire.Page], file: BinaryIO, progress: Progress
) -> tuple[str, ...]:
    """Write the document with the text of these pages; return sentences about what was lost.

    `progress` is told the share of the work that is done, 0 to 1, and may raise to end it. Raise
    `TaskError` as `open_document` does and of kind `output_failed`, and `OSError` for a full disk.
    """
    with contextlib.ExitStack() as opened:
        document = opened.enter_context(contextlib.closing(open_document(task.source, task.limits)))
        source = SourceFile(task.source.path, document.size_bytes, document.modified_ns)
        # To the end, since what is in the file is read while the new one is written.
        opened.enter_context(source.read_unchanged())
        opened.enter_context(_damage_as_task_error())
        images_share = 0.0 if document.format == "pdf" else _IMAGES_SHARE
        text_share = (1 - images_share) * _TEXT_SHARE
        pdf, warnings = opened.enter_context(
            _as_pdf(document, task, Path(file.name).parent, _part(progress, 0.0, images_share))
        )
        if len(pdf.pages) != task.page_count:
            raise _cannot_be_written("its pages cannot be told apart")
        _add_text(pdf, task, pages, _part(progress, images_share, text_share))
        writing = _part(progress, images_share + text_share, 1 - images_share - text_share)
        pdf.save(
            file,
            # As it was: nothing is compressed, packed or set right that was not.
            compress_streams=False,
            # With encryption it may not be named, and is the same.
            stream_decode_level=None if pdf.is_encrypted else StreamDecodeLevel.none,
            object_stream_mode=ObjectStreamMode.preserve,
            fix_metadata_version=False,
            encryption=pdf.is_encrypted,
            progress=lambda percent: writing(percent / 100),
        )
    return warnings


@contextlib.contextmanager
def _as_pdf(
    document: Document, task: wire.Assemble, folder: Path, progress: Progress
) -> Iterator[tuple[Pdf, tuple[str, ...]]]:
    """Yield the document as a PDF without our text, and what to say about it."""
    if document.format == "pdf":
        with Pdf.open(task.source.path, password=task.source.password or "") as pdf:
            signed = "The document is signed; the signature does not cover the searchable PDF."
            yield pdf, ((signed,) if is_signed(pdf) else ())
        return
    from ocr_worker.documents.image import ImageDocument
    from ocr_worker.outputs.searchable_pdf.image_pages import pdf_of_images

    assert isinstance(document, ImageDocument)
    with pdf_of_images(document, task, folder, progress) as (pdf, blank):
        yield pdf, tuple(_about_blank(blank))


def _about_blank(blank: list[int]) -> Iterator[str]:
    if len(blank) == 1:
        yield f"Page {blank[0]} cannot be decoded and is blank in the searchable PDF."
    elif blank:
        yield (
            f"{len(blank)} pages cannot be decoded and are blank in the searchable PDF, the first"
            f" is page {blank[0]}."
        )


def _add_text(
    pdf: Pdf, task: wire.Assemble, pages: Iterable[wire.Page], progress: Progress
) -> None:
    text = TextWriter(pdf)
    for n_done, page in enumerate(pages, 1):
        text.add(page)
        progress(n_done / max(len(task.pages), 1))
    text.complete()


def _part(progress: Progress, start: float, share: float) -> Progress:
    """Return what tells the progress of a part of the work."""
    return lambda done: progress(start + share * done)


@contextlib.contextmanager
def _damage_as_task_error() -> Iterator[None]:
    try:
        yield
    except pikepdf.PikepdfError:
        raise _cannot_be_written("it is damaged") from None


def _cannot_be_written(reason: str) -> TaskError:
    return TaskError(
        "output_failed",
        f"The PDF cannot be written anew with its text: {reason}. Save it anew first.",
        output="searchable_pdf",
    )
