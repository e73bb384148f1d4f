"""Examples of what is said about the daemon, its workers and what it can read; data only.

The rest, and what examples are for, is in `examples`.
"""

from typing import Final

from daemon.examples import COUNTS, JOB_ID, WORKER_ID, Example

REQUESTS: Final[dict[str, tuple[Example, ...]]] = {
    "status/get": (
        Example(
            "while a job runs",
            {},
            {
                "state": "running",
                "is_running": True,
                "current_page": 1,
                "total_pages": 2,
                "current_operation": "Processing file 1/1: scan.pdf (page 1/2)",
                "progress_percent": 50.0,
                "jobs": {"running": 1, "succeeded": 4},
            },
        ),
        Example(
            "after a job that failed",
            {},
            {
                "state": "error",
                "is_running": False,
                "current_page": None,
                "total_pages": None,
                "current_operation": None,
                "progress_percent": None,
                "jobs": {"failed": 1},
                "message": "There is no file of that name.",
            },
        ),
    ),
    "worker/list": (
        Example(
            "an inspector and a busy worker",
            {},
            {
                "workers": [
                    {
                        "slot": 0,
                        "worker_id": None,
                        "pid": None,
                        "kind": "inspector",
                        "state": "stopped",
                        "restarts": 0,
                        "uptime_s": 0.0,
                        "rss_bytes": 0,
                    },
                    {
                        "slot": 1,
                        "worker_id": WORKER_ID,
                        "pid": 4250,
                        "kind": "ocr",
                        "state": "running",
                        "restarts": 1,
                        "uptime_s": 12.5,
                        "rss_bytes": 402653184,
                        "job_id": JOB_ID,
                        "document": 0,
                        "page": 2,
                    },
                ]
            },
        ),
    ),
    "engine/list": (
        Example(
            "one that is there and one that is not",
            {},
            {
                "engines": [
                    {
                        "name": "rapidocr",
                        "version": "",
                        "available": False,
                        "reason": "Install openvino or onnxruntime.",
                    },
                    {
                        "name": "tesseract",
                        "version": "tesserocr 2.8.0",
                        "available": True,
                        "languages": ["en", "ru"],
                    },
                ]
            },
        ),
    ),
    "language/list": (
        Example(
            "two that can be read, and one whose data is not installed",
            {},
            {
                "languages": [
                    {
                        "code": "en",
                        "name": "English",
                        "script": "Latn",
                        "engines": ["rapidocr", "tesseract"],
                    },
                    {
                        "code": "ru",
                        "name": "Russian",
                        "script": "Cyrl",
                        "engines": ["tesseract"],
                    },
                    {
                        "code": "el",
                        "name": "Greek",
                        "script": "Grek",
                        "engines": [],
                    },
                ]
            },
        ),
    ),
    "hardware/get": (
        Example(
            "a laptop",
            {},
            {
                "cpu_count": 8,
                "cpu_usable": 8,
                "cpu_physical": 4,
                "memory_bytes": 17179869184,
                "memory_available_bytes": 9663676416,
                "accelerators": [],
                "load_average": 1.4,
                "foreign_load": 0.9,
                "on_battery": True,
                "battery_percent": 71,
                "workers": 6,
                "threads_per_worker": 1,
                "background_workers": 1,
                "reason": "9216 MiB of memory were available, and a worker takes 1228.",
                "threads_reason": "Pages are read side by side, which is faster.",
                "background_reason": "One, since the machine runs on battery.",
            },
        ),
    ),
    "health/check": (
        Example(
            "a worker that does not answer",
            {"deep": True},
            {
                "status": "degraded",
                "workers": [
                    {"slot": 0, "state": "idle", "responsive": True},
                    {"slot": 1, "state": "running", "responsive": False},
                    {"slot": 2, "state": "starting"},
                ],
                "problems": [
                    {
                        "kind": "worker_unresponsive",
                        "message": "The worker of slot 1 did not answer in time.",
                    }
                ],
            },
        ),
    ),
    "metrics/get": (
        Example(
            "after two pages",
            {},
            {
                "uptime_s": 64.2,
                "events_per_s": 3.1,
                "pages_per_min": 2.0,
                "pages": COUNTS,
                "errors": {"worker_crashed": 1},
                "restarts": {
                    "crash": 2,
                    "start_failed": 0,
                    "timeout": 0,
                    "silence": 0,
                    "cancel": 0,
                    "recycle": 0,
                    "requested": 0,
                },
                "latency_s": {
                    "queue": {"p50": 0.01, "p95": 0.02, "p99": 0.02, "n": 2},
                    "render": {"p50": 0.09, "p95": 0.09, "p99": 0.09, "n": 1},
                    "recognize": {"p50": 1.13, "p95": 1.13, "p99": 1.13, "n": 1},
                    "assemble": {"p50": None, "p95": None, "p99": None, "n": 0},
                },
                "queues": {
                    "replies": {"n": 0, "bytes": 0},
                    "notifications": {"n": 3, "bytes": 812},
                    "pages": {"n": 0, "bytes": 0},
                    "documents": {"n": 1, "bytes": 0},
                    "inspections": {"n": 0, "bytes": 0},
                },
                "dropped": {
                    "notifications": 5,
                    "log_messages": 0,
                    "log_file": 0,
                    "log_stderr": 0,
                },
                "daemon": {"rss_bytes": 50331648, "cpu_s": 0.41},
                "workers": [
                    {
                        "slot": 1,
                        "rss_bytes": 402653184,
                        "cpu_s": 2.2,
                        "uptime_s": 12.5,
                        "pages": 1,
                    }
                ],
            },
        ),
    ),
    "worker/restart": (Example("one slot", {"slot": 1}, {}),),
    "log/set_level": (Example("more of it", {"level": "debug"}, {}),),
}
