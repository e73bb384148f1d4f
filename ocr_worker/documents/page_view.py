"""The box of a PDF page, and how a viewer who may turn it shows what lies in it."""

from dataclasses import dataclass
from typing import TypeAlias

Box: TypeAlias = tuple[float, float, float, float]
"""Left, top, right and bottom, in page points from the top left."""


@dataclass(frozen=True, slots=True)
class PageView:
    """The box of a page in PDF units, and how far a viewer turns it clockwise (0, 90, 180, 270)."""

    left: float
    bottom: float
    right: float
    top: float
    rotation: int
    unit: float = 1.0
    """How many points one of the page's units is (`/UserUnit`), of which PDFium knows nothing: its
    boxes are in those units. What leaves the worker is in points."""

    @property
    def size(self) -> tuple[float, float]:
        """Width and height in points as a viewer shows the page."""
        width, height = self.unit * (self.right - self.left), self.unit * (self.top - self.bottom)
        return (width, height) if self.rotation in (0, 180) else (height, width)

    def box(self, left: float, bottom: float, right: float, top: float) -> Box:
        """Return a rectangle of the page's units, y upwards, in points as a viewer shows it."""
        if self.unit != 1.0:
            at = self._turned(left, bottom, right, top)
            return at[0] * self.unit, at[1] * self.unit, at[2] * self.unit, at[3] * self.unit
        return self._turned(left, bottom, right, top)

    def _turned(self, left: float, bottom: float, right: float, top: float) -> Box:
        if self.rotation == 0:  # asked of every letter
            return (left - self.left, self.top - top, right - self.left, self.top - bottom)
        match self.rotation:
            case 90:
                return (
                    bottom - self.bottom,
                    left - self.left,
                    top - self.bottom,
                    right - self.left,
                )
            case 180:
                return (
                    self.right - right,
                    bottom - self.bottom,
                    self.right - left,
                    top - self.bottom,
                )
            case _:
                return (self.top - top, self.right - right, self.top - bottom, self.right - left)

    def angle(self, degrees: float) -> float:
        """Return a direction, in degrees clockwise from rightwards, as a viewer shows it.

        Between -180 and 180, 180 included.
        """
        return 180.0 - (180.0 - degrees - self.rotation) % 360.0


def around(boxes: list[Box]) -> Box:
    """Return the smallest box around all, of which there is one at least."""
    lefts, tops, rights, bottoms = zip(*boxes, strict=True)
    return min(lefts), min(tops), max(rights), max(bottoms)
