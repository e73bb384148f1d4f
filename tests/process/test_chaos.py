"""A short run of the chaos benchmark with a fixed seed; the long ones are run by hand."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent


@pytest.mark.guarantee("G-1")
@pytest.mark.guarantee("G-2")
@pytest.mark.skipif(sys.platform == "win32", reason="its faults are POSIX signals")
def test_random_faults_lose_and_double_nothing():
    options = ["--faults", "20", "--pages", "300", "--seed", "7", "--silence-s", "0.5"]
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.chaos", *options],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=55,
    )

    assert done.returncode == 0, done.stdout + done.stderr
