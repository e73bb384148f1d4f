"""The kit for host authors: our daemon passes it, wrong ones do not, and it stands on its own."""

import ast
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.conformance.__main__ import FOLDER
from tests.conformance.replay import Mismatch, replay
from tests.conformance.transcript import BadTranscript, in_folder, matches, parse

ROOT = Path(__file__).parents[2]
KIT = ROOT / "tests" / "conformance"
WRONG = Path(__file__).parents[1] / "workers" / "wrong_daemon.py"
TRANSCRIPTS = {one.name: one for one in in_folder(FOLDER)}
AT_A_TIME = 3
"""Most of a conversation is waiting for processes to start."""


@pytest.fixture(scope="module")
def outcomes(daemon_command):
    """What came of each transcript, by name: a future, so that the tests follow as they end."""
    command, env = daemon_command
    with ThreadPoolExecutor(AT_A_TIME) as threads:
        yield {
            name: threads.submit(replay, transcript, command, env=env)
            for name, transcript in TRANSCRIPTS.items()
            if sys.platform != "win32" or not transcript.sends_signals
        }


@pytest.mark.parametrize("name", TRANSCRIPTS)
def test_the_daemon_holds_the_conversation(name, outcomes):
    if name not in outcomes:
        pytest.skip("POSIX signals")
    outcomes[name].result()


def run(*arguments, env):
    command = [sys.executable, "-m", "tests.conformance", *arguments]
    return subprocess.run(
        command, cwd=ROOT, env=env, capture_output=True, encoding="utf-8", timeout=50
    )


@pytest.mark.parametrize(
    ("fault", "found_by", "because"),
    [
        ("right", None, ""),
        ("prints", "handshake", "no JSON in UTF-8"),
        ("uses_crlf", "handshake", "a raw carriage return"),
        ("answers_twice", "handshake", "expected"),
        ("changes_ids", "handshake", '"id":1,'),
        ("says_nothing", "handshake", "nothing within 1 s"),
        ("leaves_badly", "leave-by-end-of-stdin", "exit code 3 instead of 0"),
        ("has_no_kinds", "requests-that-are-wrong", "an error has code, message and data"),
        ("skips_numbers", "document-info", "seq 2 after 0"),
        ("goes_on_after_the_end", "job", "news of a job after its last word"),
        ("tells_before_it_answers", "job", "before the response that names it"),
        ("loses_a_page", "job", "pages were told that are not in the counts"),
    ],
)
def test_a_wrong_daemon_is_found_out(daemon_command, fault, found_by, because):
    name = found_by or "job"
    options = ["--only", name, "--timeout", "1" if fault == "says_nothing" else "20"]
    done = run(*options, "--", sys.executable, str(WRONG), fault, env=daemon_command[1])

    if found_by is None:
        assert done.stdout == f"passed {name}\n1 passed, 0 failed\n"
        assert done.returncode == 0
    else:
        assert f"FAILED {name}: line " in done.stdout
        assert because in done.stdout
        assert done.stdout.endswith("\n0 passed, 1 failed\n")
        assert done.returncode == 1


def test_the_kit_lists_its_transcripts_and_those_of_the_protocol(daemon_command):
    done = run("--list", env=daemon_command[1])

    lines = done.stdout.splitlines()
    assert [line.split(": ")[0] for line in lines[: len(TRANSCRIPTS)]] == sorted(TRANSCRIPTS)
    assert "Mistakes, each answered once: see protocol.md" in lines
    assert done.returncode == 0


@pytest.mark.parametrize(
    "arguments",
    [[], ["--only", "no such", "--", "x"], ["--only", "job", "--", "/nonexistent/daemon"]],
)
def test_a_wrong_command_line_is_told_and_nothing_is_judged(daemon_command, arguments):
    done = run(*arguments, env=daemon_command[1])

    assert done.returncode == 2
    assert "error: " in done.stderr
    assert done.stdout == ""


@pytest.mark.parametrize("path", sorted(KIT.glob("*.py")), ids=lambda path: path.name)
def test_the_kit_shares_no_code_with_what_it_judges(path):
    imported = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            imported |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0
            imported.add(node.module)
    others = {name for name in imported if name.split(".")[0] not in sys.stdlib_module_names}
    assert {name for name in others if not f"{name}.".startswith("tests.conformance.")} == set()


@pytest.mark.parametrize(
    "text",
    [
        "→ {}",
        "jsonl-transcript null_engine\n→ {}",
        "jsonl-transcript\n-> {}",
        "jsonl-transcript\n→ (end of stdout)",
        "jsonl-transcript\n← (end of stdin)",
        "jsonl-transcript\n← not JSON",
    ],
)
def test_what_is_no_transcript_is_refused(text):
    with pytest.raises(BadTranscript):
        parse("x", text)


def test_a_pattern_leaves_out_members_and_binds_names():
    bound = {"known": 1}
    assert matches({"a": "…", "b": ["$new", "$known"]}, {"a": {}, "b": [2, 1], "c": 3}, bound)
    assert bound == {"known": 1, "new": 2}


@pytest.mark.parametrize("value", [{"a": 1}, {"a": 1, "b": []}, {"a": 1, "b": [True]}, []])
def test_a_pattern_is_not_matched_by_just_anything(value):
    assert matches({"a": "…", "b": [1]}, {"a": {}, "b": [1.0], "c": 2})
    assert not matches({"a": "…", "b": [1]}, value)


def test_responses_to_a_batch_stand_in_any_order_and_each_counts_once():
    one, two = {"id": 1, "result": {}}, {"id": 2, "result": {}}
    assert matches([one, two], [two, one])
    assert not matches([one, two], [one, one])
    assert not matches([one, {"id": "$x"}], [two, two])


def test_a_daemon_that_ends_too_early_is_a_mismatch(daemon_command):
    with pytest.raises(Mismatch, match=r"line [34]: the (end of stdout|daemon does not read)"):
        replay(TRANSCRIPTS["handshake"], [sys.executable, "-c", ""], env=daemon_command[1])
