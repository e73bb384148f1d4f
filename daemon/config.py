"""The daemon's settings, read once: command line, then `OCR_SIDECAR_*`, then defaults."""

import argparse
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from ocr_worker.wire import Limits

ENV_PREFIX = "OCR_SIDECAR_"
DEFAULT_MAX_WORKER_BYTES = 1_700_000_000


@dataclass(frozen=True, slots=True)
class Config:
    """Every setting and its default."""

    workers: int | None = None
    """Number of OCR slots; None to derive it from processors and memory."""
    on_eof: Literal["cancel", "drain"] = "cancel"
    allow_dirs: tuple[Path, ...] = ()
    """Where documents are read and outputs written; empty for wherever the user may."""
    scratch_dir: Path | None = None
    log_dir: Path | None = None
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    max_jobs: int = 1000
    max_worker_pages: int = 1000
    """A worker that has done as many tasks is replaced, between two pages."""
    max_worker_bytes: int = DEFAULT_MAX_WORKER_BYTES
    """So is one that takes more memory; a warm one takes 1.3 GB."""
    idle_timeout_s: float = 300.0
    """A worker without a task for so long leaves; the next task starts another."""
    worker_command: str | None = None
    """What starts a worker, in place of this installation's; one string, split as a shell does."""
    watch_parent: bool = True
    """Leave when the process that started us ends, unless the host names another."""
    limits: Limits = field(default_factory=Limits)


def add_options(parser: argparse.ArgumentParser, env: Mapping[str, str] = os.environ) -> None:
    """Add the options of serving; each defaults to its variable, then to `Config`'s default."""

    def add(flag: str, help_text: str, **kwargs: Any) -> None:
        variable = ENV_PREFIX + flag.lstrip("-").replace("-", "_").upper()
        # A string default goes through the option's own type, so a bad variable is a usage error.
        if variable in env:
            kwargs["default"] = env[variable]
        added = parser.add_argument(flag, help=f"{help_text} [{variable}]", **kwargs)
        if kwargs.get("action") == "store_true":
            # Only the variable has a text to convert; argparse forbids to say so beforehand.
            added.type = _truth

    limits = Limits()
    add(
        "--workers",
        "number of OCR workers (default: from processors and free memory, at most 8)",
        type=positive,
        metavar="N",
    )
    add(
        "--on-eof",
        "when stdin ends, cancel running jobs or finish them first (default: cancel)",
        choices=("cancel", "drain"),
        default="cancel",
    )
    add(
        "--allow-dir",
        "read documents and write outputs only below this folder; may be repeated, and the"
        f" variable takes several separated by {os.pathsep!r} (default: anywhere the user may)",
        action="append",
        metavar="DIR",
    )
    add(
        "--scratch-dir",
        "folder for temporary files (default: in the user's cache folder)",
        type=Path,
        metavar="DIR",
    )
    add(
        "--log-dir",
        "folder for log files (default: in the user's state folder)",
        type=Path,
        metavar="DIR",
    )
    add(
        "--log-level",
        "least severe message that is logged (default: info)",
        choices=("debug", "info", "warning", "error"),
        default="info",
    )
    add(
        "--max-jobs",
        "unfinished jobs accepted at a time (default: 1000)",
        type=positive,
        default=1000,
        metavar="N",
    )
    add(
        "--max-worker-pages",
        "replace a worker after so many pages (default: 1000)",
        type=positive,
        default=1000,
        metavar="N",
    )
    add(
        "--max-worker-bytes",
        "replace a worker that takes more memory (default: 1700000000)",
        type=positive,
        default=DEFAULT_MAX_WORKER_BYTES,
        metavar="N",
    )
    add(
        "--idle-timeout-s",
        "let a worker leave that has had no task for so many seconds (default: 300)",
        type=positive,
        default=300,
        metavar="SECONDS",
    )
    add(
        "--worker-command",
        "program that starts a worker, for workers in another environment (default: this one)",
        metavar="COMMAND",
    )
    add(
        "--no-parent-watch",
        "do not leave when the process that started this one ends, for launchers that do not stay"
        " (default: leave)",
        action="store_true",
    )
    add(
        "--max-document-bytes",
        f"largest document that is opened (default: {limits.max_document_bytes})",
        type=positive,
        default=limits.max_document_bytes,
        metavar="N",
    )
    add(
        "--max-pages",
        f"longest document that is opened (default: {limits.max_pages})",
        type=positive,
        default=limits.max_pages,
        metavar="N",
    )
    add(
        "--max-page-pixels",
        f"largest page that is read (default: {limits.max_page_pixels})",
        type=positive,
        default=limits.max_page_pixels,
        metavar="N",
    )


def from_options(options: argparse.Namespace) -> Config:
    """Return the settings that the parsed options stand for."""
    allow_dirs = options.allow_dir or ()
    if isinstance(allow_dirs, str):
        allow_dirs = allow_dirs.split(os.pathsep)
    return Config(
        workers=options.workers,
        on_eof=options.on_eof,
        allow_dirs=tuple(Path(directory).resolve() for directory in allow_dirs if directory),
        scratch_dir=options.scratch_dir,
        log_dir=options.log_dir,
        log_level=options.log_level,
        max_jobs=options.max_jobs,
        max_worker_pages=options.max_worker_pages,
        max_worker_bytes=options.max_worker_bytes,
        idle_timeout_s=float(options.idle_timeout_s),
        worker_command=options.worker_command,
        watch_parent=not options.no_parent_watch,
        limits=Limits(
            max_document_bytes=options.max_document_bytes,
            max_pages=options.max_pages,
            max_page_pixels=options.max_page_pixels,
        ),
    )


def to_arguments(config: Config) -> list[str]:
    """Return the command line that stands for these settings, for a daemon that we spawn."""
    settings = {
        "--workers": config.workers,
        "--on-eof": config.on_eof,
        "--scratch-dir": config.scratch_dir,
        "--log-dir": config.log_dir,
        "--log-level": config.log_level,
        "--max-jobs": config.max_jobs,
        "--max-worker-pages": config.max_worker_pages,
        "--max-worker-bytes": config.max_worker_bytes,
        "--idle-timeout-s": int(config.idle_timeout_s),
        "--worker-command": config.worker_command,
        "--max-document-bytes": config.limits.max_document_bytes,
        "--max-pages": config.limits.max_pages,
        "--max-page-pixels": config.limits.max_page_pixels,
    }
    given = [(flag, str(value)) for flag, value in settings.items() if value is not None]
    given += [("--allow-dir", str(directory)) for directory in config.allow_dirs]
    arguments = [argument for pair in given for argument in pair]
    return arguments if config.watch_parent else [*arguments, "--no-parent-watch"]


def _truth(text: str) -> bool:
    known = {"1": True, "true": True, "yes": True, "0": False, "false": False, "no": False}
    if text.lower() not in known | {"": False}:
        raise argparse.ArgumentTypeError("must be 1 or 0")
    return known.get(text.lower(), False)


def positive(text: str) -> int:
    """Return the number of an option that counts something. Raise `ArgumentTypeError`."""
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError("must be 1 or more")
    return number
