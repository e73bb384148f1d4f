"""Has PyInstaller make the folder, in a process of its own, and finishes what it leaves."""

import importlib.util
import json
import os
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path
from typing import Final

from bundle import linux
from bundle.contents import DAEMON, ROOT
from bundle.licences import write_licences
from bundle.manifest import write_manifest
from bundle.parts import parts
from bundle.problems import Problem

_SPEC: Final = Path(__file__).parent / "ocr-sidecar.spec"
_BUILD_S: Final = 1800.0
_TAIL_LINES: Final = 30
_BINUTILS: Final = ("objdump", "strip", "as", "ld")


def freeze(work: Path, target: str, codesign_identity: str | None = None) -> Path:
    """Build the bundle below an empty folder and return where.

    Raise `Problem` when a tool, a library or a licence is missing, or PyInstaller fails.
    """
    _check_tools()
    report = work / "report.json"
    command = [sys.executable, "-m", "PyInstaller", "--noconfirm", "--log-level", "INFO"]
    command += ["--distpath", str(work / "dist"), "--workpath", str(work / "build"), str(_SPEC)]
    command += ["--", "--report", str(report)]
    if codesign_identity is not None:
        command += ["--codesign-identity", codesign_identity]
    done = subprocess.run(
        command,
        cwd=ROOT,
        env={
            **os.environ,
            "PYTHONHASHSEED": "1",  # so that two builds of the same are the same
            "PYINSTALLER_CONFIG_DIR": str(work / "config"),
            # On Windows PyInstaller imports OpenVINO to see where it looks for libraries; so it
            # reports nothing home.
            "CI": "1",
        },
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=_BUILD_S,
        check=False,
    )
    if done.returncode != 0:
        tail = "\n".join(done.stdout.splitlines()[-_TAIL_LINES:])
        raise Problem(f"PyInstaller has failed:\n{tail}")
    bundle = work / "dist" / DAEMON
    glibc = linux.finish(bundle) if sys.platform == "linux" else None
    made_of = parts(source for _, source in json.loads(report.read_text(encoding="utf-8")))
    write_licences(bundle, made_of)
    write_manifest(bundle, target, glibc, made_of)
    return bundle


def _check_tools() -> None:
    if importlib.util.find_spec("PyInstaller") is None:
        raise Problem("PyInstaller is not installed: pip install '.[bundle]'")
    if sys.platform != "linux":
        return
    missing = [tool for tool in _BINUTILS if shutil.which(tool) is None]
    if missing:
        raise Problem(f"{', '.join(missing)} of the binutils are missing: apt install binutils")
    if not sysconfig.get_config_var("Py_ENABLE_SHARED") and not _has_shared_python():
        version = sysconfig.get_python_version()
        raise Problem(
            "this Python has no shared library to bundle: on Debian and Ubuntu "
            f"apt install libpython{version}, with pyenv PYTHON_CONFIGURE_OPTS=--enable-shared"
        )


def _has_shared_python() -> bool:
    """Debian's interpreter is linked statically, and its library is a package of its own."""
    name = str(sysconfig.get_config_var("INSTSONAME") or "")
    folders = (
        sysconfig.get_config_var("LIBDIR"),
        f"/usr/lib/{sysconfig.get_config_var('MULTIARCH')}",
    )
    return any((Path(str(folder)) / name).is_file() for folder in folders if name.startswith("lib"))
