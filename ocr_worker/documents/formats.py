"""The formats of documents: what each is called, and by which content it is known."""

import os
from typing import Final

LABELS: Final = {
    "pdf": "PDF",
    "png": "PNG",
    "jpeg": "JPEG",
    "tiff": "TIFF",
    "webp": "WebP",
    "bmp": "BMP",
    "gif": "GIF",
    "jp2": "JPEG 2000",
    "heic": "HEIC",
    "avif": "AVIF",
}
"""What people call each format; the keys are what hosts are told."""
FORMATS: Final = tuple(LABELS)

HEAD_BYTES: Final = 1024
"""Readers find a PDF's header anywhere in so many bytes; the other signatures are at the start."""

_EXTENSIONS: Final = {
    "pdf": (".pdf",),
    "png": (".png",),
    "jpeg": (".jpg", ".jpeg", ".jpe"),
    "tiff": (".tif", ".tiff"),
    "webp": (".webp",),
    "bmp": (".bmp", ".dib"),
    "gif": (".gif",),
    "jp2": (".jp2", ".j2k", ".j2c", ".jpc", ".jpx", ".jpf"),
    "heic": (".heic", ".heif"),
    "avif": (".avif",),
}
_SIGNATURES: Final = (
    ("png", (b"\x89PNG\r\n\x1a\n",)),
    ("jpeg", (b"\xff\xd8\xff",)),
    # The last two are BigTIFF, which large scans need.
    ("tiff", (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")),
    ("gif", (b"GIF87a", b"GIF89a")),
    # A file of boxes, or the bare codestream with its first two markers.
    ("jp2", (b"\0\0\0\x0cjP  \r\n\x87\n", b"\xff\x4f\xff\x51")),
)
_BMP_HEADER_SIZES: Final = {12, 40, 52, 56, 64, 108, 124}
_AVIF_BRANDS: Final = {b"avif", b"avis"}
_HEIC_BRANDS: Final = {b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"hevm", b"hevs"}
_ANY_BRANDS: Final = {b"mif1", b"msf1", b"mif2"}
"""Pictures in boxes, whatever their codec; another brand should tell it."""


def sniff(head: bytes) -> str | None:
    """Return the format, one of `FORMATS`, that a file's first 1024 bytes are of, or None."""
    for format_, signatures in _SIGNATURES:
        if head.startswith(signatures):
            return format_
    if head.startswith(b"RIFF") and head[8:12] == b"WEBP":
        return "webp"
    # Two letters alone would claim every text that begins with "BM".
    if head.startswith(b"BM") and int.from_bytes(head[14:18], "little") in _BMP_HEADER_SIZES:
        return "bmp"
    if head[4:8] == b"ftyp":
        return _by_brands(head)
    # After the images: one may carry these letters in its metadata.
    if b"%PDF-" in head:
        return "pdf"
    return None


def claimed_by(path: str) -> str | None:
    """Return the format that a file's name claims, or None when it claims none of ours."""
    suffix = os.path.splitext(path)[1].lower()
    return next((name for name, suffixes in _EXTENSIONS.items() if suffix in suffixes), None)


def all_labels() -> str:
    """Return the formats as part of a sentence: PDF, PNG or JPEG."""
    *others, last = LABELS.values()
    return f"{', '.join(others)} or {last}"


def _by_brands(head: bytes) -> str | None:
    """Return which kind of picture a file of boxes says that it is, its major brand first."""
    end = min(int.from_bytes(head[:4], "big"), len(head))
    brands = [head[8:12], *(head[at : at + 4] for at in range(16, end - 3, 4))]
    for brand in brands:
        if brand in _AVIF_BRANDS:
            return "avif"
        if brand in _HEIC_BRANDS:
            return "heic"
    return "heic" if _ANY_BRANDS.intersection(brands) else None
