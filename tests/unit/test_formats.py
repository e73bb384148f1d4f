"""Formats beyond the usual: how they are known, what they need, and which header is believed."""

import builtins
import contextlib
import struct
import sys

import numpy as np
import pytest
from PIL import Image

from ocr_worker import wire
from ocr_worker.documents import open_document, sniff
from ocr_worker.documents.image_codecs import MAX_WHOLE_BYTES
from ocr_worker.documents.tiff_pages import TiffPages
from ocr_worker.errors import TaskError
from tests.corpus.images import HEIC, plain_cmyk_jpeg, ycck_jpeg
from tests.corpus.pdf_codecs import saved
from tests.corpus.tiff_writer import Directory, Tiff, tags_of
from tests.scans import text_image

LIMITS = wire.Limits()


@pytest.fixture
def open_path():
    with contextlib.ExitStack() as opened:

        def open_path(path, limits=LIMITS):
            document = open_document(wire.Source(path=str(path)), limits)
            opened.callback(document.close)
            return document

        yield open_path


def refusal(path, limits=LIMITS):
    with pytest.raises(TaskError) as caught:
        open_document(wire.Source(path=str(path)), limits)
    return caught.value


def render(document, page=1):
    return document.render(page, dpi=None, region=None, scale=1.0).pixels


def brands(major, *others):
    content = major + b"\0\0\0\0" + b"".join(others)
    return struct.pack(">I", 8 + len(content)) + b"ftyp" + content + b"\0" * 100


@pytest.mark.parametrize(
    ("head", "expected"),
    [
        (b"GIF87a", "gif"),
        (b"GIF89a", "gif"),
        (b"\0\0\0\x0cjP  \r\n\x87\n", "jp2"),
        (b"\xff\x4f\xff\x51\0", "jp2"),
        (brands(b"heic"), "heic"),
        (brands(b"mif1", b"mif1", b"heic"), "heic"),
        (brands(b"mif1", b"mif1", b"avif"), "avif"),
        (brands(b"mif1", b"miaf"), "heic"),
        (brands(b"avif"), "avif"),
        (brands(b"avis", b"msf1"), "avif"),
        (brands(b"isom", b"mp42"), None),
        (brands(b"qt  "), None),
        (b"GIF", None),
    ],
)
def test_a_format_is_known_by_its_first_bytes(head, expected):
    assert expected == sniff(head)


@pytest.mark.parametrize("suffix", [".gif", ".jp2", ".j2k", ".avif"])
def test_each_of_the_newer_formats_is_read(tmp_path, suffix, open_path):
    path = tmp_path / f"a{suffix}"
    image = text_image(["Hello"], size=(200, 100))
    image.save(path, **({"no_jp2": True} if suffix == ".j2k" else {}))

    pixels = render(open_path(path))

    assert (100, 200, 3) == pixels.shape
    assert np.abs(pixels.astype(int) - np.asarray(image)).mean() < 6


@pytest.mark.parametrize("name", ["heic-plain.heic", "heic-turned.heic", "heic-alpha.heif"])
def test_a_heic_is_shown_upright_and_over_white(name, open_path):
    pytest.importorskip("pi_heif")
    document = open_path(HEIC / name)
    plain = render(open_path(HEIC / "heic-plain.heic")).astype(int)

    assert "heic" == document.format
    assert (440, 180) == (document.describe(1).width_pt, document.describe(1).height_pt)
    assert np.abs(render(document) - plain).mean() < 6


def test_of_a_heic_of_two_pictures_the_primary_is_read_and_that_is_told(open_path):
    pytest.importorskip("pi_heif")
    document = open_path(HEIC / "heic-two.heic")

    assert 1 == document.page_count
    assert ("Only the first picture in the file is read.",) == document.warnings


def test_without_its_package_a_heic_is_refused_with_the_name_of_what_to_install(monkeypatch):
    import_module = builtins.__import__

    def refuse(name, *args, **kwargs):
        if name == "pi_heif":
            raise ImportError(name)
        return import_module(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", refuse)
    monkeypatch.delitem(sys.modules, "pi_heif", raising=False)

    error = refusal(HEIC / "heic-plain.heic")

    assert "unsupported_format" == error.kind
    assert "pi-heif" in error.message


def test_a_pillow_without_a_codec_is_told_from_a_broken_file(tmp_path, monkeypatch):
    path = tmp_path / "a.avif"
    text_image(["Hello"], size=(20, 20)).save(path)
    monkeypatch.setattr("PIL.features.check", lambda _: False)

    error = refusal(path)

    assert "unsupported_format" == error.kind
    assert "Pillow" in error.message


@pytest.mark.parametrize("make", [plain_cmyk_jpeg, ycck_jpeg])
def test_inks_are_read_as_adobe_and_as_others_store_them(tmp_path, make, open_path):
    grey = Image.linear_gradient("L")
    (tmp_path / "a.jpg").write_bytes(make(grey))

    pixels = render(open_path(tmp_path / "a.jpg"))

    assert np.abs(pixels[:, :, 0].astype(int) - np.asarray(grey)).max() < 6


def test_of_a_jpeg_2000_the_codestream_tells_the_size(tmp_path):
    content = bytearray(saved(text_image(["Hello"], size=(100, 100)), "JPEG2000"))
    at = content.index(b"\xff\x51")
    content[at + 6 : at + 14] = struct.pack(">II", 40_000, 40_000)
    (tmp_path / "a.jp2").write_bytes(content)

    error = refusal(tmp_path / "a.jp2")

    assert ("limit_exceeded", 1_600_000_000) == (error.kind, error.data["value"])


@pytest.mark.parametrize("options", [{"lossless": True}, {}, {"exif": b"Exif\0\0MM\0*\0\0\0\x08"}])
def test_the_canvas_of_a_webp_is_checked_before_its_decoder_is_made(tmp_path, options, monkeypatch):
    path = tmp_path / "a.webp"
    text_image(["Hello"], size=(300, 200)).save(path, **options)

    def decode(*_):
        raise AssertionError("a decoder was made")

    monkeypatch.setattr("PIL._webp.WebPAnimDecoder", decode)
    error = refusal(path, wire.Limits(max_page_pixels=59_999))

    assert ("limit_exceeded", 60_000) == (error.kind, error.data["value"])


@pytest.mark.parametrize("suffix", [".webp", ".avif"])
def test_a_file_that_is_read_whole_has_a_limit_of_its_own(tmp_path, suffix):
    path = tmp_path / f"a{suffix}"
    text_image(["Hello"], size=(20, 20)).save(path)
    with path.open("r+b") as file:
        file.truncate(MAX_WHOLE_BYTES + 1)

    error = refusal(path)

    assert ("limit_exceeded", "document_bytes") == (error.kind, error.data["which"])


def pages(n_pages, **members):
    """A TIFF whose pages are 1, 2, 3 … pixels wide."""
    made = []
    for number in range(1, n_pages + 1):
        pixels = np.full((4, number, 1), 10 * number, np.uint8)
        made.append(Directory(tags_of(pixels, 1, 1), [pixels.tobytes()]))
    return Tiff(pages=made, **members)


@pytest.mark.parametrize("members", [{}, {"order": ">"}, {"is_big": True}])
def test_each_page_of_a_tiff_is_found_without_those_before_it(tmp_path, members, open_path):
    pages(9, **members).write(tmp_path / "a.tif")
    document = open_path(tmp_path / "a.tif")

    assert 9 == document.page_count
    for page in (9, 1, 5):
        assert page * 72 / 150 == pytest.approx(document.describe(page).width_pt, abs=0.01)
        assert 10 * page == render(document, page).max()


def test_pages_of_a_tiff_that_libtiff_decodes_are_found_too(tmp_path, open_path):
    images = [Image.new("1", (10 * n, 10), 1) for n in (1, 2, 3)]
    path = tmp_path / "a.tif"
    images[0].save(path, save_all=True, append_images=images[1:], compression="group4")
    document = open_path(path)

    assert [(10, 10 * n, 3) for n in (3, 2)] == [render(document, n).shape for n in (3, 2)]


def test_pages_that_lead_back_to_an_earlier_one_end_there_with_a_warning(tmp_path, open_path):
    tiff = pages(3)
    tiff.pages[2].next_page = 0
    tiff.write(tmp_path / "a.tif")
    document = open_path(tmp_path / "a.tif")

    assert 3 == document.page_count
    assert ("The TIFF is damaged: pages may be missing.",) == document.warnings


def test_no_more_pages_of_a_tiff_are_looked_for_than_may_be_read(tmp_path):
    pages(20).write(tmp_path / "a.tif")

    with (tmp_path / "a.tif").open("rb") as stream:
        assert 6 == len(TiffPages(stream, 6).offsets)
    assert 6 == refusal(tmp_path / "a.tif", wire.Limits(max_pages=5)).data["value"]
