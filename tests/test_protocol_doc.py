"""Holds protocol.md and the code to each other, and replays the document's transcripts."""

import ast
import json
import re
import types
from pathlib import Path
from typing import Annotated, Any, Union, get_args, get_origin
from unittest.mock import create_autospec

import msgspec
import pytest

from daemon import (
    admission,
    assembling,
    bridge_host,
    bridge_messages,
    checkups,
    event_loop,
    health_messages,
    health_methods,
    inspector,
    job_book,
    job_runner,
    lines,
    log,
    methods,
    newest,
    outbox,
    page_store,
    params,
    pictures,
    pool,
    reception,
    replay,
    supervisor,
    watchdog,
)
from daemon.catalog import NOTIFICATIONS, REQUESTS
from daemon.config import Config
from daemon.errors import ERROR_KINDS, ExitCode
from daemon.outbox import Outbox
from daemon.worker_slot import SlotState
from ocr_worker.documents import (
    FORMATS,
    image_codecs,
    pdf_drawing,
    pdf_images,
    pdf_structure,
    unpacking,
)
from ocr_worker.outputs.kinds import SUFFIXES
from ocr_worker.wire import Limits
from tests.conformance import replay as conformance
from tests.conformance.transcript import in_markdown
from tests.protocol_doc import NO_DEFAULT, PATH, Member, ProtocolDoc
from tests.wire_check import WireCheck

DOC = ProtocolDoc(PATH.read_text(encoding="utf-8"))
NOTIFICATION_ROWS, METHOD_ROWS = DOC.notifications_and_methods()
TESTS = Path(__file__).parent
HANDLERS = methods.Methods(
    supervisor=create_autospec(supervisor.Supervisor, instance=True),
    outbox=Outbox(str),
    config=Config(),
    instance_id="",
    logs=create_autospec(log.Log, instance=True),
    rss_of=lambda pid: 0,
    health=health_methods.HealthMethods(
        supervisor=create_autospec(supervisor.Supervisor, instance=True),
        outbox=Outbox(str),
        logs=create_autospec(log.Log, instance=True),
        started_at=0.0,
        usage_of=lambda pid: health_messages.ProcessUsage(),
    ),
    watch_host=lambda pid: False,
).handlers()


def plain(cell: str) -> str:
    return cell.strip("`")


def names_in(row: list[str]) -> str:
    return plain(row[0])


def check_members(
    documented: tuple[Member, ...], struct: type[msgspec.Struct], where: str, *, are_params: bool
) -> None:
    fields = {field.encode_name: field for field in msgspec.structs.fields(struct)}
    assert sorted(member.name for member in documented) == sorted(fields), where
    for member in documented:
        field, here = fields[member.name], f"{where}.{member.name}"
        options = _unwrapped(field.type)
        has_default = not field.required
        if not are_params:
            # With `omit_defaults` a default is left out; otherwise only UNSET is.
            leaves_out = struct.__struct_config__.omit_defaults
            has_default = has_default and (leaves_out or field.default is msgspec.UNSET)
            may_be_null = type(None) in options and not (leaves_out and field.default is None)
            assert member.may_be_null == may_be_null, f"{here}: null?"
        assert member.may_be_absent == has_default, f"{here}: absent?"
        if member.default is not NO_DEFAULT:
            assert as_json(default_of(field)) == member.default, f"{here}: default"
        inner = next((option for option in options if _is_struct(option)), None)
        if inner is None or inner is params.OcrOptions:
            assert member.members is None, f"{here} holds no object of known members"
        else:
            assert member.members is not None, f"{here}: its members are not told"
            check_members(member.members, inner, here, are_params=are_params)


def default_of(field: msgspec.structs.FieldInfo) -> Any:
    if field.default_factory is not msgspec.NODEFAULT:
        return field.default_factory()
    return field.default


def as_json(value: Any) -> Any:
    return json.loads(msgspec.json.encode(value))


def _unwrapped(hint: Any) -> list[Any]:
    """Return what a type may be: members of unions, items of tuples, without annotations."""
    origin = get_origin(hint)
    if origin is Annotated:
        return _unwrapped(get_args(hint)[0])
    if origin in (Union, types.UnionType, tuple):
        return [each for arg in get_args(hint) for each in _unwrapped(arg)]
    return [hint]


def _is_struct(hint: Any) -> bool:
    return isinstance(hint, type) and issubclass(hint, msgspec.Struct)


def test_the_documented_methods_are_those_of_the_daemon():
    assert list(map(names_in, METHOD_ROWS)) == list(REQUESTS)


def test_every_request_of_the_catalog_has_a_handler_and_every_handler_a_request():
    assert set(REQUESTS) - set(HANDLERS) == set(), "no handler, see daemon/methods.py"
    assert set(HANDLERS) - set(REQUESTS) == set(), "no types, see daemon/catalog.py"


@pytest.mark.parametrize("row", METHOD_ROWS, ids=names_in)
def test_params_and_result_of_a_method_are_as_documented(row):
    name, asked, result = plain(row[0]), row[1], row[2]
    check_members(DOC.members(asked), REQUESTS[name].params, f"{name} params", are_params=True)
    check_members(DOC.members(result), REQUESTS[name].result, f"{name} result", are_params=False)


def test_the_documented_notifications_are_those_of_the_daemon():
    assert list(map(names_in, NOTIFICATION_ROWS)) == list(NOTIFICATIONS)


@pytest.mark.parametrize("row", NOTIFICATION_ROWS, ids=names_in)
def test_params_of_a_notification_are_as_documented(row):
    name = plain(row[0])
    check_members(DOC.members(row[1]), NOTIFICATIONS[name].params, name, are_params=False)


COMMAND_ROWS = DOC.table("command")


def test_the_documented_commands_of_the_bridge_dialect_are_those_of_the_daemon():
    assert list(map(names_in, COMMAND_ROWS)) == list(bridge_messages.COMMANDS)


@pytest.mark.parametrize("row", COMMAND_ROWS, ids=names_in)
def test_members_and_result_of_a_command_are_as_documented(row):
    name, asked, result = plain(row[0]), row[1], row[2]
    shape = bridge_messages.COMMANDS[name]
    check_members(DOC.members(asked), shape.members, f"{name} members", are_params=True)
    check_members(DOC.members(result), shape.result, f"{name} result", are_params=False)


def test_the_events_of_the_bridge_dialect_are_as_documented():
    data = {plain(row[0]): row[1] for row in DOC.table("type")}
    assert list(data) == list(get_args(bridge_messages.EventType))
    for name, struct in (
        ("progress", bridge_messages.ProgressData),
        ("error", bridge_messages.ErrorData),
    ):
        check_members(DOC.members(data[name]), struct, name, are_params=False)


def test_the_config_of_the_bridge_dialect_is_as_documented():
    documented = [plain(row[0]) for row in DOC.table("option in `ocr_config`")]
    assert documented == list(bridge_messages.OcrConfig.__struct_fields__)
    (modes,) = [row[1] for row in DOC.table("option in `ocr_config`") if "mode" in row[0]]
    assert all(f"`{mode}`" in modes for mode in get_args(bridge_messages.ProcessingMode))
    assert f"the last {bridge_host.MAX_ENDED} to end" in DOC.section("The bridge dialect")


def test_the_error_table_is_that_of_the_daemon():
    documented = [
        (plain(row[1]), int(row[0]), row[2] == "yes", *row[3:]) for row in DOC.table("code")
    ]
    assert documented == [tuple(kind) for kind in ERROR_KINDS.values()]


def test_the_exit_codes_are_those_of_the_daemon():
    assert [int(row[0]) for row in DOC.table("exit code")] == [int(code) for code in ExitCode]


def test_the_options_and_their_defaults_are_those_of_the_daemon():
    documented = {plain(row[0]): json.loads(plain(row[1])) for row in DOC.table("option")}
    assert documented == as_json(params.OcrOptions())


def test_the_outputs_and_their_suffixes_are_those_of_the_worker():
    documented = {
        plain(row[0]): plain(row[1]).removeprefix("<stem>") for row in DOC.table("output")
    }
    assert documented == SUFFIXES
    assert list(documented) == list(get_args(params.OutputKind))


@pytest.mark.parametrize(
    ("first_column", "states"),
    [
        ("page", get_args(params.PageStateName)),
        ("job", get_args(params.JobStateName)),
        ("worker", tuple(state.value for state in SlotState)),
        ("problem", get_args(params.ProblemKind)),
        ("cause", get_args(params.RestartCause)),
        ("stage", get_args(params.Stage)),
    ],
)
def test_the_states_are_those_of_the_daemon(first_column, states):
    assert sorted(plain(row[0]) for row in DOC.table(first_column)) == sorted(states)


def test_the_formats_are_those_of_the_worker():
    named = [name for row in DOC.table("format") for name in re.findall(r"`(\w+)`", row[0])]
    assert sorted(named) == sorted(FORMATS)
    assert tuple(msgspec.json.schema(params.DocumentFormat)["enum"]) == FORMATS


def test_the_limits_are_those_of_the_daemon():
    limits = Limits()
    assert {plain(row[0]): float(row[1]) for row in DOC.table("limit")} == {
        "max_line_bytes": methods.MAX_LINE_BYTES,
        "max_batch": methods.MAX_BATCH,
        "max_jobs": Config().max_jobs,
        "kept_jobs": job_book.KEPT_JOBS,
        "kept_job_s": job_book.KEPT_JOB_S,
        "max_document_bytes": limits.max_document_bytes,
        "max_pages": limits.max_pages,
        "max_page_pixels": limits.max_page_pixels,
        "image_bytes": image_codecs.MAX_WHOLE_BYTES,
        "stream_bytes": unpacking.MAX_STREAM_BYTES,
        "drawn_objects": pdf_drawing.MAX_DRAWN,
        "repair_bytes": pdf_structure.MAX_REPAIRED_BYTES,
        "form_depth": pdf_images.MAX_FORM_DEPTH,
        "progress_interval_ms": job_runner.PROGRESS_INTERVAL_S * 1000,
        "check_s": reception.CHECK_TIMEOUT_S,
        "inspect_s": inspector.INSPECT_TIMEOUT_S,
        "replace_s": pictures.REPLACE_TIMEOUT_S,
        "kept_files": newest.MAX_FILES,
        "kept_bytes": newest.MAX_BYTES,
        "assemble_s": assembling.TIMEOUT_S,
        "page_timeout_s": Config().timeouts.page_timeout_s,
        "silence_timeout_s": Config().timeouts.silence_timeout_s,
        "start_s": Config().start_timeout_s,
        "accept_s": pool.ACCEPT_TIMEOUT_S,
        "probe_s": watchdog.PROBE_S,
        "heartbeat_s": Config().heartbeat_s,
        "pong_s": watchdog.PONG_S,
        "idle_timeout_s": Config().idle_timeout_s,
        "max_worker_pages": Config().max_worker_pages,
        "max_worker_bytes": Config().max_worker_bytes,
        "stop_task_s": pool.STOP_TASK_S,
        "pending_s": supervisor.PENDING_GRACE_S,
        "health_s": checkups.ANSWER_TIMEOUT_S,
        "log_messages": outbox.MAX_LOG_MESSAGES,
        "backlog_bytes": job_runner.MAX_BACKLOG_BYTES,
        "unread_bytes": event_loop.MAX_UNREAD_BYTES,
        "outbound_line_bytes": lines.MAX_OUTBOUND_LINE_BYTES,
        "page_bytes": page_store.MAX_BYTES,
        "replay_bytes": replay.MAX_BYTES,
        "replay_states": replay.MAX_STATES,
        "name_bytes": admission.MAX_NAME_BYTES,
    }


def test_the_version_is_that_of_the_daemon():
    assert f"\nVersion {params.PROTOCOL_VERSION}.\n" in DOC.text
    newest = DOC.section("Changes").strip().splitlines()[0]
    assert newest.startswith(f"- **{params.PROTOCOL_VERSION}** ")


def test_no_reserved_method_is_there_already():
    reserved = DOC.section("Reserved in protocol 1, not in this version")
    assert [name for name in REQUESTS if f"`{name}`" in reserved] == []


def marks() -> dict[str, list[str]]:
    """Return every guarantee that a test is marked with, and the files of those tests."""
    found: dict[str, list[str]] = {}
    for path in TESTS.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and ast.unparse(node.func).endswith("mark.guarantee"):
                found.setdefault(ast.literal_eval(node.args[0]), []).append(path.name)
    return found


@pytest.mark.parametrize("guarantee", DOC.guarantees())
def test_a_guarantee_has_a_test(guarantee):
    assert guarantee in marks()


def test_every_mark_names_a_guarantee():
    assert set(marks()) <= set(DOC.guarantees())


@pytest.mark.parametrize("transcript", in_markdown(DOC.text), ids=lambda each: each.name)
def test_a_transcript_is_what_the_daemon_says(transcript, daemon_command):
    command, env = daemon_command
    check = None if "dialect" in transcript.settings else WireCheck()
    conformance.replay(transcript, command, env=env, watch=check)
