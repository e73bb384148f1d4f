"""Which parts of a text layer are compared with the page, and where the page is cut for them.

Boxes of layers are in points of the page, those of cut-outs in pixels of its picture.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from ocr_worker import wire
from ocr_worker.documents.base import PageImage
from ocr_worker.documents.page_view import Box, around
from ocr_worker.own_text.montage import CutOut

SAMPLED_LINES: Final = 16
SAMPLED_WORDS: Final = 45
"""What is compared at most: so many lines, or so many words where lines are long."""
SAMPLED_WIDTH: Final = 20.0
"""How much of a line is read, in line heights: about thirty letters."""
MARGIN: Final = 0.5
"""What is cut out around a sampled line, in line heights: layers place their words roughly ..."""
SLACK: Final = 0.15
"""... and how far outside of it the middle of what is read may lie."""


@dataclass(frozen=True, slots=True)
class Sample:
    """Neighbouring words of a line of the layer, and where they are to be seen."""

    words: tuple[wire.Word, ...]
    cut_out: CutOut

    @property
    def text(self) -> str:
        """What the layer says."""
        return " ".join(word.text for word in self.words)


def take_sample(lines: Sequence[wire.Line], image: PageImage) -> list[Sample]:
    """Return parts of lines spread over the page: beginnings, middles and ends."""
    ordered = sorted(lines, key=lambda line: (line.y + line.height / 2, line.x))
    n = min(SAMPLED_LINES, len(ordered))
    spread = [ordered[(2 * number + 1) * len(ordered) // (2 * n)] for number in range(n)]
    sample: dict[int, Sample] = {}
    n_words = 0
    # Every other one first, so that fewer are spread over the page too.
    for number in [*range(0, n, 2), *range(1, n, 2)]:
        line = spread[number]
        words = [word for word in line.words if _is_in(box_px(box_of(word), image), image)]
        if words and n_words < SAMPLED_WORDS:
            part = _part(words, _height(line), len(sample))
            sample[number] = Sample(tuple(part), _cut_out(part, line, image))
            n_words += len(part)
    return [sample[number] for number in sorted(sample)]


def _is_in(box: Box, image: PageImage) -> bool:
    """Tell whether the middle of a box is in the picture, which may be that of a region."""
    height, width = image.pixels.shape[:2]
    return bool(0 <= box[0] + box[2] <= 2 * width and 0 <= box[1] + box[3] <= 2 * height)


def _part(words: list[wire.Word], height: float, number: int) -> list[wire.Word]:
    """Return neighbouring words of a line that are no longer together than is read of a line."""
    longest = SAMPLED_WIDTH * max(height, 1e-6)

    def length(part: Sequence[wire.Word]) -> float:
        left, top, right, bottom = around([box_of(word) for word in part])
        return max(right - left, bottom - top)

    drop_first = number % 3  # beginning, middle, end
    while len(words) > 1 and length(words) > longest:
        if drop_first == 2 or (drop_first == 1 and len(words) % 2):
            words.pop(0)
        else:
            words.pop()
    return words


def _cut_out(words: Sequence[wire.Word], line: wire.Line, image: PageImage) -> CutOut:
    part = box_px(around([box_of(word) for word in words]), image)
    line_px = _height(line) * max(image.pixels_per_pt_x, image.pixels_per_pt_y)
    turn = round(line.angle / 90) % 4 * 90
    box = list(grown(part, MARGIN * line_px, image))
    first, last = (0, 2) if turn % 180 == 0 else (1, 3)
    # Half letters of the words beside it would be read too. Boxes of letters that are drawn by no
    # glyph, as layers have them, may reach into those words.
    for word in line.words:
        other = box_px(box_of(word), image)
        if word in words:
            continue
        if other[first] + other[last] > part[first] + part[last]:
            box[last] = min(box[last], other[first], (other[first] + part[last]) / 2)
        else:
            box[first] = max(box[first], min((other[last] + part[first]) / 2, part[first]))
    return CutOut((box[0], box[1], box[2], box[3]), line_px, turn, (MARGIN - SLACK) * line_px)


def _height(line: wire.Line) -> float:
    return line.thickness if line.thickness is not None else line.height


def box_of(word: wire.Word) -> Box:
    """Return a word's box in points."""
    return word.x, word.y, word.x + word.width, word.y + word.height


def box_px(box: Box, image: PageImage) -> Box:
    """Return where a box of page points lies in the page's picture."""
    left, top, right, bottom = box
    return (
        (left - image.x_pt) * image.pixels_per_pt_x,
        (top - image.y_pt) * image.pixels_per_pt_y,
        (right - image.x_pt) * image.pixels_per_pt_x,
        (bottom - image.y_pt) * image.pixels_per_pt_y,
    )


def grown(box: Box, by: float, image: PageImage) -> Box:
    """Return a box with so much more on each side, as far as the picture goes."""
    height, width = image.pixels.shape[:2]
    left, top, right, bottom = box
    return (
        max(0.0, left - by),
        max(0.0, top - by),
        min(float(width), right + by),
        min(float(height), bottom + by),
    )
