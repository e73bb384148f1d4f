"""The fake daemon of the kit, played to the project's own client."""

import itertools
import json
import re
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

from daemon.catalog import NOTIFICATIONS
from daemon.client import Client, DaemonGone, ProtocolViolation, RequestError
from daemon.outbox import Outbox
from tests.conformance.fake_script import BadScript, fill, parse
from tests.conformance.rules import Rules
from tests.fake_wire import methods_over
from tests.fakes import World

ROOT = Path(__file__).parents[2]
SCRIPTS = ROOT / "tests" / "conformance" / "scripts"
README = ROOT / "tests" / "conformance" / "README.md"
SOON = 10.0


@pytest.fixture
def spawn(tmp_path):
    clients = []

    def spawn(*rules, script=None):
        path = tmp_path / "script.jsonl"
        path.write_text("\n".join(map(json.dumps, rules)), encoding="utf-8")
        command = [sys.executable, "-m", "tests.conformance.fake_daemon", str(script or path)]
        client = Client(command, cwd=ROOT)
        clients.append(client)
        return client

    yield spawn
    for client in clients:
        client.close(timeout_s=SOON)


def on(method, *actions, **members):
    return {"on": method, "do": list(actions), **members}


def test_the_happy_job_goes_well(spawn):
    client = spawn(script=SCRIPTS / "happy_job.jsonl")
    assert client.request("initialize", timeout_s=SOON)["protocol_version"] == 1
    events = list(client.recognize(["/a.pdf"]))

    methods = ["job/page", "job/progress", "job/page", "job/progress", "job/result"]
    assert [event.method for event in events] == methods
    assert [event.params["seq"] for event in events] == [1, 2, 3, 4, 5]
    assert {event.params["file"] for event in events[:-1]} == {"/a.pdf"}
    assert client.close() == 0


def test_the_happy_job_can_be_cancelled_half_way(spawn):
    client = spawn(script=SCRIPTS / "happy_job.jsonl")
    job_id = client.start(["/a.pdf"])
    events = client.job_events(job_id, timeout_s=SOON)
    assert next(events).method == "job/page"

    assert client.request("job/cancel", {"job_id": job_id})["state"] == "cancelled"
    assert [event.method for event in events][-1] == "job/error"
    assert client.request("ping") == {}
    client.close()
    assert list(client.notifications(timeout_s=SOON)) == []


def test_the_crash_comes_in_mid_job_and_in_mid_line(spawn):
    client = spawn(script=SCRIPTS / "crash_in_mid_job.jsonl")
    events = client.recognize(["/a.pdf"])
    assert next(events).params["page"] == 1

    with pytest.raises(DaemonGone) as caught:
        next(events)
    assert caught.value.exit_code == 70


def test_the_slow_reply_lets_others_overtake(spawn):
    client = spawn(script=SCRIPTS / "slow_reply.jsonl")
    slow = client.send_request("document/info", {"document": {"path": "/slow.pdf"}})

    assert client.request("ping", timeout_s=SOON) == {}
    with pytest.raises(RequestError, match="no file"):
        client.request("document/info", {"document": {"path": "/lost.pdf"}}, timeout_s=SOON)
    quick = client.request("document/info", {"document": {"path": "/b.png"}}, timeout_s=SOON)
    assert (quick["path"], quick["page_count"]) == ("/b.png", 1)
    assert client.wait_reply(slow, timeout_s=SOON)["path"] == "/slow.pdf"


def test_what_a_script_does_not_mention_is_not_found(spawn):
    client = spawn()
    with pytest.raises(RequestError) as caught:
        client.request("ocr/start", {}, timeout_s=SOON)
    assert (caught.value.code, caught.value.kind) == (-32601, "method_not_found")
    assert client.request("ping", timeout_s=SOON) == {}


def test_lines_that_are_no_requests_are_answered_as_the_daemon_does(spawn):
    client = spawn()
    for line, code in ((b"nonsense", -32700), (b"[]", -32600), (b'{"id":1}', -32600)):
        client.send_raw(line + b"\n")
        assert client.next_message(timeout_s=SOON)["error"]["code"] == code
    client.send_raw(b'\n{"jsonrpc":"2.0","id":1,"result":{}}\n')
    assert client.request("ping", timeout_s=SOON) == {}


def test_a_request_that_is_no_notification_is_answered_with_its_id(spawn):
    client = spawn(on("echo", {"result": ["$id", "$method", "$params.a.b", "$params.c"]}))
    client.notify("echo", {"a": 1})
    request_id = client.send_request("echo", {"a": {"b": [1]}})

    assert client.wait_reply(request_id, timeout_s=SOON) == [request_id, "echo", [1], None]


def test_a_rule_is_used_so_often_and_for_such_params_only(spawn):
    client = spawn(
        on("a", {"result": "first"}, times=1),
        on("a", {"result": "seven"}, params={"n": 7}),
        on("*", {"result": "any other"}),
    )
    results = [client.request("a", {"n": n}, timeout_s=SOON) for n in (7, 7, 8)]
    assert results == ["first", "seven", "any other"]


def test_garbage_can_be_written_at_the_start(spawn):
    client = spawn(on("(start)", {"write": "Loading …\n"}, {"write_hex": "ff fe 0a"}))
    for _ in range(2):
        with pytest.raises(ProtocolViolation, match="not JSON"):
            client.next_message(timeout_s=SOON)
    assert client.request("ping", timeout_s=SOON) == {}


def test_a_line_can_be_as_long_as_wanted(tmp_path):
    rule = on("(start)", {"write_line_of_bytes": 1_000_000}, {"notify": "a"}, {"exit": 0})
    path = tmp_path / "script.jsonl"
    path.write_text(json.dumps(rule))
    command = [sys.executable, "-m", "tests.conformance.fake_daemon", str(path)]
    done = subprocess.run(command, cwd=ROOT, stdin=subprocess.DEVNULL, capture_output=True)

    long, short = done.stdout.splitlines(keepends=True)
    assert len(long) == 1_000_000
    assert json.loads(long)["params"]["seq"] == 1
    assert json.loads(short) == {"jsonrpc": "2.0", "method": "a", "params": {"seq": 2}}


def test_a_hang_reads_nothing_until_it_is_over(spawn):
    client = spawn(on("a", {"hang_ms": 1000}, {"result": "a"}))
    hung = client.send_request("a")
    with pytest.raises(TimeoutError):
        client.request("ping", timeout_s=0.2)
    assert client.wait_reply(hung, timeout_s=SOON) == "a"


def test_the_end_of_stdin_can_be_ignored(spawn):
    client = spawn(on("(end of stdin)"), on("shutdown"))
    client.request("ping", timeout_s=SOON)
    assert client.close(timeout_s=0.0) in (-15, -9, 1)


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX signals")
def test_a_death_by_signal_is_told_as_one(spawn):
    client = spawn(on("a", {"die": "SIGKILL"}))
    with pytest.raises(DaemonGone) as caught:
        client.request("a", timeout_s=SOON)
    assert caught.value.exit_code == -9


@pytest.mark.parametrize(
    "line",
    [
        "nonsense",
        "[]",
        '{"do": []}',
        '{"on": "a"}',
        '{"on": "a", "do": [], "if": 1}',
        '{"on": "a", "do": [{}]}',
        '{"on": "a", "do": [{"answer": 1}]}',
        '{"on": "a", "do": [{"result": 1, "exit": 1}]}',
        '{"on": "a", "do": [{"pause_ms": "1"}]}',
        '{"on": "a", "do": [{"write_hex": "f"}]}',
        '{"on": "a", "do": [{"die": "SIGNONE"}]}',
        '{"on": "a", "do": [{"exit": 1, "params": {}}]}',
    ],
)
def test_a_script_that_is_none_is_refused_with_its_line(line):
    with pytest.raises(BadScript, match="line 2"):
        parse(f"# a comment\n{line}\n")


def test_a_wrong_script_is_a_usage_error(tmp_path):
    command = [sys.executable, "-m", "tests.conformance.fake_daemon", str(tmp_path / "gone")]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (2, "")
    assert "No such file" in done.stderr


@pytest.mark.parametrize("path", sorted(SCRIPTS.glob("*.jsonl")), ids=lambda path: path.stem)
def test_an_example_says_what_the_daemon_could_say(path):
    """Its messages are those of protocol.md, so that hosts do not learn from wrong ones."""
    rules, seq = Rules(), itertools.count(1)
    methods = methods_over(World(), Outbox(str))
    for rule in parse(path.read_text(encoding="utf-8")):
        request = {"method": rule.on, "params": {"job_id": "job-1", "document": {"path": "/a"}}}
        for action in fill(list(rule.actions), request):
            if "notify" in action and rule.on != "job/cancel":
                params = {"seq": next(seq), **action["params"]}
                line = {"jsonrpc": "2.0", "method": action["notify"], "params": params}
                rules.read(json.dumps(line).encode() + b"\n")
            if "notify" in action:
                msgspec.convert(action["params"], NOTIFICATIONS[action["notify"]].params)
            elif "result" in action:
                msgspec.convert(action["result"], methods[rule.on].result)
                line = {"jsonrpc": "2.0", "id": 1, "result": action["result"]}
                rules.read(json.dumps(line).encode() + b"\n")


def test_the_readme_tells_of_every_action_and_of_every_example():
    text = README.read_text(encoding="utf-8")
    with pytest.raises(BadScript) as caught:
        parse('{"on": "a", "do": [{}]}')
    actions = str(caught.value).partition("one of ")[2].split(", ")
    assert set(re.findall(r'`\{"(\w+)":', text)) == set(actions)
    assert set(re.findall(r"\((scripts/\w+\.jsonl)\)", text)) == {
        f"scripts/{path.name}" for path in SCRIPTS.iterdir()
    }
