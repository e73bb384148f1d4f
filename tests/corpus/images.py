"""Good image files but TIFF: every format, and what is peculiar about colours and orientations."""

import io
import struct
import zlib
from collections.abc import Iterator
from pathlib import Path
from shutil import copyfile

import numpy as np
from PIL import ExifTags, Image, PngImagePlugin

from tests.corpus.entry import Entry, good, picture, words_for

STORED_FROM = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_90,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_270,
}
"""EXIF orientation to what stores an upright image so that a viewer shows it upright again."""
HEIC = Path(__file__).parent / "heic"
"""Small pictures by x265, which nothing that is installed for the tests can write."""


def images(folder: Path) -> Iterator[Entry]:
    """Write the files and yield what is known of them."""
    for number, make in enumerate((_pngs, _jpegs, _webps, _bmps, _gifs, _jp2s, _avifs, _heics)):
        yield from make(folder, 10 * number)


def _pngs(folder: Path, number: int) -> Iterator[Entry]:
    words = words_for(number)
    for mode in ("1", "L", "LA", "P", "RGB", "RGBA"):
        name = f"png-{mode.lower()}.png"
        picture(words, mode).save(folder / name, dpi=(150, 150))
        yield good(name, "png", words)
    greys = np.asarray(picture(words, "L")).astype(np.uint16) * 257
    Image.fromarray(greys).save(folder / "png-16-bit.png")
    yield good("png-16-bit.png", "png", words)
    rgb = np.repeat(greys[:, :, None], 3, axis=2)
    write_png(folder / "png-16-bit-rgb.png", rgb.astype(">u2"), 16, 2)
    yield good("png-16-bit-rgb.png", "png", words)
    image = picture(words, "P")
    image.info.clear()
    image.save(folder / "png-transparent-palette.png", transparency=image.getpixel((0, 0)))
    yield good("png-transparent-palette.png", "png", words)
    black = Image.new("RGBA", (440, 180), (0, 0, 0, 0))
    black.putalpha(picture(words, "L").point(lambda grey: 255 - grey))
    black.save(folder / "png-black-on-nothing.png")
    yield good("png-black-on-nothing.png", "png", words)
    about = PngImagePlugin.PngInfo()
    about.add_text("Comment", "x" * 5000, zip=True)
    picture(words).save(folder / "png-comment.png", pnginfo=about, icc_profile=b"\0" * 3000)
    yield good("png-comment.png", "png", words)
    picture(words).save(folder / "png-behind.PNG")
    with (folder / "png-behind.PNG").open("ab") as file:
        file.write(b"and more behind the end")
    yield good("png-behind.PNG", "png", words)


def _jpegs(folder: Path, number: int) -> Iterator[Entry]:
    words = words_for(number)
    kinds = {
        "grey": ("L", {}),
        "colour": ("RGB", {"dpi": (200, 200)}),
        "progressive": ("RGB", {"progressive": True}),
        "444": ("RGB", {"subsampling": 0}),
        "cmyk": ("CMYK", {}),
    }
    for kind, (mode, options) in kinds.items():
        picture(words, mode).save(folder / f"jpeg-{kind}.jpg", **options)
        yield good(f"jpeg-{kind}.jpg", "jpeg", words)
    (folder / "jpeg-cmyk-plain.jpg").write_bytes(plain_cmyk_jpeg(picture(words, "L")))
    yield good("jpeg-cmyk-plain.jpg", "jpeg", words)
    (folder / "jpeg-ycck.jpg").write_bytes(ycck_jpeg(picture(words, "L")))
    yield good("jpeg-ycck.jpg", "jpeg", words)
    for orientation in range(1, 9):
        name = f"jpeg-orientation-{orientation}.jpeg"
        stored(picture(words), orientation).save(folder / name, exif=exif(orientation))
        yield good(name, "jpeg", words)
    pictures = [picture(words), picture(words)]
    pictures[0].save(folder / "mpo.jpg", "MPO", save_all=True, append_images=pictures[1:])
    yield good("mpo.jpg", "jpeg", words, warns=True)
    picture(words).save(folder / "jpeg-called-pdf.pdf", "JPEG")
    yield good("jpeg-called-pdf.pdf", "jpeg", words)


def _webps(folder: Path, number: int) -> Iterator[Entry]:
    words = words_for(number)
    kinds = {
        "lossy": ("RGB", {}),
        "lossless": ("RGB", {"lossless": True}),
        "alpha": ("RGBA", {}),
        "turned": ("RGB", {"exif": exif(6)}),
        "animated": ("RGB", {"save_all": True, "append_images": [picture(("SECOND",))]}),
    }
    for kind, (mode, options) in kinds.items():
        image = picture(words, mode)
        image = stored(image, 6) if kind == "turned" else image
        image.save(folder / f"webp-{kind}.webp", **options)
        yield good(f"webp-{kind}.webp", "webp", words, warns=kind == "animated")


def _bmps(folder: Path, number: int) -> Iterator[Entry]:
    words = words_for(number)
    for mode in ("1", "L", "P", "RGB", "RGBA"):
        name = f"bmp-{mode.lower()}.bmp"
        picture(words, mode).save(folder / name)
        yield good(name, "bmp", words)


def _gifs(folder: Path, number: int) -> Iterator[Entry]:
    words = words_for(number)
    kinds = {
        "plain": {"interlace": False},
        "interlaced": {"interlace": True},
        "transparent": {"transparency": 255},
        "animated": {"save_all": True, "append_images": [picture(("SECOND",), "P")]},
    }
    for kind, options in kinds.items():
        picture(words, "L").save(folder / f"gif-{kind}.gif", **options)
        yield good(f"gif-{kind}.gif", "gif", words, warns=kind == "animated")


def _jp2s(folder: Path, number: int) -> Iterator[Entry]:
    words = words_for(number)
    for mode in ("L", "LA", "RGB", "RGBA"):
        name = f"jp2-{mode.lower()}.jp2"
        picture(words, mode).save(folder / name)
        yield good(name, "jp2", words)
    picture(words).save(folder / "jp2-codestream.j2k", no_jp2=True)
    yield good("jp2-codestream.j2k", "jp2", words)
    picture(words).save(folder / "jp2-tiled.jp2", tile_size=(128, 128), irreversible=True)
    yield good("jp2-tiled.jp2", "jp2", words)
    greys = np.asarray(picture(words, "L")).astype(np.uint16) * 257
    Image.fromarray(greys).save(folder / "jp2-16-bit.jp2")
    yield good("jp2-16-bit.jp2", "jp2", words)


def _avifs(folder: Path, number: int) -> Iterator[Entry]:
    words = words_for(number)
    kinds = {
        "grey": ("L", {}),
        "colour": ("RGB", {}),
        "alpha": ("RGBA", {}),
        "turned": ("RGB", {"exif": exif(8)}),
        "animated": ("RGB", {"save_all": True, "append_images": [picture(("SECOND",))]}),
    }
    for kind, (mode, options) in kinds.items():
        image = picture(words, mode)
        image = stored(image, 8) if kind == "turned" else image
        image.save(folder / f"avif-{kind}.avif", speed=10, **options)
        yield good(f"avif-{kind}.avif", "avif", words, warns=kind == "animated")


def _heics(folder: Path, _number: int) -> Iterator[Entry]:
    for path in sorted(HEIC.glob("*.hei[cf]")):
        copyfile(path, folder / path.name)
        yield good(path.name, "heic", ("HARBOUR", "LANTERN"), warns="two" in path.name)


def exif(orientation: int) -> Image.Exif:
    """Return EXIF data that tells an orientation."""
    about = Image.Exif()
    about[ExifTags.Base.Orientation] = orientation
    return about


def stored(image: Image.Image, orientation: int) -> Image.Image:
    """Return an upright image as it is stored in a file of that orientation."""
    return image.transpose(STORED_FROM[orientation]) if orientation > 1 else image


def plain_cmyk_jpeg(grey: Image.Image) -> bytes:
    """Return a JPEG in CMYK without Adobe's mark, whose values are no negatives."""
    # Pillow writes negatives, so it gets one; then the mark is cut out.
    zero = Image.new("L", grey.size, 0)
    content = _jpeg(Image.merge("CMYK", (zero, zero, zero, grey.point(lambda v: 255 - v))), True)
    at = content.index(b"\xff\xee")
    length = int.from_bytes(content[at + 2 : at + 4], "big")
    return content[:at] + content[at + 2 + length :]


def ycck_jpeg(grey: Image.Image) -> bytes:
    """Return a JPEG in YCCK, as Photoshop writes it: negatives, the inks turned into YCbCr."""
    luma, chroma = Image.new("L", grey.size, 0), Image.new("L", grey.size, 128)
    # Stored are Y, Cb, Cr of no ink, and the negative of black; the mark says what they are.
    content = _jpeg(Image.merge("CMYK", (luma, chroma, chroma, grey)), True)
    at = content.index(b"Adobe")
    return content[: at + 11] + b"\2" + content[at + 12 :]


def _jpeg(image: Image.Image, as_stored: bool) -> bytes:
    if as_stored:  # Pillow turns the values of CMYK round
        image = image.point(lambda value: 255 - value)
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=90)
    return buffer.getvalue()


def write_png(path: Path, pixels: np.ndarray, bits: int, colour: int) -> None:
    """Write pixels of shape (height, width, …), in the byte order of a PNG, as they are."""
    height, width = pixels.shape[:2]
    rows = b"".join(b"\0" + row.tobytes() for row in pixels)
    header = struct.pack(">IIBBBBB", width, height, bits, colour, 0, 0, 0)
    parts = ((b"IHDR", header), (b"IDAT", zlib.compress(rows)), (b"IEND", b""))
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + b"".join(png_chunk(*part) for part in parts))


def png_chunk(kind: bytes, data: bytes) -> bytes:
    """Return a chunk with its length and checksum."""
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
