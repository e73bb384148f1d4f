"""The bridge dialect towards the owner: from a line to a command, and from that to a request.

It takes the place of `dispatch` for hosts that were written for a bridge of their own. Each line
but a cancel gets exactly one last event, and a cancel none: what it ends tells of it.
"""

import codecs
import re
import sys
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, Final, Literal

import msgspec
import orjson

from daemon import bridge_languages
from daemon.admission import judge, judge_document
from daemon.bridge_host import BridgeHost, Command
from daemon.bridge_messages import (
    COMMANDS,
    AnalyzeCommand,
    BatchCommand,
    HardwareCapabilities,
    LanguageCommand,
    OcrConfig,
    ProcessCommand,
    ProcessingMode,
    ProcessOptions,
)
from daemon.clock import Moment
from daemon.config import Config
from daemon.errors import RpcError
from daemon.framing import TooLong
from daemon.internal_errors import internal_error
from daemon.language_lists import LanguageReply, Readers
from daemon.messages import HardwareResult
from daemon.params import DocumentInfoParams, DocumentParams, OcrOptions, Struct
from daemon.supervisor import Supervisor
from daemon.validation import convert
from ocr_worker.languages import DEFAULT_ENGINE

RECOMMENDED_DPI: Final = 200
"""What a worker reads a page at when nothing in it says otherwise."""
_GIB: Final = 1024**3
_MODES: Final[dict[ProcessingMode, Literal["auto", "skip_text", "force"]]] = {
    "hybrid": "auto",
    "selective": "skip_text",
    "full": "force",
}
_ENGINES: Final = {None: "auto", "paddleocr": DEFAULT_ENGINE}
"""What such hosts call engines; the default one runs that project's models."""
_OWN_NAMES: Final = (
    (re.compile(r"^document\.path"), "file_path"),
    (re.compile(r"^documents(\[\d+\])\.path"), r"options.files\1"),
    (re.compile(r"^output_dir"), "options.output_dir"),
    (re.compile(r"^options\.(engine|languages)"), r"options.ocr_config.\1"),
)
"""Members of requests as errors name them, and what this dialect calls them."""

_Handler = Callable[[Any, Command, Moment], None]


class Bridge:
    """Turns the host's lines into requests to the owner; runs on the loop's thread."""

    def __init__(
        self,
        supervisor: Supervisor,
        host: BridgeHost,
        config: Config,
        max_line_bytes: int,
    ) -> None:
        self._supervisor = supervisor
        self._host = host
        self._config = config
        self._max_line_bytes = max_line_bytes
        self._handlers: dict[str, _Handler] = {
            "analyze": self._analyze,
            "process": self._process,
            "ocr_batch": self._ocr_batch,
            "get_hardware_capabilities": self._get_hardware_capabilities,
            "list_available_languages": self._list_available_languages,
            "list_installed_languages": self._list_installed_languages,
            "get_language_status": self._get_language_status,
            "download_language_pack": self._download_language_pack,
        }

    def handle(self, line: bytes | TooLong, now: Moment) -> None:
        """Carry out one line, or see to it that its last event comes later."""
        if isinstance(line, TooLong):
            text = f"The line is longer than {self._max_line_bytes} bytes."
            self._host.open(None).fail(RpcError("message_too_large", text))
            return
        line = line.removeprefix(codecs.BOM_UTF8)
        if not line.strip():
            return
        try:
            message = orjson.loads(line)
        except orjson.JSONDecodeError:
            self._host.open(None).fail(RpcError("parse_error", "The line is not JSON in UTF-8."))
            return
        given_id = message.get("request_id") if isinstance(message, dict) else None
        if isinstance(given_id, dict | list):
            self._host.open(None).fail(
                RpcError("invalid_request", "A request_id must be a string, a number or null.")
            )
        elif isinstance(message, dict) and message.get("command") == "cancel":
            self._cancel(given_id, now)
        else:
            self._run(message, self._host.open(given_id), now)

    def _run(self, message: Any, command: Command, now: Moment) -> None:
        try:
            name = message.get("command") if isinstance(message, dict) else None
            if not isinstance(name, str):
                text = 'A command must be an object with the member "command", a string.'
                raise RpcError("invalid_request", text)
            if name not in self._handlers:
                raise RpcError("method_not_found", "There is no such command.")
            self._handlers[name](convert(message, COMMANDS[name].members), command, now)
        except RpcError as error:
            command.fail(_in_own_names(error))
        except Exception:  # noqa: BLE001  whatever a handler does, its command gets its event
            command.fail(internal_error("a command failed"))

    def _cancel(self, given_id: Any, now: Moment) -> None:
        for command in self._host.meant_by(given_id):
            self._supervisor.cancel_request(command.serial, now)

    # Documents.

    def _analyze(self, asked: AnalyzeCommand, command: Command, now: Moment) -> None:
        params = DocumentInfoParams(document=DocumentParams(path=asked.file_path))
        judge_document(params.document, "document", self._config)
        self._supervisor.describe(params, command, now)

    def _process(self, asked: ProcessCommand, command: Command, now: Moment) -> None:
        options = asked.options or ProcessOptions()
        ocr_options = _ocr_options(options.ocr_config, force=bool(options.force_ocr))
        self._submit((asked.file_path,), options.output_dir, ocr_options, command, now)

    def _ocr_batch(self, asked: BatchCommand, command: Command, now: Moment) -> None:
        command.is_batch = True
        options = asked.options
        ocr_options = _ocr_options(options.ocr_config, force=False)
        self._submit(options.files, options.output_dir, ocr_options, command, now)

    def _submit(
        self,
        files: Sequence[str],
        output_dir: str | None,
        options: OcrOptions,
        command: Command,
        now: Moment,
    ) -> None:
        submission = judge(
            [DocumentParams(path=file) for file in files],
            output_dir,
            None,
            options,
            is_batch=command.is_batch,
            config=self._config,
        )
        command.is_cancellable = True
        self._supervisor.submit(submission, command, now)

    # What there is.

    def _get_hardware_capabilities(self, asked: Any, command: Command, now: Moment) -> None:
        self._supervisor.tell_hardware(_HardwareReply(command), now)

    def _list_available_languages(self, asked: Any, command: Command, now: Moment) -> None:
        self._ask_for_languages(bridge_languages.available, command, now)

    def _list_installed_languages(self, asked: Any, command: Command, now: Moment) -> None:
        self._ask_for_languages(bridge_languages.installed, command, now)

    def _get_language_status(self, asked: LanguageCommand, command: Command, now: Moment) -> None:
        language = bridge_languages.find(asked.options.language_code)
        self._ask_for_languages(partial(bridge_languages.status, language), command, now)

    def _download_language_pack(
        self, asked: LanguageCommand, command: Command, now: Moment
    ) -> None:
        raise bridge_languages.refuse_download(asked.options.language_code)

    def _ask_for_languages(
        self, to_result: Callable[[Readers], Struct], command: Command, now: Moment
    ) -> None:
        self._supervisor.list_engines(LanguageReply(command, to_result), now)


class _HardwareReply:
    """Stands for a command's reply while the machine is looked at."""

    def __init__(self, command: Command) -> None:
        self._command = command
        self.request_id = command.request_id
        """The number that the command has within the daemon."""

    def succeed(self, result: Struct) -> None:
        """Answer the app under the names that it knows."""
        assert isinstance(result, HardwareResult)
        self._command.succeed(
            HardwareCapabilities(
                **msgspec.structs.asdict(result),
                gpu_available=False,
                cuda_available=False,
                gpu_memory_gb=0.0,
                system_memory_gb=round(result.memory_bytes / _GIB, 1),
                platform=sys.platform,
                recommended_batch_size=result.workers,
                recommended_dpi=RECOMMENDED_DPI,
            )
        )

    def fail(self, error: RpcError) -> None:
        """Answer the app with an error."""
        self._command.fail(error)


def _ocr_options(config: OcrConfig | None, *, force: bool) -> OcrOptions:
    """Return our options; without the text of pages, which this dialect does not tell."""
    config = config or OcrConfig()
    mode = _MODES["full" if force else config.processing_mode or "hybrid"]
    engine = _ENGINES.get(config.engine, config.engine or "auto")
    options = OcrOptions(engine=engine, mode=mode, dpi=config.dpi, inline="none")
    if config.languages is None:
        return options
    tags = tuple(bridge_languages.to_tag(code) for code in config.languages)
    return msgspec.structs.replace(options, languages=tags)


def _in_own_names(error: RpcError) -> RpcError:
    """Return the error with the wrong member as this dialect calls it."""
    for theirs, ours in _OWN_NAMES:
        error.message = theirs.sub(ours, error.message)
    return error
