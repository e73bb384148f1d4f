"""A daemon that does as its argument says, for tests of the client: one behaviour each."""

import json
import os
import signal
import sys


def say(**members):
    os.write(1, json.dumps({"jsonrpc": "2.0", **members}).encode() + b"\n")


def notify(method, **params):
    say(method=method, params=params)


def requests():
    for line in sys.stdin.buffer:
        yield json.loads(line)


def obedient():
    """Echo params; send two jobs' news; refuse `refuse`; answer `late` behind the next request."""
    seq = 0
    late = None
    for request in requests():
        method, request_id = request["method"], request.get("id")
        if method == "shutdown":
            say(id=request_id, result={})
            os._exit(0)
        elif method == "ocr/start":
            for name in ("job/progress", "job/page"):
                seq += 1
                notify(name, seq=seq, job_id="other")
            say(id=request_id, result={"job_id": "mine"})
            for job_id, name in (
                ("mine", "job/page"),
                ("other", "job/result"),
                ("mine", "job/progress"),
                ("mine", "job/result"),
            ):
                seq += 1
                notify(name, seq=seq, job_id=job_id)
        elif method == "refuse":
            say(id=request_id, error={"code": 1010, "message": "No.", "data": {"kind": "k"}})
        elif method == "late":
            late = request_id
        elif request_id is not None:
            if late is not None:
                say(id=late, result="late")
                late = None
            say(id=request_id, result=request.get("params"))


def backwards():
    """Answer two requests in the other order."""
    incoming = requests()
    first, second = next(incoming), next(incoming)
    say(id=second["id"], result="second")
    say(id=first["id"], result="first")


def dies():
    """Leave words on stderr, half a line on stdout, and die of a signal."""
    next(requests())
    os.write(2, b"x" * 10_000 + b"last words")
    os.write(1, b'{"jsonrpc"')
    os.kill(os.getpid(), signal.SIGKILL)


def half_a_line():
    """Leave in order, but within a line."""
    os.write(1, b'{"jsonrpc"')


def says():
    """Write the lines given as arguments, then echo as usual."""
    for line in sys.argv[2:]:
        os.write(1, line.encode() + b"\n")
    obedient()


def silent():
    """Read on and say nothing."""
    for _ in requests():
        pass


def stubborn():
    """Take no notice of the end of stdin nor of SIGTERM."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    notify("ready", seq=1)
    while True:
        signal.pause()


globals()[sys.argv[1]]()
