"""The OpenRPC document as generators want it: named types, their members, and who uses them.

Only what our own document has is understood; anything else raises, so that a new kind of type is
noticed where it is generated and not by a host.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

Schema = dict[str, Any]

Kind = Literal[
    "string",
    "integer",  # of either sign
    "count",  # an integer from 0 or 1 on
    "number",
    "boolean",
    "anything",
    "named",  # `name` says which
    "list",  # of its one `parts`
    "map",  # from strings to its one `parts`
    "nullable",  # its one `parts`, or null
    "either",  # any of its `parts`
]


@dataclass(frozen=True, slots=True)
class Type:
    """What a value may be."""

    kind: Kind
    name: str = ""
    parts: "tuple[Type, ...]" = ()


@dataclass(frozen=True, slots=True)
class Member:
    """A member of a struct; `notes` are sentences for a comment."""

    name: str
    type: Type
    is_required: bool
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Struct:
    """An object with known members, in order."""

    name: str
    doc: str
    members: tuple[Member, ...]


@dataclass(frozen=True, slots=True)
class Words:
    """A string that is one of several words; `docs` says what some of them mean."""

    name: str
    words: tuple[str, ...]
    docs: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Request:
    """A method and the names of its structs."""

    method: str
    summary: str
    params: str
    result: str


@dataclass(frozen=True, slots=True)
class Notification:
    """A notification, the name of its struct, and that of the members which all have."""

    method: str
    summary: str
    params: str
    numbered: str


@dataclass(frozen=True, slots=True)
class Error:
    """A row of the error table."""

    kind: str
    code: int
    retryable: bool
    doc: str


@dataclass(frozen=True, slots=True)
class Protocol:
    """Everything there is to generate; types in the order of their names."""

    version: int
    types: tuple[Struct | Words, ...]
    requests: tuple[Request, ...]
    notifications: tuple[Notification, ...]
    errors: tuple[Error, ...]


def read_document(document: Schema) -> Protocol:
    """Return the protocol that a document describes. Raise `ValueError` for what it must not."""
    components = document["components"]
    errors = tuple(
        Error(
            kind,
            error["code"],
            error["data"]["retryable"],
            f"When: {error['message']}. What to do: {document['x-what-to-do'][kind]}.",
        )
        for kind, error in components["errors"].items()
    )
    docs = {error.kind: error.doc for error in errors}
    return Protocol(
        version=int(document["info"]["version"]),
        types=tuple(_named(name, schema, docs) for name, schema in components["schemas"].items()),
        requests=tuple(
            Request(
                method["name"],
                method["summary"],
                _name(method["x-params"]),
                _result_name(method["result"]["schema"]),
            )
            for method in document["methods"]
        ),
        notifications=tuple(_notification(each) for each in document["x-notifications"]),
        errors=errors,
    )


def _notification(notification: Schema) -> Notification:
    numbered, params = map(_name, notification["x-params"]["allOf"])
    return Notification(notification["name"], notification["summary"], params, numbered)


def _named(name: str, schema: Schema, error_docs: Mapping[str, str]) -> Struct | Words:
    if "enum" in schema:
        words = tuple(schema["enum"])
        return Words(name, words, error_docs if set(words) == set(error_docs) else {})
    members = (
        Member(key, read_type(each), key in schema["required"], tuple(_notes(each)))
        for key, each in schema["properties"].items()
    )
    return Struct(name, schema["description"], tuple(members))


def read_type(schema: Schema) -> Type:
    """Return the type that a schema stands for. Raise `ValueError` for one that is unknown."""
    match schema:
        case {"$ref": _}:
            return Type("named", _name(schema))
        case {"allOf": [only]}:
            return read_type(only)
        case {"anyOf": options}:
            parts = tuple(read_type(each) for each in options if each != {"type": "null"})
            inner = parts[0] if len(parts) == 1 else Type("either", parts=parts)
            return inner if len(parts) == len(options) else Type("nullable", parts=(inner,))
        case {"type": "integer"}:
            return Type("count" if schema.get("minimum", -1) >= 0 else "integer")
        case {"type": "string" | "number" | "boolean" as kind}:
            return Type(kind)
        case {"type": "array", "items": items}:
            return Type("list", parts=(read_type(items),))
        case {"type": "object"} if "properties" not in schema:
            return Type("map", parts=(read_type(schema.get("additionalProperties", {})),))
        case _ if not schema:
            return Type("anything")
    raise ValueError(f"no type for {schema}")


def _notes(schema: Schema) -> list[str]:
    """Return what there is to say of a member: its unit and its default."""
    notes = [
        each["description"] for each in (schema, *schema.get("anyOf", ())) if "description" in each
    ]
    default = schema.get("default")
    if isinstance(default, bool | int | float) or (isinstance(default, str) and default):
        notes.append(f"Default: {json.dumps(default)}.")
    return notes


def _result_name(schema: dict[str, Any]) -> str:
    """Return the name of a result's type; what may come in its place is for clients to unwrap."""
    return _name(schema["anyOf"][0] if "anyOf" in schema else schema)


def _name(reference: Schema) -> str:
    name: str = reference["$ref"].rpartition("/")[2]
    return name
