"""The bridge dialect before the real owner: every command, every order, and all bad input."""

from itertools import permutations

import orjson
import pytest

from daemon import bridge_languages
from daemon.bridge import RECOMMENDED_DPI, Bridge
from daemon.bridge_host import MAX_ENDED, BridgeHost
from daemon.bridge_messages import COMMANDS
from daemon.config import Config
from daemon.errors import RpcError
from daemon.events import DocumentChecked, PathsChecked
from daemon.framing import TOO_LONG
from daemon.lifecycle import Phase
from daemon.outbox import Outbox
from ocr_worker import wire
from ocr_worker.documents import pdf
from ocr_worker.languages import LANGUAGES
from tests.bridge_app import parse_event
from tests.fakes import World

CANCELLED = {"message": "Processing cancelled by user"}
ENGINES = (
    wire.EngineInfo(name="rapidocr", version="1", available=True, languages=("en", "de")),
    wire.EngineInfo(name="tesseract", version="1", available=True, languages=("en", "ru", "xx")),
    wire.EngineInfo(name="other", version="", available=False, languages=("fr",)),
    wire.EngineInfo(name="null", version="1", available=True),
)
"""What a worker tells of its engines, with what is not to be believed."""


class App:
    """An app, the bridge and the owner, without a pipe or a process between them."""

    def __init__(self, n_slots=2, config=None):
        self.outbox = Outbox(str)
        host = BridgeHost(self.outbox)
        self.world = World(n_slots, config=config, host=host)
        self.bridge = Bridge(self.world.supervisor, host, self.world.config, 1000)

    def send(self, line):
        self.bridge.handle(line, self.world.now)
        self.world.look()

    def ask(self, command, request_id=None, **members):
        self.send(orjson.dumps({"command": command, **members, "request_id": request_id}))

    def batch(self, *files, request_id="batch", **options):
        options = {"files": files, "output_dir": "/out", **options}
        self.ask("ocr_batch", request_id, options=options)

    def process(self, file="/a.pdf", request_id="process", **options):
        self.ask("process", request_id, file_path=file, options=options)

    def read(self):
        """Everything that waits, as a host reads it."""
        events = []
        while chunk := self.outbox.next_chunk():
            events += map(parse_event, chunk)
        return events

    def last_events(self):
        return [event for event in self.read() if event["type"] != "progress"]

    def answer(self, command, **members):
        """The one event of a command that is answered at once."""
        self.ask(command, "an id", **members)
        (event,) = self.read()
        assert event["request_id"] == "an id"
        return event["type"], event["data"]

    def answer_by_worker(self, command, **members):
        """The one event of a command for which a worker is asked what its engines read."""
        self.ask(command, "an id", **members)
        assert self.read() == []
        world, slot = self.world, self.world.supervisor.pool.inspector
        world.start_workers()
        world.say(slot, wire.EnginesListed(task=slot.task_id, engines=ENGINES))
        (event,) = self.read()
        assert event["request_id"] == "an id"
        return event["type"], event["data"]

    def settle(self, page_count=1):
        """Let everything be done that can be done."""
        world = self.world
        for _ in range(100):
            world.answer_checks()
            world.start_workers()
            if world.supervisor.pool.inspector.task is not None:
                world.count(page_count)
            elif world.files.publications:
                world.publish()
            elif busy := world.busy_slots():
                finish_task(world, busy[0])
            else:
                return
        raise AssertionError("it does not end")


def finish_task(world, slot):
    if hasattr(slot.task, "ref"):
        world.finish_page(slot)
    else:
        world.finish_assembling(slot)


@pytest.fixture
def app():
    return App()


def event(kind, request_id, data):
    return {"type": kind, "data": data, "request_id": request_id}


# What commands come to.


def test_analyze_ends_with_the_number_of_pages(app):
    app.ask("analyze", "a", file_path="/a.pdf", options=None)
    app.world.answer_checks()
    app.world.count(7)

    result = {"total_pages": 7, "format": "pdf", "encrypted": False, "size_bytes": 1}
    assert app.read() == [event("result", "a", {**result, "warnings": []})]


def test_process_tells_progress_and_then_one_result(app):
    app.process(output_dir="/out")
    app.settle(page_count=1)

    progress, result = app.read()
    message = "Processing file 1/1: a.pdf (page 1/1)"
    data = {"current": 1, "total": 1, "percent": 100.0, "message": message}
    assert progress == event("progress", "process", data)
    assert result["data"].pop("duration_seconds") >= 0
    assert result["data"] == {
        "successful": [{"file": "/a.pdf", "pages": 1, "output": "/out/a.text"}],
        "failed": [],
        "total_files": 1,
        "total_pages_processed": 1,
    }


def test_process_without_a_folder_writes_nothing(app):
    app.ask("process", file_path="/a.pdf")
    app.settle()

    (result,) = app.last_events()
    assert result["data"]["successful"] == [{"file": "/a.pdf", "pages": 1, "output": None}]


def test_a_batch_lists_what_failed_beside_what_did_not(app):
    app.batch("/lost.pdf", "/b.pdf")
    ((token, _),) = app.world.files.checks
    app.world.files.checks.clear()
    lost = DocumentChecked("/lost.pdf", RpcError("document_not_found", "There is no such file."))
    app.world.handle(PathsChecked(token, (lost, DocumentChecked("/b.pdf"))))
    app.settle()

    (result,) = app.last_events()
    assert (result["type"], result["request_id"]) == ("result", "batch")
    assert result["data"]["failed"] == [{"file": "/lost.pdf", "error": "There is no such file."}]
    assert [one["file"] for one in result["data"]["successful"]] == ["/b.pdf"]
    assert result["data"]["total_files"] == 2


def fail_first_page(app):
    app.world.answer_checks()
    app.world.count(1)
    app.world.fail_page(app.world.busy_slots()[0])


def test_a_batch_without_any_success_still_says_what_became_of_each_file(app):
    app.batch("/a.pdf")
    fail_first_page(app)

    (result,) = app.last_events()
    assert result["type"] == "result"
    assert result["data"]["successful"] == []
    assert result["data"]["failed"] == [{"file": "/a.pdf", "error": "No."}]


def test_a_document_that_cannot_be_processed_is_an_error(app):
    app.process()
    fail_first_page(app)

    assert app.last_events() == [event("error", "process", {"message": "No."})]


def test_a_file_that_is_missing_is_an_error_at_once(app):
    app.process()
    ((token, _),) = app.world.files.checks
    missing = RpcError("document_not_found", "There is no such file.")
    app.world.handle(PathsChecked(token, (DocumentChecked("/a.pdf", missing),)))

    assert app.read() == [event("error", "process", {"message": "There is no such file."})]


@pytest.mark.parametrize("given_id", [None, "", "a", "é\0\r\n\u2028", 0, 7, -1.5, True])
def test_the_request_id_comes_back_as_it_came(app, given_id):
    app.process(request_id=given_id)
    app.settle()

    ids = [one["request_id"] for one in app.read()]
    assert ids == [given_id, given_id]
    assert {type(one) for one in ids} == {type(given_id)}


def test_members_that_are_absent_are_null(app):
    app.send(b'{"command":"get_hardware_capabilities"}')

    (result,) = app.read()
    assert result["request_id"] is None


def test_two_commands_at_a_time_each_tell_their_own_progress(app):
    app.process("/a.pdf", request_id="first")
    app.process("/b.pdf", request_id="second")
    app.world.answer_checks()
    app.world.count(1)
    app.world.count(1)
    first, second = app.world.busy_slots()
    app.world.finish_page(second)
    app.world.finish_page(first)

    told = [(one["type"], one["request_id"]) for one in app.read()]
    order = ["second", "first"]
    assert told == [(kind, name) for name in order for kind in ("progress", "result")]


def test_progress_waits_in_one_place_and_never_behind_the_end(app):
    app.process()
    app.world.answer_checks()
    app.world.count(30)
    for _ in range(30):
        app.world.finish_page(app.world.busy_slots()[0])
        app.world.advance(1)

    progress, result = app.read()
    assert (progress["type"], progress["data"]["current"]) == ("progress", 30)
    assert result["type"] == "result"
    app.world.advance(10)
    assert app.read() == []


def test_progress_has_numbers_before_everything_is_counted(app):
    app.batch("/a.pdf", "/b.pdf")
    app.world.answer_checks()
    app.world.count(2)
    app.world.finish_page(app.world.busy_slots()[0])

    (progress,) = app.read()
    assert (progress["data"]["total"], progress["data"]["percent"]) == (0, 0.0)
    app.settle()


def test_what_waits_for_a_host_that_does_not_read_is_counted(app):
    app.process()
    app.settle()

    assert app.world.supervisor.runner._host.backlog_bytes == app.outbox.backlog_bytes > 0
    app.read()
    assert app.outbox.backlog_bytes == 0


# Options.


def options_of(app):
    app.world.answer_checks()
    (job,) = app.world.supervisor.book.active
    return job.options


@pytest.mark.parametrize(
    ("options", "mode"),
    [
        ({}, "auto"),
        ({"force_ocr": False}, "auto"),
        ({"force_ocr": None}, "auto"),
        ({"force_ocr": True}, "force"),
        ({"ocr_config": {"processing_mode": "hybrid"}}, "auto"),
        ({"ocr_config": {"processing_mode": "selective"}}, "skip_text"),
        ({"ocr_config": {"processing_mode": "full"}}, "force"),
        ({"force_ocr": True, "ocr_config": {"processing_mode": "selective"}}, "force"),
    ],
)
def test_options_say_which_pages_are_read(app, options, mode):
    app.process(**options)

    assert options_of(app).mode == mode


def test_what_such_hosts_call_engines_and_languages_is_understood(app):
    names = ["en", "french", "german", "ch", "chinese_cht", "japan", "por"]
    app.batch("/a.pdf", ocr_config={"engine": "paddleocr", "languages": names, "dpi": 300})

    options = options_of(app)
    assert (options.engine, options.dpi) == ("rapidocr", 300)
    assert options.languages == ("en", "fr", "de", "zh-Hans", "zh-Hant", "ja", "por")


def test_everything_such_hosts_send_besides_is_ignored(app):
    config = {
        "use_gpu": True,
        "gpu_id": 0,
        "batch_size": 10,
        "max_memory_mb": 2048,
        "confidence_threshold": 0.5,
        "cpu_batch_size": None,
        "engine": None,
        "languages": None,
        "dpi": None,
        "processing_mode": None,
    }
    app.process(ocr_config=config, skip_splitting=True)

    options = options_of(app)
    assert (options.engine, options.languages, options.mode) == ("auto", ("en",), "auto")
    assert options.inline == "none", "pages are not told, so their text need not be kept"


# Cancel.


def stages():
    """Every place on a batch's way at which a cancel may come, as what has happened until then."""

    def sent(app):
        app.batch("/a.pdf")

    def checked(app):
        sent(app)
        app.world.answer_checks()

    def reading(app):
        checked(app)
        app.world.count(2)

    def half_read(app):
        reading(app)
        app.world.finish_page(app.world.busy_slots()[0])

    def assembling(app):
        half_read(app)
        app.world.finish_page(app.world.busy_slots()[0])

    def publishing(app):
        assembling(app)
        app.world.finish_assembling(app.world.busy_slots()[0])

    return [sent, checked, reading, half_read, assembling, publishing]


@pytest.mark.parametrize("given_id", ["batch", None, "some other id"])
@pytest.mark.parametrize("reach", stages(), ids=lambda stage: stage.__name__)
def test_a_cancel_ends_a_batch_wherever_it_is(app, reach, given_id):
    reach(app)
    app.ask("cancel", given_id)
    app.settle()

    assert app.last_events() == [event("error", "batch", CANCELLED)]
    assert not app.world.supervisor.book.n_active


@pytest.mark.parametrize("given_id", ["batch", None])
def test_a_cancel_that_comes_after_the_end_changes_nothing(app, given_id):
    app.batch("/a.pdf")
    app.settle()
    assert [one["type"] for one in app.last_events()] == ["result"]

    app.ask("cancel", given_id)
    app.ask("cancel", given_id)
    app.settle()
    assert app.read() == []


RACE = ("cancel", "page", "page", "death")


@pytest.mark.parametrize("order", sorted(set(permutations(RACE))), ids="-".join)
def test_in_every_order_of_cancel_pages_and_deaths_a_command_ends_once(app, order):
    app.process("/a.pdf")
    app.world.answer_checks()
    app.world.count(2)
    last = ""
    for what in order:
        busy = app.world.busy_slots()
        if what == "cancel":
            last = "error" if app.world.supervisor.book.n_active else "result"
            app.ask("cancel")
        elif what == "page" and busy:
            app.world.finish_page(busy[0])
        elif what == "death" and busy:
            app.world.die(busy[-1])
    app.settle()

    events = app.read()
    assert [one["type"] for one in events] == ["progress"] * (len(events) - 1) + [last]


def test_a_cancel_that_names_a_command_ends_that_one_alone(app):
    app.process("/a.pdf", request_id="a")
    app.process("/b.pdf", request_id="b")
    app.world.answer_checks()

    app.ask("cancel", "a")
    app.settle()
    told = {one["request_id"]: one["type"] for one in app.last_events()}
    assert told == {"a": "error", "b": "result"}


def test_a_cancel_that_names_none_ends_all_that_run(app):
    for number in range(3):
        app.process(request_id=number)
    app.ask("cancel")

    assert app.last_events() == [event("error", number, CANCELLED) for number in range(3)]


def test_a_late_cancel_of_a_command_that_has_ended_hits_no_other(app):
    app.process("/a.pdf", request_id="a")
    app.settle()
    app.process("/b.pdf", request_id="b")
    app.world.answer_checks()

    app.ask("cancel", "a")
    app.settle()
    assert [one["type"] for one in app.last_events()] == ["result", "result"]


def test_ended_commands_are_not_remembered_for_ever(app):
    for number in range(MAX_ENDED + 1):
        app.ask("get_hardware_capabilities", number)
    app.process()
    app.ask("cancel", 1)
    assert len(app.last_events()) == MAX_ENDED + 1

    app.ask("cancel", 0)
    assert app.last_events() == [event("error", "process", CANCELLED)]


def test_analyze_goes_on_unless_the_cancel_names_it(app):
    app.ask("analyze", "info", file_path="/a.pdf")
    app.ask("cancel")
    app.world.answer_checks()
    app.ask("cancel")
    assert app.read() == []

    app.ask("cancel", "info")
    assert app.read() == [event("error", "info", CANCELLED)]
    app.settle()
    assert app.read() == []


def test_a_cancel_of_nothing_is_not_answered(app):
    app.ask("cancel", "c")
    app.send(b'{"command":"cancel"}')

    assert app.read() == []


# What there is.


def test_hardware_is_told_under_the_names_such_hosts_know(app):
    kind, data = app.answer("get_hardware_capabilities")

    assert kind == "result"
    assert (data["gpu_available"], data["recommended_batch_size"]) == (False, 2)
    assert data["system_memory_gb"] > 0
    assert data["reason"] == "As many as were configured."


def test_the_recommended_resolution_is_the_workers_own():
    assert RECOMMENDED_DPI == pdf.DEFAULT_DPI


def test_a_language_is_installed_when_an_engine_reads_it_here(app):
    _, every = app.answer_by_worker("list_available_languages")
    _, installed = app.answer_by_worker("list_installed_languages")

    assert every["count"] == len(every["languages"]) == len(LANGUAGES)
    assert every["languages"][0] == {
        "code": "en",
        "name": "English",
        "installed": True,
        "script_name": "latin",
        "script_description": "Languages written in Latin letters",
        "total_size_mb": 0.0,
        "detection_installed": True,
        "recognition_installed": True,
    }
    codes = [one["code"] for one in every["languages"] if one["installed"]]
    assert codes == ["en", "de", "ru"]
    assert installed == {"installed_languages": codes, "count": 3}


def test_every_script_has_a_name_such_hosts_can_show():
    assert {language.script for language in LANGUAGES} == set(bridge_languages.SCRIPTS)


@pytest.mark.parametrize(
    ("name", "code", "is_installed"),
    [
        ("de", "de", True),
        ("german", "de", True),
        ("rus", "ru", True),
        ("korean", "ko", False),
        ("chi_sim", "zh-Hans", False),
    ],
)
def test_a_language_is_found_by_any_of_its_names(app, name, code, is_installed):
    options = {"language_code": name}
    kind, data = app.answer_by_worker("get_language_status", options=options)

    assert (kind, data["code"], data["installed"]) == ("result", code, is_installed)


def test_a_language_that_nothing_reads_is_an_error(app):
    kind, data = app.answer("get_language_status", options={"language_code": "klingon"})

    assert kind == "error"
    assert "list_available_languages" in data["message"]


def test_a_question_for_languages_is_an_error_when_no_worker_can_be_asked(app):
    app.ask("list_installed_languages", "a")
    app.world.supervisor.shutdown("now", 0, app.world.now)
    app.world.advance(2)

    assert [(one["type"], one["request_id"]) for one in app.read()] == [("error", "a")]


@pytest.mark.parametrize(
    ("code", "hint"),
    [
        ("german", "install the Python package rapidocr"),
        ("korean", "kor.traineddata"),
        ("ru", "pip install 'ocr-sidecar[tesseract]'"),
        ("klingon", "No engine that could be installed"),
    ],
)
def test_nothing_is_downloaded(app, code, hint):
    kind, data = app.answer("download_language_pack", options={"language_code": code})

    assert kind == "error"
    assert "offline" in data["message"]
    assert hint in data["message"]


# Bad input.

BAD = [
    (b"nonsense", None, "JSON"),
    (b'{"command":"process"', None, "JSON"),
    (b'{"command":"\xff","request_id":"a"}', None, "JSON"),
    (b'{"command":"analyze","request_id":"\\ud800"}', None, "JSON"),
    (b"[" * 5000 + b"]" * 5000, None, "JSON"),
    (b"[]", None, "object"),
    (b"1", None, "object"),
    (b"null", None, "object"),
    (b"{}", None, "command"),
    (b'{"request_id":"a"}', "a", "command"),
    (b'{"command":null,"request_id":"a"}', "a", "command"),
    (b'{"command":["cancel"],"request_id":"a"}', "a", "command"),
    (b'{"command":"no_such","request_id":"a"}', "a", "no such command"),
    (b'{"command":"analyze","file_path":"/a","request_id":{}}', None, "request_id"),
    (b'{"command":"cancel","request_id":[[]]}', None, "request_id"),
    (b'{"command":"analyze","request_id":"a"}', "a", "file_path"),
    (b'{"command":"analyze","file_path":null,"request_id":"a"}', "a", "file_path"),
    (b'{"command":"analyze","file_path":"a.pdf","request_id":"a"}', "a", "file_path: must be"),
    (b'{"command":"analyze","file_path":"","request_id":"a"}', "a", "file_path: must be"),
    (b'{"command":"process","options":{},"request_id":"a"}', "a", "file_path"),
    (b'{"command":"process","file_path":"/a","options":[],"request_id":"a"}', "a", "options"),
    (b'{"command":"ocr_batch","request_id":"a"}', "a", "options"),
    (b'{"command":"ocr_batch","options":null,"request_id":"a"}', "a", "options"),
    (b'{"command":"get_language_status","request_id":"a"}', "a", "options"),
    (
        b'{"command":"get_language_status","options":{},"request_id":"a"}',
        "a",
        "options.language_code",
    ),
]


@pytest.mark.guarantee("G-8")
@pytest.mark.parametrize(("line", "request_id", "hint"), BAD, ids=lambda value: str(value)[:50])
def test_a_line_that_is_no_command_gets_one_error(app, line, request_id, hint):
    app.send(line)

    (error,) = app.read()
    assert (error["type"], error["request_id"]) == ("error", request_id)
    assert hint in error["data"]["message"]
    assert app.answer("get_hardware_capabilities")[0] == "result", "it lives"


@pytest.mark.parametrize(
    ("options", "named"),
    [
        ({"files": []}, "options.files"),
        ({"files": "/a.pdf"}, "options.files"),
        ({"files": ["/a.pdf", 7]}, "options.files[1]: expected str"),
        ({"files": ["/a.pdf", "b.pdf"]}, "options.files[1]: must be an absolute path"),
        ({"output_dir": None}, "options.output_dir"),
        ({"output_dir": "out"}, "options.output_dir: must be an absolute path"),
        ({"ocr_config": []}, "options.ocr_config"),
        ({"ocr_config": {"dpi": "300"}}, "options.ocr_config.dpi"),
        ({"ocr_config": {"dpi": 5}}, "options.ocr_config.dpi"),
        ({"ocr_config": {"languages": []}}, "options.ocr_config.languages"),
        ({"ocr_config": {"languages": ["?"]}}, "options.ocr_config.languages[0]"),
        ({"ocr_config": {"languages": ["klingon"]}}, "No engine reads that language"),
        ({"ocr_config": {"engine": "abacus"}}, "options.ocr_config.engine: unknown engine"),
        ({"ocr_config": {"processing_mode": "fast"}}, "options.ocr_config.processing_mode"),
    ],
    ids=str,
)
def test_a_wrong_option_is_named_as_the_host_wrote_it(app, options, named):
    app.batch("/a.pdf", **options)

    (error,) = app.read()
    assert (error["type"], error["request_id"]) == ("error", "batch")
    assert error["data"]["message"].startswith(named)
    assert not app.world.files.checks


def test_a_force_that_is_no_truth_value_is_an_error(app):
    app.process(force_ocr="yes")

    (error,) = app.read()
    assert error["data"]["message"].startswith("options.force_ocr: ")


def test_a_line_that_is_too_long_gets_one_error_and_an_empty_one_nothing(app):
    app.send(TOO_LONG)
    assert [one["type"] for one in app.read()] == ["error"]

    for blank in (b"", b" \t", b"\xef\xbb\xbf"):
        app.send(blank)
    assert app.read() == []


def test_a_byte_order_mark_is_tolerated(app):
    app.send(b'\xef\xbb\xbf{"command":"get_hardware_capabilities"}')

    assert [one["type"] for one in app.read()] == ["result"]


def test_a_bug_leaks_nothing_but_the_id_of_its_log_entry(app, monkeypatch):
    monkeypatch.setattr(bridge_languages, "refuse_download", lambda code: 1 / 0)
    kind, data = app.answer("download_language_pack", options={"language_code": "de"})

    assert kind == "error"
    assert "zero" not in data["message"]
    assert "(error_id " in data["message"]


def test_too_many_unfinished_commands_are_refused():
    app = App(config=Config(max_jobs=1))
    app.process(request_id="a")
    app.process(request_id="b")

    assert app.read() == [event("error", "b", {"message": "Too many jobs are unfinished."})]


# The way out.


def test_a_host_that_leaves_ends_each_command_once(app):
    app.process(request_id="running")
    app.world.answer_checks()
    app.world.count(3)
    app.process(request_id="being checked")
    app.ask("analyze", "info", file_path="/a.pdf")
    app.world.supervisor.on_host_closed(broken=False, now=app.world.now)
    app.process(request_id="too late")
    app.world.advance(2)

    told = {one["request_id"]: one["data"] for one in app.last_events()}
    late = told.pop("too late")
    assert told == dict.fromkeys(["running", "being checked", "info"], CANCELLED)
    assert late == {"message": "The daemon is shutting down."}
    assert app.world.supervisor.lifecycle.phase is Phase.STOPPING


def test_every_documented_command_is_carried_out(app):
    assert {*app.bridge._handlers, "cancel"} == set(COMMANDS)
