"""The types for hosts in TypeScript compile, and every example of the protocol is of them.

By npm, which fetches a compiler; those in Rust are with their client, in `test_rust_client.py`.
"""

import json
import shutil
from pathlib import Path

import pytest

from tests.host_tools import FETCH_S, npm_install, run

ROOT = Path(__file__).parent.parent.parent
DOCUMENT = json.loads((ROOT / "schema" / "openrpc.json").read_text(encoding="utf-8"))

pytestmark = [pytest.mark.hosts, pytest.mark.timeout(2 * FETCH_S)]


@pytest.fixture
def clients(tmp_path):
    """A copy of the repository's clients and the document, to build in."""
    built = shutil.ignore_patterns(
        "node_modules", "dist", "build-test", "target", "Cargo.lock", "package-lock.json"
    )
    shutil.copytree(ROOT / "clients", tmp_path / "clients", ignore=built)
    shutil.copytree(ROOT / "schema", tmp_path / "schema")
    return tmp_path / "clients"


def examples_in_typescript():
    """Yield a declaration for each example; the compiler refuses members that are not typed."""
    yield 'import type { NotificationMap, RequestMap } from "./protocol.js";'
    types = []
    for method in DOCUMENT["methods"]:
        for example in method["examples"]:
            of = f'RequestMap["{method["name"]}"]'
            types += [(f'{of}["params"]', params_of(example))]
            types += [(f'{of}["result"]', example["result"]["value"])]
    for told in DOCUMENT["x-notifications"]:
        of = f'NotificationMap["{told["name"]}"]'
        types += [(of, params_of(example)) for example in told["examples"]]
    for number, (of, value) in enumerate(types):
        yield f"export const example{number}: {of} = {json.dumps(value)};"
    yield "// @ts-expect-error"
    yield 'export const wrongWord: RequestMap["shutdown"]["params"] = { mode: "later" };'
    yield "// @ts-expect-error"
    yield 'export const noSuchMember: RequestMap["job/cancel"]["params"] = { job_id: "", x: 1 };'
    yield "// @ts-expect-error"
    yield 'export const missing: RequestMap["job/cancel"]["params"] = {};'


def params_of(example):
    return {each["name"]: each["value"] for each in example["params"]}


def test_the_examples_are_of_the_types_in_typescript(clients):
    folder = clients / "typescript"
    source = "\n".join(examples_in_typescript())
    (folder / "src" / "examples.ts").write_text(source, encoding="utf-8")
    npm_install(folder)
    run(folder, "npx", "--no-install", "tsc", "--noEmit")
