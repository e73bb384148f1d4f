"""Outputs where there is no room for them: a file system that is full, and one that says so."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

from tests.scans import scan_pdf, text_image

ROOT = Path(__file__).parent.parent.parent
PROGRAM = ROOT / "tests" / "workers" / "writes_outputs.py"
ROOM_BYTES = 16 * 1024
WAIT_S = 40
N_PAGES = 3

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="limits and mounts are POSIX")


@pytest.fixture(params=["pdf", "tiff"])
def source(request, tmp_path):
    pages = [text_image([f"page {number}"], size=(595, 842)) for number in range(N_PAGES)]
    if request.param == "pdf":
        return scan_pdf(tmp_path / "a.pdf", pages, dpi=72)
    noise = [Image.frombytes("L", (300, 300), os.urandom(90_000)) for _ in pages]
    noise[0].save(tmp_path / "a.tiff", save_all=True, append_images=noise[1:])
    return tmp_path / "a.tiff"


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "out").mkdir()
    return tmp_path / "out"


def write(kind, source, folder, limit=0, under=()):
    command = [*under, sys.executable, str(PROGRAM), kind, str(source), str(folder)]
    done = subprocess.run(
        [*command, str(N_PAGES), str(limit)],
        capture_output=True,
        text=True,
        timeout=WAIT_S,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


KINDS = ["text", "json", "searchable_pdf"]


@pytest.mark.parametrize("kind", KINDS)
def test_an_output_that_finds_no_room_fails_and_leaves_nothing(kind, source, folder):
    # Text is short, and takes less than the others.
    told = write(kind, source, folder, limit=2048 if kind == "text" else ROOM_BYTES)

    assert (told["kind"], told["output"], told["left"]) == ("output_failed", kind, [])
    assert told["message"] == f"The {kind} output could not be written: File too large"


@pytest.mark.parametrize("kind", KINDS)
def test_an_output_on_a_disk_that_is_full_fails_and_leaves_nothing(kind, source, folder):
    own_mounts = ("unshare", "--mount", "sh", "-c")
    room = 4096 if kind == "text" else ROOM_BYTES
    mounted = f'mount -t tmpfs -o size={room} none "{folder}" && exec "$@"'
    probe = [*own_mounts, mounted, "sh", "true"]
    if (
        not sys.platform.startswith("linux")
        or subprocess.run(probe, capture_output=True).returncode
    ):
        pytest.skip("a small file system cannot be mounted here; it takes root on Linux")

    told = write(kind, source, folder, under=(*own_mounts, mounted, "sh"))

    assert (told["kind"], told["output"], told["left"]) == ("output_failed", kind, [])
    assert told["message"] == f"The {kind} output could not be written: No space left on device"


@pytest.mark.parametrize("kind", KINDS)
def test_with_room_there_are_both_outputs(kind, source, folder):
    told = write(kind, source, folder)

    assert told == {"kind": None, "left": sorted({kind, "json" if kind == "text" else "text"})}
