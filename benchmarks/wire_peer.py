"""A server that answers `ping` by another library, for `benchmarks.wire`.

    python -m benchmarks.wire_peer NAME

`mcp` is the low-level server of the Model Context Protocol's SDK, which answers `ping` itself;
`pygls` a bare language server with a method of that name; `echo` sends back what it reads, which
is as fast as the driver of the benchmark can be answered by Python.
"""

import os
import sys
from importlib.util import find_spec

NAMES = ("mcp", "pygls")


def is_installed(name: str) -> bool:
    return find_spec(name) is not None


def mcp() -> None:
    import anyio
    from mcp.server.lowlevel import Server
    from mcp.server.stdio import stdio_server

    async def serve() -> None:
        server = Server("peer")
        async with stdio_server() as (incoming, outgoing):
            await server.run(incoming, outgoing, server.create_initialization_options())

    anyio.run(serve)


def pygls() -> None:
    from pygls.lsp.server import LanguageServer

    server = LanguageServer("peer", "1")
    server.feature("ping")(lambda params: {})
    server.start_io()


def echo() -> None:
    while chunk := os.read(0, 65536):
        os.write(1, chunk)


if __name__ == "__main__":
    {"mcp": mcp, "pygls": pygls, "echo": echo}[sys.argv[1]]()
