"""The command line: its arguments, the order and the wording of what it prints, its exit codes."""

import argparse
import contextlib

import pytest

from daemon import cli, cli_recognize, doctor
from daemon.cli_pages import (
    PageOrder,
    job_failures,
    output_warnings,
    page_header,
    page_text,
    summary,
)
from daemon.cli_progress import LinesView, QuietView
from daemon.client import Notification
from daemon.config import add_options

COUNTS = {"recognized": 0, "native_text": 0, "empty": 0, "failed": 0, "cancelled": 0}


def page(number, document=0, state="recognized", **members):
    return {
        "job_id": "j",
        "seq": 1,
        "document": document,
        "file": f"/x/{'abc'[document]}.pdf",
        "page": number,
        "state": state,
        "text": f"text {'abc'[document]}{number}",
        **members,
    }


def ended(state="succeeded", **members):
    return {
        "job_id": "j",
        "state": state,
        "successful": [],
        "failed": [],
        "failed_pages": [],
        "pages": COUNTS,
        "duration_seconds": 1.25,
        **members,
    }


def parse(*argv):
    parser = argparse.ArgumentParser()
    add_options(parser, env={})
    cli.add_subcommands(parser.add_subparsers())
    return parser.parse_args(argv)


class FakeClient:
    """Answers what the command line asks, and sends the given notifications."""

    def __init__(self, events, counts=(3,)):
        self.events = iter(events)
        self.counts = counts
        self.requests = []
        self.started = None

    def start(self, documents, **kwargs):
        self.started = (documents, kwargs)
        return "j"

    def request(self, method, params=None, *, timeout_s=30.0):
        self.requests.append(method)
        documents = [
            {"document": n, "state": "running", "page_count": count}
            for n, count in enumerate(self.counts)
        ]
        return {"documents": documents}

    def job_events(self, job_id, *, timeout_s=None):
        for event in self.events:
            if isinstance(event, BaseException):
                raise event
            yield Notification(*event)


@pytest.fixture
def follow(monkeypatch):
    def follow(client, *argv, view=None):
        args = parse("recognize", *argv)
        monkeypatch.setattr(
            cli_recognize, "run", lambda args: cli_recognize.follow(client, args, view)
        )
        view = view or QuietView()
        return args.run(args)

    return follow


# Order.


def numbers(pages):
    return [(each["document"], each["page"]) for each in pages]


def test_pages_leave_in_order_as_soon_as_those_before_them_are_in():
    order = PageOrder(1)
    assert order.add(page(2)) == []
    assert numbers(order.add(page(1))) == [(0, 1), (0, 2)]
    assert numbers(order.add(page(3))) == [(0, 3)]


def test_a_document_waits_for_the_one_before_it():
    order = PageOrder(2)
    order.learn(0, 1)
    assert order.add(page(1, document=1)) == []
    assert numbers(order.add(page(1))) == [(0, 1), (1, 1)]


def test_a_document_without_pages_is_passed_over():
    order = PageOrder(3)
    order.learn(0, 0)
    order.learn(1, 0)
    assert numbers(order.add(page(1, document=2))) == [(2, 1)]


def test_of_a_selection_the_next_selected_page_follows():
    order = PageOrder(1, "7-, 2-3, 3")
    assert numbers(order.add(page(2))) == [(0, 2)]
    assert order.add(page(7)) == []
    assert numbers(order.add(page(3))) == [(0, 3), (0, 7)]
    assert numbers(order.add(page(8))) == [(0, 8)]


def test_pages_counted_from_the_end_are_held_until_their_document_is_complete():
    order = PageOrder(1, "1,-1")
    order.learn(0, 2)
    assert order.add(page(9)) == []
    assert numbers(order.add(page(1))) == [(0, 1), (0, 9)]


def test_the_end_of_the_job_lets_go_of_what_waits_for_pages_that_never_come():
    order = PageOrder(2)
    for each in (page(1), page(3), page(2, document=1)):
        order.add(each)
    assert numbers(order.rest()) == [(0, 3), (1, 2)]


# Wording.


def test_a_header_names_file_page_and_state():
    assert page_header(page(1), 3) == "── a.pdf · page 1 of 3 · recognized ──"
    assert page_header(page(2, state="native_text"), None) == "── a.pdf · page 2 · native text ──"


def test_a_text_too_long_for_a_line_is_read_from_its_file(tmp_path):
    overflow = tmp_path / "page.json"
    overflow.write_bytes('{"text": "långt"}'.encode())
    assert page_text({"path": str(overflow)}) == "långt"
    assert page_text({"state": "failed"}) == ""


def test_a_summary_counts_what_there_was():
    pages = {**COUNTS, "recognized": 2, "native_text": 1}
    assert summary(ended(pages=pages)) == "3 pages: 2 recognized, 1 native text · 1.2 s"
    assert summary(ended()) == "0 pages · 1.2 s"


def test_each_failure_is_told_once():
    terminal = ended(
        "failed",
        failed=[{"document": 1, "file": "/x/b.pdf", "error": "Damaged.", "kind": "k"}],
        failed_pages=[
            {"document": 0, "page": 1, "kind": "worker_crashed", "attempts": 3},
            {"document": 0, "page": 2, "kind": "timeout", "attempts": 0},
        ],
        error={"code": 1002, "message": "Damaged.", "data": {}},
    )
    assert job_failures(terminal, ["a.pdf", "b.pdf"], {(0, 1)}) == [
        "a.pdf, page 2: not tried (timeout)",
        "b.pdf: Damaged.",
    ]


def test_plain_lines_show_a_message_once(capsys):
    view = LinesView()
    for message in ("one", "one", "two"):
        view.update({"message": message})
    assert capsys.readouterr().err == "one\ntwo\n"


# A whole run.


def test_a_single_file_on_a_pipe_is_text_in_page_order_with_form_feeds(follow, capsys):
    client = FakeClient(
        [
            ("job/page", page(2)),
            ("job/page", page(1)),
            ("job/page", page(3, text="")),
            ("job/result", ended()),
        ]
    )
    assert follow(client, "a.pdf") == 0
    assert capsys.readouterr().out == "text a1\n\ftext a2\n\f"
    assert client.requests == ["initialize", "job/status"]


def test_several_files_have_headers(follow, capsys):
    client = FakeClient(
        [("job/page", page(1, 1)), ("job/page", page(1)), ("job/result", ended())], counts=(1, 1)
    )
    assert follow(client, "a.pdf", "b.pdf") == 0
    assert capsys.readouterr().out == (
        "── a.pdf · page 1 of 1 · recognized ──\ntext a1\n"
        "\n── b.pdf · page 1 of 1 · recognized ──\ntext b1\n"
    )


def test_json_is_one_page_a_line_without_the_envelope(follow, capsys):
    client = FakeClient([("job/page", page(1)), ("job/result", ended())])
    assert follow(client, "a.pdf", "--format", "json") == 0
    line = '{"document":0,"file":"/x/a.pdf","page":1,"state":"recognized","text":"text a1"}\n'
    assert capsys.readouterr().out == line
    assert client.started[1]["options"]["inline"] == "words"


def test_with_an_output_folder_the_files_written_are_listed(follow, capsys):
    done = {"document": 0, "outputs": {"text": "/out/a.txt", "json": "/out/a.json"}}
    client = FakeClient([("job/page", page(1)), ("job/result", ended(successful=[done]))])
    assert follow(client, "a.pdf", "--output-dir", "out", "--format", "text,json") == 0
    assert capsys.readouterr().out == "/out/a.txt\n/out/a.json\n"
    assert client.started[1]["outputs"] == ["text", "json"]
    assert client.requests == ["initialize"]


def test_a_failed_page_is_told_on_stderr_and_in_the_exit_code(follow, capsys):
    failure = {"code": 1032, "message": "The engine refused the page.", "data": {}}
    failed = page(1, state="failed", error=failure)
    del failed["text"]
    terminal = ended(
        "partial", failed_pages=[{"document": 0, "page": 1, "kind": "k", "attempts": 3}]
    )
    client = FakeClient([("job/page", failed), ("job/page", page(2)), ("job/result", terminal)])
    assert follow(client, "a.pdf") == 1
    assert capsys.readouterr().err == "a.pdf, page 1: The engine refused the page.\n"


def test_ctrl_c_cancels_prints_what_was_finished_and_exits_130(follow, capsys):
    client = FakeClient(
        [
            ("job/page", page(2)),
            KeyboardInterrupt(),
        ]
    )
    more = iter([("job/error", ended("cancelled", error={"code": -32800, "message": "Cancelled"}))])

    def request(method, params=None, *, timeout_s=30.0):
        if method == "job/cancel":
            client.events = more
        return FakeClient.request(client, method, params)

    client.request = request
    assert follow(client, "a.pdf") == 130
    assert client.requests == ["initialize", "job/status", "job/cancel"]
    assert capsys.readouterr().out == "text a2\n"


def test_the_job_is_started_as_the_options_say(follow):
    client = FakeClient([("job/result", ended())])
    argv = ["--language", "de,en", "--language", "de", "--pages=-1", "--password", "p"]
    follow(client, "a.pdf", *argv, "--mode", "force", "--engine", "null", "--overwrite")
    documents, kwargs = client.started
    assert documents == [{"path": "a.pdf", "password": "p", "pages": "-1"}]
    assert kwargs == {
        "output_dir": None,
        "outputs": None,
        "options": {
            "engine": "null",
            "mode": "force",
            "languages": ["de", "en"],
            "overwrite": True,
        },
    }


@pytest.mark.parametrize(
    "argv",
    [
        [],
        ["a.pdf", "--pages", "3-1"],
        ["a.pdf", "--workers", "0"],
        ["a.pdf", "--format", "text,,json"],
        ["a.pdf", "--format", "hocr"],
        ["a.pdf", "--format", "text,json"],
        ["a\udc80.pdf"],
    ],
)
def test_a_wrong_command_line_is_a_usage_error(argv, capsys):
    def parse_and_run():
        args = parse("recognize", *argv)
        args.run(args)

    with pytest.raises(SystemExit) as caught:
        parse_and_run()
    assert caught.value.code == 2


def test_workers_given_before_the_subcommand_are_kept():
    assert parse("--workers", "2", "recognize", "a.pdf").workers == 2
    assert parse("recognize", "a.pdf", "--workers", "3").workers == 3


# The doctor.

ANSWERS = {
    "initialize": {
        "server": {"name": "ocr-sidecar", "version": "1.2.3", "log_path": None},
        "limits": {"max_line_bytes": 16777216, "max_jobs": 1000, "kept_job_s": 3600.0},
    },
    "engine/list": {
        "engines": [
            {"name": "rapidocr", "version": "3", "available": False, "reason": "pip install it"},
            {"name": "null", "version": "1", "available": True},
        ]
    },
    "language/list": {"languages": [{"code": "en", "script": "Latn", "engines": ["rapidocr"]}]},
    "hardware/get": {
        "cpu_count": 4,
        "cpu_usable": 2,
        "cpu_physical": 2,
        "memory_bytes": 8 * 1024**3,
        "memory_available_bytes": 6 * 1024**3,
        "accelerators": [],
        "load_average": 0.5,
        "foreign_load": 0.1,
        "on_battery": True,
        "battery_percent": 70.6,
        "workers": 2,
        "threads_per_worker": 1,
        "background_workers": 1,
        "reason": "Two cores.",
        "threads_reason": "Side by side.",
        "background_reason": "On battery.",
    },
}


@pytest.fixture
def daemon_says(monkeypatch):
    class Answering(contextlib.nullcontext):
        def request(self, method, params=None, *, timeout_s=30.0):
            return ANSWERS[method]

        def __enter__(self):
            return self

    monkeypatch.setattr(doctor, "Client", lambda command: Answering())


def test_the_doctor_fails_and_says_why_when_the_default_engine_is_missing(daemon_says, capsys):
    args = parse("doctor")
    assert args.run(args) == 1
    out = capsys.readouterr().out
    assert "not available: pip install it" in out
    assert "2: Two cores." in out
    assert "1: On battery." in out
    assert "71 %, in use" in out
    assert "6.0 GiB free of 8.0 GiB" in out
    assert "16 MiB" in out


def test_the_doctor_prints_the_raw_answers_as_json(daemon_says, capsys, monkeypatch):
    engines = [{"name": "rapidocr", "version": "3", "available": True}]
    monkeypatch.setitem(ANSWERS, "engine/list", {"engines": engines})
    args = parse("doctor", "--json")
    assert args.run(args) == 0
    assert '"available": true' in capsys.readouterr().out


def test_warnings_about_the_files_name_their_document():
    terminal = {
        "successful": [
            {"document": 0, "outputs": {}},
            {"document": 2, "outputs": {}, "warnings": ["It was signed.", "A page is blank."]},
        ]
    }

    assert output_warnings(terminal, ["a.pdf", "b.pdf", "c.pdf"]) == [
        "c.pdf: It was signed.",
        "c.pdf: A page is blank.",
    ]
