"""How a viewer shows a PDF page whose unit is not a point.

PDFium knows nothing of `/UserUnit`: its boxes are in units of the page. What leaves the worker is
in points, so the unit is applied where boxes are turned.
"""

from dataclasses import dataclass

from ocr_worker.documents.page_view import Box, PageView


@dataclass(frozen=True, slots=True)
class UnitView(PageView):
    """A page's box in its own units, of which one is `unit` points; sizes and boxes are points."""

    unit: float = 1.0

    @property
    def size(self) -> tuple[float, float]:
        """Width and height in points as a viewer shows the page."""
        # Named, because a class with slots is not the one that `super()` would look for.
        width, height = super(UnitView, self).size
        return width * self.unit, height * self.unit

    def box(self, left: float, bottom: float, right: float, top: float) -> Box:
        """Return a rectangle of the page's units, y upwards, in points as a viewer shows it."""
        at = super(UnitView, self).box(left, bottom, right, top)
        return at[0] * self.unit, at[1] * self.unit, at[2] * self.unit, at[3] * self.unit
