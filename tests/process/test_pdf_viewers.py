"""A searchable PDF in pdf.js, the viewer of Firefox and of many apps; npm fetches it."""

import json
import shutil
from pathlib import Path

import msgspec
import pytest

from tests.host_tools import FETCH_S, npm_install, run
from tests.scans import scan_pdf, text_image
from tests.searchable import line_of, make_searchable, overlap, page_of

ROOT = Path(__file__).parent.parent.parent
PDF_JS = "^5.4.0"
SIZE = (595, 842)
WORDS = ["Invoice", "2024-0318", "naïve", "Größe"]

pytestmark = [pytest.mark.hosts, pytest.mark.timeout(2 * FETCH_S)]


@pytest.fixture(scope="module")
def pdf_js(tmp_path_factory):
    """Run the program that prints what pdf.js finds; return that, page by page."""
    folder = tmp_path_factory.mktemp("pdfjs")
    package = {"private": True, "dependencies": {"pdfjs-dist": PDF_JS}}
    (folder / "package.json").write_text(json.dumps(package), encoding="utf-8")
    shutil.copy(ROOT / "tests" / "hosts" / "pdf_text.mjs", folder)
    npm_install(folder)

    def read(path):
        told = run(folder, "node", "pdf_text.mjs", str(path))
        return [json.loads(line) for line in told.splitlines() if line.startswith("{")]

    return read


@pytest.fixture
def scan(tmp_path):
    return scan_pdf(tmp_path / "scan.pdf", [text_image(["a page"], size=SIZE)], dpi=72)


def box_of(left, top, right, bottom):
    return msgspec.structs.replace(
        line_of(["box"], 0, 0), x=left, y=top, width=right - left, height=bottom - top
    )


def test_lines_are_found_in_order_with_their_words_apart(pdf_js, scan):
    lines = [
        line_of(WORDS, 72, 100),
        line_of(["Ελληνικά", "кириллица", "한국어"], 72, 130),
        line_of(["𐌰𐌱𐌲𐌳", "😀😀", "x"], 72, 160),
        line_of(["a", "little", "askew"], 72, 190, angle=2.0),
        line_of(["down", "the", "page"], 500, 100, angle=90.0),
    ]

    output, _ = make_searchable(scan, page_of(*lines))

    (page,) = pdf_js(output)
    assert page["text"].split("\n") == [line.text for line in lines]


def test_each_line_is_marked_where_it_was_read(pdf_js, scan):
    lines = [line_of(WORDS, 72, 100), line_of(["down", "the", "page"], 500, 100, angle=90.0)]

    output, _ = make_searchable(scan, page_of(*lines))

    (page,) = pdf_js(output)
    for item, line in zip(page["items"], lines, strict=True):
        assert overlap(box_of(*item["box"]), line) > 0.95


def test_a_script_that_runs_to_the_left_is_found_in_the_order_in_which_it_is_read(pdf_js, scan):
    words = ["שלום", "עולם", "מספר", "12"]
    mirrored = line_of([word[::-1] for word in reversed(words)], 72, 100)
    placed = [
        msgspec.structs.replace(word, text=text)
        for word, text in zip(reversed(mirrored.words), words, strict=True)
    ]
    line = msgspec.structs.replace(mirrored, text=" ".join(words), words=tuple(placed))

    output, _ = make_searchable(scan, page_of(line))

    (page,) = pdf_js(output)
    assert page["text"].strip() == " ".join(words)


@pytest.mark.parametrize("rotation", [90, 180, 270])
def test_pages_that_are_turned_cropped_and_of_another_unit_are_marked_right(
    pdf_js, tmp_path, rotation
):
    import pikepdf

    source = tmp_path / "page.pdf"
    with pikepdf.Pdf.new() as pdf:
        pdf.add_blank_page(page_size=(500, 800))
        page = pdf.pages[0].obj
        page.CropBox = pikepdf.Array([50, 100, 450, 700])
        page.Rotate = rotation
        page.UserUnit = 2
        pdf.save(source)
    size = (600, 400) if rotation in (90, 270) else (400, 600)
    line = line_of(["Top", "left"], 20, 30)

    output, _ = make_searchable(source, page_of(line, size=size))

    (page,) = pdf_js(output)
    ((left, top, right, bottom),) = [item["box"] for item in page["items"]]
    # The line is placed as if the unit were a point, which pdf.js knows better.
    assert overlap(box_of(left / 2, top / 2, right / 2, bottom / 2), line) > 0.95
