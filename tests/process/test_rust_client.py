"""The client in Rust: its types, its tests against the daemon that hosts ship, its lints.

By cargo, which fetches serde. The tests themselves are in `clients/rust/tests`.
"""

import json
import re

import pytest

from tests.host_tools import ROOT, building, run

BUILD_S = 600
CRATE = "clients/rust"

pytestmark = [pytest.mark.hosts, pytest.mark.timeout(2 * BUILD_S)]


@pytest.fixture(scope="module")
def crate():
    """A copy of the crate with what its tests read, and the environment to build it in."""
    with building("rust-client", CRATE, "schema", "samples") as (source, env):
        yield source / CRATE, env


def test_the_client_in_rust_passes_its_tests_against_the_real_daemon(
    crate, daemon_env, shipped_daemon
):
    folder, env = crate
    command = json.dumps(shipped_daemon.command)
    env = {**daemon_env, **shipped_daemon.env, **env, "OCR_SIDECAR_COMMAND": command}
    # Each test has a daemon of its own, with two workers.
    said = run(folder, "cargo", "test", "--", "--test-threads=2", timeout_s=BUILD_S, env=env)
    for name in ("daemon", "examples", "fake", "kills"):
        assert f"Running tests/{name}.rs" in said, said
    print("\n".join(re.findall("^test .*", said, re.MULTILINE)))


def test_the_client_in_rust_is_formatted_and_has_no_lints(crate):
    folder, env = crate
    run(folder, "cargo", "fmt", "--check", timeout_s=BUILD_S, env=env)
    strict = ("--all-targets", "--", "-D", "warnings")
    run(folder, "cargo", "clippy", *strict, timeout_s=BUILD_S, env=env)


def test_the_readmes_example_is_the_one_that_is_built():
    readme = (ROOT / CRATE / "README.md").read_text(encoding="utf-8")
    example = (ROOT / CRATE / "examples" / "recognize.rs").read_text(encoding="utf-8")
    assert f"```rust\n{example}```" in readme
