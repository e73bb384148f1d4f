"""What hostile files cost: memory of a process of its own that opens and reads them."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.corpus.bombs import bombs

ROOT = Path(__file__).parent.parent.parent
MAX_BYTES = 200 * 1024**2
"""Python, PDFium, Pillow and pikepdf take some 50 MB of it."""
PROGRAM = """
import json, re, sys
from pathlib import Path
from ocr_worker import wire
from ocr_worker.documents import open_document
from ocr_worker.errors import TaskError

for path in sys.argv[1:]:
    try:
        document = open_document(wire.Source(path=path), wire.Limits())
        for page in range(1, min(2, document.page_count) + 1):
            document.text_layer(page)
            document.render(page, dpi=None, region=None, scale=1.0)
        document.close()
    except TaskError as error:
        pass
    # Not what getrusage tells, which is the peak of whoever started us where that was higher.
    (peak,) = re.findall(r"VmHWM:\\s+(\\d+) kB", Path("/proc/self/status").read_text())
    print(json.dumps([path, 1024 * int(peak)]))
"""


@pytest.mark.skipif(sys.platform != "linux", reason="it asks Linux for the peak of its memory")
@pytest.mark.timeout(120)
def test_no_bomb_of_the_corpus_takes_the_memory_that_it_asks_for(tmp_path):
    entries = list(bombs(tmp_path))
    paths = [str(tmp_path / entry.name) for entry in entries]
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-c", PROGRAM, *paths]
    done = subprocess.run(command, capture_output=True, text=True, timeout=100, env=env)

    assert done.returncode == 0, done.stderr
    peaks = [json.loads(line) for line in done.stdout.splitlines()]
    assert [path for path, _ in peaks] == paths
    assert [(Path(path).name, peak) for path, peak in peaks if peak > MAX_BYTES] == []
