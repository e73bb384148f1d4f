"""Makes an image of a PDF from one of a file: as it is where PDF can hold that, else losslessly.

The data of JPEG, JPEG 2000 and most PNG files is what PDF calls a filter, and is taken over
untouched. One bit a pixel stays that, as fax machines pack it. All else is packed as PNG does.
"""

import io
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass

from PIL import Image
from PIL.TiffImagePlugin import TiffImageFile

from ocr_worker import wire
from ocr_worker.documents.base import check_pixels
from ocr_worker.documents.image import to_rgb
from ocr_worker.outputs.searchable_pdf.growing_pdf import GrowingPdf

_DEVICE_SPACES = {"L": "/DeviceGray", "RGB": "/DeviceRGB", "CMYK": "/DeviceCMYK"}
"""Pillow's modes that have a letter for each component, to PDF's names for them."""
_PROFILE_SPACES = {b"GRAY": 1, b"RGB ": 3, b"CMYK": 4}
"""What a colour profile calls its space, to the number of its components."""
_JP2_SIGNATURE = b"\0\0\0\x0cjP  \r\n\x87\n"
_PNG_LEVEL = 6


@dataclass(frozen=True, slots=True)
class EmbeddedImage:
    """An image as PDF holds it; `entries` tell how `content` is packed.

    `mode` is one of `_DEVICE_SPACES`, that of the colours of `palette` where there is one.
    """

    size: tuple[int, int]
    mode: str
    entries: str
    content: bytes
    depth: int = 8
    palette: bytes | None = None
    profile: bytes | None = None

    def add_to(self, pdf: GrowingPdf) -> int:
        """Write it and what it needs; return its object's number."""
        described = (
            f"/Type /XObject /Subtype /Image /Width {self.size[0]} /Height {self.size[1]}"
            f" /BitsPerComponent {self.depth} /ColorSpace {self._colours(pdf)} {self.entries}"
        )
        return pdf.add_stream(described, self.content)

    def _colours(self, pdf: GrowingPdf) -> str:
        """Return the colour space: that of the profile, where it fits."""
        colours, n_components = _DEVICE_SPACES[self.mode], len(self.mode)
        if self.profile and _PROFILE_SPACES.get(self.profile[16:20]) == n_components:
            entries = f"/N {n_components} /Alternate {colours} /Filter /FlateDecode"
            colours = f"[/ICCBased {pdf.add_stream(entries, zlib.compress(self.profile))} 0 R]"
        if self.palette is not None:
            colours = f"[/Indexed {colours} {len(self.palette) // 3 - 1} <{self.palette.hex()}>]"
        return colours


def embedded(image: Image.Image, path: str, limits: wire.Limits) -> EmbeddedImage:
    """Return what shows in a PDF what `image`, opened from the file `path`, shows.

    Where it has to be decoded, raise `TaskError` of kind `limit_exceeded` if that would take too
    much memory, and as Pillow does if it cannot be.
    """
    profile = _profile_of(image)
    if image.format in ("JPEG", "MPO") and image.mode in _DEVICE_SPACES:
        entries = "/Filter /DCTDecode"
        if image.mode == "CMYK" and "adobe" in image.info:
            entries += " /Decode [1 0 1 0 1 0 1 0]"  # Adobe's programs write them inverted
        return EmbeddedImage(image.size, image.mode, entries, _read(path), profile=profile)
    if image.format == "JPEG2000" and image.mode in ("L", "RGB"):
        content = _read(path)
        if content.startswith(_JP2_SIGNATURE):
            entries = "/Filter /JPXDecode"
            return EmbeddedImage(image.size, image.mode, entries, content, profile=profile)
    if image.format == "PNG" and not image.has_transparency_data:
        found = _of_png(_read(path), profile)
        if found is not None:
            return found
    check_pixels(*image.size, limits, "Scan it at a lower resolution.")
    return _decoded(image)


def _decoded(image: Image.Image) -> EmbeddedImage:
    """Return the pixels packed without loss, what is transparent in them over white."""
    image.load()
    profile = _profile_of(image)
    if image.mode == "1":
        return _bilevel(image)
    if image.mode == "CMYK":
        packed = zlib.compress(image.tobytes())
        return EmbeddedImage(image.size, "CMYK", "/Filter /FlateDecode", packed, profile=profile)
    if image.has_transparency_data or image.mode not in ("L", "P", "RGB", "I;16"):
        is_grey = image.mode in ("LA", "La", "I", "F")
        image = to_rgb(image).convert("L" if is_grey else "RGB")
    png = io.BytesIO()
    image.save(png, "PNG", compress_level=_PNG_LEVEL)
    found = _of_png(png.getvalue(), profile)
    assert found is not None  # it has no transparency, and Pillow does not interlace
    return found


def _of_png(png: bytes, profile: bytes | None) -> EmbeddedImage | None:
    """Return the image of a PNG file by its own compressed data; None where PDF cannot hold it."""
    header, palette, data = b"", None, []
    for kind, content in _chunks(png):
        match kind:
            case b"IHDR":
                header = content
            case b"PLTE":
                palette = content
            case b"tRNS":
                return None
            case b"IDAT":
                data.append(content)
    width, height, depth, colour, _, _, is_interlaced = struct.unpack(">IIBBBBB", header)
    if is_interlaced or colour not in (0, 2, 3):
        return None
    parms = f"/Predictor 15 /Colors {3 if colour == 2 else 1} /BitsPerComponent {depth}"
    return EmbeddedImage(
        (width, height),
        "L" if colour == 0 else "RGB",
        f"/Filter /FlateDecode /DecodeParms << {parms} /Columns {width} >>",
        b"".join(data),
        depth,
        palette if colour == 3 else None,
        profile,
    )


def _chunks(png: bytes) -> Iterator[tuple[bytes, bytes]]:
    position = 8
    while position + 8 <= len(png):
        length, kind = struct.unpack_from(">I4s", png, position)
        yield kind, png[position + 8 : position + 8 + length]
        position += 12 + length


def _bilevel(image: Image.Image) -> EmbeddedImage:
    """Return an image of one bit a pixel, packed as group 4 faxes are, by way of a TIFF."""
    packed = io.BytesIO()
    # A copy, since an image of a TIFF would take tags of that along.
    image.copy().save(packed, "TIFF", compression="group4", strip_size=1 << 30)
    with Image.open(packed, formats=["TIFF"]) as tiff:
        assert isinstance(tiff, TiffImageFile)
        (offset,), (length,) = tiff.tag_v2[273], tiff.tag_v2[279]
        zero_is_black = tiff.tag_v2[262] == 1
    parms = f"/K -1 /Columns {image.width} /Rows {image.height}"
    if zero_is_black:
        parms += " /BlackIs1 true"
    entries = f"/Filter /CCITTFaxDecode /DecodeParms << {parms} >>"
    content = packed.getvalue()[offset : offset + length]
    return EmbeddedImage(image.size, "L", entries, content, depth=1)


def _profile_of(image: Image.Image) -> bytes | None:
    found = image.info.get("icc_profile")
    return found if isinstance(found, bytes) else None


def _read(path: str) -> bytes:
    with open(path, "rb") as file:
        return file.read()
