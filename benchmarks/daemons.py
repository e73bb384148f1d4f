"""Daemons for benchmarks: folders of their own, a count of what they leave, workers made warm."""

import os
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol, TypeVar

import psutil

from benchmarks.harness import Report
from daemon.client import Client, default_command

_MARK = "OCR_SIDECAR_BENCHMARK"
"""Environment variable by which a daemon and all that it spawned are found again."""
_LINGER_S = 2.0
_READY_S = 120.0


class Host(Protocol):
    """What can ask a daemon: the client, or a bare pipe."""

    def request(self, method: str, params: Mapping[str, Any] | None = None) -> Any: ...

    def close(self) -> int: ...


_Host = TypeVar("_Host", bound=Host)
Opener = Callable[[Sequence[str], Mapping[str, str]], _Host]


def open_client(command: Sequence[str], env: Mapping[str, str]) -> Client:
    """Return the client that comes with the daemon, which is strict about what it reads."""
    return Client(command, env=env)


@contextmanager
def daemon(
    report: Report,
    opener: Opener[_Host],
    *,
    workers: int = 2,
    options: Sequence[str] = (),
    command: Sequence[str] | None = None,
    env: Mapping[str, str] | None = None,
) -> Iterator[_Host]:
    """Start a daemon and end it; check that it leaves with 0 and leaves no process behind.

    `command` starts another daemon than the installed one; `env` is what its environment has
    besides ours.
    """
    mark = uuid.uuid4().hex
    with tempfile.TemporaryDirectory(prefix="ocr-sidecar-benchmark-") as folder:
        line = [*(command or default_command()), "--workers", str(workers), *options]
        line += ["--log-dir", folder, "--scratch-dir", folder]
        host = opener(line, {**os.environ, **(env or {}), _MARK: mark})
        exit_code = None
        try:
            yield host
        finally:
            exit_code = host.close()
            left = _wait_gone(mark)
    report.check("daemon left with 0", [f"exit code {exit_code}"] if exit_code else [])
    report.check("no process left", [f"process {pid}" for pid in left])


def _wait_gone(mark: str) -> list[int]:
    """Return the processes that are still there after a while."""
    ends_at = time.monotonic() + _LINGER_S
    while (left := _marked(mark)) and time.monotonic() < ends_at:
        time.sleep(0.05)
    return left


def _marked(mark: str) -> list[int]:
    found = []
    for process in psutil.process_iter():
        try:
            if process.environ().get(_MARK) == mark:
                found.append(process.pid)
        except psutil.Error:  # gone meanwhile, or not ours to look at
            continue
    return found


def documents(paths: Sequence[Path]) -> list[dict[str, str]]:
    """Return paths as the wire names documents."""
    return [{"path": str(path.resolve())} for path in paths]


def warm_up(host: Host, image: Path, *, workers: int = 2) -> float:
    """Have every slot load its engine and read a page; return the seconds that took."""
    started = time.perf_counter()
    for _ in range(2):  # one slot may have read all pages of the first job: engines load meanwhile
        job = host.request("ocr/start_batch", {"documents": documents([image] * workers)})
        wait_slots(host, lambda slots: all(slot["state"] == "idle" for slot in slots))
        while not host.request("job/result", job)["terminal"]:
            time.sleep(0.02)
    return time.perf_counter() - started


def wait_slots(host: Host, condition: Callable[[list[dict[str, Any]]], bool]) -> None:
    """Return when the OCR slots, as `worker/list` has them, meet the condition."""
    ends_at = time.monotonic() + _READY_S
    while not condition(host.request("worker/list")["workers"][1:]):
        if time.monotonic() > ends_at:
            raise TimeoutError("the slots did not come to the state awaited")
        time.sleep(0.01)
