"""What is in the bundle: the files of its manifest, a licence for each part, and no more."""

import os
import subprocess
import sys

import pytest

from bundle.contents import ROOT
from bundle.manifest import differences, read_manifest
from daemon import __version__

pytestmark = [pytest.mark.bundle, pytest.mark.timeout(60, func_only=True)]


def test_it_is_what_its_manifest_says(elsewhere):
    manifest = read_manifest(elsewhere / "app")

    assert differences(elsewhere / "app") == []
    assert manifest["version"] == __version__
    assert manifest["size"] == sum(file["size"] for file in manifest["files"].values())


def test_whatever_it_is_made_of_has_its_licence_in_it(elsewhere):
    app = elsewhere / "app"
    index = (app / "LICENSES" / "README.txt").read_text(encoding="utf-8")
    parts = {part["name"]: part for part in read_manifest(elsewhere / "app")["parts"]}

    assert {"ocr-sidecar", "Python", "rapidocr", "openvino", "pyinstaller"} <= parts.keys()
    for name, part in parts.items():
        texts = [one for one in (app / part["texts"]).rglob("*") if one.is_file()]
        assert texts
        assert all(one.stat().st_size > 0 for one in texts)
        assert f"{name} {part['version']}: {part['licence']}\n" in index
    assert (app / parts["rapidocr"]["texts"] / "MODEL_LICENSES.md").exists()


@pytest.mark.skipif(sys.platform == "darwin", reason="PyInstaller needs links on macOS")
def test_it_survives_a_copy_that_knows_no_links(elsewhere):
    assert [path for path in (elsewhere / "app").rglob("*") if path.is_symlink()] == []


def test_it_does_not_tell_where_it_was_built(bundle):
    places = [os.fsencode(str(place)) for place in (ROOT, sys.prefix)]
    for path in bundle.rglob("*"):
        content = path.read_bytes() if path.is_file() else b""
        assert not [place for place in places if place in content], path


def test_what_is_not_needed_is_not_there(bundle):
    names = [path.relative_to(bundle).as_posix() for path in bundle.rglob("*") if path.is_file()]
    unwanted = ("telemetry", "gpu_plugin", "npu_plugin", "tensorflow", "libssl", "libcrypto")
    unwanted += ("_cls_", "tkinter", "pytest", "videoio_ffmpeg", "tesserocr", "lxml")

    code = [name for name in names if not name.startswith("LICENSES/")]
    assert [name for name in code for part in unwanted if part in name] == []


@pytest.mark.parametrize("name", ["ocr-sidecar", "ocr-sidecar-worker"])
@pytest.mark.parametrize(
    ("option", "expected"), [("--version", "{name}"), ("--help", "usage: {name}")]
)
def test_both_executables_say_what_they_are(
    program, as_another, daemon_env, name, option, expected
):
    command = [*as_another, program(name), option]
    done = subprocess.run(command, capture_output=True, text=True, env=daemon_env, timeout=20)

    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith(expected.format(name=name))
