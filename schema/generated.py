"""The generated files and what is in them."""

import json

import msgspec

from daemon import openrpc
from schema import rust, typescript
from schema.model import read_document


def generated() -> dict[str, str]:
    """Return the text of every generated file by its path from the root of the repository."""
    document = msgspec.json.decode(msgspec.json.encode(openrpc.document()))
    protocol = read_document(document)
    return {
        "schema/openrpc.json": json.dumps(document, indent=2, ensure_ascii=False) + "\n",
        "clients/typescript/src/protocol.ts": typescript.render(protocol),
        "clients/rust/src/protocol.rs": rust.render(protocol),
    }
