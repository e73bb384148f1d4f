"""What messages between daemon and worker carry: documents, limits, options, pages and their text.

Hosts see some of it too, as protocol.md describes. Imports the standard library and msgspec only.
"""

from typing import Literal, TypeAlias

import msgspec

PictureFormat: TypeAlias = Literal["png", "jpeg"]

Orientation: TypeAlias = Literal[0, 90, 180, 270]

Preparation: TypeAlias = Literal["rotated", "deskewed", "contrast"]
"""What was done to the pixels of a page before they were read."""


CELL_SEPARATOR = "  "
"""Between the lines of one row in a page's text, so that a row of a table is one line of it."""


class Struct(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Base of everything on this wire: immutable, by name, defaults left out.

    Subclasses repeat `frozen` and `kw_only`, which type checkers do not inherit.
    """


class Source(Struct, frozen=True, kw_only=True):
    """A document on disk, as the worker opens it.

    `size_bytes` and `modified_ns` are what was seen when the document was counted; a worker that
    finds others fails the task with `document_changed`.
    """

    path: str
    password: str | None = None
    size_bytes: int | None = None
    modified_ns: int | None = None


class Limits(Struct, frozen=True, kw_only=True):
    """What a document may cost before it is refused with `limit_exceeded`."""

    max_document_bytes: int = 4 * 1024**3
    max_pages: int = 20_000
    max_page_pixels: int = 120_000_000


class Region(Struct, frozen=True, kw_only=True):
    """A rectangle in page points from the top left; of every page, or of one."""

    x: float
    y: float
    width: float
    height: float
    page: int | None = None


class RecognizeOptions(Struct, frozen=True, kw_only=True):
    """How a page is to be read; the subset of a job's options that the worker acts on."""

    engine: str = "rapidocr"
    languages: tuple[str, ...] = ("en",)
    mode: Literal["auto", "force", "skip_text"] = "auto"
    dpi: float | None = None
    rotate: bool = True
    deskew: bool = True
    contrast: bool = True
    skip_blank: bool = True
    region: Region | None = None


# A page has hundreds of these two, which cannot be in a cycle: Python need not look for one.
class Word(Struct, frozen=True, kw_only=True, gc=False):
    """A word and its upright box in page points; `line` and `block` are indexes from 0."""

    text: str
    confidence: float
    x: float
    y: float
    width: float
    height: float
    line: int
    block: int


class Line(Struct, frozen=True, kw_only=True, gc=False):
    """A line of text in reading order and its upright box in page points.

    `angle` is the direction in which it is read, in degrees clockwise from rightwards; `thickness`
    is its height across that direction, in points, where it differs from the box's own.
    """

    text: str
    confidence: float
    x: float
    y: float
    width: float
    height: float
    block: int
    angle: float = 0.0
    thickness: float | None = None
    is_added: bool = False
    """Read on a page that keeps its own text, where that has nothing, not even hidden: a file with
    the page's text in it has yet to get this line."""
    words: tuple[Word, ...] = ()


class Told(Struct, frozen=True, kw_only=True):
    """A page as a host was told of it, in JSON: its `content`, or where that lies in a file."""

    content: str | None = None
    path: str = ""
    offset: int = 0
    size_bytes: int = 0


class Page(Struct, frozen=True, kw_only=True):
    """What came of a page that was read."""

    page: int
    state: Literal["recognized", "native_text", "empty"]
    text: str
    width_pt: float
    height_pt: float
    confidence: float | None = None
    lines: tuple[Line, ...] = ()
    engine: str | None = None
    orientation: Orientation | None = None
    """How far the page must be turned clockwise for its text to be upright."""
    skew: float | None = None
    """How far its lines then still run downwards, in degrees clockwise."""
    preparation: tuple[Preparation, ...] = ()
    reason: str | None = None
    warnings: tuple[str, ...] = ()
    dpi: float | None = None
    seconds: dict[str, float] = msgspec.field(default_factory=dict)
    """Time spent by stage: `render`, `recognize`."""


class PageInfo(Struct, frozen=True, kw_only=True):
    """A page as `document/info` describes it; sizes as a viewer shows the page."""

    page: int
    width_pt: float
    height_pt: float
    rotation: int
    has_text: bool


class EngineInfo(Struct, frozen=True, kw_only=True):
    """An engine as `engine/list` describes it; `reason` says what to do when not available."""

    name: str
    version: str
    available: bool
    languages: tuple[str, ...] = ()
    reason: str | None = None
