"""ALTO 4.4: XML of the Library of Congress, with boxes in 1/1200 inch.

That unit is the same for pages of any resolution, and for those that were no picture. A point is
50/3 of it.
"""

from collections.abc import Iterable, Iterator
from typing import Final

from ocr_worker import wire
from ocr_worker.outputs.about import SOFTWARE, file_name, languages_of
from ocr_worker.outputs.placed import Box, PlacedBlock, PlacedLine, PlacedWord, around, place
from ocr_worker.outputs.placement import corners_of
from ocr_worker.outputs.xml_text import Attributes, empty_tag, escaped, start_tag

NAMESPACE: Final = "http://www.loc.gov/standards/alto/ns-v4#"
SCHEMA: Final = "http://www.loc.gov/standards/alto/v4/alto-4-4.xsd"
UNITS_PER_PT: Final = 1200 / 72

_PROCESSING: Final = "processing_1"


def render(task: wire.Assemble, pages: Iterable[wire.Page]) -> Iterator[bytes]:
    """Yield the file in pieces, a page each between head and tail."""
    yield "".join(_head(task)).encode()
    for page in pages:
        yield "".join(_page(page)).encode()
    yield b" </Layout>\n</alto>\n"


def _head(task: wire.Assemble) -> Iterator[str]:
    root = {
        "xmlns": NAMESPACE,
        "xmlns:xsi": "http://www.w3.org/2001/XMLSchema-instance",
        "xsi:schemaLocation": f"{NAMESPACE} {SCHEMA}",
        "SCHEMAVERSION": "4.4",
    }
    yield f'<?xml version="1.0" encoding="UTF-8"?>\n{start_tag("alto", root)}\n'
    codes = ", ".join(language.code for language in languages_of(task))
    settings = f"engine: {task.engine}; languages: {codes}"
    yield f""" <Description>
  <MeasurementUnit>inch1200</MeasurementUnit>
  <sourceImageInformation>
   <fileName>{escaped(file_name(task))}</fileName>
  </sourceImageInformation>
  {start_tag("Processing", {"ID": _PROCESSING})}
   <processingCategory>contentGeneration</processingCategory>
   <processingStepDescription>text recognition</processingStepDescription>
   <processingStepSettings>{escaped(settings)}</processingStepSettings>
   <processingSoftware>
    <softwareName>{SOFTWARE}</softwareName>
    <softwareVersion>{escaped(task.version)}</softwareVersion>
   </processingSoftware>
  </Processing>
 </Description>
 <Layout>
"""


def _page(page: wire.Page) -> Iterator[str]:
    placed = place(page, UNITS_PER_PT)
    attributes: Attributes = {
        "ID": f"page_{page.page}",
        "PHYSICAL_IMG_NR": page.page,
        "PAGECLASS": "empty" if page.state == "empty" else None,
        "WIDTH": placed.width,
        "HEIGHT": placed.height,
        "PC": page.confidence,
        "PROCESSINGREFS": _PROCESSING,
    }
    yield f"  {start_tag('Page', attributes)}\n"
    printed = Box(0, 0, placed.width, placed.height)
    if placed.blocks:
        printed = around(block.box for block in placed.blocks)
    yield f"   {start_tag('PrintSpace', _position(printed))}\n"
    for number, block in enumerate(placed.blocks, 1):
        yield from _block(block, f"{page.page}_{number}")
    yield "   </PrintSpace>\n  </Page>\n"


def _block(block: PlacedBlock, number: str) -> Iterator[str]:
    attributes: Attributes = {
        "ID": f"block_{number}",
        **_position(block.box),
        "ROTATION": _rotation(block),
        "BASEDIRECTION": "rtl" if block.is_right_to_left else None,
    }
    yield f"    {start_tag('TextBlock', attributes)}\n"
    for index, line in enumerate(block.lines, 1):
        yield from _line(line, f"{number}_{index}", block)
    yield "    </TextBlock>\n"


def _line(placed: PlacedLine, number: str, block: PlacedBlock) -> Iterator[str]:
    attributes = {
        "ID": f"line_{number}",
        **_position(placed.box),
        "BASELINE": _baseline(placed.line),
        "BASEDIRECTION": _direction(placed, block),
    }
    yield f"     {start_tag('TextLine', attributes)}\n"
    before: PlacedWord | None = None
    for index, word in enumerate(placed.words, 1):
        if before is not None and word.is_spaced:
            yield f"      {empty_tag('SP', _gap(before.box, word.box))}\n"
        yield f"      {_string(word, f'{number}_{index}')}\n"
        before = word
    yield "     </TextLine>\n"


def _string(word: PlacedWord, number: str) -> str:
    attributes: Attributes = {
        "ID": f"word_{number}",
        **_position(word.box),
        "CONTENT": word.text,
        "WC": round(word.confidence, 4),
    }
    return empty_tag("String", attributes)


def _position(box: Box) -> dict[str, int]:
    return {
        "HPOS": box.left,
        "VPOS": box.top,
        "WIDTH": box.right - box.left,
        "HEIGHT": box.bottom - box.top,
    }


def _gap(before: Box, after: Box) -> dict[str, int]:
    """Return where the white space between two words is, or nothing where they are not apart."""
    left, right = min(before.right, after.right), max(before.left, after.left)
    if left >= right:
        return {}
    top = min(before.top, after.top)
    bottom = max(before.bottom, after.bottom)
    return _position(Box(left, top, right, bottom))


def _rotation(block: PlacedBlock) -> float | None:
    """Return how far the text of a block is turned, counter-clockwise as ALTO has it."""
    angles = sorted(line.line.angle for line in block.lines)
    return -angles[len(angles) // 2] or None


def _baseline(line: wire.Line) -> str | None:
    if not line.angle:
        return None  # the lower edge of its box
    _, _, end, start = corners_of(line)
    points = (start, end)
    return " ".join(f"{round(x * UNITS_PER_PT)},{round(y * UNITS_PER_PT)}" for x, y in points)


def _direction(line: PlacedLine, block: PlacedBlock) -> str | None:
    if line.is_right_to_left:
        return "rtl"
    # It would have its block's otherwise.
    return "ltr" if block.is_right_to_left and line.is_left_to_right else None
