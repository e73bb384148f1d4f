"""Fixtures: a daemon over real pipes, and the certainty that nothing of ours is left behind."""

import ctypes
import os
import sys
from pathlib import Path

import psutil
import pytest
from hypothesis import settings

from daemon import client_session
from daemon.client import Client
from tests import shipped_daemon as shipped
from tests.wire_check import CheckedTransport

PR_SET_CHILD_SUBREAPER = 36
SAMPLE = Path(__file__).parent.parent / "samples" / "scan.pdf"

LEFT_OUT = {
    # It takes more than a minute.
    "matrix_full": ("matrix", "cells of the kill matrix"),
    # They need npm, cargo, go and their registries, which few contributors have.
    "hosts": ("hosts", "tests of what is there for hosts"),
    # They need PyInstaller, a third of a gigabyte, and a minute where nothing is cached.
    "bundle": ("bundle", "tests of the bundle"),
}
"""Tests that are left out by their marker: what to ask for to have them, and what they are."""
N_DESELECTED = pytest.StashKey[dict[str, int]]()
SHIPPED = pytest.StashKey[str]()
"""What is said of the hosts' daemon, in a run that starts it."""

# By default every run tries the same examples, so that no change fails by another's bad luck;
# `--hypothesis-profile=long` looks for new ones. No deadline: the machine may be busy.
settings.register_profile("bounded", max_examples=100, derandomize=True, deadline=None)
settings.register_profile("long", max_examples=5_000, deadline=None)
settings.load_profile("bounded")


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


def pytest_collection_finish(session):
    """Choose the daemon of the hosts, in a run that has tests of them."""
    if any("shipped_daemon" in getattr(item, "fixturenames", ()) for item in session.items):
        session.config.stash[SHIPPED] = shipped.choose().told


def pytest_report_collectionfinish(config):
    """Say which it is before the tests begin."""
    return config.stash.get(SHIPPED, [])


def pytest_terminal_summary(terminalreporter, config):
    """Say so, that nobody takes a part for the whole, or one daemon for another."""
    if SHIPPED in config.stash:
        terminalreporter.write_line(config.stash[SHIPPED])
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


@pytest.fixture(scope="session", autouse=True)
def keep_models_for_the_session(tmp_path_factory):
    """Have all workers of a run share compiled models, and leave the user's own alone."""
    os.environ["OCR_SIDECAR_MODEL_CACHE_DIR"] = str(tmp_path_factory.mktemp("models"))


@pytest.fixture
def daemon_env(tmp_path):
    """An environment whose folders are the test's own."""
    return {
        **os.environ,
        "OCR_SIDECAR_LOG_DIR": str(tmp_path / "log"),
        "OCR_SIDECAR_SCRATCH_DIR": str(tmp_path / "scratch"),
    }


@pytest.fixture(scope="session")
def daemon_command():
    """What starts a daemon of this source in any folder, and its environment."""
    env = {**os.environ, "PYTHONPATH": str(Path(__file__).parent.parent)}
    return [sys.executable, "-P", "-m", "daemon"], env


@pytest.fixture
def daemon_program():
    """What starts the daemon under test."""
    return [sys.executable, "-P", "-m", "daemon"]


@pytest.fixture(scope="session")
def shipped_daemon():
    """The daemon that hosts start, the bundle's where there is a good one; the gate insists."""
    chosen = shipped.choose()
    if chosen.bundle is None and os.environ.get("OCR_SIDECAR_REQUIRE_HOST_TOOLS") == "1":
        pytest.fail(f"{chosen.told}, and the gate needs the bundle")
    return chosen


@pytest.fixture
def spawn_daemon(daemon_program, daemon_env, tmp_path, monkeypatch):
    """Start daemons: `spawn_daemon("--workers", "1", env={...})`; all must be gone afterwards.

    `under` is a command that starts the daemon in its turn. Every line of theirs is held to the
    schema.
    """
    clients = []
    monkeypatch.setattr(client_session, "Transport", CheckedTransport)

    def spawn(*options, env=None, under=(), **kwargs):
        command = [*under, *daemon_program, *options]
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
