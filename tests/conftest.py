"""Fixtures: a daemon over real pipes, and the certainty that nothing of ours is left behind."""

import os
import sys
from pathlib import Path

import psutil
import pytest

from daemon.client import Client

SAMPLE = Path(__file__).parent.parent / "samples" / "scan.pdf"


@pytest.fixture
def daemon_env(tmp_path):
    """An environment whose folders are the test's own."""
    return {
        **os.environ,
        "OCR_SIDECAR_LOG_DIR": str(tmp_path / "log"),
        "OCR_SIDECAR_SCRATCH_DIR": str(tmp_path / "scratch"),
    }


@pytest.fixture
def spawn_daemon(daemon_env, tmp_path):
    """Start daemons: `spawn_daemon("--workers", "1", env={...})`; all must be gone afterwards."""
    clients = []

    def spawn(*options, env=None, **kwargs):
        command = [sys.executable, "-P", "-m", "daemon", *options]
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
    """No child of the tests is alive, and no worker anywhere has us as its ancestor's orphan."""
    left = psutil.Process().children(recursive=True)
    _, alive = psutil.wait_procs(left, timeout=5)
    for process in alive:
        process.kill()
    assert not alive, f"left behind: {alive}"
