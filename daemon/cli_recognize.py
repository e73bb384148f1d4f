"""`ocr-sidecar recognize`: start a job, show how far it is, hand out its pages in order."""

import argparse
import contextlib
import os
import sys
from typing import Any

import orjson

from daemon import __version__
from daemon.cli_pages import (
    PageOrder,
    Params,
    job_failures,
    output_warnings,
    page_failure,
    page_header,
    page_text,
    summary,
    written_files,
)
from daemon.cli_progress import ProgressView, progress_view
from daemon.client import (
    TERMINAL_METHODS,
    Client,
    ClientError,
    DaemonGone,
    Notification,
    RequestError,
    default_command,
)
from daemon.config import from_options, to_arguments

EXIT_OK = 0
EXIT_FAILED = 1
EXIT_INTERRUPTED = 130

_CANCEL_S = 5.0  # to wait for the terminal notification of a job that was cancelled
_DOCUMENT_KINDS = ("document_", "password_", "unsupported_format", "limit_", "path_", "page_")
_LINE_BYTES = 16 * 1024 * 1024  # we read lines of any length, so texts need not go to files


class Reader:
    """Takes a job's notifications and writes what the user wants to see of them."""

    def __init__(self, args: argparse.Namespace, view: ProgressView) -> None:
        self.failed = False
        self._view = view
        self._files: list[str] = args.files
        self._to_files = args.output_dir is not None
        self._as_json = not self._to_files and "json" in args.format
        self._headers = sys.stdout.isatty() or len(args.files) > 1
        self._selected = args.pages is not None
        self._order = PageOrder(len(args.files), args.pages)
        self._told: set[tuple[int, int]] = set()
        self._n_written = 0

    def needs_counts(self, event: Notification) -> bool:
        """Whether the page counts of the documents are wanted before this event is taken."""
        if event.method != "job/page" or self._to_files:
            return False
        return self._order.page_count(event.params["document"]) is None

    def learn(self, documents: list[Params]) -> None:
        """Take the page counts of a `job/status`."""
        for document in documents:
            if document["page_count"] is not None:
                self._order.learn(document["document"], document["page_count"])
            elif document["state"] in ("failed", "cancelled"):
                self._order.learn(document["document"], 0)

    def take(self, event: Notification) -> None:
        """Show one notification."""
        if event.method == "job/progress":
            self._view.update(event.params)
        elif event.method == "job/page":
            document = event.params["document"]
            failure = page_failure(event.params, self._files[document])
            if failure is not None:
                self._told.add((document, event.params["page"]))
                self._complain(failure)
            self._write(self._order.add(event.params))
        elif event.method in TERMINAL_METHODS:
            self._write(self._order.rest())
            self._finish(event.params)

    def _write(self, pages: list[Params]) -> None:
        if self._to_files or not pages:
            return
        with self._view.aside():
            for page in pages:
                self._write_page(page)
            # A reader down the pipe shall see pages as they come.
            sys.stdout.flush()

    def _write_page(self, page: Params) -> None:
        if self._as_json:
            members = {name: page[name] for name in page if name not in ("seq", "job_id")}
            sys.stdout.write(orjson.dumps(members).decode() + "\n")
            return
        if self._headers:
            # Of a selection the count says how many were selected, which would mislead here.
            count = None if self._selected else self._order.page_count(page["document"])
            sys.stdout.write(("\n" if self._n_written else "") + page_header(page, count) + "\n")
        elif self._n_written:
            sys.stdout.write("\f")
        self._n_written += 1
        text = page_text(page)
        sys.stdout.write(text if text.endswith("\n") or not text else f"{text}\n")

    def _finish(self, terminal: Params) -> None:
        if terminal["state"] != "cancelled":
            for line in job_failures(terminal, self._files, self._told):
                self._complain(line)
        self.failed |= terminal["state"] != "succeeded"
        for line in output_warnings(terminal, self._files):
            self._view.note(line)
        if self._to_files:
            with self._view.aside():
                for path in written_files(terminal):
                    sys.stdout.write(f"{path}\n")
        self._view.summarize(summary(terminal))

    def _complain(self, line: str) -> None:
        self.failed = True
        self._view.note(line)


def run(args: argparse.Namespace) -> int:
    """Recognize the files and return the exit code: 0, 1 when anything failed, 130 on Ctrl-C."""
    # Whatever the locale says, recognized text leaves as UTF-8, a terminal's encoding excepted.
    reconfigure = getattr(sys.stdout, "reconfigure", None)
    if reconfigure is not None and not sys.stdout.isatty():
        reconfigure(encoding="utf-8", errors="replace", newline="\n")
    command = [*default_command(), *to_arguments(from_options(args))]
    try:
        with Client(command) as client, progress_view(quiet=args.quiet) as view:
            return follow(client, args, view)
    except DaemonGone as gone:
        sys.stderr.write(f"{gone.stderr_tail}ocr-sidecar: {gone}\n")
    except (ClientError, TimeoutError) as error:
        # What is said of the document does not name it; with several, none is refused at once.
        about = f"{args.files[0]}: " if _is_about_document(error) else ""
        sys.stderr.write(f"ocr-sidecar: {about}{error}\n")
    except BrokenPipeError:
        # Whoever read our output has seen enough; nothing may be flushed into it at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except KeyboardInterrupt:
        return EXIT_INTERRUPTED
    return EXIT_FAILED


def follow(client: Client, args: argparse.Namespace, view: ProgressView) -> int:
    """Start the job, show it to its end, and return the exit code. Raise as `Client.request`."""
    reader = Reader(args, view)
    client.request("initialize", _introduction())
    job_id = client.start(
        [_document(file, args) for file in args.files],
        output_dir=args.output_dir,
        outputs=args.format if args.output_dir is not None else None,
        options=_options(args),
    )
    try:
        _show(client, job_id, reader, timeout_s=None)
    except KeyboardInterrupt:
        view.note("Cancelling")
        with contextlib.suppress(ClientError, TimeoutError):
            client.request("job/cancel", {"job_id": job_id}, timeout_s=_CANCEL_S)
            _show(client, job_id, reader, timeout_s=_CANCEL_S)
        return EXIT_INTERRUPTED
    return EXIT_FAILED if reader.failed else EXIT_OK


def _show(client: Client, job_id: str, reader: Reader, timeout_s: float | None) -> None:
    for event in client.job_events(job_id, timeout_s=timeout_s):
        if reader.needs_counts(event):
            reader.learn(client.request("job/status", {"job_id": job_id})["documents"])
        reader.take(event)


def _is_about_document(error: Exception) -> bool:
    return isinstance(error, RequestError) and str(error.kind).startswith(_DOCUMENT_KINDS)


def _introduction() -> Params:
    return {
        "client": {"name": "ocr-sidecar recognize", "version": __version__},
        "host_pid": os.getpid(),
        "capabilities": {
            "max_line_bytes": _LINE_BYTES,
            "opt_out_notifications": ["worker/state"],
        },
    }


def _document(file: str, args: argparse.Namespace) -> Params:
    document: Params = {"path": file}
    if args.password is not None:
        document["password"] = args.password
    if args.pages is not None:
        document["pages"] = args.pages
    return document


def _options(args: argparse.Namespace) -> Params:
    options: dict[str, Any] = {"engine": args.engine, "mode": args.mode}
    if args.language:
        options["languages"] = args.language
    if args.overwrite:
        options["overwrite"] = True
    if args.output_dir is not None:
        options["inline"] = "none"
    elif "json" in args.format:
        options["inline"] = "words"
    return options
