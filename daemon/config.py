"""The daemon's settings, read once: command line, then `OCR_SIDECAR_*`, then defaults."""

import argparse
import os
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, Final, Literal

from ocr_worker.wire import Limits

ENV_PREFIX = "OCR_SIDECAR_"
MAX_SECONDS: Final = 1e9


@dataclass(frozen=True, slots=True)
class Timeouts:
    """How long a job's parts may take, in seconds, where its request does not say."""

    page_timeout_s: float = 300.0
    """Each attempt at a page."""
    job_timeout_s: float | None = None
    """The whole job; None for no limit."""
    silence_timeout_s: float = 30.0
    """A worker that says nothing for so long is looked at."""


@dataclass(frozen=True, slots=True)
class Config:
    """Every setting and its default."""

    workers: int | None = None
    """Number of OCR slots; None to derive it from processors and memory."""
    dialect: Literal["jsonrpc", "bridge"] = "jsonrpc"
    """What the host speaks; `bridge` serves hosts that were written for a bridge of their own."""
    on_eof: Literal["cancel", "drain"] = "cancel"
    allow_dirs: tuple[Path, ...] = ()
    """Where documents are read and outputs written; empty for wherever the user may."""
    scratch_dir: Path | None = None
    model_cache_dir: Path | None = None
    """Where workers keep compiled models; None for the user's cache folder."""
    keep_models: bool = True
    """Keep them at all."""
    tessdata_dir: Path | None = None
    """Where Tesseract's language data lies; None for where `ocr_worker.tessdata` finds it."""
    log_dir: Path | None = None
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    max_jobs: int = 1000
    max_worker_pages: int = 1000
    """A worker that has done as many tasks is replaced, between two pages."""
    max_worker_bytes: int = 1_700_000_000
    """So is one that takes more memory; a warm one takes 1.3 GB."""
    idle_timeout_s: float = 300.0
    """A worker without a task for so long leaves; the next task starts another."""
    start_timeout_s: float = 60.0
    """From a worker's spawn to ready; a cold disk and a virus scanner may take most of it."""
    heartbeat_s: float = 30.0
    """Between two pings to an idle worker."""
    worker_command: str | None = None
    """What starts a worker, in place of this installation's; one string, split as a shell does."""
    warm_up: bool = True
    """Load an engine when a host looks at a document, and not only when a page is to be read."""
    watch_parent: bool = True
    """Leave when the process that started us ends, unless the host names another."""
    timeouts: Timeouts = field(default_factory=Timeouts)
    limits: Limits = field(default_factory=Limits)


_DEFAULTS: Final = Config()
_TIMEOUTS: Final = tuple(one.name for one in fields(Timeouts))
_LIMITS: Final = Limits.__struct_fields__
_PLAIN: Final = tuple(
    one.name
    for one in fields(Config)
    if one.name
    not in ("allow_dirs", "keep_models", "warm_up", "watch_parent", "timeouts", "limits")
)
"""Settings that have an option and a variable of their own name."""


def add_options(parser: argparse.ArgumentParser, env: Mapping[str, str] = os.environ) -> None:
    """Add the options of serving; each defaults to its variable, then to `Config`'s default."""

    def add(flag: str, help_text: str, **kwargs: Any) -> None:
        name = flag.lstrip("-").replace("-", "_")
        variable = ENV_PREFIX + name.upper()
        default = _plain_settings(_DEFAULTS).get(name)
        if default is not None:
            kwargs["default"] = default
            help_text += f" (default: {_text(default)})"
        # A string default goes through the option's own type, so a bad variable is a usage error.
        if variable in env:
            kwargs["default"] = env[variable]
        added = parser.add_argument(flag, help=f"{help_text} [{variable}]", **kwargs)
        if kwargs.get("action") == "store_true":
            # Only the variable has a text to convert; argparse forbids to say so beforehand.
            added.type = _truth

    add(
        "--workers",
        "number of OCR workers (default: from processors and free memory, at most 8)",
        type=positive,
        metavar="N",
    )
    add(
        "--dialect",
        "what the host speaks; bridge is for one that was written for a bridge of its own",
        choices=("jsonrpc", "bridge"),
    )
    add(
        "--on-eof",
        "when stdin ends, cancel running jobs or finish them first",
        choices=("cancel", "drain"),
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
        "--model-cache-dir",
        "folder in which workers keep compiled models, to start sooner; nobody else may write there"
        " (default: in the user's cache folder)",
        type=Path,
        metavar="DIR",
    )
    add(
        "--no-model-cache",
        "keep no compiled models (default: keep them)",
        action="store_true",
    )
    add(
        "--tessdata-dir",
        "folder with Tesseract's language data (default: TESSDATA_PREFIX, or where the system"
        " has it)",
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
        "least severe message that is logged",
        choices=("debug", "info", "warning", "error"),
    )
    for flag, counts in (
        ("--max-jobs", "unfinished jobs accepted at a time"),
        ("--max-worker-pages", "replace a worker after so many pages"),
        ("--max-worker-bytes", "replace a worker that takes more memory"),
        ("--max-document-bytes", "largest document that is opened"),
        ("--max-pages", "longest document that is opened"),
        ("--max-page-pixels", "largest page that is read"),
    ):
        add(flag, counts, type=positive, metavar="N")
    for flag, lasts in (
        ("--page-timeout-s", "time for each attempt at a page, unless its job says otherwise"),
        ("--job-timeout-s", "time for a job, unless it says otherwise (default: no limit)"),
        ("--silence-timeout-s", "look at a worker that says nothing for so long, likewise"),
        ("--start-timeout-s", "time for a worker to start and load its engine"),
        ("--heartbeat-s", "ask an idle worker for a sign of life every so often"),
        ("--idle-timeout-s", "let a worker leave that has had no task for so long"),
    ):
        add(flag, lasts, type=seconds, metavar="SECONDS")
    add(
        "--worker-command",
        "program that starts a worker, for workers in another environment (default: this one)",
        metavar="COMMAND",
    )
    add(
        "--no-warm-up",
        "do not load an engine before there is a page to be read; otherwise one worker does when a"
        " host asks for a document, or for a picture of it (default: load it)",
        action="store_true",
    )
    add(
        "--no-parent-watch",
        "do not leave when the process that started this one ends, for launchers that do not stay"
        " (default: leave)",
        action="store_true",
    )


def from_options(options: argparse.Namespace) -> Config:
    """Return the settings that the parsed options stand for."""
    allow_dirs = options.allow_dir or ()
    if isinstance(allow_dirs, str):
        allow_dirs = allow_dirs.split(os.pathsep)
    return Config(
        **{name: getattr(options, name) for name in _PLAIN},
        allow_dirs=tuple(Path(directory).resolve() for directory in allow_dirs if directory),
        warm_up=not options.no_warm_up,
        keep_models=not options.no_model_cache,
        watch_parent=not options.no_parent_watch,
        timeouts=Timeouts(**{name: getattr(options, name) for name in _TIMEOUTS}),
        limits=Limits(**{name: getattr(options, name) for name in _LIMITS}),
    )


def to_arguments(config: Config) -> list[str]:
    """Return the command line that stands for these settings, for a daemon that we spawn.

    Its dialect is the one that our client speaks, whatever the environment says.
    """
    settings = _plain_settings(config) | {"dialect": _DEFAULTS.dialect}
    given = [
        (f"--{name.replace('_', '-')}", _text(value))
        for name, value in settings.items()
        if value is not None
    ]
    given += [("--allow-dir", str(directory)) for directory in config.allow_dirs]
    arguments = [argument for pair in given for argument in pair]
    if not config.warm_up:
        arguments.append("--no-warm-up")
    if not config.keep_models:
        arguments.append("--no-model-cache")
    return arguments if config.watch_parent else [*arguments, "--no-parent-watch"]


def _plain_settings(config: Config) -> dict[str, Any]:
    """Return the settings whose option takes one value, by the option's name."""
    return {
        **{name: getattr(config, name) for name in _PLAIN},
        **{name: getattr(config.timeouts, name) for name in _TIMEOUTS},
        **{name: getattr(config.limits, name) for name in _LIMITS},
    }


def _text(value: object) -> str:
    """Return a setting as one writes it: 300 rather than 300.0."""
    return f"{value:.15g}" if isinstance(value, float) else str(value)


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


def seconds(text: str) -> float:
    """Return the duration that an option names. Raise `ArgumentTypeError`."""
    duration = float(text)
    if not 0 < duration <= MAX_SECONDS:
        raise argparse.ArgumentTypeError("must be above 0 and at most a thousand million")
    return duration
