"""The OpenRPC document: valid by the official meta-schema, complete, and true to the types.

What is missing for a request or a notification is said by the test that is named after it.
"""

import ast
import json
import re
from pathlib import Path

import jsonschema
import msgspec
import pytest
from jsonschema import Draft7Validator, Draft202012Validator
from referencing import Registry
from referencing.jsonschema import DRAFT7

from daemon import catalog, examples, health_examples, openrpc
from daemon.catalog import NOTIFICATIONS, REQUESTS
from daemon.errors import ERROR_KINDS, ErrorData, RpcError
from daemon.notifications import Numbered

ROOT = Path(__file__).parent.parent
META = Path(__file__).parent / "meta_schema"
DOCUMENT = msgspec.json.decode(msgspec.json.encode(openrpc.document()))
METHODS = {method["name"]: method for method in DOCUMENT["methods"]}
TOLD = {notification["name"]: notification for notification in DOCUMENT["x-notifications"]}
EXAMPLES = {**examples.REQUESTS, **health_examples.REQUESTS}
PAIRINGS = [
    pytest.param(name, example, id=f"{name}: {example.name}")
    for name, some in EXAMPLES.items()
    for example in some
]
TOLD_EXAMPLES = [
    pytest.param(name, example, id=f"{name}: {example.name}")
    for name, some in examples.NOTIFICATIONS.items()
    for example in some
]


def read(path):
    return json.loads(path.read_text(encoding="utf-8"))


def validate(value, schema):
    """Check a value against a schema of the document, by both drafts that its tools may use."""
    whole = {**schema, "components": DOCUMENT["components"]}
    if "$ref" in schema:  # what is beside a reference does not count in the older draft
        whole = {"allOf": [schema], "components": DOCUMENT["components"]}
    Draft7Validator(whole).validate(value)
    Draft202012Validator(whole).validate(value)


def as_object(pairing):
    return {each["name"]: each["value"] for each in pairing["params"]}


def test_the_document_is_valid_openrpc():
    json_schema = DRAFT7.create_resource(read(META / "json-schema.json"))
    registry = Registry().with_resources(
        [
            ("https://meta.json-schema.tools", json_schema),
            ("https://meta.json-schema.tools/", json_schema),
        ]
    )
    validator = Draft7Validator(read(META / "openrpc.json"), registry=registry)
    validator.validate(DOCUMENT)

    broken = {**DOCUMENT, "methods": [{"name": "ping"}]}
    assert not validator.is_valid(broken), "the meta-schema must be able to refuse"


@pytest.mark.parametrize("name", DOCUMENT["components"]["schemas"])
def test_a_schema_is_valid_json_schema(name):
    schema = DOCUMENT["components"]["schemas"][name]
    Draft7Validator.check_schema(schema)
    Draft202012Validator.check_schema(schema)
    assert schema["title"] == name


def test_every_reference_leads_somewhere():
    for kind, name in re.findall(r'"#/components/(\w+)/([^"]+)"', json.dumps(DOCUMENT)):
        assert name in DOCUMENT["components"][kind]


def test_every_type_has_its_description():
    for struct in openrpc.asked() | openrpc.sent():
        assert DOCUMENT["components"]["schemas"][struct.__name__].get("description"), struct


def test_no_type_is_both_asked_and_sent():
    """A member with a default may be absent in what a host sends, and never is in what it gets."""
    assert openrpc.asked() & openrpc.sent() == set()


def test_no_two_names_stand_for_the_same_words():
    words = openrpc.words()
    assert len({frozenset(each) for each in words.values()}) == len(words)


@pytest.mark.parametrize("name", REQUESTS)
def test_a_request_is_documented_whole(name):
    assert EXAMPLES.get(name), f"{name} has no example: write one in daemon/examples.py"
    request, method = REQUESTS[name], METHODS[name]
    assert request.summary.endswith("."), f"{name} needs a summary in daemon/catalog.py"
    for example in EXAMPLES[name]:
        assert example.result is not None, f"{name}: the example has no result"
    assert set(request.errors) <= set(ERROR_KINDS)
    assert len(set(request.errors)) == len(request.errors)
    assert not set(request.errors) & {*catalog.EVERY_LINE, *catalog.EVERY_REQUEST}
    assert method["examples"]


@pytest.mark.parametrize("name", NOTIFICATIONS)
def test_a_notification_is_documented_whole(name):
    assert examples.NOTIFICATIONS.get(name), (
        f"{name} has no example: write one in daemon/examples.py"
    )
    assert NOTIFICATIONS[name].summary.endswith(".")
    assert [param["name"] for param in TOLD[name]["params"]][:2] == ["seq", "replayed"]


def test_every_example_is_of_something_in_the_catalog():
    assert set(EXAMPLES) <= set(REQUESTS)
    assert set(examples.NOTIFICATIONS) <= set(NOTIFICATIONS)


@pytest.mark.parametrize(("name", "example"), PAIRINGS)
def test_the_example_of_a_request_is_of_its_types(name, example):
    """Converted and back it is what it was; what a host may leave out comes back as its default."""
    params = msgspec.convert(example.params, REQUESTS[name].params)
    assert_contains(msgspec.to_builtins(params), example.params)
    result = msgspec.convert(example.result, REQUESTS[name].result)
    assert msgspec.json.decode(msgspec.json.encode(result)) == example.result


@pytest.mark.parametrize(("name", "example"), TOLD_EXAMPLES)
def test_the_example_of_a_notification_is_of_its_types(name, example):
    told = dict(example.params)
    numbered = {key: told.pop(key) for key in ("seq", "replayed") if key in told}
    for value, struct in ((numbered, Numbered), (told, NOTIFICATIONS[name].params)):
        typed = msgspec.convert(value, struct)
        assert msgspec.json.decode(msgspec.json.encode(typed)) == value


def assert_contains(whole, part):
    """Check that all of `part` is in `whole`, which may have more members."""
    if isinstance(part, dict):
        for name in part:
            assert_contains(whole[name], part[name])
    elif isinstance(part, list):
        for one, other in zip(whole, part, strict=True):
            assert_contains(one, other)
    else:
        assert whole == part


@pytest.mark.parametrize("name", METHODS)
def test_the_examples_of_a_method_are_valid_by_its_schema(name):
    method = METHODS[name]
    descriptors = {each["name"]: each for each in method["params"]}
    for pairing in method["examples"]:
        asked = as_object(pairing)
        assert set(asked) >= {each for each in descriptors if descriptors[each]["required"]}
        for member, value in asked.items():
            validate(value, descriptors[member]["schema"])
        validate(asked, method["x-params"])
        validate(pairing["result"]["value"], method["result"]["schema"])


@pytest.mark.parametrize("name", TOLD)
def test_the_examples_of_a_notification_are_valid_by_its_schema(name):
    notification = TOLD[name]
    for pairing in notification["examples"]:
        told = as_object(pairing)
        validate(told, notification["x-params"])
        del told["seq"]
        with pytest.raises(jsonschema.ValidationError):
            validate(told, notification["x-params"])


def test_the_last_word_on_a_job_has_the_states_of_its_name():
    told = as_object(TOLD["job/result"]["examples"][0])
    with pytest.raises(jsonschema.ValidationError):
        validate({**told, "state": "failed"}, TOLD["job/result"]["x-params"])
    with pytest.raises(jsonschema.ValidationError):
        validate({**told, "state": "failed"}, TOLD["job/error"]["x-params"])  # and no error


def test_the_errors_are_those_of_the_table():
    found = DOCUMENT["components"]["errors"]
    assert list(found) == list(ERROR_KINDS) == list(DOCUMENT["x-what-to-do"])
    for name, kind in ERROR_KINDS.items():
        assert found[name]["code"] == kind.code
        assert found[name]["data"] == {"kind": name, "retryable": kind.retryable}


def test_the_table_of_errors_names_every_member_of_their_data():
    told = " ".join(kind.when + kind.what_to_do for kind in ERROR_KINDS.values())
    members = set(ErrorData.__struct_fields__) - {"kind", "retryable"}
    assert [name for name in members if f"`{name}`" not in told] == []


def test_no_error_is_raised_with_data_that_has_no_type():
    unknown = []
    for package in ("daemon", "ocr_worker"):
        for path in (ROOT / package).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(node, ast.Call) and ast.unparse(node.func) in (
                    "RpcError",
                    "TaskError",
                ):
                    names = {keyword.arg for keyword in node.keywords} - {None}
                    unknown += [
                        (path.name, name) for name in names - set(ErrorData.__struct_fields__)
                    ]
    assert unknown == []


@pytest.mark.parametrize("data", [{"colour": "red"}, {"page": "three"}])
def test_what_a_worker_says_of_an_error_reaches_the_host_only_where_it_has_a_type(data):
    told = msgspec.to_builtins(RpcError("document_unreadable", "It is torn.", **data).to_wire())

    assert told["data"] == {"kind": "document_unreadable", "retryable": False}


def test_a_daemon_tells_the_document_and_names_the_method(spawn_daemon):
    client = spawn_daemon("--workers", "1")

    assert client.request("rpc.discover") == DOCUMENT
    assert client.request("rpc.discover") == DOCUMENT, "kept and told again"
    assert list(METHODS) == client.request("initialize")["methods"]
