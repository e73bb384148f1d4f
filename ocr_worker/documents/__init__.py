"""Opens a document by what its content is, within limits, whatever its name says.

The formats' own modules are imported when a file of theirs is met: a worker that reads images
does not load PDFium.
"""

import contextlib

from ocr_worker import wire
from ocr_worker.documents.base import (
    Document,
    SourceFile,
    cannot_be_read,
    document_changed,
    stat_file,
)
from ocr_worker.documents.formats import (
    FORMATS,
    HEAD_BYTES,
    LABELS,
    all_labels,
    claimed_by,
    sniff,
)
from ocr_worker.errors import TaskError

__all__ = ["FORMATS", "Document", "open_document", "sniff"]


def open_document(source: wire.Source, limits: wire.Limits) -> Document:
    """Open the document at `source.path`; the caller closes it.

    Raise `TaskError` of kind `document_not_found`, `document_unreadable`, `document_changed`
    (size or time of change differ from those in `source`), `limit_exceeded`,
    `unsupported_format`, `password_required` or `password_wrong`.
    """
    file = stat_file(source.path)
    if source.size_bytes not in (None, file.size_bytes):
        raise document_changed()
    if source.modified_ns not in (None, file.modified_ns):
        raise document_changed()
    if file.size_bytes == 0:
        raise TaskError("document_unreadable", "The file is empty. Save or download it again.")
    if file.size_bytes > limits.max_document_bytes:
        raise TaskError(
            "limit_exceeded",
            f"The document has {file.size_bytes} bytes, the limit is {limits.max_document_bytes}.",
            which="document_bytes",
            limit=limits.max_document_bytes,
            value=file.size_bytes,
        )
    with contextlib.ExitStack() as closing:
        with file.read_unchanged():
            document = _open_as(_format_of(file), file, source, limits)
            closing.callback(document.close)
        closing.pop_all()
    return document


def _format_of(file: SourceFile) -> str:
    """Return the file's format. Raise `TaskError` when it is none of ours."""
    try:
        with open(file.path, "rb") as stream:
            head = stream.read(HEAD_BYTES)
    except OSError:
        raise cannot_be_read() from None
    found = sniff(head)
    if found is not None:
        return found
    claimed = claimed_by(file.path)
    if claimed is not None:
        raise TaskError(
            "document_unreadable",
            f"The file is not what its name claims: its content is no {LABELS[claimed]}."
            " Save or download it again.",
        )
    raise TaskError(
        "unsupported_format",
        f"The format is not supported. Convert the document to {all_labels()}.",
    )


def _open_as(format_: str, file: SourceFile, source: wire.Source, limits: wire.Limits) -> Document:
    if format_ == "pdf":
        from ocr_worker.documents.pdf import PdfDocument

        return PdfDocument(file, source.password, limits)
    from ocr_worker.documents.image import ImageDocument

    return ImageDocument(file, format_, limits)
