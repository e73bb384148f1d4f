"""Searchable PDFs by the whole daemon: the real engine's words are found, and a cancel ends one."""

import json
import os
import re
import shutil
import statistics
import subprocess
from collections import Counter
from html import unescape
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from ocr_worker import wire
from tests.conftest import SAMPLE
from tests.searchable import found_words, overlap, shown

N_PAGES = 3
WAIT_S = 50
WORD = re.compile(r'<word xMin="(.+?)" yMin="(.+?)" xMax="(.+?)" yMax="(.+?)">(.*?)</word>')


@pytest.fixture(scope="module")
def outputs(tmp_path_factory, daemon_command):
    """The sample by the command line: its searchable PDF, and the words of each page."""
    folder = tmp_path_factory.mktemp("searchable")
    command, env = daemon_command
    options = ["--log-dir", str(folder / "log"), "--scratch-dir", str(folder / "scratch")]
    wanted = ["--output-dir", str(folder), "--format", "searchable_pdf,json", "--mode", "force"]
    done = subprocess.run(
        [*command, *options, "recognize", *wanted, str(SAMPLE)],
        capture_output=True,
        text=True,
        timeout=WAIT_S,
        env=env,
    )
    assert done.returncode == 0, done.stderr
    pages = json.loads((folder / "scan.json").read_text(encoding="utf-8"))["pages"]
    words = [[word for line in page["lines"] for word in line["words"]] for page in pages]
    return folder / "scan.ocr.pdf", [
        [wire.Word(line=0, block=0, **word) for word in page] for page in words
    ]


def check(found, read):
    """Hold the words of all pages against those that were read, and where each lies."""
    common = total = 0
    for one, other in zip(found, read, strict=True):
        counted = [Counter(word.text for word in words) for words in (one, other)]
        common += (counted[0] & counted[1]).total()
        total += counted[0].total() + counted[1].total()
    assert 2 * common / total >= 0.995
    overlaps = [
        max((overlap(word, like) for like in one if like.text == word.text), default=0.0)
        for one, other in zip(found, read, strict=True)
        for word in other
    ]
    assert statistics.median(overlaps) >= 0.8


def test_pdfium_finds_the_words_where_they_were_read(outputs):
    path, read = outputs

    check([found_words(path, page) for page in range(1, N_PAGES + 1)], read)


def test_poppler_finds_the_words_where_they_were_read(outputs):
    if shutil.which("pdftotext") is None:
        pytest.skip("pdftotext is not installed; it is in poppler-utils")
    path, read = outputs
    command = ["pdftotext", "-bbox", str(path), "-"]
    told = subprocess.run(command, capture_output=True, text=True, timeout=WAIT_S).stdout

    found = []
    for page in told.split("<page ")[1:]:
        words = []
        for *box, text in WORD.findall(page):
            left, top, right, bottom = map(float, box)
            place = {"x": left, "y": top, "width": right - left, "height": bottom - top}
            words.append(wire.Word(text=unescape(text), confidence=1, line=0, block=0, **place))
        found.append(words)
    check(found, read)


def test_the_pages_look_as_they_did(outputs):
    path, _ = outputs

    for page in range(1, N_PAGES + 1):
        assert np.array_equal(shown(path, page, px=1000), shown(SAMPLE, page, px=1000))
    assert path.stat().st_size < 1.05 * SAMPLE.stat().st_size + N_PAGES * 10 * 1024


@pytest.mark.guarantee("G-5")
def test_a_cancel_ends_the_writing_of_a_long_document_between_two_pages(spawn_daemon, tmp_path):
    side, n_pages = 1200, 60
    source, folder = tmp_path / "long.tiff", tmp_path / "out"

    def noise():
        return Image.frombytes("RGB", (side, side), os.urandom(3 * side * side))

    noise().save(source, save_all=True, append_images=(noise() for _ in range(n_pages - 1)))
    client = spawn_daemon("--workers", "1", env={"OCR_SIDECAR_NULL_ENGINE": '{"text": "hello"}'})
    job_id = client.start(
        [source], output_dir=folder, outputs=["searchable_pdf"], options={"engine": "null"}
    )
    messages = []
    for event in client.job_events(job_id, timeout_s=WAIT_S):
        if event.method != "job/progress":
            continue
        messages.append(event.params["message"])
        if messages[-1].startswith("Writing outputs of file 1/1: long.tiff (page "):
            client.request("job/cancel", {"job_id": job_id})
    client.close()

    assert event.params["state"] == "cancelled"
    assert messages[-1].startswith("Writing")
    assert list(Path(folder).iterdir()) == []


def test_what_a_signed_document_loses_is_told_with_its_output(spawn_daemon, tmp_path):
    import pikepdf

    with pikepdf.Pdf.new() as pdf:
        pdf.add_blank_page(page_size=(200, 200))
        pdf.Root.AcroForm = pikepdf.Dictionary(Fields=pikepdf.Array(), SigFlags=3)
        pdf.save(tmp_path / "signed.pdf")
    client = spawn_daemon("--workers", "1", env={"OCR_SIDECAR_NULL_ENGINE": '{"text": "hello"}'})
    job_id = client.start(
        [tmp_path / "signed.pdf"],
        output_dir=tmp_path,
        outputs=["searchable_pdf"],
        options={"engine": "null", "skip_blank": False},
    )
    *_, terminal = client.job_events(job_id, timeout_s=WAIT_S)

    (document,) = terminal.params["successful"]
    assert document["output"] == str(tmp_path / "signed.ocr.pdf")
    assert ["signature" in warning for warning in document["warnings"]] == [True]
    assert [word.text for word in found_words(tmp_path / "signed.ocr.pdf")] == ["hello"]
