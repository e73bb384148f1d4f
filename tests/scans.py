"""Documents for tests, made in code: scans, born-digital and encrypted PDFs, and broken files.

Nothing but Pillow and the standard library, so that the tests do not check PDFium with itself.
"""

import hashlib
import struct
import zlib
from collections.abc import Mapping, Sequence
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

from tests.conformance.fixtures import write_pdf

A4_PT = (595, 842)

Box = tuple[float, float, float, float]
"""Left, top, right and bottom."""

_PASSWORD_PADDING = bytes.fromhex(
    "28BF4E5E4E758A4164004E56FFFA01082E2E00B6D0683E802F0CA9FE6453697A"
)


def text_image(
    lines: Sequence[str],
    *,
    size: tuple[int, int] = (1000, 600),
    font_px: int = 40,
    margin: int = 50,
) -> Image.Image:
    """Return an RGB image of black lines on white, each 1.5 times `font_px` below the last."""
    image = Image.new("RGB", size, "white")
    draw = ImageDraw.Draw(image)
    font = ImageFont.load_default(font_px)
    for number, line in enumerate(lines):
        draw.text((margin, margin + number * font_px * 1.5), line, fill="black", font=font)
    return image


def scan_pdf(path: Path, images: Sequence[Image.Image], dpi: float = 150) -> Path:
    """Write a PDF of one page-filling image a page, at `dpi`."""
    first, *others = images
    first.save(path, "PDF", save_all=True, append_images=others, resolution=dpi)
    return path


def stream(content: bytes, entries: bytes = b"") -> bytes:
    """Return a stream object."""
    return b"<< /Length %d %s >>\nstream\n%s\nendstream" % (len(content), entries, content)


def shown_text(
    lines: Sequence[str], *, font_pt: float = 12, top: float = 770, mode: int = 0
) -> bytes:
    """Return page content that shows lines from x = 72, the first with its baseline at `top`."""
    shown = b"".join(b"(%s) Tj T*\n" % _escape(line.encode("cp1252")) for line in lines)
    start = f"BT /F1 {font_pt} Tf {font_pt * 1.5} TL {mode} Tr 72 {top} Td\n"
    return start.encode() + shown + b"ET\n"


def text_pdf(
    path: Path,
    pages: Sequence[Sequence[str]],
    *,
    font_pt: float = 12,
    size: tuple[float, float] = A4_PT,
    page_entries: bytes = b"",
) -> Path:
    """Write a born-digital PDF in Helvetica, each page a sequence of lines."""
    contents = [shown_text(lines, font_pt=font_pt, top=size[1] - 72) for lines in pages]
    return content_pdf(path, contents, size=size, page_entries=page_entries)


def content_pdf(
    path: Path,
    contents: Sequence[bytes],
    *,
    size: tuple[float, float] = A4_PT,
    page_entries: bytes = b"",
    images: Mapping[str, bytes] | None = None,
    font: bytes = b"/Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding",
    catalog_entries: bytes = b"",
    others: Sequence[bytes] = (),
) -> Path:
    """Write a PDF of one page for each content stream.

    `images` are image objects by resource name; objects 4 and on are `others`.
    """
    images = images or {}
    first_image = 4 + len(others)
    first_page = first_image + len(images)
    named = b" ".join(
        b"/%s %d 0 R" % (name.encode(), first_image + index) for index, name in enumerate(images)
    )
    kids = b" ".join(b"%d 0 R" % (first_page + 2 * index) for index in range(len(contents)))
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R %s >>" % catalog_entries,
        b"<< /Type /Pages /Count %d /Kids [%s] >>" % (len(contents), kids),
        b"<< %s >>" % font,
        *others,
        *images.values(),
    ]
    for index, content in enumerate(contents):
        objects.append(
            b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 %g %g] /Contents %d 0 R"
            b" /Resources << /Font << /F1 3 0 R >> /XObject << %s >> >> %s >>"
            % (*size, first_page + 2 * index + 1, named, page_entries)
        )
        objects.append(stream(content))
    return write_pdf(path, objects)


def image_object(image: Image.Image, *, entries: bytes = b"") -> bytes:
    """Return an image as a PDF object, in grey and losslessly."""
    data = zlib.compress(image.convert("L").tobytes())
    return stream(
        data,
        b"/Type /XObject /Subtype /Image /Width %d /Height %d /ColorSpace /DeviceGray"
        b" /BitsPerComponent 8 /Filter /FlateDecode %s" % (*image.size, entries),
    )


def placed(name: str, x: float, y: float, width: float, height: float) -> bytes:
    """Return page content that shows an image with its bottom left at (x, y)."""
    return f"q {width} 0 0 {height} {x} {y} cm /{name} Do Q\n".encode()


def searchable_scan_pdf(path: Path, lines: Sequence[str]) -> Path:
    """Write a scan with an invisible text layer, as OCR programs make them."""
    image = text_image(lines, size=(1240, 1754))
    content = placed("Im0", 0, 0, *A4_PT) + shown_text(lines, mode=3)
    return content_pdf(path, [content], images={"Im0": image_object(image)})


def word_boxes(lines: Sequence[tuple[str, Box]]) -> list[tuple[str, Box]]:
    """Cut lines of text and their boxes into words, as if all letters were equally wide."""
    words = []
    for text, (left, top, right, bottom) in lines:
        letter = (right - left) / max(len(text), 1)
        start = 0
        for word in text.split():
            start = text.index(word, start)
            x = left + start * letter
            words.append((word, (x, top, x + len(word) * letter, bottom)))
            start += len(word)
    return words


def layered_scan_pdf(
    path: Path,
    image: Image.Image,
    words: Sequence[tuple[str, Box]],
    *,
    dpi: float = 150,
    is_under: bool = False,
    page_entries: bytes = b"",
) -> Path:
    """Write a scan with a text layer: words and their boxes in pixels of the image.

    The words are set in Courier, whose letters are all 0.6 of its size wide, and squeezed into
    their boxes, as OCR programs do. They are invisible, or lie in view but under the image.
    """
    per_px = 72 / dpi
    size = image.width * per_px, image.height * per_px
    content = [b"BT %d Tr\n" % (0 if is_under else 3)]
    for text, (left, top, right, bottom) in words:
        font_pt = max(0.85 * (bottom - top) * per_px, 1)
        squeeze = 100 * (right - left) * per_px / (0.6 * font_pt * len(text))
        x, y = left * per_px, size[1] - (bottom - 0.2 * (bottom - top)) * per_px
        shown = _escape(text.encode("cp1252", "replace"))
        content.append(
            b"/F1 %.2f Tf %.1f Tz 1 0 0 1 %.2f %.2f Tm (%s) Tj\n" % (font_pt, squeeze, x, y, shown)
        )
    content.append(b"ET\n")
    content.insert(len(content) if is_under else 0, placed("Im0", 0, 0, *size))
    courier = b"/Type /Font /Subtype /Type1 /BaseFont /Courier /Encoding /WinAnsiEncoding"
    images = {"Im0": image_object(image)}
    return content_pdf(
        path,
        [b"".join(content)],
        size=size,
        images=images,
        font=courier,
        page_entries=page_entries,
    )


def mapped_font(characters: Mapping[int, str]) -> tuple[bytes, bytes]:
    """Return Helvetica that says of some codes that they are other characters, and its table.

    The entries of a font for `content_pdf`, and the first of its `others`. What is seen are the
    letters of the codes, what programs read are the characters.
    """
    rows = b"".join(
        b"<%02X> <%s>\n" % (code, text.encode("utf-16-be").hex().encode())
        for code, text in characters.items()
    )
    table = (
        b"/CIDInit /ProcSet findresource begin 12 dict begin begincmap\n"
        b"/CMapName /Own def /CMapType 2 def\n"
        b"1 begincodespacerange <00> <FF> endcodespacerange\n"
        b"%d beginbfchar\n%sendbfchar\nendcmap end end" % (len(characters), rows)
    )
    font = (
        b"/Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding"
        b" /ToUnicode 4 0 R"
    )
    return font, stream(table)


def encrypted_pdf(path: Path, password: str, lines: Sequence[str] = ("Secret",)) -> Path:
    """Write a PDF that `password` opens: 40-bit RC4, the standard handler's revision 2."""
    file_id = b"0123456789abcdef"
    permissions = -4
    padded = (password.encode("latin-1") + _PASSWORD_PADDING)[:32]
    owner = _rc4(hashlib.md5(padded).digest()[:5], padded)
    key = hashlib.md5(padded + owner + struct.pack("<i", permissions) + file_id).digest()[:5]
    user = _rc4(key, _PASSWORD_PADDING)
    content_number = 5
    object_key = hashlib.md5(key + struct.pack("<I", content_number)[:3] + b"\0\0").digest()[:10]
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Count 1 /Kids [4 0 R] >>",
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 5 0 R"
        b" /Resources << /Font << /F1 3 0 R >> >> >>",
        stream(_rc4(object_key, shown_text(lines))),
        b"<< /Filter /Standard /V 1 /R 2 /O <%s> /U <%s> /P %d >>"
        % (owner.hex().encode(), user.hex().encode(), permissions),
    ]
    hex_id = file_id.hex().encode()
    return write_pdf(path, objects, b"/Encrypt 6 0 R /ID [<%s> <%s>]" % (hex_id, hex_id))


def cut_in_half(path: Path) -> Path:
    """Drop the second half of a file, as a broken download does."""
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])
    return path


def huge_png(path: Path, side: int = 30_000) -> Path:
    """Write a white, valid 1-bit PNG of `side` x `side` pixels, about 100 KB for 30,000."""
    row = b"\0" + b"\xff" * ((side + 7) // 8)
    compressor = zlib.compressobj(1)
    data = b"".join(compressor.compress(row * 100) for _ in range(side // 100))
    data += compressor.compress(row * (side % 100)) + compressor.flush()
    header = struct.pack(">IIBBBBB", side, side, 1, 0, 0, 0, 0)
    chunks = _png_chunk(b"IHDR", header) + _png_chunk(b"IDAT", data) + _png_chunk(b"IEND", b"")
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + chunks)
    return path


def _png_chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def _escape(text: bytes) -> bytes:
    return text.replace(b"\\", b"\\\\").replace(b"(", b"\\(").replace(b")", b"\\)")


def _rc4(key: bytes, data: bytes) -> bytes:
    state = list(range(256))
    j = 0
    for i in range(256):
        j = (j + state[i] + key[i % len(key)]) % 256
        state[i], state[j] = state[j], state[i]
    i = j = 0
    out = bytearray()
    for byte in data:
        i = (i + 1) % 256
        j = (j + state[i]) % 256
        state[i], state[j] = state[j], state[i]
        out.append(byte ^ state[(state[i] + state[j]) % 256])
    return bytes(out)
