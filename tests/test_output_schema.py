"""The JSON Schema of the output `json`, against files that are written and against protocol.md."""

import copy
import json
import re
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator, ValidationError

from ocr_worker.outputs import json as json_output
from tests.recognized_pages import line, page, rendered

ROOT = Path(__file__).parent.parent
SCHEMA = json.loads((ROOT / "schema" / "output.schema.json").read_text(encoding="utf-8"))
VALIDATOR = Draft202012Validator(SCHEMA)


def written(*pages):
    return json.loads(rendered(json_output, *pages))


def full():
    return written(
        page(
            line("one", 72, 72, 100, 12),
            line("two", 80, 90, 100.5, 12),
            line("apart", 300, 72, 50, 10, block=1, angle=2.5, thickness=8.0),
            orientation=90,
            skew=-0.5,
            preparation=("rotated", "deskewed", "contrast"),
            warnings=("faint",),
            engine="rapidocr",
        ),
        page(number=2, reason="nothing was found"),
    )


def test_it_is_a_schema():
    Draft202012Validator.check_schema(SCHEMA)


def test_a_file_with_all_there_is_to_say_is_valid():
    VALIDATOR.validate(full())


def test_a_file_without_pages_is_valid():
    VALIDATOR.validate(written())


@pytest.mark.parametrize("name", SCHEMA["$defs"])
def test_no_member_may_be_missing(name):
    definition = SCHEMA["$defs"][name]
    assert sorted(definition["required"]) == sorted(definition["properties"])


@pytest.mark.parametrize("place", ["file", "page", "block", "line", "word"])
def test_members_that_come_later_do_no_harm_and_wrong_ones_are_seen(place):
    def at(document):
        first = document["pages"][0]
        return {
            "file": document,
            "page": first,
            "block": first["blocks"][0],
            "line": first["lines"][0],
            "word": first["lines"][0]["words"][0],
        }[place]

    document = full()
    at(document)["later"] = 1
    VALIDATOR.validate(document)
    for name in at(full()):
        wrong = copy.deepcopy(document)
        at(wrong)[name] = {"not": "this"}
        with pytest.raises(ValidationError):
            VALIDATOR.validate(wrong)


def test_blocks_say_where_they_are_and_which_lines_are_theirs():
    (first, empty) = full()["pages"]

    assert first["blocks"] == [
        {"x": 72, "y": 72, "width": 108.5, "height": 30, "first_line": 0, "line_count": 2},
        {"x": 300, "y": 72, "width": 50, "height": 10, "first_line": 2, "line_count": 1},
    ]
    for each in first["lines"]:
        block = first["blocks"][each["block"]]
        members = first["lines"][block["first_line"] :][: block["line_count"]]
        assert each in members
    assert empty["blocks"] == []


def test_the_protocol_names_every_member():
    text = (ROOT / "protocol.md").read_text(encoding="utf-8")
    section = text.partition("## Outputs")[2].partition("\n## ")[0]
    named = set(re.findall(r"`([a-z_]+)`", section)) | set(re.findall(r'"([a-z_]+)"', section))

    members = {name for each in SCHEMA["$defs"].values() for name in each["properties"]}
    assert members <= named
