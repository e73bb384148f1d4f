"""The bundle as a user has it: elsewhere, read-only, another's, and with an empty environment."""

import os
import shutil
import stat
import sys
import tempfile
from pathlib import Path

import pytest

SUFFIX = ".exe" if sys.platform == "win32" else ""
NOBODY = "65534"
WRITABLE = stat.S_IWUSR | stat.S_IWGRP | stat.S_IWOTH


@pytest.fixture(scope="session")
def bundle():
    """The folder as it was built, from the cache or anew."""
    from bundle.build import cached

    return cached()


@pytest.fixture(scope="session")
def elsewhere(bundle):
    """A folder that anybody may enter, with a read-only copy of the bundle under `app`."""
    with tempfile.TemporaryDirectory(prefix="ocr-sidecar-") as base:
        os.chmod(base, 0o755)
        folder = Path(base) / "Überall & irgendwo, 文書"
        folder.mkdir()
        shutil.copytree(bundle, folder / "app", symlinks=True)
        for path in (folder / "app", *(folder / "app").rglob("*")):
            if not path.is_symlink():
                path.chmod(path.stat().st_mode & ~WRITABLE)
        yield folder


@pytest.fixture(scope="session")
def as_another():
    """What runs a command as somebody to whom nothing belongs, where we may."""
    setpriv = shutil.which("setpriv")
    if sys.platform != "linux" or os.geteuid() != 0 or setpriv is None:
        return []
    return [setpriv, f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups"]


@pytest.fixture
def workplace(elsewhere):
    """A folder in which whoever runs the bundle may write."""
    folder = elsewhere / "work"
    folder.mkdir()
    folder.chmod(0o777)
    yield folder
    shutil.rmtree(folder)


@pytest.fixture
def tmp_path(workplace):
    """Where daemons are started: pytest's own folder lets nobody else in."""
    return workplace


@pytest.fixture
def program(elsewhere):
    """The path of one of the executables."""
    return lambda name: str(elsewhere / "app" / f"{name}{SUFFIX}")


@pytest.fixture
def daemon_program(program, as_another, workplace):
    folders = ["--log-dir", str(workplace / "log"), "--scratch-dir", str(workplace / "scratch")]
    folders += ["--model-cache-dir", str(workplace / "models")]
    return [*as_another, program("ocr-sidecar"), *folders]


@pytest.fixture
def daemon_env():
    """Empty: no PATH, no HOME. Windows starts nothing without its own folder."""
    return {"SYSTEMROOT": os.environ["SYSTEMROOT"]} if sys.platform == "win32" else {}
