"""Documents stay on the machine: no network, no stray file, no text in the log."""

import os
import sys
import textwrap
from pathlib import Path

import pytest

from daemon.client import Client

SAMPLE = Path(__file__).parent.parent.parent / "samples" / "scan.pdf"
AUDIT = textwrap.dedent(
    """
    import os, sys

    def hook(event, args):
        if event in ("socket.connect", "socket.getaddrinfo", "socket.gethostbyname",
                     "socket.sendto", "urllib.Request", "http.client.connect"):
            with open(os.environ["AUDIT_LOG"], "a") as log:
                log.write(f"{event} {args[1:]!r}\\n")

    sys.addaudithook(hook)
    """
)


@pytest.mark.guarantee("G-9")
def test_a_real_scan_is_read_without_network_and_without_a_stray_file(tmp_path):
    """Every process of ours runs under an audit hook, with `CI` unset and an empty home.

    Telemetry leaves through a process of its own, which no hook here sees, so the files that it
    would write are the sharper half of this test.
    """
    home, hooks = tmp_path / "home", tmp_path / "hooks"
    home.mkdir()
    hooks.mkdir()
    (hooks / "sitecustomize.py").write_text(AUDIT)
    audit_log = tmp_path / "audit.log"
    env = {
        key: value
        for key, value in os.environ.items()
        if key != "CI" and not key.startswith(("XDG_", "OCR_SIDECAR_"))
    }
    env |= {"HOME": str(home), "USERPROFILE": str(home), "AUDIT_LOG": str(audit_log)}
    env["PYTHONPATH"] = str(hooks)
    with Client([sys.executable, "-P", "-m", "daemon", "--workers", "1"], env=env) as client:
        log_path = Path(client.request("initialize")["server"]["log_path"])
        job_id = client.start([str(SAMPLE)])
        events = list(client.job_events(job_id, timeout_s=60))

    assert events[-1].params["pages"]["recognized"] == 3
    assert not audit_log.exists(), audit_log.read_text()
    files = [path.relative_to(home) for path in home.rglob("*") if path.is_file()]
    assert [path for path in files if "ocr-sidecar" not in path.parts] == []
    assert log_path.is_relative_to(home)
    log = log_path.read_text()
    assert "accepted" in log
    assert "Paper" not in log
    assert "archive" not in log
    assert str(SAMPLE) not in log


def test_the_audit_hook_of_the_test_above_would_notice(tmp_path):
    import subprocess

    (tmp_path / "sitecustomize.py").write_text(AUDIT)
    audit_log = tmp_path / "audit.log"
    env = {**os.environ, "PYTHONPATH": str(tmp_path), "AUDIT_LOG": str(audit_log)}
    code = "import socket\ntry: socket.create_connection(('127.0.0.1', 9))\nexcept OSError: pass"
    subprocess.run([sys.executable, "-P", "-c", code], env=env, check=True)

    assert "socket.connect" in audit_log.read_text()


def test_the_log_may_be_read_by_its_owner_only(spawn_daemon):
    client = spawn_daemon()
    log_path = Path(client.request("initialize")["server"]["log_path"])

    assert log_path.stat().st_mode & 0o077 == 0 or sys.platform == "win32"
