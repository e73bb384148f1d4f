"""How the daemon's parts are put together; imports everything, decides nothing."""

import os
from pathlib import Path
from queue import SimpleQueue
from uuid import uuid4

from loguru import logger
from platformdirs import user_cache_path, user_state_path

from daemon import __version__, hardware, log
from daemon.config import Config
from daemon.dispatch import Dispatcher
from daemon.event_loop import EventLoop
from daemon.events import Event
from daemon.files import FileSystem
from daemon.methods import MAX_BATCH, MAX_LINE_BYTES, Methods
from daemon.outbox import Outbox
from daemon.supervisor import Supervisor
from daemon.transport import Transport
from daemon.worker_process import WorkerProcesses, worker_command

_APP = "ocr-sidecar"


def build(
    config: Config, wire_in: int, wire_out: int
) -> tuple[EventLoop, FileSystem, list[log.BoundedSink]]:
    """Return the loop, ready to run, and what is to be cleaned up after it."""
    instance_id = uuid4().hex
    log_dir = config.log_dir or user_state_path(_APP, appauthor=False) / "log"
    log_path, sinks = log.configure(log_dir, instance_id, config.log_level)
    logger.info("ocr-sidecar {} started as {}", __version__, os.getpid())

    inbox: SimpleQueue[Event] = SimpleQueue()
    outbox = Outbox()
    workers = WorkerProcesses(inbox.put, worker_command(config.worker_command))
    workers.start()
    scratch_root = config.scratch_dir or user_cache_path(_APP, appauthor=False) / "scratch"
    files = FileSystem(config.allow_dirs, Path(scratch_root) / instance_id, inbox.put)
    machine = hardware.survey(config.workers)
    supervisor = Supervisor(
        config, machine.workers, workers, files, outbox, new_id=lambda: uuid4().hex
    )
    methods = Methods(
        supervisor=supervisor,
        outbox=outbox,
        config=config,
        instance_id=instance_id,
        log_path=log_path,
        hardware=machine,
        rss_of=hardware.rss_of,
    )
    dispatcher = Dispatcher(methods.table(), outbox, MAX_BATCH, MAX_LINE_BYTES)
    transport = Transport(wire_in, wire_out, MAX_LINE_BYTES, inbox.put)
    return EventLoop(inbox, supervisor, dispatcher, outbox, transport), files, sinks
