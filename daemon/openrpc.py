"""The protocol as an OpenRPC document, made of the catalog, its types and its examples; pure.

Nothing is told here that is not told there. OpenRPC knows no notifications of a server, so they
are in `x-notifications`, shaped like methods; an error object of OpenRPC may have no members of our
own, so what a host can do about an error is in `x-what-to-do`.
"""

import inspect
from collections.abc import Iterable, Mapping
from functools import cache
from typing import Annotated, Any, Final, Literal, get_args, get_origin

import msgspec

from daemon import errors, examples, health_examples, params
from daemon.catalog import EVERY_REQUEST, NOTIFICATIONS, REQUESTS, Notification, Request
from daemon.errors import ERROR_KINDS
from daemon.messages import OpenRpcDocument, Overflow
from daemon.notifications import Numbered
from ocr_worker.wire import Preparation

_VERSION: Final = "1.3.2"
"""The last that tools know: 1.4 adds nothing that is said here, and most meta-schemas refuse it."""
_REF: Final = "#/components/schemas/{name}"
EXAMPLES: Final = {**examples.REQUESTS, **health_examples.REQUESTS}

Schema = dict[str, Any]


@cache
def document() -> OpenRpcDocument:
    """Return the document. The first call takes some milliseconds, later ones nothing."""
    schemas = _schemas()
    return OpenRpcDocument(
        openrpc=_VERSION,
        info={
            "title": "ocr-sidecar",
            "version": str(params.PROTOCOL_VERSION),
            "description": "Local OCR behind one pipe: JSON-RPC 2.0 over stdin and stdout, "
            "one message a line. protocol.md says what the types cannot.",
            "license": {"name": "MIT"},
        },
        methods=tuple(_method(name, request, schemas) for name, request in REQUESTS.items()),
        components={
            "schemas": schemas,
            "errors": {
                kind.name: {
                    "code": kind.code,
                    "message": kind.when,
                    "data": {"kind": kind.name, "retryable": kind.retryable},
                }
                for kind in ERROR_KINDS.values()
            },
        },
        x_notifications=tuple(
            _notification(name, notification, schemas)
            for name, notification in NOTIFICATIONS.items()
        ),
        x_what_to_do={kind.name: kind.what_to_do for kind in ERROR_KINDS.values()},
    )


def asked() -> set[type[msgspec.Struct]]:
    """Return the types of what hosts send."""
    return _structs_in(request.params for request in REQUESTS.values())


def sent() -> set[type[msgspec.Struct]]:
    """Return the types of what the daemon sends."""
    results = (request.result for request in REQUESTS.values())
    told = (notification.params for notification in NOTIFICATIONS.values())
    return _structs_in((*results, *told, Numbered, Overflow, errors.ErrorObject))


def words() -> dict[str, tuple[str, ...]]:
    """Return what is one of several words and has a name: the name to the words, in order."""
    named = {**vars(params), "ErrorKindName": errors.ErrorKindName, "Preparation": Preparation}
    found = {}
    for name, hint in named.items():
        if get_origin(hint) is Literal:
            found[name] = get_args(hint)
        elif get_origin(hint) is Annotated:
            extra = getattr(get_args(hint)[1], "extra_json_schema", None) or {}
            # What only repeats the words of another name goes by that one.
            if "enum" in extra and tuple(extra["enum"]) not in found.values():
                found[name] = tuple(extra["enum"])
    return found


def _method(name: str, request: Request, schemas: Mapping[str, Schema]) -> Schema:
    return {
        "name": name,
        "summary": request.summary,
        "paramStructure": "by-name",
        "params": _descriptors(request.params, schemas),
        "result": {"name": "result", "required": True, "schema": _result(request)},
        "errors": [
            {"$ref": f"#/components/errors/{kind}"} for kind in (*EVERY_REQUEST, *request.errors)
        ],
        "examples": [
            _pairing(example.name, example.params, example.result)
            for example in EXAMPLES.get(name, ())
        ],
        "x-params": _ref(request.params),
    }


def _notification(name: str, notification: Notification, schemas: Mapping[str, Schema]) -> Schema:
    return {
        "name": name,
        "summary": notification.summary,
        "paramStructure": "by-name",
        "params": [
            *_descriptors(Numbered, schemas),
            *_descriptors(notification.params, schemas),
        ],
        "examples": [
            _pairing(example.name, example.params)
            for example in examples.NOTIFICATIONS.get(name, ())
        ],
        "x-params": {"allOf": [_ref(Numbered), _ref(notification.params)]},
    }


def _descriptors(struct: type[msgspec.Struct], schemas: Mapping[str, Schema]) -> list[Schema]:
    schema = schemas[struct.__name__]
    return [
        {"name": name, "required": name in schema["required"], "schema": member}
        for name, member in schema["properties"].items()
    ]


def _pairing(name: str, asked: Mapping[str, Any], answered: Any = None) -> Schema:
    pairing: Schema = {
        "name": name,
        "params": [{"name": member, "value": value} for member, value in asked.items()],
    }
    if answered is not None:
        pairing["result"] = {"name": "result", "value": answered}
    return pairing


def _result(request: Request) -> Schema:
    result = _ref(request.result)
    return {"anyOf": [result, _ref(Overflow)]} if request.may_overflow else result


def _ref(struct: type[msgspec.Struct]) -> Schema:
    return {"$ref": _REF.format(name=struct.__name__)}


def _schemas() -> dict[str, Schema]:
    """Return the schema of every type, and of everything that is one of several words, by name."""
    told = sent()
    structs = sorted(asked() | told, key=lambda struct: struct.__name__)
    _, components = msgspec.json.schema_components(structs, ref_template=_REF)
    for struct in told:
        _require_what_is_always_there(struct, components[struct.__name__])
    naming = _Naming(words())
    schemas: dict[str, Schema] = {name: naming.tidy(each) for name, each in components.items()}
    return dict(sorted((schemas | naming.used).items()))


def _require_what_is_always_there(struct: type[msgspec.Struct], schema: Schema) -> None:
    """A member with a default may be left out by a host; the daemon leaves out only some."""
    leaves_out = struct.__struct_config__.omit_defaults
    required = []
    for field in msgspec.structs.fields(struct):
        name, member = field.encode_name, schema["properties"][field.encode_name]
        if field.required or not (leaves_out or field.default is msgspec.UNSET):
            required.append(name)
        elif leaves_out and field.default is None:
            # Left out rather than null.
            options = [each for each in member.pop("anyOf") if each != {"type": "null"}]
            member.update(options[0] if len(options) == 1 else {"anyOf": options})
        member.pop("default", None)
    schema["required"] = required


class _Naming:
    """Puts a reference where words are that have a name, and nothing beside references."""

    def __init__(self, named: Mapping[str, tuple[str, ...]]) -> None:
        self._named = {frozenset(each): (name, each) for name, each in named.items()}
        self.used: dict[str, Schema] = {}
        """The schemas of the names that were needed."""

    def tidy(self, schema: Any) -> Any:
        """Return the schema, with all in it, as tools like it."""
        if isinstance(schema, list | tuple):
            return [self.tidy(each) for each in schema]
        if not isinstance(schema, dict):
            return schema
        tidied = {name: self.tidy(each) for name, each in schema.items()}
        if isinstance(tidied.get("description"), str):
            # Older Pythons leave the indentation of the source in a docstring.
            tidied["description"] = inspect.cleandoc(tidied["description"])
        choice = tidied.get("enum")
        if isinstance(choice, list) and frozenset(choice) in self._named:
            name, in_order = self._named[frozenset(choice)]
            self.used[name] = {"title": name, "type": "string", "enum": list(in_order)}
            for replaced in {"enum", "type"} & tidied.keys():
                del tidied[replaced]
            tidied["$ref"] = _REF.format(name=name)
        if "$ref" in tidied and len(tidied) > 1:
            # Many tools overlook what is beside a reference.
            tidied["allOf"] = [{"$ref": tidied.pop("$ref")}]
        return tidied


def _structs_in(hints: Iterable[Any]) -> set[type[msgspec.Struct]]:
    found: set[type[msgspec.Struct]] = set()
    waiting = list(hints)
    while waiting:
        hint = waiting.pop()
        if not (isinstance(hint, type) and issubclass(hint, msgspec.Struct)):
            waiting += get_args(hint)
        elif hint not in found:
            found.add(hint)
            waiting += (field.type for field in msgspec.structs.fields(hint))
    return found
