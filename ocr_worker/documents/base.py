"""What a document is to the worker: pages that can be described, rendered and asked for their text.

Each format is one module that implements `Document`; this one holds what they share, so that a
file that changes under us, a page that does not exist and an image that is too large fail in the
same words whatever the format.
"""

import math
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from ocr_worker import wire
from ocr_worker.engines.base import Pixels
from ocr_worker.errors import TaskError

if TYPE_CHECKING:
    from ocr_worker.documents.text_layer import TextLayer

POINTS_PER_INCH = 72.0

MAX_SIDE_PX = 65_500
"""Longest side of a picture: what JPEG has room for, and more than any viewer shows."""


@dataclass(frozen=True, slots=True)
class PageImage:
    """A rendered page, or the part of it that a region names.

    `pixels` is RGB of shape (height, width, 3). `width_pt` and `height_pt` are those of the whole
    page as a viewer shows it; `x_pt` and `y_pt` are where the top left of the pixels lies on it.
    Pixel (i, j) is the point (x_pt + i / pixels_per_pt_x, y_pt + j / pixels_per_pt_y).
    """

    pixels: Pixels
    width_pt: float
    height_pt: float
    x_pt: float
    y_pt: float
    pixels_per_pt_x: float
    pixels_per_pt_y: float
    dpi: float


@dataclass(frozen=True, slots=True)
class Frame:
    """Where the pixels of a rendering lie on the page.

    `size_pt` and `full_px` are (width, height) of the whole page; `crop` is (left, top, right,
    bottom) of the part that is rendered, in pixels of the whole.
    """

    size_pt: tuple[float, float]
    full_px: tuple[int, int]
    crop: tuple[int, int, int, int]

    @classmethod
    def of(
        cls,
        size_pt: tuple[float, float],
        full_px: tuple[int, int],
        page: int,
        region: wire.Region | None,
    ) -> "Frame":
        """Return the frame that holds the region, rounded outwards and cut at the page's edges.

        Without a region, or with one of another page, that is the whole page. Raise `TaskError` of
        kind `invalid_params` when nothing of the region is on the page.
        """
        width, height = full_px
        if region is None or region.page not in (None, page):
            return cls(size_pt, full_px, (0, 0, width, height))
        per_pt_x, per_pt_y = width / size_pt[0], height / size_pt[1]
        left = max(0, math.floor(region.x * per_pt_x))
        top = max(0, math.floor(region.y * per_pt_y))
        right = min(width, math.ceil((region.x + region.width) * per_pt_x))
        bottom = min(height, math.ceil((region.y + region.height) * per_pt_y))
        if left >= right or top >= bottom:
            raise TaskError(
                "invalid_params",
                f"The region lies outside page {page}. Give it in points from the page's top left.",
                path="options.region",
            )
        return cls(size_pt, full_px, (left, top, right, bottom))

    @property
    def size_px(self) -> tuple[int, int]:
        """Width and height of what is rendered."""
        left, top, right, bottom = self.crop
        return right - left, bottom - top

    @property
    def pixels_per_pt(self) -> tuple[float, float]:
        """Resolution across and down."""
        return self.full_px[0] / self.size_pt[0], self.full_px[1] / self.size_pt[1]

    def image(self, pixels: Pixels) -> PageImage:
        """Return the pixels with their place on the page."""
        per_pt_x, per_pt_y = self.pixels_per_pt
        return PageImage(
            pixels=pixels,
            width_pt=self.size_pt[0],
            height_pt=self.size_pt[1],
            x_pt=self.crop[0] / per_pt_x,
            y_pt=self.crop[1] / per_pt_y,
            pixels_per_pt_x=per_pt_x,
            pixels_per_pt_y=per_pt_y,
            dpi=POINTS_PER_INCH * max(per_pt_x, per_pt_y),
        )


class Document(Protocol):
    """An open document; used from one thread. Pages count from 1.

    `format` is one of `formats.FORMATS`. `warnings` are sentences for people
    about what was found while opening.
    """

    format: str
    page_count: int
    encrypted: bool
    size_bytes: int
    modified_ns: int
    warnings: tuple[str, ...]

    def describe(self, page: int) -> wire.PageInfo:
        """Return a page's size and whether it has text, without rendering it.

        Raise `TaskError` of kind `page_out_of_range` or `document_unreadable`.
        """
        ...

    def render(
        self, page: int, *, dpi: float | None, region: wire.Region | None, scale: float
    ) -> PageImage:
        """Return a page's pixels, at the resolution that suits it unless `dpi` names one.

        `scale` multiplies either. A region that names another page is not meant for this one.
        Raise `TaskError` of kind `page_out_of_range`, `limit_exceeded` (before the memory is
        taken), `document_unreadable`, `document_changed`, or `invalid_params` for a region that
        lies outside the page.
        """
        ...

    def show(self, page: int, *, max_px: int | None, dpi: float | None) -> Pixels:
        """Return a page's pixels as a viewer shows it: RGB of shape (height, width, 3).

        One of the two is given: `max_px` pixels for the longer side, or a resolution. An image is
        never enlarged. Raise `TaskError` of kind `page_out_of_range`, `limit_exceeded` (before the
        memory is taken), `document_unreadable` or `document_changed`.
        """
        ...

    def text_layer(self, page: int) -> "TextLayer | None":
        """Return the text that the page itself carries, or None when it carries none.

        Raise `TaskError` of kind `page_out_of_range`, `document_unreadable`, `document_changed`.
        """
        ...

    def close(self) -> None:
        """Release the file; the document is not to be used any more."""
        ...


@dataclass(frozen=True, slots=True)
class SourceFile:
    """The file behind a document, and its size and time of change when it was opened."""

    path: str
    size_bytes: int
    modified_ns: int

    def check_unchanged(self) -> None:
        """Raise `TaskError` of kind `document_changed` when the file is no longer what it was."""
        now = stat_file(self.path)
        if (now.size_bytes, now.modified_ns) != (self.size_bytes, self.modified_ns):
            raise document_changed()

    @contextmanager
    def read_unchanged(self) -> Iterator[None]:
        """Check on leaving that what was read inside belongs to one state of the file.

        A file that changed under the reader often shows as damage first, so the check is made
        after a failure too, and `document_changed` takes its place.
        """
        try:
            yield
        except TaskError:
            self.check_unchanged()
            raise
        self.check_unchanged()


def stat_file(path: str) -> SourceFile:
    """Return the size and time of change of a regular file.

    Raise `TaskError` of kind `document_not_found` or `document_unreadable`. Anything but a regular
    file is refused here, since opening a pipe or a device can block for ever.
    """
    try:
        found = os.stat(path)
    except (FileNotFoundError, NotADirectoryError, ValueError):  # ValueError: a NUL in the path
        raise TaskError(
            "document_not_found", "There is no such file. Check the path, and that it still exists."
        ) from None
    except OSError:
        raise cannot_be_read() from None
    if stat.S_ISDIR(found.st_mode):
        raise TaskError(
            "document_unreadable", "This is a folder, not a document. Name the files in it."
        )
    if not stat.S_ISREG(found.st_mode):
        raise TaskError(
            "document_unreadable", "This is no regular file. Copy its content to one first."
        )
    return SourceFile(path, found.st_size, found.st_mtime_ns)


def document_changed() -> TaskError:
    """Return the error for a file that is no longer the one that was counted or opened."""
    return TaskError(
        "document_changed", "The document was changed while it was being read. Start it again."
    )


def cannot_be_read() -> TaskError:
    """Return the error for a file that the system does not let us read."""
    return TaskError(
        "document_unreadable",
        "The file cannot be read. Check its permissions and that its disk is there.",
    )


def check_page(page: int, page_count: int) -> None:
    """Raise `TaskError` of kind `page_out_of_range` unless 1 <= page <= page_count."""
    if not 1 <= page <= page_count:
        raise TaskError(
            "page_out_of_range",
            f"There is no page {page}: the document has {page_count}.",
            page=page,
            page_count=page_count,
        )


def check_page_count(page_count: int, limits: wire.Limits) -> None:
    """Raise `TaskError` of kind `limit_exceeded` for a document of too many pages.

    Pages need not be counted further than to one more than may be.
    """
    if page_count > limits.max_pages:
        raise TaskError(
            "limit_exceeded",
            f"The document has more pages than the limit of {limits.max_pages}. Split it.",
            which="pages",
            limit=limits.max_pages,
            value=page_count,
        )


def check_pixels(width: int, height: int, limits: wire.Limits, advice: str) -> None:
    """Raise `TaskError` of kind `limit_exceeded` for an image that would take too much memory."""
    if width * height > limits.max_page_pixels:
        raise TaskError(
            "limit_exceeded",
            f"{width} x {height} pixels are more than the limit of {limits.max_page_pixels}."
            f" {advice}",
            which="page_pixels",
            limit=limits.max_page_pixels,
            value=width * height,
        )


def picture_frame(
    size_pt: tuple[float, float], px_per_pt: float, page: int, limits: wire.Limits
) -> Frame:
    """Return the frame of a page that is shown whole, at so many pixels a point.

    Raise `TaskError` of kind `limit_exceeded` when that is too large.
    """
    width, height = (max(1, round(side * px_per_pt)) for side in size_pt)
    advice = f"Ask for a smaller picture of page {page}."
    check_pixels(width, height, limits, advice)
    longest = max(width, height)
    if longest > MAX_SIDE_PX:
        raise TaskError(
            "limit_exceeded",
            f"{longest} pixels are more than a side may have, which is {MAX_SIDE_PX}. {advice}",
            which="side_pixels",
            limit=MAX_SIDE_PX,
            value=longest,
        )
    return Frame(size_pt, (width, height), (0, 0, width, height))
