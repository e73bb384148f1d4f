"""What the tests with the marker `hosts` share: other languages' tools, and where they build.

They build copies, in a cache outside the tree that is reused between runs: compiling what the
clients and examples depend on takes minutes, compiling them takes seconds.
"""

import contextlib
import os
import shutil
import subprocess
import time
from pathlib import Path

import pytest

from bundle.build import cache_folder

ROOT = Path(__file__).parent.parent
FETCH_S = 300
"""For a tool that may have to fetch what it builds with."""
LOCK_S = 600
BUILT = {"node_modules", "target", "dist", "gen", "Cargo.lock", "package-lock.json"}
"""What builds leave in a tree; a lock is copied where git knows it, see `mirror`."""


def find(tool):
    """Return the path of a tool; skip where it is missing, unless the gate insists on it."""
    path = shutil.which(tool)
    if path is None and os.environ.get("OCR_SIDECAR_REQUIRE_HOST_TOOLS") == "1":
        pytest.fail(f"{tool} is not on the PATH, and the gate needs it")
    if path is None:
        pytest.skip(f"{tool} is not on the PATH")
    return path


def run(folder, tool, *arguments, timeout_s=FETCH_S, env=None):
    """Run a tool to its end, and return what it has printed; fail with that unless it succeeds."""
    done = subprocess.run(
        [find(tool), *arguments],
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        encoding="utf-8",
        timeout=timeout_s,
        env={**os.environ, **(env or {})},
    )
    assert done.returncode == 0, done.stdout
    return done.stdout


def npm_install(folder):
    """Fetch what a package is built with; npm keeps it in its cache for the next time."""
    run(
        folder, "npm", "install", "--no-audit", "--no-fund", "--no-package-lock", "--prefer-offline"
    )


@contextlib.contextmanager
def building(name, *folders, kept=()):
    """Yield a folder that holds copies of the repository's folders, and an environment to build in.

    One run at a time has it. `kept` are locks that belong to the source.
    """
    place = cache_folder() / name
    place.mkdir(parents=True, exist_ok=True)
    with _locked(place / "lock"):
        source = place / "source"
        for folder in folders:
            _mirror(ROOT / folder, source / folder, kept)
        yield source, {"CARGO_TARGET_DIR": str(place / "target")}


@contextlib.contextmanager
def _locked(path):
    with path.open("wb") as file:
        try:
            import fcntl
        except ImportError:  # Windows, where nobody runs two of these at once yet
            yield
            return
        ends_at = time.monotonic() + LOCK_S
        while True:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                assert time.monotonic() < ends_at, f"another run holds {path}"
                time.sleep(0.5)
        yield


def _mirror(source, target, kept):
    """Make the target's files those of the source, but for what builds have left in both.

    Only what differs is written: cargo builds anew what is newer than its last build, and nothing
    else, so a file that is older but different would be overlooked if it kept its time.
    """
    target.mkdir(parents=True, exist_ok=True)
    wanted = {each.name for each in source.iterdir() if each.name not in BUILT or each.name in kept}
    for each in target.iterdir():
        if each.name not in wanted and each.name not in BUILT:
            shutil.rmtree(each) if each.is_dir() else each.unlink()
    for name in wanted:
        here, there = source / name, target / name
        if here.is_dir():
            _mirror(here, there, kept)
        elif not there.exists() or there.read_bytes() != here.read_bytes():
            shutil.copyfile(here, there)
