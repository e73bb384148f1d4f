"""Our command lines and our children's environment, from source and from a bundle."""

import os
import sys
from pathlib import Path

import pytest

from daemon import client, frozen, guard_process, worker_process


@pytest.fixture
def in_a_bundle(monkeypatch, tmp_path):
    """Take this interpreter for a bundle's executable; return its folder."""
    monkeypatch.setattr(sys, "frozen", True, raising=False)
    monkeypatch.setattr(sys, "executable", str(tmp_path / "ocr-sidecar"))
    return tmp_path


def test_from_source_programs_are_modules_of_this_interpreter():
    start = worker_process.worker_command(None)(1, "rapidocr")

    assert start[:4] == [sys.executable, "-P", "-m", "ocr_worker"]
    assert client.default_command() == [sys.executable, "-P", "-m", "daemon"]
    assert guard_process.guard_command(Path("s"))[:3] == [sys.executable, "-I", "-S"]


def test_in_a_bundle_programs_are_executables_of_its_folder(in_a_bundle, monkeypatch):
    daemon, worker = str(in_a_bundle / "ocr-sidecar"), str(in_a_bundle / "ocr-sidecar-worker")

    assert client.default_command() == [daemon]
    assert guard_process.guard_command(Path("s")) == [daemon, "--guard", "s"]
    assert worker_process.worker_command(None)(0, None)[0].removesuffix(".exe") == worker
    monkeypatch.setattr(sys, "platform", "win32")
    assert frozen.beside_us("other") == os.path.join(in_a_bundle, "other.exe")


def test_a_foreign_worker_stays_foreign_in_a_bundle(in_a_bundle):
    assert worker_process.worker_command("py worker.py")(0, None)[:2] == ["py", "worker.py"]


def test_children_of_a_bundle_get_the_environment_of_its_host(in_a_bundle):
    loader = {"LD_LIBRARY_PATH": "/app/_internal", "_PYI_ARCHIVE_FILE": "/app/ocr-sidecar"}
    host = {"HOME": "/home/ada", "PATH": "/bin"}
    libraries = {"LD_LIBRARY_PATH": "/opt/lib"}

    assert frozen.environment_before_us({**host, **loader}) == host
    given = {**host, **loader, "LD_LIBRARY_PATH_ORIG": "/opt/lib"}
    assert frozen.environment_before_us(given) == {**host, **libraries}


def test_from_source_children_get_what_we_have():
    environment = {"LD_LIBRARY_PATH": "/opt/lib", "_PYI_X": "1"}

    assert frozen.environment_before_us(environment) == environment
