"""The text that a PDF page itself carries, and how far it can be trusted without looking.

A text layer is kept in place of recognition only when it is what a reader sees, because a wrong
one is lost text that nobody is told about, and a right one refused costs seconds. What is said
here is judged by what the PDF tells alone, which costs next to nothing; where that leaves a doubt,
somebody has to compare the layer with the page's pixels, as `ocr_worker.own_text.layer_check` does.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

from ocr_worker import wire
from ocr_worker.documents.glyphs import MIN_LETTERS, Glyphs
from ocr_worker.documents.letters import are_plausible
from ocr_worker.documents.native_lines import make_lines
from ocr_worker.documents.page_view import Box

Trust: TypeAlias = Literal["trusted", "doubtful", "refused"]
"""What the PDF alone says of its text: a doubtful one has to be compared with what is seen."""

PAGE_FILLING = 0.9
"""Share of a page that images cover when the page is taken for a scan."""

ILLUSTRATED = 0.3
MIN_LETTERS_BESIDE_IMAGES = 200
"""Letters asked for where images cover more than `ILLUSTRATED`: under a mere letterhead, the
image is what there is to read."""

MAX_BROKEN = 0.1
"""Share of glyphs without a real character; bullets of symbol fonts make a few per cent."""

MAX_PALE = 0.1
"""Share of letters as white as paper; the heading of a table is on a dark ground."""

MIN_DRAWN_LETTERS = 60
MAX_DRAWN_LETTERS = 0.1
"""So many shapes the size of letters, and so many for each letter, may be text that was drawn."""


@dataclass(frozen=True, slots=True)
class Picture:
    """An image on a page, or several that touch: its place, and the dots an inch that it has."""

    box: Box
    dpi: float


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What lies on a page besides its text.

    `image_coverage` is the share of the page, 0 to 1, under images of a scan's resolution;
    `text_over_it` tells of text that is not among the glyphs, `drawn_letters` counts shapes of the
    size of letters, `pictures` are the images that could hold text of their own.
    """

    image_coverage: float = 0.0
    text_over_it: bool = False
    drawn_letters: int = 0
    pictures: tuple[Picture, ...] = ()


@dataclass(frozen=True, slots=True)
class TextLayer:
    """The lines of a page's own text; `reason` says why it is trusted or not.

    Lines are in the order of the page's content, their confidence is 1.0 and their block 0.
    `size_pt` is width and height of the page; `pictures` may hold text besides the lines. `hidden`
    are lines that cannot be seen and are not among the others.
    """

    lines: tuple[wire.Line, ...]
    trust: Trust
    reason: str
    size_pt: tuple[float, float]
    pictures: tuple[Picture, ...] = ()
    hidden: tuple[wire.Line, ...] = ()


def make_text_layer(
    glyphs: Sequence[Glyphs], size_pt: tuple[float, float], around_it: Surroundings
) -> TextLayer | None:
    """Return the text layer that the glyphs of a page make, or None when none of them is text."""
    if all(glyph.text.isspace() for glyph in glyphs):
        return None
    trust, reason = judge(glyphs, around_it)
    if trust == "refused":
        return TextLayer(tuple(make_lines(glyphs)), trust, reason, size_pt)
    if around_it.image_coverage >= PAGE_FILLING:
        return TextLayer(tuple(make_lines(glyphs)), trust, reason, size_pt)
    # What cannot be seen is not part of what the page says, unless there is nothing else.
    seen = [glyph for glyph in glyphs if glyph.visible]
    hidden: list[wire.Line] = []
    if len(seen) < len(glyphs):
        hidden = make_lines([each for each in glyphs if not each.visible or each.text.isspace()])
    lines = tuple(make_lines(seen))
    return TextLayer(lines, trust, reason, size_pt, around_it.pictures, hidden=tuple(hidden))


def judge(glyphs: Sequence[Glyphs], around_it: Surroundings) -> tuple[Trust, str]:
    """Return whether the glyphs are what a reader of the page sees, and why."""
    text = [each for each in glyphs if not each.text.isspace()]
    seen = [each for each in text if each.visible]
    is_scan = around_it.image_coverage >= PAGE_FILLING
    # What lies over a scan is the scan's text wherever it is not seen.
    own = text if is_scan else seen
    letters = sum(map(str.isalnum, "".join([each.text for each in own if each.mapped])))
    n_text, n_seen = _n_characters(text), _n_characters(seen)
    is_invisible = n_seen < n_text / 2
    if around_it.text_over_it:
        return "refused", "the page has filled-in fields or notes over its text"
    if not is_scan and letters < MIN_LETTERS and is_invisible:
        return "refused", "the text is invisible"
    n_broken = _n_characters(each for each in own if not each.mapped)
    if n_broken > MAX_BROKEN * (n_text if is_scan else n_seen):
        return "refused", "the text does not map to real characters"
    if is_scan:
        if letters < MIN_LETTERS:
            return "refused", "the page is an image"
        if is_invisible:
            return "doubtful", "the text is an invisible layer over a scan"
        return "doubtful", "the page is an image with text over it"
    needed = MIN_LETTERS
    if around_it.image_coverage > ILLUSTRATED:
        needed = MIN_LETTERS_BESIDE_IMAGES
    if letters < needed:
        return "refused", "the page has too little text of its own"
    if not _are_fonts_plausible(glyphs):
        return "doubtful", "the letters of the text make no words"
    if _n_characters(each for each in seen if each.pale) > MAX_PALE * n_seen:
        return "doubtful", "much of the text is white"
    if around_it.drawn_letters > max(MIN_DRAWN_LETTERS, MAX_DRAWN_LETTERS * letters):
        return "doubtful", "the page has drawings that could be text"
    return "trusted", "the page has text of its own"


def _n_characters(glyphs: Iterable[Glyphs]) -> int:
    return sum([len(each.text) for each in glyphs])


def _are_fonts_plausible(glyphs: Sequence[Glyphs]) -> bool:
    """Tell whether what is seen in each font of the page could be words."""
    texts: dict[int, list[str]] = {}
    font: int | None = None
    for glyph in glyphs:
        if glyph.text.isspace():
            font = None
        elif glyph.visible:
            if glyph.font != font:
                font = glyph.font
                text = texts.setdefault(font, [])
                text.append(" ")
            text.append(glyph.text)
    return all(are_plausible("".join(text)) for text in texts.values())
