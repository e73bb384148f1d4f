"""What each image format needs before Pillow may open a file of it: its codec, and a look at it.

Sizes are checked by the header before a decoder is made where making it takes the memory already,
or where Pillow believes one header and the decoder another.
"""

import struct
from collections.abc import Callable
from typing import IO, Final

from PIL import Image, features

from ocr_worker import wire
from ocr_worker.documents.base import check_pixels
from ocr_worker.documents.formats import LABELS
from ocr_worker.errors import TaskError

# Pillow's own limit only warns up to twice its value, and is not ours to tell the host about.
Image.MAX_IMAGE_PIXELS = None

MAX_WHOLE_BYTES: Final = 256 * 1024**2
"""Files that a decoder reads whole into memory; a picture of the largest size takes less."""

_WHOLE: Final = ("webp", "heic", "avif")
_PILLOW_NAMES: Final = {"jp2": "JPEG2000", "heic": "HEIF"}
"""Where Pillow's name is not ours in capitals."""
_FEATURES: Final = {"webp": "webp", "jp2": "jpg_2000", "avif": "avif"}
"""What a Pillow that was built otherwise may lack."""
_ADVICE: Final = "Scan it at a lower resolution."


def open_image(stream: IO[bytes], format_: str, limits: wire.Limits) -> Image.Image:
    """Return Pillow's image of a stream, its header read and its pixels not yet.

    Raise `TaskError` of kind `unsupported_format` where the codec is not installed, or
    `limit_exceeded`; and whatever Pillow raises for damaged data.
    """
    _load_codec(format_)
    if format_ in _WHOLE:
        _check_whole_bytes(stream)
    if look := _HEADERS.get(format_):
        size = look(stream)
        stream.seek(0)
        if size is not None:
            check_pixels(*size, limits, _ADVICE)
    return Image.open(stream, formats=[_PILLOW_NAMES.get(format_, format_.upper())])


def _load_codec(format_: str) -> None:
    """Raise `TaskError` of kind `unsupported_format` when the codec is not installed."""
    if format_ == "heic":
        try:
            import pi_heif
        except ImportError:
            raise _unsupported(format_, "the package pi-heif") from None
        # One thread, as everything here: slots are what runs in parallel.
        pi_heif.options.DECODE_THREADS = 1
        pi_heif.register_heif_opener()
    elif format_ in _FEATURES and not features.check(_FEATURES[format_]):
        raise _unsupported(format_, "a newer Pillow, 11.3 or later,")
    elif format_ == "avif":
        from PIL import AvifImagePlugin

        AvifImagePlugin.DEFAULT_MAX_THREADS = 1


def _unsupported(format_: str, what: str) -> TaskError:
    return TaskError(
        "unsupported_format",
        f"{LABELS[format_]} needs {what} beside the worker. Install it, or convert the image to"
        " PNG.",
    )


def _check_whole_bytes(stream: IO[bytes]) -> None:
    n_bytes = stream.seek(0, 2)
    stream.seek(0)
    if n_bytes > MAX_WHOLE_BYTES:
        raise TaskError(
            "limit_exceeded",
            f"The image has {n_bytes} bytes, the limit of its format is {MAX_WHOLE_BYTES}."
            " Convert it to PNG or TIFF.",
            which="document_bytes",
            limit=MAX_WHOLE_BYTES,
            value=n_bytes,
        )


def _webp_size(stream: IO[bytes]) -> tuple[int, int] | None:
    """Return the canvas that a WebP asks for: its decoder takes memory for it when it is made."""
    head = stream.read(30)
    chunk, content = head[12:16], head[20:]
    if chunk == b"VP8X" and len(content) >= 10:
        return _number(content[4:7]) + 1, _number(content[7:10]) + 1
    if chunk == b"VP8L" and len(content) >= 5:
        bits = _number(content[1:5])
        return (bits & 0x3FFF) + 1, ((bits >> 14) & 0x3FFF) + 1
    if chunk == b"VP8 " and len(content) >= 10:
        return _number(content[6:8]) & 0x3FFF, _number(content[8:10]) & 0x3FFF
    return None


def _number(content: bytes) -> int:
    return int.from_bytes(content, "little")


def _jpeg2000_size(stream: IO[bytes]) -> tuple[int, int] | None:
    """Return the size in the codestream, which is what is decoded, whatever the boxes say."""
    if stream.read(2) != b"\xff\x4f" and not _seek_codestream(stream):
        return None
    head = stream.read(22)  # the marker, its length, capabilities, then width, height and offsets
    if len(head) < 22 or head[:2] != b"\xff\x51":
        return None
    width, height, left, top = struct.unpack(">4I", head[6:22])
    return max(0, width - left), max(0, height - top)


def _seek_codestream(stream: IO[bytes]) -> bool:
    """Go behind the first marker of the codestream in a file of boxes; False without one."""
    at = 0
    while len(head := _read_at(stream, at, 16)) >= 8:
        length, header = int.from_bytes(head[:4], "big"), 8
        if length == 1:
            length, header = int.from_bytes(head[8:16], "big"), 16
        if head[4:8] == b"jp2c":
            return _read_at(stream, at + header, 2) == b"\xff\x4f"
        if length < header:
            return False
        at += length
    return False


def _read_at(stream: IO[bytes], at: int, n_bytes: int) -> bytes:
    if at >= 2**63:
        return b""
    stream.seek(at)
    return stream.read(n_bytes)


_HEADERS: Final[dict[str, Callable[[IO[bytes]], tuple[int, int] | None]]] = {
    "webp": _webp_size,
    "jp2": _jpeg2000_size,
}
