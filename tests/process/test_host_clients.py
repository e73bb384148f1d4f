"""The clients for hosts pass their own tests, against this daemon.

They are built in a copy, so that nothing of npm is ever left in the tree.
"""

import json
import shutil
import sys
from pathlib import Path

import pytest

from tests.host_tools import FETCH_S, npm_install, run

ROOT = Path(__file__).parent.parent.parent

pytestmark = [pytest.mark.hosts, pytest.mark.timeout(2 * FETCH_S)]


def test_the_client_for_node_passes_its_tests(tmp_path, daemon_env):
    folder = tmp_path / "clients" / "typescript"
    built = shutil.ignore_patterns("node_modules", "dist", "build-test")
    shutil.copytree(ROOT / "clients" / "typescript", folder, ignore=built)
    shutil.copytree(ROOT / "samples", tmp_path / "samples")
    npm_install(folder)
    command = json.dumps([sys.executable, "-P", "-m", "daemon"])

    told = run(folder, "npm", "test", env={**daemon_env, "OCR_SIDECAR_COMMAND": command})

    assert "# fail 0" in told
    assert "# cancelled 0" in told
    run(folder, "npm", "run", "build")
    assert (folder / "dist" / "index.d.ts").exists()
