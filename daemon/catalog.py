"""The closed list of what can be said on the host's wire: every request and every notification.

For each its types, a summary, and the errors a request may be answered with. What answers a request
is in `methods`, an example of each in `examples`; protocol.md, the schema and the types of other
languages are held to this list or made from it.
"""

from dataclasses import dataclass
from typing import Final

from daemon import health_messages, messages, notifications, params
from daemon.params import Struct


@dataclass(frozen=True, slots=True)
class Request:
    """A request of the host. `errors` are kinds beyond those of `EVERY_REQUEST`."""

    params: type[Struct]
    result: type[Struct]
    summary: str
    errors: tuple[str, ...] = ()
    may_overflow: bool = False
    """The result grows with what there is: `messages.Overflow` may come in its place."""


@dataclass(frozen=True, slots=True)
class Notification:
    """A notification of the daemon's; `params` are those beside `notifications.Numbered`."""

    params: type[Struct]
    summary: str


EVERY_LINE: Final = ("parse_error", "invalid_request", "message_too_large", "method_not_found")
"""Errors of lines that never become a request of a method."""
EVERY_REQUEST: Final = ("invalid_params", "internal_error")

_JOB: Final = ("job_not_found",)
_PATHS: Final = (
    "document_not_found",
    "document_unreadable",
    "path_not_allowed",
    "output_failed",
)
"""What looking at paths, without opening a document, may find."""
_INSPECTOR: Final = ("worker_crashed", "timeout", "workers_unavailable", "shutting_down")
_LATER: Final = ("cancelled",)
"""Of requests that are not answered at once."""

REQUESTS: Final[dict[str, Request]] = {
    "initialize": Request(
        params.InitializeParams,
        messages.InitializeResult,
        "Say who the host is and what it can take; learn version, limits and methods.",
    ),
    "ping": Request(params.NoParams, messages.Empty, "Ask for a sign of life."),
    "rpc.discover": Request(
        params.NoParams, messages.OpenRpcDocument, "Ask for this description of the protocol."
    ),
    "shutdown": Request(
        params.ShutdownParams,
        messages.Empty,
        "Accept nothing new, cancel or finish what runs, and leave.",
    ),
    "exit": Request(params.NoParams, messages.Empty, "Cancel what runs and leave."),
    "document/info": Request(
        params.DocumentInfoParams,
        messages.DocumentInfoResult,
        "Describe a document without reading a page.",
        (
            *_PATHS,
            "unsupported_format",
            "password_required",
            "password_wrong",
            "limit_exceeded",
            *_INSPECTOR,
            *_LATER,
        ),
        may_overflow=True,
    ),
    "document/render": Request(
        params.DocumentRenderParams,
        messages.DocumentRenderResult,
        "Show a page as a viewer does, without reading it.",
        (
            *_PATHS,
            "unsupported_format",
            "password_required",
            "password_wrong",
            "limit_exceeded",
            "page_out_of_range",
            "document_changed",
            "job_not_found",
            *_INSPECTOR,
            *_LATER,
        ),
    ),
    "ocr/start": Request(
        params.OcrStartParams,
        messages.JobAccepted,
        "Start a job of one document; notifications tell the rest.",
        (*_PATHS, "language_unavailable", "overloaded", "shutting_down", *_LATER),
    ),
    "ocr/start_batch": Request(
        params.OcrStartBatchParams,
        messages.JobAccepted,
        "Start a job of several documents; notifications tell the rest.",
        (*_PATHS, "language_unavailable", "overloaded", "shutting_down", *_LATER),
    ),
    "job/status": Request(
        params.JobParams,
        messages.JobStatusResult,
        "Tell how far a job is.",
        (*_JOB, "output_failed"),
        may_overflow=True,
    ),
    "job/list": Request(
        params.JobListParams,
        messages.JobListResult,
        "List the jobs that are known.",
        ("output_failed",),
        may_overflow=True,
    ),
    "job/result": Request(
        params.JobResultParams,
        messages.JobResultResult,
        "Tell what a job has read so far, and how it ended.",
        (*_JOB, "output_failed"),
        may_overflow=True,
    ),
    "job/cancel": Request(params.JobParams, messages.JobStateResult, "Cancel a job.", _JOB),
    "job/prioritize": Request(
        params.JobPrioritizeParams,
        messages.JobStateResult,
        "Have a job, or some of its pages, read before others.",
        _JOB,
    ),
    "$/cancelRequest": Request(
        params.CancelRequestParams,
        messages.Empty,
        "End what an earlier request has begun.",
    ),
    "job/forget": Request(params.JobParams, messages.Empty, "Drop a finished job.", _JOB),
    "events/replay": Request(
        params.ReplayParams,
        messages.ReplayResult,
        "Have notifications sent once more that were missed.",
    ),
    "status/get": Request(
        params.NoParams, messages.StatusResult, "Say in one word how the daemon is."
    ),
    "worker/list": Request(
        params.NoParams, messages.WorkerListResult, "List every slot, with or without a worker."
    ),
    "worker/restart": Request(
        params.WorkerRestartParams,
        messages.Empty,
        "Give a slot, or all of them, another chance and a fresh worker.",
    ),
    "health/check": Request(
        params.HealthCheckParams,
        health_messages.HealthResult,
        "Say how the daemon is and what is wrong, on request by asking every worker.",
        _LATER,
    ),
    "metrics/get": Request(
        params.NoParams,
        health_messages.MetricsResult,
        "Tell totals, rates, latencies, queues, and what the processes take.",
    ),
    "log/set_level": Request(
        params.LogSetLevelParams, messages.Empty, "Change from which level on the log is written."
    ),
    "engine/list": Request(
        params.NoParams,
        messages.EngineListResult,
        "List the engines, and what to install where one is missing.",
        (*_INSPECTOR, *_LATER),
    ),
    "language/list": Request(
        params.LanguageListParams,
        messages.LanguageListResult,
        "List the languages, each with the engines that can read it here.",
        (*_INSPECTOR, *_LATER),
    ),
    "hardware/get": Request(
        params.NoParams,
        messages.HardwareResult,
        "Tell what the machine has, and why there are that many workers.",
    ),
}
"""In the order of protocol.md's table."""

NOTIFICATIONS: Final[dict[str, Notification]] = {
    "job/progress": Notification(notifications.ProgressParams, "How far a job is."),
    "job/page": Notification(notifications.PageParams, "A page that was tried has ended."),
    "job/result": Notification(
        notifications.TerminalResult,
        "A job has ended, and something was read: its last notification.",
    ),
    "job/error": Notification(
        notifications.TerminalError, "A job has failed or was cancelled: its last notification."
    ),
    "worker/state": Notification(notifications.WorkerStateParams, "A slot has another state."),
    "log/message": Notification(notifications.LogMessageParams, "A message of the daemon's log."),
}
"""In the order of protocol.md's table."""
