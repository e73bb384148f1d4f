"""The file system, on threads of its own: a dead network mount can hang a `stat`.

Checks paths, takes in base64 documents, gives finished outputs their names, has the scratch
folder made and removed.
"""

import base64
import binascii
import os
import stat
import tempfile
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import suppress
from pathlib import Path
from typing import Final

from loguru import logger

from daemon.errors import RpcError, invalid_params
from daemon.events import (
    DocumentChecked,
    Event,
    FileReplaced,
    OutputsPublished,
    PathsChecked,
    ThreadCrashed,
)
from daemon.params import DocumentParams
from daemon.ports import Publication
from daemon.scratch import Scratch
from ocr_worker.outputs.kinds import SUFFIXES

_N_THREADS: Final = 4


class FileSystem:
    """The port to the file system. `allow_dirs` are resolved; empty allows everything."""

    def __init__(
        self, allow_dirs: Sequence[Path], scratch: Scratch, post: Callable[[Event], None]
    ) -> None:
        self._allow_dirs = tuple(allow_dirs)
        self._scratch = scratch
        self._post = post
        self._threads = ThreadPoolExecutor(_N_THREADS, thread_name_prefix="files")
        # One at a time, so that two documents never settle on the same free name.
        self._publisher = ThreadPoolExecutor(1, thread_name_prefix="publisher")
        self._ordered: set[Future[None]] = set()

    def check(
        self, token: int, documents: Sequence[DocumentParams], output_dir: str | None
    ) -> None:
        """Check paths and put base64 data into scratch; answered by `PathsChecked`."""
        self._run(lambda: self._post(self._check_all(token, documents, output_dir)))

    def check_picture(self, token: int, document: DocumentParams, output: str | None) -> None:
        """Check a document, and where a page of it is to be written; answered by `PathsChecked`."""
        self._run(lambda: self._post(self._check_picture(token, document, output)))

    def replace(self, token: int, temporary: str, target: str, note: str | None) -> None:
        """Give a file its name, in place of what has it; answered by `FileReplaced`."""

        def run() -> None:
            failure = None
            try:
                os.replace(temporary, target)
            except OSError as error:
                logger.warning("a picture cannot be named: {}", error.strerror)
                _remove((temporary,))
                failure = RpcError("output_failed", "The file could not be given its name.")
            if note is not None:
                _remove((note,))
            self._post(FileReplaced(token, failure))

        self._run(run, self._publisher)

    def publish(self, token: int, publication: Publication) -> None:
        """Give temporary files their names; answered by `OutputsPublished`."""

        def run() -> None:
            try:
                outputs = _publish(publication)
            except (OSError, ValueError) as error:
                # ValueError: a name that the file system's encoding does not have.
                logger.warning("outputs cannot be named: {}", getattr(error, "strerror", "name"))
                _remove((*publication.temporary.values(), publication.note))
                text = "The outputs could not be given their names in the output directory."
                self._post(OutputsPublished(token, {}, RpcError("output_failed", text)))
            else:
                _remove((publication.note,))
                self._post(OutputsPublished(token, outputs))

        self._run(run, self._publisher)

    def discard(self, paths: Sequence[str]) -> None:
        """Remove files of ours, if they exist."""
        if paths:
            self._run(lambda: _remove(paths))

    def scratch_path(self, name: str) -> str:
        """Return the path of a scratch file; the folder is made by the check of an output."""
        return str(self._scratch.path / name)

    def sweep_scratch(self) -> None:
        """Remove what killed daemons have left; nobody waits for it."""
        self._run(self._scratch.sweep)

    def close(self, timeout_s: float) -> None:
        """Let what was ordered be done, if that is possible in time, and remove the scratch folder.

        Called at the very end; a file system that hangs is left behind.
        """
        wait(self._ordered, timeout_s)
        self._scratch.remove()

    def _run(self, work: Callable[[], None], on: ThreadPoolExecutor | None = None) -> None:
        def guarded() -> None:
            try:
                work()
            except BaseException:  # noqa: BLE001  the executor would keep it to itself
                logger.exception("file work crashed")
                self._post(ThreadCrashed("files"))

        # Kept until they are done, so that nothing ordered is lost when the daemon leaves.
        self._ordered = {one for one in self._ordered if not one.done()}
        self._ordered.add((on or self._threads).submit(guarded))

    def _check_all(
        self, token: int, documents: Sequence[DocumentParams], output_dir: str | None
    ) -> PathsChecked:
        names = (f"document-{token}-{index}" for index in range(len(documents)))
        checked = [self._check_one(*each) for each in zip(documents, names, strict=True)]
        failure = None
        if output_dir is not None:
            try:
                self._check_output_dir(output_dir)
            except RpcError as error:
                failure = error
        return PathsChecked(token, tuple(checked), failure)

    def _check_picture(
        self, token: int, document: DocumentParams, output: str | None
    ) -> PathsChecked:
        checked = self._check_one(document, f"document-{token}-0")
        target = failure = None
        try:
            # For the picture, or for the note that tells of it.
            self._make_scratch()
            if output is not None:
                target = self._check_output(output, checked)
        except RpcError as error:
            failure = error
        return PathsChecked(token, (checked,), failure, target)

    def _check_one(self, document: DocumentParams, copy_name: str) -> DocumentChecked:
        try:
            if document.data is not None:
                return DocumentChecked(self._take_in(document.data, copy_name), is_copy=True)
            return DocumentChecked(self._check_document(document.path or ""))
        except RpcError as error:
            return DocumentChecked("", error)

    def _check_output(self, path: str, document: DocumentChecked) -> str:
        """Return the resolved path of a file that may be written, or replaced."""
        real = self._resolve(path)
        try:
            mode = os.stat(real).st_mode
            if not stat.S_ISREG(mode):
                text = "The output has the name of a folder or device; name a file."
                raise RpcError("output_failed", text)
            if document.failure is None and os.path.samefile(real, document.path):
                raise invalid_params("output", "names the document itself, which is not replaced")
        except FileNotFoundError:
            pass  # as it should be, or it is the folder that is missing
        except OSError as error:
            raise _cannot_write("output", error) from None
        try:
            with tempfile.TemporaryFile(dir=os.path.dirname(real)):
                pass
        except OSError as error:
            raise _cannot_write("output's folder", error) from None
        return real

    def _check_document(self, path: str) -> str:
        real = self._resolve(path)
        try:
            mode = os.stat(real).st_mode
        except (FileNotFoundError, NotADirectoryError):
            raise RpcError("document_not_found", "There is no file of that name.") from None
        except OSError:
            raise RpcError("document_unreadable", "The file cannot be reached.") from None
        if stat.S_ISDIR(mode):
            raise RpcError("document_unreadable", "That is a directory, not a file.")
        if not stat.S_ISREG(mode):
            raise RpcError("document_unreadable", "That is a device or pipe, not a file.")
        if not os.access(real, os.R_OK):
            raise RpcError("document_unreadable", "The file may not be read by this user.")
        return real

    def _check_output_dir(self, path: str) -> None:
        real = self._resolve(path)
        try:
            os.makedirs(real, exist_ok=True)
            # Trying is the only true answer: root passes every permission check, and a
            # read-only or full file system is not told by one.
            with tempfile.TemporaryFile(dir=real):
                pass
        except OSError as error:
            raise _cannot_write("output directory", error) from None
        self._make_scratch()

    def _resolve(self, path: str) -> str:
        try:
            real = os.path.realpath(path)
        except (OSError, ValueError):
            raise RpcError("document_unreadable", "The path cannot be resolved.") from None
        if self._allow_dirs and not any(
            Path(real).is_relative_to(directory) for directory in self._allow_dirs
        ):
            text = "The path is outside the folders that the daemon may use."
            raise RpcError("path_not_allowed", text)
        return real

    def _take_in(self, data: str, name: str) -> str:
        try:
            content = base64.b64decode(data, validate=True)
        except (binascii.Error, ValueError):
            raise RpcError("document_unreadable", "The data is not base64.") from None
        self._make_scratch()
        path = self._scratch.path / name
        try:
            path.write_bytes(content)
        except OSError:
            raise RpcError("output_failed", "The scratch folder cannot be written to.") from None
        return str(path)

    def _make_scratch(self) -> None:
        try:
            self._scratch.make()
        except OSError:
            raise RpcError("output_failed", "The scratch folder cannot be made.") from None


def _cannot_write(what: str, error: OSError) -> RpcError:
    reason = (error.strerror or "it cannot be written to").lower()
    return RpcError("output_failed", f"The {what} cannot be written to: {reason}.")


def _publish(publication: Publication) -> dict[str, str]:
    """Rename temporary files beside their target; none of the names existed, or all may."""
    directory = publication.output_dir
    inputs = {os.path.realpath(path) for path in publication.inputs}
    taken = {name.casefold() for name in os.listdir(directory)}
    number = 1
    while True:
        stem = publication.stem if number == 1 else f"{publication.stem} ({number})"
        names = {kind: f"{stem}{SUFFIXES[kind]}" for kind in publication.temporary}
        targets = {kind: os.path.join(directory, name) for kind, name in names.items()}
        replaces_input = any(os.path.realpath(path) in inputs for path in targets.values())
        is_taken = any(name.casefold() in taken for name in names.values())
        if not replaces_input and (publication.overwrite or not is_taken):
            break
        number += 1
    for kind, temporary in publication.temporary.items():
        os.replace(temporary, targets[kind])
    return targets


def _remove(paths: Iterable[str]) -> None:
    for path in paths:
        with suppress(OSError):
            os.unlink(path)
