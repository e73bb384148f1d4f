"""Files that ask for far more memory or time than they have bytes, and are refused at little cost.

Nothing here is packed by brute force: a block of deflate that ends on a byte is a megabyte of
zeros, and ten thousand of them are ten gigabytes.
"""

import struct
import zlib
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from PIL import Image

from tests.conformance.fixtures import write_pdf
from tests.corpus.entry import DAMAGED, READ, TOO_LARGE, Entry, bad, picture
from tests.corpus.images import png_chunk
from tests.corpus.pdf_codecs import image_stream, jbig2, saved, scan
from tests.corpus.pdfs import page_tree_pdf
from tests.corpus.tiff_writer import LONG, Directory, Tiff, tags_of
from tests.scans import A4_PT, content_pdf, huge_png, placed, shown_text, stream, text_pdf

MEGABYTE = 1024 * 1024
_FLATE = b"/Filter /FlateDecode"


def bombs(folder: Path) -> Iterator[Entry]:
    """Write the files and yield what is known of them."""
    yield from _giant_images(folder)
    yield from _endless_images(folder)
    yield from _packed_streams(folder)
    yield from _giant_images_in_pdfs(folder)
    yield from _nested(folder)


def packed_zeros(n_megabytes: int, first: bytes = b"") -> bytes:
    """Return a zlib stream of some bytes and so many megabytes of zeros, at a thousandth of it."""
    packer = zlib.compressobj(9)
    head = packer.compress(first) + packer.flush(zlib.Z_FULL_FLUSH)
    block = packer.compress(b"\0" * MEGABYTE) + packer.flush(zlib.Z_FULL_FLUSH)
    return head + block * n_megabytes + b"\x03\0" + b"\0\0\0\0"


def _giant_images(folder: Path) -> Iterator[Entry]:
    """Headers of giants, most with little behind them."""
    huge_png(folder / "giant.png", 30_000)
    yield Entry("giant.png", (TOO_LARGE,), format="png")
    jpeg = bytearray(saved(picture(("GIANT",)), "JPEG"))
    at = jpeg.index(b"\xff\xc0")
    jpeg[at + 5 : at + 9] = struct.pack(">HH", 65_500, 65_500)
    (folder / "giant.jpg").write_bytes(jpeg)
    yield Entry("giant.jpg", (TOO_LARGE,), format="jpeg")
    pixels = np.zeros((10, 10, 1), np.uint8)
    tags = tags_of(pixels, 1) | {256: (LONG, [2**31 - 1]), 257: (LONG, [2**31 - 1])}
    Tiff(pages=[Directory(tags, [b"\0" * 100])]).write(folder / "giant.tif")
    yield Entry("giant.tif", (TOO_LARGE,), format="tiff")
    webp = bytearray(
        saved(picture(("GIANT",), "RGBA"), "WEBP", exif=b"Exif\0\0MM\0*\0\0\0\x08\0\0")
    )
    assert webp[12:16] == b"VP8X"
    webp[24:30] = b"\xff\x3f\0\xff\x3f\0"
    (folder / "giant.webp").write_bytes(webp)
    yield bad("giant.webp", TOO_LARGE)
    bmp = bytearray(saved(picture(("GIANT",)), "BMP"))
    bmp[18:26] = struct.pack("<ii", 100_000, 100_000)
    (folder / "giant.bmp").write_bytes(bmp)
    yield Entry("giant.bmp", (TOO_LARGE,), format="bmp")
    gif = bytearray(saved(picture(("GIANT",), "P"), "GIF"))
    gif[6:10] = b"\xff\xff\xff\xff"
    (folder / "giant.gif").write_bytes(gif)
    yield Entry("giant.gif", (TOO_LARGE,), format="gif")
    jp2 = bytearray(saved(picture(("GIANT",)), "JPEG2000"))
    at = jp2.index(b"\xff\x51")
    jp2[at + 6 : at + 14] = struct.pack(">II", 2**31, 2**31)
    (folder / "giant-inside.jp2").write_bytes(jp2)
    yield bad("giant-inside.jp2", TOO_LARGE)


def _endless_images(folder: Path) -> Iterator[Entry]:
    header = png_chunk(b"IHDR", struct.pack(">IIBBBBB", 100, 100, 8, 0, 0, 0, 0))
    end = png_chunk(b"IEND", b"")
    rows = png_chunk(b"IDAT", zlib.compress(b"\0" * 101 * 100))
    start = b"\x89PNG\r\n\x1a\n" + header
    bomb = packed_zeros(500)
    for kind, extra in {
        "text": png_chunk(b"zTXt", b"a\0\0" + bomb),
        "profile": png_chunk(b"iCCP", b"a\0\0" + bomb),
        "many-texts": png_chunk(b"zTXt", b"a\0\0" + zlib.compress(b"b" * 900_000)) * 80,
    }.items():
        (folder / f"bomb-{kind}.png").write_bytes(start + extra + rows + end)
        yield bad(f"bomb-{kind}.png", DAMAGED)
    (folder / "bomb-rows.png").write_bytes(start + png_chunk(b"IDAT", bomb) + end)
    yield Entry("bomb-rows.png", (READ,), format="png")
    dot = np.zeros((1, 1, 1), np.uint8)
    page = Directory(tags_of(dot, 1), [b"\0\0"])
    Tiff(pages=[page] * 30_000).write(folder / "bomb-pages.tif")
    yield bad("bomb-pages.tif", TOO_LARGE)
    loop = Directory(page.tags, page.pieces, next_page=1)
    Tiff(pages=[page, page, loop]).write(folder / "loop.tif")
    yield Entry("loop.tif", (READ,) * 3, format="tiff", warns=True)
    gif = saved(Image.new("P", (8, 8)), "GIF")
    frame = gif[gif.index(b"\x2c") : -1]
    (folder / "bomb-frames.gif").write_bytes(gif[:-1] + frame * 200_000 + b";")
    yield Entry("bomb-frames.gif", (READ,), format="gif", warns=True)
    pictures = [Image.new("RGB", (8, 8), (0, 0, number)) for number in range(2)]
    webp = saved(pictures[0], "WEBP", save_all=True, append_images=pictures[1:], lossless=True)
    at = webp.index(b"ANMF")
    size = 8 + int.from_bytes(webp[at + 4 : at + 8], "little")
    webp += webp[at : at + size] * 100_000
    webp = webp[:4] + struct.pack("<I", len(webp) - 8) + webp[8:]
    (folder / "bomb-frames.webp").write_bytes(webp)
    yield Entry("bomb-frames.webp", (READ,), format="webp", warns=True)


def _packed_streams(folder: Path) -> Iterator[Entry]:
    """Streams of PDFs that unpack to ten gigabytes, once or twice packed."""
    endless = packed_zeros(1000)
    twice = zlib.compress(packed_zeros(10_000), 1)
    font = b"/Type /Font /Subtype /Type1 /BaseFont /Helvetica"
    _with_content(folder / "bomb-content.pdf", packed_zeros(10_000), _FLATE)
    yield bad("bomb-content.pdf", TOO_LARGE)
    _with_content(folder / "bomb-twice.pdf", twice, b"/Filter [/FlateDecode /FlateDecode]")
    yield bad("bomb-twice.pdf", TOO_LARGE)
    content_pdf(
        folder / "bomb-form.pdf",
        [b"/Fm0 Do"],
        images={"Fm0": stream(endless, b"/Subtype /Form /BBox [0 0 9 9] " + _FLATE)},
    )
    yield bad("bomb-form.pdf", TOO_LARGE)
    content_pdf(
        folder / "bomb-unicode.pdf",
        [shown_text(["Some words to be mapped"])],
        font=font + b" /ToUnicode 4 0 R",
        others=[stream(endless, _FLATE)],
    )
    yield bad("bomb-unicode.pdf", TOO_LARGE)
    content_pdf(
        folder / "bomb-profile.pdf",
        [placed("Im0", 0, 0, *A4_PT)],
        others=[stream(endless, b"/N 1 " + _FLATE)],
        images={
            "Im0": image_stream(
                b"\0" * 100 * 100,
                b"/ColorSpace [/ICCBased 4 0 R] /BitsPerComponent 8",
                size=(100, 100),
            )
        },
    )
    yield bad("bomb-profile.pdf", TOO_LARGE)
    packed_objects = stream(endless, b"/Type /ObjStm /N 1 /First 4 " + _FLATE)
    content_pdf(folder / "bomb-objects.pdf", [b""], others=[packed_objects])
    yield bad("bomb-objects.pdf", TOO_LARGE)


def _with_content(path: Path, content: bytes, entries: bytes) -> None:
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Count 1 /Kids [3 0 R] >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R >>",
        stream(content, entries),
    ]
    write_pdf(path, objects)


def _giant_images_in_pdfs(folder: Path) -> Iterator[Entry]:
    grey = b"/ColorSpace /DeviceGray /BitsPerComponent 8"
    giants = {
        "flate": image_stream(packed_zeros(900), grey, pack=False, size=(30_000, 30_000)),
        "jbig2": image_stream(
            jbig2(picture(("GIANT",), "1"), (2**31 - 1, 2**31 - 1)),
            b"/ColorSpace /DeviceGray /BitsPerComponent 1",
            b"/JBIG2Decode",
            size=(2**31 - 1, 2**31 - 1),
        ),
    }
    for kind, image in giants.items():
        scan(folder / f"giant-{kind}.pdf", image)
        yield Entry(f"giant-{kind}.pdf", (TOO_LARGE,), format="pdf")
    jpx = bytearray(saved(picture(("GIANT",)), "JPEG2000"))
    at = jpx.index(b"\xff\x51")
    jpx[at + 6 : at + 14] = struct.pack(">II", 2**31, 2**31)
    small = {
        "jbig2": image_stream(
            jbig2(picture(("GIANT",), "1"), (60_000, 60_000)),
            b"/ColorSpace /DeviceGray /BitsPerComponent 1",
            b"/JBIG2Decode",
        ),
        "jpx": image_stream(bytes(jpx), b"", b"/JPXDecode"),
    }
    for kind, image in small.items():
        scan(folder / f"giant-inside-{kind}.pdf", image)
        yield Entry(f"giant-inside-{kind}.pdf", (DAMAGED,), format="pdf")
    mask = image_stream(packed_zeros(900), grey, pack=False, size=(30_000, 30_000))
    for kind in ("SMask", "Mask"):
        masked = image_stream(
            b"\xff" * 10_000, grey + b" /%s 4 0 R" % kind.encode(), size=(100, 100)
        )
        name = f"giant-{kind.lower()}.pdf"
        content_pdf(
            folder / name, [placed("Im0", 0, 0, *A4_PT)], images={"Im0": masked}, others=[mask]
        )
        yield Entry(name, (TOO_LARGE,), format="pdf")
    endless = image_stream(packed_zeros(3000), grey, pack=False)
    scan(folder / "bomb-behind-image.pdf", endless)
    yield Entry("bomb-behind-image.pdf", (READ,), format="pdf")


def _nested(folder: Path) -> Iterator[Entry]:
    itself = b"/Type /XObject /Subtype /Form /BBox [0 0 600 900]"
    resources = b" /Resources << /XObject << /Fm0 %d 0 R >> >>"
    content_pdf(
        folder / "form-in-itself.pdf",
        [b"/Fm0 Do"],
        images={"Fm0": stream(b"0 0 9 9 re f /Fm0 Do", itself + resources % 4)},
    )
    yield Entry("form-in-itself.pdf", (READ,), format="pdf")
    forms = {
        f"Fm{number}": stream(b"q /Fm0 Do Q", itself + resources % (5 + number))
        for number in range(400)
    }
    content_pdf(folder / "forms-in-forms.pdf", [b"/Fm0 Do"], images=forms)
    yield Entry("forms-in-forms.pdf", (READ,), format="pdf")
    laughs = {
        f"Fm{number}": stream(b"/Fm0 Do " * 10, itself + resources % (5 + number))
        for number in range(10)
    }
    laughs["Fm10"] = stream(b"0 0 9 9 re f", itself)
    content_pdf(folder / "forms-ten-times-over.pdf", [b"/Fm0 Do"], images=laughs)
    yield Entry("forms-ten-times-over.pdf", (TOO_LARGE,), format="pdf")
    page_tree_pdf(folder / "tree-of-5000-levels.pdf", "Deep down below", 5000)
    yield Entry("tree-of-5000-levels.pdf", (DAMAGED,), format="pdf")
    tree = text_pdf(folder / "tree-in-itself.pdf", [["One"], ["Two"]])
    tree.write_bytes(tree.read_bytes().replace(b"/Kids [4 0 R 6 0 R]", b"/Kids [2 0 R 2 0 R]"))
    yield Entry("tree-in-itself.pdf", (DAMAGED, DAMAGED), format="pdf")
    lying = text_pdf(folder / "count-that-lies.pdf", [["Some words on a page"]])
    lying.write_bytes(lying.read_bytes().replace(b"/Count 1 ", b"/Count 99999999 ", 1))
    yield Entry("count-that-lies.pdf", ("native_text",), format="pdf", warns=True)
    depth = 100_000
    arrays = b"[" * depth + b"]" * depth
    content_pdf(folder / "arrays.pdf", [shown_text(["Words beside a deep array"])], others=[arrays])
    yield Entry("arrays.pdf", ("native_text",), format="pdf")
    content_pdf(folder / "arrays-in-content.pdf", [arrays + b" TJ"])
    yield Entry("arrays-in-content.pdf", (READ,), format="pdf")
    content_pdf(folder / "states.pdf", [b"q " * 200_000 + b"0 0 9 9 re f " + b"Q " * 200_000])
    yield Entry("states.pdf", (READ,), format="pdf")
    outline = b"<< /First 4 0 R /Next 4 0 R /Prev 4 0 R /Parent 4 0 R /Title (again) >>"
    content_pdf(
        folder / "outline-in-itself.pdf",
        [shown_text(["Words below an outline"])],
        others=[outline],
        catalog_entries=b"/Outlines 4 0 R",
    )
    yield Entry("outline-in-itself.pdf", ("native_text",), format="pdf")
