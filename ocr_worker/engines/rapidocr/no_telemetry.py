"""Keeps OpenVINO from reporting home: must be called before anything imports openvino.

`import openvino` otherwise imports its tools for the conversion of models if it can, and these
`openvino_telemetry`, which sends a request and writes under `~/intel`. With both barred it goes on
without, as in a bundle that has neither, and is imported in less than half of the time.
"""

import sys


def bar_telemetry() -> None:
    """Make `import openvino_telemetry` fail in this process, and that of the tools that import it.

    Raise `RuntimeError` if it is already too late.
    """
    if sys.modules.get("openvino_telemetry") is not None:
        raise RuntimeError("openvino_telemetry was imported before it could be barred")
    for name in ("openvino_telemetry", "openvino.tools"):
        # None is the import system's own way to say that a module must not be found.
        sys.modules[name] = None  # type: ignore[assignment]  # typeshed knows no None
