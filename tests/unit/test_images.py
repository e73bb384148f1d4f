"""Image files: sizes, orientations and colours as a viewer shows them, and damage that is told."""

import contextlib

import numpy as np
import pytest
from PIL import ExifTags, Image

from ocr_worker import wire
from ocr_worker.documents import open_document
from ocr_worker.errors import TaskError
from tests.scans import cut_in_half, huge_png, text_image

LIMITS = wire.Limits()
BLACK, WHITE = (0, 0, 0), (255, 255, 255)


@pytest.fixture
def open_path():
    with contextlib.ExitStack() as opened:

        def open_path(path, limits=LIMITS):
            document = open_document(wire.Source(path=str(path)), limits)
            opened.callback(document.close)
            return document

        yield open_path


def render(document, page=1, dpi=None, region=None, scale=1.0):
    return document.render(page, dpi=dpi, region=region, scale=scale)


def refused_render(document, **options):
    with pytest.raises(TaskError) as caught:
        render(document, **options)
    return caught.value


def read_whole(open_path, path):
    """Formats differ in whether damage shows on opening or on decoding."""
    return render(open_path(path))


def half_black(mode="RGB", size=(40, 20)):
    """An image whose left half is black and whose right half is white."""
    image = Image.new("RGB", size, "white")
    image.paste("black", (0, 0, size[0] // 2, size[1]))
    return image.convert(mode)


def ends(pixels):
    """The colours in the middle of the left and of the right edge."""
    row = pixels[pixels.shape[0] // 2]
    return tuple(int(v) for v in row[0]), tuple(int(v) for v in row[-1])


def test_an_image_without_a_resolution_counts_as_72_dpi(tmp_path, open_path):
    path = tmp_path / "a.png"
    text_image(["Hello"], size=(800, 600)).save(path)
    document = open_path(path)

    page = render(document)

    assert (
        wire.PageInfo(page=1, width_pt=800, height_pt=600, rotation=0, has_text=False)
    ) == document.describe(1)
    assert (600, 800, 3) == page.pixels.shape
    assert (1, 1, 72) == (page.pixels_per_pt_x, page.pixels_per_pt_y, page.dpi)
    assert np.uint8 == page.pixels.dtype
    assert page.pixels.flags.writeable


@pytest.mark.parametrize("suffix", [".png", ".jpg", ".tif", ".bmp"])
def test_the_resolution_in_the_file_makes_the_points(tmp_path, suffix, open_path):
    path = tmp_path / f"a{suffix}"
    text_image(["Hello"], size=(800, 600)).save(path, dpi=(200, 200))
    document = open_path(path)

    page = render(document)

    assert (288, 216) == pytest.approx((page.width_pt, page.height_pt), rel=0.001)
    assert (600, 800, 3) == page.pixels.shape
    assert 200 == pytest.approx(page.dpi, rel=0.001)


@pytest.mark.parametrize("dpi", [(1, 1), (0, 0), (100_000, 100_000), (1200, 72)])
def test_a_resolution_that_cannot_be_is_ignored(tmp_path, dpi, open_path):
    path = tmp_path / "a.tif"
    text_image(["Hello"], size=(800, 600)).save(path, dpi=dpi)

    assert 800 == open_path(path).describe(1).width_pt


def test_the_flat_pixels_of_a_fax_are_made_square(tmp_path, open_path):
    path = tmp_path / "fax.tif"
    Image.new("1", (1728, 1100), 1).save(path, dpi=(204, 98))
    document = open_path(path)

    page = render(document)

    assert 204 == pytest.approx(page.dpi, abs=0.5)
    assert (round(1100 * 204 / 98), 1728, 3) == page.pixels.shape
    assert page.pixels_per_pt_x == pytest.approx(page.pixels_per_pt_y, rel=0.001)


def test_an_explicit_dpi_resamples_where_the_file_states_its_resolution(tmp_path, open_path):
    path = tmp_path / "a.png"
    text_image(["Hello"], size=(800, 600)).save(path, dpi=(200, 200))
    document = open_path(path)

    assert (300, 400, 3) == render(document, dpi=100).pixels.shape
    assert (900, 1200, 3) == render(document, dpi=300).pixels.shape


def test_an_explicit_dpi_changes_nothing_where_it_has_no_measure(tmp_path, open_path):
    path = tmp_path / "a.png"
    text_image(["Hello"], size=(800, 600)).save(path)

    assert (600, 800, 3) == render(open_path(path), dpi=300).pixels.shape


def test_scale_lowers_the_resolution_and_leaves_the_points(tmp_path, open_path):
    path = tmp_path / "a.png"
    text_image(["Hello"], size=(800, 600)).save(path)

    page = render(open_path(path), scale=0.5)

    assert (300, 400, 3) == page.pixels.shape
    assert (800, 600, 36) == (page.width_pt, page.height_pt, page.dpi)


@pytest.mark.parametrize("scale", [1.0, 0.5])
def test_a_region_is_cut_out(tmp_path, scale, open_path):
    path = tmp_path / "a.png"
    half_black(size=(400, 200)).save(path)

    part = render(
        open_path(path), region=wire.Region(x=150, y=50, width=100, height=80), scale=scale
    )

    assert (80 * scale, 100 * scale, 3) == part.pixels.shape
    assert (150, 50) == (part.x_pt, part.y_pt)
    assert (400, 200) == (part.width_pt, part.height_pt)
    assert (BLACK, WHITE) == ends(part.pixels)
    middle = part.pixels.shape[1] // 2
    assert BLACK == tuple(part.pixels[0, middle - 4])
    assert WHITE == tuple(part.pixels[0, middle + 4])


@pytest.mark.parametrize("suffix", [".jpg", ".png", ".webp", ".tif"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_the_orientation_in_the_file_is_applied(tmp_path, suffix, orientation, open_path):
    """Each orientation, undone by a viewer, shows the same upright picture."""
    stored_from = {
        2: Image.Transpose.FLIP_LEFT_RIGHT,
        3: Image.Transpose.ROTATE_180,
        4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE,
        6: Image.Transpose.ROTATE_90,
        7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_270,
    }
    upright = half_black(size=(64, 32))
    upright.paste("white", (0, 0, 64, 16))  # black in the lower left quarter only
    stored = upright.transpose(stored_from[orientation]) if orientation > 1 else upright
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = orientation
    path = tmp_path / f"a{suffix}"
    stored.save(path, exif=exif)
    document = open_path(path)

    page = render(document)

    assert (64, 32) == (document.describe(1).width_pt, document.describe(1).height_pt)
    assert (32, 64, 3) == page.pixels.shape
    assert np.abs(page.pixels.astype(int) - np.asarray(upright)).mean() < 5


def test_a_turned_photo_tells_its_rotation(tmp_path, open_path):
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = 6
    path = tmp_path / "a.jpg"
    half_black().save(path, exif=exif)

    assert 90 == open_path(path).describe(1).rotation


@pytest.mark.parametrize(
    ("mode", "suffix"),
    [
        ("1", ".png"),
        ("L", ".png"),
        ("LA", ".png"),
        ("P", ".png"),
        ("RGB", ".png"),
        ("RGBA", ".png"),
        ("CMYK", ".jpg"),
        ("CMYK", ".tif"),
        ("YCbCr", ".tif"),
        ("LAB", ".tif"),
        ("1", ".tif"),
    ],
)
def test_every_mode_of_colour_is_rendered(tmp_path, mode, suffix, open_path):
    path = tmp_path / f"a{suffix}"
    image = half_black("L" if mode == "LAB" else mode)
    if mode == "LAB":
        grey = Image.new("L", image.size, 128)
        image = Image.merge("LAB", (image, grey, grey))
    image.save(path)

    left, right = ends(render(open_path(path)).pixels)

    assert max(left) < 10
    assert min(right) > 245


@pytest.mark.parametrize("suffix", [".png", ".tif"])
def test_sixteen_bits_of_grey_keep_their_shades(tmp_path, suffix, open_path):
    path = tmp_path / f"a{suffix}"
    values = np.array([[0, 0x4000, 0x8000, 0xFFFF]] * 4, dtype=np.uint16)
    Image.fromarray(values).save(path)

    assert [0, 0x40, 0x80, 0xFF] == list(render(open_path(path)).pixels[0, :, 0])


@pytest.mark.parametrize("dtype", [np.int32, np.float32])
def test_greys_of_an_unstated_range_are_stretched(tmp_path, dtype, open_path):
    path = tmp_path / "a.tif"
    Image.fromarray(np.array([[-100, 0, 155]] * 4, dtype=dtype)).save(path)

    assert [0, 100, 255] == list(render(open_path(path)).pixels[0, :, 0])


@pytest.mark.parametrize("mode", ["RGBA", "LA", "P"])
def test_what_is_transparent_is_white(tmp_path, mode, open_path):
    path = tmp_path / "a.png"
    if mode == "P":
        image = Image.new("P", (4, 4), 0)
        image.putpalette([0, 0, 0, 255, 255, 255])
        image.save(path, transparency=0)
    else:
        Image.new(mode, (4, 4)).save(path)

    assert 255 == render(open_path(path)).pixels.min()


def test_a_tiff_has_as_many_pages_as_images_and_each_its_own_size(tmp_path, open_path):
    path = tmp_path / "a.tif"
    first, second, third = (Image.new("L", (10 * n, 20), 80 * n) for n in (1, 2, 3))
    first.save(path, save_all=True, append_images=[second, third])
    document = open_path(path)

    assert 3 == document.page_count
    assert [10, 20, 30] == [document.describe(page).width_pt for page in (1, 2, 3)]
    for page in (3, 1, 2):
        pixels = render(document, page).pixels
        assert (20, 10 * page, 3) == pixels.shape
        assert 80 * page == pixels[0, 0, 0]


def test_a_tiff_of_more_pages_than_the_limit_is_refused(tmp_path):
    path = tmp_path / "a.tif"
    pages = [Image.new("L", (10, 10))] * 3
    pages[0].save(path, save_all=True, append_images=pages[1:])

    with pytest.raises(TaskError) as caught:
        open_document(wire.Source(path=str(path)), wire.Limits(max_pages=2))

    assert "limit_exceeded" == caught.value.kind
    assert {"which": "pages", "limit": 2, "value": 3} == caught.value.data


def test_only_the_first_picture_of_an_animation_is_read_and_that_is_told(tmp_path, open_path):
    path = tmp_path / "a.webp"
    Image.new("RGB", (8, 8), "black").save(
        path, save_all=True, append_images=[Image.new("RGB", (8, 8), "white")], lossless=True
    )
    document = open_path(path)

    assert 1 == document.page_count
    assert ("Only the first picture in the file is read.",) == document.warnings
    assert 0 == render(document).pixels.max()


def test_a_gigantic_png_is_described_and_refused_before_it_is_decoded(
    tmp_path, open_path, monkeypatch
):
    document = open_path(huge_png(tmp_path / "a.png", 30_000))

    def decode(*_):
        raise AssertionError("decoded")

    monkeypatch.setattr("PIL.ImageFile.ImageFile.load", decode)
    monkeypatch.setattr("PIL.PngImagePlugin.PngImageFile.load", decode)
    error = refused_render(document, region=wire.Region(x=0, y=0, width=10, height=10))

    assert 30_000 == document.describe(1).width_pt
    assert "limit_exceeded" == error.kind
    assert "page_pixels" == error.data["which"]
    assert LIMITS.max_page_pixels == error.data["limit"]
    assert 900_000_000 == error.data["value"]


def test_the_gigantic_png_is_a_valid_one(tmp_path, open_path):
    """In small, so that the refusal above is not one of a broken file."""
    page = render(open_path(huge_png(tmp_path / "a.png", 330)))

    assert (330, 330, 3) == page.pixels.shape
    assert 255 == page.pixels.min()


def test_a_dpi_that_needs_too_many_pixels_is_refused(tmp_path, open_path):
    path = tmp_path / "a.png"
    text_image(["Hello"]).save(path, dpi=(100, 100))

    assert "limit_exceeded" == refused_render(open_path(path), dpi=10_000).kind


@pytest.mark.parametrize("suffix", [".png", ".jpg", ".tif", ".webp", ".bmp"])
def test_an_image_cut_in_half_is_unreadable(tmp_path, suffix, open_path):
    path = tmp_path / f"a{suffix}"
    text_image(["Hello"] * 9).save(path)
    cut_in_half(path)

    with pytest.raises(TaskError) as caught:
        read_whole(open_path, path)

    assert "document_unreadable" == caught.value.kind
    assert "damaged or cut off" in caught.value.message


@pytest.mark.parametrize("suffix", [".png", ".jpg", ".tif", ".webp", ".bmp"])
def test_a_signature_with_garbage_behind_it_is_unreadable(tmp_path, suffix, open_path):
    path = tmp_path / f"a{suffix}"
    text_image(["Hello"]).save(path)
    path.write_bytes(path.read_bytes()[:18] + b"\xaa" * 500)

    with pytest.raises(TaskError) as caught:
        read_whole(open_path, path)

    assert "document_unreadable" == caught.value.kind


def test_a_damaged_page_of_a_tiff_costs_one_page(tmp_path, open_path):
    path = tmp_path / "a.tif"
    pages = [text_image([word], size=(200, 100)) for word in ("One", "Two")]
    pages[0].save(path, save_all=True, append_images=pages[1:], compression="tiff_lzw")
    content = bytearray(path.read_bytes())
    with Image.open(path) as image:
        start = image.tag_v2[273][0]
    content[start : start + 40] = b"\xff" * 40
    path.write_bytes(content)
    document = open_path(path)

    assert "document_unreadable" == refused_render(document, page=1).kind
    assert render(document, page=2).pixels.min() < 128
