"""Pages kept in scratch files between being read and being written to the outputs."""

from collections.abc import Iterable, Iterator
from pathlib import Path

import msgspec

from ocr_worker import wire
from ocr_worker.errors import TaskError


def keep_page(page: wire.Page, path: str) -> None:
    """Write a page, with its lines, to a scratch file; one that exists is replaced.

    Raise `TaskError` of kind `output_failed`. Not flushed to disk: it need not survive us.
    """
    try:
        Path(path).write_bytes(msgspec.json.encode(page))
    except OSError as error:
        raise TaskError(
            "output_failed", "A finished page could not be written to the scratch folder"
        ) from error


def read_pages(paths: Iterable[str]) -> Iterator[wire.Page]:
    """Yield kept pages one at a time. Raise `TaskError` of kind `output_failed`."""
    for path in paths:
        try:
            yield msgspec.json.decode(Path(path).read_bytes(), type=wire.Page)
        except (OSError, msgspec.DecodeError):
            raise TaskError(
                "output_failed", "A finished page could not be read from the scratch folder"
            ) from None
