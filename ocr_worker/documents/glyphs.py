"""The characters of a PDF page as PDFium finds them: what they say, where and how they stand.

This and `has_text_over_it` are all that is asked of PDFium about text. A page has thousands of
characters, so what all of one text object share is asked once for each object, what differs comes
in arrays, and characters that stand side by side are handed on as one.
"""

import ctypes
import statistics
import sys
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from itertools import compress, pairwise
from typing import Final, NamedTuple

import numpy as np
import pypdfium2 as pdfium
import pypdfium2.raw as pdfium_c
from numpy.typing import NDArray

from ocr_worker.documents.page_view import Box, PageView
from ocr_worker.documents.pdfium_calls import (
    Address,
    address,
    char_boxes_of,
    codes_of,
    plain,
    text_objects_of,
)
from ocr_worker.documents.text_style import Style, font_box, style_of

MIN_LETTERS = 10
"""Letters and digits in view that make a text layer; fewer are a page number or a stamp."""

OTHER_LINE = 0.8
"""How far the middles of two letters of level text are apart on two lines, in line heights: more
than an apostrophe's and a full stop's, less than any leading."""

_NO_CHARACTER = {"Cc", "Cn", "Co"}  # control, unassigned, private use
_REPLACEMENT = "\N{REPLACEMENT CHARACTER}"
_BROKEN_HYPHEN = "\x02"
"""What PDFium has for a hyphen that breaks a word at the end of a line."""

_N_CODES: Final = 0x3002
_IS_LINE_END: Final = np.isin(np.arange(_N_CODES), [10, 13])
_IS_SPACE: Final = np.array([chr(code).isspace() for code in range(_N_CODES)]) & ~_IS_LINE_END
"""By code point; the last stands for all that come after, of which none is white space."""

_has_no_unicode = plain(pdfium_c.FPDFText_HasUnicodeMapError, ctypes.c_int)
_is_hyphen = plain(pdfium_c.FPDFText_IsHyphen, ctypes.c_int)


class Glyphs(NamedTuple):
    """Characters of one text object that stand side by side on a level line, or white space.

    White space is a space between words and a line feed between lines. Characters that are not
    level, or not as the PDF tells them, come one by one. `box` is around all of them, `ends` are
    the boxes of the first and the last where there are several. `line_height` is what their font
    asks for, in points. `mapped` is false where the PDF does not tell which character it is.
    `angle` is the direction they are read in, in degrees clockwise from rightwards. `font` tells
    fonts of the page apart; `pale` is text as white as paper.
    """

    text: str
    box: Box
    line_height: float
    visible: bool
    mapped: bool
    angle: float = 0.0
    font: int = 0
    pale: bool = False
    ends: tuple[Box, Box] | None = None


_SPACE = Glyphs(" ", (0, 0, 0, 0), 0, visible=True, mapped=True)
_LINE_FEED = Glyphs("\n", (0, 0, 0, 0), 0, visible=True, mapped=True)


class _Run(NamedTuple):
    """Characters of a page that follow each other in one text object: from here to before there."""

    start: int
    end: int
    style: Style


class _Letters(NamedTuple):
    """The characters of a page that are no white space, in arrays of one length.

    `boxes` has a row for each side: left, top, right, bottom. `run` is the number of a character's
    run. Those `alone` are not to be joined with others. `n_spaces` and `n_line_ends` tell how many
    there are on the page before a character.
    """

    text: str
    boxes: NDArray[np.float64]
    run: NDArray[np.intp]
    alone: NDArray[np.bool_]
    mapped: NDArray[np.bool_]
    n_spaces: NDArray[np.intp]
    n_line_ends: NDArray[np.intp]

    def chosen(self, which: NDArray[np.bool_]) -> "_Letters":
        """Return some of them."""
        if which.all():
            return self
        return _Letters(
            "".join(compress(self.text, which.tolist())),
            self.boxes[:, which],
            self.run[which],
            self.alone[which],
            self.mapped[which],
            self.n_spaces[which],
            self.n_line_ends[which],
        )


def read_glyphs(textpage: pdfium.PdfTextPage, view: PageView) -> list[Glyphs]:
    """Return the glyphs within the page's box, in the order of PDFium's text page.

    White space comes between others only, a space and a line feed once each.
    """
    page = address(textpage.raw)
    codes = codes_of(page, max(0, pdfium_c.FPDFText_CountChars(textpage.raw)))
    codes[codes > sys.maxunicode] = ord(_REPLACEMENT)
    near = np.minimum(codes, _N_CODES - 1)
    spaces: NDArray[np.bool_] = _IS_SPACE[near]
    line_ends: NDArray[np.bool_] = _IS_LINE_END[near]
    places = np.flatnonzero(~(spaces | line_ends))
    indices: list[int] = places.tolist()
    if not indices:
        return []
    text = codes[places].astype("<u4").tobytes().decode("utf-32-le", "surrogatepass")
    runs = _runs_of(page, indices, view)
    mapped = np.ones(len(text), dtype=bool)
    odd = dict(_odd_among(page, indices, text, runs))
    if odd:
        told = list(text)
        for place, (char, is_mapped) in odd.items():
            told[place], mapped[place] = char, is_mapped
        text = "".join(told)
    run = np.repeat(np.arange(len(runs)), [each.end - each.start for each in runs])
    alone = np.array([each.style.angle != 0 for each in runs], dtype=bool)[run]
    alone[[*odd]] = True
    letters = _Letters(
        text,
        _boxes_of(page, indices, view),
        run,
        alone,
        mapped,
        np.cumsum(spaces, dtype=np.intp)[places],
        np.cumsum(line_ends, dtype=np.intp)[places],
    )
    # What lies outside is cropped away: no viewer shows it.
    width, height = view.size
    left, top, right, bottom = letters.boxes
    x, y = left + right, top + bottom
    is_in = (x >= 0) & (x <= 2 * width) & (y >= 0) & (y <= 2 * height)
    return _joined(letters.chosen(is_in), [each.style for each in runs])


def _joined(letters: _Letters, styles: Sequence[Style]) -> list[Glyphs]:
    """Return letters with the white space between them, those together that stand side by side."""
    n_letters = len(letters.text)
    if not n_letters:
        return []
    after_space, after_line_end = (
        np.diff(n, prepend=n[0]) > 0 for n in (letters.n_spaces, letters.n_line_ends)
    )
    _, tops, _, bottoms = letters.boxes
    drops = np.abs(tops[1:] + bottoms[1:] - tops[:-1] - bottoms[:-1]) / 2
    heights = np.array([style.line_height for style in styles])[letters.run[1:]]
    begins = after_space | after_line_end | letters.alone
    begins[0] = True
    begins[1:] |= letters.alone[:-1] | (letters.run[1:] != letters.run[:-1])
    begins[1:] |= drops > OTHER_LINE * heights
    starts = np.flatnonzero(begins)
    ends = np.append(starts[1:], n_letters)
    glyphs: list[Glyphs] = []
    for start, end, run, is_mapped, space, line_end, box, first, last in zip(
        starts.tolist(),
        ends.tolist(),
        letters.run[starts].tolist(),
        letters.mapped[starts].tolist(),
        after_space[starts].tolist(),
        after_line_end[starts].tolist(),
        _boxes_around(letters.boxes, starts),
        zip(*letters.boxes[:, starts].tolist(), strict=True),
        zip(*letters.boxes[:, ends - 1].tolist(), strict=True),
        strict=True,
    ):
        if space:
            glyphs.append(_SPACE)
        if line_end:
            glyphs.append(_LINE_FEED)
        line_height, visible, angle, font, pale = styles[run]
        text = letters.text[start:end]
        edges = None if end == start + 1 else (first, last)
        glyphs.append(Glyphs(text, box, line_height, visible, is_mapped, angle, font, pale, edges))
    return glyphs


def _boxes_around(boxes: NDArray[np.float64], starts: NDArray[np.intp]) -> Iterator[Box]:
    """Yield the boxes around letters, of which one begins at each start."""
    return zip(
        np.minimum.reduceat(boxes[0], starts).tolist(),
        np.minimum.reduceat(boxes[1], starts).tolist(),
        np.maximum.reduceat(boxes[2], starts).tolist(),
        np.maximum.reduceat(boxes[3], starts).tolist(),
        strict=True,
    )


def _runs_of(page: Address, indices: Sequence[int], view: PageView) -> list[_Run]:
    """Return the runs that characters come in."""
    objects = text_objects_of(page, indices)
    starts = np.flatnonzero(np.diff(objects, prepend=objects[:1] ^ np.uint64(1))).tolist()
    styles: dict[int, Style] = {}
    runs = []
    for start, end in pairwise([*starts, len(indices)]):
        text_object = int(objects[start])
        if text_object not in styles:
            styles[text_object] = style_of(page, indices[start], text_object, view)
        runs.append(_Run(start, end, styles[text_object]))
    return runs


def _odd_among(
    page: Address, indices: Sequence[int], text: str, runs: Sequence[_Run]
) -> Iterator[tuple[int, tuple[str, bool]]]:
    """Yield which characters are not as their code says, with what they are and `mapped`.

    Asked for the first of its kind in each font.
    """
    plain_in: dict[int, set[str]] = {}
    odd_in: dict[int, dict[str, tuple[str, bool]]] = {}
    for start, end, style in runs:
        part = text[start:end]
        is_plain = plain_in.setdefault(style.font, set())
        odd = odd_in.setdefault(style.font, {})
        for char in set(part) - is_plain - odd.keys():
            known = _character(page, indices[start + part.index(char)], char)
            if known == (char, True) and char != _BROKEN_HYPHEN:
                is_plain.add(char)
            else:
                odd[char] = known
        if odd:
            for place, char in enumerate(part, start):
                if char in odd:
                    is_hyphen = char == _BROKEN_HYPHEN
                    yield place, _character(page, indices[place], char) if is_hyphen else odd[char]


def _character(page: Address, index: int, char: str) -> tuple[str, bool]:
    """Return which character it is, and whether the PDF tells that."""
    text = "-" if char == _BROKEN_HYPHEN and _is_hyphen(page, index) == 1 else char
    mapped = (
        unicodedata.category(text) not in _NO_CHARACTER
        and text != _REPLACEMENT
        and _has_no_unicode(page, index) != 1
    )
    return text, mapped


def _boxes_of(page: Address, indices: Sequence[int], view: PageView) -> NDArray[np.float64]:
    """Return the boxes of characters, in a row for each side: left, top, right, bottom."""
    left, right, bottom, top = char_boxes_of(page, indices).T
    # PDFium knows no ink of fonts that are drawings themselves.
    for place in np.flatnonzero((left == right) | (bottom == top)).tolist():
        left[place], bottom[place], right[place], top[place] = font_box(page, indices[place])
    return np.array(view.box(left, bottom, right, top))


def median_line_height(glyphs: Iterable[Glyphs]) -> float | None:
    """Return the height in points of the page's usual line, or None without enough text in view."""
    heights: list[float] = []
    for each in glyphs:
        if each.visible and each.line_height > 0 and not each.text.isspace():
            heights += [each.line_height] * len(each.text)
    return statistics.median(heights) if len(heights) >= MIN_LETTERS else None


def has_text_over_it(loaded: pdfium.PdfPage) -> bool:
    """Return whether a filled-in field or a note shows text that is not in the page's content."""
    for index in range(pdfium_c.FPDFPage_GetAnnotCount(loaded)):
        annotation = pdfium_c.FPDFPage_GetAnnot(loaded, index)
        try:
            if _text_bytes(annotation, loaded.formenv) > 2:  # an empty string is its two NULs
                return True
        finally:
            pdfium_c.FPDFPage_CloseAnnot(annotation)
    return False


def _text_bytes(annotation: pdfium_c.FPDF_ANNOTATION, formenv: pdfium.PdfFormEnv | None) -> int:
    kind = pdfium_c.FPDFAnnot_GetSubtype(annotation)
    if kind == pdfium_c.FPDF_ANNOT_FREETEXT:
        return int(pdfium_c.FPDFAnnot_GetStringValue(annotation, b"Contents", None, 0))
    if kind == pdfium_c.FPDF_ANNOT_WIDGET and formenv:
        field = pdfium_c.FPDFAnnot_GetFormFieldType(formenv, annotation)
        if field in (
            pdfium_c.FPDF_FORMFIELD_TEXTFIELD,
            pdfium_c.FPDF_FORMFIELD_COMBOBOX,
            pdfium_c.FPDF_FORMFIELD_LISTBOX,
        ):
            return int(pdfium_c.FPDFAnnot_GetFormFieldValue(formenv, annotation, None, 0))
    return 0
