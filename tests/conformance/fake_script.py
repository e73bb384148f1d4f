"""The format of a fake daemon's script: JSON Lines, one rule a line, lines with `#` are comments.

    {"on": "ocr/start", "do": [{"result": {"job_id": "job-1"}}, {"pause_ms": 50}, {"exit": 3}]}

A rule is for one method; the first that fits a request is used. README.md here lists the actions.
"""

import json
import re
import signal
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tests.conformance.transcript import matches

START = "(start)"
END_OF_STDIN = "(end of stdin)"
ANY = "*"

_TEMPLATE = re.compile(r"\$(id|method|params(?:\.\w+)*)")
_MILLISECONDS = (int, float)
_ACTIONS: Mapping[str, type | tuple[type, ...]] = {
    "result": object,
    "error": dict,
    "notify": str,
    "pause_ms": _MILLISECONDS,
    "write": str,
    "write_hex": str,
    "write_line_of_bytes": int,
    "stop": str,
    "exit": int,
    "die": str,
    "hang_ms": _MILLISECONDS,
}


class BadScript(Exception):
    """A script is not in the format; the message names the line."""


@dataclass
class Rule:
    """What is done when a request for a method comes, or something else that has a name."""

    on: str
    actions: tuple[Mapping[str, Any], ...]
    params: Any = "…"
    """A pattern for the params, as in transcripts."""
    times: float = float("inf")
    """How often it may still be used."""

    def fits(self, request: Mapping[str, Any]) -> bool:
        """Tell whether it is for this request."""
        is_meant = self.on == request["method"] or (self.on == ANY and "id" in request)
        return is_meant and self.times > 0 and matches(self.params, request.get("params", {}))


def parse(text: str) -> list[Rule]:
    """Return the rules of a script, and after them those for what it says nothing about.

    Raise `BadScript`.
    """
    rules = []
    for number, line in enumerate(text.split("\n"), 1):
        if line.strip() and not line.startswith("#"):
            try:
                rules.append(_rule(json.loads(line)))
            except ValueError as error:
                raise BadScript(f"line {number}: {error}") from None
    not_found = {"code": -32601, "message": "The script has no rule for this method."}
    not_found["data"] = {"kind": "method_not_found", "retryable": False}
    return [
        *rules,
        Rule("ping", ({"result": {}},)),
        Rule("shutdown", ({"result": {}}, {"exit": 0})),
        Rule("exit", ({"exit": 1},)),
        Rule(END_OF_STDIN, ({"exit": 0},)),
        Rule(ANY, ({"error": not_found},)),
    ]


def fill(value: Any, request: Mapping[str, Any]) -> Any:
    """Return a value with `"$id"`, `"$method"` and `"$params.a.b"` taken from the request.

    What the request does not have is null.
    """
    if isinstance(value, dict):
        return {name: fill(member, request) for name, member in value.items()}
    if isinstance(value, list):
        return [fill(item, request) for item in value]
    if not isinstance(value, str) or (match := _TEMPLATE.fullmatch(value)) is None:
        return value
    found: Any = request
    for name in match[1].split("."):
        found = found.get(name) if isinstance(found, Mapping) else None
    return found


def _rule(record: Any) -> Rule:
    if not isinstance(record, dict) or not isinstance(record.get("on"), str):
        raise ValueError('a rule is an object with "on", the name of a method')
    if unknown := record.keys() - {"on", "params", "times", "do"}:
        raise ValueError(f"a rule has no member {min(unknown)!r}")
    actions = record.get("do")
    if not isinstance(actions, list):
        raise ValueError('a rule needs "do", a list of actions')
    for action in actions:
        _check(action)
    return Rule(
        record["on"], tuple(actions), record.get("params", "…"), record.get("times", float("inf"))
    )


def _check(action: Any) -> None:
    names = set(action) - {"params"} if isinstance(action, dict) else set()
    if len(names) != 1 or not names <= _ACTIONS.keys():
        raise ValueError(f"an action is an object with one of {', '.join(_ACTIONS)}")
    (name,) = names
    if not isinstance(action[name], _ACTIONS[name]):
        raise ValueError(f"{name} cannot be {action[name]!r}")
    if name == "write_hex":
        bytes.fromhex(action[name])
    if name == "die" and not hasattr(signal, action[name]):
        raise ValueError(f"there is no signal {action[name]}")
    if "params" in action and name != "notify":
        raise ValueError(f"{name} has no params")
