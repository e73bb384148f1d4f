"""The generated files and what is in them."""

import json

import msgspec

from daemon import openrpc
from schema import rust, typescript
from schema.model import read_document
from schema.output import output_schema


def generated() -> dict[str, str]:
    """Return the text of every generated file by its path from the root of the repository."""
    document = msgspec.json.decode(msgspec.json.encode(openrpc.document()))
    protocol = read_document(document)
    return {
        "schema/openrpc.json": _as_text(document),
        "schema/output.schema.json": _as_text(output_schema()),
        "clients/typescript/src/protocol.ts": typescript.render(protocol),
        "clients/rust/src/protocol.rs": rust.render(protocol),
    }


def _as_text(document: object) -> str:
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"
