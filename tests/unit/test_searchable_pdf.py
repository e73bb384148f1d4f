"""What a searchable PDF has of its source, and where its text lies."""

import os
from collections import Counter
from decimal import Decimal

import msgspec
import numpy as np
import pikepdf
import pytest
from pikepdf import Array, Dictionary, Name, Pdf, Stream, String

from ocr_worker import wire
from ocr_worker.errors import TaskError
from tests.scans import (
    content_pdf,
    encrypted_pdf,
    scan_pdf,
    searchable_scan_pdf,
    shown_text,
    text_image,
    text_pdf,
)
from tests.searchable import (
    found_words,
    line_of,
    make_searchable,
    opened,
    overlap,
    page_of,
    shown,
    size_of,
)

WORDS = ["Invoice", "2024-0318", "naïve", "Größe"]


@pytest.fixture
def scan(tmp_path):
    """A scan of two A4 pages."""
    pages = [text_image([f"page {number}"], size=(595, 842)) for number in (1, 2)]
    return scan_pdf(tmp_path / "scan.pdf", pages, dpi=72)


def replaced(item, text, **others):
    return msgspec.structs.replace(item, text=text, **others)


def words_on(page):
    return [word for line in page.lines for word in line.words]


def sorted_words(place):
    found = words_on(place) if isinstance(place, wire.Page) else found_words(place)
    return sorted(found, key=lambda word: WORDS.index(word.text))


def middle_of(word):
    return word.x + word.width / 2, word.y + word.height / 2


def check_places(path, page, at_least=0.9, number=1):
    """Hold the words that PDFium finds, and their places, against those that were read."""
    expected, found = words_on(page), found_words(path, number)
    if expected[0].x > expected[-1].x:
        # PDFium reads what is upside down from left to right all the same.
        found = sorted(found, key=lambda word: WORDS.index(word.text))
    assert [word.text for word in found] == [word.text for word in expected]
    for one, other in zip(found, expected, strict=True):
        assert overlap(one, other) >= at_least, (one, other)


def test_words_are_found_where_they_were_read(scan):
    page = page_of(line_of(WORDS, 72, 100), line_of(["second", "line"], 72, 130))

    output, warnings = make_searchable(scan, page, page_count=2)

    check_places(output, page)
    assert found_words(output, 2) == []
    assert warnings == ()


@pytest.mark.parametrize("angle", [-90, -30, 11, 45, 90, 135, 180])
def test_words_of_a_slanted_line_are_found_on_their_slant(scan, angle):
    page = page_of(line_of(WORDS, 300, 400, angle=angle))

    output, _ = make_searchable(scan, page, page_count=2)

    check_places(output, page, at_least=0.85)


@pytest.mark.parametrize("angle", [-10, -2.5, 0.5, 3, 88, 92, -95, 181])
def test_words_of_a_line_that_is_a_little_askew_stand_level_about_their_middle(scan, angle):
    page = page_of(line_of(WORDS, 300, 400, angle=angle))

    output, _ = make_searchable(scan, page, page_count=2)

    check_places(output, page, at_least=0.5)
    for found, read in zip(sorted_words(output), sorted_words(page), strict=True):
        assert middle_of(found) == pytest.approx(middle_of(read), abs=0.3)
        short = min(found.width, found.height)
        assert short == pytest.approx(14.0, abs=0.3), "as high as the line is thick"


@pytest.mark.parametrize("rotation", [0, 90, 180, 270, -90, 450, Decimal("90.0"), 100])
@pytest.mark.parametrize("crop", [None, (50, 100, 450, 700), (500, 600, -20, 900)])
@pytest.mark.parametrize("unit", [None, 2])
def test_words_lie_right_on_pages_that_are_turned_cropped_and_of_another_unit(
    tmp_path, rotation, crop, unit
):
    source = tmp_path / "page.pdf"
    with Pdf.new() as pdf:
        pdf.add_blank_page(page_size=(500, 800))
        page = pdf.pages[0].obj
        page.MediaBox = Array([-30, 40, 470, 840])
        page.Rotate = rotation
        if crop is not None:
            page.CropBox = Array(crop)
        if unit is not None:
            page.UserUnit = unit
        pdf.save(source)
    read = page_of(line_of(["Top", "left"], 20, 30), size=size_of(source))

    output, _ = make_searchable(source, read)

    check_places(output, read)


def test_boxes_and_rotation_are_inherited(tmp_path):
    source = tmp_path / "page.pdf"
    with Pdf.new() as pdf:
        pdf.add_blank_page(page_size=(300, 400))
        for name, value in (
            ("/MediaBox", Array([10, 20, 310, 420])),
            ("/Rotate", 90),
            ("/Resources", Dictionary(Font=Dictionary())),
        ):
            pdf.Root.Pages[name] = value
            if name in pdf.pages[0].obj:
                del pdf.pages[0].obj[name]
        pdf.save(source)
    read = page_of(line_of(["Top", "left"], 20, 30), size=(400, 300))

    output, _ = make_searchable(source, read)

    check_places(output, read)


@pytest.mark.parametrize(
    ("words", "text"),
    [
        (["Ελληνικά", "кириллица", "ภาษาไทย", "한국어"], None),
        (["𐌰𐌱𐌲𐌳", "😀😀", "x"], None),
        (["請", "求", "書", "2024"], "請求書 2024"),
    ],
)
def test_any_script_is_found(scan, words, text):
    line = line_of(words, 72, 100, gap_pt=0.0 if text else 6.0, text=text)

    output, _ = make_searchable(scan, page_of(line), page_count=2)

    found = " ".join(word.text for word in found_words(output))
    assert found == line.text


def test_a_script_that_runs_to_the_left_is_found_in_the_order_in_which_it_is_read(scan):
    words = ["שלום", "עולם", "מספר", "12"]
    mirrored = line_of([word[::-1] for word in reversed(words)], 72, 100)
    read = tuple(
        replaced(word, text) for word, text in zip(reversed(mirrored.words), words, strict=True)
    )
    line = replaced(mirrored, " ".join(words), words=read)

    output, _ = make_searchable(scan, page_of(line), page_count=2)

    assert [word.text for word in found_words(output)] == words


def test_lines_that_stand_side_by_side_and_touch_are_words_of_their_own(scan):
    cells = [line_of([word], 72 + 15.5 * at, 100) for at, word in enumerate(("SR", "3.1"))]

    output, _ = make_searchable(scan, page_of(*cells), page_count=2)

    assert sorted(word.text for word in found_words(output)) == ["3.1", "SR"]


def test_a_line_without_words_is_found_as_a_whole(scan):
    line = line_of(["just", "text"], 72, 100)

    output, _ = make_searchable(scan, page_of(replaced(line, line.text, words=())), page_count=2)

    assert [word.text for word in found_words(output)] == ["just", "text"]


def test_nothing_of_the_page_looks_different(scan):
    page = page_of(line_of(WORDS, 72, 100))

    output, _ = make_searchable(scan, page, page_count=2)

    for number in (1, 2):
        assert np.array_equal(shown(scan, number), shown(output, number))


@pytest.mark.parametrize("state", ["native_text", "empty"])
def test_a_page_that_no_engine_has_read_gets_no_text(tmp_path, state):
    source = text_pdf(tmp_path / "born.pdf", [["Its own text"], ["and more"]])
    page = page_of(line_of(["Its", "own", "text"], 72, 60), state=state)

    output, _ = make_searchable(source, page, page_count=2)

    assert [word.text for word in found_words(output)] == ["Its", "own", "text"]
    assert [word.text for word in found_words(output, 2)] == ["and", "more"]


def test_a_page_that_keeps_its_own_text_gets_what_was_read_in_its_pictures(tmp_path):
    content = shown_text(["Its own text"]) + shown_text(["hidden text"], top=300, mode=3)
    source = content_pdf(tmp_path / "born.pdf", [content])
    own = line_of(["Its", "own", "text"], 72, 60)
    read = replaced(line_of(["in", "the", "picture"], 72, 400), "in the picture", is_added=True)

    output, _ = make_searchable(source, page_of(own, read, state="native_text"))

    with pikepdf.open(output) as pdf:
        assert b"(hidden text) Tj" in pdf.pages[0].Contents[1].read_bytes()
    with opened(output) as document:
        layer = document.text_layer(1)
    assert ["Its own text"] == [line.text for line in layer.lines]
    assert ["in the picture", "hidden text"] == [line.text for line in layer.hidden]
    assert np.array_equal(shown(source), shown(output))


def raw_streams(path, password=""):
    with Pdf.open(path, password=password) as pdf:
        return Counter(
            one.read_raw_bytes()
            for one in pdf.objects
            if isinstance(one, Stream) and one.get("/Type") not in (Name.XRef, Name.ObjStm)
        )


def rich_pdf(path, *, packed):
    """Write a PDF with all that one may have beside its pages."""
    with Pdf.new() as pdf:
        for _ in range(3):
            pdf.add_blank_page(page_size=(595, 842))
        for number, page in enumerate(pdf.pages):
            # Neither compressed nor balanced, on purpose.
            page.Contents = Stream(pdf, b"q 0.5 0 0 0.5 7 7 cm 0 0 %d 9 re f" % (100 + number))
        link = Dictionary(
            Type=Name.Annot,
            Subtype=Name.Link,
            Rect=Array([10, 10, 50, 50]),
            A=Dictionary(S=Name.URI, URI=String("https://example.com/")),
        )
        field = pdf.make_indirect(
            Dictionary(
                Type=Name.Annot,
                Subtype=Name.Widget,
                FT=Name.Tx,
                T=String("amount"),
                V=String("12.50"),
                Rect=Array([60, 60, 200, 80]),
            )
        )
        pdf.pages[0].Annots = Array([pdf.make_indirect(link), field])
        pdf.Root.AcroForm = Dictionary(Fields=Array([field]), DA=String("/Helv 0 Tf 0 g"))
        pdf.Root.PageLabels = Dictionary(Nums=Array([0, Dictionary(S=Name.r), 2, Dictionary()]))
        pdf.attachments["data.txt"] = pikepdf.AttachedFileSpec(pdf, b"attached")
        with pdf.open_outline() as outline:
            outline.root.append(pikepdf.OutlineItem("Second page", 1))
        with pdf.open_metadata() as metadata:
            metadata["dc:title"] = "A title"
            metadata["pdf:PDFVersion"] = "1.3"
        pdf.docinfo.Author = "Ada"
        mode = pikepdf.ObjectStreamMode.generate if packed else pikepdf.ObjectStreamMode.disable
        pdf.save(path, object_stream_mode=mode, compress_streams=False, fix_metadata_version=False)
    return path


@pytest.mark.parametrize("packed", [False, True])
def test_all_that_a_pdf_has_beside_its_pages_stays(tmp_path, packed):
    source = rich_pdf(tmp_path / "rich.pdf", packed=packed)
    pages = [page_of(line_of(WORDS, 72, 100), number=number) for number in (1, 3)]

    output, warnings = make_searchable(source, *pages, page_count=3)

    assert warnings == ()
    with Pdf.open(source) as before, Pdf.open(output) as after:
        assert after.check_pdf_syntax() == []
        assert after.docinfo.Author == "Ada"
        with after.open_outline() as outline:
            assert [item.title for item in outline.root] == ["Second page"]
            assert outline.root[0].destination[0].objgen == after.pages[1].objgen
        link, field = after.pages[0].Annots
        assert link.A.URI == "https://example.com/"
        assert (field.T, field.V) == ("amount", "12.50")
        assert after.Root.AcroForm.Fields[0].objgen == field.objgen
        assert [page.label for page in after.pages] == [page.label for page in before.pages]
        assert after.attachments["data.txt"].get_file().read_bytes() == b"attached"
        assert after.Root.Metadata.read_raw_bytes() == before.Root.Metadata.read_raw_bytes()
        assert after.trailer.ID[0] == before.trailer.ID[0]
        assert after.pdf_version == before.pdf_version
    # Every stream is as it was, to the byte.
    assert raw_streams(source) <= raw_streams(output)
    assert (b"/ObjStm" in output.read_bytes()) == packed
    for number, page in zip((1, 3), pages, strict=True):
        check_places(output, page, number=number)
    for number in (1, 2, 3):
        assert np.array_equal(shown(source, number), shown(output, number))


def test_there_is_one_font_for_all_pages_even_where_they_share_their_resources(tmp_path):
    source = tmp_path / "shared.pdf"
    other = Dictionary(Type=Name.Font, Subtype=Name.Type1, BaseFont=Name.Helvetica)
    with Pdf.new() as pdf:
        fonts = Dictionary(OcrSidecarText=pdf.make_indirect(other))
        shared = pdf.make_indirect(Dictionary(Font=fonts))
        for _ in range(3):
            pdf.add_blank_page(page_size=(595, 842))
            pdf.pages[-1].obj.Resources = shared
        pdf.save(source)
    pages = [page_of(line_of(WORDS, 72, 100), number=number) for number in (1, 2, 3)]

    output, _ = make_searchable(source, *pages, page_count=3)

    with Pdf.open(output) as pdf:
        fonts = pdf.pages[2].obj.Resources.Font
        assert len(fonts) == 2
        assert fonts.OcrSidecarText.BaseFont == Name.Helvetica
    for number, page in enumerate(pages, 1):
        check_places(output, page, number=number)


@pytest.mark.parametrize("contents", [None, "empty array", "array"])
def test_a_page_may_have_any_form_of_content(tmp_path, contents):
    source = tmp_path / "page.pdf"
    with Pdf.new() as pdf:
        pdf.add_blank_page(page_size=(595, 842))
        page = pdf.pages[0].obj
        del page["/Resources"]
        del page["/Contents"]
        if contents == "array":
            page.Contents = Array([pdf.make_stream(b"q 1 0 0 1 5 5"), pdf.make_stream(b"cm Q")])
        elif contents == "empty array":
            page.Contents = Array()
        pdf.save(source)
    read = page_of(line_of(WORDS, 72, 100))

    output, _ = make_searchable(source, read)

    check_places(output, read)


@pytest.mark.parametrize("revision", [2, 3, 4, 6])
@pytest.mark.parametrize("password", ["user", "owner"])
def test_an_encrypted_pdf_stays_encrypted_as_it_was(tmp_path, revision, password):
    source = tmp_path / "secret.pdf"
    allowed = pikepdf.Permissions(extract=False, modify_other=False)
    with Pdf.new() as pdf:
        pdf.add_blank_page(page_size=(595, 842))
        # Packed in a way that programs like to mend.
        pdf.pages[0].Contents = Stream(pdf, b"71 20 51>", Filter=Name.ASCIIHexDecode)
        pdf.save(
            source,
            compress_streams=False,
            encryption=pikepdf.Encryption(
                user="user",
                owner="owner",
                R=revision,
                allow=allowed,
                aes=revision >= 4,
                metadata=revision >= 4,
            ),
        )
    read = page_of(line_of(WORDS, 72, 100))

    output, _ = make_searchable(source, read, password=password)

    with pytest.raises(pikepdf.PasswordError):
        Pdf.open(output)
    with Pdf.open(source, password="user") as before, Pdf.open(output, password="user") as after:
        assert after.is_encrypted
        assert after.allow == before.allow
        assert after.encryption.R == before.encryption.R == revision
        assert after.encryption.P == before.encryption.P
    with Pdf.open(output, password="owner") as after:
        assert after.owner_password_matched
    streams = raw_streams(source, "owner")
    assert b"71 20 51>" in streams
    assert streams <= raw_streams(output, "owner")
    assert [word.text for word in found_words(output, password="owner")] == WORDS


def test_a_pdf_that_anybody_may_open_but_not_change_stays_one(tmp_path):
    source = encrypted_pdf(tmp_path / "limited.pdf", "owner")

    output, _ = make_searchable(source, page_of(line_of(WORDS, 72, 200)), password="owner")

    with Pdf.open(output, password="owner") as pdf:
        assert pdf.is_encrypted


@pytest.mark.parametrize("how", ["a signed field", "a flag of the form"])
def test_a_signed_pdf_is_warned_about(tmp_path, how):
    source = tmp_path / "signed.pdf"
    with Pdf.new() as pdf:
        pdf.add_blank_page(page_size=(595, 842))
        field = Dictionary(FT=Name.Sig, T=String("signature"))
        pdf.Root.AcroForm = Dictionary(Fields=Array([pdf.make_indirect(field)]), SigFlags=1)
        if how == "a signed field":
            pdf.Root.AcroForm.Fields[0].V = Dictionary(Type=Name.Sig, Contents=String("x"))
        else:
            pdf.Root.AcroForm.SigFlags = 3
        pdf.save(source)

    _, warnings = make_searchable(source, page_of(line_of(WORDS, 72, 100)))

    assert len(warnings) == 1
    assert "signature" in warnings[0]


def test_a_field_for_a_signature_that_nobody_has_given_is_no_reason_to_warn(tmp_path):
    source = tmp_path / "unsigned.pdf"
    with Pdf.new() as pdf:
        pdf.add_blank_page(page_size=(595, 842))
        field = Dictionary(FT=Name.Sig, T=String("signature"))
        pdf.Root.AcroForm = Dictionary(Fields=Array([pdf.make_indirect(field)]), SigFlags=1)
        pdf.save(source)

    assert make_searchable(source, page_of(line_of(WORDS, 72, 100)))[1] == ()


def test_text_of_an_earlier_run_gives_way_to_what_was_read_now(tmp_path):
    source = searchable_scan_pdf(tmp_path / "old.pdf", ["Old text", "of a scanner"])
    assert [word.text for word in found_words(source)] == ["Old", "text", "of", "a", "scanner"]
    before = shown(source)

    output, _ = make_searchable(source, page_of(line_of(WORDS, 72, 100)))
    again, _ = make_searchable(output, page_of(line_of(["and", "again"], 72, 100)))

    assert [word.text for word in found_words(output)] == WORDS
    assert [word.text for word in found_words(again)] == ["and", "again"]
    for path in (output, again):
        assert np.array_equal(shown(path), before)


@pytest.mark.parametrize(
    ("content", "left"),
    [
        (b"BT /F1 12 Tf 72 700 Td 3 Tr (old) Tj ET BT /F1 12 Tf 72 600 Td (older) Tj ET", []),
        (b"BT /F1 12 Tf 72 700 Td 3 Tr (old) Tj 0 Tr (seen) Tj ET", ["oldseen"]),
        (b"q BT 3 Tr ET Q BT /F1 12 Tf 72 700 Td (seen) Tj ET", ["seen"]),
        (b"BT /F1 12 Tf 3 Tr 72 700 Td (old) ' ET BT 0 Tr 72 600 Td (seen) Tj ET", ["seen"]),
        (b'BT /F1 12 Tf 3 Tr 72 700 Td 1 2 (old) " ET', ["old"]),
        (b"BT /F1 12 Tf 72 700 Td 3 Tr (old) Tj ET <", []),
    ],
)
def test_of_old_text_only_what_nobody_sees_goes(tmp_path, content, left):
    source = content_pdf(tmp_path / "old.pdf", [content])
    before = shown(source)

    output, _ = make_searchable(source, page_of(line_of(["new"], 72, 300)))

    assert [word.text for word in found_words(output) if word.text != "new"] == left
    assert np.array_equal(shown(output), before)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("/Rotate", Name.Nonsense),
        ("/CropBox", Array([1, 2, 3])),
        ("/CropBox", Array([0, 0, 0, 0])),
        ("/Resources", Name.Nonsense),
        ("/Resources", Dictionary(Font=Name.Nonsense)),
        ("/Contents", Array([Name.Nonsense, 1])),
    ],
)
def test_nonsense_in_a_page_is_passed_over(tmp_path, name, value):
    source = tmp_path / "page.pdf"
    with Pdf.new() as pdf:
        pdf.add_blank_page(page_size=(595, 842))
        pdf.pages[0].obj[name] = value
        pdf.Root.AcroForm = Dictionary(Fields=Array([1, Name.Nonsense]), SigFlags=Name.Nonsense)
        pdf.save(source)
    read = page_of(line_of(WORDS, 72, 100))

    output, _ = make_searchable(source, read)

    check_places(output, read)


def test_a_form_that_is_a_part_of_itself_is_searched_only_so_far(tmp_path):
    source = tmp_path / "loop.pdf"
    with Pdf.new() as pdf:
        pdf.add_blank_page(page_size=(595, 842))
        field = pdf.make_indirect(Dictionary(T=String("loop")))
        field.Kids = Array([field] * 9)
        pdf.Root.AcroForm = Dictionary(Fields=Array([field]))
        pdf.save(source)

    assert make_searchable(source, page_of(line_of(WORDS, 72, 100)))[1] == ()


def test_it_grows_by_little(scan):
    words = [f"word{number}" for number in range(60)]
    lines = [line_of(words[at : at + 6], 50, 30 + 20 * at) for at in range(0, 36, 6)]

    output, _ = make_searchable(scan, page_of(*lines), page_count=2)

    assert output.stat().st_size < 1.05 * scan.stat().st_size + 2 * 10 * 1024


def test_a_document_that_changes_meanwhile_gives_no_output(scan):
    def change(share):
        os.utime(scan, (1, 1))

    with pytest.raises(TaskError) as caught:
        make_searchable(scan, page_of(line_of(WORDS, 72, 100)), page_count=2, progress=change)

    assert caught.value.kind == "document_changed"
    assert not scan.with_name("scan.pdf.ocr.pdf").exists()


def test_a_document_of_another_count_of_pages_gives_no_output(scan):
    with pytest.raises(TaskError) as caught:
        make_searchable(scan, page_of(line_of(WORDS, 72, 100)), page_count=7)

    assert caught.value.kind == "output_failed"
    assert not scan.with_name("scan.pdf.ocr.pdf").exists()


def test_whoever_wants_it_no_more_can_end_it_at_any_step(scan):
    class Enough(Exception):
        pass

    shares = []
    make_searchable(scan, page_of(line_of(WORDS, 72, 100)), page_count=2, progress=shares.append)
    assert shares == sorted(shares)
    assert shares[-1] == 1.0

    for end in range(len(shares)):
        told = []

        def stop(share, told=told, end=end):
            told.append(share)
            if len(told) > end:
                raise Enough

        with pytest.raises(Enough):
            make_searchable(scan, page_of(line_of(WORDS, 72, 100)), page_count=2, progress=stop)
        assert not scan.with_name("scan.pdf.ocr.pdf").exists()


def test_a_decimal_of_a_page_box_is_no_trouble(tmp_path):
    source = tmp_path / "page.pdf"
    with Pdf.new() as pdf:
        pdf.add_blank_page(page_size=(595, 842))
        pdf.pages[0].obj.MediaBox = Array([Decimal("0.5"), 0, Decimal("595.78"), Decimal("842.39")])
        pdf.save(source)
    read = page_of(line_of(WORDS, 72, 100), size=(595.28, 842.39))

    output, _ = make_searchable(source, read)

    check_places(output, read)
