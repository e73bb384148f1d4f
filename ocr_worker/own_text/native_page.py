"""Keeps a page's own text where it is what a reader sees, with what stands in its pictures.

`documents` says what the PDF alone tells of the text, `layer_check` settles what it leaves in
doubt, and `picture_text` reads what the text does not cover.
"""

from collections.abc import Callable, Sequence

import msgspec

from ocr_worker import wire
from ocr_worker.documents.base import Document
from ocr_worker.documents.page_view import Box
from ocr_worker.documents.text_layer import Picture, TextLayer
from ocr_worker.engines.base import Checkpoint, Engine
from ocr_worker.layout import arrange
from ocr_worker.own_text.layer_check import check_layer
from ocr_worker.own_text.picture_text import PictureText, is_in_one, read_pictures, word_boxes
from ocr_worker.page_text import (
    PageFrame,
    mean_confidence,
    native_lines,
    text_of,
    to_wire_line,
    with_places,
)


def native_page(
    document: Document,
    task: wire.Recognize,
    engine_of: Callable[[str], Engine],
    checkpoint: Checkpoint,
) -> tuple[wire.Page | None, tuple[str, ...]]:
    """Return the page as its own text has it, or None and what to say about that text.

    `engine_of` is called only where the text is in doubt or the page has pictures. Raise
    `TaskError` as the document and the engine do, and whatever `checkpoint` raises.
    """
    layer = document.text_layer(task.page)
    if layer is None:
        return None, ()
    is_checked = task.options.mode == "auto"
    if is_checked and layer.trust == "refused":
        return None, (_not_used(layer.reason),)
    region = region_of(task)
    lines = [line for line in layer.lines if region is None or _is_inside(line, region)]
    if not lines:
        return None, ()
    reason = layer.reason
    if is_checked and layer.trust == "doubtful":
        checkpoint("render")
        image = document.render(task.page, dpi=task.options.dpi, region=region, scale=task.scale)
        engine, languages = engine_of(task.options.engine), task.options.languages
        finding = check_layer(
            lines, [each.box for each in layer.pictures], image, engine, languages, checkpoint
        )
        reason = f"{reason}; {finding.reason}"
        if not finding.is_kept:
            return None, (_not_used(reason),)
    found = PictureText()
    if is_checked and layer.pictures:
        pictures = [cut for each in layer.pictures if (cut := _cut(each, region)) is not None]
        found = read_pictures(document, task, pictures, lines, engine_of, checkpoint)
    return _page(task, layer, lines, reason, found), ()


def region_of(task: wire.Recognize) -> wire.Region | None:
    """Return the region that is meant for this page."""
    region = task.options.region
    return region if region is not None and region.page in (None, task.page) else None


def _page(
    task: wire.Recognize,
    layer: TextLayer,
    lines: list[wire.Line],
    reason: str,
    found: PictureText,
) -> wire.Page:
    # Laid out like recognized lines, so that all kinds of pages read alike.
    laid_out = native_lines(lines)
    own = {id(stand_in): line for stand_in, line in zip(laid_out, lines, strict=True)}
    layout = arrange([*laid_out, *found.lines])
    width_pt, height_pt = layer.size_pt
    frame = PageFrame(width_pt, height_pt)
    hidden = word_boxes(layer.hidden)
    numbered = list(enumerate(layout.lines))
    places = [
        (line, number, each.block)
        for number, each in numbered
        if (line := own.get(id(each.line))) is not None
    ]
    placed_own = iter(with_places(places, frame))
    placed = tuple(
        next(placed_own)
        if id(each.line) in own
        else _added(to_wire_line(each.line, number, each.block, frame), hidden)
        for number, each in numbered
    )
    if found.n_read:
        reason += f"; {_counted(found.n_read)} on it {_was(found.n_read)} read by the engine"
    warnings: tuple[str, ...] = ()
    if found.n_failed:
        warnings = (f"{_counted(found.n_failed)} on the page could not be read.",)
    return wire.Page(
        page=task.page,
        state="native_text",
        text=text_of(layout),
        width_pt=round(width_pt, 2),
        height_pt=round(height_pt, 2),
        confidence=mean_confidence(placed),
        lines=placed,
        engine=found.engine,
        reason=reason,
        warnings=warnings,
    )


def _added(line: wire.Line, hidden: Sequence[Box]) -> wire.Line:
    """Return a line of a picture, marked unless hidden text says it already.

    Such text is that of an earlier run, ours or another program's.
    """
    is_known = any(
        is_in_one(part.x + part.width / 2, part.y + part.height / 2, hidden)
        for part in line.words or (line,)
    )
    return line if is_known else msgspec.structs.replace(line, is_added=True)


def _not_used(reason: str) -> str:
    return f"The page's own text was not used: {reason}"


def _counted(n_pictures: int) -> str:
    return "1 picture" if n_pictures == 1 else f"{n_pictures} pictures"


def _was(n_pictures: int) -> str:
    return "was" if n_pictures == 1 else "were"


def _is_inside(line: wire.Line, region: wire.Region) -> bool:
    """Tell whether the middle of a line lies in a region."""
    x, y = line.x + line.width / 2, line.y + line.height / 2
    return region.x <= x <= region.x + region.width and region.y <= y <= region.y + region.height


def _cut(picture: Picture, region: wire.Region | None) -> Picture | None:
    """Return the part of a picture that lies in a region."""
    if region is None:
        return picture
    left, top, right, bottom = picture.box
    box: Box = (
        max(left, region.x),
        max(top, region.y),
        min(right, region.x + region.width),
        min(bottom, region.y + region.height),
    )
    return Picture(box, picture.dpi) if box[0] < box[2] and box[1] < box[3] else None
