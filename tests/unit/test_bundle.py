"""The parts of the build that decide something, without building."""

import json
import os
import shutil
import subprocess
import sys
import tomllib
from importlib.util import find_spec
from pathlib import Path

import pytest

from bundle import build, contents, elf, linux, parts
from bundle.build import fault
from bundle.licences import place_of
from bundle.manifest import NAME, differences, fingerprint, read_manifest, write_manifest
from bundle.parts import Part
from bundle.problems import Problem
from bundle.target import target_triple

LIBS = "openvino/libs"
tools = pytest.mark.skipif(
    sys.platform != "linux" or None in map(shutil.which, ("objdump", "as", "ld", "cc")),
    reason="the binutils and a compiler are not installed",
)


@pytest.mark.parametrize(
    ("platform", "machine", "triple"),
    [
        ("linux", "x86_64", "x86_64-unknown-linux-gnu"),
        ("linux", "aarch64", "aarch64-unknown-linux-gnu"),
        ("darwin", "arm64", "aarch64-apple-darwin"),
        ("darwin", "x86_64", "x86_64-apple-darwin"),
        ("win32", "AMD64", "x86_64-pc-windows-msvc"),
        ("win32", "ARM64", "aarch64-pc-windows-msvc"),
    ],
)
def test_the_target_is_called_as_rust_calls_it(monkeypatch, platform, machine, triple):
    monkeypatch.setattr("sys.platform", platform)
    monkeypatch.setattr("platform.machine", lambda: machine)
    monkeypatch.setattr("platform.libc_ver", lambda: ("glibc", "2.36"))

    assert target_triple() == triple


@pytest.mark.parametrize(
    ("machine", "libc"), [("riscv64", "glibc"), ("x86_64", ""), ("i686", "glibc")]
)
def test_a_machine_without_wheels_is_refused(monkeypatch, machine, libc):
    monkeypatch.setattr("sys.platform", "linux")
    monkeypatch.setattr("platform.machine", lambda: machine)
    monkeypatch.setattr("platform.libc_ver", lambda: (libc, ""))

    with pytest.raises(Problem):
        target_triple()


@pytest.mark.parametrize(
    ("place", "is_wanted"),
    [
        (f"{LIBS}/libopenvino.so.2641", True),
        (f"{LIBS}/libopenvino_intel_cpu_plugin.so", True),
        (f"{LIBS}/libopenvino_onnx_frontend.so.2641", True),
        (f"{LIBS}/libopenvino_ir_frontend.so.2641", True),
        (f"{LIBS}/libopenvino_intel_gpu_plugin.so", False),
        (f"{LIBS}/libopenvino_tensorflow_frontend.so.2641", False),
        (f"{LIBS}/libopenvino_auto_plugin.so", False),
        (f"{LIBS}/libtbb.so.12", True),
        (f"{LIBS}/tbb.pc", False),
        (f"{LIBS}/openvino.dll".replace("/", "\\"), True),
        (f"{LIBS}/tbb12.dll", True),
        (f"{LIBS}/openvino_intel_npu_plugin.dll", False),
        (f"{LIBS}/libopenvino.2641.dylib", True),
        (f"{LIBS}/libopenvino_arm_cpu_plugin.so", True),
        (f"{LIBS}/libtbb.12.dylib", True),
        ("cv2/opencv_videoio_ffmpeg500_64.dll".replace("/", "\\"), False),
        ("cv2/cv2.abi3.so", True),
        ("rapidocr-3.10.0.dist-info/METADATA", True),
        ("rapidocr-3.10.0.dist-info/direct_url.json", False),
    ],
)
def test_of_the_libraries_only_those_that_are_used_are_wanted(place, is_wanted):
    assert contents.is_wanted(place, "BINARY") == is_wanted


def test_a_module_that_the_product_imports_is_not_left_out():
    """Most are known by the tests of the bundle; these are those of every page."""
    wanted = {"ocr_worker", "numpy", "cv2", "PIL.Image", "pypdfium2", "openvino"}

    assert not wanted & set(contents.unwanted_modules(of_daemon=False))
    assert wanted - {"ocr_worker"} - set(contents.unwanted_modules(of_daemon=True)) == {"PIL.Image"}


def test_what_lies_beside_the_modules_is_in_the_package_and_in_the_bundle():
    """The data that the worker's modules read; licences have a place of their own."""
    folder = contents.ROOT / "ocr_worker"
    files = {path for path in folder.rglob("*") if path.suffix in (".gz", ".json")}
    project = tomllib.loads((contents.ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    packed = {
        path
        for package, patterns in project["tool"]["setuptools"]["package-data"].items()
        for pattern in patterns
        for path in (contents.ROOT / package.replace(".", "/")).glob(pattern)
    }
    in_bundle = {
        Path(source) for source, place in contents.tables() if (contents.ROOT / place).is_dir()
    }

    assert len(files) >= 2
    assert files <= packed
    assert files == in_bundle


@pytest.mark.bundle
def test_a_distribution_is_known_by_its_files_and_its_licence_is_found():
    (found,) = [one for one in parts.parts([find_spec("msgspec").origin]) if one.name == "msgspec"]

    assert found.licence == "BSD-3-Clause"
    assert [path.is_file() for path in found.texts.values()] == [True]


@pytest.mark.bundle
def test_us_python_and_what_starts_it_are_in_every_bundle():
    names = {part.name for part in parts.parts([])}

    assert names == {"ocr-sidecar", "tesseract-word-lists", "pyinstaller", "Python"}


@pytest.mark.bundle
def test_a_file_of_nobody_stops_the_build(tmp_path):
    stranger = tmp_path / "libstranger.so"
    stranger.touch()

    with pytest.raises(Problem, match=r"libstranger\.so"):
        parts.parts([str(stranger)])


@pytest.mark.bundle
def test_a_distribution_without_a_licence_stops_the_build(monkeypatch):
    source = find_spec("loguru").origin
    (known,) = [part for part in parts.parts([source]) if part.name == "loguru"]
    monkeypatch.setattr(parts, "_WITHOUT_LICENCE", {})

    assert "Delgan" in known.texts["loguru.txt"].read_text(encoding="utf-8")
    with pytest.raises(Problem, match="loguru"):
        parts.parts([source])


def test_the_manifest_notices_what_is_changed_gone_or_new(tmp_path):
    for name in ("same", "changed", "gone"):
        (tmp_path / name).write_text(name)
    part = Part("zlib1g", "1:1.2", "Zlib", {})
    write_manifest(tmp_path, "x86_64-unknown-linux-gnu", "2.31", [part])
    assert differences(tmp_path) == []
    (tmp_path / "changed").write_text("chanGed")
    (tmp_path / "gone").unlink()
    (tmp_path / "new").touch()

    assert sorted(differences(tmp_path)) == ["changed has changed", "gone is gone", "new is new"]
    told = json.loads((tmp_path / NAME).read_text())
    assert (told["glibc"], told["size"], told["sources"]) == ("2.31", 15, fingerprint())
    assert told["parts"][0]["texts"] == place_of(part) == "LICENSES/zlib1g-1_1.2"
    assert read_manifest(tmp_path / "none") == {}


def test_a_bundle_is_good_for_the_sources_it_was_made_of_while_nobody_changes_it(tmp_path):
    assert fault(tmp_path, fingerprint()) == "is not there"
    (tmp_path / "file").write_text("content")
    write_manifest(tmp_path, "x86_64-unknown-linux-gnu", None, [])
    assert fault(tmp_path, fingerprint()) is None
    assert "other sources" in fault(tmp_path, "0" * 64)
    (tmp_path / "file").write_text("cOntent")

    assert fault(tmp_path, fingerprint()) == "is not as it was built: file has changed"


def test_what_makes_room_in_the_cache_removes_old_bundles_and_nothing_of_others(
    tmp_path, monkeypatch
):
    monkeypatch.setattr(build, "user_cache_path", lambda *_, **__: tmp_path)
    monkeypatch.setattr(build, "build", lambda output: output / "bundle")
    others = tmp_path / "tauri-app"
    bundles = [tmp_path / "bundles" / name for name in ("oldest", "old", "newer")]
    for age, folder in enumerate([others, *bundles]):
        folder.mkdir(parents=True)
        os.utime(folder, (age, age))
    made = tmp_path / "bundles" / fingerprint()[:16]
    made.mkdir()

    assert build.cached() == made / "bundle"
    assert set((tmp_path / "bundles").iterdir()) == {made, *bundles[1:]}
    assert others.exists()


def test_another_package_makes_another_bundle(monkeypatch):
    before = fingerprint()
    monkeypatch.setattr("importlib.metadata.distributions", list)

    assert fingerprint() != before


def compiled(folder, name, code, *options):
    path = folder / name
    path.parent.mkdir(exist_ok=True)
    command = ["cc", "-shared", "-fPIC", "-nostdlib", "-x", "c", "-", "-x", "none"]
    command += ["-o", str(path), *options]
    subprocess.run(command, input=code, text=True, check=True, timeout=30)
    return path


@tools
def test_libraries_for_videos_are_stood_in_for_and_what_only_they_need_goes(tmp_path):
    libs = tmp_path / "opencv.libs"
    script = tmp_path / "versions"
    script.write_text("LIBAVCODEC_62 { global: *; };")
    deep = compiled(libs, "libaom-1.so", "int encode(void) { return 1; }")
    codec = compiled(
        libs,
        "libavcodec-1.so",
        "int encode(void); int open_it(void) { return encode(); } int other(void) { return 2; }",
        str(deep),
        f"-Wl,--version-script={script},-soname,libavcodec-1.so",
    )
    png = compiled(libs, "libpng-1.so", "int paint(void) { return 3; }")
    cv2 = compiled(
        tmp_path / "cv2",
        "cv2.so",
        "int open_it(void); int paint(void); int both(void) { return open_it() + paint(); }",
        f"-L{libs}",
        "-l:libavcodec-1.so",
        "-l:libpng-1.so",
        "-Wl,-rpath,$ORIGIN/../opencv.libs,-rpath-link," + str(libs),
    )
    linux.finish(tmp_path)

    assert sorted(path.name for path in libs.iterdir()) == ["libavcodec-1.so", "libpng-1.so"]
    assert elf.symbols(codec)[True] >= {"open_it"}
    assert "other" not in elf.symbols(codec)[True]
    assert elf.symbols(png)[True] >= {"paint"}
    loaded = f"import ctypes; ctypes.CDLL({str(cv2)!r}, mode=2).paint; print('loaded')"
    calls = f"import ctypes; ctypes.CDLL({str(cv2)!r}).both()"
    assert subprocess.run([sys.executable, "-c", loaded], timeout=30).returncode == 0
    assert subprocess.run([sys.executable, "-c", calls], timeout=30).returncode < 0


@tools
def test_a_library_that_is_missing_stops_the_build(tmp_path):
    needed = compiled(
        tmp_path, "libneeded.so", "int f(void) { return 1; }", "-Wl,-soname,libneeded.so"
    )
    compiled(tmp_path, "libuser.so", "int f(void); int g(void) { return f(); }", str(needed))
    needed.unlink()

    with pytest.raises(Problem, match=r"libuser\.so is linked with libneeded\.so"):
        linux.finish(tmp_path)
