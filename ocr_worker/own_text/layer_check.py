"""Compares a text layer with what is seen: an engine reads a small sample of the page.

Two things are asked. Do the words stand where the layer says, in a few lines spread over the page?
And is there ink where the layer has no words, in which the engine finds some? Both samples are
read as one montage, which costs a fraction of the page.
"""

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Final

from ocr_worker import wire
from ocr_worker.documents.base import PageImage
from ocr_worker.documents.page_view import Box
from ocr_worker.engines.base import Checkpoint, Engine, Reading, RecognizedLine
from ocr_worker.own_text.ink import Ink
from ocr_worker.own_text.layer_sample import box_of, box_px, grown, take_sample
from ocr_worker.own_text.montage import CutOut, make_montage

MIN_LETTERS_OF_LINE: Final = 3
PROBES: Final = 6
"""Tiles with ink but without words of the layer in which text is looked for."""
MIN_AGREEMENT: Final = 0.88
"""Share of words on which layer and engine must agree for the layer to be kept: about what two
readings share that are both as good as the engine's own. The figures are in ADR 14."""
MAX_LEFT_OUT: Final = 0.12
"""Share of the page's words that the layer may leave out, as the probes suggest."""
SURE: Final = 0.7
"""Confidence of words that count as left out; what is read into a drawing has less."""


@dataclass(frozen=True, slots=True)
class Finding:
    """What the sample showed: `agreement` of so many words, and the share that is `left_out`."""

    n_words: int
    agreement: float
    left_out: float

    @property
    def is_kept(self) -> bool:
        """Whether the layer is what a reader sees."""
        return self.agreement >= MIN_AGREEMENT and self.left_out <= MAX_LEFT_OUT

    @property
    def reason(self) -> str:
        """What was found, as the end of a sentence; it quotes nothing of the page."""
        if self.agreement < MIN_AGREEMENT or self.is_kept:
            return (
                f"of {self.n_words} words that were compared with what is seen, "
                f"{100 * self.agreement:.0f} % agree"
            )
        return f"it leaves out about {100 * self.left_out:.0f} % of the words that are seen"


def check_layer(
    lines: Sequence[wire.Line],
    others: Sequence[Box],
    image: PageImage,
    engine: Engine,
    languages: tuple[str, ...],
    checkpoint: Checkpoint,
) -> Finding:
    """Return how the lines of a layer compare with the pixels of their page.

    `others` are boxes in page points for which the layer does not speak, such as pictures.
    Raise what the engine and `checkpoint` raise.
    """
    telling = [line for line in lines if _is_telling(line)]
    sample = take_sample(telling or lines, image)
    cut_outs = [each.cut_out for each in sample]
    heights = sorted(each.line_px for each in cut_outs)
    line_px = heights[len(heights) // 2] if heights else 30.0
    ink = Ink(image.pixels, line_px)
    claimed = [box_px(box_of(word), image) for line in lines for word in line.words]
    claimed += [box_px(box, image) for box in others]
    bare = ink.tiles(ink.outside(claimed))
    probes = [
        CutOut(grown(box, 2 * ink.cell_px, image), line_px) for box, _ in _spread(bare, PROBES)
    ]
    if not cut_outs and not probes:
        return Finding(0, 0.0, 0.0)
    montage = make_montage(image.pixels, [*cut_outs, *probes])
    read = montage.texts(
        engine.recognize(montage.pixels, Reading(languages, rotate=False), checkpoint)
    )
    agreeing = total = 0
    for each, found in zip(sample, read, strict=False):
        n_agreeing, n_words = compare(each.text, " ".join(line.text for line in found))
        agreeing += n_agreeing
        total += n_words
    known = [word for line in lines for word in _words_of(line.text)]
    n_left_out = _n_left_out(read[len(sample) :], bare, "".join(known))
    n_claimed = len(known)
    return Finding(
        n_words=sum(len(_words_of(each.text)) for each in sample),
        agreement=agreeing / total if total else 0.0,
        left_out=n_left_out / (n_left_out + n_claimed) if n_left_out else 0.0,
    )


def compare(claimed: str, read: str) -> tuple[int, int]:
    """Return on how many words two readings of one line agree, and how many words both have.

    Each counts its own. A word agrees when all its letters and digits stand together in the other
    reading, wherever that has its spaces: engines differ in those more than in letters. A single
    letter too much at an end of what was read is where the line was cut, and does not count.
    """
    words = _words_of(claimed), _words_of(read)
    matcher = SequenceMatcher(None, "".join(words[0]), "".join(words[1]), autojunk=False)
    blocks = matcher.get_matching_blocks()
    agreeing = total = 0
    for side, own in enumerate(words):
        end = 0
        for number, word in enumerate(own):
            start, end = end, end + len(word)
            agrees = any(
                block[side] <= start and end <= block[side] + block.size for block in blocks
            )
            is_cut = side == 1 and len(word) == 1 and number in (0, len(own) - 1)
            agreeing += agrees
            total += agrees or not is_cut
    return agreeing, total


def _words_of(text: str) -> list[str]:
    """Return the words, folded, with nothing but letters and digits in them."""
    folded = unicodedata.normalize("NFKC", text).casefold()
    words = ("".join(filter(str.isalnum, word)) for word in folded.split())
    return [word for word in words if word]


def _is_telling(line: wire.Line) -> bool:
    return sum(len(word) for word in _words_of(line.text)) >= MIN_LETTERS_OF_LINE


def _spread(items: Sequence[tuple[Box, int]], n: int) -> list[tuple[Box, int]]:
    """Return `n` items at even distances, the first among them."""
    if len(items) <= n:
        return list(items)
    return [items[index * len(items) // n] for index in range(n)]


def _n_left_out(
    read: Sequence[Sequence[RecognizedLine]], bare: Sequence[tuple[Box, int]], known: str
) -> float:
    """Return how many words the layer leaves out, as far as the probes tell by their ink.

    `known` are the words of the layer, without spaces: one of those that was found beside its box
    is not left out.
    """
    found = sum(
        word not in known
        for lines in read
        for line in lines
        for part in line.words
        if part.confidence >= SURE
        for word in _words_of(part.text)
    )
    probed = sum(n_inked for _, n_inked in _spread(bare, PROBES))
    return found * sum(n_inked for _, n_inked in bare) / probed if found else 0.0
