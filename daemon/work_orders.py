"""From a task in a slot to the command that a worker is sent; pure builders."""

import os
from typing import Final

from daemon import __version__
from daemon.inspections import Inspection
from daemon.jobs import Document, Job
from daemon.lines import Place
from daemon.worker_slot import AssembleTask, InspectTask, PageTask
from ocr_worker import wire

DEFAULT_MAX_PX: Final = 1200
"""Longer side of a picture whose size the host leaves to us."""


def recognize(job: Job, task: PageTask, limits: wire.Limits, task_id: int) -> wire.Recognize:
    """Return the order to read a page."""
    document = job.documents[task.ref.document]
    options = job.options
    return wire.Recognize(
        task=task_id,
        source=_source(document),
        limits=limits,
        page=task.ref.page,
        options=wire.RecognizeOptions(
            engine=job.engine,
            languages=options.languages,
            mode=options.mode,
            dpi=options.dpi,
            rotate=options.rotate,
            deskew=options.deskew,
            contrast=options.contrast,
            skip_blank=options.skip_blank,
            region=options.region,
        ),
        scale=document.pages[task.ref.page].scale,
        keep=task.keep,
        with_lines=options.inline == "words",
        gives_way=task.gives_way,
    )


def assemble(job: Job, task: AssembleTask, limits: wire.Limits, task_id: int) -> wire.Assemble:
    """Return the order to write a document's outputs to their temporary names."""
    document = job.documents[task.document]
    return wire.Assemble(
        task=task_id,
        source=_source(document),
        limits=limits,
        file=document.file,
        page_count=document.page_count or 0,
        outputs=task.temporary,
        pages=tuple(document.kept[number] for number in sorted(document.kept)),
        engine=job.engine,
        languages=job.options.languages,
        version=__version__,
        note=task.note,
        gives_way=task.gives_way,
    )


def render(
    inspection: Inspection,
    task: InspectTask,
    limits: wire.Limits,
    inline_bytes: int,
    task_id: int,
) -> wire.Render:
    """Return the order to show a page, in the answer where it takes `inline_bytes` at most."""
    params = inspection.picture
    assert params is not None
    assert inspection.source is not None
    assert task.picture is not None
    return wire.Render(
        task=task_id,
        source=inspection.source,
        limits=limits,
        page=params.page,
        path=task.picture,
        note=task.note,
        max_px=DEFAULT_MAX_PX if params.max_px is None and params.dpi is None else params.max_px,
        dpi=params.dpi,
        format=params.format,
        inline_bytes=inline_bytes,
        overlay=_overlay(inspection.overlay),
    )


def _overlay(told: bytes | Place | None) -> wire.Told | None:
    match told:
        case None:
            return None
        case Place(path, offset, size):
            return wire.Told(path=path, offset=offset, size_bytes=size)
        case _:
            return wire.Told(content=told.decode())


def temporary_names(job: Job, name: str) -> dict[str, str]:
    """Return where each kind of output is written before it has its name.

    Beside the target, so that giving the final name is a rename and never a copy.
    """
    directory = job.output_dir or ""
    return {
        kind: os.path.join(directory, f".ocr-sidecar-{name}.{kind}.tmp")
        for kind in job.output_kinds
    }


def _source(document: Document) -> wire.Source:
    return wire.Source(
        path=document.path,
        password=document.password,
        size_bytes=document.size_bytes,
        modified_ns=document.modified_ns,
    )
