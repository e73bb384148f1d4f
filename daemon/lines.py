"""Lines towards the host that are more than bytes: parts that lie in files, parts that go to one.

Pure: what is to be read and written is said here, and done by the thread that writes to the host.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

import orjson

MAX_OUTBOUND_LINE_BYTES: Final = 48 * 1024
"""Many hosts' line readers stop at 64 KiB; a host may announce that it takes more."""


@dataclass(frozen=True, slots=True)
class Place:
    """Bytes that lie in a file of ours."""

    path: str
    offset: int
    size: int


@dataclass(frozen=True, slots=True)
class Overflow:
    """What is written to a file, whole, before the line that names the file."""

    path: str
    parts: "tuple[Part, ...]"
    is_passing: bool = False
    """Of no job: kept only until there are newer ones."""


@dataclass(frozen=True, slots=True)
class StoredLine:
    """A line, or a piece of one, for which the disk is needed.

    `fallback` takes its place where a file cannot be read or written.
    """

    parts: "tuple[Part, ...]"
    fallback: bytes
    overflow: Overflow | None = None


Part: TypeAlias = bytes | Place | StoredLine
Line: TypeAlias = bytes | StoredLine


def size_of(parts: Iterable[Part]) -> int:
    """Return how long the parts are together, in bytes, wherever they lie."""
    return sum(_size(part) for part in parts)


def memory_of(line: Part) -> int:
    """Return how many bytes a line holds in memory while it waits."""
    if isinstance(line, bytes):
        return len(line)
    if isinstance(line, Place):
        return 0
    overflow = line.overflow.parts if line.overflow else ()
    return sum(memory_of(part) for part in (*line.parts, *overflow))


def _size(part: Part) -> int:
    match part:
        case bytes():
            return len(part)
        case Place(size=size):
            return size
        case StoredLine(parts=parts):
            return size_of(parts)


def shorten(params: dict[str, Any], path: str | None, max_bytes: int) -> dict[str, Any]:
    """Return a notification's params without what grows: its text goes, its lists are empty.

    `path` names the file with all of it, or says by a null that there is none.
    """
    left = {
        name: [] if isinstance(value, list) else value
        for name, value in params.items()
        if name != "text"
    }
    left["path"] = path
    error = left.get("error")
    if isinstance(error, dict) and len(orjson.dumps(left)) > max_bytes:
        # The only long text in there; `error_id` leads to it in the log.
        left["error"] = {
            **error,
            "data": {name: item for name, item in error["data"].items() if name != "stderr_tail"},
        }
    return left
