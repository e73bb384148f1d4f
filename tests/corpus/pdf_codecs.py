"""Scans in PDFs by every codec that a PDF may have for an image."""

import base64
import io
import struct
import zlib
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from PIL import Image, ImageChops

from tests.corpus.entry import Entry, good, picture, words_for
from tests.scans import content_pdf, placed, stream

SIZE_PT = (440 * 0.72, 180 * 0.72)
_SIZE = (440, 180)


def pdf_codecs(folder: Path) -> Iterator[Entry]:
    """Write the files and yield what is known of them."""
    words = words_for(300)
    for kind, image in image_objects(picture(words)).items():
        name = f"pdf-image-{kind}.pdf"
        scan(folder / name, image)
        yield good(name, "pdf", words)
    grey = picture(words, "L").tobytes()
    strips = {
        f"Im{number}": image_stream(
            grey[number * 440 * 20 : (number + 1) * 440 * 20],
            b"/ColorSpace /DeviceGray /BitsPerComponent 8",
            size=(440, 20),
        )
        for number in range(9)
    }
    height = SIZE_PT[1] / 9
    content = b"".join(
        placed(name, 0, SIZE_PT[1] - (number + 1) * height, SIZE_PT[0], height)
        for number, name in enumerate(strips)
    )
    content_pdf(folder / "pdf-image-strips.pdf", [content], size=SIZE_PT, images=strips)
    yield good("pdf-image-strips.pdf", "pdf", words)
    packed = base64.a85encode(zlib.compress(picture(words, "1").tobytes())) + b"~>"
    inline = b"q %g 0 0 %g 0 0 cm BI /W 440 /H 180 /BPC 1 /CS /G /F [/A85 /Fl] ID %s EI Q" % (
        *SIZE_PT,
        packed,
    )
    content_pdf(folder / "pdf-image-inline.pdf", [inline], size=SIZE_PT)
    yield good("pdf-image-inline.pdf", "pdf", words)


def scan(path: Path, image: bytes) -> Path:
    """Write a PDF of one page that an image object fills."""
    content = placed("Im0", 0, 0, *SIZE_PT)
    return content_pdf(path, [content], size=SIZE_PT, images={"Im0": image})


def image_objects(image: Image.Image) -> dict[str, bytes]:
    """Return an image as one object for each codec and kind of colour."""
    grey, cmyk, bits = (image.convert(mode) for mode in ("L", "CMYK", "1"))
    palette = image.convert("P", palette=Image.Palette.ADAPTIVE, colors=16)
    colours = (palette.getpalette() or [])[:48]
    g4, g4_is_white = ccitt(bits, "group4")
    g3, g3_is_white = ccitt(bits, "group3")
    grey_8 = b"/ColorSpace /DeviceGray /BitsPerComponent 8"
    grey_1 = b"/ColorSpace /DeviceGray /BitsPerComponent 1"
    rgb_8 = b"/ColorSpace /DeviceRGB /BitsPerComponent 8"
    cmyk_8 = b"/ColorSpace /DeviceCMYK /BitsPerComponent 8"
    sixteen = np.asarray(grey).astype(">u2") * 257
    return {
        "raw": image_stream(grey.tobytes(), grey_8, None),
        "flate": image_stream(grey.tobytes(), grey_8),
        "flate-rgb": image_stream(image.tobytes(), rgb_8),
        "flate-cmyk": image_stream(cmyk.tobytes(), cmyk_8),
        "flate-1-bit": image_stream(bits.tobytes(), grey_1),
        "flate-mask": image_stream(bits.tobytes(), b"/ImageMask true /BitsPerComponent 1"),
        "flate-16-bit": image_stream(
            sixteen.astype(">u2").tobytes(), b"/ColorSpace /DeviceGray /BitsPerComponent 16"
        ),
        "flate-predictor": image_stream(
            b"".join(b"\0" + row.tobytes() for row in np.asarray(grey)),
            grey_8 + b" /DecodeParms << /Predictor 15 /Columns 440 >>",
        ),
        "indexed": image_stream(
            palette.tobytes(),
            b"/ColorSpace [/Indexed /DeviceRGB 15 <%s>] /BitsPerComponent 8"
            % bytes(colours).ljust(48, b"\0").hex().encode(),
        ),
        "runs": image_stream(runs(grey.tobytes()), grey_8, b"/RunLengthDecode", pack=False),
        "ascii85": image_stream(
            base64.a85encode(grey.tobytes()) + b"~>", grey_8, b"/ASCII85Decode", pack=False
        ),
        "hex-flate": image_stream(
            zlib.compress(grey.tobytes()).hex().encode() + b">",
            grey_8,
            b"[/ASCIIHexDecode /FlateDecode]",
            pack=False,
        ),
        "jpeg": image_stream(saved(image, "JPEG"), rgb_8, b"/DCTDecode", pack=False),
        "jpeg-grey": image_stream(saved(grey, "JPEG"), grey_8, b"/DCTDecode", pack=False),
        "jpeg-cmyk": image_stream(
            saved(cmyk, "JPEG"),
            cmyk_8 + b" /Decode [1 0 1 0 1 0 1 0]",
            b"/DCTDecode",
            pack=False,
        ),
        "jpeg-flate": image_stream(
            zlib.compress(saved(image, "JPEG")),
            rgb_8,
            b"[/FlateDecode /DCTDecode]",
            pack=False,
        ),
        "jpx": image_stream(saved(image, "JPEG2000"), b"", b"/JPXDecode", pack=False),
        "jpx-grey": image_stream(saved(grey, "JPEG2000"), grey_8, b"/JPXDecode", pack=False),
        "ccitt-g4": image_stream(
            g4,
            grey_1 + _ccitt_parameters(-1, g4_is_white),
            b"/CCITTFaxDecode",
            pack=False,
        ),
        "ccitt-g3": image_stream(
            g3,
            grey_1 + _ccitt_parameters(0, g3_is_white),
            b"/CCITTFaxDecode",
            pack=False,
        ),
        "jbig2": image_stream(jbig2(bits), grey_1, b"/JBIG2Decode", pack=False),
    }


def image_stream(
    content: bytes,
    entries: bytes,
    filter_: bytes | None = b"/FlateDecode",
    *,
    pack: bool = True,
    size: tuple[int, int] = _SIZE,
) -> bytes:
    """Return an image object of some content, which is packed for the usual filter."""
    if filter_ == b"/FlateDecode" and pack:
        content = zlib.compress(content)
    about = b"/Type /XObject /Subtype /Image /Width %d /Height %d %s" % (*size, entries)
    return stream(content, about + (b" /Filter " + filter_ if filter_ else b""))


def saved(image: Image.Image, format_: str, **options: object) -> bytes:
    """Return an image as the bytes of a file."""
    buffer = io.BytesIO()
    image.save(buffer, format_, **options)
    return buffer.getvalue()


def ccitt(bits: Image.Image, compression: str) -> tuple[bytes, bool]:
    """Return an image of black and white as the data of a fax, and whether 0 in it is white."""
    content = saved(bits, "TIFF", compression=compression, strip_size=10**6)
    with Image.open(io.BytesIO(content)) as tiff:
        (start,), (length,) = tiff.tag_v2[273], tiff.tag_v2[279]
        return content[start : start + length], tiff.tag_v2[262] == 0


def _ccitt_parameters(k: int, zero_is_white: bool) -> bytes:
    black_is_1 = b"false" if zero_is_white else b"true"
    return b" /DecodeParms << /K %d /Columns 440 /Rows 180 /BlackIs1 %s >>" % (k, black_is_1)


def jbig2(bits: Image.Image, size: tuple[int, int] | None = None) -> bytes:
    """Return an image of black and white as JBIG2 for a PDF; `size` may lie."""
    data, zero_is_white = ccitt(bits, "group4")
    if not zero_is_white:
        data, _ = ccitt(ImageChops.invert(bits), "group4")
    width, height = size or bits.size
    page = struct.pack(">IIIIBH", width, height, 0, 0, 0, 0)
    region = struct.pack(">IIIIBB", width, height, 0, 0, 0, 1) + data
    segments = ((0, 48, page), (1, 38, region), (2, 49, b""))
    return b"".join(
        struct.pack(">IBBBI", number, kind, 0, 1, len(content)) + content
        for number, kind, content in segments
    )


def runs(content: bytes) -> bytes:
    """Return the content in literal runs, which need no search."""
    pieces = [content[at : at + 128] for at in range(0, len(content), 128)]
    return b"".join(bytes([len(piece) - 1]) + piece for piece in pieces) + b"\x80"
