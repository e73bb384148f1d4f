"""The host's wire in this process: real framing, dispatcher and methods over the fake world."""

import json
from dataclasses import fields
from typing import Any
from unittest.mock import MagicMock

from daemon.clock import Moment
from daemon.config import Config
from daemon.dispatch import Dispatcher, Method
from daemon.framing import LineSplitter
from daemon.health_messages import ProcessUsage
from daemon.health_methods import HealthMethods
from daemon.methods import MAX_BATCH, MAX_LINE_BYTES, Methods
from daemon.outbox import Outbox
from tests.fakes import World

_NOW = Moment(1000.0, 1_700_000_000.0)


class FakeWire:
    """A host's pipe without a pipe: bytes go in, answers come out; nothing else is going on."""

    def __init__(
        self, methods: dict[str, Method] | None = None, max_line_bytes: int = MAX_LINE_BYTES
    ) -> None:
        self.world = World()
        self.outbox = Outbox(str)
        table = methods or methods_over(self.world, self.outbox)
        self._dispatcher = Dispatcher(table, self.outbox, MAX_BATCH, max_line_bytes)
        self._splitter = LineSplitter(max_line_bytes)

    def feed(self, data: bytes) -> None:
        """Take in what the host has written."""
        for line in self._splitter.feed(data):
            self._dispatcher.handle(line, _NOW)
            self.world.look()

    def end(self) -> None:
        """Take in that the host writes no more."""
        for line in self._splitter.end():
            self._dispatcher.handle(line, _NOW)

    def take(self) -> list[Any]:
        """Return what has been written for the host since the last call."""
        lines: list[bytes] = []
        while not self.outbox.is_empty:
            lines += self.outbox.next_chunk()
        return [json.loads(line) for line in lines]


def methods_over(world: World, outbox: Outbox) -> dict[str, Method]:
    """Return the daemon's methods over this world; what they need besides is mocked."""
    logs = MagicMock(path=None, sinks=[])
    logs.to_host.n_dropped = 0
    given: dict[str, Any] = {
        "supervisor": world.supervisor,
        "outbox": outbox,
        "config": Config(),
        "instance_id": "an instance",
        "logs": logs,
        "rss_of": lambda pid: 0,
        "usage_of": lambda pid: ProcessUsage(),
        "watch_host": lambda pid: False,
        "started_at": 0.0,
    }
    given["health"] = HealthMethods(**_only(HealthMethods, given))
    return Methods(**_only(Methods, given)).table()


def _only(kind: type, given: dict[str, Any]) -> dict[str, Any]:
    """Return what a class of handlers is made from; what was not thought of here is a mock."""
    return {one.name: given.get(one.name, MagicMock()) for one in fields(kind)}
