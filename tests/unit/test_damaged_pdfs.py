"""PDFs that are built to do harm, or damaged: what is refused, repaired, and told."""

import contextlib
import zlib

import pikepdf
import pytest

from ocr_worker import wire
from ocr_worker.documents import open_document, pdf_scan, pdf_structure, unpacking
from ocr_worker.documents.base import stat_file
from ocr_worker.errors import TaskError
from tests.corpus.bombs import packed_zeros
from tests.corpus.pdf_codecs import SIZE_PT, image_stream, scan
from tests.scans import (
    content_pdf,
    encrypted_pdf,
    image_object,
    placed,
    shown_text,
    stream,
    text_image,
    text_pdf,
)

LIMITS = wire.Limits()
GREY = b"/ColorSpace /DeviceGray /BitsPerComponent 8"
FORM = b"/Type /XObject /Subtype /Form /BBox [0 0 9 9]"
TEXT = [["The quick brown fox jumps"]]


@pytest.fixture
def open_path():
    with contextlib.ExitStack() as opened:

        def open_path(path, password=None):
            document = open_document(wire.Source(path=str(path), password=password), LIMITS)
            opened.callback(document.close)
            return document

        yield open_path


def refusal(path, password=None):
    with pytest.raises(TaskError) as caught:
        open_document(wire.Source(path=str(path), password=password), LIMITS)
    return caught.value


def packed_pdf(path, **options):
    """Save a PDF again with its objects in streams."""
    with pikepdf.open(path, allow_overwriting_input=True) as pdf:
        pdf.save(path, object_stream_mode=pikepdf.ObjectStreamMode.generate, **options)
    return path


def test_the_unit_of_a_page_makes_its_points(tmp_path, open_path):
    path = text_pdf(tmp_path / "a.pdf", TEXT, size=(300, 400), page_entries=b"/UserUnit 2")
    document = open_path(path)
    plain = open_path(text_pdf(tmp_path / "b.pdf", TEXT, size=(300, 400)))

    about, page = document.describe(1), document.render(1, dpi=72, region=None, scale=1.0)
    line, other = (each.text_layer(1).lines[0] for each in (document, plain))

    assert (600, 800) == (about.width_pt, about.height_pt) == (page.width_pt, page.height_pt)
    assert (800, 600, 3) == page.pixels.shape
    assert (2 * other.x, 2 * other.y, 2 * other.width) == pytest.approx(
        (line.x, line.y, line.width), abs=0.01
    )


def test_a_turned_and_cropped_page_has_its_unit_too(tmp_path, open_path):
    entries = b"/UserUnit 1.5 /Rotate 90 /CropBox [0 100 200 400]"
    document = open_path(text_pdf(tmp_path / "a.pdf", TEXT, page_entries=entries))

    assert (450, 300) == (document.describe(1).width_pt, document.describe(1).height_pt)


def test_a_scan_on_a_page_of_large_units_keeps_its_resolution(tmp_path, open_path):
    path = content_pdf(
        tmp_path / "a.pdf",
        [placed("Im0", 0, 0, 144, 72)],
        size=(144, 72),
        images={"Im0": image_object(text_image(["Hello"], size=(1200, 600)))},
        page_entries=b"/UserUnit 2",
    )

    page = open_path(path).render(1, dpi=None, region=None, scale=1.0)

    assert (600, 1200, 3) == page.pixels.shape
    assert 300 == pytest.approx(page.dpi)


def test_a_unit_is_found_in_packed_and_in_encrypted_objects(tmp_path, open_path):
    options = {"encryption": pikepdf.Encryption(user="sesame", owner="x")}
    for name, password, saved in (("a.pdf", None, {}), ("b.pdf", "sesame", options)):
        path = text_pdf(tmp_path / name, TEXT, size=(300, 400), page_entries=b"/UserUnit 3")
        document = open_path(packed_pdf(path, **saved), password)

        assert 900 == document.describe(1).width_pt


@pytest.mark.parametrize("unit", [b"0", b"-1", b"/None", b"1e9", b"(2)", b"null"])
def test_a_unit_that_cannot_be_is_a_point(tmp_path, unit, open_path):
    path = text_pdf(tmp_path / "a.pdf", TEXT, size=(300, 400), page_entries=b"/UserUnit " + unit)

    assert 300 == open_path(path).describe(1).width_pt


def test_a_pdf_without_units_is_not_parsed_for_them(tmp_path, monkeypatch, open_path):
    monkeypatch.setattr(pdf_structure, "user_units", None)

    assert 1 == open_path(packed_pdf(text_pdf(tmp_path / "a.pdf", TEXT))).page_count


def test_what_pdfium_cannot_open_is_repaired_and_that_is_told(tmp_path, open_path):
    path = text_pdf(tmp_path / "a.pdf", TEXT, page_entries=b"/UserUnit 2")
    content = path.read_bytes()
    at = content.index(b"trailer")
    path.write_bytes(content[:at] + b"trailer\n<" + content[at + 10 :])
    document = open_path(path)

    assert ("The PDF is damaged and was repaired; pages may be missing.",) == document.warnings
    assert TEXT[0][0] == document.text_layer(1).lines[0].text
    assert 1190 == document.describe(1).width_pt


def test_without_pikepdf_units_are_points_and_nothing_is_repaired(tmp_path, monkeypatch, open_path):
    monkeypatch.setattr(pdf_structure, "pikepdf", None)
    path = text_pdf(tmp_path / "a.pdf", TEXT, page_entries=b"/UserUnit 2")

    assert 595 == open_path(path).describe(1).width_pt
    path.write_bytes(path.read_bytes().replace(b"trailer\n<<", b"trailer\n<"))
    assert "document_unreadable" == refusal(path).kind


@pytest.mark.parametrize(
    ("content", "filter_"),
    [
        (packed_zeros(300), b"/FlateDecode"),
        (zlib.compress(packed_zeros(300)), b"[/FlateDecode /FlateDecode]"),
        (packed_zeros(300).hex().encode() + b">", b"[/ASCIIHexDecode /FlateDecode]"),
        (packed_zeros(300), b"[/FlateDecode /DCTDecode] /Subtype /Image"),
    ],
)
def test_a_stream_that_unpacks_without_end_is_refused(tmp_path, content, filter_):
    bomb = stream(content, FORM + b" /Filter " + filter_)
    error = refusal(content_pdf(tmp_path / "a.pdf", [b"/Fm0 Do"], images={"Fm0": bomb}))

    assert ("limit_exceeded", "stream_bytes") == (error.kind, error.data["which"])
    assert unpacking.MAX_STREAM_BYTES == error.data["limit"]


def test_many_streams_that_are_large_together_are_refused(tmp_path):
    large = stream(packed_zeros(200), FORM + b" /Filter /FlateDecode")
    forms = {f"Fm{number}": large for number in range(6)}

    assert "limit_exceeded" == refusal(content_pdf(tmp_path / "a.pdf", [b""], images=forms)).kind


def test_a_bomb_in_an_encrypted_pdf_is_refused_as_well(tmp_path):
    bomb = stream(packed_zeros(300), FORM + b" /Filter /FlateDecode")
    path = content_pdf(tmp_path / "a.pdf", [b"/Fm0 Do"], images={"Fm0": bomb})
    with pikepdf.open(path, allow_overwriting_input=True) as pdf:
        encryption = pikepdf.Encryption(user="sesame", owner="x")
        pdf.save(path, encryption=encryption, compress_streams=False)

    assert "limit_exceeded" == refusal(path, "sesame").kind
    assert "password_required" == refusal(path).kind
    assert "password_wrong" == refusal(path, "simsim").kind


def test_images_are_no_bombs_however_well_they_are_packed(tmp_path, open_path):
    image = image_stream(packed_zeros(300), GREY, pack=False)

    assert 1 == open_path(scan(tmp_path / "a.pdf", image)).page_count


def test_a_large_file_is_not_looked_through(tmp_path, monkeypatch):
    monkeypatch.setattr(pdf_scan, "MAX_SCANNED_BYTES", 100)

    file = stat_file(str(text_pdf(tmp_path / "a.pdf", TEXT)))

    findings = pdf_scan.look_at(file, 1)
    assert findings.may_have_user_units
    assert findings.may_change_images


@pytest.mark.parametrize(
    ("content", "findings"),
    [
        (b"/Width 5 0 R /UserUnit 2", pdf_scan.Findings(True, False, True)),
        (b"/Width 5 0 R /Encrypt 6 0 R", pdf_scan.Findings(False, True, True)),
        (b"/Encrypt 6 0 R /UserUnit 2 /Width 9 /Height 9", pdf_scan.Findings(True, True, False)),
        (b"/Width 9 /Height 9/UserUnit 2", pdf_scan.Findings(True, False, False)),
        (b"/Width 9 /Height 12 /encrypt /userunit", pdf_scan.Findings(False, False, True)),
        (b"/Width 9 /Height 9", pdf_scan.Findings(False, False, False)),
        (b"/Width 9 /Decode [1 0] /Height 12", pdf_scan.Findings(False, False, True, True)),
        (b"/Encrypt 6 0 R /#4fc 7 0 R", pdf_scan.Findings(False, True, False, True)),
        (b"/OC 7 0 R /UserUnit 2", pdf_scan.Findings(True, False, False, True)),
        (b"/OC /Layer /OCGs 7 0 R /DecodeParms << >> /ImageMask", pdf_scan.Findings(False, False)),
    ],
)
def test_nothing_that_is_seen_hides_what_comes_after_it(tmp_path, content, findings):
    path = tmp_path / "a.pdf"
    path.write_bytes(content)

    assert pdf_scan.look_at(stat_file(str(path)), 100) == findings


@pytest.mark.parametrize("key", [b"/SMask", b"/Mask", b"/S#4dask"])
@pytest.mark.parametrize(
    "sides",
    [
        b"/Width 12000 /Height 11000",
        b"/Width 5 0 R /Height 11000",
        b"/Wid#74h 12000 /Height 11000",
        b"/Width %50\n 12000 /Height 11000",
        b"/Width +12000 /Height 00000000000011000",
    ],
    ids=["plain", "by-reference", "escaped", "behind-a-comment", "odd-numbers"],
)
def test_an_image_whose_mask_is_too_large_is_not_drawn(tmp_path, open_path, key, sides):
    mask = b"/Type /XObject /Subtype /Image /ColorSpace /DeviceGray /BitsPerComponent 8 " + sides
    image = image_stream(b"\xff" * 10000, GREY + key + b" 4 0 R", size=(100, 100))
    content = placed("Im0", 0, 0, 300, 300) + shown_text(["Words beside the picture"])
    others = [stream(packed_zeros(1), mask + b" /Filter /FlateDecode"), b"12000"]
    document = open_path(
        content_pdf(
            tmp_path / "a.pdf", [content, shown_text(["Two"])], images={"Im0": image}, others=others
        )
    )

    with pytest.raises(TaskError) as failure:
        document.render(1, dpi=72, region=None, scale=1.0)
    with pytest.raises(TaskError):
        document.show(1, max_px=100, dpi=None)

    error = failure.value
    assert ("limit_exceeded", "page_pixels") == (error.kind, error.data["which"])
    assert 132_000_000 == error.data["value"]
    # What draws no mask is not asked about it, though all pages have the image at hand.
    assert document.text_layer(1).lines
    document.render(2, dpi=72, region=None, scale=1.0)


def forms_of(n_forms, n_draws):
    """Return forms as resources; each but the last draws the next so many times."""
    entries = (
        b"/Type /XObject /Subtype /Form /BBox [0 0 9 9] /Resources << /XObject << /F 4 0 R >> >>"
    )
    forms = {}
    for number in range(n_forms):
        content = b"/F Do " * n_draws if number < n_forms - 1 else b"0 0 9 9 re f"
        forms[f"Fm{number}"] = stream(content, entries.replace(b"4 0", b"%d 0" % (5 + number)))
    return forms


def test_forms_that_draw_each_other_over_and_over_are_not_drawn(tmp_path, open_path):
    contents = [b"/Fm0 Do", shown_text(["No form"])]
    document = open_path(content_pdf(tmp_path / "a.pdf", contents, images=forms_of(11, 10)))

    for look in (document.describe, document.text_layer):
        with pytest.raises(TaskError) as failure:
            look(1)

    error = failure.value
    assert ("limit_exceeded", "drawn_objects") == (error.kind, error.data["which"])
    assert document.text_layer(2).lines


@pytest.mark.parametrize(("n_forms", "n_draws"), [(4, 10), (200, 1), (5, 10)])
def test_forms_that_draw_forms_within_reason_are_drawn(tmp_path, open_path, n_forms, n_draws):
    path = content_pdf(tmp_path / "a.pdf", [b"/Fm0 Do"], images=forms_of(n_forms, n_draws))

    assert open_path(path).describe(1).page == 1


def test_a_pdf_without_giants_is_not_parsed_for_them(tmp_path, monkeypatch, open_path):
    monkeypatch.setattr(pdf_structure, "Structure", None)
    image = image_stream(b"\xff" * 10000, GREY, size=(100, 100))

    assert 1 == open_path(scan(tmp_path / "a.pdf", image)).page_count


@pytest.mark.parametrize(
    "packed",
    [b"garbage" * 100, b"\x78\x9c" + b"garbage" * 100, b"", zlib.compress(b"\0" * 9000)],
    ids=["garbage", "behind-a-header", "nothing", "a-ninth"],
)
def test_a_scan_whose_data_breaks_off_is_no_black_page(tmp_path, packed, open_path):
    document = open_path(scan(tmp_path / "a.pdf", image_stream(packed, GREY, pack=False)))

    with pytest.raises(TaskError) as caught:
        document.render(1, dpi=None, region=None, scale=1.0)

    assert "document_unreadable" == caught.value.kind
    assert 1 == caught.value.data["page"]


@pytest.mark.parametrize(
    ("value", "entries", "n_bytes"),
    [
        (b"\0", GREY, 440 * 180),
        (b"\xff", GREY, 440 * 180),
        (b"\0", b"/ColorSpace /DeviceGray /BitsPerComponent 1", 55 * 180),
        (b"\0", b"/ColorSpace /DeviceGray /BitsPerComponent 2", 110 * 180),
        (b"\0", b"/ColorSpace /DeviceCMYK /BitsPerComponent 8", 4 * 440 * 180),
        (b"\0", b"/ColorSpace [/Indexed /DeviceRGB 1 <000000ffffff>] /BitsPerComponent 1", 9900),
    ],
)
def test_a_page_of_one_colour_is_a_page(tmp_path, value, entries, n_bytes, open_path):
    document = open_path(scan(tmp_path / "a.pdf", image_stream(value * n_bytes, entries)))
    pixels = document.render(1, dpi=None, region=None, scale=1.0).pixels

    assert pixels.min() == pixels.max()
    assert SIZE_PT == pytest.approx(
        (document.describe(1).width_pt, document.describe(1).height_pt), abs=0.1
    )


def test_a_wrong_checksum_is_no_reason_to_lose_a_page(tmp_path, open_path):
    packed = zlib.compress(b"\xff" * 440 * 180)[:-4] + b"oops"
    document = open_path(scan(tmp_path / "a.pdf", image_stream(packed, GREY, pack=False)))

    assert 255 == document.render(1, dpi=None, region=None, scale=1.0).pixels.min()


def test_an_encrypted_pdf_still_opens(tmp_path, open_path):
    path = encrypted_pdf(tmp_path / "a.pdf", "sesame", TEXT[0])

    assert TEXT[0][0] == open_path(path, "sesame").text_layer(1).lines[0].text
