"""A PDF page that is nothing but a JPEG comes as that JPEG's pixels, all others as PDFium draws."""

import contextlib
import io
import struct

import cv2
import numpy as np
import pytest
from PIL import Image

from ocr_worker import wire
from ocr_worker.documents import open_document, pdf, scanned_jpeg
from tests.scans import content_pdf, image_object, placed, shown_text, stream, text_image

SIZE_PX, SIZE_PT = (400, 600), (200, 300)
FILLING = placed("Im0", 0, 0, *SIZE_PT)
RGB, GREY = b"/DeviceRGB", b"/DeviceGray"


@pytest.fixture
def drawn_by_pdfium(monkeypatch):
    """The frames that PDFium was asked to draw."""
    drawn = []
    draw = pdf._draw

    def noted(frame, loaded):
        drawn.append(frame)
        return draw(frame, loaded)

    monkeypatch.setattr(pdf, "_draw", noted)
    return drawn


def photo(mode="RGB"):
    """Return what no two places of are alike."""
    height, width = SIZE_PX[::-1]
    noise = np.random.default_rng(3).integers(0, 256, (height // 8, width // 8, 3), dtype=np.uint8)
    return Image.fromarray(noise).resize(SIZE_PX).convert(mode)


def jpeg(image=None, **options):
    buffer = io.BytesIO()
    (image or photo()).save(buffer, "JPEG", **options)
    return buffer.getvalue()


def decoded(data):
    return np.asarray(Image.open(io.BytesIO(data)).convert("RGB"))


def in_pdf(data, colours=RGB, *, size_px=SIZE_PX, entries=b""):
    entries = (
        b"/Type /XObject /Subtype /Image /Width %d /Height %d /ColorSpace %s /BitsPerComponent 8"
        b" /Filter /DCTDecode %s" % (*size_px, colours, entries)
    )
    return stream(data, entries)


def render(path, *, region=None, dpi=None):
    source = wire.Source(path=str(path))
    with contextlib.closing(open_document(source, wire.Limits())) as document:
        return document.render(1, dpi=dpi, region=region, scale=1.0)


def page_of(tmp_path, image, content=FILLING, page_entries=b""):
    return content_pdf(
        tmp_path / "a.pdf",
        [content],
        size=SIZE_PT,
        images={"Im0": image},
        page_entries=page_entries,
    )


@pytest.mark.parametrize(("mode", "colours"), [("RGB", RGB), ("L", GREY)])
def test_the_page_is_the_jpeg_to_the_last_bit(tmp_path, drawn_by_pdfium, mode, colours):
    data = jpeg(photo(mode))

    page = render(page_of(tmp_path, in_pdf(data, colours)))

    assert (page.pixels == decoded(data)).all()
    assert (page.width_pt, page.height_pt, page.dpi) == (*SIZE_PT, 144)
    assert drawn_by_pdfium == []


def test_a_region_is_cut_out_of_it(tmp_path, drawn_by_pdfium):
    data = jpeg()

    region = wire.Region(x=50, y=100, width=20, height=10)
    page = render(page_of(tmp_path, in_pdf(data)), region=region)

    assert (page.pixels == decoded(data)[200:220, 100:140]).all()
    assert (page.x_pt, page.y_pt) == (50, 100)
    assert drawn_by_pdfium == []


def test_how_the_camera_was_held_does_not_matter_to_a_pdf(tmp_path, drawn_by_pdfium):
    exif = Image.Exif()
    exif[0x0112] = 3  # upside down
    data = jpeg(exif=exif)

    assert (render(page_of(tmp_path, in_pdf(data))).pixels == decoded(data)).all()
    assert drawn_by_pdfium == []


CHANGED = {
    "inverted": b"/Decode [1 0 1 0 1 0]",
    "inverted, spelt by numbers": b"/#44ecode [1 0 1 0 1 0]",
    "a colour is no colour": b"/Mask [0 100 0 100 0 100]",
    "see-through": b"/SMask 99 0 R",
    "of a layer": b"/OC 99 0 R",
}


@pytest.mark.parametrize("entries", CHANGED.values(), ids=CHANGED)
def test_an_image_that_is_shown_otherwise_is_drawn(tmp_path, drawn_by_pdfium, entries):
    render(page_of(tmp_path, in_pdf(jpeg(), entries=entries)))

    assert len(drawn_by_pdfium) == 1


BESIDES = {
    "text": FILLING + shown_text(["Paid"]),
    "a line": FILLING + b"0 0 m 200 300 l S\n",
    "another image": FILLING + placed("Im0", 0, 0, 20, 30),
    "clipped": b"q 0 0 100 300 re W n " + FILLING + b" Q\n",
    "smaller than the page": placed("Im0", 10, 10, 180, 280),
    "beside the page": placed("Im0", 10, 0, 200, 300),
    "mirrored": b"q -200 0 0 300 200 0 cm /Im0 Do Q\n",
    "marked": b"/Figure << /MCID 0 >> BDC " + FILLING + b" EMC\n",
}


@pytest.mark.parametrize("content", BESIDES.values(), ids=BESIDES)
def test_a_page_that_is_more_or_less_than_its_image_is_drawn(tmp_path, drawn_by_pdfium, content):
    render(page_of(tmp_path, in_pdf(jpeg()), content))

    assert len(drawn_by_pdfium) == 1


ENTRIES = {
    "turned": b"/Rotate 90",
    "upside down": b"/Rotate 180",
    "with a note": b"/Annots [<< /Type /Annot /Subtype /Square /Rect [20 20 60 60] /C [1 0 0] >>]",
}


@pytest.mark.parametrize("page_entries", ENTRIES.values(), ids=ENTRIES)
def test_a_page_that_is_turned_or_written_on_is_drawn(tmp_path, drawn_by_pdfium, page_entries):
    render(page_of(tmp_path, in_pdf(jpeg()), page_entries=page_entries))

    assert len(drawn_by_pdfium) == 1


OTHERS = {
    "of four inks": in_pdf(jpeg(photo("CMYK")), b"/DeviceCMYK"),
    "grey, taken for colours": in_pdf(jpeg(photo("L"))),
    "of numbered colours": in_pdf(jpeg(photo("L")), b"[/Indexed /DeviceRGB 0 <000000>]"),
    "as eyes see colours": in_pdf(jpeg(), b"[/Lab << /WhitePoint [0.95 1 1.09] >>]"),
    "damaged": in_pdf(jpeg()[:20] + b"garbage" * 100),
}


@pytest.mark.parametrize("image", OTHERS.values(), ids=OTHERS)
def test_an_image_that_is_no_whole_jpeg_of_usual_colours_is_drawn(tmp_path, drawn_by_pdfium, image):
    with contextlib.suppress(pdf.TaskError):
        render(page_of(tmp_path, image))

    assert len(drawn_by_pdfium) == 1


def test_a_page_at_another_resolution_is_drawn(tmp_path, drawn_by_pdfium):
    page = render(page_of(tmp_path, in_pdf(jpeg())), dpi=72)

    assert page.pixels.shape == (300, 200, 3)
    assert len(drawn_by_pdfium) == 1


def test_an_image_that_shines_through_is_drawn(tmp_path, drawn_by_pdfium):
    path = page_of(tmp_path, in_pdf(jpeg()), b"/Half gs " + FILLING)
    half = b"/ExtGState << /Half << /ca 0.5 >> >> /Font <<"
    path.write_bytes(path.read_bytes().replace(b"/Font <<", half))

    render(path)

    assert len(drawn_by_pdfium) == 1


def test_data_that_is_packed_otherwise_is_not_even_fetched(tmp_path, monkeypatch, drawn_by_pdfium):
    def fetch(_):
        raise AssertionError("it was fetched")

    monkeypatch.setattr(scanned_jpeg, "data_of", fetch)
    render(page_of(tmp_path, image_object(photo())))

    assert len(drawn_by_pdfium) == 1


def claiming(data, height, width):
    """Return a JPEG whose header states another size."""
    frame = data.index(b"\xff\xc0") + 5
    return data[:frame] + struct.pack(">HH", height, width) + data[frame + 4 :]


UNFIT = {
    "a bomb, if it were true": claiming(jpeg(), 60_000, 60_000),
    "larger than it is said to be": jpeg(text_image(["Hello"], size=(4000, 6000))),
    # Older OpenCVs return what they could decode, the rest in grey.
    "cut off": jpeg()[:-4000],
}


@pytest.mark.parametrize("data", UNFIT.values(), ids=UNFIT)
def test_a_jpeg_that_would_be_too_much_or_too_little_is_not_decoded(tmp_path, monkeypatch, data):
    def decode(*_):
        raise AssertionError("it was decoded")

    monkeypatch.setattr(cv2, "imdecode", decode)

    with contextlib.suppress(pdf.TaskError):
        render(page_of(tmp_path, in_pdf(data)))
