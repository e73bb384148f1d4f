"""The real daemon with one thing wrong, named by the argument: what a conformance kit must find."""

import json
import os
import subprocess
import sys
import threading

daemon = subprocess.Popen(
    [sys.executable, "-P", "-m", "daemon"], stdin=subprocess.PIPE, stdout=subprocess.PIPE
)


def right(message):
    return [message]


def prints(message):
    """Say something on stdout that is no message."""
    return ["Loading models ...", message]


def uses_crlf(message):
    return [json.dumps(message) + "\r"]


def answers_twice(message):
    return [message, message] if "result" in message else [message]


def changes_ids(message):
    return [{**message, "id": str(message["id"])}] if "id" in message else [message]


def skips_numbers(message):
    if "params" in message:
        message["params"]["seq"] *= 2
    return [message]


def goes_on_after_the_end(message):
    """Tell of a page once more, after the job's last word."""
    if message.get("method") != "job/result":
        return [message]
    seq, job_id = message["params"]["seq"], message["params"]["job_id"]
    again = {"seq": seq + 1, "job_id": job_id, "document": 0, "page": 1, "state": "empty"}
    return [message, {"jsonrpc": "2.0", "method": "job/progress", "params": again}]


def tells_before_it_answers(message):
    """Keep each answer that names a job back for one line."""
    if "job_id" in (message.get("result") or ()):
        kept.append(message)
        return []
    return (
        [message, *[kept.pop() for _ in kept]]
        if "job_id" in message.get("params", ())
        else [message]
    )


def loses_a_page(message):
    """Leave a page out of the counts."""
    if message.get("method") == "job/result":
        message["params"]["pages"]["recognized"] -= 1
        message["params"]["total_pages_processed"] -= 1
    return [message]


def has_no_kinds(message):
    if "error" in message:
        del message["error"]["data"]
    return [message]


def says_nothing(message):
    return []


def leaves_badly(message):
    return [message]


kept = []
wrong = globals()[sys.argv[1]]


def pass_on_input():
    while chunk := os.read(0, 65536):
        daemon.stdin.write(chunk)
        daemon.stdin.flush()
    daemon.stdin.close()


threading.Thread(target=pass_on_input, daemon=True).start()
for line in daemon.stdout:
    for said in wrong(json.loads(line)):
        text = said if isinstance(said, str) else json.dumps(said)
        os.write(1, text.encode() + b"\n")
code = daemon.wait()
os._exit(3 if wrong is leaves_badly else code)
