"""Replays a transcript against a daemon: any program that speaks protocol.md on its pipes."""

import json
import os
import queue
import signal
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

from tests.conformance.fixtures import write_documents
from tests.conformance.process import Daemon
from tests.conformance.rules import BridgeRules, Rules, Violation
from tests.conformance.transcript import Record, Transcript, fill, matches

TIMEOUT_S = 20.0
"""For each wait."""
OPTIONAL = ("worker/state", "job/progress", "log/message")
"""Notifications that may come at any time; a transcript that names one waits for it."""
_SHOWN_CHARS = 300
_VARIABLE = "OCR_SIDECAR_"


class Watch(Protocol):
    """Somebody else who is to hear a conversation."""

    def on_sent(self, data: bytes) -> None:
        """The host writes this."""

    def on_received(self, message: Any) -> None:
        """The daemon has said this."""


class Mismatch(Exception):
    """The daemon did not do as the transcript has it; the message says where and how."""


def replay(
    transcript: Transcript,
    command: Sequence[str],
    timeout_s: float = TIMEOUT_S,
    env: Mapping[str, str] = os.environ,
    watch: Watch | None = None,
) -> None:
    """Hold the conversation with a daemon of its own, in a temporary folder of its own.

    `command` starts the daemon, in the environment `env` with the transcript's settings added.
    `watch` hears all that is said, and may raise.
    Raise `Mismatch`; `OSError` when the command cannot be started.
    """
    with tempfile.TemporaryDirectory(prefix="conformance-", ignore_cleanup_errors=True) as name:
        folder = Path(name).resolve()
        home = folder / "home"
        home.mkdir()
        write_documents(home)
        daemon = Daemon(command, _environment(env, transcript, folder), folder / "stderr")
        try:
            conversation = _Conversation(daemon, home, timeout_s, _rules_of(transcript), watch)
            conversation.hold(transcript.records)
        except Mismatch as mismatch:
            words = daemon.last_words()
            raise Mismatch(f"{mismatch}\nstderr: {words}" if words else str(mismatch)) from None
        finally:
            daemon.close()


def _environment(env: Mapping[str, str], transcript: Transcript, folder: Path) -> dict[str, str]:
    """Return an environment in which a daemon has one worker and writes below `folder` only."""
    settings = {
        "WORKERS": "1",
        "NULL_ENGINE": "{}",
        "LOG_DIR": str(folder / "log"),
        "SCRATCH_DIR": str(folder / "scratch"),
        **{name.upper(): value for name, value in transcript.settings.items()},
    }
    ours = {name: value for name, value in env.items() if not name.startswith(_VARIABLE)}
    return ours | {f"{_VARIABLE}{name}": value for name, value in settings.items()}


def _rules_of(transcript: Transcript) -> Rules | BridgeRules:
    return BridgeRules() if transcript.settings.get("dialect") == "bridge" else Rules()


class _Conversation:
    """One transcript being replayed. Each run of `←` records is awaited before the next `→`."""

    def __init__(
        self,
        daemon: Daemon,
        home: Path,
        timeout_s: float,
        rules: Rules | BridgeRules,
        watch: Watch | None,
    ) -> None:
        self._daemon = daemon
        self._home = home
        self._timeout_s = timeout_s
        self._rules = rules
        self._watch = watch
        self._values: dict[str, Any] = {}
        """What `$name` stands for; `$job` is the job that was named last."""

    def hold(self, records: Sequence[Record]) -> None:
        """Go through the records. Raise `Mismatch`."""
        expected: list[Record] = []
        for record in records:
            if not record.is_sent:
                expected.append(record)
                continue
            self._await(expected)
            expected.clear()
            self._send(record)
        self._await(expected)

    def _send(self, record: Record) -> None:
        data = fill(record.text, self._home, self._values).encode() + b"\n"
        match (record.directive or "").split(" ", 1):
            case ["end", _]:
                self._daemon.end_input()
                return
            case ["SIGTERM" | "SIGINT" as name]:
                self._daemon.process.send_signal(signal.Signals[name])
                return
            case ["hex", digits]:
                data = bytes.fromhex(digits) + b"\n"
            case [number, times_what] if number.isdecimal():
                data = times_what[-1].encode() * int(number) + b"\n"
        if self._watch is not None:
            self._watch.on_sent(data)
        try:
            self._daemon.write(data, self._timeout_s)
        except OSError:
            raise Mismatch(f"line {record.line}: the daemon does not read") from None

    def _await(self, expected: Sequence[Record]) -> None:
        """Take messages until all that is expected has come, and nothing else.

        Responses may come at any place among the others; notifications have their order.
        """
        lines = [one for one in expected if one.directive is None]
        responses = [one for one in lines if not _is_notification(json.loads(one.text))]
        notifications = [one for one in lines if one not in responses]
        while responses or notifications:
            message = self._receive((responses + notifications)[0])
            wanted = notifications[:1] if _is_notification(message) else responses
            met = next((one for one in wanted if self._is_met(one, message)), None)
            if met is not None:
                (responses if met in responses else notifications).remove(met)
            elif not _is_optional(message):
                raise self._unexpected(message, wanted or lines)
        for record in expected:
            if record.directive is not None:
                self._await_exit(record, int(record.directive.removeprefix("exit ")))

    def _await_exit(self, record: Record, code: int) -> None:
        while (message := self._receive(record, may_end=True)) is not None:
            if not _is_optional(message):
                raise self._unexpected(message, [record])
        try:
            left = self._daemon.process.wait(self._timeout_s)
        except subprocess.TimeoutExpired:
            raise Mismatch(f"line {record.line}: stdout ended, the process did not") from None
        if left != code:
            raise Mismatch(f"line {record.line}: exit code {left} instead of {code}")

    def _receive(self, awaited: Record, *, may_end: bool = False) -> Any:
        """Return the next message, None at the end of stdout."""
        where = f"line {awaited.line}: "
        try:
            line = self._daemon.next_line(self._timeout_s)
        except queue.Empty:
            text = f"{where}nothing within {self._timeout_s:g} s, expected {_cut(awaited.text)}"
            raise Mismatch(text) from None
        if line is None:
            if may_end:
                return None
            raise Mismatch(f"{where}the end of stdout, expected {_cut(awaited.text)}")
        try:
            message = self._rules.read(line)
        except Violation as violation:
            raise Mismatch(f"{where}{violation}: {_cut(repr(line))}") from None
        if self._watch is not None:
            self._watch.on_received(message)
        return message

    def _is_met(self, record: Record, message: Any) -> bool:
        bound: dict[str, Any] = dict(self._values)
        if not matches(json.loads(fill(record.text, self._home, self._values)), message, bound):
            return False
        self._values = bound
        for one in message if isinstance(message, list) else [message]:
            if isinstance(one.get("result"), dict) and "job_id" in one["result"]:
                self._values["job"] = one["result"]["job_id"]
        return True

    def _unexpected(self, message: Any, wanted: Sequence[Record]) -> Mismatch:
        came = _cut(json.dumps(message, ensure_ascii=False))
        texts = " or ".join(_cut(fill(one.text, self._home, self._values)) for one in wanted)
        return Mismatch(f"line {wanted[0].line}: expected {texts}\n  came {came}")


def _is_notification(message: Any) -> bool:
    return isinstance(message, dict) and "method" in message


def _is_optional(message: Any) -> bool:
    if isinstance(message, dict) and message.get("type") == "progress":
        return True  # in the bridge dialect
    return _is_notification(message) and message["method"] in OPTIONAL


def _cut(text: str) -> str:
    return text if len(text) <= _SHOWN_CHARS else f"{text[:_SHOWN_CHARS]}…"
