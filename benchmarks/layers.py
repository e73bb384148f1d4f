"""How text layers over scans are judged: right ones, faulty ones and those of something else.

    python -m benchmarks.layers --data DIR [--pages 40] [--json FILE]

Each scan gets a layer of each kind, made of its true words, and is compared with a sample of its
pixels as a worker does it. `kept` is how many of a kind were taken for what a reader sees, `words`
the F1 of such layers against the truth: a layer that reads worse than the engine should not be
kept, one that reads better should. The engine is called directly, one page after the other.
"""

import json
import random
import statistics
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path

from PIL import Image

from benchmarks.harness import Report, arguments, say
from benchmarks.scoring import word_f1, words_of
from ocr_worker import wire
from ocr_worker.documents import open_document
from ocr_worker.engines import load_engine
from ocr_worker.engines.base import Reading
from ocr_worker.own_text.layer_check import Finding, check_layer
from tests.scans import Box, layered_scan_pdf, word_boxes

Words = list[tuple[str, Box]]
CONFUSED = dict(zip("0oO1lIi5sS8B6Gbhnmcert2Z", "OaDlI1l3zSB3Gb6nbrneocZ2", strict=True))
MIN_KEPT, MAX_KEPT = 0.85, 0.05
"""Share that is to be kept of right layers at least, and of wrong ones at most."""


def misread(share: float) -> Callable[[Words, random.Random], Words]:
    """Return what makes a layer of which that share of letters is misread, as Tesseract does."""

    def make(words: Words, chance: random.Random) -> Words:
        made = []
        for text, box in words:
            letters = [
                CONFUSED.get(char, chance.choice("ilrtcen.,")) if chance.random() < share else char
                for char in text
            ]
            made.append(("".join(letters), box))
        return made

    return make


def moved(lines_across: float, lines_down: float) -> Callable[[Words, random.Random], Words]:
    def make(words: Words, _chance: random.Random) -> Words:
        height = statistics.median(box[3] - box[1] for _, box in words)
        dx, dy = lines_across * height, lines_down * height
        return [(t, (b[0] + dx, b[1] + dy, b[2] + dx, b[3] + dy)) for t, b in words]

    return make


def scaled(factor: float) -> Callable[[Words, random.Random], Words]:
    def make(words: Words, _chance: random.Random) -> Words:
        return [(text, tuple(factor * side for side in box)) for text, box in words]

    return make


def garbage(words: Words, chance: random.Random) -> Words:
    letters = "abcdefghijklmnopqrstuvwxyz0123456789"
    return [("".join(chance.choice(letters) for _ in text), box) for text, box in words]


def shifted_letters(words: Words, _chance: random.Random) -> Words:
    return [("".join(chr(max(33, ord(char) - 29)) for char in text), box) for text, box in words]


def part(first: float, last: float) -> Callable[[Words, random.Random], Words]:
    def make(words: Words, _chance: random.Random) -> Words:
        return words[int(first * len(words)) : int(last * len(words))]

    return make


def without_every(n: int) -> Callable[[Words, random.Random], Words]:
    """Return what leaves out every nth line."""

    def make(words: Words, _chance: random.Random) -> Words:
        tops = sorted({box[1] for _, box in words})
        return [(text, box) for text, box in words if tops.index(box[1]) % n != n - 1]

    return make


KINDS: dict[str, tuple[Callable[[Words, random.Random], Words], str]] = {
    "the true words": (lambda words, _: words, "keep"),
    "true, boxes off by 0.15 line": (moved(0.15, 0.15), ""),
    "1 % of letters misread": (misread(0.01), ""),
    "2 % of letters misread": (misread(0.02), ""),
    "3 % of letters misread": (misread(0.03), ""),
    "5 % of letters misread": (misread(0.05), ""),
    "8 % of letters misread": (misread(0.08), "refuse"),
    "15 % of letters misread": (misread(0.15), "refuse"),
    "moved by half a line": (moved(0, 0.5), ""),
    "moved by a line": (moved(0, 1), "refuse"),
    "moved by three lines": (moved(0, 3), "refuse"),
    "moved by three letters": (moved(2, 0), "refuse"),
    "shrunk to 0.9": (scaled(0.9), "refuse"),
    "every 10th line left out": (without_every(10), ""),
    "every 4th line left out": (without_every(4), "refuse"),
    "every 2nd line left out": (without_every(2), "refuse"),
    "the first tenth only": (part(0, 0.1), "refuse"),
    "the first half only": (part(0, 0.5), "refuse"),
    "the second half only": (part(0.5, 1), "refuse"),
    "letters shifted by 29": (shifted_letters, "refuse"),
    "random letters": (garbage, "refuse"),
}


def main() -> int:
    parser = arguments(__doc__, runs=1)
    parser.add_argument("--pages", type=int, default=40, metavar="N", help="default: %(default)s")
    options = parser.parse_args()
    truth = json.loads((options.data / "truth.json").read_text(encoding="utf-8"))
    names = sorted(truth)[: options.pages]
    report = Report("layers", 1, {"pages": len(names)})
    engine = load_engine("rapidocr")
    findings: dict[str, list[Finding]] = defaultdict(list)
    pairs = defaultdict(list)
    check_s: list[float] = []
    full_s: list[float] = []

    def lines_of(name: str) -> list[tuple[str, Box]]:
        return [
            (line["text"], (min(q[::2]), min(q[1::2]), max(q[::2]), max(q[1::2])))
            for line in truth[name]
            for q in (line["quad"],)
        ]

    def look(image: Image.Image, words: Words, path: Path) -> Finding | None:
        document = open_document(
            wire.Source(path=str(layered_scan_pdf(path, image, words))), wire.Limits()
        )
        try:
            layer = document.text_layer(1)
            if layer is None or layer.trust == "refused":
                return None
            pixels = document.render(1, dpi=None, region=None, scale=1.0)
            started = time.process_time()
            finding = check_layer(layer.lines, [], pixels, engine, ("en",), lambda stage: None)
            check_s.append(time.process_time() - started)
            return finding
        finally:
            document.close()

    with tempfile.TemporaryDirectory(prefix="ocr-sidecar-benchmark-") as folder:
        path = Path(folder, "layered.pdf")
        for number, name in enumerate(names):
            say(f"page {number + 1} of {len(names)}")
            image = Image.open(options.data / f"{name}.jpg").convert("RGB")
            words = word_boxes(lines_of(name))
            chance = random.Random(number)
            layers = {kind: make(words, chance) for kind, (make, _) in KINDS.items()}
            layers["words of another page"] = word_boxes(lines_of(names[number - 1]))
            for kind, layer in layers.items():
                finding = look(image, layer, path)
                if finding is not None:
                    findings[kind].append(finding)
                read = words_of(" ".join(text for text, _ in layer))
                pairs[kind].append((read, words_of(" ".join(text for text, _ in words))))
            if number % 4 == 0:
                document = open_document(wire.Source(path=str(path)), wire.Limits())
                pixels = document.render(1, dpi=None, region=None, scale=1.0).pixels
                document.close()
                started = time.process_time()
                engine.recognize(pixels, Reading(), lambda stage: None)
                full_s.append(time.process_time() - started)
    show(findings, pairs, len(names))
    for kind, (_, wanted) in {**KINDS, "words of another page": (None, "refuse")}.items():
        kept = sum(each.is_kept for each in findings[kind]) / len(names)
        target = {"keep": (">=", MIN_KEPT), "refuse": ("<", MAX_KEPT)}.get(wanted)
        report.add(f"kept, {kind}", "", [kept], target)
    report.add("processor time of a check", "s", [statistics.median(check_s)])
    report.add("processor time of a full reading", "s", [statistics.median(full_s)])
    return report.finish(options.json)


def show(findings, pairs, n_pages) -> None:
    """Print what was measured of each kind: quantiles say where a threshold could lie."""
    print(
        f"{'layer':30} words  kept  agreement: 5 %, 50 %, 95 %   left out: 5 %, 50 %, 95 %"
        "   agreement above 0.80, 0.85, 0.90, 0.95"
    )
    for kind, found in findings.items():
        agreement = sorted(each.agreement for each in found)
        left_out = sorted(each.left_out for each in found)

        def quantiles(values) -> str:
            at = (0.05, 0.5, 0.95)
            return "  ".join(f"{values[int(q * (len(values) - 1))]:.2f}" for q in at)

        kept = sum(each.is_kept for each in found)
        print(
            f"{kind:30} {word_f1(pairs[kind]):.3f}  {kept:2}/{n_pages}"
            f"  {quantiles(agreement)}              {quantiles(left_out)}    "
            + "".join(f"{sum(a >= t for a in agreement):6}" for t in (0.8, 0.85, 0.9, 0.95))
        )


if __name__ == "__main__":
    sys.exit(main())
