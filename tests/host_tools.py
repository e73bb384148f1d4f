"""The tools that hosts in other languages are built with, where they are installed."""

import os
import shutil
import subprocess

import pytest

FETCH_S = 300
"""For a tool that may have to fetch what it builds with."""


def find(tool):
    """Return the path of a tool; skip where it is missing, unless the gate insists on it."""
    path = shutil.which(tool)
    if path is None and os.environ.get("OCR_SIDECAR_REQUIRE_HOST_TOOLS") == "1":
        pytest.fail(f"{tool} is not on the PATH, and the gate needs it")
    if path is None:
        pytest.skip(f"{tool} is not on the PATH")
    return path


def run(folder, tool, *arguments, env=None):
    """Run a tool in a folder; it must succeed."""
    done = subprocess.run(
        [find(tool), *arguments],
        cwd=folder,
        env=env,
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=FETCH_S,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def npm_install(folder):
    """Fetch what a package is built with; npm keeps it in its cache for the next time."""
    run(
        folder, "npm", "install", "--no-audit", "--no-fund", "--no-package-lock", "--prefer-offline"
    )
