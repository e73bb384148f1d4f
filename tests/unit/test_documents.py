"""Opening: what is refused before a document is parsed, and what its content decides."""

import contextlib
import os

import pytest

from ocr_worker import wire
from ocr_worker.documents import open_document, sniff
from ocr_worker.documents.base import Frame
from ocr_worker.errors import TaskError
from tests.scans import cut_in_half, text_image, text_pdf

LIMITS = wire.Limits()


@pytest.fixture
def open_path():
    with contextlib.ExitStack() as opened:

        def open_path(path, limits=LIMITS, **members):
            document = open_document(wire.Source(path=str(path), **members), limits)
            opened.callback(document.close)
            return document

        yield open_path


def refusal(path, limits=LIMITS, **members):
    with pytest.raises(TaskError) as caught:
        open_document(wire.Source(path=str(path), **members), limits)
    assert str(path) not in caught.value.message
    return caught.value


@pytest.mark.parametrize(
    ("suffix", "expected"),
    [
        (".png", "png"),
        (".jpg", "jpeg"),
        (".tif", "tiff"),
        (".webp", "webp"),
        (".bmp", "bmp"),
        (".pdf", "pdf"),
    ],
)
def test_each_format_is_known_by_its_content(tmp_path, suffix, expected, open_path):
    path = tmp_path / f"scan{suffix}"
    text_image(["Hello"]).save(path)

    document = open_path(path)

    assert expected == document.format
    assert 1 == document.page_count
    assert path.stat().st_size == document.size_bytes
    assert path.stat().st_mtime_ns == document.modified_ns


def test_the_content_decides_when_the_name_tells_another_format(tmp_path, open_path):
    path = tmp_path / "scan.pdf"
    text_image(["Hello"]).save(path, "PNG")

    assert "png" == open_path(path).format


def test_a_name_without_an_extension_is_enough(tmp_path, open_path):
    path = text_pdf(tmp_path / "document", [["Hello"]])

    assert "pdf" == open_path(path).format


@pytest.mark.parametrize("name", ["missing.pdf", "file/below.pdf", "nul\0.pdf"])
def test_a_missing_file_is_not_found(tmp_path, name):
    (tmp_path / "file").write_bytes(b"x")

    assert "document_not_found" == refusal(tmp_path / name).kind


def test_a_folder_is_unreadable(tmp_path):
    error = refusal(tmp_path)

    assert "document_unreadable" == error.kind
    assert "folder" in error.message


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="named pipes are POSIX")
def test_a_named_pipe_is_refused_rather_than_waited_for(tmp_path):
    path = tmp_path / "pipe.pdf"
    os.mkfifo(path)

    error = refusal(path)

    assert "document_unreadable" == error.kind
    assert "no regular file" in error.message


def test_an_empty_file_is_unreadable(tmp_path):
    path = tmp_path / "empty.pdf"
    path.touch()

    error = refusal(path)

    assert "document_unreadable" == error.kind
    assert "empty" in error.message


def test_a_file_that_cannot_be_opened_is_unreadable(tmp_path, monkeypatch):
    """By a patch, since the tests may run as a user whom no permission binds."""
    path = text_pdf(tmp_path / "a.pdf", [["Hello"]])

    def refuse(*_, **__):
        raise PermissionError

    monkeypatch.setattr("builtins.open", refuse)

    assert "document_unreadable" == refusal(path).kind


@pytest.mark.parametrize("name", ["a.pdf", "a.PNG", "a.jpeg", "a.tif", "a.webp", "a.bmp"])
def test_content_that_is_not_what_the_name_claims_is_unreadable(tmp_path, name):
    path = tmp_path / name
    path.write_bytes(b"just some words, no document")

    error = refusal(path)

    assert "document_unreadable" == error.kind
    assert "not what its name claims" in error.message


@pytest.mark.parametrize("name", ["a.docx", "a.ico", "a"])
def test_an_unknown_format_is_unsupported_and_the_supported_ones_are_named(tmp_path, name):
    path = tmp_path / name
    path.write_bytes(b"\0\0\1\0 and more")

    error = refusal(path)

    assert "unsupported_format" == error.kind
    for each in ("PDF", "PNG", "JPEG", "TIFF", "WebP", "BMP", "GIF", "JPEG 2000", "HEIC", "AVIF"):
        assert each in error.message


def test_text_that_begins_like_a_bitmap_is_none():
    assert None is sniff(b"BMW makes cars, and this is no bitmap.")


def test_a_file_above_the_size_limit_is_refused(tmp_path, open_path):
    path = text_pdf(tmp_path / "a.pdf", [["Hello"]])
    size = path.stat().st_size

    error = refusal(path, wire.Limits(max_document_bytes=size - 1))

    assert "limit_exceeded" == error.kind
    assert {"which": "document_bytes", "limit": size - 1, "value": size} == error.data
    open_path(path, wire.Limits(max_document_bytes=size))


def test_a_file_of_another_size_than_counted_has_changed(tmp_path):
    path = text_pdf(tmp_path / "a.pdf", [["Hello"]])

    assert "document_changed" == refusal(path, size_bytes=path.stat().st_size + 1).kind


def test_a_file_of_another_time_than_counted_has_changed(tmp_path):
    path = text_pdf(tmp_path / "a.pdf", [["Hello"]])

    assert "document_changed" == refusal(path, modified_ns=path.stat().st_mtime_ns - 1).kind


def test_a_file_as_it_was_counted_is_opened(tmp_path, open_path):
    path = text_pdf(tmp_path / "a.pdf", [["Hello"]])
    seen = path.stat()

    document = open_path(path, size_bytes=seen.st_size, modified_ns=seen.st_mtime_ns)

    assert 1 == document.page_count


@pytest.mark.parametrize("suffix", [".pdf", ".png"])
def test_a_file_that_changes_while_it_is_open_fails_its_pages_as_changed(
    tmp_path, suffix, open_path
):
    path = tmp_path / f"a{suffix}"
    text_image(["Hello"]).save(path)
    document = open_path(path)
    cut_in_half(path)

    with pytest.raises(TaskError) as caught:
        document.render(1, dpi=None, region=None, scale=1.0)

    assert "document_changed" == caught.value.kind


def test_a_file_that_is_touched_while_it_is_open_fails_its_pages_as_changed(tmp_path, open_path):
    path = text_pdf(tmp_path / "a.pdf", [["Hello"]])
    document = open_path(path)
    os.utime(path, ns=(0, 0))

    for read in (document.describe, document.text_layer):
        with pytest.raises(TaskError) as caught:
            read(1)
        assert "document_changed" == caught.value.kind


@pytest.mark.parametrize("suffix", [".pdf", ".png", ".tif"])
@pytest.mark.parametrize("page", [0, -1, 2])
def test_a_page_that_does_not_exist_is_out_of_range(tmp_path, suffix, page, open_path):
    path = tmp_path / f"a{suffix}"
    text_image(["Hello"]).save(path)
    document = open_path(path)

    def render(page):
        return document.render(page, dpi=None, region=None, scale=1.0)

    for read in (document.describe, render, document.text_layer):
        with pytest.raises(TaskError) as caught:
            read(page)
        assert "page_out_of_range" == caught.value.kind


def test_a_frame_holds_the_region_rounded_outwards_and_cut_at_the_edges():
    region = wire.Region(x=10.3, y=-5, width=1000, height=10.2)

    frame = Frame.of((100, 50), (200, 100), 1, region)

    assert (20, 0, 200, 11) == frame.crop
    assert (180, 11) == frame.size_px


def test_a_region_of_another_page_leaves_this_one_whole():
    region = wire.Region(x=10, y=10, width=10, height=10, page=2)

    assert (0, 0, 200, 100) == Frame.of((100, 50), (200, 100), 1, region).crop
    assert (20, 20, 40, 40) == Frame.of((100, 50), (200, 100), 2, region).crop


@pytest.mark.parametrize(("x", "width"), [(100, 10), (-20, 20), (10, 0), (10, -5)])
def test_a_region_outside_the_page_is_refused(x, width):
    with pytest.raises(TaskError) as caught:
        Frame.of((100, 50), (200, 100), 1, wire.Region(x=x, y=0, width=width, height=10))

    assert "invalid_params" == caught.value.kind
