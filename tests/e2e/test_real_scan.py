"""The real engine on a real-looking scan, through the daemon and through the command line."""

import json
import re
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

SAMPLE = Path(__file__).parent.parent.parent / "samples" / "scan.pdf"
TRUTH = (SAMPLE.parent / "scan.txt").read_text(encoding="utf-8").split("\f")


def words(text):
    return Counter(re.findall(r"[A-Z0-9]+", text.upper()))


def f1(text, truth):
    found, true = words(text), words(truth)
    return 2 * (found & true).total() / (found.total() + true.total())


@pytest.fixture(scope="module")
def recognized(tmp_path_factory):
    """The sample through the command line: what it printed, and the files it wrote."""
    folder = tmp_path_factory.mktemp("cli")
    env_options = ["--log-dir", str(folder / "log"), "--scratch-dir", str(folder / "scratch")]
    command = [sys.executable, "-P", "-m", "daemon", *env_options, "recognize", str(SAMPLE)]
    return subprocess.run(command, capture_output=True, text=True, timeout=50)


def test_the_command_line_prints_the_text_of_the_sample_in_page_order(recognized):
    assert recognized.returncode == 0, recognized.stderr
    pages = recognized.stdout.split("\f")

    assert len(pages) == 3
    for page, truth in zip(pages, TRUTH, strict=True):
        assert f1(page, truth) >= 0.97


def test_the_command_line_shows_progress_beside_the_text(recognized):
    # Of pages that end within a tenth of a second of each other, one is told.
    assert re.search(r"page [123]/3", recognized.stderr)


def test_columns_are_read_one_after_the_other(recognized):
    page = recognized.stdout.split("\f")[0]
    left = TRUTH[0].index("cheap, the ink")

    assert page.index("Every archive") < page.index("No sheet lies")
    assert left > 0
    assert page.index("glass plate") < page.index("No sheet lies")


def test_rows_of_a_table_are_lines_of_text(recognized):
    (row,) = [line for line in recognized.stdout.splitlines() if "Bound ledgers" in line]

    assert row.split("  ")[-1] == "173.70"


def test_word_boxes_lie_where_the_words_are(spawn_daemon, tmp_path):
    """The words of a page, drawn out of the scan by their boxes, read the same again."""
    client = spawn_daemon("--workers", "1")
    params = {
        "document": {"path": str(SAMPLE), "pages": "2"},
        "output_dir": str(tmp_path / "out"),
        "outputs": ["json"],
    }
    job_id = client.request("ocr/start", params)["job_id"]
    terminal = list(client.job_events(job_id, timeout_s=50))[-1].params
    output = terminal["successful"][0]["outputs"]["json"]
    page = json.loads(Path(output).read_text(encoding="utf-8"))["pages"][0]

    tall = [line for line in page["lines"] if "Acid-free" in line["text"]]
    assert page["page"] == 2
    assert len(tall) == 1
    (line,) = tall
    assert [word["text"] for word in line["words"]] == line["text"].split()
    for word in line["words"]:
        assert line["x"] - 1 <= word["x"]
        assert word["x"] + word["width"] <= line["x"] + line["width"] + 1
    again = client.request(
        "ocr/start",
        {
            "document": {"path": str(SAMPLE), "pages": "2"},
            "options": {
                "region": {
                    "x": line["x"] - 4,
                    "y": line["y"] - 4,
                    "width": line["width"] + 8,
                    "height": line["height"] + 8,
                }
            },
        },
    )["job_id"]
    events = list(client.job_events(again, timeout_s=50))
    (told,) = [event.params for event in events if event.method == "job/page"]
    assert "Acid-free" in told["text"]
    assert "Bound ledgers" not in told["text"]
