"""The format of a conversation, in files of this kit and in fences of protocol.md alike.

The first line is `jsonl-transcript` and settings, as after the backticks of a fence; then one
record a line. Lines that begin with `#` are comments.

    jsonl-transcript null_engine={"text":"hello"}
    # What this is about.
    → {"jsonrpc":"2.0","id":1,"method":"ping"}
    ← {"jsonrpc":"2.0","id":1,"result":{}}
    → (end of stdin)
    ← (exit 0)
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

HEAD = "jsonl-transcript"
SUFFIX = ".transcript"

_FENCE = re.compile(
    rf"^### (?P<title>[^\n]+)\n(?:(?!^#).)*?^```(?P<text>{HEAD}[^\n]*\n.*?)^```$",
    re.MULTILINE | re.DOTALL,
)
_DIRECTIVE = {
    "→": re.compile(r"\((end of stdin|SIGTERM|SIGINT|hex( [0-9a-f]{2})+|\d+ times .)\)"),
    "←": re.compile(r"\(exit \d+\)"),
}


class BadTranscript(Exception):
    """A transcript is not in the format; the message names the line."""


@dataclass(frozen=True)
class Record:
    """One line of a conversation: what the host sends (`is_sent`), or what it is to be told."""

    is_sent: bool
    text: str
    line: int
    """Where it stands, counting from 1."""

    @property
    def directive(self) -> str | None:
        """What is done or seen apart from lines, such as `end of stdin`; None for a line."""
        return self.text[1:-1] if self.text[:1] == "(" else None


@dataclass(frozen=True)
class Transcript:
    """A conversation. `settings` are variables of the daemon without their `OCR_SIDECAR_`."""

    name: str
    about: str
    settings: Mapping[str, str]
    records: tuple[Record, ...]

    @property
    def sends_signals(self) -> bool:
        """True when it needs a system with POSIX signals."""
        return any(one.directive in ("SIGTERM", "SIGINT") for one in self.records)


def parse(name: str, text: str) -> Transcript:
    """Return the transcript. Raise `BadTranscript`."""
    head, *lines = text.split("\n")  # splitlines would split at U+2028 too
    if head.split()[:1] != [HEAD]:
        raise BadTranscript(f"{name}:1: does not begin with {HEAD}")
    try:
        settings = dict(part.split("=", 1) for part in head.split()[1:])
    except ValueError:
        raise BadTranscript(f"{name}:1: a setting is NAME=VALUE, without spaces") from None
    comments = [line[1:].strip() for line in lines if line.startswith("#")]
    records = tuple(
        _record(name, number, line)
        for number, line in enumerate(lines, 2)
        if line and not line.startswith("#")
    )
    return Transcript(name, " ".join(comments), settings, records)


def in_folder(folder: Path) -> list[Transcript]:
    """Return the transcripts of a folder, by name. Raise `BadTranscript`."""
    return [
        parse(path.stem, path.read_text(encoding="utf-8"))
        for path in sorted(folder.glob(f"*{SUFFIX}"), key=lambda path: path.stem)
    ]


def in_markdown(text: str) -> list[Transcript]:
    """Return the transcripts in a document's fences, named by their headings.

    Raise `BadTranscript`, also for a fence that has no heading of the third level.
    """
    found = list(_FENCE.finditer(text))
    if len(found) != text.count(f"```{HEAD}"):
        raise BadTranscript("a transcript has no heading")
    return [parse(match["title"], match["text"]) for match in found]


def fill(text: str, folder: Path, values: Mapping[str, Any]) -> str:
    """Return a record's text with `/home/me` and `"$name"` replaced by what they stand for."""

    def native(match: re.Match[str]) -> str:
        path = str(folder) + match[1].replace("/", "\\" if "\\" in str(folder) else "/")
        return json.dumps(path, ensure_ascii=False)[1:-1]

    def value(match: re.Match[str]) -> str:
        return json.dumps(values[match[1]]) if match[1] in values else match[0]

    filled = re.sub(r"/home/me((?:/[^\"\\/]+)*)", native, text)
    return re.sub(r'"\$(\w+)"', value, filled)


def matches(pattern: Any, value: Any, bound: dict[str, Any] | None = None) -> bool:
    """Tell whether a message is as a transcript has it; members not written may be there.

    `"…"` is any value, and so is `"$name"`, which `bound` is told. The responses to a batch may
    stand in any order.
    """
    bound = {} if bound is None else bound
    if isinstance(pattern, list) and isinstance(value, list) and _are_responses(pattern):
        return len(pattern) == len(value) and _match_all(pattern, value, bound)
    return _matches(pattern, value, bound)


def _matches(pattern: Any, value: Any, bound: dict[str, Any]) -> bool:
    if pattern == "…":
        return True
    if isinstance(pattern, str) and pattern.startswith("$") and len(pattern) > 1:
        return bound.setdefault(pattern[1:], value) == value
    if isinstance(pattern, dict):
        return isinstance(value, dict) and all(
            name in value and _matches(pattern[name], value[name], bound) for name in pattern
        )
    if isinstance(pattern, list):
        return (
            isinstance(value, list)
            and len(pattern) == len(value)
            and all(_matches(one, other, bound) for one, other in zip(pattern, value, strict=True))
        )
    # 3600 and 3600.0 are one number, but true is not 1.
    return isinstance(pattern, bool) == isinstance(value, bool) and pattern == value


def _are_responses(pattern: list[Any]) -> bool:
    return all(isinstance(one, dict) and "id" in one for one in pattern)


def _match_all(patterns: list[Any], values: list[Any], bound: dict[str, Any]) -> bool:
    """Find a value for every pattern; tried in order, so that it is quick where order is kept."""
    if not patterns:
        return True
    first, *others = patterns
    for index, value in enumerate(values):
        trial = dict(bound)
        rest = values[:index] + values[index + 1 :]
        if _matches(first, value, trial) and _match_all(others, rest, trial):
            bound.update(trial)
            return True
    return False


def _record(name: str, number: int, line: str) -> Record:
    arrow, text = line[:1], line[2:]
    if arrow not in _DIRECTIVE or line[1:2] != " " or not text:
        raise BadTranscript(f"{name}:{number}: begins neither with '→ ' nor with '← '")
    if text[0] == "(" and not _DIRECTIVE[arrow].fullmatch(text):
        raise BadTranscript(f"{name}:{number}: unknown directive {text}")
    if arrow == "←" and text[0] != "(":
        try:
            json.loads(text)
        except ValueError:
            raise BadTranscript(f"{name}:{number}: what is expected is no JSON") from None
    return Record(arrow == "→", text, number)
