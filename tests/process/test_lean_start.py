"""A daemon starts without what its libraries import and it never uses."""

import subprocess
import sys

import pytest

NEVER_USED = {"asyncio", "ssl", "jsonschema", "attr", "referencing", "http.server", "email.utils"}
"""What jsonrpcserver and loguru bring, the heaviest of it."""
NEVER_USED |= {"daemon.bridge", "daemon.windows_job", "ocr_worker.outputs.writing"}
"""And of ours what is for other hosts, other systems and workers."""


def run(program: str) -> str:
    done = subprocess.run(
        [sys.executable, "-P", "-W", "ignore", "-c", program],
        capture_output=True,
        text=True,
        timeout=30,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_a_daemon_answers_without_having_loaded_what_it_never_uses(tmp_path):
    command = [sys.executable, "-P", "-X", "importtime", "-m", "daemon"]
    done = subprocess.run(
        [*command, "--log-dir", tmp_path, "--scratch-dir", tmp_path],
        input='{"jsonrpc": "2.0", "id": 1, "method": "initialize"}\n',
        capture_output=True,
        text=True,
        timeout=30,
    )
    assert '"result"' in done.stdout
    loaded = {line.rpartition("|")[2].strip() for line in done.stderr.splitlines()}
    assert "jsonrpcserver.main" in loaded
    assert loaded & NEVER_USED == set()


def test_what_was_stood_in_for_is_there_for_whoever_wants_it():
    program = """
import os, sys
before = dict(os.environ)
from daemon.lean_imports import import_lean
import_lean()
assert os.environ == before
import asyncio, http.server, jsonschema.validators
async def answer(): return jsonschema.validators.validator_for({}).__module__
print(asyncio.run(answer()), http.server.HTTPServer.__name__)"""
    assert run(program) == "jsonschema.validators HTTPServer"


@pytest.mark.parametrize("asked", ["jsonschema.validators", "http.server", "asyncio"])
def test_a_library_that_asks_a_stand_in_for_more_gets_the_real_module(asked):
    program = f"""
import sys
from daemon import lean_imports
lean_imports._STAND_INS = {{**lean_imports._STAND_INS, {asked!r}: {{}}}}
lean_imports.import_lean()
import daemon.dispatch
print({asked!r} in sys.modules)"""
    assert run(program) == "True"


def test_a_worker_has_what_reads_pdfs_once_it_was_idle_and_what_writes_when_asked():
    program = """
import sys
from ocr_worker import serve, wire
from ocr_worker.control import Control
from ocr_worker.outputs import writing
def there():
    names = ("documents.pdf", "outputs.hocr", "outputs.alto", "outputs.markdown")
    return [name for name in names if f"ocr_worker.{name}" in sys.modules]
serve.PAUSE_S = serve.IDLE_S = 0.01
server = serve.Server(Control(-1, -1))
began = there()
get = server.control.tasks.get
class Tasks:
    def get(self, timeout=None):
        return get(timeout=timeout) if timeout else wire.ListEngines(task=1)
server.control.tasks = Tasks()
server._next_task()
print(began, there())"""
    assert run(program) == "[] ['documents.pdf']"
