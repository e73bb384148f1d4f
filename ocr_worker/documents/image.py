"""Image files, read by Pillow: one page each, but for TIFF, which has any number.

A size is taken from the header and checked before anything is decoded. Files are handed to Pillow
as streams, never by name: by name it maps some into memory, and a file that shrinks under a map
kills the process.
"""

import contextlib
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from PIL import ExifTags, Image, ImageChops

from ocr_worker import wire
from ocr_worker.documents.base import (
    POINTS_PER_INCH,
    Frame,
    PageImage,
    SourceFile,
    cannot_be_read,
    check_page,
    check_page_count,
    check_pixels,
    picture_frame,
)
from ocr_worker.documents.image_codecs import open_image
from ocr_worker.documents.tiff_pages import TiffPages
from ocr_worker.engines.base import Pixels
from ocr_worker.errors import TaskError

if TYPE_CHECKING:
    from ocr_worker.documents.text_layer import TextLayer

MIN_DPI, MAX_DPI = 30.0, 4800.0
"""Resolutions outside are mistakes of the writing program, as is a ratio of the two beyond 4."""

_DECODE_ERRORS = (
    OSError,
    SyntaxError,
    ValueError,
    EOFError,
    LookupError,
    TypeError,
    AttributeError,
    AssertionError,
    ArithmeticError,
    RuntimeError,
    struct.error,
    zlib.error,
)
"""What Pillow raises for damaged data: whatever its parser stumbled over."""

_TO_UPRIGHT = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
"""EXIF orientation to what makes the image upright; Pillow's rotations are counter-clockwise."""

_ROTATIONS = {3: 180, 4: 180, 5: 90, 6: 90, 7: 270, 8: 270}
"""EXIF orientation to degrees clockwise, the mirroring ones without their mirror."""


@dataclass(frozen=True, slots=True)
class OriginalPage:
    """A page as the file has it: `image` is not decoded yet, nor turned by `orientation`, 1 to 8.

    `size_pt` is its size in points as it is to be seen.
    """

    image: Image.Image
    size_pt: tuple[float, float]
    orientation: int


class ImageDocument:
    """An open image file. Raises as `open_document` says."""

    def __init__(self, file: SourceFile, format_: str, limits: wire.Limits) -> None:
        self._file = file
        self._limits = limits
        self.format = format_
        self.size_bytes = file.size_bytes
        self.modified_ns = file.modified_ns
        self.encrypted = False
        self.warnings: tuple[str, ...] = ()
        self.page_count = 1
        self._tiff: TiffPages | None = None
        with _damage_as_task_error(), _open_stream(file.path) as stream:
            if format_ == "tiff":
                # One more than the limit is enough to be refused.
                self._tiff = TiffPages(stream, limits.max_pages + 1)
                self.page_count = len(self._tiff.offsets)
                check_page_count(self.page_count, limits)
                if self._tiff.is_loop:
                    self.warnings = ("The TIFF is damaged: pages may be missing.",)
        if self.page_count == 1:
            # Of several pages each fails for itself.
            with self._page(1) as image:
                if self._tiff is None and _is_animated(image):
                    self.warnings = ("Only the first picture in the file is read.",)

    def describe(self, page: int) -> wire.PageInfo:
        """Return a page's size in points; see `Document`."""
        with self._file.read_unchanged(), self._page(page) as image:
            size_pt, _ = _geometry(image)
            rotation = _ROTATIONS.get(_orientation(image), 0)
        return wire.PageInfo(
            page=page,
            width_pt=round(size_pt[0], 2),
            height_pt=round(size_pt[1], 2),
            rotation=rotation,
            has_text=False,
        )

    def render(
        self, page: int, *, dpi: float | None, region: wire.Region | None, scale: float
    ) -> PageImage:
        """Return a page's pixels, as many as the file has; see `Document`.

        Pixels that are not square, as those of a fax, are made so. `dpi` resamples where the file
        states its resolution; where it does not, there is nothing that `dpi` could be measured by.
        """
        with self._file.read_unchanged(), self._page(page) as image:
            self._check_size(image, page)
            orientation = _orientation(image)  # before decoding, which may forget it
            size_pt, stated_dpi = _geometry(image)
            target = (dpi if dpi and stated_dpi else stated_dpi or POINTS_PER_INCH) * scale
            width, height = (max(1, round(side * target / POINTS_PER_INCH)) for side in size_pt)
            frame = Frame.of(size_pt, (width, height), page, region)
            check_pixels(*frame.size_px, self._limits, f"Ask for a lower dpi for page {page}.")
            return frame.image(_pixels(_upright(image, orientation), frame))

    def show(self, page: int, *, max_px: int | None, dpi: float | None) -> Pixels:
        """Return a page's pixels as a viewer shows it, made square; see `Document`.

        A file that states no resolution counts as 72 dpi.
        """
        with self._file.read_unchanged(), self._page(page) as image:
            self._check_size(image, page)
            orientation = _orientation(image)  # before decoding, which may forget it
            size_pt, stated_dpi = _geometry(image)
            asked = dpi or (max_px or 1) * POINTS_PER_INCH / max(size_pt)
            px_per_pt = min(asked, stated_dpi or POINTS_PER_INCH) / POINTS_PER_INCH
            frame = picture_frame(size_pt, px_per_pt, page, self._limits)
            return _pixels(_upright(image, orientation), frame)

    def text_layer(self, page: int) -> "TextLayer | None":
        """Return None: an image carries no text."""
        check_page(page, self.page_count)
        return None

    @contextlib.contextmanager
    def original(self, page: int) -> Iterator[OriginalPage]:
        """Open a page for as long as the block lasts, in which it may be decoded.

        Raise `TaskError` of kind `document_unreadable` where it cannot be, in the block too.
        """
        with self._page(page) as image:
            size_pt, _ = _geometry(image)
            # A TIFF is turned by Pillow.
            yield OriginalPage(image, size_pt, 1 if image.format == "TIFF" else _orientation(image))

    def close(self) -> None:
        """Nothing is kept open."""

    @contextlib.contextmanager
    def _page(self, page: int) -> Iterator[Image.Image]:
        """Open a page, of which the header is read and no pixel."""
        check_page(page, self.page_count)
        with (
            _damage_as_task_error(page if self.page_count > 1 else None),
            self._open_at(page) as stream,
            open_image(stream, self.format, self._limits) as image,
        ):
            yield image

    def _open_at(self, page: int) -> IO[bytes]:
        if self._tiff is None:
            return _open_stream(self._file.path)
        try:
            return self._tiff.open(self._file.path, page)
        except OSError:
            raise cannot_be_read() from None

    def _check_size(self, image: Image.Image, page: int) -> None:
        """Raise `TaskError` of kind `limit_exceeded` for a page too large to be decoded."""
        check_pixels(*image.size, self._limits, f"Scan page {page} at a lower resolution.")


def _is_animated(image: Image.Image) -> bool:
    """Return whether there is a second picture. Only one more is looked for, never all."""
    try:
        return bool(getattr(image, "is_animated", False))
    except _DECODE_ERRORS:
        return False  # something follows, but no picture


def _geometry(image: Image.Image) -> tuple[tuple[float, float], float | None]:
    """Return (width, height) in points and the finer resolution that the file states.

    From the header alone, with the orientation applied.
    """
    turned = _orientation(image) >= 5
    width, height = image.size
    if turned and image.format != "TIFF":  # Pillow has turned a TIFF's size itself
        width, height = height, width
    stated = _stated_dpi(image)
    if stated is None:
        return (float(width), float(height)), None
    dpi_x, dpi_y = reversed(stated) if turned else stated
    size_pt = width * POINTS_PER_INCH / dpi_x, height * POINTS_PER_INCH / dpi_y
    return size_pt, max(dpi_x, dpi_y)


def _orientation(image: Image.Image) -> int:
    """Return the EXIF orientation, 1 to 8."""
    if image.format == "PNG" and "exif" not in image.info:
        return 1  # asking Pillow would decode the image to look behind its data
    found = image.getexif().get(ExifTags.Base.Orientation, 1)
    return found if isinstance(found, int) and 1 <= found <= 8 else 1


def _upright(image: Image.Image, orientation: int) -> Image.Image:
    """Return the image as it is to be seen; a TIFF has been turned by Pillow."""
    if image.format in ("JPEG", "MPO") and image.mode == "CMYK" and "adobe" not in image.info:
        # Pillow takes every JPEG in CMYK for one of Adobe's, which are negatives.
        image = ImageChops.invert(image)
    if image.format == "TIFF" or orientation not in _TO_UPRIGHT:
        return image
    return image.transpose(_TO_UPRIGHT[orientation])


def _stated_dpi(image: Image.Image) -> tuple[float, float] | None:
    """Return the resolution across and down that the file states, or None without a sane one."""
    try:
        across, down = (float(value) for value in image.info["dpi"])
    except (KeyError, TypeError, ValueError, ArithmeticError):
        return None
    if not (MIN_DPI <= across <= MAX_DPI and MIN_DPI <= down <= MAX_DPI):
        return None
    return (across, down) if 0.25 <= across / down <= 4 else None


def _pixels(image: Image.Image, frame: Frame) -> Pixels:
    """Return the frame's part of an upright image, resampled where the frame's size differs."""
    if image.size == frame.full_px:
        # A copy of the largest image takes half a gigabyte.
        is_whole = frame.crop == (0, 0, *image.size)
        return np.array(to_rgb(image if is_whole else image.crop(frame.crop)))
    across, down = image.width / frame.full_px[0], image.height / frame.full_px[1]
    left, top, right, bottom = frame.crop
    box = (
        left * across,
        top * down,
        min(right * across, image.width),
        min(bottom * down, image.height),
    )
    return np.array(to_rgb(image).resize(frame.size_px, Image.Resampling.LANCZOS, box=box))


def to_rgb(image: Image.Image) -> Image.Image:
    """Return the image in RGB, what is transparent in it over white."""
    if image.has_transparency_data:
        image = image.convert("RGBA")
        paper = Image.new("RGBA", image.size, "white")
        return Image.alpha_composite(paper, image).convert("RGB")
    if image.mode.startswith("I;16"):
        # Pillow would clip to 255, which makes all but the darkest grey white.
        return Image.fromarray((np.asarray(image) >> 8).astype(np.uint8)).convert("RGB")
    if image.mode in ("I", "F"):
        return _stretched(np.asarray(image, dtype=np.float64)).convert("RGB")
    return image if image.mode == "RGB" else image.convert("RGB")


def _stretched(values: NDArray[np.float64]) -> Image.Image:
    """Return greys of an unstated range, from the darkest as black to the brightest as white."""
    values = np.nan_to_num(values, nan=0.0, posinf=0.0, neginf=0.0)
    darkest, brightest = values.min(), values.max()
    if darkest == brightest:
        return Image.new("L", (values.shape[1], values.shape[0]), "white")
    greys = np.rint((values - darkest) * (255 / (brightest - darkest)))
    return Image.fromarray(greys.astype(np.uint8))


def _open_stream(path: str) -> IO[bytes]:
    try:
        return open(path, "rb")
    except OSError:
        raise cannot_be_read() from None


@contextlib.contextmanager
def _damage_as_task_error(page: int | None = None) -> Iterator[None]:
    try:
        yield
    except _DECODE_ERRORS:
        what = "The image" if page is None else f"Page {page} of the image"
        raise TaskError(
            "document_unreadable",
            f"{what} is damaged or cut off. Save, scan or download it again.",
        ) from None
