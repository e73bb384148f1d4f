"""Lines that are too long: what stays in them, what goes to a file, what comes from one."""

import os

import orjson
import pytest

from daemon import newest, responses
from daemon.line_files import LineFiles
from daemon.lines import Overflow, Place, StoredLine, memory_of, shorten, size_of
from daemon.notifications import FailedDocument, PageCounts, PageParams, TerminalParams
from daemon.outbox import Outbox
from daemon.responses import AnyLength, EncodedResult
from daemon.scratch import Scratch

LIMIT = 4096


@pytest.fixture
def files(tmp_path):
    """The files of a daemon whose scratch folder is the test's own."""
    scratch = Scratch(tmp_path, "0" * 32)
    yield LineFiles(scratch)
    scratch.remove()


def scratch_of(tmp_path):
    return lambda name: str(tmp_path / f"ocr-sidecar-{'0' * 32}" / name)


def terminal(n_failed, **members):
    failed = FailedDocument(document=0, file="/a.pdf", error="No.", kind="document_not_found")
    return TerminalParams(
        job_id="j",
        state="failed",
        successful=(),
        failed=(failed,) * n_failed,
        total_files=n_failed,
        total_pages_processed=0,
        duration_seconds=1.0,
        pages=PageCounts(),
        failed_pages=(),
        **members,
    )


def page(text):
    return PageParams(
        job_id="j",
        document=0,
        file="/a.pdf",
        page=1,
        state="recognized",
        duration_s=1,
        attempts=1,
        text=text,
    )


def told(files, outbox):
    """Return the notifications as a host reads them."""
    lines = []
    while chunk := outbox.next_chunk():
        for line in chunk:
            content = line if isinstance(line, bytes) else files.resolve(line)
            assert len(content) <= outbox.max_line_bytes
            lines.append(orjson.loads(content)["params"])
    return lines


def read(path):
    with open(path, "rb") as file:
        return orjson.loads(file.read())


def test_a_notification_that_is_too_long_keeps_its_scalars_and_its_counts(files, tmp_path):
    outbox = Outbox(scratch_of(tmp_path))
    outbox.notify("job/error", terminal(1000))

    (params,) = told(files, outbox)

    assert (params["total_files"], params["pages"], params["failed"]) == (
        1000,
        {"recognized": 0, "native_text": 0, "empty": 0, "failed": 0, "cancelled": 0},
        [],
    )
    assert len(read(params["path"])["failed"]) == 1000
    assert read(params["path"])["seq"] == params["seq"] == 1


def test_a_page_whose_text_is_too_long_has_it_in_a_file_that_goes_with_its_job(files, tmp_path):
    outbox = Outbox(scratch_of(tmp_path))
    outbox.notify("job/page", page("x" * 60_000))
    outbox.notify("job/page", page("short"))

    long, short = told(files, outbox)

    assert "text" not in long
    assert read(long["path"])["text"] == "x" * 60_000
    assert (short["text"], "path" in short) == ("short", False)
    assert outbox.forget("j") == [long["path"]]


def test_a_host_that_takes_more_gets_it_in_one_line(files, tmp_path):
    outbox = Outbox(scratch_of(tmp_path))
    outbox.max_line_bytes = 100_000
    outbox.notify("job/page", page("x" * 60_000))

    assert told(files, outbox)[0]["text"] == "x" * 60_000


def test_without_a_disk_the_line_says_so_and_is_sent_all_the_same(files, tmp_path):
    outbox = Outbox(lambda name: str(tmp_path / "no" / "such" / name))
    outbox.notify("job/error", terminal(1000))

    (params,) = told(files, outbox)

    assert (params["path"], params["total_files"]) == (None, 1000)


def test_the_last_words_of_a_worker_go_where_nothing_else_helps():
    data = {"kind": "worker_crashed", "stderr_tail": "x" * 5000}
    params = {"job_id": "j", "failed": [1] * 5000, "error": {"code": 1020, "data": data}}

    assert shorten(params, "/f", 10_000)["error"]["data"] == data
    assert shorten(params, "/f", 1000)["error"]["data"] == {"kind": "worker_crashed"}


def encode(response, new_path=lambda: "/scratch/result-1.json"):
    return responses.encode({"jsonrpc": "2.0", "id": 1, **response}, LIMIT, new_path)


def test_a_result_that_is_too_long_goes_to_a_file(files, tmp_path):
    path = scratch_of(tmp_path)("result-1.json")
    line = encode({"result": {"jobs": ["x" * 100] * 100}}, lambda: path)

    reply = orjson.loads(files.resolve(line))

    assert reply["result"]["overflow"]["path"] == path
    assert reply["result"]["overflow"]["size_bytes"] == os.path.getsize(path)
    assert read(path) == {"jobs": ["x" * 100] * 100}


def test_a_result_without_a_disk_is_an_error(files, tmp_path):
    path = str(tmp_path / "no" / "such" / "file")
    line = encode({"result": ["x" * 10_000]}, lambda: path)

    assert orjson.loads(files.resolve(line))["error"]["data"]["kind"] == "output_failed"


@pytest.mark.parametrize("result", [{"a": 1}, EncodedResult((b'{"a":', b"1}"))])
def test_a_result_that_fits_is_in_its_line(result):
    assert orjson.loads(encode({"result": result})) == {
        "jsonrpc": "2.0",
        "id": 1,
        "result": {"a": 1},
    }


def test_some_results_are_in_their_line_however_long_they_are():
    line = encode({"result": AnyLength(["x" * 10_000])})
    assert orjson.loads(line)["result"] == ["x" * 10_000]


def test_parts_of_a_result_are_read_from_where_they_lie(files, tmp_path):
    (tmp_path / "pages").write_bytes(b'...{"page":2}...')
    place = Place(str(tmp_path / "pages"), 3, 10)
    line = encode({"result": EncodedResult((b'[{"page":1},', place, b"]"))})

    assert orjson.loads(files.resolve(line))["result"] == [{"page": 1}, {"page": 2}]
    (tmp_path / "pages").unlink()
    assert orjson.loads(files.resolve(line))["error"]["code"] == 1007


def test_a_batch_is_one_line_and_a_part_that_is_gone_costs_one_member(files, tmp_path):
    gone = EncodedResult((b"[", Place(str(tmp_path / "gone"), 0, 5), b"]"))
    members = [
        {"jsonrpc": "2.0", "id": number, "result": result}
        for number, result in enumerate(["x" * 100_000, gone, 3])
    ]

    replies = orjson.loads(files.resolve(responses.encode_batch(members)))

    assert [reply["id"] for reply in replies] == [0, 1, 2]
    assert [reply.get("error", {}).get("code") for reply in replies] == [None, 1007, None]


def test_what_a_line_weighs_is_what_it_holds_in_memory():
    place = Place("/f", 0, 1000)
    line = StoredLine((b"12", place), b"", Overflow("/o", (b"345",)))

    assert (memory_of(line), size_of(line.parts)) == (5, 1002)


def test_only_the_newest_files_of_results_are_kept(files, tmp_path, monkeypatch):
    monkeypatch.setattr(newest, "MAX_FILES", 3)
    paths = [scratch_of(tmp_path)(f"result-{number}.json") for number in range(5)]
    for path in paths:
        files.resolve(encode({"result": ["x" * 5000]}, lambda path=path: path))

    kept = sorted((tmp_path / f"ocr-sidecar-{'0' * 32}").iterdir())
    assert [str(path) for path in kept] == paths[2:]
