"""PDFs: what opens, at which resolution pages come, and which damage is told."""

import contextlib
import io

import numpy as np
import pypdfium2 as pdfium
import pytest
from PIL import Image

from ocr_worker import wire
from ocr_worker.documents import open_document
from ocr_worker.documents.page_view import PageView
from ocr_worker.documents.pdf import suitable_dpi
from ocr_worker.documents.pdf_images import (
    MAX_PICTURES,
    PlacedImage,
    coverage,
    pictures_among,
)
from ocr_worker.errors import TaskError
from tests.conformance.fixtures import write_pdf
from tests.scans import (
    A4_PT,
    content_pdf,
    cut_in_half,
    encrypted_pdf,
    image_object,
    placed,
    scan_pdf,
    searchable_scan_pdf,
    shown_text,
    stream,
    text_image,
    text_pdf,
)

LIMITS = wire.Limits()
VIEW = PageView(0, 0, 600, 800, 0)


@pytest.fixture
def open_path():
    with contextlib.ExitStack() as opened:

        def open_path(path, limits=LIMITS, password=None):
            document = open_document(wire.Source(path=str(path), password=password), limits)
            opened.callback(document.close)
            return document

        yield open_path


def refusal(path, limits=LIMITS, password=None):
    with pytest.raises(TaskError) as caught:
        open_document(wire.Source(path=str(path), password=password), limits)
    return caught.value


def render(document, page=1, dpi=None, region=None, scale=1.0):
    return document.render(page, dpi=dpi, region=region, scale=scale)


def refused_render(document, **options):
    with pytest.raises(TaskError) as caught:
        render(document, **options)
    return caught.value


def ink_box(pixels):
    ys, xs = np.where(pixels.min(axis=2) < 128)
    return xs.min(), ys.min(), xs.max(), ys.max()


def image_on_page(size_px, x, y, width, height):
    return PlacedImage(size_px, pdfium.PdfMatrix(width, 0, 0, height, x, y))


def test_pages_are_counted_and_described(tmp_path, open_path):
    document = open_path(text_pdf(tmp_path / "a.pdf", [["One"], []], size=(300, 400)))

    assert 2 == document.page_count
    assert not document.encrypted
    assert () == document.warnings
    assert (
        wire.PageInfo(page=1, width_pt=300, height_pt=400, rotation=0, has_text=True)
    ) == document.describe(1)
    assert not document.describe(2).has_text


def test_sizes_are_those_a_viewer_shows(tmp_path, open_path):
    entries = b"/Rotate 90 /CropBox [100 100 300 500]"  # without the text
    document = open_path(text_pdf(tmp_path / "a.pdf", [["One"]], page_entries=entries))

    assert 90 == document.describe(1).rotation
    assert not document.describe(1).has_text
    assert (400, 200) == (document.describe(1).width_pt, document.describe(1).height_pt)
    assert (200, 400) == render(document, dpi=72).pixels.shape[:2]


def test_an_encrypted_document_asks_for_its_password(tmp_path):
    path = encrypted_pdf(tmp_path / "a.pdf", "sesame")

    assert "password_required" == refusal(path).kind
    assert "password_required" == refusal(path, password="").kind


def test_a_wrong_password_is_told_from_a_missing_one(tmp_path):
    path = encrypted_pdf(tmp_path / "a.pdf", "sesame")

    assert "password_wrong" == refusal(path, password="simsim").kind


def test_the_right_password_opens_the_document(tmp_path, open_path):
    path = encrypted_pdf(tmp_path / "a.pdf", "sesame", ["The treasure is here"])

    document = open_path(path, password="sesame")

    assert document.encrypted
    assert "The treasure is here" == document.text_layer(1).lines[0].text


def test_a_password_that_is_not_needed_is_ignored(tmp_path, open_path):
    document = open_path(text_pdf(tmp_path / "a.pdf", [["One"]]), password="sesame")

    assert not document.encrypted


@pytest.mark.parametrize("make", ["text", "scan"])
def test_a_pdf_cut_in_half_is_unreadable_even_where_it_could_be_repaired(tmp_path, make):
    path = tmp_path / "a.pdf"
    if make == "text":
        text_pdf(path, [["Hello"]] * 20)
    else:
        scan_pdf(path, [text_image(["Hello"])] * 2)

    error = refusal(cut_in_half(path))

    assert "document_unreadable" == error.kind
    assert "cut off" in error.message


def test_an_update_cut_in_half_is_unreadable(tmp_path):
    """Otherwise the earlier revision would be read and the update lost in silence."""
    path = text_pdf(tmp_path / "a.pdf", [["Hello"]])
    with path.open("ab") as file:
        file.write(b"\n3 0 obj\n<< /Type /Font /Subtype")

    assert "document_unreadable" == refusal(path).kind


@pytest.mark.parametrize(
    ("end", "is_cut"),
    [
        (b"\nstartxref\n9\n%%EOF\n", False),
        (b"\n%%EOF\n", False),
        (b"\nstartxref\n9\n", False),
        (b"\n%%EOF\n3 0 obj <<", True),
        (b"\n%%EOF\n3 0 obj << >> endobj\nstartxref\n9", False),
        (b"\n%%EOF\n3 0 obj << >> endobj\nstartxref", True),
        (b"\nstartxref\n9\n%%EOF\nstartxref 3 0 obj <<", False),
        (b"\nstartxref\n9\nstartxref\nstartxref x\n3 0 obj <<", True),
        (b"\nstartxref\n", True),
    ],
)
def test_the_last_mark_of_an_end_with_objects_behind_it_is_none(tmp_path, end, is_cut):
    path = tmp_path / "a.pdf"
    path.write_bytes(b"%PDF-1.7\n1 0 obj << >> endobj" + end)

    assert ("cut off" in refusal(path).message) == is_cut


def test_garbage_behind_the_end_is_tolerated(tmp_path, open_path):
    path = text_pdf(tmp_path / "a.pdf", [["Hello"]])
    with path.open("ab") as file:
        file.write(b"\n<!-- served by a web server -->\n" + b"\0" * 100_000)

    assert 1 == open_path(path).page_count


def test_garbage_before_the_header_is_tolerated(tmp_path, open_path):
    path = text_pdf(tmp_path / "a.pdf", [["Hello"]])
    path.write_bytes(b"\r\n\r\n" + path.read_bytes())

    assert 1 == open_path(path).page_count


def test_a_damaged_pdf_is_unreadable(tmp_path):
    path = tmp_path / "a.pdf"
    path.write_bytes(b"%PDF-1.7\nnothing of use\nstartxref\n9\n%%EOF\n")

    assert "document_unreadable" == refusal(path).kind


def test_a_pdf_without_pages_is_unreadable_whatever_failed_before_it(tmp_path):
    refusal(encrypted_pdf(tmp_path / "locked.pdf", "sesame"))
    catalog, pages = b"<< /Type /Catalog /Pages 2 0 R >>", b"<< /Type /Pages /Count 0 /Kids [] >>"
    path = write_pdf(tmp_path / "a.pdf", [catalog, pages])

    error = refusal(path)

    assert "document_unreadable" == error.kind
    assert "no pages" in error.message


def test_a_repaired_document_warns_that_pages_may_be_missing(tmp_path, open_path):
    path = text_pdf(tmp_path / "a.pdf", [["Hello"]])
    path.write_bytes(path.read_bytes().replace(b"xref\n0 ", b"xxxx\n0 ", 1))

    assert ("The PDF is damaged and was repaired; pages may be missing.",) == open_path(
        path
    ).warnings


def test_more_pages_than_the_limit_are_refused(tmp_path):
    path = text_pdf(tmp_path / "a.pdf", [["One"], ["Two"], ["Three"]])

    error = refusal(path, wire.Limits(max_pages=2))

    assert "limit_exceeded" == error.kind
    assert {"which": "pages", "limit": 2, "value": 3} == error.data


@pytest.mark.parametrize("dpi", [100, 300])
def test_a_scan_comes_at_its_own_resolution(tmp_path, dpi, open_path):
    image = text_image(["Hello"], size=(1240, 1754))
    document = open_path(scan_pdf(tmp_path / "a.pdf", [image], dpi))

    page = render(document)

    assert (1754, 1240, 3) == page.pixels.shape
    assert dpi == pytest.approx(page.dpi, rel=0.01)


def test_a_scan_on_a_page_of_rounded_size_comes_with_as_many_pixels_as_it_has(tmp_path, open_path):
    """An A4 page is 595.28 x 841.89 points and is often written as 595 x 842."""
    image = image_object(text_image(["Hello"], size=(1240, 1754)))
    path = content_pdf(tmp_path / "a.pdf", [placed("Im0", 0, 0, *A4_PT)], images={"Im0": image})

    assert (1754, 1240, 3) == render(open_path(path)).pixels.shape


def test_a_turned_scan_keeps_its_pixels(tmp_path, open_path):
    noise = np.random.default_rng(7).integers(0, 256, (600, 400), dtype=np.uint8)
    path = content_pdf(
        tmp_path / "a.pdf",
        [placed("Im0", 0, 0, 200, 300)],
        size=(200, 300),
        images={"Im0": image_object(Image.fromarray(noise))},
        page_entries=b"/Rotate 90",
    )

    page = render(open_path(path))

    assert (np.rot90(noise, -1) == page.pixels[:, :, 0]).all()


def test_a_scan_inside_a_form_object_is_found(tmp_path, open_path):
    form = stream(
        placed("Im0", 0, 0, *A4_PT),
        b"/Type /XObject /Subtype /Form /BBox [0 0 2000 2000] /Matrix [0.5 0 0 0.5 0 0]"
        b" /Resources << /XObject << /Im0 5 0 R >> >>",
    )
    image = image_object(text_image(["Hello"], size=(1240, 1754)))
    path = content_pdf(
        tmp_path / "a.pdf", [b"q 2 0 0 2 0 0 cm /Fm0 Do Q"], images={"Fm0": form, "Im0": image}
    )

    assert (1754, 1240, 3) == render(open_path(path)).pixels.shape


@pytest.mark.parametrize(("font_pt", "expected"), [(4, 300), (8, 230), (12, 154), (40, 150)])
def test_a_page_of_text_comes_at_the_resolution_that_suits_its_letters(
    tmp_path, font_pt, expected, open_path
):
    path = text_pdf(tmp_path / "a.pdf", [["The quick brown fox"]], font_pt=font_pt)

    assert expected == pytest.approx(render(open_path(path)).dpi, abs=3)


def test_text_on_a_turned_page_comes_at_the_same_resolution(tmp_path, open_path):
    path = text_pdf(tmp_path / "a.pdf", [["The quick brown fox"]], page_entries=b"/Rotate 90")

    assert 154 == pytest.approx(render(open_path(path)).dpi, abs=3)


def test_colours_are_in_the_order_red_green_blue(tmp_path, open_path):
    document = open_path(content_pdf(tmp_path / "a.pdf", [b"1 0 0 rg 0 0 595 842 re f"]))

    assert [255, 0, 0] == list(render(document, dpi=72).pixels[400, 300])


def test_a_page_without_text_comes_at_200_dpi(tmp_path, open_path):
    document = open_path(content_pdf(tmp_path / "a.pdf", [b"0 0 m 100 100 l S"]))

    assert 200 == pytest.approx(render(document).dpi, abs=1)


def test_an_explicit_dpi_wins_and_scale_multiplies_it(tmp_path, open_path):
    document = open_path(scan_pdf(tmp_path / "a.pdf", [text_image(["Hello"])], 150))

    assert 100 == pytest.approx(render(document, dpi=100).dpi, rel=0.01)
    assert 50 == pytest.approx(render(document, dpi=100, scale=0.5).dpi, rel=0.01)
    assert 75 == pytest.approx(render(document, scale=0.5).dpi, rel=0.01)


def test_a_region_is_the_same_pixels_as_in_the_whole_page(tmp_path, open_path):
    document = open_path(text_pdf(tmp_path / "a.pdf", [["The quick brown fox"]]))
    whole = render(document, dpi=144)

    part = render(document, dpi=144, region=wire.Region(x=72, y=50, width=100, height=30))

    assert (60, 200, 3) == part.pixels.shape
    assert (72, 50) == (part.x_pt, part.y_pt)
    assert (595, 842) == (part.width_pt, part.height_pt)
    assert (whole.pixels[100:160, 144:344] == part.pixels).all()
    assert part.pixels.min() < 128


def test_an_image_larger_than_the_limit_is_refused_before_it_is_decoded(tmp_path, open_path):
    """The stream holds no such image: decoding it would fail with another error."""
    entries = (
        b"/Type /XObject /Subtype /Image /Width 30000 /Height 30000"
        b" /ColorSpace /DeviceGray /BitsPerComponent 8 /Filter /FlateDecode"
    )
    content = placed("Im0", 0, 0, *A4_PT)
    path = content_pdf(tmp_path / "a.pdf", [content], images={"Im0": stream(b"", entries)})

    error = refused_render(open_path(path))

    assert "limit_exceeded" == error.kind
    assert 900_000_000 == error.data["value"]
    assert LIMITS.max_page_pixels == error.data["limit"]
    assert "page_pixels" == error.data["which"]


def test_an_explicit_dpi_that_needs_too_many_pixels_is_refused(tmp_path, open_path):
    document = open_path(text_pdf(tmp_path / "a.pdf", [["Hello"]]))

    assert "limit_exceeded" == refused_render(document, dpi=20_000).kind


def test_a_region_at_a_high_dpi_is_not_refused_for_the_size_of_its_page(tmp_path, open_path):
    document = open_path(text_pdf(tmp_path / "a.pdf", [["Hello"]]))

    part = render(document, dpi=2400, region=wire.Region(x=72, y=50, width=10, height=10))

    assert 2400 == pytest.approx(part.dpi, abs=1)


def test_a_very_large_drawing_comes_at_a_lower_resolution(tmp_path, open_path):
    path = text_pdf(tmp_path / "a.pdf", [["The quick brown fox"]], size=(3000, 2000))
    limits = wire.Limits(max_page_pixels=1_000_000)

    page = render(open_path(path, limits))

    height, width, _ = page.pixels.shape
    assert 950_000 < height * width <= 1_000_000


def damaged_jpeg():
    buffer = io.BytesIO()
    text_image(["Hello"]).save(buffer, "JPEG")
    entries = (
        b"/Type /XObject /Subtype /Image /Width 1000 /Height 600"
        b" /ColorSpace /DeviceRGB /BitsPerComponent 8 /Filter /DCTDecode"
    )
    return stream(buffer.getvalue()[:20] + b"garbage" * 100, entries)


def test_a_scan_that_cannot_be_decoded_is_no_empty_page(tmp_path, open_path):
    content = placed("Im0", 0, 0, *A4_PT)
    path = content_pdf(tmp_path / "a.pdf", [content], images={"Im0": damaged_jpeg()})

    assert "document_unreadable" == refused_render(open_path(path)).kind


def test_an_ornament_that_cannot_be_decoded_costs_no_page(tmp_path, open_path):
    content = placed("Im0", 500, 100, 60, 40) + shown_text(["The quick brown fox"])
    path = content_pdf(tmp_path / "a.pdf", [content], images={"Im0": damaged_jpeg()})

    assert render(open_path(path)).pixels.min() < 128


def test_a_white_scan_is_an_empty_page(tmp_path, open_path):
    document = open_path(scan_pdf(tmp_path / "a.pdf", [text_image([])]))

    assert 255 == render(document).pixels.min()


def test_one_damaged_page_costs_one_page(tmp_path, open_path):
    path = text_pdf(tmp_path / "a.pdf", [["One"], ["Two"]])
    path.write_bytes(path.read_bytes().replace(b"/Kids [4 0 R ", b"/Kids [9 0 R "))
    document = open_path(path)

    assert "document_unreadable" == refused_render(document, page=1).kind
    assert render(document, page=2).pixels.min() < 128


def test_filled_in_fields_are_rendered(tmp_path, open_path):
    document = open_path(form_pdf(tmp_path / "a.pdf"))

    left, top, right, bottom = ink_box(render(document, dpi=72).pixels)

    assert 100 <= left <= right <= 300
    assert 842 - 230 <= top <= bottom <= 842 - 200


def form_pdf(path, content=b""):
    appearance = stream(
        b"BT /F1 12 Tf 2 8 Td (Written by hand) Tj ET",
        b"/Type /XObject /Subtype /Form /BBox [0 0 200 30] /Resources << /Font << /F1 3 0 R >> >>",
    )
    field = (
        b"<< /Type /Annot /Subtype /Widget /FT /Tx /T (name) /V (Written by hand)"
        b" /Rect [100 200 300 230] /F 4 /AP << /N 5 0 R >> /DA (/F1 12 Tf 0 g) >>"
    )
    return content_pdf(
        path,
        [content],
        others=[field, appearance],
        page_entries=b"/Annots [4 0 R]",
        catalog_entries=b"/AcroForm << /Fields [4 0 R] /DR << /Font << /F1 3 0 R >> >> >>",
    )


def test_text_under_filled_in_fields_is_not_trusted(tmp_path, open_path):
    """What the fields hold is not in the text of the page."""
    content = shown_text(["A form with quite some words to fill in"])
    document = open_path(form_pdf(tmp_path / "a.pdf", content))

    assert "refused" == document.text_layer(1).trust
    assert "the page has filled-in fields or notes over its text" == document.text_layer(1).reason


def test_text_over_a_scan_by_another_program_is_doubtful(tmp_path, open_path):
    layer = open_path(searchable_scan_pdf(tmp_path / "a.pdf", ["Guessed words"])).text_layer(1)

    assert "doubtful" == layer.trust
    assert "the text is an invisible layer over a scan" == layer.reason
    assert ["Guessed words"] == [line.text for line in layer.lines]


def test_a_scan_has_no_text_layer(tmp_path, open_path):
    document = open_path(scan_pdf(tmp_path / "a.pdf", [text_image(["Hello"])]))

    assert None is document.text_layer(1)


def test_strips_of_a_picture_are_one_picture():
    strips = [image_on_page((900, 30), 100, y, 300, 10) for y in range(200, 400, 10)]

    (picture,) = pictures_among(strips, VIEW)

    assert (100, 400, 400, 600) == picture.box
    assert 216 == picture.dpi


def test_pictures_that_stand_apart_are_two():
    apart = [image_on_page((900, 600), x, 300, 200, 200) for x in (50, 300)]

    assert 2 == len(pictures_among(apart, VIEW))


def test_logos_backgrounds_and_what_lies_off_the_page_are_no_pictures_to_read():
    logo = image_on_page((300, 300), 50, 700, 60, 60)
    rule = image_on_page((900, 30), 50, 600, 500, 5)
    coarse = image_on_page((30, 30), 50, 100, 400, 400)
    beyond = image_on_page((900, 900), 700, 100, 400, 400)

    assert () == pictures_among([logo, rule, coarse, beyond], VIEW)


def test_a_picture_that_hangs_over_the_edge_is_cut_there():
    (picture,) = pictures_among([image_on_page((900, 900), 400, -100, 300, 300)], VIEW)

    assert (400, 600, 600, 800) == picture.box


def test_of_many_pictures_the_largest_are_read():
    many = [image_on_page((900, 900), 10 + 60 * n, 10 + 90 * n, 70 + n, 80) for n in range(9)]

    assert MAX_PICTURES == len(pictures_among(many, VIEW))


def test_pictures_of_a_page_are_told_with_its_text(tmp_path, open_path):
    content = shown_text(["Enough letters to be a text"]) + placed("Im0", 100, 200, 300, 150)
    images = {"Im0": image_object(text_image(["In a picture"], size=(1250, 625)))}

    layer = open_path(content_pdf(tmp_path / "a.pdf", [content], images=images)).text_layer(1)

    assert "trusted" == layer.trust
    assert [(100, 492, 400, 642)] == [picture.box for picture in layer.pictures]
    assert 300 == pytest.approx(layer.pictures[0].dpi)


def test_shapes_of_the_size_of_letters_are_counted_and_bars_are_not(tmp_path, open_path):
    letter = "{x} 300 m {x} 308 l {y} 309 l {y} 306 l {x} 305 l {y} 301 l {x} 302 l f\n"
    bar = "{x} 400 6 30 re f\n"
    text = shown_text(["Enough letters to be a text"])

    def trust(shape, n):
        drawn = "".join(shape.format(x=50 + 5 * i, y=54 + 5 * i) for i in range(n))
        path = content_pdf(tmp_path / f"{n}.pdf", [text + drawn.encode()])
        return open_path(path).text_layer(1).trust

    assert "doubtful" == trust(letter, 80)
    assert "trusted" == trust(letter, 20)
    assert "trusted" == trust(bar, 90)


def test_strips_of_a_scan_add_up_and_layers_do_not_count_twice():
    strips = [image_on_page((1200, 16), 0, y, 600, 8) for y in range(0, 800, 8)]
    half = image_on_page((1200, 800), 0, 0, 600, 400)

    assert 1 == coverage(strips, VIEW)
    assert 0.5 == coverage([half, half], VIEW)


def test_a_background_too_coarse_to_be_read_covers_nothing():
    assert 0 == coverage([image_on_page((1, 1), 0, 0, 600, 800)], VIEW)


def test_the_finest_layer_of_a_scan_decides_and_a_logo_does_not():
    background = image_on_page((600, 800), 0, 0, 600, 800)
    mask = image_on_page((2400, 3200), 0, 0, 600, 800)
    logo = image_on_page((500, 500), 0, 0, 60, 60)

    assert 288 == suitable_dpi([background, mask, logo], VIEW, None)


def test_a_picture_behind_text_does_not_make_the_text_coarse():
    background = image_on_page((600, 800), 0, 0, 600, 800)

    assert 72 == suitable_dpi([background], VIEW, None)
    assert 216 == suitable_dpi([background], VIEW, 10)
