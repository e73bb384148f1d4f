"""Reads protocol.md: tables and shapes. Its transcripts are read by `tests.conformance`.

A cell of members is in backticks: `name`, then `?` when it may be absent, ` or null` when it may be
null, then `:` and a default (JSON), a shape's name, `[Shape]`, `{members}` or `[{members}]`. A
shape's name alone stands for its members.
"""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

PATH = Path(__file__).parent.parent / "protocol.md"
NO_DEFAULT = object()

_MEMBER = re.compile(r"(?P<name>[\w-]+)(?P<absent>\?)?(?P<null> or null)?(?::(?P<value>.+))?")


@dataclass(frozen=True)
class Member:
    """A member as the document has it; `members` are those of the object it holds, if any."""

    name: str
    may_be_absent: bool
    may_be_null: bool
    default: Any = NO_DEFAULT
    members: "tuple[Member, ...] | None" = None


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
