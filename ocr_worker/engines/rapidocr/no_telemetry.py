"""Keeps OpenVINO from reporting home: must be called before anything imports openvino.

`import openvino` otherwise imports `openvino_telemetry`, which sends a request and writes under
`~/intel`. With the module barred, OpenVINO falls back to the stub it carries itself.
"""

import sys


def bar_telemetry() -> None:
    """Make `import openvino_telemetry` fail in this process. Raise if it is already too late."""
    if sys.modules.get("openvino_telemetry") is not None:
        raise RuntimeError("openvino_telemetry was imported before it could be barred")
    # None is the import system's own way to say that a module must not be found.
    sys.modules["openvino_telemetry"] = None  # type: ignore[assignment]  # typeshed knows no None
