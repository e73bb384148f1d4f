"""Fixtures: a daemon over real pipes, and the certainty that nothing of ours is left behind."""

import ctypes
import os
import sys
from pathlib import Path

import psutil
import pytest

from daemon import client_session
from daemon.client import Client
from tests.wire_check import CheckedTransport

PR_SET_CHILD_SUBREAPER = 36
SAMPLE = Path(__file__).parent.parent / "samples" / "scan.pdf"

LEFT_OUT = {
    # It takes more than a minute.
    "matrix_full": ("matrix", "cells of the kill matrix"),
    # They need npm, cargo and their registries, which few contributors have.
    "hosts": ("hosts", "checks of hosts in other languages"),
}
"""Tests that are left out by their marker: what to ask for to have them, and what they are."""
N_DESELECTED = pytest.StashKey[dict[str, int]]()


def pytest_collection_modifyitems(config, items):
    """Leave some tests out, unless they are asked for."""
    config.stash[N_DESELECTED] = {}
    for marker, (asked, _) in LEFT_OUT.items():
        if asked in config.option.markexpr:
            continue
        if asked == "matrix" and os.environ.get("OCR_SIDECAR_FULL_MATRIX") == "1":
            continue
        left_out = [item for item in items if item.get_closest_marker(marker)]
        items[:] = [item for item in items if not item.get_closest_marker(marker)]
        config.hook.pytest_deselected(items=left_out)
        config.stash[N_DESELECTED][marker] = len(left_out)


def pytest_terminal_summary(terminalreporter, config):
    """Say so, that nobody takes a part for the whole."""
    for marker, n_deselected in config.stash.get(N_DESELECTED, {}).items():
        asked, what = LEFT_OUT[marker]
        if n_deselected:
            line = f"{n_deselected} {what} deselected; run with -m {asked}"
            terminalreporter.write_line(line)


@pytest.fixture(scope="session", autouse=True)
def adopt_orphans():
    """Make orphans our children, where the system can, so that none is overlooked."""
    if sys.platform == "linux":
        assert ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) == 0


@pytest.fixture
def daemon_env(tmp_path):
    """An environment whose folders are the test's own."""
    return {
        **os.environ,
        "OCR_SIDECAR_LOG_DIR": str(tmp_path / "log"),
        "OCR_SIDECAR_SCRATCH_DIR": str(tmp_path / "scratch"),
    }


@pytest.fixture
def spawn_daemon(daemon_env, tmp_path, monkeypatch):
    """Start daemons: `spawn_daemon("--workers", "1", env={...})`; all must be gone afterwards.

    `under` is a command that starts the daemon in its turn. Every line of theirs is held to the
    schema.
    """
    clients = []
    monkeypatch.setattr(client_session, "Transport", CheckedTransport)

    def spawn(*options, env=None, under=(), **kwargs):
        command = [*under, sys.executable, "-P", "-m", "daemon", *options]
        client = Client(command, env={**daemon_env, **(env or {})}, cwd=str(tmp_path), **kwargs)
        clients.append(client)
        return client

    yield spawn
    for client in clients:
        client.close()
    _assert_nothing_is_left()
    scratch = tmp_path / "scratch"
    assert not scratch.exists() or not list(scratch.iterdir()), "scratch files were left"


def _assert_nothing_is_left():
    """Nothing that the tests have started is alive, orphans included."""
    left = psutil.Process().children(recursive=True)
    _, alive = psutil.wait_procs(left, timeout=5)
    for process in alive:
        process.kill()
    assert not alive, f"left behind: {alive}"
