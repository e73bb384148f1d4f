"""Puts text on the pages of a PDF: content of its own before theirs, one font for all."""

from typing import Final

from msgspec.structs import replace
from pikepdf import Dictionary, Page, Pdf

from ocr_worker import wire
from ocr_worker.outputs.searchable_pdf.glyphless_font import GlyphlessFont, flate_stream
from ocr_worker.outputs.searchable_pdf.invisible_text import text_content
from ocr_worker.outputs.searchable_pdf.old_text import drop_invisible_text
from ocr_worker.outputs.searchable_pdf.page_view import view_matrix

_FONT: Final = "/OcrSidecarText"
"""What the font is called among the resources of a page, unless another is called that."""


class TextWriter:
    """Adds the text of pages to a document, then is to be completed."""

    def __init__(self, pdf: Pdf) -> None:
        self._pdf = pdf
        self._font = GlyphlessFont(pdf)

    def add(self, page: wire.Page) -> None:
        """Add what was read on a page to the page of that number.

        Before the page's own content: there it covers nothing, and no state of graphics that the
        content leaves behind, in balance or not, can reach it. The text of a whole page takes the
        place of invisible text that is there already; of a page that keeps its own text, all stays.
        """
        if page.state == "native_text":
            page = replace(page, lines=tuple(line for line in page.lines if line.is_added))
        if page.state == "empty" or (page.state == "native_text" and not page.lines):
            return
        target = self._pdf.pages[page.page - 1]
        view = view_matrix(target, page.width_pt, page.height_pt)
        if view is None:
            return
        if page.state == "recognized":
            drop_invisible_text(self._pdf, target)
        content = text_content(page, view, self._font, self._name_on(target))
        target.contents_add(flate_stream(self._pdf, content), prepend=True)

    def complete(self) -> None:
        """Complete the font, once all pages have been added."""
        self._font.complete()

    def _name_on(self, page: Page) -> str:
        """Return what our font is called on a page, which may share its resources with others."""
        if not isinstance(page.obj.get("/Resources"), Dictionary):
            page.obj.Resources = Dictionary()
        resources = page.obj.Resources
        if not isinstance(resources.get("/Font"), Dictionary):
            resources.Font = Dictionary()
        fonts = resources.Font
        name, number = _FONT, 1
        while name in fonts and fonts[name].objgen != self._font.reference.objgen:
            number += 1
            name = f"{_FONT}{number}"
        fonts[name] = self._font.reference
        return name
