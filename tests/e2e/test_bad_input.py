"""Bad input, each with a clear typed error and a living daemon."""

import json
import os
import sys

import pytest
from PIL import Image

from daemon.client import RequestError
from tests.scans import cut_in_half, encrypted_pdf, huge_png, scan_pdf

NULL = {"engine": "null"}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """One of each kind of bad document."""
    folder = tmp_path_factory.mktemp("bad")
    scan_pdf(folder / "good.pdf", [Image.new("L", (100, 100), 255)] * 3, dpi=72)
    (folder / "empty.pdf").write_bytes(b"")
    (folder / "text.pdf").write_text("Dear reader, this is no PDF.\n")
    (folder / "notes.txt").write_text("Dear reader, this is no PDF.\n")
    (folder / "folder.pdf").mkdir()
    scan_pdf(folder / "half.pdf", [Image.effect_noise((300, 300), 90)] * 3, dpi=72)
    cut_in_half(folder / "half.pdf")
    encrypted_pdf(folder / "locked.pdf", "secret")
    huge_png(folder / "huge.png")
    return folder


DOCUMENTS = [
    ("gone.pdf", {}, 1001, "document_not_found"),
    ("folder.pdf", {}, 1002, "document_unreadable"),
    ("empty.pdf", {}, 1002, "document_unreadable"),
    ("text.pdf", {}, 1002, "document_unreadable"),
    ("half.pdf", {}, 1002, "document_unreadable"),
    ("notes.txt", {}, 1003, "unsupported_format"),
    ("locked.pdf", {}, 1004, "password_required"),
    ("locked.pdf", {"password": "wrong"}, 1004, "password_wrong"),
    ("huge.png", {}, 1005, "limit_exceeded"),
    ("good.pdf", {"pages": "2-4"}, 1008, "page_out_of_range"),
]


@pytest.mark.guarantee("G-8")
@pytest.mark.parametrize(("name", "extra", "code", "kind"), DOCUMENTS)
def test_a_bad_document_ends_its_job_with_its_own_error(
    spawn_daemon, folder, name, extra, code, kind
):
    client = spawn_daemon("--workers", "1")
    document = {"path": str(folder / name), **extra}
    try:
        reply = client.request("ocr/start", {"document": document, "options": NULL})
    except RequestError as refusal:
        error = {"code": refusal.code, "message": refusal.message, "data": refusal.data}
    else:
        terminal = list(client.job_events(reply["job_id"], timeout_s=30))[-1].params
        assert terminal["state"] == "failed"
        error = terminal["error"]

    assert (error["code"], error["data"]["kind"]) == (code, kind)
    assert str(folder) not in json.dumps(error), "no path in an error"
    assert client.request("ping") == {}


def test_an_encrypted_document_opens_with_its_password(spawn_daemon, folder):
    client = spawn_daemon("--workers", "1")
    document = {"path": str(folder / "locked.pdf"), "password": "secret"}
    reply = client.request("ocr/start", {"document": document, "options": NULL})

    info = client.request("document/info", {"document": document})
    assert info["encrypted"] is True
    terminal = list(client.job_events(reply["job_id"], timeout_s=30))[-1].params
    assert terminal["state"] == "succeeded"


def test_document_info_answers_with_the_same_errors(spawn_daemon, folder):
    client = spawn_daemon()
    for name, extra, code, kind in DOCUMENTS:
        if kind in ("page_out_of_range", "limit_exceeded"):
            continue  # these are about pages, which info does not read
        document = {"path": str(folder / name), **extra}
        with pytest.raises(RequestError) as caught:
            client.request("document/info", {"document": document})
        assert (caught.value.code, caught.value.data["kind"]) == (code, kind), name


GOOD = "GOOD"
PARAMS = [
    ({}, "document"),
    ({"document": "a.pdf"}, "document"),
    ({"document": {}}, "document"),
    ({"document": {"path": GOOD, "data": "QQ=="}}, "document"),
    ({"document": {"path": 7}}, "document.path"),
    ({"document": {"path": "relative.pdf"}}, "document.path"),
    ({"document": {"path": "file:///a.pdf"}}, "document.path"),
    ({"document": {"path": "https://example.org/a.pdf"}}, "document.path"),
    ({"document": {"path": "/a\0b"}}, "document.path"),
    ({"document": {"path": GOOD, "pages": "x"}}, "document.pages"),
    ({"document": {"data": "", "name": "a\0b"}}, "document.name"),
    ({"document": {"path": GOOD}, "outputs": ["text"]}, "output_dir"),
    ({"document": {"path": GOOD}, "output_dir": "out"}, "output_dir"),
    ({"document": {"path": GOOD}, "output_dir": "/tmp", "outputs": ["searchable"]}, "outputs[0]"),
    ({"document": {"path": GOOD}, "output_dir": "/tmp", "outputs": ["text", "docx"]}, "outputs[1]"),
    ({"document": {"path": GOOD}, "options": {"engine": "abbyy"}}, "options.engine"),
    ({"document": {"path": GOOD}, "options": {"languages": []}}, "options.languages"),
    ({"document": {"path": GOOD}, "options": {"languages": ["!"]}}, "options.languages[0]"),
    ({"document": {"path": GOOD}, "options": {"mode": "fast"}}, "options.mode"),
    ({"document": {"path": GOOD}, "options": {"page_timeout_s": "30"}}, "options.page_timeout_s"),
    ({"document": {"path": GOOD}, "options": {"page_timeout_s": 0}}, "options.page_timeout_s"),
    ({"document": {"path": GOOD}, "options": {"max_attempts": True}}, "options.max_attempts"),
    ({"document": {"path": GOOD}, "options": {"dpi": 0}}, "options.dpi"),
    (
        {
            "document": {"path": GOOD},
            "options": {"region": {"x": 0, "y": 0, "width": 0, "height": 1}},
        },
        "options.region",
    ),
]


def test_wrong_params_are_refused_with_the_member_that_is_wrong(spawn_daemon, folder):
    client = spawn_daemon("--workers", "1")
    good = json.dumps(str(folder / "good.pdf"))
    for params, path in PARAMS:
        params = json.loads(json.dumps(params).replace('"GOOD"', good))
        with pytest.raises(RequestError) as caught:
            client.request("ocr/start", params)
        assert (caught.value.code, caught.value.data["path"]) == (-32602, path), params
    assert client.request("job/list")["jobs"] == []


def test_a_language_that_no_engine_reads_is_unavailable(spawn_daemon, folder):
    client = spawn_daemon("--workers", "1")
    params = {"document": {"path": str(folder / "good.pdf")}, "options": {"languages": ["tlh"]}}
    with pytest.raises(RequestError) as caught:
        client.request("ocr/start", params)

    assert caught.value.code == 1031


def test_an_output_directory_that_cannot_be_written_to_is_refused(spawn_daemon, folder):
    client = spawn_daemon("--workers", "1")
    for output_dir in (folder / "good.pdf", folder / "good.pdf" / "below"):
        params = {"document": {"path": str(folder / "good.pdf")}, "output_dir": str(output_dir)}
        with pytest.raises(RequestError) as caught:
            client.request("ocr/start", params)
        assert (caught.value.code, caught.value.kind) == (1007, "output_failed")


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX permissions")
@pytest.mark.skipif(
    hasattr(os, "geteuid") and os.geteuid() == 0, reason="root may write to every directory"
)
def test_an_output_directory_without_permission_is_refused(spawn_daemon, folder, tmp_path):
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o500)
    client = spawn_daemon("--workers", "1")
    params = {"document": {"path": str(folder / "good.pdf")}, "output_dir": str(closed)}
    with pytest.raises(RequestError) as caught:
        client.request("ocr/start", params)

    assert caught.value.code == 1007


def test_what_lies_outside_the_allowed_folders_is_refused_also_through_a_link(
    spawn_daemon, folder, tmp_path
):
    allowed = tmp_path / "allowed"
    allowed.mkdir()
    (allowed / "link.pdf").symlink_to(folder / "good.pdf")
    client = spawn_daemon("--workers", "1", "--allow-dir", str(allowed))
    inside = allowed / "inside.png"
    Image.new("L", (20, 20)).save(inside)
    for params in (
        {"document": {"path": str(folder / "good.pdf")}},
        {"document": {"path": str(allowed / "link.pdf")}},
        {"document": {"path": str(inside)}, "output_dir": str(tmp_path / "elsewhere")},
    ):
        with pytest.raises(RequestError) as caught:
            client.request("ocr/start", params)
        assert (caught.value.code, caught.value.kind) == (1006, "path_not_allowed")
    assert not (tmp_path / "elsewhere").exists()
    assert client.request("document/info", {"document": {"path": str(inside)}})["page_count"] == 1


def test_more_unfinished_jobs_than_allowed_are_refused_for_now(spawn_daemon, folder):
    env = {"OCR_SIDECAR_NULL_ENGINE": '{"seconds": 30}'}
    client = spawn_daemon("--workers", "1", "--max-jobs", "2", env=env)
    params = {"document": {"path": str(folder / "good.pdf")}, "options": NULL}
    for _ in range(2):
        client.request("ocr/start", params)
    with pytest.raises(RequestError) as caught:
        client.request("ocr/start", params)

    assert caught.value.code == -32001
    assert caught.value.data["retry_after_ms"] > 0
    assert caught.value.data["retryable"] is True


def answer(client, line):
    client.send_raw(line)
    return client.next_message()


def test_broken_lines_are_answered_and_the_next_request_too(spawn_daemon):
    client = spawn_daemon()
    assert answer(client, b'{"jsonrpc":"2.0","method":"nope","id":1}\n')["error"]["code"] == -32601
    assert answer(client, b'{"jsonrpc":"2.0","method":"ping","params":[1],"id":2}\n')["error"][
        "code"
    ] == (-32602)
    assert answer(client, b'{"jsonrpc":"2.0","method":"\xff\xfe","id":3}\n')["error"]["code"] == (
        -32700
    )
    assert answer(client, b"\0\0\0\n")["error"]["code"] == -32700
    assert answer(client, b'\r\n  \n{"jsonrpc":"2.0","method":"ping","id":4}\r\n')["id"] == 4


def test_a_line_of_twenty_megabytes_is_refused_and_reading_goes_on(spawn_daemon):
    client = spawn_daemon()
    client.send_raw(b'{"x":"' + b"x" * 20_000_000 + b'"}\n', timeout_s=30)
    refusal = client.next_message(timeout_s=30)

    assert refusal["error"]["data"]["kind"] == "message_too_large"
    assert refusal["id"] is None
    assert client.request("ping") == {}
