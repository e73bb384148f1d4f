"""Worker processes: spawning them, their four threads, and what may be done to them.

The only place that spawns and kills workers. All spawns happen on one thread that lives as long as
the daemon, because Linux tells a child of its parent's death when the spawning *thread* ends.
"""

import os
import shlex
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from functools import partial
from glob import glob
from queue import SimpleQueue
from types import MappingProxyType
from typing import Final
from uuid import uuid4

import psutil
from loguru import logger

from daemon.events import (
    Event,
    WorkerGone,
    WorkerMeasured,
    WorkerSaid,
    WorkerSpawned,
    WorkerSpawnFailed,
)
from daemon.framing import LineSplitter, TooLong
from daemon.frozen import WORKER, beside_us, environment_before_us, is_frozen, without_our_libraries
from daemon.guard_process import GuardProcess
from daemon.last_words import LastWords
from daemon.process_end import await_end_of_child
from daemon.threads import start_thread
from daemon.worker_slot import WorkerId
from ocr_worker import wire

_READ_BYTES: Final = 64 * 1024
_PIPE_GRACE_S: Final = 1.0
"""How long a dead worker's pipe may stay open before its last words are given up."""
ONE_THREAD: Final = {
    "OMP_NUM_THREADS": "1",
    "OMP_THREAD_LIMIT": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
}
"""Parallelism comes from slots; libraries that start threads of their own slow all of them."""


def worker_command(program: str | None) -> Callable[[int, str | None], list[str]]:
    """Return what gives a worker's command line by slot and engine.

    `program` is one string, split as a shell does, in place of this installation's worker.
    """
    if program is not None:
        start = shlex.split(program, posix=sys.platform != "win32")
    elif is_frozen():
        start = [beside_us(WORKER)]
    else:
        # -P keeps the host's working directory from being imported.
        start = [sys.executable, "-P", "-m", "ocr_worker"]
    return partial(_worker_command, start)


def _worker_command(start: Sequence[str], slot: int, engine: str | None) -> list[str]:
    command = [*start, "--parent", str(os.getpid())]
    if slot == 0:
        command.append("--inspector")
    elif engine is not None:
        command += ["--engine", engine]
    return command


class WorkerProcesses:
    """All living workers by id; the port through which the owner acts on them."""

    def __init__(
        self,
        post: Callable[[Event], None],
        command: Callable[[int, str | None], Sequence[str]],
        guard: GuardProcess | None = None,
        environment: Mapping[str, str] = MappingProxyType({}),
    ) -> None:
        """`environment` is what workers get besides our own."""
        self._post = post
        self._command = command
        self._guard = guard
        self._environment = environment
        self._workers: dict[WorkerId, _Worker] = {}
        self._orders: SimpleQueue[_Worker] = SimpleQueue()
        self._to_measure: SimpleQueue[_Worker] = SimpleQueue()

    def start(self) -> None:
        """Start the thread that spawns and the one that looks at processes."""
        start_thread("spawner", self._spawn_forever, self._post)
        start_thread("prober", self._measure_forever, self._post)

    def spawn(self, worker_id: WorkerId, slot: int, engine: str | None) -> None:
        """Order a process; `WorkerSpawned` or `WorkerSpawnFailed` follows."""
        # Ids of the dead are dropped here, on the loop's thread, which owns the table.
        self._workers = {key: one for key, one in self._workers.items() if not one.is_reaped}
        worker = _Worker(
            worker_id,
            slot,
            self._command(slot, engine),
            self._environment,
            self._post,
            self._guard,
        )
        self._workers[worker_id] = worker
        self._orders.put(worker)

    def send(self, worker_id: WorkerId, command: wire.Command) -> None:
        """Queue a command for the worker's stdin."""
        if worker_id in self._workers:
            self._workers[worker_id].outgoing.put(wire.encode(command))

    def measure(self, worker_id: WorkerId) -> None:
        """Look at the worker's processes; `WorkerMeasured` follows unless it is gone."""
        if worker_id in self._workers:
            self._to_measure.put(self._workers[worker_id])

    def dump(self, worker_id: WorkerId) -> None:
        """Have the worker write its stacks to its stderr; Windows has no signal for it."""
        if worker_id in self._workers:
            self._workers[worker_id].dump()

    def end_input(self, worker_id: WorkerId) -> None:
        """Close the worker's stdin once what is queued has been written."""
        if worker_id in self._workers:
            self._workers[worker_id].outgoing.put(None)

    def terminate(self, worker_id: WorkerId) -> None:
        """Ask the process group to end."""
        self._signal(worker_id, signal.SIGTERM)

    def kill(self, worker_id: WorkerId) -> None:
        """End the process group."""
        self._signal(worker_id, signal.SIGTERM if sys.platform == "win32" else signal.SIGKILL)

    def _signal(self, worker_id: WorkerId, number: int) -> None:
        if worker_id in self._workers:
            self._workers[worker_id].signal(number)

    def _spawn_forever(self) -> None:
        while True:
            self._orders.get().spawn()

    def _measure_forever(self) -> None:
        while True:
            self._to_measure.get().measure()


class _Worker:
    """One life of one worker."""

    def __init__(
        self,
        worker_id: WorkerId,
        slot: int,
        command: Sequence[str],
        environment: Mapping[str, str],
        post: Callable[[Event], None],
        guard: GuardProcess | None,
    ) -> None:
        self._worker_id = worker_id
        self._slot = slot
        self._command = command
        self._environment = environment
        self._post = post
        self._guard = guard
        self._log = logger.bind(worker=worker_id, slot=slot)
        self._process: subprocess.Popen[bytes] | None = None
        self._pending_signal: int | None = None
        self._last_words = LastWords()
        self.outgoing: SimpleQueue[bytes | None] = SimpleQueue()
        self.is_reaped = False

    # On the spawner's thread.

    def spawn(self) -> None:
        """Start the process and its threads."""
        windows = sys.platform == "win32"
        try:
            with without_our_libraries():
                self._process = process = subprocess.Popen(  # noqa: S603  our own command line
                    self._command,
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    stderr=subprocess.PIPE,
                    bufsize=0,
                    env={**environment_before_us(), **self._environment, **ONE_THREAD},
                    start_new_session=not windows,
                    creationflags=0x08000200 if windows else 0,  # no window, group of its own
                )
        except OSError:
            self._log.exception("worker cannot be spawned")
            self.is_reaped = True
            self._post(WorkerSpawnFailed(self._worker_id))
            return
        if self._guard is not None:
            self._guard.add(process.pid)
        self._log.debug("worker spawned as {}", process.pid)
        self._post(WorkerSpawned(self._worker_id, process.pid))
        name = f"worker-{self._slot}"
        reader = start_thread(f"{name}-reader", self._read, self._post)
        stderr = start_thread(f"{name}-stderr", self._drain_stderr, self._post)
        start_thread(f"{name}-writer", self._write, self._post)

        def wait() -> None:
            self._wait(process)
            for thread in (reader, stderr):
                thread.join(_PIPE_GRACE_S)
            self._report_death(process.returncode)

        start_thread(f"{name}-waiter", wait, self._post)
        if self._pending_signal is not None:
            self.signal(self._pending_signal)

    # On the loop's thread.

    def signal(self, number: int) -> None:
        """Signal the process group; one that is not there yet gets it when it is."""
        if self._process is None:
            self._pending_signal = number
            return
        if self.is_reaped:
            return
        if sys.platform == "win32":
            self._process.terminate()
        else:
            _signal_group(self._process.pid, number)

    def dump(self) -> None:
        """Ask the worker alone: its own children would die of this signal."""
        if sys.platform != "win32" and self._process is not None and not self.is_reaped:
            with suppress(ProcessLookupError):
                os.kill(self._process.pid, signal.SIGUSR1)

    # On the prober's thread.

    def measure(self) -> None:
        """Post what the worker and its children have used so far."""
        if self._process is None:
            return
        try:
            worker = psutil.Process(self._process.pid)
            rss_bytes = worker.memory_info().rss
            cpu_s = sum(_cpu_s(one) for one in (worker, *worker.children(recursive=True)))
        except psutil.Error:
            return
        is_held_up = _is_held_up(self._process.pid)
        self._post(WorkerMeasured(self._worker_id, cpu_s, rss_bytes, is_held_up))

    # On the worker's own threads.

    def _read(self) -> None:
        assert self._process is not None
        assert self._process.stdout is not None
        splitter = LineSplitter(wire.MAX_LINE_BYTES)
        # Closed by this thread, at its end: closing a pipe that another thread reads can hang.
        with self._process.stdout as pipe:
            while chunk := os.read(pipe.fileno(), _READ_BYTES):
                for line in splitter.feed(chunk):
                    self._take(line)

    def _take(self, line: bytes | TooLong) -> None:
        if isinstance(line, TooLong):
            self._log.warning("worker sent a line that is too long")
            return
        try:
            message = wire.decode_event(line)
        except wire.WireError as error:
            self._log.warning("worker sent a line that is no message: {}", error)
            return
        self._post(WorkerSaid(self._worker_id, message))

    def _write(self) -> None:
        assert self._process is not None
        assert self._process.stdin is not None
        while (line := self.outgoing.get()) is not None:
            try:
                wire.write_all(self._process.stdin.fileno(), line)
            except OSError:
                break  # it is dead or dying; the waiter tells
        self._process.stdin.close()

    def _drain_stderr(self) -> None:
        assert self._process is not None
        assert self._process.stderr is not None
        with self._process.stderr as pipe:
            while chunk := os.read(pipe.fileno(), _READ_BYTES):
                for line in self._last_words.feed(chunk):
                    self._log.debug("stderr: {}", line)

    def _wait(self, process: subprocess.Popen[bytes]) -> None:
        """Wait for the end, take the worker's own children along, and reap it."""
        if sys.platform != "win32":
            # Without reaping, so that the group's number cannot be given to another yet.
            await_end_of_child(process.pid)
            _signal_group(process.pid, signal.SIGKILL)
            if self._guard is not None:
                self._guard.remove(process.pid)
            self.is_reaped = True
        process.wait()
        self.is_reaped = True
        # Wakes the writer, which may be waiting for commands that will not come.
        self.outgoing.put(None)

    def _report_death(self, returncode: int) -> None:
        error_id = ""
        tail = self._last_words.tail()
        if returncode != 0:
            error_id = uuid4().hex[:12]
            self._log.info("worker ended with {}, error_id {}: {}", returncode, error_id, tail)
        died_by_signal = returncode < 0 and sys.platform != "win32"
        self._post(
            WorkerGone(
                self._worker_id,
                code=None if died_by_signal else returncode,
                signal=-returncode if died_by_signal else None,
                error_id=error_id,
                stderr_tail=tail,
            )
        )


def _cpu_s(process: psutil.Process) -> float:
    try:
        times = process.cpu_times()
    except psutil.Error:
        return 0.0  # it ended meanwhile
    return float(times.user + times.system)


def _is_held_up(pid: int) -> bool:
    """Tell whether a thread of the process waits for a disk, or to be given a processor.

    At low priority the latter may take minutes. Only Linux tells; elsewhere nobody does.
    """
    states = set()
    for stat in glob(f"/proc/{pid}/task/*/stat"):
        with suppress(OSError), open(stat, "rb") as file:
            # The name before it, in parentheses, may hold anything.
            states.add(file.read().rpartition(b") ")[2][:1])
    return not states.isdisjoint((b"D", b"R"))


def _signal_group(pid: int, number: int) -> None:
    """Signal a group that we made, whose number is its leader's pid; gone is fine."""
    try:
        os.killpg(pid, number)
    except (ProcessLookupError, PermissionError):
        # macOS answers EPERM for a group of which only zombies are left.
        return
