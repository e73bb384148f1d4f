"""Pages as pictures: where the inspector writes them, and what becomes of them; part of the owner.

A picture goes into the reply where it fits, else to a file: the one that the host has named, or one
of ours in the scratch folder. A host's file is written beside its place and renamed, so that it is
whole or not there; of our own the newest are kept.
"""

import os
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import msgspec
from msgspec import UNSET

from daemon import work_orders
from daemon.deadlines import Deadlines
from daemon.errors import RpcError
from daemon.events import FileReplaced
from daemon.guard import UNFINISHED
from daemon.inspections import Inspection
from daemon.messages import DocumentRenderResult
from daemon.newest import Newest
from daemon.params import DocumentRenderParams
from daemon.ports import Files, Host, Reply
from daemon.timers import Timer
from daemon.worker_slot import InspectTask
from ocr_worker import wire

MAX_INLINE_BYTES: Final = 16 * 1024 * 1024
"""Most that a picture may take in a reply, however long the lines are that the host takes."""
ENVELOPE_BYTES: Final = 256
"""What a reply has besides its picture and its id; about twice what it takes."""
REPLACE_TIMEOUT_S: Final = 10.0
"""A file system that has not renamed a picture by then does not hold up the reply any longer."""


@dataclass(frozen=True, slots=True)
class _Finished:
    """A picture that is being given its name."""

    reply: Reply
    result: DocumentRenderResult


class Pictures:
    """The pictures that are being written, named and kept."""

    def __init__(
        self, files: Files, host: Host, deadlines: Deadlines[Timer], new_id: Callable[[], str]
    ) -> None:
        self._files = files
        self._host = host
        self._deadlines = deadlines
        self._new_id = new_id
        self._n_tasks = 0
        self._next_token = 0
        self._finished: dict[int, _Finished] = {}
        self._kept = Newest()

    @property
    def has_questions(self) -> bool:
        """True while a host waits for a file to get its name."""
        return bool(self._finished)

    def task(self, inspection: Inspection) -> InspectTask:
        """Return the task of an attempt, with a file of its own: a dying worker may still write."""
        self._n_tasks += 1
        params = inspection.picture
        assert params is not None
        if inspection.output is None:
            name = f"picture-{self._n_tasks}.{params.format}"
            return InspectTask(inspection.key, self._files.scratch_path(name))
        directory = os.path.dirname(inspection.output)
        return InspectTask(
            inspection.key,
            os.path.join(directory, f".ocr-sidecar-{self._new_id()}.{params.format}.tmp"),
            self._files.scratch_path(f"picture-{self._n_tasks}{UNFINISHED}"),
        )

    def order(
        self, inspection: Inspection, task: InspectTask, limits: wire.Limits, task_id: int
    ) -> wire.Render:
        """Return the order to make a picture, in the reply where its line has room for it."""
        inline_bytes = 0
        if inspection.output is None and inspection.reply is not None:
            taken = ENVELOPE_BYTES + len(msgspec.json.encode(inspection.reply.request_id))
            inline_bytes = max(0, min(self._host.max_line_bytes - taken, MAX_INLINE_BYTES))
        return work_orders.render(inspection, task, limits, inline_bytes, task_id)

    def on_rendered(
        self, inspection: Inspection, task: InspectTask, message: wire.Rendered, now: float
    ) -> None:
        """The inspector has made a picture: answer with it, or have its file named first."""
        params, reply = inspection.picture, inspection.reply
        assert params is not None
        assert reply is not None
        assert task.picture is not None
        if inspection.output is None and message.data is not None:
            reply.succeed(_result(params, message, data=message.data))
        elif inspection.output is None:
            self._files.discard(self._kept.add(task.picture, message.size_bytes))
            reply.succeed(_result(params, message, path=task.picture))
        else:
            self._next_token += 1
            result = _result(params, message, path=params.output)
            self._finished[self._next_token] = _Finished(reply, result)
            self._deadlines.set(Timer("replace", self._next_token), now + REPLACE_TIMEOUT_S)
            self._files.replace(self._next_token, task.picture, inspection.output, task.note)

    def discard(self, task: InspectTask) -> None:
        """Nobody wants what this attempt may have written."""
        self._files.discard([path for path in (task.picture, task.note) if path is not None])

    def on_replaced(self, event: FileReplaced) -> None:
        """The file system has given a picture its name, or says why not."""
        self._deadlines.clear(Timer("replace", event.token))
        finished = self._finished.pop(event.token, None)
        if finished is None:
            return
        if event.failure is not None:
            finished.reply.fail(event.failure)
        else:
            finished.reply.succeed(finished.result)

    def on_timeout(self, token: int) -> None:
        """The file system has had its time."""
        finished = self._finished.pop(token, None)
        if finished is not None:
            message = f"The file system did not name the file within {REPLACE_TIMEOUT_S:g} s."
            finished.reply.fail(RpcError("timeout", message, which="inspect"))

    def fail_questions(self, error: RpcError) -> None:
        """Answer every host that waits for a name, with an error."""
        for finished in self._finished.values():
            finished.reply.fail(error)
        self._finished.clear()


def _result(
    params: DocumentRenderParams,
    message: wire.Rendered,
    *,
    path: str | None = None,
    data: str | None = None,
) -> DocumentRenderResult:
    return DocumentRenderResult(
        page=params.page,
        width_px=message.width_px,
        height_px=message.height_px,
        path=UNSET if path is None else path,
        data=UNSET if data is None else data,
    )
