"""hOCR 1.2: XHTML that browsers show, with the boxes in its title attributes, in pixels.

A pixel is one of the picture that the page was recognized from; a page whose own text was kept was
no picture, and counts 300 to the inch. As Tesseract has it, `textangle` tells the quarter turn
that a line is in and `baseline` the slant that is left, since a reader adds the two up.
"""

import re
from collections.abc import Iterable, Iterator
from typing import Final

from ocr_worker import wire
from ocr_worker.outputs.about import SOFTWARE, file_name, languages_of
from ocr_worker.outputs.placed import Box, PlacedBlock, PlacedLine, PlacedWord, place
from ocr_worker.outputs.placement import corners_of
from ocr_worker.outputs.xml_text import empty_tag, escaped, start_tag

DEFAULT_DPI: Final = 300.0
CAPABILITIES: Final = "ocr_page ocr_carea ocr_par ocr_line ocrx_word ocrp_wconf ocrp_dir"

_DIRECTION_MARKS = re.compile("[\u200e\u200f]")
"""The specification wants directions in attributes, and these nowhere."""


def render(task: wire.Assemble, pages: Iterable[wire.Page]) -> Iterator[bytes]:
    """Yield the file in pieces, a page each between head and tail."""
    yield "".join(_head(task)).encode()
    name = file_name(task)
    for page in pages:
        yield "".join(_page(page, name)).encode()
    yield b" </body>\n</html>\n"


def _head(task: wire.Assemble) -> Iterator[str]:
    yield '<?xml version="1.0" encoding="UTF-8"?>\n<!DOCTYPE html>\n'
    yield start_tag("html", {"xmlns": "http://www.w3.org/1999/xhtml"}) + "\n <head>\n"
    yield f"  <title>{escaped(file_name(task))}</title>\n"
    content_type = {"http-equiv": "Content-Type", "content": "text/html; charset=utf-8"}
    yield f"  {empty_tag('meta', content_type)}\n"
    asked = languages_of(task)
    codes = dict.fromkeys(language.code.partition("-")[0] for language in asked)
    scripts = dict.fromkeys(language.script for language in asked)
    for field, content in {
        "ocr-system": f"{SOFTWARE} {task.version}".strip(),
        "ocr-capabilities": CAPABILITIES,
        "ocr-number-of-pages": str(len(task.pages)),
        "ocr-langs": " ".join(codes) or "unknown",
        "ocr-scripts": " ".join(scripts) or "unknown",
    }.items():
        yield f"  {empty_tag('meta', {'name': field, 'content': content})}\n"
    yield " </head>\n <body>\n"


def _page(page: wire.Page, file: str) -> Iterator[str]:
    dpi = page.dpi or DEFAULT_DPI
    placed = place(page, dpi / 72)
    # A quote would end the string, and simple readers end a property at any semicolon.
    image = file.replace('"', "%22").replace(";", "%3B")
    properties = (
        f'image "{image}"',
        _bbox(Box(0, 0, placed.width, placed.height)),
        f"ppageno {page.page - 1}",
        f"scan_res {round(dpi)} {round(dpi)}",
    )
    yield f"  {_open('div', 'ocr_page', f'page_{page.page}', properties)}\n"
    for number, block in enumerate(placed.blocks, 1):
        yield from _block(block, f"{page.page}_{number}", dpi)
    yield "  </div>\n"


def _block(block: PlacedBlock, number: str, dpi: float) -> Iterator[str]:
    properties = (_bbox(block.box),)
    yield f"   {_open('div', 'ocr_carea', f'block_{number}', properties)}\n"
    direction = "rtl" if block.is_right_to_left else None
    paragraph = _open("p", "ocr_par", f"par_{number}", properties, direction)
    yield f"    {paragraph}\n"
    for index, line in enumerate(block.lines, 1):
        yield from _line(line, f"{number}_{index}", dpi, block)
    yield "    </p>\n   </div>\n"


def _line(placed: PlacedLine, number: str, dpi: float, block: PlacedBlock) -> Iterator[str]:
    properties = [_bbox(placed.box), *_slant(placed, dpi)]
    direction = _direction(placed, block)
    yield f"     {_open('span', 'ocr_line', f'line_{number}', properties, direction)}"
    for index, word in enumerate(placed.words, 1):
        yield ("\n      " if word.is_spaced or index == 1 else "") + _word(
            word, f"{number}_{index}"
        )
    yield "\n     </span>\n"


def _word(word: PlacedWord, number: str) -> str:
    properties = (_bbox(word.box), f"x_wconf {round(100 * word.confidence)}")
    direction = "rtl" if word.is_right_to_left else None
    tag = _open("span", "ocrx_word", f"word_{number}", properties, direction)
    return f"{tag}{escaped(_DIRECTION_MARKS.sub('', word.text))}</span>"


def _direction(line: PlacedLine, block: PlacedBlock) -> str | None:
    """Return the direction of a line that does not go by its paragraph's."""
    if block.is_right_to_left:
        return "ltr" if line.is_left_to_right else None
    return "rtl" if line.is_right_to_left else None


def _slant(placed: PlacedLine, dpi: float) -> Iterator[str]:
    line, box, scale = placed.line, placed.box, dpi / 72
    quarters = round(line.angle / 90) % 4
    _, _, end, start = corners_of(line)
    x0, y0 = _as_read(start[0] * scale, start[1] * scale, box, quarters)
    x1, y1 = _as_read(end[0] * scale, end[1] * scale, box, quarters)
    slope = (y1 - y0) / (x1 - x0) if x1 > x0 else 0.0
    yield f"baseline {round(slope, 4):g} {round(y0 - slope * x0)}"
    height = line.height if line.thickness is None else line.thickness
    yield f"x_size {height * scale:.1f}"
    if quarters:
        # The specification counts counter-clockwise.
        yield f"textangle {360 - 90 * quarters}"


def _as_read(x: float, y: float, box: Box, quarters: int) -> tuple[float, float]:
    """Return a pixel as a reader of a turned line sees it: from the lower left of its box."""
    match quarters:
        case 1:
            return y - box.top, box.left - x
        case 2:
            return box.right - x, box.top - y
        case 3:
            return box.bottom - y, x - box.right
        case _:
            return x - box.left, y - box.bottom


def _bbox(box: Box) -> str:
    return f"bbox {box.left} {box.top} {box.right} {box.bottom}"


def _open(
    tag: str, kind: str, identifier: str, properties: Iterable[str], direction: str | None = None
) -> str:
    attributes = {"class": kind, "id": identifier, "title": "; ".join(properties)}
    return start_tag(tag, {**attributes, "dir": direction})
