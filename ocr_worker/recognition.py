"""Reads one page: its own text where that can be trusted, otherwise pixels, engine and layout."""

import time
from collections.abc import Callable

from ocr_worker import wire
from ocr_worker.documents.base import Document
from ocr_worker.engines.base import Checkpoint, Engine, Reading, RecognizedLine
from ocr_worker.layout import Layout, arrange
from ocr_worker.own_text.native_page import native_page, region_of
from ocr_worker.page_text import PageFrame, mean_confidence, text_of, to_wire_lines
from ocr_worker.preparation.prepare import Prepared, prepare

NOTHING_FOUND = "The engine found no text on this page"
BLANK = "The page is blank"


def read_page(
    document: Document,
    task: wire.Recognize,
    engine_of: Callable[[str], Engine],
    checkpoint: Checkpoint,
) -> wire.Page:
    """Return what the page says. `engine_of` is called only when pixels must be read.

    Raise `TaskError` as the document and the engine do, and whatever `checkpoint` raises.
    """
    warnings: tuple[str, ...] = ()
    if task.options.mode != "force":
        native, warnings = native_page(document, task, engine_of, checkpoint)
        if native is not None:
            return native
    return _recognized_page(document, task, engine_of, checkpoint, warnings)


def _preparation(layout: Layout, prepared: Prepared | None) -> tuple[wire.Preparation, ...]:
    """Return what was done before the page was read; engines turn it themselves."""
    steps = prepared.steps if prepared else ()
    return ("rotated", *steps) if layout.orientation else steps


def _recognized_page(
    document: Document,
    task: wire.Recognize,
    engine_of: Callable[[str], Engine],
    checkpoint: Checkpoint,
    warnings: tuple[str, ...],
) -> wire.Page:
    engine = engine_of(task.options.engine)
    reading = Reading(task.options.languages, task.options.rotate)
    checkpoint("render")
    started = time.perf_counter()
    image = document.render(
        task.page, dpi=task.options.dpi, region=region_of(task), scale=task.scale
    )
    rendered = time.perf_counter()
    prepared = prepare(image.pixels, task.options, engine.prepared_by)
    found: list[RecognizedLine] = []
    if prepared is not None:
        found = prepared.on_page(engine.recognize(prepared.pixels, reading, checkpoint))
    layout = arrange([line for line in found if line.text.strip()])
    lines = to_wire_lines(layout, PageFrame.of_image(image))
    recognized = time.perf_counter()
    return wire.Page(
        page=task.page,
        state="recognized" if lines else "empty",
        text=text_of(layout),
        width_pt=round(image.width_pt, 2),
        height_pt=round(image.height_pt, 2),
        confidence=mean_confidence(lines),
        lines=lines,
        engine=engine.name,
        orientation=layout.orientation if lines else None,
        skew=round(layout.skew, 2) if lines else None,
        preparation=_preparation(layout, prepared) if lines else (),
        reason=None if lines else NOTHING_FOUND if prepared else BLANK,
        warnings=warnings,
        dpi=round(image.dpi, 2),
        seconds={
            "render": round(rendered - started, 4),
            "recognize": round(recognized - rendered, 4),
        },
    )
