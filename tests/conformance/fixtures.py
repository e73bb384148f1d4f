"""The documents that transcripts speak of, made from nothing but the standard library."""

import struct
import zlib
from collections.abc import Sequence
from pathlib import Path

_WIDTH_PX, _HEIGHT_PX = 600, 800
_WIDTH_PT, _HEIGHT_PT = 432, 576  # 100 dots per inch


def write_documents(folder: Path) -> None:
    """Fill a folder, which transcripts call `/home/me`, with blank scans and broken files."""
    blank_pdf(folder / "scan.pdf", 2)
    blank_pdf(folder / "long.pdf", 5)
    blank_png(folder / "receipt.png")
    (folder / "empty.pdf").write_bytes(b"")
    (folder / "broken.pdf").write_bytes(b"%PDF-1.7\nThe rest of it was lost.\n")
    (folder / "notes.txt").write_text("Dear reader, this is no PDF.\n", encoding="utf-8")
    (folder / "folder.pdf").mkdir()


def blank_pdf(path: Path, n_pages: int) -> None:
    """Write a scan of white pages, 432 x 576 points each."""
    pixels = zlib.compress(b"\xff" * (_WIDTH_PX * _HEIGHT_PX))
    image = b"<< /Type /XObject /Subtype /Image /Width %d /Height %d /BitsPerComponent 8" % (
        _WIDTH_PX,
        _HEIGHT_PX,
    )
    image += b" /ColorSpace /DeviceGray /Filter /FlateDecode /Length %d >>" % len(pixels)
    content = b"q %d 0 0 %d 0 0 cm /I Do Q" % (_WIDTH_PT, _HEIGHT_PT)
    page = b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 %d %d] /Contents 4 0 R" % (
        _WIDTH_PT,
        _HEIGHT_PT,
    )
    page += b" /Resources << /XObject << /I 3 0 R >> >> >>"
    kids = b" ".join(b"%d 0 R" % (5 + number) for number in range(n_pages))
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Count %d /Kids [%s] >>" % (n_pages, kids),
        image + b"\nstream\n" + pixels + b"\nendstream",
        b"<< /Length %d >>\nstream\n%s\nendstream" % (len(content), content),
        *([page] * n_pages),
    ]
    write_pdf(path, objects)


def write_pdf(path: Path, objects: Sequence[bytes], trailer: bytes = b"") -> Path:
    """Write a PDF of the objects, numbered from 1; the first is the catalog."""
    body = bytearray(b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n")
    offsets = []
    for number, content in enumerate(objects, 1):
        offsets.append(len(body))
        body += b"%d 0 obj\n%s\nendobj\n" % (number, content)
    start = len(body)
    body += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    body += b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    body += b"trailer\n<< /Size %d /Root 1 0 R %s >>\n" % (len(objects) + 1, trailer)
    body += b"startxref\n%d\n%%%%EOF\n" % start
    path.write_bytes(body)
    return path


def blank_png(path: Path) -> None:
    """Write a white image of 600 x 800 grey pixels."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return (
            struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        )

    header = struct.pack(">IIBBBBB", _WIDTH_PX, _HEIGHT_PX, 8, 0, 0, 0, 0)
    rows = zlib.compress((b"\0" + b"\xff" * _WIDTH_PX) * _HEIGHT_PX)
    chunks = chunk(b"IHDR", header) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + chunks)
