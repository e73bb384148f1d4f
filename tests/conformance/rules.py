"""What protocol.md promises of every line in every conversation, whatever it is about.

A transcript says which messages come; these rules hold beside it: the form of a line, `seq`
without a gap, nothing of a job before the response that names it or after its last word, and
counts that add up.
"""

import json
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

TERMINALS = {
    "job/result": ("succeeded", "partial"),
    "job/error": ("failed", "cancelled"),
}
_READ = ("recognized", "native_text", "empty")


class Violation(Exception):
    """A line that protocol.md does not allow; the message says what is wrong with it."""


@dataclass
class _Job:
    """What has been told of a job."""

    told: dict[tuple[int, int], str] = field(default_factory=dict)
    """State by document and page."""
    is_over: bool = False


class Rules:
    """Reads the lines of one daemon from its first on."""

    def __init__(self) -> None:
        self._seq = 0
        self._jobs: dict[str, _Job] = {}

    def read(self, line: bytes) -> Any:
        """Return the message on a line that is given with its LF. Raise `Violation`."""
        message = _parse(line)
        if isinstance(message, list):
            if not message:
                raise Violation("an empty list")
            for response in message:
                self._read_response(response)
        elif isinstance(message, dict) and "method" in message:
            self._read_notification(message)
        else:
            self._read_response(message)
        return message

    def _read_response(self, response: Any) -> None:
        if not isinstance(response, dict) or response.get("jsonrpc") != "2.0":
            raise Violation("no message of JSON-RPC 2.0")
        if ("result" in response) == ("error" in response) or "id" not in response:
            raise Violation("a response has an id and either result or error")
        if isinstance(response["id"], bool | list | dict):
            raise Violation("an id is a string, a number or null")
        if "error" in response:
            _check_error(response["error"])
        elif isinstance(response["result"], dict) and "job_id" in response["result"]:
            self._jobs.setdefault(response["result"]["job_id"], _Job())

    def _read_notification(self, message: dict[str, Any]) -> None:
        params = message.get("params")
        if message.get("jsonrpc") != "2.0" or "id" in message or not isinstance(params, dict):
            raise Violation("a notification has jsonrpc, method and params, and no id")
        if params.get("seq") != self._seq + 1:
            raise Violation(f"seq {params.get('seq')} after {self._seq}")
        self._seq += 1
        if "job_id" in params:
            self._read_news(message["method"], params)

    def _read_news(self, method: str, params: dict[str, Any]) -> None:
        job = self._jobs.get(params["job_id"])
        if job is None:
            raise Violation("news of a job before the response that names it")
        if job.is_over:
            raise Violation("news of a job after its last word")
        if method == "job/page":
            page = params["document"], params["page"]
            if page in job.told:
                raise Violation("a page that has ended already")
            job.told[page] = params["state"]
        elif method in TERMINALS:
            job.is_over = True
            _check_terminal(method, params, job)


class BridgeRules:
    """Reads the lines of a daemon in the bridge dialect: events, each with its three members."""

    def read(self, line: bytes) -> Any:
        """Return the event on a line that is given with its LF. Raise `Violation`."""
        event = _parse(line)
        if not isinstance(event, dict) or list(event) != ["type", "data", "request_id"]:
            raise Violation("an event has type, data and request_id, and nothing else")
        if event["type"] not in ("progress", "result", "error"):
            raise Violation("an event is of one of three types")
        if not isinstance(event["data"], dict):
            raise Violation("the data of an event is an object")
        return event


def _parse(line: bytes) -> Any:
    if not line.endswith(b"\n"):
        raise Violation("the last line has no end")
    if b"\r" in line:
        raise Violation("a raw carriage return")
    try:
        return json.loads(line.decode("utf-8"), parse_constant=_refuse)
    except (ValueError, RecursionError):
        raise Violation("no JSON in UTF-8") from None


def _refuse(constant: str) -> None:
    raise ValueError(f"{constant} is no JSON")


def _check_error(error: Any) -> None:
    data = error.get("data") if isinstance(error, dict) else None
    if (
        not isinstance(data, dict)
        or type(error.get("code")) is not int
        or not isinstance(error.get("message"), str)
        or not isinstance(data.get("kind"), str)
        or not isinstance(data.get("retryable"), bool)
    ):
        raise Violation("an error has code, message and data with kind and retryable")


def _check_terminal(method: str, params: dict[str, Any], job: _Job) -> None:
    counts: Counter[str] = Counter(params["pages"])
    if params["state"] not in TERMINALS[method]:
        raise Violation(f"a job that is {params['state']} in {method}")
    if ("error" in params) != (method == "job/error"):
        raise Violation("error belongs to job/error, and only there")
    if not Counter(job.told.values()) <= counts:
        raise Violation("pages were told that are not in the counts")
    if params["total_pages_processed"] != sum(counts[state] for state in _READ):
        raise Violation("total_pages_processed does not count the pages that were read")
    if len(params["failed_pages"]) != counts["failed"]:
        raise Violation("failed_pages are not as many as counted")
    if len(params["successful"]) + len(params["failed"]) > params["total_files"]:
        raise Violation("more documents have ended than there are")
