"""Examples of what is said about documents and jobs, as it would be on the wire; data only.

The schema shows them, and tests check each against its types in Python, TypeScript and Rust. They
tell of one conversation: a scan of two pages, the second of which cannot be read. The rest is in
`health_examples`.
"""

from typing import Any, Final, NamedTuple


class Example(NamedTuple):
    """Params, and the result where it is a request; `name` says what it shows."""

    name: str
    params: dict[str, Any]
    result: dict[str, Any] | None = None


JOB_ID: Final = "c121d4805f1b4c3e9c0a7d1f7a3e2b60"
WORKER_ID: Final = "5e0c3b1f0b7f4d6f8a43c1f6c0b2d911"
_SCAN: Final = "/home/me/scan.pdf"
_TEXT: Final = "/home/me/texts/scan.txt"
COUNTS: Final = {"recognized": 1, "native_text": 0, "empty": 0, "failed": 1, "cancelled": 0}
_CRASH: Final = {
    "code": 1020,
    "message": "The worker was killed, perhaps out of memory.",
    "data": {
        "kind": "worker_crashed",
        "retryable": True,
        "error_id": "0b6c1e8f2d4a",
        "exit_code": None,
        "signal": 9,
        "attempts": 3,
    },
}
_CANCELLED: Final = {
    "code": -32800,
    "message": "Processing cancelled by user",
    "data": {"kind": "cancelled", "retryable": False},
}
READ_PAGE: Final = {
    "job_id": JOB_ID,
    "document": 0,
    "file": _SCAN,
    "page": 1,
    "state": "recognized",
    "duration_s": 1.418,
    "attempts": 1,
    "width_pt": 595.44,
    "height_pt": 842.04,
    "text": "Invoice 2024-0318",
    "confidence": 0.9891,
    "words": [
        {
            "text": "Invoice",
            "confidence": 0.991,
            "x": 72.0,
            "y": 74.2,
            "width": 58.1,
            "height": 14.0,
            "line": 0,
            "block": 0,
        },
        {
            "text": "2024-0318",
            "confidence": 0.987,
            "x": 134.6,
            "y": 74.3,
            "width": 80.4,
            "height": 13.9,
            "line": 0,
            "block": 0,
        },
    ],
    "orientation": 0,
    "skew": -0.91,
    "preparation": ["deskewed"],
    "engine": "rapidocr",
}
_LOST_PAGE: Final = {
    "job_id": JOB_ID,
    "document": 0,
    "file": _SCAN,
    "page": 2,
    "state": "failed",
    "duration_s": 0.7,
    "attempts": 3,
    "width_pt": None,
    "height_pt": None,
    "error": _CRASH,
}
TERMINAL: Final = {
    "job_id": JOB_ID,
    "state": "partial",
    "successful": [
        {"document": 0, "file": _SCAN, "pages": 1, "output": _TEXT, "outputs": {"text": _TEXT}}
    ],
    "failed": [],
    "total_files": 1,
    "total_pages_processed": 1,
    "duration_seconds": 3.274,
    "pages": COUNTS,
    "failed_pages": [{"document": 0, "page": 2, "kind": "worker_crashed", "attempts": 3}],
}
_STATUS: Final = {
    "job_id": JOB_ID,
    "state": "running",
    "current": 1,
    "total": 2,
    "percent": 50.0,
    "created_at": 1767225600.25,
}

REQUESTS: Final[dict[str, tuple[Example, ...]]] = {
    "initialize": (
        Example(
            "a host that wants words and the log",
            {
                "protocol_version": 1,
                "client": {"name": "demo", "version": "1.0"},
                "host_pid": 4242,
                "capabilities": {
                    "progress_interval_ms": 250,
                    "opt_out_notifications": ["worker/state"],
                    "diagnostics": True,
                    "log_level": "warning",
                },
            },
            {
                "protocol_version": 1,
                "server": {
                    "name": "ocr-sidecar",
                    "version": "0.1.0",
                    "pid": 4243,
                    "instance_id": "9f2d4c7e1a3b4f0f8f6e5d4c3b2a1908",
                    "log_path": "/home/me/.local/state/ocr-sidecar/log/ocr-sidecar.log",
                },
                "limits": {
                    "max_line_bytes": 16777216,
                    "max_batch": 100,
                    "max_jobs": 1000,
                    "kept_jobs": 200,
                    "kept_job_s": 3600.0,
                },
                "methods": ["initialize", "ping", "ocr/start"],
                "notifications": ["job/progress", "job/page", "job/result", "job/error"],
                "engines": ["rapidocr", "tesseract", "null"],
                "host_watched": True,
            },
        ),
    ),
    "ping": (Example("an answer", {}, {}),),
    "rpc.discover": (
        Example(
            "this document, cut short",
            {},
            {
                "openrpc": "1.3.2",
                "info": {"title": "ocr-sidecar", "version": "1"},
                "methods": [],
                "components": {},
                "x-notifications": [],
                "x-what-to-do": {"document_not_found": "check the path"},
            },
        ),
    ),
    "shutdown": (Example("finish the jobs first", {"mode": "drain", "timeout_s": 120.0}, {}),),
    "exit": (Example("leave", {}, {}),),
    "document/info": (
        Example(
            "a scan, page by page",
            {"document": {"path": _SCAN}, "include_pages": True},
            {
                "path": _SCAN,
                "format": "pdf",
                "page_count": 1,
                "encrypted": False,
                "size_bytes": 184320,
                "warnings": [],
                "pages": [
                    {
                        "page": 1,
                        "width_pt": 595.44,
                        "height_pt": 842.04,
                        "rotation": 90,
                        "has_text": False,
                    }
                ],
            },
        ),
    ),
    "document/render": (
        Example(
            "a small picture in the reply",
            {"document": {"path": _SCAN}, "page": 1, "max_px": 16, "format": "jpeg"},
            {"page": 1, "width_px": 11, "height_px": 16, "data": "/9j/4AAQSkZJRgABAQ=="},
        ),
        Example(
            "a large one in a file",
            {"document": {"path": _SCAN}, "page": 1, "dpi": 300, "output": "/home/me/page.png"},
            {"page": 1, "width_px": 2481, "height_px": 3508, "path": "/home/me/page.png"},
        ),
        Example(
            "with the words that a job has read of it",
            {"document": {"path": _SCAN}, "page": 1, "overlay": {"job_id": JOB_ID}},
            {"page": 1, "width_px": 849, "height_px": 1200, "data": "iVBORw0KGgo="},
        ),
    ),
    "ocr/start": (
        Example(
            "two pages into a text file",
            {
                "document": {"path": _SCAN, "pages": "1-2"},
                "output_dir": "/home/me/texts",
                "outputs": ["text"],
                "options": {"languages": ["en", "de"], "dpi": 300.0, "inline": "words"},
            },
            {"job_id": JOB_ID},
        ),
        Example(
            "an image in base64, of which a corner is read",
            {
                "document": {"data": "iVBORw0KGgo=", "name": "clip.png"},
                "options": {
                    "region": {"x": 0.0, "y": 0.0, "width": 200.0, "height": 80.0},
                    "priority": "interactive",
                },
            },
            {"job_id": JOB_ID},
        ),
    ),
    "ocr/start_batch": (
        Example(
            "a scan and the last page of another",
            {
                "documents": [{"path": _SCAN}, {"path": "/home/me/report.pdf", "pages": "-1"}],
                "options": {"job_timeout_s": 600.0},
            },
            {"job_id": JOB_ID},
        ),
    ),
    "job/status": (
        Example(
            "a job that is half done",
            {"job_id": JOB_ID},
            {
                **_STATUS,
                "pages": {**COUNTS, "failed": 0},
                "documents": [
                    {
                        "document": 0,
                        "file": _SCAN,
                        "state": "running",
                        "page_count": 2,
                        "pages": {**COUNTS, "failed": 0},
                    }
                ],
                "started_at": 1767225601.5,
            },
        ),
        Example(
            "a job that was cancelled before its document was counted",
            {"job_id": JOB_ID},
            {
                **_STATUS,
                "state": "cancelled",
                "current": 0,
                "total": None,
                "percent": None,
                "pages": {**COUNTS, "recognized": 0, "failed": 0},
                "documents": [],
                "finished_at": 1767225602.0,
                "error": _CANCELLED,
            },
        ),
    ),
    "job/list": (Example("those that run", {"state": "running"}, {"jobs": [_STATUS]}),),
    "job/result": (
        Example(
            "a job that has ended",
            {"job_id": JOB_ID, "document": 0, "pages": "1-"},
            {"terminal": TERMINAL, "pages": [READ_PAGE, _LOST_PAGE]},
        ),
        Example("one that has just begun", {"job_id": JOB_ID}, {"terminal": None, "pages": []}),
    ),
    "job/cancel": (
        Example("a running job", {"job_id": JOB_ID}, {"job_id": JOB_ID, "state": "cancelled"}),
    ),
    "job/prioritize": (
        Example(
            "the pages that somebody looks at",
            {"job_id": JOB_ID, "document": 0, "pages": "40-42"},
            {"job_id": JOB_ID, "state": "running"},
        ),
        Example(
            "a job that somebody waits for",
            {"job_id": JOB_ID, "priority": "interactive"},
            {"job_id": JOB_ID, "state": "queued"},
        ),
    ),
    "$/cancelRequest": (
        Example("by number", {"id": 7}, {}),
        Example("by string", {"id": "ocr-7"}, {}),
    ),
    "job/forget": (Example("a finished job", {"job_id": JOB_ID}, {}),),
    "events/replay": (
        Example("after a gap", {"since": 41}, {"from": 42, "to": 57, "missed": 0}),
        Example("nothing is left of it", {"since": 41}, {"from": None, "to": None, "missed": 3}),
    ),
}

NOTIFICATIONS: Final[dict[str, tuple[Example, ...]]] = {
    "job/progress": (
        Example(
            "half done",
            {
                "seq": 9,
                "job_id": JOB_ID,
                "current": 1,
                "total": 2,
                "percent": 50.0,
                "message": "Processing file 1/1: scan.pdf (page 1/2)",
                "document": 0,
                "file": _SCAN,
                "page": 1,
                "page_count": 2,
                "eta_s": 1.6,
            },
        ),
    ),
    "job/page": (
        Example("a page that was read", {"seq": 8, **READ_PAGE}),
        Example("a page that was lost, sent again", {"seq": 10, "replayed": True, **_LOST_PAGE}),
    ),
    "job/result": (Example("one page of two", {"seq": 12, **TERMINAL}),),
    "job/error": (
        Example(
            "a job that was cancelled",
            {"seq": 12, **TERMINAL, "state": "cancelled", "error": _CANCELLED},
        ),
    ),
    "worker/state": (
        Example(
            "a worker has died",
            {"seq": 11, "slot": 1, "worker_id": WORKER_ID, "state": "starting", "signal": 9},
        ),
    ),
    "log/message": (
        Example(
            "a warning",
            {"seq": 13, "level": "warning", "message": "worker 5e0c was killed; error_id 0b6c1e"},
        ),
    ),
}
