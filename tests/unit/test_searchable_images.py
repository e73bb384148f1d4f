"""The searchable PDF of an image file: its pages, its data, and what they look like."""

import io
from contextlib import contextmanager

import numpy as np
import pytest
from pikepdf import Array, Name, Pdf
from PIL import Image, ImageCms, ImageDraw

from ocr_worker import wire
from ocr_worker.documents.image import to_rgb
from ocr_worker.outputs.searchable_pdf.embedded_image import embedded
from ocr_worker.outputs.searchable_pdf.growing_pdf import GrowingPdf
from tests.scans import huge_png, text_image
from tests.searchable import (
    found_words,
    line_of,
    make_searchable,
    overlap,
    page_of,
    shown,
    size_of,
)

SIZE = (300, 200)


def picture(mode="RGB"):
    """Return an image without any symmetry: its corners are of four colours."""
    image = text_image(["Upright"], size=SIZE)
    draw = ImageDraw.Draw(image)
    for place, colour in zip(
        ((0, 0), (250, 0), (0, 150), (250, 150)), ("red", "green", "blue", "black"), strict=True
    ):
        draw.rectangle((place, (place[0] + 49, place[1] + 49)), fill=colour)
    return image.convert(mode)


def saved(tmp_path, name, image, **options):
    path = tmp_path / name
    image.save(path, **options)
    return path


@contextmanager
def image_of(path):
    """Yield the one image object of the first page."""
    with Pdf.open(path) as pdf:
        (image,) = pdf.pages[0].get_images().values()
        yield image


def check_look(source, output, *, page=1, tolerance=0.0):
    """Hold what PDFium shows of the PDF against what is shown of the image, pixel by pixel."""
    expected = shown(source, page, px=max(SIZE)).astype(int)
    found = shown(output, page, px=max(SIZE)).astype(int)
    assert found.shape == expected.shape
    assert np.abs(found - expected).mean() <= tolerance


def read_words(source, page=1):
    line = line_of(["Upright", "words"], 20, 30)
    return page_of(line, size=size_of(source, page), number=page)


@pytest.mark.parametrize(
    ("name", "mode", "options"),
    [
        ("a.png", "RGB", {}),
        ("a.png", "L", {}),
        ("a.png", "P", {}),
        ("a.png", "1", {}),
        ("a.png", "RGBA", {}),
        ("a.png", "LA", {}),
        ("a.tiff", "RGB", {}),
        ("a.tiff", "1", {"compression": "group4"}),
        ("a.tiff", "L", {"compression": "tiff_lzw"}),
        ("a.bmp", "RGB", {}),
        ("a.bmp", "1", {}),
        ("a.bmp", "P", {}),
        ("a.webp", "RGB", {"lossless": True}),
        ("a.webp", "RGBA", {"lossless": True}),
        ("a.jpg", "RGB", {}),
        ("a.jpg", "L", {"progressive": True}),
        ("a.gif", "P", {}),
        ("a.jp2", "RGB", {}),
        ("a.avif", "RGB", {}),
    ],
)
def test_it_looks_as_the_image_does_and_its_words_are_found(tmp_path, name, mode, options):
    source = saved(tmp_path, name, picture(mode), **options)
    read = read_words(source)

    output, warnings = make_searchable(source, read)

    assert warnings == ()
    check_look(source, output)
    assert size_of(output) == size_of(source)
    with Pdf.open(output) as pdf:
        assert pdf.check_pdf_syntax() == []
    words = found_words(output)
    assert [word.text for word in words] == ["Upright", "words"]
    for found, expected in zip(words, read.lines[0].words, strict=True):
        assert overlap(found, expected) > 0.9


@pytest.mark.parametrize("mode", ["RGB", "L", "CMYK"])
def test_the_data_of_a_jpeg_is_taken_over_untouched(tmp_path, mode):
    source = saved(tmp_path, "a.jpg", picture(mode), dpi=(144, 144))

    output, _ = make_searchable(source, read_words(source))

    with image_of(output) as image:
        assert image.read_raw_bytes() == source.read_bytes()
        assert image.Filter == Name.DCTDecode
    assert size_of(output) == (150, 100)
    assert output.stat().st_size < 1.05 * source.stat().st_size + 10 * 1024
    # Two programs make colours of inks in two ways, but not the opposite ones.
    check_look(source, output, tolerance=20.0 if mode == "CMYK" else 0.0)


@pytest.mark.parametrize("mode", ["RGB", "L", "P"])
def test_the_data_of_a_png_is_taken_over_untouched(tmp_path, mode):
    source = saved(tmp_path, "a.png", picture(mode), optimize=True)

    output, _ = make_searchable(source, read_words(source))

    with image_of(output) as image:
        assert image.read_raw_bytes() in source.read_bytes()
    assert output.stat().st_size < 1.05 * source.stat().st_size + 10 * 1024


def test_sixteen_bits_stay_sixteen(tmp_path):
    values = np.linspace(0, 65535, SIZE[0] * SIZE[1]).astype(np.uint16).reshape(SIZE[::-1])
    source = saved(tmp_path, "deep.png", Image.fromarray(values))

    output, _ = make_searchable(source, read_words(source))

    with image_of(output) as image:
        assert image.BitsPerComponent == 16
    check_look(source, output, tolerance=1.0)


@pytest.mark.parametrize("name", ["a.png", "a.tiff", "a.bmp"])
def test_one_bit_stays_one_bit(tmp_path, name):
    source = saved(tmp_path, name, picture("1"))

    output, _ = make_searchable(source, read_words(source))

    with image_of(output) as image:
        assert image.BitsPerComponent == 1


@pytest.mark.parametrize("name", ["a.jpg", "a.png", "a.webp", "a.tiff"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_the_orientation_of_a_camera_is_applied(tmp_path, name, orientation):
    exif = Image.Exif()
    exif[0x0112] = orientation
    options = {"lossless": True} if name == "a.webp" else {}
    source = saved(tmp_path, name, picture(), exif=exif, **options)
    read = read_words(source)

    output, _ = make_searchable(source, read)

    check_look(source, output)
    for found, expected in zip(found_words(output), read.lines[0].words, strict=True):
        assert overlap(found, expected) > 0.9


def test_what_is_transparent_is_white(tmp_path):
    image = Image.new("RGBA", SIZE, (255, 0, 0, 0))
    source = saved(tmp_path, "clear.png", image)

    output, _ = make_searchable(source, read_words(source))

    assert shown(output).min() == 255


@pytest.mark.parametrize("name", ["a.jpg", "a.png", "a.webp"])
def test_a_colour_profile_is_kept_where_it_fits(tmp_path, name):
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    source = saved(tmp_path, name, picture(), icc_profile=profile)
    unfit = saved(tmp_path, f"unfit-{name}", picture(), icc_profile=b"no profile")

    output, _ = make_searchable(source, read_words(source))
    with image_of(output) as image:
        assert image.ColorSpace[0] == Name.ICCBased
        assert image.ColorSpace[1].read_bytes() == profile

    output, _ = make_searchable(unfit, read_words(unfit))
    with image_of(output) as image:
        assert not isinstance(image.ColorSpace, Array)


def test_a_tiff_of_many_pages_becomes_a_pdf_of_as_many(tmp_path):
    images = [text_image([f"page {number}"], size=SIZE) for number in range(1, 6)]
    images[2] = images[2].convert("1")
    source = saved(tmp_path, "a.tiff", images[0], save_all=True, append_images=images[1:])
    pages = [read_words(source, number) for number in (1, 4)]

    output, _ = make_searchable(source, *pages, page_count=5)

    assert sorted(path.name for path in tmp_path.iterdir() if "page" not in path.name) == [
        "a.tiff",
        "a.tiff.ocr.pdf",
    ]
    with Pdf.open(output) as pdf:
        assert len(pdf.pages) == 5
        assert pdf.check_pdf_syntax() == []
    for number in range(1, 6):
        check_look(source, output, page=number)
        assert bool(found_words(output, number)) == (number in (1, 4))


def test_a_page_that_cannot_be_decoded_is_blank_and_told_of(tmp_path):
    images = [text_image(["fine"], size=SIZE) for _ in range(3)]
    source = saved(
        tmp_path,
        "a.tiff",
        images[0],
        save_all=True,
        append_images=images[1:],
        compression="tiff_deflate",
    )
    content = bytearray(source.read_bytes())
    with Image.open(io.BytesIO(content)) as image:
        image.seek(1)
        start, length = image.tag_v2[273][0], image.tag_v2[279][0]
    content[start : start + length] = bytes(length)
    source.write_bytes(content)

    output, warnings = make_searchable(source, read_words(source), page_count=3)

    assert warnings == ("Page 2 cannot be decoded and is blank in the searchable PDF.",)
    assert shown(output, 2).min() == 255
    check_look(source, output, page=3)


def test_a_page_that_is_too_large_to_be_decoded_is_blank_and_the_others_are_there(tmp_path):
    images = [text_image(["fine"], size=size) for size in (SIZE, (900, 900), SIZE)]
    source = saved(tmp_path, "a.tiff", images[0], save_all=True, append_images=images[1:])
    limits = wire.Limits(max_page_pixels=100_000)

    output, warnings = make_searchable(source, page_count=3, limits=limits)

    assert [warning.split(" cannot")[0] for warning in warnings] == ["Page 2"]
    assert shown(output, 2).min() == 255
    check_look(source, output, page=3)


def test_a_page_larger_than_pdf_counts_has_a_larger_unit(tmp_path):
    source = huge_png(tmp_path / "huge.png")
    read = page_of(line_of(["Far", "away"], 20_000, 25_000), size=(30_000, 30_000))

    output, _ = make_searchable(source, read)

    with Pdf.open(output) as pdf:
        (page,) = pdf.pages
        width = float(page.MediaBox[2])
        assert width <= 14_400
        assert width * float(page.obj.UserUnit) == pytest.approx(30_000, abs=1)
    first, _ = found_words(output)
    assert first.x == pytest.approx(20_000, abs=5)


@pytest.mark.parametrize(
    ("suffix", "mode", "packing"),
    [
        (".jp2", "RGB", "JPXDecode"),
        (".jp2", "L", "JPXDecode"),
        (".jp2", "RGBA", "FlateDecode"),
        (".j2k", "RGB", "FlateDecode"),
        (".gif", "P", "FlateDecode"),
        (".avif", "RGB", "FlateDecode"),
    ],
)
def test_an_image_of_any_format_that_pillow_knows_can_be_embedded(tmp_path, suffix, mode, packing):
    path = tmp_path / f"a{suffix}"
    try:
        picture(mode).save(path)
    except (KeyError, OSError):
        pytest.skip(f"this Pillow writes no {suffix}")
    with Image.open(path) as image:
        expected = np.asarray(to_rgb(image.copy()))
        made = embedded(image, str(path), wire.Limits())
    with (tmp_path / "a.pdf").open("wb") as file:
        pdf = GrowingPdf(file)
        content = pdf.add_stream("", b"q 300 0 0 200 0 0 cm /Im Do Q")
        resources = f"/Resources << /XObject << /Im {made.add_to(pdf)} 0 R >> >>"
        pdf.add_page(f"/MediaBox [0 0 300 200] {resources} /Contents {content} 0 R")
        pdf.finish()

    assert packing in made.entries
    assert np.array_equal(shown(tmp_path / "a.pdf", px=max(SIZE)), expected)
