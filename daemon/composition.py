"""How the daemon's parts are put together; imports everything, decides nothing."""

import os
import sys
from dataclasses import dataclass
from pathlib import Path
from queue import SimpleQueue
from uuid import uuid4

from loguru import logger
from platformdirs import user_cache_path, user_state_path

from daemon import __version__, hardware, log
from daemon.clock import read_clock
from daemon.config import Config
from daemon.dispatch import Dispatcher
from daemon.event_loop import Dialect, EventLoop
from daemon.events import Event
from daemon.files import FileSystem
from daemon.guard_process import GuardProcess, guard_command
from daemon.health_methods import HealthMethods
from daemon.heap import give_back_now_and_then, share_one_heap
from daemon.host_watch import HostWatch
from daemon.line_files import LineFiles
from daemon.machine_probe import MachineProbe
from daemon.methods import MAX_BATCH, MAX_LINE_BYTES, Methods
from daemon.outbox import Outbox
from daemon.page_files import PageFiles
from daemon.scratch import Scratch
from daemon.supervisor import Supervisor
from daemon.transport import Transport
from daemon.worker_process import WorkerProcesses, worker_command
from ocr_worker import tessdata, wire

_APP = "ocr-sidecar"
_CROWDED_EVENTS = 1000
"""With so many events before it, the loop takes no message of the log for the host."""


@dataclass(frozen=True, slots=True)
class Daemon:
    """The loop, ready to run, and what is to be closed after it, in this order."""

    loop: EventLoop
    files: FileSystem
    page_files: PageFiles
    guard: GuardProcess | None
    sinks: list[log.BoundedSink]


def build(config: Config, wire_in: int, wire_out: int, parent: int) -> Daemon:
    """Return a daemon for the host on these descriptors; `parent` is who started us."""
    share_one_heap()
    started_at = read_clock().monotonic
    instance_id = uuid4().hex
    log_dir = config.log_dir or user_state_path(_APP, appauthor=False) / "log"
    inbox: SimpleQueue[Event] = SimpleQueue()
    give_back_now_and_then(inbox.put)
    to_host = log.HostSink(inbox.put, lambda: inbox.qsize() < _CROWDED_EVENTS)
    logs = log.configure(log_dir, instance_id, config.log_level, to_host)
    logger.info("ocr-sidecar {} started as {}", __version__, os.getpid())

    host_watch = HostWatch(inbox.put)
    if config.watch_parent:
        host_watch.watch_parent(parent)
    scratch_root = config.scratch_dir or user_cache_path(_APP, appauthor=False) / "scratch"
    scratch = Scratch(Path(scratch_root), instance_id)
    guard = None
    if sys.platform == "win32":
        from daemon import windows_job

        windows_job.enter_job()
    else:
        guard = GuardProcess(guard_command(scratch.path), inbox.put)
        guard.start()
    outbox = Outbox(lambda name: str(scratch.path / name))
    workers = WorkerProcesses(
        inbox.put, worker_command(config.worker_command), guard, environment=_for_workers(config)
    )
    workers.start()
    files = FileSystem(config.allow_dirs, scratch, inbox.put)
    files.sweep_scratch()
    page_files = PageFiles(scratch, inbox.put)
    machine = hardware.survey(config.workers)
    bridge_host = None
    if config.dialect == "bridge":
        # Only here and below: other daemons answer sooner without.
        from daemon.bridge_host import BridgeHost

        bridge_host = BridgeHost(outbox)
    supervisor = Supervisor(
        config,
        machine,
        workers,
        MachineProbe(inbox.put),
        files,
        page_files,
        bridge_host or outbox,
        new_id=lambda: uuid4().hex,
    )
    methods = Methods(
        supervisor=supervisor,
        outbox=outbox,
        config=config,
        instance_id=instance_id,
        logs=logs,
        rss_of=hardware.rss_of,
        watch_host=host_watch.watch,
        health=HealthMethods(
            supervisor=supervisor,
            outbox=outbox,
            logs=logs,
            started_at=started_at,
            usage_of=hardware.usage_of,
        ),
    )
    dialect: Dialect = Dispatcher(
        methods.table(), outbox, MAX_BATCH, MAX_LINE_BYTES, supervisor.metrics.on_refusal
    )
    if bridge_host is not None:
        from daemon.bridge import Bridge

        dialect = Bridge(supervisor, bridge_host, config, MAX_LINE_BYTES)
    resolve = LineFiles(scratch).resolve
    transport = Transport(wire_in, wire_out, MAX_LINE_BYTES, inbox.put, resolve)
    loop = EventLoop(inbox, supervisor, dialect, outbox, transport, host_watch)
    return Daemon(loop, files, page_files, guard, logs.sinks)


def _for_workers(config: Config) -> dict[str, str]:
    """Return the variables that tell workers of settings; they do not share our folder."""
    models = ""  # also where our own environment names a folder
    if config.keep_models:
        folder = config.model_cache_dir or user_cache_path(_APP, appauthor=False) / "models"
        models = os.path.abspath(folder)
    variables = {wire.MODEL_CACHE_VARIABLE: models}
    if config.tessdata_dir is not None:
        variables[tessdata.VARIABLE] = os.path.abspath(config.tessdata_dir)
    return variables
