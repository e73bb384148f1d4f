"""Files under temporary names: noted before they are there, then complete on the disk, or gone."""

import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from ocr_worker.errors import TaskError


def take_note(note: str, paths: Iterable[str]) -> None:
    """Write down which files are about to be made, for whoever clears away after a killed daemon.

    Raise `TaskError` of kind `output_failed`.
    """
    try:
        Path(note).write_text("\n".join(paths), encoding="utf-8")
    except OSError as error:
        raise TaskError(
            "output_failed", "The scratch folder cannot be written to", output="scratch"
        ) from error


def write_new(path: Path, pieces: Iterable[bytes], kind: str) -> None:
    """Write a file of these pieces, as `new_file` does."""
    with new_file(path, kind) as file:
        for piece in pieces:
            file.write(piece)


@contextmanager
def new_file(path: Path, kind: str) -> Iterator[BinaryIO]:
    """Open a file to be written; behind the block it is flushed to disk, or there is none.

    `kind` says of what kind it is. Raise `TaskError` of kind `output_failed`, for an `OSError` of
    the block too, and whatever else the block raises. A file that was there before is neither
    written nor removed.
    """
    try:
        # Exclusive: a name that exists is somebody else's file, or an attack by symbolic link.
        file = path.open("xb")
    except OSError as error:
        raise _failed(kind, error) from error
    try:
        with file:
            yield file
            file.flush()
            os.fsync(file.fileno())
    except BaseException as error:
        # Behind the `with`, since no system but POSIX removes a file that is open.
        with suppress(OSError):
            path.unlink(missing_ok=True)
        if isinstance(error, OSError):
            raise _failed(kind, error) from error
        raise


def _failed(kind: str, error: OSError) -> TaskError:
    # The system's own words, which name no path.
    reason = os.strerror(error.errno) if error.errno is not None else "unknown reason"
    text = f"The {kind} output could not be written: {reason}"
    return TaskError("output_failed", text, output=kind)
