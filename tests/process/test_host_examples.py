"""The examples for hosts, as a newcomer runs them: each in each way that it may end."""

import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from tests.host_tools import find, run
from tests.liveness import wait_until_gone
from tests.webdriver import wait_until

ROOT = Path(__file__).parent.parent.parent
EXAMPLES = ROOT / "examples"
SAMPLE = ROOT / "samples" / "scan.pdf"
WAIT_S = 60
NO_PROGRAM = "/no/such/ocr-sidecar"

pytestmark = [
    pytest.mark.hosts,
    pytest.mark.timeout(300),
    pytest.mark.skipif(sys.platform == "win32", reason="signals and bash are POSIX"),
]


@pytest.fixture(scope="module")
def built_go(tmp_path_factory):
    """The program that the example in Go is built to."""
    go = find("go")
    program = tmp_path_factory.mktemp("go") / "recognize"
    run(EXAMPLES / "go", go, "vet", "./...")
    run(EXAMPLES / "go", go, "build", "-o", str(program), ".")
    return program


@pytest.fixture(params=["go", "node", "python", "shell"])
def example(request):
    """The command of an example."""
    match request.param:
        case "go":
            return [str(request.getfixturevalue("built_go"))]
        case "node":
            return [find("node"), str(EXAMPLES / "node" / "recognize.mjs")]
        case "python":
            return [sys.executable, "-P", str(EXAMPLES / "python" / "recognize.py")]
        case "shell":
            find("jq")
            return [find("bash"), str(EXAMPLES / "shell" / "recognize.sh")]


@pytest.fixture
def env(request, daemon_env, shipped_daemon):
    """An environment in which the shipped program is found first, and reads pages as `hello`."""
    path = os.pathsep.join([str(shipped_daemon.folder), daemon_env["PATH"]])
    given = shipped_daemon.env | null_engine(text="hello") | {"PATH": path}
    if shipped_daemon.bundle and request.node.callspec.params["example"] == "python":
        # It takes the program that is installed beside its client, unless one is named.
        (given["OCR_SIDECAR"],) = shipped_daemon.command
    # Pages come one at a time, so that a job that is cancelled after one has others left.
    return daemon_env | given | {"OCR_SIDECAR_WORKERS": "1"}


def null_engine(**behaviour):
    return {"OCR_SIDECAR_NULL_ENGINE": json.dumps(behaviour)}


def read(example, env, *arguments):
    """Run an example to its end."""
    command = [*example, "--engine", "null", *arguments]
    return subprocess.run(
        command, env=env, capture_output=True, text=True, encoding="utf-8", timeout=WAIT_S
    )


def test_an_example_reads_a_document(example, env):
    done = read(example, env, str(SAMPLE))

    assert done.returncode == 0, done.stderr
    assert done.stdout == "hello\n" * 3
    assert "3 pages" in done.stderr
    assert "Processing file 1/1: scan.pdf" in done.stderr
    assert "succeeded" in done.stderr


def test_an_example_reads_what_no_line_has_room_for(example, env):
    text = " ".join(["word"] * 12_000)

    done = read(example, env | null_engine(text=text), str(SAMPLE))

    assert done.returncode == 0, done.stderr
    assert done.stdout == f"{text}\n" * 3


def test_an_example_ends_lines_at_lf_only(example, env, tmp_path):
    document = tmp_path / "one\u2028two\u0085three é🙂.pdf"
    shutil.copy(SAMPLE, document)

    done = read(example, env, str(document))

    assert done.returncode == 0, done.stderr
    assert document.name in done.stderr


def test_an_example_cancels_after_so_many_pages(example, env):
    done = read(
        example, env | null_engine(text="hello", seconds=4), "--stop-after", "1", str(SAMPLE)
    )

    assert done.returncode == 130, done.stderr
    assert done.stdout.startswith("hello\n")
    assert done.stdout.count("hello") == 1
    assert "cancelled" in done.stderr


def test_an_example_cancels_at_an_interrupt(example, env):
    command = [*example, "--engine", "null", str(SAMPLE)]
    process = subprocess.Popen(
        command,
        env=env | null_engine(seconds=60),
        stderr=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        encoding="utf-8",
        # A shell has its background jobs ignore interrupts, and so would all that they start.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    with process:
        try:
            for line in process.stderr:
                if line.startswith("started"):
                    break
            process.send_signal(signal.SIGINT)
            _, rest = process.communicate(timeout=WAIT_S)
        finally:
            process.kill()

    assert process.returncode == 130, rest
    assert "cancelled" in rest


def test_an_example_that_is_killed_leaves_nothing(example, env):
    command = [*example, "--engine", "null", str(SAMPLE)]
    process = subprocess.Popen(
        command,
        env=env | null_engine(seconds=60),
        stderr=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        text=True,
        encoding="utf-8",
    )
    with process:
        try:
            for line in process.stderr:
                if line.startswith("started"):
                    break
            host = psutil.Process(process.pid)
            # The daemon, its guard, the inspector and a worker; the latter come up by and by.
            wait_until(lambda: len(host.children(recursive=True)) >= 4, "all of them are there")
            family = host.children(recursive=True)
        finally:
            process.kill()
    wait_until_gone([each.pid for each in family])


def test_an_example_says_that_a_document_is_missing(example, env, tmp_path):
    done = read(example, env, str(tmp_path / "gone.pdf"))

    assert done.returncode == 1
    assert "There is no file of that name." in done.stderr
    assert done.stdout == ""


def test_an_example_says_that_the_daemon_is_missing(example, env):
    done = read(example, env | {"OCR_SIDECAR": NO_PROGRAM}, str(SAMPLE))

    assert done.returncode == 3
    assert NO_PROGRAM in done.stderr
    assert "Traceback" not in done.stderr


def test_an_example_says_that_the_daemon_has_ended(example, env, tmp_path):
    program = tmp_path / "dies"
    program.write_text("#!/bin/sh\nexit 70\n")
    program.chmod(0o755)

    done = read(example, env | {"OCR_SIDECAR": str(program)}, str(SAMPLE))

    assert done.returncode == 3
    assert "The daemon has ended" in done.stderr


def test_an_example_tells_its_usage(example, env):
    done = read(example, env)

    assert done.returncode == 2
    assert "FILE" in done.stderr.upper()
