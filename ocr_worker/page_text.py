"""Turns a layout into what the wire carries: lines in page points, and the page's text."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby

import numpy as np

from ocr_worker import wire
from ocr_worker.documents.base import PageImage
from ocr_worker.engines.base import Quad, RecognizedLine, RecognizedWord
from ocr_worker.layout import Layout, sides_of
from ocr_worker.payload import CELL_SEPARATOR

LEVEL_DEGREES = 0.2
"""A slant below it moves neither end of a line by as much as its box is uncertain."""


@dataclass(frozen=True, slots=True)
class PageFrame:
    """Where a layout's unit lies on a page: `points = origin + units / units_per_pt`, clamped."""

    width_pt: float
    height_pt: float
    x_pt: float = 0.0
    y_pt: float = 0.0
    units_per_pt_x: float = 1.0
    units_per_pt_y: float = 1.0

    @classmethod
    def of_image(cls, image: PageImage) -> "PageFrame":
        """Return the frame of a layout in pixels of a rendered page."""
        return cls(
            image.width_pt,
            image.height_pt,
            image.x_pt,
            image.y_pt,
            image.pixels_per_pt_x,
            image.pixels_per_pt_y,
        )

    def box(self, quad: Quad) -> tuple[float, float, float, float]:
        """Return (x, y, width, height) in points of the upright box round four corners."""
        x = self.x_pt + quad[:, 0].astype(float) / self.units_per_pt_x
        y = self.y_pt + quad[:, 1].astype(float) / self.units_per_pt_y
        left, right = _clamped(x.min(), self.width_pt), _clamped(x.max(), self.width_pt)
        top, bottom = _clamped(y.min(), self.height_pt), _clamped(y.max(), self.height_pt)
        return left, top, round(right - left, 2), round(bottom - top, 2)

    def slant(self, quad: Quad) -> tuple[float, float | None]:
        """Return the direction in degrees that a line is read in, and its thickness in points.

        A level line has 0 and None: its box says it all.
        """
        corners = quad.astype(float) / (self.units_per_pt_x, self.units_per_pt_y)
        along, across = sides_of(corners)
        angle = math.degrees(math.atan2(along[1], along[0]))
        if not math.isfinite(angle) or abs(angle) < LEVEL_DEGREES:
            return 0.0, None
        return round(angle, 2), round(math.hypot(*across), 2)


def to_wire_lines(layout: Layout, frame: PageFrame) -> tuple[wire.Line, ...]:
    """Return the lines in reading order, with boxes in page points."""
    return tuple(
        _line(placed.line, number, placed.block, frame)
        for number, placed in enumerate(layout.lines)
    )


def from_wire_line(line: wire.Line) -> RecognizedLine:
    """Return a line that already lies in page points as one that can be laid out."""
    return RecognizedLine(
        text=line.text,
        confidence=line.confidence,
        quad=_quad(line.x, line.y, line.width, line.height),
        words=tuple(
            RecognizedWord(
                word.text, word.confidence, _quad(word.x, word.y, word.width, word.height)
            )
            for word in line.words
        ),
    )


def text_of(layout: Layout) -> str:
    """Return the page's text: a line for each row, an empty one between blocks."""
    blocks = groupby(layout.lines, key=lambda placed: placed.block)
    return "\n\n".join(
        "\n".join(
            CELL_SEPARATOR.join(placed.line.text for placed in row)
            for _, row in groupby(block, key=lambda placed: placed.row)
        )
        for _, block in blocks
    )


def mean_confidence(lines: tuple[wire.Line, ...]) -> float | None:
    """Return the confidence of the lines, each weighted by its length; None without lines."""
    n_characters = sum(len(line.text) for line in lines)
    if not n_characters:
        return None
    return round(sum(line.confidence * len(line.text) for line in lines) / n_characters, 4)


def _line(line: RecognizedLine, number: int, block: int, frame: PageFrame) -> wire.Line:
    x, y, width, height = frame.box(line.quad)
    angle, thickness = frame.slant(line.quad)
    return wire.Line(
        text=line.text,
        confidence=_confidence(line.confidence),
        x=x,
        y=y,
        width=width,
        height=height,
        block=block,
        angle=angle,
        thickness=thickness,
        words=tuple(_words(line, number, block, frame)),
    )


def _words(line: RecognizedLine, number: int, block: int, frame: PageFrame) -> Iterator[wire.Word]:
    for word in line.words:
        x, y, width, height = frame.box(word.quad)
        yield wire.Word(
            text=word.text,
            confidence=_confidence(word.confidence),
            x=x,
            y=y,
            width=width,
            height=height,
            line=number,
            block=block,
        )


def _quad(x: float, y: float, width: float, height: float) -> Quad:
    right, bottom = x + width, y + height
    return np.array([[x, y], [right, y], [right, bottom], [x, bottom]], dtype=np.float32)


def _clamped(value: float, limit: float) -> float:
    """Return a coordinate on the page; JSON knows no NaN, so one that an engine makes is 0."""
    return round(min(max(float(value), 0.0), limit), 2) if math.isfinite(value) else 0.0


def _confidence(value: float) -> float:
    return round(min(max(value, 0.0), 1.0), 4) if math.isfinite(value) else 0.0
