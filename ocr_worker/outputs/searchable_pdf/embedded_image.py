"""Makes an image of a PDF from one of a file: as it is where PDF can hold that, else losslessly.

The data of JPEG, JPEG 2000 and most PNG files is what PDF calls a filter, and is taken over
untouched. One bit a pixel stays that, as fax machines pack it. All else is packed as PNG does.
"""

import io
import struct
from collections.abc import Iterator

from pikepdf import Array, Dictionary, Name, Object, Pdf, Stream
from PIL import Image
from PIL.TiffImagePlugin import TiffImageFile

from ocr_worker.documents.image import to_rgb
from ocr_worker.outputs.searchable_pdf.glyphless_font import flate_stream

_DEVICE_SPACES = {"L": "/DeviceGray", "RGB": "/DeviceRGB", "CMYK": "/DeviceCMYK"}
_PROFILE_SPACES = {b"GRAY": 1, b"RGB ": 3, b"CMYK": 4}
"""What a colour profile calls its space, to the number of its components."""
_JP2_SIGNATURE = b"\0\0\0\x0cjP  \r\n\x87\n"
_PNG_LEVEL = 6


def embed(pdf: Pdf, image: Image.Image, path: str) -> Stream:
    """Return an image object that shows what `image`, opened from the file `path`, shows.

    Raise as Pillow does where it has to be decoded and cannot be.
    """
    if image.format in ("JPEG", "MPO") and image.mode in _DEVICE_SPACES:
        entries = {}
        if image.mode == "CMYK" and "adobe" in image.info:
            entries["Decode"] = Array([1, 0] * 4)  # Adobe's programs write them inverted
        return _image(pdf, image, _read(path), Name.DCTDecode, _colours(pdf, image), **entries)
    if image.format == "JPEG2000" and image.mode in ("L", "RGB"):
        content = _read(path)
        if content.startswith(_JP2_SIGNATURE):
            return _image(pdf, image, content, Name.JPXDecode, _colours(pdf, image))
    if image.format == "PNG" and not image.has_transparency_data:
        found = _from_png(pdf, _read(path), image)
        if found is not None:
            return found
    return _decoded(pdf, image)


def _decoded(pdf: Pdf, image: Image.Image) -> Stream:
    """Return an image object of the pixels, what is transparent in them over white."""
    image.load()
    if image.mode == "1":
        return _bilevel(pdf, image)
    if image.mode == "CMYK":
        stream = flate_stream(pdf, image.tobytes())
        return _described(stream, image.size, 8, _colours(pdf, image))
    if image.has_transparency_data or image.mode not in ("L", "P", "RGB", "I;16"):
        is_grey = image.mode in ("LA", "La", "I", "F")
        profile = image.info.get("icc_profile")
        image = to_rgb(image)
        image.info["icc_profile"] = profile
        if is_grey:
            image = image.convert("L")
    packed = io.BytesIO()
    image.save(packed, "PNG", compress_level=_PNG_LEVEL)
    found = _from_png(pdf, packed.getvalue(), image)
    assert found is not None  # it has no transparency, and Pillow does not interlace
    return found


def _from_png(pdf: Pdf, png: bytes, image: Image.Image) -> Stream | None:
    """Return the image of a PNG file by its own compressed data; None where PDF cannot hold it."""
    header, palette, data = b"", b"", []
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
    width, height, depth, colour, _, _, interlaced = struct.unpack(">IIBBBBB", header)
    if interlaced or colour not in (0, 2, 3):
        return None
    n_colours = 3 if colour == 2 else 1
    space: Object = Name("/DeviceRGB" if colour == 2 else "/DeviceGray")
    if colour == 3:
        last = len(palette) // 3 - 1
        base = _colours_of(pdf, image, "RGB")
        space = Array([Name.Indexed, base, last, pdf.make_indirect(flate_stream(pdf, palette))])
    else:
        space = _colours_of(pdf, image, "RGB" if colour == 2 else "L")
    parms = Dictionary(Predictor=15, Colors=n_colours, BitsPerComponent=depth, Columns=width)
    stream = Stream(pdf, b"".join(data), Filter=Name.FlateDecode, DecodeParms=parms)
    return _described(stream, (width, height), depth, space)


def _chunks(png: bytes) -> Iterator[tuple[bytes, bytes]]:
    position = 8
    while position + 8 <= len(png):
        length, kind = struct.unpack_from(">I4s", png, position)
        yield kind, png[position + 8 : position + 8 + length]
        position += 12 + length


def _bilevel(pdf: Pdf, image: Image.Image) -> Stream:
    """Return an image of one bit a pixel, packed as group 4 faxes are, by way of a TIFF."""
    packed = io.BytesIO()
    # A copy, since an image of a TIFF would take tags of that along.
    image.copy().save(packed, "TIFF", compression="group4", strip_size=1 << 30)
    with Image.open(packed, formats=["TIFF"]) as tiff:
        assert isinstance(tiff, TiffImageFile)
        (offset,), (length,) = tiff.tag_v2[273], tiff.tag_v2[279]
        zero_is_black = tiff.tag_v2[262] == 1
    parms = Dictionary(K=-1, Columns=image.width, Rows=image.height, BlackIs1=zero_is_black)
    content = packed.getbuffer()[offset : offset + length]
    stream = Stream(pdf, bytes(content), Filter=Name.CCITTFaxDecode, DecodeParms=parms)
    return _described(stream, image.size, 1, Name.DeviceGray)


def _image(
    pdf: Pdf, image: Image.Image, content: bytes, filter_: Name, colours: Object, **entries: Object
) -> Stream:
    stream = Stream(pdf, content, Filter=filter_, **entries)
    return _described(stream, image.size, 8, colours)


def _described(stream: Stream, size: tuple[int, int], depth: int, colours: Object) -> Stream:
    stream.Type, stream.Subtype = Name.XObject, Name.Image
    stream.Width, stream.Height = size
    stream.BitsPerComponent = depth
    stream.ColorSpace = colours
    return stream


def _colours(pdf: Pdf, image: Image.Image) -> Object:
    return _colours_of(pdf, image, image.mode)


def _colours_of(pdf: Pdf, image: Image.Image, mode: str) -> Object:
    """Return the colour space: that of the image's profile, where it has a fitting one."""
    device = Name(_DEVICE_SPACES[mode])
    profile = image.info.get("icc_profile")
    n_components = len(mode)
    if not isinstance(profile, bytes) or _PROFILE_SPACES.get(profile[16:20]) != n_components:
        return device
    described = flate_stream(pdf, profile, N=n_components, Alternate=device)
    return Array([Name.ICCBased, pdf.make_indirect(described)])


def _read(path: str) -> bytes:
    with open(path, "rb") as file:
        return file.read()
