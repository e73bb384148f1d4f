"""The example app, driven as a person would: its window under Xvfb, by WebKitGTK's own driver.

It is built with the real engine behind it, from locks, in a cache that is reused: once as it is
developed, where the daemon is whichever hosts ship, and once packaged, with the bundle inside. Each
step leaves a screenshot, in the folder that is printed.
"""

import json
import os
import re
import shutil
import signal
import sys
from pathlib import Path

import pytest
from PIL import Image

from bundle.build import cache_folder
from tests.host_tools import ROOT, building, find, run
from tests.scans import scan_pdf, text_image
from tests.tauri_app import App
from tests.webdriver import display, wait_until

APP = Path("examples/tauri-app")
LOCKS = {"package-lock.json", "Cargo.lock"}
BUILD_S = 1800
TAURI_BUILD = ("--no-install", "tauri", "build", "--debug")
AS_IN_PRODUCTION = "profile.dev.package.ocr-app.debug-assertions=false"
"""By debug assertions the app tells where it is being developed. What it depends on stays as the
other tests have it built: a release build compiles 400 crates anew, with optimization."""

pytestmark = [
    pytest.mark.hosts,
    pytest.mark.timeout(2 * BUILD_S),
    pytest.mark.skipif(sys.platform != "linux", reason="Xvfb and WebKitGTK are Linux's"),
]


@pytest.fixture(scope="module")
def workshop():
    """Where the app is built and what for: its folder, and an environment to build in."""
    for tool in ("npm", "cargo", "Xvfb", "WebKitWebDriver"):
        find(tool)
    if run(ROOT, "pkg-config", "--list-all", timeout_s=60).find("webkit2gtk-4.1") < 0:
        missing = "libwebkit2gtk-4.1-dev is not installed"
        insists = os.environ.get("OCR_SIDECAR_REQUIRE_HOST_TOOLS") == "1"
        pytest.fail(missing) if insists else pytest.skip(missing)
    parts = (APP, "clients/rust", "clients/typescript")
    with building("tauri-app", *parts, kept=LOCKS) as (source, env):
        env = {**env, "CARGO_PROFILE_DEV_DEBUG": "0"}
        run(source / APP, "npm", "ci", "--no-audit", "--no-fund", timeout_s=BUILD_S, env=env)
        yield source / APP, env


@pytest.fixture(scope="module")
def built(workshop, tmp_path_factory):
    """The program as it is developed, whose front end was checked and whose host has no lints."""
    folder, env = workshop
    host = folder / "src-tauri"
    run(folder, "npm", "run", "check", timeout_s=BUILD_S, env=env)
    build = (*TAURI_BUILD, "--no-bundle", "--", "--locked")
    run(folder, "npx", *build, timeout_s=BUILD_S, env=env)
    run(host, "cargo", "fmt", "--check", timeout_s=BUILD_S, env=env)
    # A copy, for the packaged one is built to the same place.
    program = tmp_path_factory.mktemp("developed") / "ocr-app"
    shutil.copy(Path(env["CARGO_TARGET_DIR"]) / "debug" / "ocr-app", program)
    return program


@pytest.fixture(scope="module")
def packaged(workshop, shipped_daemon, tmp_path_factory):
    """The program of the package for Debian, unpacked as dpkg unpacks it, but elsewhere."""
    if shipped_daemon.bundle is None:
        pytest.skip(f"there is nothing to package: {shipped_daemon.told}")
    find("dpkg-deb")
    folder, env = workshop
    config = folder / "src-tauri" / "tauri.release.conf.json"
    (named,) = json.loads(config.read_text(encoding="utf-8"))["bundle"]["resources"]
    resource = folder / "src-tauri" / named
    resource.parent.mkdir(exist_ok=True)
    resource.unlink(missing_ok=True)
    resource.symlink_to(shipped_daemon.bundle)
    made = Path(env["CARGO_TARGET_DIR"]) / "debug" / "bundle"
    root = tmp_path_factory.mktemp("packaged app")
    try:
        build = (*TAURI_BUILD, "--bundles", "deb", "--config", str(config))
        build = (*build, "--", "--locked", "--config", AS_IN_PRODUCTION)
        run(folder, "npx", *build, timeout_s=BUILD_S, env=env)
        (package,) = (made / "deb").glob("*.deb")
        run(root, "dpkg-deb", "-x", str(package), str(root))
        yield root / "usr" / "bin" / "ocr-app"
    finally:
        # Each of these is a copy of the bundle, or several.
        for copy in (made, made.parent / "ocr-sidecar", root):
            shutil.rmtree(copy, ignore_errors=True)


@pytest.fixture(scope="module")
def screen():
    """The environment of one display for all windows."""
    with display() as env:
        yield env


@pytest.fixture(scope="module")
def screenshots(workshop):
    """The folder of the pictures; not one of pytest's, which later runs would remove."""
    folder = Path(os.environ.get("OCR_SIDECAR_SCREENSHOTS") or cache_folder() / "screenshots")
    folder.mkdir(parents=True, exist_ok=True)
    print(f"\nscreenshots: {folder}")
    return folder


@pytest.fixture
def command(shipped_daemon):
    """What the app is told to start while it is developed."""
    return [*shipped_daemon.command, "--workers", "1"]


@pytest.fixture
def open_app(built, command, shipped_daemon, screen, screenshots, daemon_env, tmp_path):
    """Start apps: `open_app("scan.pdf")`; none of their processes may be left."""
    apps = []
    base = {
        **daemon_env,
        **shipped_daemon.env,
        **screen,
        "HOME": str(tmp_path),
        "OCR_SIDECAR_COMMAND": json.dumps(command),
        # What lets a driver into a window of Tauri's.
        "TAURI_AUTOMATION": "true",
        "TAURI_WEBVIEW_AUTOMATION": "true",
    }

    def start(*files, program=built, **env):
        mark = f"{tmp_path.name}-{len(apps)}"
        app = App(program, files, {**base, **env}, mark, screenshots)
        apps.append(app)
        return app

    yield start
    for app in apps:
        app.window.leave()
        for pid in app.processes():
            os.kill(pid, signal.SIGKILL)


@pytest.fixture
def scan(tmp_path):
    """A copy of the sample, of three pages."""
    path = tmp_path / "scan.pdf"
    path.write_bytes((ROOT / "samples" / "scan.pdf").read_bytes())
    return path


@pytest.fixture
def long_scan(tmp_path):
    """A scan that takes long: many pages of one picture."""
    lines = [f"Line {number} of a long and patient document" for number in range(12)]
    image = text_image(lines, size=(1000, 1400)).convert("L")
    return scan_pdf(tmp_path / "long.pdf", [image] * 60, dpi=120)


HEAR = """
    window.heard = {};
    const { invoke, transformCallback } = window.__TAURI_INTERNALS__;
    for (const event of arguments[0]) {
        const hear = ({ payload }) => (window.heard[event] ??= []).push(payload);
        const handler = transformCallback(hear);
        invoke("plugin:event|listen", { event, target: { kind: "Any" }, handler });
    }
"""
BRIDGE_EVENTS = {
    "python_progress": {"current", "total", "percent", "message"},
    "python_result": {
        "successful",
        "failed",
        "total_files",
        "total_pages_processed",
        "duration_seconds",
    },
    "python_error": {"message"},
}
"""What listeners that were written for a hand-written bridge find in `event.payload.data`."""


def test_a_person_reads_a_scan_asks_about_another_cancels_a_batch_and_closes(
    open_app, scan, long_scan
):
    app = open_app()
    window = app.window
    wait_until(lambda: window.count("#choose"), "the window is there")
    app.choose(scan)
    app.wait_for("scan.pdf", "ready")
    assert "0 of 3 pages" in window.text("[data-file='scan.pdf'] .count")
    wait_until(lambda: window.count("figure img"), "the page is shown")
    app.shoot("1-added")
    window.run(HEAR, list(BRIDGE_EVENTS))

    app.start("scan.pdf")
    message = wait_until(lambda: window.text(".job .message"), "progress is told")
    assert message.startswith("Processing file 1/1: scan.pdf"), message
    app.shoot("2-reading")
    window.type("#path", str(long_scan))
    wait_until(
        lambda: "0 of 60 pages" in window.text("[data-file='long.pdf'] .count"),
        "the pages of another file are counted",
    )
    wait_until(lambda: "What Paper Remembers" in window.text("#text"), "the text appears")
    app.wait_for("scan.pdf", "done")
    assert app.n_read("scan.pdf") == 3
    assert window.count("svg rect") > 100
    app.shoot("3-done")

    app.start("long.pdf")
    app.shoot("4-second-batch")
    window.click(".cancel")
    app.wait_for("long.pdf", "cancelled")
    assert "Processing cancelled by user" in window.text("#notice")
    assert app.state("scan.pdf") == "done"
    app.shoot("5-cancelled")

    heard = window.run("return window.heard")
    for event, members in BRIDGE_EVENTS.items():
        assert all(set(payload["data"]) == members for payload in heard[event]), heard[event]
    of_first = [told["data"] for told in heard["python_progress"] if told["data"]["total"] == 3]
    moved = [told["current"] for told in of_first]
    assert moved == sorted(moved)
    assert len(set(moved)) > 1, moved
    assert [told["data"]["total_pages_processed"] for told in heard["python_result"]] == [3]
    window.close()
    app.assert_nothing_is_left()


def test_a_file_that_cannot_be_read_is_told_with_what_is_wrong(open_app, tmp_path):
    broken = tmp_path / "broken.pdf"
    broken.write_bytes(b"%PDF-1.7\nnothing")
    app = open_app(broken)
    app.wait_for("broken.pdf", "failed")
    assert len(app.window.text("[data-file='broken.pdf'] .count")) > 20
    app.shoot("6-broken")
    app.window.close()
    app.assert_nothing_is_left()


def test_an_app_that_is_killed_leaves_nothing_behind(open_app, long_scan):
    app = open_app(long_scan)
    app.start("long.pdf")
    app.shoot("10-before-the-app-is-killed")
    os.kill(app.app_pid(), signal.SIGKILL)
    app.assert_nothing_is_left()


def test_a_daemon_that_is_killed_is_told_and_started_again_and_its_files_are_read(
    open_app, command, scan
):
    app = open_app(scan)
    app.start("scan.pdf")
    killed = app.pid(*command)
    os.kill(killed, signal.SIGKILL)
    wait_until(lambda: "died (signal 9)" in app.window.text(".bad"), "the death is told")
    app.shoot("7-daemon-died")
    app.wait_for("scan.pdf", "done")
    assert app.n_read("scan.pdf") == 3
    assert app.pid(*command) != killed
    app.shoot("8-recovered")
    app.window.close()
    app.assert_nothing_is_left()


def test_a_window_that_is_reloaded_in_mid_batch_loses_nothing(open_app, scan):
    app = open_app(scan)
    app.start("scan.pdf")
    app.window.reload()
    app.shoot("9-reloaded")
    app.wait_for("scan.pdf", "done")
    assert app.n_read("scan.pdf") == 3
    assert "What Paper Remembers" in app.window.text("#text")
    app.window.reload()
    wait_until(lambda: app.n_read("scan.pdf") == 3, "all pages are there again")
    assert app.state("scan.pdf") == "done"
    app.window.close()
    app.assert_nothing_is_left()


def test_a_window_that_is_closed_in_mid_batch_leaves_nothing_behind(open_app, long_scan):
    app = open_app(long_scan)
    app.start("long.pdf")
    app.shoot("11-before-the-window-is-closed")
    app.window.close()
    app.assert_nothing_is_left()


def test_the_packaged_app_reads_a_scan_with_the_sidecar_among_its_resources(
    open_app, packaged, scan
):
    resources = packaged.parents[1] / "lib" / "ocr-app" / "ocr-sidecar"
    # It is not to be led elsewhere by its environment, as one that is developed is.
    misled = {"OCR_SIDECAR_COMMAND": "/no/such/ocr-sidecar", "OCR_SIDECAR_WORKERS": "1"}
    app = open_app(scan, program=packaged, **misled)
    app.start("scan.pdf")
    running = [Path(line[0]) for line in app.processes().values() if line]
    sidecar = {path for path in running if path.name.startswith("ocr-sidecar")}
    app.wait_for("scan.pdf", "done")
    assert sidecar == {resources / "ocr-sidecar", resources / "ocr-sidecar-worker"}
    assert app.n_read("scan.pdf") == 3
    assert "What Paper Remembers" in app.window.text("#text")
    app.shoot("12-packaged")
    app.window.close()
    app.assert_nothing_is_left()


def test_the_locks_name_no_registry_but_the_public_ones():
    npm = json.loads((ROOT / APP / "package-lock.json").read_text(encoding="utf-8"))
    assert not [each for each in npm["packages"].values() if "resolved" in each]
    cargo = (ROOT / APP / "src-tauri" / "Cargo.lock").read_text(encoding="utf-8")
    sources = set(re.findall('^source = "(.*)"', cargo, re.MULTILINE))
    assert sources == {"registry+https://github.com/rust-lang/crates.io-index"}


def test_the_readmes_picture_is_small_enough_to_load_at_once():
    path = ROOT / "docs" / "images" / "tauri-app.png"
    assert path.stat().st_size < 300_000
    with Image.open(path) as image:
        assert image.width >= 800
