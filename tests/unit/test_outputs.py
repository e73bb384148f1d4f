import json
import os

import pytest

from ocr_worker import wire
from ocr_worker.errors import TaskError
from ocr_worker.outputs.kinds import SUFFIXES
from ocr_worker.outputs.scratch import keep_page, read_pages
from ocr_worker.outputs.writing import RENDERERS, WRITERS, write_outputs

SOURCE = wire.Source(path="/scans/scan.pdf")
WORD = wire.Word(text="naïve", confidence=0.9, x=1, y=2, width=3, height=4, line=0, block=0)
LINE = wire.Line(
    text="naïve",
    confidence=0.9,
    x=1,
    y=2,
    width=3,
    height=4,
    block=0,
    angle=0.5,
    thickness=3.97,
    words=(WORD,),
)
FULL = wire.Page(
    page=1,
    state="recognized",
    text="naïve\n\n漢字",
    width_pt=595.2,
    height_pt=841.8,
    confidence=0.9,
    lines=(LINE,),
    engine="rapidocr",
    orientation=180,
    skew=0.5,
    preparation=("rotated", "contrast"),
    warnings=("faint",),
)
BLANK = wire.Page(
    page=4, state="empty", text="", width_pt=1, height_pt=1, reason="nothing was found"
)


@pytest.fixture
def assemble(tmp_path):
    def run(*pages, **outputs):
        kept = []
        for number, page in enumerate(pages):
            kept.append(str(tmp_path / f"page{number}"))
            keep_page(page, kept[-1])
        write_outputs(
            wire.Assemble(
                task=1,
                source=SOURCE,
                limits=wire.Limits(),
                file="scan.pdf",
                page_count=9,
                outputs={kind: str(path) for kind, path in outputs.items()},
                pages=tuple(kept),
            )
        )

    return run


def test_text_is_utf8_with_a_form_feed_between_pages_and_a_final_newline(assemble, tmp_path):
    assemble(FULL, BLANK, FULL, text=tmp_path / "out")

    expected = "naïve\n\n漢字\n\f\n\fnaïve\n\n漢字\n"
    assert expected == (tmp_path / "out").read_bytes().decode()


def test_a_form_feed_in_a_page_does_not_pass_for_its_end(assemble, tmp_path):
    page = wire.Page(page=1, state="native_text", text="a\fb", width_pt=1, height_pt=1)

    assemble(page, text=tmp_path / "out")

    assert (tmp_path / "out").read_bytes() == b"a\nb\n"


def test_a_document_without_pages_gives_an_empty_text(assemble, tmp_path):
    assemble(text=tmp_path / "out")

    assert (tmp_path / "out").read_bytes() == b""


def test_json_has_the_documented_shape(assemble, tmp_path):
    assemble(FULL, BLANK, json=tmp_path / "out")

    box = {"text": "naïve", "confidence": 0.9, "x": 1, "y": 2, "width": 3, "height": 4}
    assert json.loads((tmp_path / "out").read_bytes()) == {
        "version": 1,
        "file": "scan.pdf",
        "page_count": 9,
        "pages": [
            {
                "page": 1,
                "state": "recognized",
                "width_pt": 595.2,
                "height_pt": 841.8,
                "text": "naïve\n\n漢字",
                "confidence": 0.9,
                "engine": "rapidocr",
                "orientation": 180,
                "skew": 0.5,
                "preparation": ["rotated", "contrast"],
                "reason": None,
                "warnings": ["faint"],
                "blocks": [
                    {"x": 1, "y": 2, "width": 3, "height": 4, "first_line": 0, "line_count": 1}
                ],
                "lines": [{**box, "block": 0, "angle": 0.5, "words": [box]}],
            },
            {
                "page": 4,
                "state": "empty",
                "width_pt": 1,
                "height_pt": 1,
                "text": "",
                "confidence": None,
                "engine": None,
                "orientation": None,
                "skew": None,
                "preparation": [],
                "reason": "nothing was found",
                "warnings": [],
                "blocks": [],
                "lines": [],
            },
        ],
    }


def test_json_without_pages_is_still_json(assemble, tmp_path):
    assemble(json=tmp_path / "out")

    assert json.loads((tmp_path / "out").read_bytes())["pages"] == []


def test_several_kinds_are_written_in_one_go(assemble, tmp_path):
    assemble(FULL, text=tmp_path / "a", json=tmp_path / "b")

    assert (tmp_path / "a").is_file()
    assert (tmp_path / "b").is_file()


def test_a_file_that_exists_is_left_as_it_is(assemble, tmp_path):
    (tmp_path / "out").write_bytes(b"somebody's")

    with pytest.raises(TaskError) as failure:
        assemble(FULL, text=tmp_path / "out")

    assert failure.value.kind == "output_failed"
    assert (tmp_path / "out").read_bytes() == b"somebody's"


def test_what_was_written_before_a_failure_is_removed(assemble, tmp_path):
    with pytest.raises(TaskError) as failure:
        assemble(FULL, text=tmp_path / "out", json=tmp_path / "no folder" / "out")

    assert failure.value.kind == "output_failed"
    assert not (tmp_path / "out").exists()


def test_a_full_disk_leaves_no_half_file(assemble, tmp_path, monkeypatch):
    def full(_descriptor):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)

    with pytest.raises(TaskError) as failure:
        assemble(FULL, text=tmp_path / "out")

    assert "No space left on device" in failure.value.message
    assert not (tmp_path / "out").exists()


def test_a_failure_names_no_path(assemble, tmp_path):
    with pytest.raises(TaskError) as failure:
        assemble(FULL, text=tmp_path / "no folder" / "out")

    assert "no folder" not in failure.value.message


def test_a_kind_that_is_not_known_fails(assemble, tmp_path):
    with pytest.raises(TaskError) as failure:
        assemble(FULL, runes=tmp_path / "out")

    assert failure.value.kind == "output_failed"


def test_a_damaged_scratch_file_fails_and_leaves_nothing(assemble, tmp_path):
    (tmp_path / "page").write_bytes(b'{"page":')
    command = wire.Assemble(
        task=1,
        source=SOURCE,
        limits=wire.Limits(),
        file="scan.pdf",
        page_count=1,
        outputs={"text": str(tmp_path / "out")},
        pages=(str(tmp_path / "page"),),
    )

    with pytest.raises(TaskError) as failure:
        write_outputs(command)

    assert failure.value.kind == "output_failed"
    assert not (tmp_path / "out").exists()


def test_a_kept_page_comes_back_as_it_was(tmp_path):
    keep_page(FULL, str(tmp_path / "page"))

    assert list(read_pages([str(tmp_path / "page")])) == [FULL]


def test_every_kind_has_a_suffix():
    assert sorted(SUFFIXES) == sorted([*RENDERERS, *WRITERS])


def test_the_temporary_files_are_noted_before_the_first_is_there(tmp_path):
    note, path = tmp_path / "note", tmp_path / "out.tmp"
    path.write_text("somebody else's")
    task = wire.Assemble(
        task=1,
        source=SOURCE,
        limits=wire.Limits(),
        file="a.pdf",
        page_count=1,
        outputs={"text": str(path)},
        pages=(),
        note=str(note),
    )
    with pytest.raises(TaskError):
        write_outputs(task)

    assert note.read_text(encoding="utf-8") == str(path)


def test_no_output_is_begun_that_cannot_be_noted(tmp_path):
    path = tmp_path / "out.tmp"
    note = str(tmp_path / "no" / "note")
    task = wire.Assemble(
        task=1,
        source=SOURCE,
        limits=wire.Limits(),
        file="a.pdf",
        page_count=1,
        outputs={"text": str(path)},
        pages=(),
        note=note,
    )
    with pytest.raises(TaskError) as caught:
        write_outputs(task)

    assert caught.value.kind == "output_failed"
    assert not path.exists()
