"""Not a worker: writes outputs where there is no room, and prints what came of it as JSON.

python writes_outputs.py KIND SOURCE FOLDER PAGE_COUNT LIMIT_BYTES; no limit is 0.
"""

import json
import resource
import signal
import sys
from pathlib import Path

from ocr_worker import wire
from ocr_worker.errors import TaskError
from ocr_worker.outputs.scratch import keep_page
from ocr_worker.outputs.writing import write_outputs
from tests.searchable import line_of, page_of

kind, source, folder, page_count, limit = sys.argv[1:]
kept = []
for number in range(1, int(page_count) + 1):
    words = [f"{number:04}{index:04}" for index in range(500)]
    lines = [line_of(words[at : at + 5], 20, 20 + at) for at in range(0, 500, 5)]
    kept.append(f"{source}.page{number}")
    keep_page(page_of(*lines, number=number), kept[-1])
if int(limit):
    # As a full disk does, the system says no instead of ending us.
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (int(limit), int(limit)))
other = "json" if kind == "text" else "text"
task = wire.Assemble(
    task=1,
    source=wire.Source(path=source),
    limits=wire.Limits(),
    file="a.pdf",
    page_count=int(page_count),
    outputs={kind: f"{folder}/{kind}", other: f"{folder}/{other}"},
    pages=tuple(kept),
)
try:
    write_outputs(task)
except TaskError as error:
    told = {"kind": error.kind, "message": error.message, "output": error.data["output"]}
else:
    told = {"kind": None}
told["left"] = sorted(path.name for path in Path(folder).iterdir())
print(json.dumps(told))
