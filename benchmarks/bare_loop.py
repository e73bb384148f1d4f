"""The worker's own pipeline in as many processes as the daemon has slots, and nothing around it.

    python -m benchmarks.bare_loop PDF ENGINE

is one of the processes: it loads the engine, reads page 1 uncounted, says `ready`, reads the pages
whose numbers come on its stdin until that ends, says `done` and then what it read, as JSON. No
output is written, no page is kept, nobody watches. All share one pipe of numbers, so that whoever
is free takes the next page.
"""

import contextlib
import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import IO

from daemon.worker_process import ONE_THREAD
from ocr_worker import wire
from ocr_worker.documents import open_document
from ocr_worker.engines import load_engine
from ocr_worker.recognition import read_page

_NUMBER_BYTES = 4
"""Far below what a pipe takes and gives in one piece."""


def read(
    pdf: Path, n_pages: int, n_processes: int, engine: str = wire.RecognizeOptions().engine
) -> tuple[float, list[str]]:
    """Read all pages; return the seconds from the first number to the last page, and the texts."""
    command = [sys.executable, "-m", "benchmarks.bare_loop", str(pdf), engine]
    env = {**os.environ, **ONE_THREAD}
    numbers_out, numbers_in = os.pipe()
    with contextlib.ExitStack() as stack:
        loops = [
            stack.enter_context(
                subprocess.Popen(command, stdin=numbers_out, stdout=subprocess.PIPE, env=env)
            )
            for _ in range(n_processes)
        ]
        os.close(numbers_out)
        with open(numbers_in, "wb") as numbers:
            answers = [loop.stdout for loop in loops if loop.stdout is not None]
            _expect(b"ready", answers)
            started = time.perf_counter()
            for number in range(1, n_pages + 1):
                numbers.write(number.to_bytes(_NUMBER_BYTES))
        _expect(b"done", answers)
        seconds = time.perf_counter() - started
        texts: dict[str, str] = {}
        for answer in answers:
            texts |= json.loads(answer.read())
    return seconds, [texts[str(number)] for number in range(1, n_pages + 1)]


def _expect(line: bytes, answers: list[IO[bytes]]) -> None:
    for answer in answers:
        if answer.readline().strip() != line:
            raise SystemExit("a bare loop has ended before its time")


def main(pdf: str, engine_name: str) -> None:
    source, limits = wire.Source(path=pdf), wire.Limits()
    options = wire.RecognizeOptions(engine=engine_name)
    engine = load_engine(engine_name)
    document = open_document(source, limits)

    def text_of(number: int) -> str:
        task = wire.Recognize(
            task=number, source=source, limits=limits, page=number, options=options
        )
        return read_page(document, task, lambda name: engine, lambda stage: None).text

    text_of(1)
    print("ready", flush=True)
    texts = {}
    while taken := os.read(0, _NUMBER_BYTES):
        number = int.from_bytes(taken)
        texts[number] = text_of(number)
    print("done", flush=True)
    print(json.dumps(texts))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
