"""Documents of thousands of pages: counted at once, read with memory that does not grow."""

import numpy as np
import psutil
import pytest

from tests.corpus.tiff_writer import Directory, Tiff, tags_of
from tests.scans import text_pdf

N_PAGES = 5000
READ = "1-150,4851-"
NULL = {"engine": "null", "inline": "none"}


def largest_worker():
    return max(each.memory_info().rss for each in psutil.Process().children(recursive=True))


@pytest.mark.parametrize("kind", ["pdf", "tif"])
def test_a_document_of_5000_pages_is_counted_in_time_and_read_with_little_memory(
    spawn_daemon, tmp_path, kind
):
    path = tmp_path / f"long.{kind}"
    if kind == "pdf":
        text_pdf(path, [[f"Page number {number} of many"] for number in range(N_PAGES)])
    else:
        pixels = np.full((8, 8, 1), 255, np.uint8)
        Tiff(pages=[Directory(tags_of(pixels, 1), [pixels.tobytes()])] * N_PAGES).write(path)
    client = spawn_daemon("--workers", "1")
    document = {"path": str(path)}

    about = client.request("document/info", {"document": document})
    job_id = client.start([document | {"pages": READ}], options=NULL)
    sizes = []
    for event in client.job_events(job_id, timeout_s=30):
        # Once when the worker has just begun, once in the second half.
        if event.method == "job/page" and event.params["page"] in (1, 4901):
            sizes.append(largest_worker())

    assert about["page_count"] == N_PAGES
    assert sum(event.params["pages"].values()) == 300
    assert event.params["failed_pages"] == []
    assert sizes[1] - sizes[0] < 60_000_000
