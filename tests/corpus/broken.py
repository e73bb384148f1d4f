"""Broken files: cut off, overwritten, empty, of another kind, repaired; each with its error."""

from collections.abc import Iterator
from pathlib import Path
from random import Random

import numpy as np
from PIL import Image

from tests.conformance.fixtures import write_pdf
from tests.corpus.entry import (
    DAMAGED,
    NATIVE,
    READ,
    UNKNOWN,
    Entry,
    bad,
    good,
    picture,
    words_for,
)
from tests.corpus.images import HEIC
from tests.corpus.pdf_codecs import image_stream, saved, scan
from tests.corpus.tiff_writer import Directory, Tiff, tags_of
from tests.scans import A4_PT, content_pdf, placed, shown_text, stream, text_pdf

_FORMATS = {
    ".png": "PNG",
    ".jpg": "JPEG",
    ".tif": "TIFF",
    ".webp": "WEBP",
    ".bmp": "BMP",
    ".gif": "GIF",
    ".jp2": "JPEG2000",
    ".avif": "AVIF",
    ".pdf": "PDF",
}


def broken(folder: Path) -> Iterator[Entry]:
    """Write the files and yield what is known of them."""
    yield from _cut_and_overwritten(folder)
    yield from _other_things(folder)
    yield from _repaired(folder)
    yield from _garbage_images(folder)
    yield from _damaged_pages(folder)


def _cut_and_overwritten(folder: Path) -> Iterator[Entry]:
    contents = {suffix: saved(picture(("BROKEN",)), name) for suffix, name in _FORMATS.items()}
    contents[".heic"] = (HEIC / "heic-plain.heic").read_bytes()
    garbage = Random(1).randbytes(3000)
    for suffix, content in contents.items():
        format_ = suffix[1:].replace("tif", "tiff").replace("jpg", "jpeg")
        # Some formats have all that is needed to count pages before the cut.
        opens = suffix in (".png", ".jpg", ".tif", ".bmp", ".gif", ".jp2", ".heic")
        (folder / f"half{suffix}").write_bytes(content[: len(content) // 2])
        if opens:
            yield Entry(f"half{suffix}", (DAMAGED,), format=format_)
        else:
            yield bad(f"half{suffix}", DAMAGED)
        (folder / f"garbage{suffix}").write_bytes(content[:18] + garbage)
        yield bad(f"garbage{suffix}", DAMAGED)
        (folder / f"nothing{suffix}").write_bytes(b"")
        yield bad(f"nothing{suffix}", DAMAGED)


def _other_things(folder: Path) -> Iterator[Entry]:
    for name, content, error in (
        ("words.pdf", b"Dear reader, this is no PDF.\n", DAMAGED),
        ("words.heic", b"Dear reader, this is no picture.\n", DAMAGED),
        ("words.txt", b"Dear reader, this is no PDF.\n", UNKNOWN),
        ("archive.docx", b"PK\3\4\x14\0\6\0\x08\0" + b"\0" * 500, UNKNOWN),
        ("film.mp4", b"\0\0\0\x18ftypisom\0\0\2\0isommp42" + b"\0" * 500, UNKNOWN),
        ("page.html", b"<!doctype html><p>Words", UNKNOWN),
        ("drawing.svg", b"<svg xmlns='http://www.w3.org/2000/svg'/>", UNKNOWN),
        ("bmw", b"BMW makes cars, and this is no bitmap.", UNKNOWN),
        ("zeros.tif", b"\0" * 5000, DAMAGED),
    ):
        (folder / name).write_bytes(content)
        yield bad(name, error)


def _repaired(folder: Path) -> Iterator[Entry]:
    words = words_for(400)
    text = [[" ".join(words)]]
    path = text_pdf(folder / "pdf-no-table.pdf", text)
    path.write_bytes(path.read_bytes().replace(b"xref\n0 ", b"xxxx\n0 ", 1))
    yield Entry(path.name, (NATIVE,), format="pdf", words=words, warns=True)
    path = text_pdf(folder / "pdf-shifted.pdf", text)
    path.write_bytes(path.read_bytes().replace(b"%PDF-1.7\n", b"%PDF-1.7\n% shifted\n", 1))
    yield Entry(path.name, (NATIVE,), format="pdf", words=words, warns=True)
    path = text_pdf(folder / "pdf-wrong-length.pdf", text)
    content = path.read_bytes()
    at = content.rindex(b"/Length ")
    path.write_bytes(content[: at + 8] + b"9" + content[at + 9 :])
    yield Entry(path.name, (NATIVE,), format="pdf", words=words)
    # PDFium opens nothing without a trailer, qpdf looks for the catalog itself.
    for kind, broken in {"lost": b"", "cut": b"trailer\n<"}.items():
        path = text_pdf(folder / f"pdf-trailer-{kind}.pdf", text)
        content = path.read_bytes()
        at = content.index(b"trailer")
        path.write_bytes(content[:at] + broken + content[at + 10 :])
        yield Entry(path.name, (NATIVE,), format="pdf", words=words, warns=True)


def _garbage_images(folder: Path) -> Iterator[Entry]:
    garbage = Random(2).randbytes(2000)
    grey = b"/ColorSpace /DeviceGray /BitsPerComponent 8"
    bits = b"/ColorSpace /DeviceGray /BitsPerComponent 1"
    for name, entries, filter_, content in (
        ("flate", grey, b"/FlateDecode", garbage),
        ("flate-headed", grey, b"/FlateDecode", b"\x78\x9c" + garbage),
        ("flate-empty", grey, b"/FlateDecode", b""),
        ("flate-mask", b"/ImageMask true /BitsPerComponent 1", b"/FlateDecode", garbage),
        ("raw-short", grey, None, b"\0" * 99),
        ("jpeg", grey, b"/DCTDecode", garbage),
        ("jpx", b"", b"/JPXDecode", garbage),
        ("jbig2", bits, b"/JBIG2Decode", garbage),
    ):
        path = folder / f"pdf-garbage-{name}.pdf"
        scan(path, image_stream(content, entries, filter_, pack=False))
        yield Entry(path.name, (DAMAGED,), format="pdf")
    for kind, value in {"white": b"\xff", "black": b"\0"}.items():
        path = folder / f"pdf-{kind}.pdf"
        scan(path, image_stream(value * 440 * 180, grey))
        yield good(path.name, "pdf")


def _damaged_pages(folder: Path) -> Iterator[Entry]:
    words = words_for(410)
    line = " ".join(words)
    path = text_pdf(folder / "pdf-page-lost.pdf", [[line]] * 3)
    path.write_bytes(path.read_bytes().replace(b"/Kids [4 0 R 6 0 R", b"/Kids [4 0 R 9 9 R"))
    yield Entry(path.name, (NATIVE, DAMAGED, NATIVE), format="pdf", words=words)
    empty = write_pdf(
        folder / "pdf-0-pages.pdf",
        [b"<< /Type /Catalog /Pages 2 0 R >>", b"<< /Type /Pages /Count 0 /Kids [] >>"],
    )
    yield bad(empty.name, DAMAGED)
    content_pdf(
        folder / "pdf-ornament-lost.pdf",
        [placed("Im0", 500, 100, 60, 40) + shown_text([line])],
        images={"Im0": image_stream(b"\xff" * 50, b"/ColorSpace /DeviceGray", b"/DCTDecode")},
    )
    yield Entry("pdf-ornament-lost.pdf", (NATIVE,), format="pdf", words=words)
    content_pdf(folder / "pdf-content-garbage.pdf", [Random(3).randbytes(3000)])
    yield good("pdf-content-garbage.pdf", "pdf")
    content_pdf(folder / "pdf-no-size.pdf", [shown_text([line])], size=(0, 0))
    yield Entry("pdf-no-size.pdf", (NATIVE,), format="pdf", words=words)
    content_pdf(
        folder / "pdf-image-without-size.pdf",
        [placed("Im0", 0, 0, *A4_PT)],
        images={"Im0": stream(b"", b"/Subtype /Image /Width 0 /Height 0")},
    )
    yield good("pdf-image-without-size.pdf", "pdf")
    pixels = np.asarray(Image.new("L", (40, 40), 255))[:, :, None]
    fine = Directory(tags_of(pixels, 1), [pixels.tobytes()])
    cut = Directory(tags_of(pixels, 1, 8), [b"\x78\x9cno zlib"])
    Tiff(pages=[fine, cut, fine]).write(folder / "tiff-page-lost.tif")
    yield Entry("tiff-page-lost.tif", (READ, DAMAGED, READ), format="tiff")
