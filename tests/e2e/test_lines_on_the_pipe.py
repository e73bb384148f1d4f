"""Results and notifications that no line has room for, as a host sees them on the pipe."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

from tests.scans import scan_pdf, write_pdf

LIMIT = 48 * 1024
NULL = {"engine": "null"}


class Pipe:
    """A daemon on bare pipes, whose lines are measured."""

    def __init__(self, env, *options):
        command = [sys.executable, "-P", "-m", "daemon", *options]
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=env
        )
        self.longest = 0
        self.told = []

    def ask(self, method, params=None, request_id="1"):
        """Return the result; notifications met meanwhile are kept in `told`."""
        message = {"jsonrpc": "2.0", "id": request_id, "method": method, "params": params or {}}
        self._process.stdin.write(json.dumps(message).encode() + b"\n")
        self._process.stdin.flush()
        return self._read(lambda line: line.get("id") == request_id)["result"]

    def wait(self, *methods):
        """Return the params of the next notification of these methods."""
        for line in self.told:
            if line["method"] in methods:
                self.told.remove(line)
                return line["params"]
        return self._read(lambda line: line.get("method") in methods)["params"]

    def close(self):
        self._process.stdin.close()
        for line in self._process.stdout:
            self.longest = max(self.longest, len(line))
        self._process.stdout.close()
        assert self._process.wait(10) == 0

    def _read(self, wanted):
        while True:
            line = self._process.stdout.readline()
            assert line, "the daemon has ended"
            self.longest = max(self.longest, len(line))
            message = json.loads(line)
            if wanted(message):
                return message
            self.told.append(message)


@pytest.fixture
def pipe(daemon_env):
    """Start a daemon on bare pipes; it is ended afterwards, in order."""
    pipes = []

    def open_pipe(*options, text=None, **env):
        if text is not None:
            env["OCR_SIDECAR_NULL_ENGINE"] = json.dumps({"text": text})
        pipes.append(Pipe({**daemon_env, **env}, "--workers", "1", *options))
        return pipes[-1]

    yield open_pipe
    for one in pipes:
        one.close()


def whole(result):
    """Return what lies in the file that a result or a notification names."""
    return json.loads(Path(result.get("overflow", result)["path"]).read_bytes())


def blank_pdf(path, n_pages):
    """Write a PDF of many empty pages."""
    kids = b" ".join(b"%d 0 R" % (number + 3) for number in range(n_pages))
    page = b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 200 100] >>"
    tree = b"<< /Type /Pages /Count %d /Kids [%b] >>" % (n_pages, kids)
    write_pdf(path, [b"<< /Type /Catalog /Pages 2 0 R >>", tree, *[page] * n_pages])
    return str(path)


def test_a_batch_of_a_thousand_files_is_told_in_short_lines(pipe, tmp_path):
    daemon = pipe()
    documents = [{"path": str(tmp_path / f"missing-{number}.pdf")} for number in range(1000)]
    job = daemon.ask("ocr/start_batch", {"documents": documents, "options": NULL})

    terminal = daemon.wait("job/result", "job/error")
    status = daemon.ask("job/status", job)
    result = daemon.ask("job/result", job)

    assert (terminal["state"], terminal["total_files"], terminal["failed"]) == ("failed", 1000, [])
    assert len(whole(terminal)["failed"]) == 1000
    assert len(whole(status)["documents"]) == 1000
    assert whole(result)["terminal"]["failed"] == whole(terminal)["failed"]
    assert daemon.longest <= LIMIT


def test_a_document_of_five_thousand_pages_is_described_in_a_file(pipe, tmp_path):
    daemon = pipe()
    document = {"path": blank_pdf(tmp_path / "long.pdf", 5000)}

    short = daemon.ask("document/info", {"document": document})
    long = daemon.ask("document/info", {"document": document, "include_pages": True})

    assert short["page_count"] == 5000
    assert [page["page"] for page in whole(long)["pages"]] == list(range(1, 5001))
    assert long["overflow"]["size_bytes"] == Path(long["overflow"]["path"]).stat().st_size
    assert daemon.longest <= LIMIT


@pytest.mark.guarantee("G-7")
def test_a_long_page_is_in_a_file_until_its_job_is_forgotten_and_can_be_sent_again(pipe, tmp_path):
    text = "word" * 15_000
    daemon = pipe(text=text)
    pdf = str(scan_pdf(tmp_path / "a.pdf", [Image.new("L", (50, 50), 255)], dpi=72))
    job = daemon.ask("ocr/start", {"document": {"path": pdf}, "options": NULL})

    page = daemon.wait("job/page")
    terminal = daemon.wait("job/result")
    asked = daemon.ask("events/replay", {"since": page["seq"] - 1})
    again = daemon.wait("job/page")

    assert "text" not in page
    assert whole(page)["text"] == text
    assert whole(daemon.ask("job/result", job))["pages"][0]["text"] == text
    assert again == {**page, "replayed": True}
    assert (asked["from"], asked["to"], asked["missed"]) == (page["seq"], terminal["seq"], 0)
    assert daemon.longest <= LIMIT
    daemon.ask("job/forget", job)
    daemon.ask("document/info", {"document": {"path": pdf}})  # on the thread that removes
    assert not Path(page["path"]).exists()


def test_a_host_that_takes_long_lines_gets_them(pipe, tmp_path):
    daemon = pipe(text="word" * 15_000)
    daemon.ask("initialize", {"capabilities": {"max_line_bytes": 1_000_000}})
    pdf = str(scan_pdf(tmp_path / "a.pdf", [Image.new("L", (50, 50), 255)], dpi=72))
    daemon.ask("ocr/start", {"document": {"path": pdf}, "options": NULL})

    assert len(daemon.wait("job/page")["text"]) == 60_000


def test_pages_that_memory_has_no_room_for_are_there_all_the_same(pipe, tmp_path):
    daemon = pipe(text="x" * 100_000)
    pdf = blank_pdf(tmp_path / "long.pdf", 400)
    options = {**NULL, "mode": "force"}
    job = daemon.ask("ocr/start", {"document": {"path": pdf}, "options": options})
    daemon.wait("job/result")

    (first,) = whole(daemon.ask("job/result", {**job, "pages": "1"}))["pages"]
    every = whole(daemon.ask("job/result", job))["pages"]

    assert (first["page"], len(first["text"])) == (1, 100_000)
    assert [page["page"] for page in every] == list(range(1, 401))
    assert {len(page["text"]) for page in every} == {100_000}
    assert list((tmp_path / "scratch").glob("*/pages-*.json"))
