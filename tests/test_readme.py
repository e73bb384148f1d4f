"""The README's examples run as they stand."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")


def block(language, containing):
    blocks = re.findall(rf"```{language}\n(.*?)```", README, re.DOTALL)
    (found,) = [text for text in blocks if containing in text]
    return found


def run(command, env, **kwargs):
    return subprocess.run(
        command, capture_output=True, text=True, encoding="utf-8", env=env, timeout=50, **kwargs
    )


@pytest.fixture
def env(daemon_env):
    """An environment in which the installed command is found first."""
    scripts = str(Path(sys.executable).parent)
    return {**daemon_env, "PATH": os.pathsep.join([scripts, daemon_env["PATH"]])}


def test_the_gate_runs_the_readmes_test_command():
    gate = (ROOT / ".ci" / "run").read_text(encoding="utf-8")

    assert "readme_command '-m pytest'" in gate
    assert len([line for line in README.splitlines() if "-m pytest" in line]) == 1
    assert len([line for line in README.splitlines() if "recognize samples/scan.pdf" in line]) == 1


def test_the_shells_example_prints_one_line(env):
    done = run(block("sh", "ping"), env, shell=True)

    assert done.stdout == '{"jsonrpc":"2.0","result":{},"id":1}\n'


def test_pythons_example_prints_the_sample(env):
    done = run([sys.executable, "-c", block("python", "Client")], env, cwd=ROOT)

    assert "Bound ledgers" in done.stdout, done.stderr


@pytest.mark.skipif(shutil.which("node") is None, reason="Node is not installed")
def test_nodes_example_prints_the_sample_and_fails_for_a_missing_file(env, tmp_path):
    script = tmp_path / "ocr.mjs"
    script.write_text(block("js", "spawn"), encoding="utf-8")
    read = run(["node", str(script), "samples/scan.pdf"], env, cwd=ROOT)
    missing = run(["node", str(script), "gone.pdf"], env, cwd=ROOT)

    assert "Bound ledgers" in read.stdout, read.stderr
    # Of pages that end within a tenth of a second of each other, one is told.
    assert re.search(r"page [123]/3", read.stderr)
    assert (read.returncode, missing.returncode) == (0, 1)
    assert missing.stderr == "There is no file of that name.\n"
