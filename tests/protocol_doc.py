"""Reads protocol.md: tables, shapes, transcripts; and the daemon to replay the transcripts against.

A cell of members is in backticks: `name`, then `?` when it may be absent, ` or null` when it may be
null, then `:` and a default (JSON), a shape's name, `[Shape]`, `{members}` or `[{members}]`. A
shape's name alone stands for its members.
"""

import json
import os
import queue
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.wire_check import WireCheck

PATH = Path(__file__).parent.parent / "protocol.md"
NO_DEFAULT = object()

_MEMBER = re.compile(r"(?P<name>[\w-]+)(?P<absent>\?)?(?P<null> or null)?(?::(?P<value>.+))?")
_FENCE = re.compile(
    r"^### (?P<title>[^\n]+)\n(?:(?!^#).)*?"
    r"^```jsonl-transcript(?: dialect=(?P<dialect>\w+))?(?: null_engine=(?P<engine>[^\n]*))?\n"
    r"(?P<body>.*?)^```$",
    re.MULTILINE | re.DOTALL,
)


@dataclass(frozen=True)
class Member:
    """A member as the document has it; `members` are those of the object it holds, if any."""

    name: str
    may_be_absent: bool
    may_be_null: bool
    default: Any = NO_DEFAULT
    members: "tuple[Member, ...] | None" = None


@dataclass(frozen=True)
class Transcript:
    """A conversation: lines of ("→" or "←", text), with the null engine behaving as told."""

    title: str
    dialect: str
    null_engine: str | None
    lines: tuple[tuple[str, str], ...]


class ProtocolDoc:
    """The document, ready to be asked."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.shapes = {_plain(row[0]): _plain(row[1]) for row in self.table("shape")}

    def table(self, first_column: str) -> list[list[str]]:
        """Return the rows of the one table whose first heading is that, without the heading."""
        pattern = rf"^\| {re.escape(first_column)} \|[^\n]*\n\|[-|]+\|\n((?:\|[^\n]*\|\n)+)"
        found = re.findall(pattern, self.text, re.MULTILINE)
        assert len(found) == 1, f"{len(found)} tables with first column {first_column!r}"
        return [
            [cell.strip() for cell in line.strip().strip("|").split(" |")]
            for line in found[0].splitlines()
        ]

    def section(self, title: str) -> str:
        """Return the text under a heading of the second level."""
        _, _, rest = self.text.partition(f"\n## {title}\n")
        assert rest, f"no section {title!r}"
        return re.split(r"^## ", rest, maxsplit=1, flags=re.MULTILINE)[0]

    def members(self, cell: str) -> tuple[Member, ...]:
        """Return the members that a cell or a shape's definition lists."""
        spec = _plain(cell)
        spec = self.shapes.get(spec, spec)
        found: list[Member] = []
        for part in _split(spec):
            found += self.members(part) if part in self.shapes else [self._member(part)]
        return tuple(found)

    def notifications_and_methods(self) -> tuple[list[list[str]], list[list[str]]]:
        """Return the rows of the two tables whose first column is `method`."""
        split = self.text.index("\n## Notifications\n")
        before, after = ProtocolDoc.__new__(ProtocolDoc), ProtocolDoc.__new__(ProtocolDoc)
        before.text, after.text = self.text[:split], self.text[split:]
        return after.table("method"), before.table("method")

    def guarantees(self) -> list[str]:
        """Return the ids of the guarantees, in order."""
        return re.findall(r"^- \*\*(G-\d+)\*\* ", self.section("Guarantees"), re.MULTILINE)

    def transcripts(self) -> list[Transcript]:
        """Return every transcript."""
        found = list(_FENCE.finditer(self.text))
        assert len(found) == self.text.count("```jsonl-transcript"), "a transcript has no heading"
        return [
            Transcript(
                title=match["title"],
                dialect=match["dialect"] or "jsonrpc",
                null_engine=match["engine"],
                lines=tuple((line[0], line[2:]) for line in match["body"].splitlines()),
            )
            for match in found
        ]

    def _member(self, text: str) -> Member:
        match = _MEMBER.fullmatch(text)
        assert match is not None, f"not a member: {text!r}"
        value, default, members = match["value"] or "", NO_DEFAULT, None
        inner = value.strip("[]")
        if inner.startswith("{"):
            members = self.members(inner[1:-1])
        elif inner[:1].isupper():
            assert inner in self.shapes or inner == "Options", f"no shape {inner!r}"
            if inner in self.shapes:
                members = self.members(inner)
        elif value:
            default = json.loads(value)
        return Member(match["name"], bool(match["absent"]), bool(match["null"]), default, members)


class ReplayedDaemon:
    """The real daemon on its pipes, held to the schema; every wait is bounded."""

    def __init__(
        self, folder: Path, null_engine: str | None = None, dialect: str = "jsonrpc"
    ) -> None:
        env = {
            **os.environ,
            "PYTHONPATH": str(PATH.parent),
            "OCR_SIDECAR_LOG_DIR": str(folder / "log"),
            "OCR_SIDECAR_SCRATCH_DIR": str(folder / "scratch"),
            "OCR_SIDECAR_NULL_ENGINE": null_engine or "{}",
        }
        self.process = subprocess.Popen(
            [sys.executable, "-P", "-m", "daemon", "--workers", "1", "--dialect", dialect],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=env,
        )
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.stdin, self._stdout = self.process.stdin, self.process.stdout
        self._lines: queue.SimpleQueue[bytes | None] = queue.SimpleQueue()
        self._check = WireCheck() if dialect == "jsonrpc" else None
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        for line in self._stdout:
            self._lines.put(line)
        self._lines.put(None)

    def send(self, line: str) -> None:
        if self._check is not None:
            self._check.on_sent(line.encode() + b"\n")
        self.stdin.write(line.encode() + b"\n")
        self.stdin.flush()

    def receive_line(self) -> bytes | None:
        """Return the next line, LF included; None at the end."""
        return self._lines.get(timeout=20)

    def receive(self) -> Any:
        """Return the next message, None at the end."""
        line = self.receive_line()
        if line is None:
            return None
        message = json.loads(line)
        if self._check is not None:
            self._check.on_received(message)
        return message

    def receive_like(self, pattern: Any) -> Any:
        """Return the next message, which must be as the pattern; passing over what may come."""
        optional = [{"method": "worker/state"}, {"method": "job/progress"}, {"type": "progress"}]
        while True:
            message = self.receive()
            if message is not None and pattern is not None and matches(pattern, message):
                return message
            if not any(matches(each, message) for each in optional):
                assert message == pattern
                return message

    def close(self) -> None:
        self.process.kill()
        self.process.wait(10)
        self._reader.join(10)
        self._stdout.close()
        self.stdin.close()


def matches(pattern: Any, value: Any) -> bool:
    """Tell whether a message is as a transcript has it; members not written may be there."""
    if pattern == "…":
        return True
    if isinstance(pattern, dict):
        return isinstance(value, dict) and all(
            name in value and matches(pattern[name], value[name]) for name in pattern
        )
    if isinstance(pattern, list):
        return (
            isinstance(value, list)
            and len(pattern) == len(value)
            and all(map(matches, pattern, value))
        )
    # 3600 and 3600.0 are one number, but true is not 1.
    return isinstance(pattern, bool) == isinstance(value, bool) and pattern == value


def _plain(cell: str) -> str:
    return cell.strip().strip("`")


def _split(spec: str) -> Iterator[str]:
    """Yield the parts between commas that are in no braces or brackets."""
    depth, start = 0, 0
    for index, char in enumerate(spec):
        depth += (char in "{[") - (char in "}]")
        if char == "," and depth == 0:
            yield spec[start:index].strip()
            start = index + 1
    if spec[start:].strip():
        yield spec[start:].strip()
