"""Reads one page: its own text where that can be trusted, otherwise pixels, engine and layout."""

import time
from collections.abc import Callable

from ocr_worker import wire
from ocr_worker.documents.base import Document
from ocr_worker.engines.base import Checkpoint, Engine, Reading
from ocr_worker.layout import arrange
from ocr_worker.page_text import (
    PageFrame,
    from_wire_line,
    mean_confidence,
    text_of,
    to_wire_lines,
)


def read_page(
    document: Document,
    task: wire.Recognize,
    engine_of: Callable[[str], Engine],
    checkpoint: Checkpoint,
) -> wire.Page:
    """Return what the page says. `engine_of` is called only when the page must be recognized.

    Raise `TaskError` as the document and the engine do, and whatever `checkpoint` raises.
    """
    warnings: tuple[str, ...] = ()
    if task.options.mode != "force":
        native, warnings = _native_page(document, task)
        if native is not None:
            return native
    return _recognized_page(document, task, engine_of, checkpoint, warnings)


def _native_page(
    document: Document, task: wire.Recognize
) -> tuple[wire.Page | None, tuple[str, ...]]:
    """Return the page as its text layer has it, or None and what to say about the layer."""
    layer = document.text_layer(task.page)
    if layer is None:
        return None, ()
    if not layer.trusted and task.options.mode == "auto":
        return None, (f"The page's own text was not used: {layer.reason}",)
    region = _region_of(task)
    lines = [line for line in layer.lines if region is None or _is_inside(line, region)]
    if not lines:
        return None, ()
    info = document.describe(task.page)
    # Laid out like recognized lines, so that both kinds of page read alike.
    layout = arrange([from_wire_line(line) for line in lines])
    placed = to_wire_lines(layout, PageFrame(info.width_pt, info.height_pt))
    return wire.Page(
        page=task.page,
        state="native_text",
        text=text_of(layout),
        width_pt=round(info.width_pt, 2),
        height_pt=round(info.height_pt, 2),
        confidence=mean_confidence(placed),
        lines=placed,
        reason=layer.reason,
    ), ()


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
        task.page, dpi=task.options.dpi, region=_region_of(task), scale=task.scale
    )
    rendered = time.perf_counter()
    found = engine.recognize(image.pixels, reading, checkpoint)
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
        reason=None if lines else "The engine found no text on this page",
        warnings=warnings,
        dpi=round(image.dpi, 2),
        seconds={
            "render": round(rendered - started, 4),
            "recognize": round(recognized - rendered, 4),
        },
    )


def _region_of(task: wire.Recognize) -> wire.Region | None:
    """Return the region that is meant for this page."""
    region = task.options.region
    return region if region is not None and region.page in (None, task.page) else None


def _is_inside(line: wire.Line, region: wire.Region) -> bool:
    """Tell whether the middle of a line lies in a region."""
    x, y = line.x + line.width / 2, line.y + line.height / 2
    return region.x <= x <= region.x + region.width and region.y <= y <= region.y + region.height
