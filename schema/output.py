"""The JSON Schema of the output `json`, from the types that the worker writes it by."""

from typing import Any

import msgspec

from ocr_worker.outputs import json as json_output


def output_schema() -> dict[str, Any]:
    """Return the schema of a whole file. It allows members that a later version may add."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": f"The JSON output of ocr-sidecar, version {json_output.VERSION}",
        **msgspec.json.schema(json_output.Output),
    }
