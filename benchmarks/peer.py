"""The same pages through a library's own loop, for `benchmarks.receipts --peer`.

    python -m benchmarks.peer NAME RESULT IMAGE...

Writes `{"seconds": float, "texts": [str, ...]}` to RESULT. `rapidocr` is the library as it comes,
with its default runtime and all processors; `rapidocr-openvino` is the same on OpenVINO.
"""

import argparse
import json
import sys
import time
from pathlib import Path
from typing import Any

PEERS = {
    "rapidocr": ("rapidocr", "onnxruntime"),
    "rapidocr-openvino": ("rapidocr", "openvino"),
}
"""Which modules each needs."""


def load(name: str) -> Any:
    # Its telemetry would send reports over the network, and take its time for it.
    sys.modules["openvino_telemetry"] = None  # type: ignore[assignment]
    from rapidocr import EngineType, RapidOCR

    if name == "rapidocr":
        return RapidOCR()
    stages = ("Det", "Cls", "Rec")
    return RapidOCR(params={f"{stage}.engine_type": EngineType.OPENVINO for stage in stages})


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("name", choices=list(PEERS))
    parser.add_argument("result", type=Path)
    parser.add_argument("images", nargs="+")
    options = parser.parse_args()
    engine = load(options.name)
    engine(options.images[0])  # the first page allocates and compiles
    started = time.perf_counter()
    texts = ["\n".join(engine(image).txts or ()) for image in options.images]
    seconds = time.perf_counter() - started
    options.result.write_text(json.dumps({"seconds": seconds, "texts": texts}), encoding="utf-8")


if __name__ == "__main__":
    main()
