"""The boundary both packages import: the messages between daemon and worker.

Internal and versioned by `WIRE_VERSION`; it may change without notice, unlike protocol.md.
What the messages carry is in `payload`, whose names are passed on here. One message a line: a JSON
object whose member `type` names the struct, decoded strictly, since a worker is trusted with
nothing. Imports the standard library and msgspec only, so that the daemon stays light and a worker
may live in another environment.
"""

import os
from enum import IntEnum
from typing import TypeAlias

import msgspec

from ocr_worker.payload import (
    EngineInfo,
    Limits,
    Line,
    Orientation,
    Page,
    PageInfo,
    PictureFormat,
    Preparation,
    RecognizeOptions,
    Region,
    Source,
    Struct,
    Told,
    Word,
)

__all__ = [
    "EngineInfo",
    "Limits",
    "Line",
    "Orientation",
    "Page",
    "PageInfo",
    "PictureFormat",
    "Preparation",
    "RecognizeOptions",
    "Region",
    "Source",
    "Struct",
    "Told",
    "Word",
]
"""What is passed on from `payload`; the rest is what is written here."""

WIRE_VERSION = 1
MODEL_CACHE_VARIABLE = "OCR_SIDECAR_MODEL_CACHE_DIR"
"""Names the folder that compiled models are kept in; empty for none."""
MAX_LINE_BYTES = 64 * 1024 * 1024
"""Longest line either side accepts; a dense page with words is about 100 KiB."""


class WorkerExit(IntEnum):
    """Exit codes of a worker; anything else is a crash."""

    OK = 0
    CANNOT_START = 78
    """Do not retry: the engine cannot be loaded or the wire versions differ (EX_CONFIG)."""


# Daemon to worker.


class Inspect(Struct, frozen=True, kw_only=True, tag="inspect"):
    """Open a document and count it; with `include_pages`, describe each page."""

    task: int
    source: Source
    limits: Limits
    include_pages: bool = False


class Recognize(Struct, frozen=True, kw_only=True, tag="recognize"):
    """Read one page.

    `scale` below 1 lowers the resolution, for a page that failed before. The whole `Page` goes to
    the scratch file `keep`, where one is named; the answer carries lines only `with_lines`.
    What `gives_way` is done at the lowest priority for CPU and disk.
    """

    task: int
    source: Source
    limits: Limits
    page: int
    options: RecognizeOptions
    scale: float = 1.0
    keep: str | None = None
    with_lines: bool = False
    gives_way: bool = False


class Assemble(Struct, frozen=True, kw_only=True, tag="assemble"):
    """Write a document's outputs to the temporary names given: kind of output to path.

    `pages` names the scratch files of the pages that succeeded, in order, so that a long document
    is never in memory whole; `file` is the document's name as the host gave it, `source` where it
    lies. `engine`, `languages` and `version`, that of the product, are what outputs say of
    themselves.
    """

    task: int
    source: Source
    limits: Limits
    file: str
    page_count: int
    outputs: dict[str, str]
    pages: tuple[str, ...]
    engine: str = ""
    languages: tuple[str, ...] = ()
    version: str = ""
    note: str | None = None
    """Scratch file that is to name the temporary files before they are there, so that whoever
    clears away after a daemon that was killed finds them."""
    gives_way: bool = False
    """As in `Recognize`."""


class Render(Struct, frozen=True, kw_only=True, tag="render"):
    """Show one page as a viewer does, and write that to `path`, of which `note` tells beforehand.

    The longer side gets `max_px` pixels, or the page comes at `dpi`; an image is never enlarged.
    A picture that takes `inline_bytes` at most in base64 is answered and not written. With an
    `overlay` the words of that page are framed.
    """

    task: int
    source: Source
    limits: Limits
    page: int
    path: str
    note: str | None = None
    max_px: int | None = None
    dpi: float | None = None
    format: PictureFormat = "png"
    inline_bytes: int = 0
    overlay: Told | None = None


class ListEngines(Struct, frozen=True, kw_only=True, tag="list_engines"):
    """Ask which engines can be used here."""

    task: int


class StopTask(Struct, frozen=True, kw_only=True, tag="stop_task"):
    """Ask that the running task be left at the next stage; a no-op if it is another one."""

    task: int


class Ping(Struct, frozen=True, kw_only=True, tag="ping"):
    """Ask the control thread for a sign of life."""

    token: int


class Shutdown(Struct, frozen=True, kw_only=True, tag="shutdown"):
    """Leave at once; nothing more is wanted of a running task."""


Task: TypeAlias = Inspect | Recognize | Assemble | Render | ListEngines
Command: TypeAlias = Task | StopTask | Ping | Shutdown

# Worker to daemon.


class Hello(Struct, frozen=True, kw_only=True, tag="hello"):
    """First message of a worker, before anything heavy is imported."""

    wire_version: int
    pid: int


class Ready(Struct, frozen=True, kw_only=True, tag="ready"):
    """The engine is loaded; tasks are welcome."""


class Accepted(Struct, frozen=True, kw_only=True, tag="accepted"):
    """The task has begun; its page timeout counts from here."""

    task: int


class Stage(Struct, frozen=True, kw_only=True, tag="stage"):
    """The running task is in that stage: a sign of progress, of which many are left out.

    `share` says how much of it is done, 0 to 1, where it is one that tells.
    """

    task: int
    name: str
    share: float | None = None


class Pong(Struct, frozen=True, kw_only=True, tag="pong"):
    """Answer to `Ping`. `progress` grows with each stage the task thread enters."""

    token: int
    progress: int


class Inspected(Struct, frozen=True, kw_only=True, tag="inspected"):
    """Answer to `Inspect`."""

    task: int
    format: str
    page_count: int
    encrypted: bool
    size_bytes: int
    modified_ns: int
    pages: tuple[PageInfo, ...] = ()
    warnings: tuple[str, ...] = ()


class Recognized(Struct, frozen=True, kw_only=True, tag="recognized"):
    """Answer to `Recognize`."""

    task: int
    page: Page


class Assembled(Struct, frozen=True, kw_only=True, tag="assembled"):
    """Answer to `Assemble`: every temporary file is complete and flushed to disk.

    `warnings` are sentences about what a reader of them might miss.
    """

    task: int
    warnings: tuple[str, ...] = ()


class Rendered(Struct, frozen=True, kw_only=True, tag="rendered"):
    """Answer to `Render`: the picture in base64, or its file is complete and flushed to disk."""

    task: int
    width_px: int
    height_px: int
    size_bytes: int
    data: str | None = None


class EnginesListed(Struct, frozen=True, kw_only=True, tag="engines_listed"):
    """Answer to `ListEngines`."""

    task: int
    engines: tuple[EngineInfo, ...]


class Failed(Struct, frozen=True, kw_only=True, tag="failed"):
    """The task could not be done; `kind` is a kind of protocol.md, `message` our own sentence.

    `detail` is for the daemon's log and never for the host.
    """

    task: int
    kind: str
    message: str
    detail: str = ""
    data: dict[str, str | int | float] = msgspec.field(default_factory=dict)


class Stopped(Struct, frozen=True, kw_only=True, tag="stopped"):
    """The task was left because of `StopTask`."""

    task: int


Event: TypeAlias = (
    Hello
    | Ready
    | Accepted
    | Stage
    | Pong
    | Inspected
    | Recognized
    | Assembled
    | Rendered
    | EnginesListed
    | Failed
    | Stopped
)

_command_decoder: msgspec.json.Decoder[Command] = msgspec.json.Decoder(Command)
_event_decoder: msgspec.json.Decoder[Event] = msgspec.json.Decoder(Event)


class WireError(Exception):
    """A line that is no message of this wire; the text says why and quotes none of it."""


def encode(message: Command | Event) -> bytes:
    """Return the message as one line, its LF included."""
    return msgspec.json.encode(message) + b"\n"


def decode_command(line: bytes) -> Command:
    """Return the command on a line. Raise `WireError` when there is none."""
    try:
        return _command_decoder.decode(line)
    except (msgspec.DecodeError, msgspec.ValidationError, RecursionError) as error:
        raise WireError(type(error).__name__) from None


def decode_event(line: bytes) -> Event:
    """Return the event on a line. Raise `WireError` when there is none."""
    try:
        return _event_decoder.decode(line)
    except (msgspec.DecodeError, msgspec.ValidationError, RecursionError) as error:
        raise WireError(type(error).__name__) from None


def write_all(fd: int, data: bytes) -> None:
    """Write every byte, in one call where the pipe takes it. Raise `OSError` when it is broken."""
    view = memoryview(data)
    while view:
        view = view[os.write(fd, view) :]
