"""The sample scan: what lies in the folder is what its script makes."""

import importlib.util
from pathlib import Path

import pypdfium2
import pytest

SAMPLES = Path(__file__).parents[2] / "samples"


@pytest.fixture(scope="module")
def make_sample():
    spec = importlib.util.spec_from_file_location("make_sample", SAMPLES / "make_sample.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_text_in_the_folder_is_what_the_script_prints_on_the_pages(make_sample):
    assert (SAMPLES / "scan.txt").read_bytes().decode() == make_sample.ground_truth()


def test_each_page_has_its_text_in_reading_order(make_sample):
    pages = make_sample.ground_truth().split(make_sample.PAGE_BREAK)
    assert [page.splitlines()[0] for page in pages] == [
        make_sample.TITLE,
        make_sample.INVOICE_HEAD[0],
        make_sample.PHOTO_HEADING,
    ]
    left, right = (pages[0].index(words) for words in ("Every archive", "No sheet lies"))
    assert left < right < pages[0].index("Page 1")
    assert "Subtotal 617.67\nDiscount 5 % -30.88\nTotal 586.79\n" in pages[1]


def test_the_invoice_adds_up(make_sample):
    amounts = [round(float(row[-1]) * 100) for row in make_sample.TABLE[1:]]
    subtotal, discount, total = (round(float(n) * 100) for _, n in make_sample.TOTALS)
    assert sum(amounts) == subtotal
    assert subtotal + discount == total
    for _, _, pages, rate, amount in make_sample.TABLE[1:]:
        assert round(int(pages.replace(",", "")) * float(rate), 2) == float(amount)


def test_the_scan_is_three_a4_pages_of_one_image_each_without_text_and_small():
    path = SAMPLES / "scan.pdf"
    assert path.stat().st_size < 600_000
    with pypdfium2.PdfDocument(path) as document:
        assert len(document) == 3
        for page in document:
            assert page.get_size() == pytest.approx((595, 842), abs=1)
            (image,) = page.get_objects()
            assert image.get_px_size() == (1654, 2339)
            assert image.get_filters() == ["DCTDecode"]
            assert page.get_textpage().count_chars() == 0
