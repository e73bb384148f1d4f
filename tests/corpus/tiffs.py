"""Good TIFFs: every compression that is read, strips, tiles, planes, byte orders, many pages."""

import zlib
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from PIL import Image

from tests.corpus.entry import DAMAGED, READ, Entry, good, picture, words_for
from tests.corpus.images import exif, stored
from tests.corpus.pdf_codecs import saved
from tests.corpus.tiff_writer import LONG, SHORT, Directory, Tiff, tags_of, tiles_of

_BLACK_AND_WHITE = ("tiff_ccitt", "group3", "group4")
_COMPRESSIONS = (
    "raw",
    "tiff_lzw",
    "tiff_deflate",
    "tiff_adobe_deflate",
    "packbits",
    "jpeg",
    *_BLACK_AND_WHITE,
    "lzma",
    "zstd",
)
_DEFLATE = 8
_OLD_JPEG = 6
_WEBP = 50001


def tiffs(folder: Path) -> Iterator[Entry]:
    """Write the files and yield what is known of them."""
    yield from _compressions(folder)
    yield from _modes(folder)
    yield from _layouts(folder)
    yield from _many_pages(folder)


def _compressions(folder: Path) -> Iterator[Entry]:
    for number, compression in enumerate(_COMPRESSIONS, 100):
        words = words_for(number)
        name = f"tiff-{compression.replace('_', '-')}.tif"
        mode = "1" if compression in _BLACK_AND_WHITE else "RGB"
        picture(words, mode).save(folder / name, compression=compression, dpi=(200, 200))
        yield good(name, "tiff", words)
    # A codec that the libtiff of Pillow's wheels has not.
    tags = tags_of(np.asarray(picture(words)), 2, _WEBP)
    Tiff(pages=[Directory(tags, [saved(picture(words), "WEBP")])]).write(folder / "tiff-webp.tif")
    yield Entry("tiff-webp.tif", (DAMAGED,), format="tiff")
    words = words_for(120)
    picture(words, "1").resize((440, 90)).save(
        folder / "tiff-fax.tif", compression="group3", dpi=(204, 98)
    )
    yield good("tiff-fax.tif", "tiff", words)
    write_old_jpeg(folder / "tiff-old-jpeg.tif", picture(words))
    yield good("tiff-old-jpeg.tif", "tiff", words)


def _modes(folder: Path) -> Iterator[Entry]:
    words = words_for(130)
    for mode in ("L", "LA", "P", "RGBA", "CMYK", "YCbCr"):
        name = f"tiff-mode-{mode.lower()}.tiff"
        picture(words, mode).save(folder / name)
        yield good(name, "tiff", words)
    greys = np.asarray(picture(words, "L"))
    for kind, values in {
        "16-bit": greys.astype(np.uint16) * 257,
        "32-bit": greys.astype(np.int32) * 1000,
        "float": greys.astype(np.float32) / 255,
    }.items():
        Image.fromarray(values).save(folder / f"tiff-{kind}.tif")
        yield good(f"tiff-{kind}.tif", "tiff", words)
    white_is_zero = Directory(tags_of(255 - greys[:, :, None], 0), [(255 - greys).tobytes()])
    Tiff(pages=[white_is_zero]).write(folder / "tiff-white-is-zero.tif")
    yield good("tiff-white-is-zero.tif", "tiff", words)
    for orientation in (3, 6):
        name = f"tiff-orientation-{orientation}.tif"
        stored(picture(words), orientation).save(folder / name, exif=exif(orientation))
        yield good(name, "tiff", words)


def _layouts(folder: Path) -> Iterator[Entry]:
    words = words_for(140)
    rgb = np.asarray(picture(words))
    greys = rgb[:, :, :1].copy()
    pack = zlib.compress
    tiled = {322: (LONG, [128]), 323: (LONG, [128])}
    cmyk = np.asarray(picture(words, "CMYK"))
    files = {
        "tiles": Tiff(pages=[Directory(tags_of(rgb, 2) | tiled, tiles_of(rgb, 128), True)]),
        "tiles-deflate": Tiff(
            pages=[
                Directory(
                    tags_of(rgb, 2, _DEFLATE) | tiled,
                    [pack(tile) for tile in tiles_of(rgb, 128)],
                    True,
                )
            ]
        ),
        "strips": Tiff(
            pages=[
                Directory(
                    tags_of(greys, 1, _DEFLATE) | {278: (LONG, [20])},
                    [pack(greys[top : top + 20].tobytes()) for top in range(0, len(greys), 20)],
                )
            ]
        ),
        "planes": Tiff(
            pages=[
                Directory(
                    tags_of(rgb, 2, is_planar=True),
                    [rgb[:, :, band].tobytes() for band in range(3)],
                )
            ]
        ),
        "planes-deflate": Tiff(
            pages=[
                Directory(
                    tags_of(rgb, 2, _DEFLATE, is_planar=True),
                    [pack(rgb[:, :, band].tobytes()) for band in range(3)],
                )
            ]
        ),
        "big-endian": Tiff(">", pages=[Directory(tags_of(rgb, 2), [rgb.tobytes()])]),
        "big-endian-16-bit": Tiff(
            ">",
            pages=[
                Directory(
                    tags_of(greys.astype(np.uint16), 1),
                    [(greys.astype(">u2") * 257).astype(">u2").tobytes()],
                )
            ],
        ),
        "rgb-16-bit": Tiff(
            pages=[
                Directory(tags_of(rgb.astype(np.uint16), 2), [(rgb.astype("<u2") * 257).tobytes()])
            ]
        ),
        "cmyk-16-bit": Tiff(
            pages=[
                Directory(
                    tags_of(cmyk.astype(np.uint16), 5), [(cmyk.astype("<u2") * 257).tobytes()]
                )
            ]
        ),
        "bigtiff": Tiff(is_big=True, pages=[Directory(tags_of(rgb, 2), [rgb.tobytes()])]),
        "bigtiff-deflate": Tiff(
            is_big=True, pages=[Directory(tags_of(greys, 1, _DEFLATE), [pack(greys.tobytes())])]
        ),
        "predictor": Tiff(
            pages=[
                Directory(
                    tags_of(greys, 1, _DEFLATE) | {317: (SHORT, [2])},
                    [pack(np.diff(greys, axis=1, prepend=np.uint8(0)).astype(np.uint8).tobytes())],
                )
            ]
        ),
    }
    for kind, tiff in files.items():
        tiff.write(folder / f"tiff-{kind}.tif")
        yield good(f"tiff-{kind}.tif", "tiff", words)


def _many_pages(folder: Path) -> Iterator[Entry]:
    words = words_for(150)
    pages = [picture(words, "1").resize((440, 180 + number)) for number in range(5)]
    pages[0].save(
        folder / "tiff-5-pages.tif", save_all=True, append_images=pages[1:], compression="group4"
    )
    yield Entry("tiff-5-pages.tif", (READ,) * 5, format="tiff", words=words)
    white = np.full((8, 8, 1), 255, np.uint8)
    many = [Directory(tags_of(white, 1), [white.tobytes()]) for _ in range(40)]
    for is_big in (False, True):
        name = f"tiff-40-pages{'-big' if is_big else ''}.tif"
        Tiff(is_big=is_big, pages=many).write(folder / name)
        yield Entry(name, (READ,) * 40, format="tiff")


def write_old_jpeg(path: Path, image: Image.Image) -> None:
    """Write a TIFF with a whole JPEG in it, as was done before the tags for it were mended."""
    content = saved(image, "JPEG", quality=90, subsampling=0)
    tags = tags_of(np.asarray(image), 6, _OLD_JPEG)
    # The stream begins behind the header of eight bytes, as the only strip does.
    tags |= {
        512: (SHORT, [1]),
        513: (LONG, [8]),
        514: (LONG, [len(content)]),
        530: (SHORT, [1, 1]),
    }
    Tiff(pages=[Directory(tags, [content])]).write(path)
