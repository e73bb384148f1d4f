"""Compiled models are kept on disk, and nothing depends on that. Needs rapidocr and OpenVINO."""

import hashlib
import os
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image

from ocr_worker.engines.rapidocr import model_cache
from ocr_worker.engines.rapidocr.installation import find_installation
from ocr_worker.engines.rapidocr.networks import open_recognition
from ocr_worker.engines.rapidocr.recognizer import few_classes
from ocr_worker.engines.rapidocr.rows import SLOT_PX
from ocr_worker.wire import MODEL_CACHE_VARIABLE

INSTALLATION = find_installation()
MODEL = INSTALLATION.recognition_model
SLOTS = [0] * 24 + [1] * 16
"""Of a row with two lines."""

pytestmark = pytest.mark.skipif(
    INSTALLATION.runtime != "openvino", reason="other runtimes compile nothing that could be kept"
)


@pytest.fixture
def folder(tmp_path, monkeypatch):
    folder = tmp_path / "models"
    monkeypatch.setenv(MODEL_CACHE_VARIABLE, str(folder))
    return folder


@pytest.fixture(scope="module")
def uncached():
    """What the model says, as it is compiled from its file."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(MODEL_CACHE_VARIABLE, "")
        return said_by(recognition())


def recognition(path=MODEL):
    return open_recognition(path, "openvino", few_classes)


def said_by(session):
    said = hashlib.sha256("\n".join(session.characters).encode())
    random = np.random.default_rng(1)
    for _ in range(3):
        row = random.random((1, 3, 48, SLOT_PX * len(SLOTS)), dtype=np.float32)
        few, features = session.run(row, SLOTS)
        said.update(few.tobytes() + features.tobytes())
    return said.hexdigest()


def entries(folder):
    return sorted(folder.iterdir())


def is_loaded_from(folder, caplog):
    """Open the model; tell whether that was without compiling it, and without a word."""
    (before,) = [(path, path.stat().st_mtime_ns) for path in entries(folder)]
    caplog.clear()
    session = recognition()
    (after,) = [(path, path.stat().st_mtime_ns) for path in entries(folder)]
    return session, before == after and not caplog.records


def test_a_model_that_was_kept_says_the_same_to_the_last_bit(folder, uncached, caplog):
    first = recognition()
    second, was_kept = is_loaded_from(folder, caplog)

    assert was_kept
    assert said_by(first) == said_by(second) == uncached
    (entry,) = entries(folder)
    if sys.platform != "win32":
        assert (folder.stat().st_mode & 0o077, entry.stat().st_mode & 0o177) == (0, 0)


def cut_off(content):
    return content[: len(content) // 2]


def cut_off_in_its_first_line(content):
    return content[:100]


def emptied(content):
    return b""


def one_bit_lost(content):
    middle = len(content) // 2
    return content[:middle] + bytes([content[middle] ^ 1]) + content[middle + 1 :]


def of_another_model(content):
    return content.replace(b'"INFERENCE_NUM_THREADS":"1"', b'"INFERENCE_NUM_THREADS":"2"', 1)


@pytest.mark.parametrize(
    "damage", [cut_off, cut_off_in_its_first_line, emptied, one_bit_lost, of_another_model]
)
def test_a_damaged_file_is_warned_of_and_replaced(folder, uncached, caplog, damage):
    recognition()
    (entry,) = entries(folder)
    content = entry.read_bytes()
    assert damage(content) != content
    entry.write_bytes(damage(content))
    caplog.clear()
    session = recognition()

    assert "cannot be used" in caplog.text
    assert said_by(session) == uncached
    assert is_loaded_from(folder, caplog)[1]


def test_what_the_runtime_refuses_is_compiled_anew(folder, uncached, caplog, monkeypatch):
    """Whole, and yet nothing that this runtime exports."""
    with monkeypatch.context() as patch:
        patch.setattr(model_cache, "_exported", lambda model: memoryview(b"no model" * 1000))
        recognition()
    session = recognition()

    assert "cannot be used" in caplog.text
    assert said_by(session) == uncached
    assert is_loaded_from(folder, caplog)[1]


@pytest.mark.skipif(sys.platform == "win32", reason="has no such permissions")
def test_a_file_that_others_may_have_written_is_not_used(folder, uncached, caplog):
    recognition()
    (entry,) = entries(folder)
    entry.chmod(0o620)
    session = recognition()

    assert "others may have written it" in caplog.text
    assert said_by(session) == uncached
    assert is_loaded_from(folder, caplog)[1]


def test_a_model_file_that_was_changed_is_another_model(folder, tmp_path):
    copy = tmp_path / MODEL.name
    copy.write_bytes(MODEL.read_bytes())
    recognition(copy)
    os.utime(copy, ns=(1, 1))
    recognition(copy)

    assert len(entries(folder)) == 2


def test_another_recipe_or_processor_is_another_model():
    identities = [{"recipe": "1", "FULL_DEVICE_NAME": "a"}]
    identities += [{**identities[0], "recipe": "2"}, {**identities[0], "FULL_DEVICE_NAME": "b"}]

    assert len({model_cache._digest(identity) for identity in identities}) == 3


@pytest.mark.parametrize("named", ["", None])
def test_nothing_is_written_where_no_folder_is_named(tmp_path, monkeypatch, named):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv(MODEL_CACHE_VARIABLE)
    if named is not None:
        monkeypatch.setenv(MODEL_CACHE_VARIABLE, named)
    recognition()

    assert entries(tmp_path) == []


def test_a_folder_that_cannot_be_written_to_costs_the_cache_only(folder, uncached, caplog):
    # A file in its place, since root may write to any folder.
    folder.write_text("here already")
    session = recognition()

    assert "is not kept" in caplog.text
    assert str(folder) not in caplog.text
    assert said_by(session) == uncached
    assert folder.read_text() == "here already"


def test_nothing_is_written_to_a_folder_that_may_only_be_read(folder, uncached, caplog):
    folder.mkdir(mode=0o500)
    if os.access(folder, os.W_OK):
        pytest.skip("we may write anywhere")
    session = recognition()

    assert "is not kept" in caplog.text
    assert said_by(session) == uncached
    assert entries(folder) == []


def test_a_disk_that_is_full_leaves_nothing_behind(folder, uncached, caplog, monkeypatch):
    def fail(model):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(model_cache, "_exported", fail)
    session = recognition()

    assert "No space left on device" in caplog.text
    assert said_by(session) == uncached
    assert entries(folder) == []


def test_workers_that_start_at_once_each_get_their_model(folder, uncached, caplog):
    program = """
import sys
from tests.process.test_model_cache import recognition, said_by
sys.stdin.read()
print(said_by(recognition()))"""
    workers = [
        subprocess.Popen(
            [sys.executable, "-c", program],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(2)
    ]
    for worker in workers:
        worker.stdin.close()
        worker.stdin = None
    said = [worker.communicate(timeout=50)[0].strip() for worker in workers]

    assert said == [uncached, uncached]
    assert is_loaded_from(folder, caplog)[1]


@pytest.mark.parametrize("options", [[], ["--no-model-cache"]])
def test_the_folder_is_the_daemons_to_name(spawn_daemon, tmp_path, options):
    page = tmp_path / "page.png"
    Image.new("L", (200, 100), 255).save(page)
    client = spawn_daemon("--workers", "1", "--model-cache-dir", "models", *options)
    job_id = client.start([str(page)], options={"skip_blank": False, "engine": "rapidocr"})
    events = list(client.job_events(job_id, timeout_s=50))

    assert events[-1].params["pages"]["empty"] == 1
    n_kept = len(entries(tmp_path / "models")) if (tmp_path / "models").exists() else 0
    assert n_kept == (0 if options else 2)


def test_what_updates_and_killed_workers_leave_behind_goes(folder):
    folder.mkdir()
    # An hour is over for all of these, and each is older than the one before.
    stale = [f"{MODEL.stem}-{number}.compiled" for number in range(11)]
    stale.append(f"{MODEL.stem}-x.tmp")
    for age, name in enumerate(stale):
        (folder / name).write_bytes(b"")
        os.utime(folder / name, (100_000 - age, 100_000 - age))
    busy, foreign = folder / f"{MODEL.stem}-y.tmp", folder / "holiday.jpg"
    busy.write_bytes(b"")
    foreign.write_bytes(b"")
    os.utime(foreign, (1, 1))
    recognition()

    left = {path.name for path in entries(folder)}
    assert {busy.name, foreign.name, *stale[: model_cache.KEPT - 1]} < left
    assert len(left) == model_cache.KEPT + 2
