"""What of a request can be judged without opening a file, and the job it becomes; pure."""

import re
import sys
from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from pathlib import PurePosixPath, PureWindowsPath
from typing import Final, get_args

import orjson

from daemon.clock import Moment
from daemon.config import Config, Timeouts
from daemon.errors import RpcError, invalid_params
from daemon.jobs import Document, Job, JobId
from daemon.page_ranges import parse_pages
from daemon.params import DocumentParams, DocumentRenderParams, OcrOptions, OutputKind
from daemon.reports import short_name
from ocr_worker import languages

NULL_ENGINE: Final = "null"
ENGINES: Final = (*languages.READERS, NULL_ENGINE)
MAX_NAME_BYTES: Final = 32 * 1024
"""Of a path or name, so that a line has room for it; no system opens a longer one."""
OUTPUT_KINDS: Final[tuple[str, ...]] = get_args(OutputKind)
_NAMELESS: Final = "document"
"""What is called so that its host has not named."""
_LANGUAGE_TAG: Final = re.compile(r"[A-Za-z]{2,8}([-_][A-Za-z0-9]{1,8})*")
_MAX_TAG_CHARS: Final = 100
_URL: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+:/")
_DEVICE: Final = re.compile(r"(con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³])(\..*)?", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Submission:
    """A request for a job, judged but not yet accepted."""

    documents: tuple[DocumentParams, ...]
    options: OcrOptions
    timeouts: Timeouts
    engine: str
    output_dir: str | None
    output_kinds: tuple[str, ...]
    is_batch: bool


def judge(
    documents: Sequence[DocumentParams],
    output_dir: str | None,
    outputs: Sequence[str] | None,
    options: OcrOptions,
    *,
    is_batch: bool,
    config: Config,
) -> Submission:
    """Return the submission. Raise `RpcError` for what can be refused without opening a file."""
    for index, document in enumerate(documents):
        path = f"documents[{index}]" if is_batch else "document"
        judge_document(document, path, config)
    if output_dir is not None:
        _judge_path(output_dir, "output_dir", config)
    kinds = _judge_outputs(output_dir, outputs)
    if options.engine not in ("auto", *ENGINES):
        known = ", ".join(("auto", *ENGINES))
        raise invalid_params("options.engine", f"unknown engine; known are {known}")
    engine = _judge_languages(options.languages, options.engine)
    region = options.region
    if region is not None and (region.width <= 0 or region.height <= 0):
        raise invalid_params("options.region", "width and height must be above 0")
    timeouts = replace(
        config.timeouts,
        **{
            one.name: asked
            for one in fields(Timeouts)
            if (asked := getattr(options, one.name)) is not None
        },
    )
    return Submission(tuple(documents), options, timeouts, engine, output_dir, kinds, is_batch)


def judge_document(document: DocumentParams, path: str, config: Config) -> None:
    """Raise `invalid_params` unless the document is named in one way, and well."""
    if (document.path is None) == (document.data is None):
        raise invalid_params(path, "give either path or data")
    if document.path is not None:
        _judge_path(document.path, f"{path}.path", config)
    if document.name is not None:
        _judge_name(document.name, f"{path}.name")
    if document.pages is not None:
        parse_pages(document.pages, f"{path}.pages")


def judge_picture(params: DocumentRenderParams, config: Config) -> None:
    """Raise `invalid_params` for a picture that cannot be, whatever the document holds."""
    judge_document(params.document, "document", config)
    if params.max_px is not None and params.dpi is not None:
        raise invalid_params("dpi", "give either max_px or dpi")
    if params.output is not None:
        _judge_path(params.output, "output", config)


def _judge_name(text: str, path: str) -> None:
    """Raise for a name that would lead elsewhere as the name of an output."""
    _judge_text(text, path)
    last = short_name(text)
    if sys.platform == "win32" and (":" in last or _DEVICE.fullmatch(last.strip(" "))):
        raise invalid_params(path, "names a drive, a stream or a device")


def _judge_text(text: str, path: str) -> None:
    if "\0" in text or any("\ud800" <= char <= "\udfff" for char in text):
        raise invalid_params(path, "must be a Unicode string without NUL")
    if len(orjson.dumps(text)) > MAX_NAME_BYTES:
        raise invalid_params(path, f"takes more than {MAX_NAME_BYTES} bytes of a line")


def _judge_path(text: str, path: str, config: Config) -> None:
    _judge_text(text, path)
    if sys.platform == "win32":
        pure: PurePosixPath | PureWindowsPath = PureWindowsPath(text)
        if _DEVICE.fullmatch(pure.name.strip(" ")):
            raise invalid_params(path, "names a device")
        if text.startswith(("\\\\", "//")) and not config.allow_dirs:
            raise invalid_params(path, "network and device paths need an allowed directory")
    else:
        pure = PurePosixPath(text)
    if not pure.is_absolute():
        kind = "a URL" if _URL.match(text) else "a relative path"
        raise invalid_params(path, f"must be an absolute path, not {kind}")


def _judge_outputs(output_dir: str | None, outputs: Sequence[str] | None) -> tuple[str, ...]:
    for index, kind in enumerate(outputs or ()):
        if kind not in OUTPUT_KINDS:
            known = ", ".join(OUTPUT_KINDS)
            raise invalid_params(f"outputs[{index}]", f"unknown output; known are {known}")
    if output_dir is None:
        if outputs:
            raise invalid_params("output_dir", "outputs need a directory to be written to")
        return ()
    # A kind named twice is one file.
    return tuple(dict.fromkeys(outputs or ("text",)))


def _judge_languages(tags: Sequence[str], asked: str) -> str:
    """Return the engine that is to read pages in these languages; `asked` may be `auto`.

    Whether its data for them is installed only a worker knows, whose environment may be another.
    """
    wanted = []
    for index, tag in enumerate(tags):
        if len(tag) > _MAX_TAG_CHARS or not _LANGUAGE_TAG.fullmatch(tag):
            raise invalid_params(f"options.languages[{index}]", "must be a BCP-47 tag such as en")
        language = languages.resolve(tag)
        if language is None:
            raise _unread("No engine reads that language", tag, asked)
        wanted.append(language)
    if asked == NULL_ENGINE:
        return asked
    if asked == "auto":
        engine = languages.engine_for(wanted)
        problem = "No engine reads all of these languages"
    else:
        engine = asked if all(asked in language.engines for language in wanted) else None
        problem = "That engine does not read that language"
    if engine is None:
        reader = languages.DEFAULT_ENGINE if asked == "auto" else asked
        tag = next(t for t, one in zip(tags, wanted, strict=True) if reader not in one.engines)
        raise _unread(problem, tag, asked)
    return engine


def _unread(problem: str, tag: str, engine: str) -> RpcError:
    text = f"{problem}; language/list names those that are read."
    return RpcError("language_unavailable", text, language=tag, engine=engine)


def to_job(
    submission: Submission,
    job_id: JobId,
    now: Moment,
) -> Job:
    """Return the job that an accepted submission becomes; its paths are not checked yet."""
    documents = []
    for index, params in enumerate(submission.documents):
        file = params.path or params.name or _NAMELESS
        documents.append(
            Document(
                index=index,
                file=file,
                path=params.path or "",
                stem=_stem(file),
                is_copy=params.data is not None,
                password=params.password,
                selection=params.pages,
            )
        )
    return Job(
        job_id=job_id,
        documents=documents,
        options=submission.options,
        timeouts=submission.timeouts,
        engine=submission.engine,
        accepted=now,
        output_dir=submission.output_dir,
        output_kinds=submission.output_kinds,
    )


def _stem(file: str) -> str:
    """Return the name outputs are derived from: the last part of the path, without suffix."""
    name = short_name(file)
    if name.strip("/\\") == "":
        return _NAMELESS  # nothing but separators, which joined to a folder would lead out of it
    stem, dot, _ = name.rpartition(".")
    return stem if dot and stem else name
