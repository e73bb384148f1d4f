"""Speed of pages that carry their own text: a born-digital PDF whose pages need no engine.

    python -m benchmarks.native [--runs 3] [--pages 500] [--json FILE]

The pages have some 2,500 letters each, in one column, in two, and as a table, in turn. Two slots;
time counts from the request that starts the job to its terminal notification.
"""

import random
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.daemons import daemon, open_client
from benchmarks.harness import Report, arguments, say
from tests.scans import content_pdf

TARGET = 150.0
SYLLABLES = [a + b for a in "bdfgklmnprst" for b in ("a", "en", "i", "or", "u")]


def words(chance: random.Random, n_letters: int) -> str:
    made: list[str] = []
    while sum(map(len, made)) + len(made) < n_letters:
        made.append("".join(chance.choice(SYLLABLES) for _ in range(chance.randint(1, 4))))
    return " ".join(made)


def column(chance: random.Random, x: float, n_letters: int, n_lines: int) -> str:
    lines = "".join(f"({words(chance, n_letters)}) Tj T*\n" for _ in range(n_lines))
    return f"BT /F1 10 Tf 14 TL {x} 770 Td\n{lines}ET\n"


def table(chance: random.Random) -> str:
    cells = [
        f"1 0 0 1 {60 + 120 * column} {770 - 14 * row} Tm ({words(chance, 12)}) Tj\n"
        for row in range(48)
        for column in range(4)
    ]
    return f"BT /F1 10 Tf\n{''.join(cells)}ET\n"


def page(chance: random.Random, number: int) -> bytes:
    match number % 3:
        case 0:
            return column(chance, 60, 52, 48).encode()
        case 1:
            return (column(chance, 60, 40, 32) + column(chance, 320, 40, 32)).encode()
        case _:
            return table(chance).encode()


def measure(report: Report, n_pages: int = 500) -> None:
    """Read such a PDF once a run, and add what came of it."""
    rates = []
    with tempfile.TemporaryDirectory(prefix="ocr-sidecar-benchmark-") as folder:
        chance = random.Random(0)
        pages = [page(chance, number) for number in range(n_pages)]
        path = content_pdf(Path(folder, "born-digital.pdf"), pages)
        with daemon(report, open_client) as client:
            client.request("ping")
            [*client.recognize([path])]  # the workers are up, their engines too
            for number in range(1, report.runs + 1):
                started = time.perf_counter()
                *events, terminal = client.recognize([path])
                rates.append(n_pages / (time.perf_counter() - started))
                say(f"run {number} of {report.runs}: {rates[-1]:.0f} pages/s")
                native = terminal.params["pages"]["native_text"]
                told = sum(event.method == "job/page" for event in events)
                is_whole = native == told == n_pages
                faults = [] if is_whole else [f"{native} native pages, {told} told"]
                report.check("every page kept its text", faults)
    report.add("born-digital pages", "pages/s", rates, (">=", TARGET))


def main() -> int:
    parser = arguments(__doc__, runs=3, data=False)
    parser.add_argument("--pages", type=int, default=500, metavar="N")
    options = parser.parse_args()
    report = Report("native", options.runs, {"pages": options.pages})
    measure(report, options.pages)
    return report.finish(options.json)


if __name__ == "__main__":
    sys.exit(main())
