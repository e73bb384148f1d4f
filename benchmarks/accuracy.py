"""Word accuracy, time and memory of an engine called directly over scanned receipts.

Expects a folder with images `NNN.jpg` and `truth.json`: name of the image without suffix to its
lines, each with `text`. Score: upper-case, split into `[A-Z0-9]+`, F1 over the multisets of words
of all pages. Run: `python -m benchmarks.accuracy --data DIR [--engine rapidocr] [--target 0.945]`.
"""

import argparse
import json
import sys
import time
from pathlib import Path

import numpy as np
import psutil
from PIL import Image

from benchmarks.scoring import Words, word_f1, words_of
from ocr_worker.engines import load_engine
from ocr_worker.engines.base import Engine, Reading


def read_image(engine: Engine, path: Path) -> Words:
    with Image.open(path) as image:
        pixels = np.asarray(image.convert("RGB"))
    lines = engine.recognize(pixels, Reading(), lambda stage: None)
    return words_of("\n".join(line.text for line in lines))


def peak_rss_mib() -> float:
    memory = psutil.Process().memory_info()
    if sys.platform == "win32":
        return memory.peak_wset / 2**20
    import resource

    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 2**20


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True, help="folder with NNN.jpg, truth.json")
    parser.add_argument("--engine", default="rapidocr", help="default: %(default)s")
    parser.add_argument("--target", type=float, default=0.945, help="F1 below which it fails")
    options = parser.parse_args()

    started = time.perf_counter()
    engine = load_engine(options.engine)
    loaded = time.perf_counter() - started

    truth = json.loads((options.data / "truth.json").read_text(encoding="utf-8"))
    pairs = []
    started = time.perf_counter()
    for name in sorted(truth):
        expected = words_of("\n".join(line["text"] for line in truth[name]))
        pairs.append((read_image(engine, options.data / f"{name}.jpg"), expected))
    seconds = (time.perf_counter() - started) / len(truth)
    f1 = word_f1(pairs)

    print(f"engine      {engine.name} {engine.version}")
    print(f"pages       {len(truth)}")
    print(f"word F1     {f1:.4f} (target {options.target})")
    print(f"load        {loaded:.2f} s")
    print(f"page        {seconds:.3f} s")
    print(f"peak RSS    {peak_rss_mib():.0f} MiB, {psutil.Process().memory_info().rss >> 20} now")
    return 0 if f1 >= options.target else 1


if __name__ == "__main__":
    sys.exit(main())
