"""Cuts the glyphs of a page into lines and words, with their boxes and the direction they run in.

Where words of level text end, and where its lines do, is PDFium's decision; but it joins the cells
of a table and the lines of two columns that stand level, and short ones that stand in a pile. Text
that runs up or down the page it would cut after every letter or join with its neighbours, so there
the places of the letters decide.
"""

import math
import statistics
import unicodedata
from collections.abc import Iterable
from unicodedata import bidirectional

from ocr_worker import wire
from ocr_worker.documents.glyphs import OTHER_LINE, Glyphs
from ocr_worker.documents.page_view import around

TURNED_DEGREES = 20.0
"""Text at a greater angle is cut by the places of its letters, not by PDFium."""
SAME_DEGREES = 2.0
WORD_GAP = 0.2
"""White between two letters of turned text that begins a word, in line heights ..."""
LINE_GAP = 1.5
"""... and a line."""
CELL_GAP = 1.0
"""White between two words of level text that makes them cells or columns, in line heights: more
than justified lines have, and less than most gutters."""
ON_THE_LINE = 0.5
"""How far a letter's middle may be off that of the one before, in line heights."""


def make_lines(glyphs: Iterable[Glyphs]) -> list[wire.Line]:
    """Return the lines and words that the glyphs spell, with the boxes of their ink."""
    lines: list[wire.Line] = []
    for words in _cut(glyphs):
        line = _line(words, len(lines))
        if line is not None:
            lines.append(line)
    return lines


def _cut(glyphs: Iterable[Glyphs]) -> Iterable[list[list[Glyphs]]]:
    """Yield the lines, each a list of words, each a list of glyphs, of which there is one."""
    line: list[list[Glyphs]] = []
    word: list[Glyphs] = []
    last: Glyphs | None = None
    word_ended = True
    for glyph in glyphs:
        text = glyph.text
        if text == "\n":
            if last is not None and not _is_turned(last):
                yield line
                line, last, word_ended = [], None, True
            continue
        if text == " ":
            word_ended = True
            continue
        if last is not None:
            if not _continues(last, glyph, word_ended):
                yield line
                line, word_ended = [], True
            elif _is_turned(glyph):
                word_ended = word_ended or _gap(last, glyph) > WORD_GAP * glyph.line_height
        if word_ended:
            word = []
            line.append(word)
            word_ended = False
        word.append(glyph)
        last = glyph
    if line:
        yield line


def _is_turned(glyph: Glyphs) -> bool:
    return abs(glyph.angle) > TURNED_DEGREES


def _continues(last: Glyphs, glyph: Glyphs, is_word_ended: bool) -> bool:
    """Tell whether a glyph stands on the line of the one before it."""
    if last.angle != glyph.angle:
        difference = abs(last.angle - glyph.angle)
        if min(difference, 360 - difference) > SAME_DEGREES:
            return False
    height = max(last.line_height, glyph.line_height)
    if not _is_turned(glyph):
        _, last_top, last_right, last_bottom = last.box if last.ends is None else last.ends[1]
        left, top, _, bottom = glyph.box if glyph.ends is None else glyph.ends[0]
        # How far one character's middle lies above or below the other's.
        if abs(top + bottom - last_top - last_bottom) / 2 > OTHER_LINE * height:
            return False
        is_far = is_word_ended and left - last_right > CELL_GAP * height
        return not is_far or _run_leftwards(last, glyph)
    _, before = _turned_middle(last)
    _, after = _turned_middle(glyph)
    gap = _gap(last, glyph)
    return abs(after - before) <= ON_THE_LINE * height and -height <= gap <= LINE_GAP * height


def _run_leftwards(last: Glyphs, glyph: Glyphs) -> bool:
    """Tell whether two words that stand far apart may be neighbours on a line all the same.

    A word of a script that runs to the left begins at its right end, as far from the word before
    as it is long, and the next one stands left of it.
    """
    return not {bidirectional(last.text[-1]), bidirectional(glyph.text[0])}.isdisjoint(("R", "AL"))


def _gap(last: Glyphs, glyph: Glyphs) -> float:
    """Return the white between two glyphs along their direction."""
    distance = _turned_middle(glyph)[0] - _turned_middle(last)[0]
    return distance - (_extent(last) + _extent(glyph)) / 2


def _turned_middle(glyph: Glyphs) -> tuple[float, float]:
    """Return the middle of a glyph along its direction, and across it downwards."""
    left, top, right, bottom = glyph.box
    x, y = (left + right) / 2, (top + bottom) / 2
    sine, cosine = _sine_cosine(glyph.angle)
    return x * cosine + y * sine, y * cosine - x * sine


def _extent(glyph: Glyphs) -> float:
    """Return how much of the line a glyph takes, of a turned one about that."""
    left, top, right, bottom = glyph.box
    sine, cosine = _sine_cosine(glyph.angle)
    return min((right - left) / max(abs(cosine), 1e-9), (bottom - top) / max(abs(sine), 1e-9))


def _sine_cosine(angle: float) -> tuple[float, float]:
    return math.sin(math.radians(angle)), math.cos(math.radians(angle))


def _line(words: list[list[Glyphs]], number: int) -> wire.Line | None:
    made = []
    for word in words:
        only = word[0]
        text = _printed(only.text if len(word) == 1 else "".join([each.text for each in word]))
        if text:
            left, top, right, bottom = (
                only.box if len(word) == 1 else around([each.box for each in word])
            )
            made.append(
                wire.Word(
                    text=text,
                    confidence=1.0,
                    x=left,
                    y=top,
                    width=right - left,
                    height=bottom - top,
                    line=number,
                    block=0,
                )
            )
    if not made:
        return None
    x, y, right, bottom = around(
        [(each.x, each.y, each.x + each.width, each.y + each.height) for each in made]
    )
    width, height = right - x, bottom - y
    angle = _angle(words)
    return wire.Line(
        text=" ".join(each.text for each in made),
        confidence=1.0,
        x=x,
        y=y,
        width=width,
        height=height,
        block=0,
        angle=round(angle, 2),
        thickness=_thickness(angle, width, height, words) if angle else None,
        words=tuple(made),
    )


def _angle(words: list[list[Glyphs]]) -> float:
    """Return the direction that a line is read in, which is that of its middle character."""
    angles = {glyph.angle for word in words for glyph in word}
    if len(angles) == 1:
        return angles.pop()
    return statistics.median_low(
        glyph.angle for word in words for glyph in word for _ in glyph.text
    )


def _thickness(angle: float, width: float, height: float, words: list[list[Glyphs]]) -> float:
    """Return a line's height across its direction."""
    if angle % 90 == 0:
        return height if angle % 180 == 0 else width
    fonts = statistics.median(
        glyph.line_height for word in words for glyph in word for _ in glyph.text
    )
    return min(fonts, width, height)


def _printed(text: str) -> str:
    """Return a word's text without control characters, as valid Unicode."""
    if text.isascii() and text.isprintable():
        return text
    # Where wchar_t has 16 bits, PDFium hands out characters beyond them as two surrogates.
    text = text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return "".join(char for char in text if unicodedata.category(char) != "Cc")
