"""Pages as pictures: as large as asked, as a viewer shows them, within limits, and whole."""

import base64
import io
from pathlib import Path

import numpy as np
import pytest
from PIL import ExifTags, Image

from ocr_worker import wire
from ocr_worker.documents import open_document
from ocr_worker.documents.base import MAX_SIDE_PX
from ocr_worker.documents.pdf import PdfDocument
from ocr_worker.errors import TaskError
from ocr_worker.rendering import render_page
from tests.scans import (
    A4_PT,
    content_pdf,
    encrypted_pdf,
    huge_png,
    placed,
    scan_pdf,
    stream,
    text_image,
    text_pdf,
)

LIMITS = wire.Limits()
SAMPLE = Path(__file__).parents[2] / "samples" / "scan.pdf"
RED, GREEN, BLUE, WHITE = (255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 255)


@pytest.fixture
def opened():
    documents = []

    def open_path(path, limits=LIMITS, password=None):
        documents.append(open_document(wire.Source(path=str(path), password=password), limits))
        return documents[-1]

    yield open_path
    for document in documents:
        document.close()


def show(document, page=1, max_px=None, dpi=None):
    return document.show(page, max_px=max_px, dpi=dpi)


def refusal(document, page=1, max_px=None, dpi=None):
    with pytest.raises(TaskError) as caught:
        show(document, page, max_px, dpi)
    return caught.value


def size_of(pixels):
    """Width and height."""
    return pixels.shape[1], pixels.shape[0]


def corners(pixels):
    """The colours near the corners: top left, top right, bottom left, bottom right."""
    across, down = pixels.shape[1] // 8, pixels.shape[0] // 8
    return [
        tuple(int(value) for value in pixels[y, x])
        for y in (down, -down)
        for x in (across, -across)
    ]


def coloured_pdf(path, page_entries=b""):
    """A page of 400 x 200 points: red, green over blue, white, each a quarter."""
    content = b"1 0 0 rg 0 100 200 100 re f 0 1 0 rg 200 100 200 100 re f 0 0 1 rg 0 0 200 100 re f"
    return content_pdf(path, [content], size=(400, 200), page_entries=page_entries)


@pytest.mark.parametrize("max_px", [16, 100, 1200, 2339])
def test_the_longer_side_of_a_pdf_page_is_exactly_as_long_as_asked(opened, max_px):
    pixels = show(opened(SAMPLE), 2, max_px=max_px)

    assert size_of(pixels) == (round(max_px * 595.44 / 842.04), max_px)
    assert pixels.dtype == np.uint8


def test_the_sample_scan_is_shown_as_it_was_scanned(opened):
    document = opened(SAMPLE)
    own = document.render(1, dpi=None, region=None, scale=1.0).pixels

    assert (show(document, 1, max_px=2339) == own).all()
    halved = np.asarray(Image.fromarray(own).resize((827, 1170), Image.Resampling.BOX))
    assert np.abs(show(document, 1, max_px=1170).astype(int) - halved).mean() < 4
    assert (show(document, 1, max_px=1170) < 128).mean() > 0.005, "there is ink"


def test_a_small_page_of_a_pdf_is_enlarged_to_what_was_asked(tmp_path, opened):
    document = opened(text_pdf(tmp_path / "card.pdf", [["One"]], size=(36, 72)))

    assert size_of(show(document, max_px=8192)) == (4096, 8192)


@pytest.mark.parametrize("dpi", [20, 72, 144.5])
def test_a_pdf_page_comes_at_the_resolution_asked_for(tmp_path, opened, dpi):
    document = opened(text_pdf(tmp_path / "a.pdf", [["One"]]))

    expected = tuple(round(side * dpi / 72) for side in A4_PT)
    assert size_of(show(document, dpi=dpi)) == expected


@pytest.mark.parametrize(
    ("entries", "size", "expected"),
    [
        (b"", (200, 100), [RED, GREEN, BLUE, WHITE]),
        (b"/Rotate 90", (100, 200), [BLUE, RED, WHITE, GREEN]),
        (b"/Rotate 180", (200, 100), [WHITE, BLUE, GREEN, RED]),
        (b"/Rotate 270", (100, 200), [GREEN, WHITE, RED, BLUE]),
        (b"/CropBox [200 0 400 100]", (200, 100), [WHITE, WHITE, WHITE, WHITE]),
        (b"/CropBox [100 50 300 150]", (200, 100), [RED, GREEN, BLUE, WHITE]),
        (b"/CropBox [0 0 200 200] /Rotate 90", (200, 200), [BLUE, RED, BLUE, RED]),
    ],
)
def test_rotation_and_crop_box_are_applied_as_a_viewer_does(
    tmp_path, opened, entries, size, expected
):
    pixels = show(opened(coloured_pdf(tmp_path / "a.pdf", entries)), max_px=200)

    assert size_of(pixels) == size
    assert corners(pixels) == expected


def test_a_page_that_differs_from_its_neighbours_is_the_one_that_is_shown(tmp_path, opened):
    pages = [Image.new("RGB", (60, 60), colour) for colour in ("red", "lime", "blue")]
    document = opened(scan_pdf(tmp_path / "a.pdf", pages, dpi=72))

    assert [show(document, page, max_px=16)[8, 8].argmax() for page in (1, 2, 3)] == [0, 1, 2]


@pytest.mark.parametrize("orientation", range(1, 9))
def test_the_orientation_of_a_photo_is_applied(tmp_path, opened, orientation):
    stored_from = {
        2: Image.Transpose.FLIP_LEFT_RIGHT,
        3: Image.Transpose.ROTATE_180,
        4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE,
        6: Image.Transpose.ROTATE_90,
        7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_270,
    }
    upright = Image.new("RGB", (400, 200), WHITE)
    for place, colour in (((0, 0), RED), ((200, 0), GREEN), ((0, 100), BLUE)):
        upright.paste(colour, (*place, place[0] + 200, place[1] + 100))
    stored = upright.transpose(stored_from[orientation]) if orientation > 1 else upright
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = orientation
    path = tmp_path / "photo.png"
    stored.save(path, exif=exif)
    pixels = show(opened(path), max_px=100)

    assert size_of(pixels) == (100, 50)
    assert corners(pixels) == [RED, GREEN, BLUE, WHITE]


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ({"max_px": 8192}, (800, 600)),
        ({"max_px": 800}, (800, 600)),
        ({"max_px": 799}, (799, 599)),
        ({"max_px": 16}, (16, 12)),
        ({"dpi": 1200}, (800, 600)),
        ({"dpi": 200}, (800, 600)),
        ({"dpi": 50}, (200, 150)),
    ],
)
def test_an_image_is_made_smaller_but_never_larger(tmp_path, opened, asked, expected):
    path = tmp_path / "a.png"
    image = text_image(["Hello"], size=(800, 600))
    image.save(path, dpi=(200, 200))
    pixels = show(opened(path), **asked)

    assert size_of(pixels) == expected
    if expected == image.size:
        assert (pixels == np.asarray(image)).all()


def test_an_image_that_states_no_resolution_counts_as_72_dpi(tmp_path, opened):
    path = tmp_path / "a.png"
    text_image(["Hello"], size=(800, 600)).save(path)
    document = opened(path)

    assert size_of(show(document, dpi=36)) == (400, 300)
    assert size_of(show(document, dpi=300)) == (800, 600)


def test_the_flat_pixels_of_a_fax_are_shown_square(tmp_path, opened):
    path = tmp_path / "fax.tif"
    Image.new("1", (1728, 1100), 1).save(path, dpi=(204, 98))
    document = opened(path)

    assert size_of(show(document, max_px=8192)) == (1728, round(1100 * 204 / 98))
    assert size_of(show(document, max_px=100)) == (75, 100)


def test_a_pixel_wide_strip_keeps_its_pixel(tmp_path, opened):
    path = tmp_path / "a.png"
    Image.new("L", (3, 5000), 0).save(path)

    assert size_of(show(opened(path), max_px=16)) == (1, 16)


@pytest.mark.parametrize("page", [0, 4, 10**9])
def test_a_page_that_does_not_exist_is_out_of_range(opened, page):
    error = refusal(opened(SAMPLE), page, max_px=100)

    assert error.kind == "page_out_of_range"
    assert error.data["page_count"] == 3


def test_a_picture_of_too_many_pixels_is_refused_before_it_is_drawn(opened, monkeypatch):
    def draw(*_):
        raise AssertionError("drawn")

    monkeypatch.setattr("ocr_worker.documents.pdf._draw", draw)
    document = opened(SAMPLE, wire.Limits(max_page_pixels=4_000_000))

    for asked in ({"max_px": 2400}, {"dpi": 1200}):
        error = refusal(document, **asked)
        assert (error.kind, error.data["which"]) == ("limit_exceeded", "page_pixels")
        assert error.data["limit"] == 4_000_000 < error.data["value"]


def test_an_image_on_a_page_that_is_too_large_to_decode_is_refused_however_small_the_picture(
    tmp_path, opened
):
    entries = (
        b"/Type /XObject /Subtype /Image /Width 30000 /Height 30000"
        b" /ColorSpace /DeviceGray /BitsPerComponent 8 /Filter /FlateDecode"
    )
    content = placed("Im0", 0, 0, *A4_PT)
    path = content_pdf(tmp_path / "a.pdf", [content], images={"Im0": stream(b"", entries)})

    assert refusal(opened(path), max_px=16).data["value"] == 900_000_000


def test_a_gigantic_image_is_refused_before_it_is_decoded(tmp_path, opened, monkeypatch):
    document = opened(huge_png(tmp_path / "a.png", 30_000))

    def decode(*_):
        raise AssertionError("decoded")

    monkeypatch.setattr("PIL.ImageFile.ImageFile.load", decode)
    monkeypatch.setattr("PIL.PngImagePlugin.PngImageFile.load", decode)

    assert refusal(document, max_px=16).kind == "limit_exceeded"


def test_a_side_longer_than_a_jpeg_may_have_is_refused(tmp_path, opened):
    document = opened(text_pdf(tmp_path / "a.pdf", [[]], size=(14_000, 10)))
    error = refusal(document, dpi=400)

    assert (error.kind, error.data["which"]) == ("limit_exceeded", "side_pixels")
    assert size_of(show(document, dpi=300))[0] <= MAX_SIDE_PX < error.data["value"]


def test_what_cannot_be_decoded_on_a_page_is_left_out_as_a_viewer_does(tmp_path, opened):
    damaged = stream(
        b"garbage",
        b"/Type /XObject /Subtype /Image /Width 100 /Height 100"
        b" /ColorSpace /DeviceRGB /BitsPerComponent 8 /Filter /DCTDecode",
    )
    content = b"1 0 0 rg 0 0 100 842 re f\n" + placed("Im0", 100, 0, 495, 842)
    document = opened(content_pdf(tmp_path / "a.pdf", [content], images={"Im0": damaged}))

    assert tuple(show(document, max_px=842)[400, 50]) == RED


@pytest.fixture
def picture(tmp_path):
    """Render a page of a document; return the answer and the path of the file, if there is one."""

    def render(path=SAMPLE, *, password=None, **task):
        source = wire.Source(path=str(path), password=password)
        options = {"page": 1, "max_px": 400, "path": str(tmp_path / "picture"), **task}
        document = open_document(source, LIMITS)
        try:
            return render_page(
                document, wire.Render(task=7, source=source, limits=LIMITS, **options)
            )
        finally:
            document.close()

    return render


@pytest.mark.parametrize("format_", ["png", "jpeg"])
def test_a_picture_is_a_file_of_the_format_asked_for_without_metadata(picture, tmp_path, format_):
    answer = picture(format=format_, page=2)
    with Image.open(tmp_path / "picture") as image:
        image.load()
        assert (image.format, image.size, image.mode) == (format_.upper(), (283, 400), "RGB")
        assert not image.getexif()
        assert not image.info.keys() - {"jfif", "jfif_version", "jfif_unit", "jfif_density"}

    assert (answer.task, answer.width_px, answer.height_px) == (7, 283, 400)
    assert answer.size_bytes == (tmp_path / "picture").stat().st_size
    assert answer.data is None


def test_a_png_holds_the_pixels_as_they_are_and_a_jpeg_nearly(picture, opened):
    pixels = show(opened(SAMPLE), max_px=400)
    for format_, error in (("png", 0), ("jpeg", 6)):
        data = picture(format=format_, inline_bytes=10**7).data
        image = np.asarray(Image.open(io.BytesIO(base64.b64decode(data))))
        assert np.abs(image.astype(int) - pixels).mean() <= error


def test_a_picture_that_fits_is_answered_and_leaves_no_file(picture, tmp_path):
    n_bytes = len(picture(inline_bytes=10**7).data)

    assert picture(inline_bytes=n_bytes).data is not None
    assert list(tmp_path.iterdir()) == []
    assert picture(inline_bytes=n_bytes - 1).data is None
    assert (tmp_path / "picture").stat().st_size > 0


def test_a_name_that_is_taken_is_left_alone(picture, tmp_path):
    (tmp_path / "picture").write_text("somebody's")
    with pytest.raises(TaskError) as caught:
        picture()

    assert caught.value.kind == "output_failed"
    assert (tmp_path / "picture").read_text() == "somebody's"


def test_a_full_disk_leaves_no_half_picture(picture, tmp_path, monkeypatch):
    def full(_descriptor):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(TaskError) as caught:
        picture()

    assert caught.value.kind == "output_failed"
    assert "No space left on device" in caught.value.message
    assert list(tmp_path.iterdir()) == []


def test_a_picture_is_noted_before_it_is_there_and_not_begun_where_it_cannot_be(picture, tmp_path):
    with pytest.raises(TaskError):
        picture(note=str(tmp_path / "no" / "note"))
    assert list(tmp_path.iterdir()) == []

    picture(note=str(tmp_path / "note"))
    assert (tmp_path / "note").read_text(encoding="utf-8") == str(tmp_path / "picture")


def test_an_encrypted_page_is_shown_to_who_has_the_password(picture, tmp_path):
    path = encrypted_pdf(tmp_path / "a.pdf", "sesame", ["The treasure is here"])
    with pytest.raises(TaskError) as caught:
        picture(path)
    assert caught.value.kind == "password_required"

    data = picture(path, password="sesame", inline_bytes=10**6).data
    assert np.asarray(Image.open(io.BytesIO(base64.b64decode(data)))).min() < 128


def test_the_file_is_let_go_once_its_page_was_shown(tmp_path):
    """Or the host could not remove it on Windows, until another one is asked for."""
    from ocr_worker.serve import Server

    closed = []
    path = scan_pdf(tmp_path / "a.pdf", [text_image(["Hello"])])
    close = PdfDocument.close
    server = Server(control=None)
    task = wire.Render(
        task=1,
        source=wire.Source(path=str(path)),
        limits=LIMITS,
        page=1,
        path=str(tmp_path / "out"),
        max_px=100,
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(PdfDocument, "close", lambda self: (closed.append(self), close(self)))
        server._render(task)

    assert len(closed) == 1
