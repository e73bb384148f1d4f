"""The clients for hosts pass their own tests, against the daemon that hosts ship.

They are built in a copy, so that nothing of npm is ever left in the tree.
"""

import json
import re
import shutil
from pathlib import Path

import pytest

from tests.host_tools import FETCH_S, npm_install, run

ROOT = Path(__file__).parent.parent.parent

pytestmark = [pytest.mark.hosts, pytest.mark.timeout(2 * FETCH_S)]


@pytest.fixture(scope="module")
def node_client(tmp_path_factory):
    """A copy of the client for Node with what it is built with."""
    root = tmp_path_factory.mktemp("hosts")
    folder = root / "clients" / "typescript"
    built = shutil.ignore_patterns("node_modules", "dist", "build-test")
    shutil.copytree(ROOT / "clients" / "typescript", folder, ignore=built)
    shutil.copytree(ROOT / "samples", root / "samples")
    npm_install(folder)
    return folder


def test_the_client_for_node_passes_its_tests(node_client, daemon_env, shipped_daemon):
    command = json.dumps(shipped_daemon.command)
    env = {**daemon_env, **shipped_daemon.env, "OCR_SIDECAR_COMMAND": command}

    told = run(node_client, "npm", "test", env=env)

    assert "# fail 0" in told
    assert "# cancelled 0" in told


def test_what_the_guides_show_of_the_client_compiles(node_client):
    run(node_client, "npm", "run", "build")
    guides = node_client / "guides"
    guides.mkdir()
    electron = blocks(ROOT / "docs" / "electron.md")
    assert [block.split("\n")[0] for block in electron] == ["// main.ts", "// preload.ts"]
    readme = blocks(ROOT / "clients" / "typescript" / "README.md")
    for number, block in enumerate([*electron, readme[0]]):
        (guides / f"block{number}.ts").write_text(block, encoding="utf-8")
    shutil.copy(ROOT / "tests" / "hosts" / "electron.d.ts", guides)
    options = {"noEmit": True, "rootDir": "..", "noUnusedLocals": False}
    config = {"extends": "../tsconfig.json", "compilerOptions": options, "include": ["."]}
    (guides / "tsconfig.json").write_text(json.dumps(config), encoding="utf-8")

    run(node_client, "npx", "--no-install", "tsc", "-p", "guides")


def blocks(page):
    return re.findall(r"```ts\n(.*?)```", page.read_text(encoding="utf-8"), re.DOTALL)
