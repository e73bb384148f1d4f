"""From a page as a viewer shows it to the units of its content: boxes, rotation, user unit."""

from typing import TypeAlias

from pikepdf import Array, Object, Page

Matrix: TypeAlias = tuple[float, float, float, float, float, float]
"""As PDF writes it: (x, y) becomes (a x + c y + e, b x + d y + f)."""

_LETTER = (0.0, 0.0, 612.0, 792.0)
"""What readers take for the box of a page that states none."""


def view_matrix(page: Page, width_pt: float, height_pt: float) -> Matrix | None:
    """Return the matrix from points of the page as shown, from its bottom left, to its content.

    The size is that of the page as shown. It is compared with the page's own box rather than
    trusted, so a user unit is accounted for whether it is part of those points or not. None for a
    page of no size.
    """
    left, bottom, right, top = _visible_box(page)
    if right <= left or top <= bottom or width_pt <= 0 or height_pt <= 0:
        return None
    rotation = _rotation(page)
    across, up = width_pt, height_pt
    if rotation in (90, 270):
        across, up = up, across
    x, y = (right - left) / across, (top - bottom) / up
    match rotation:
        case 90:
            return (0.0, y, -x, 0.0, right, bottom)
        case 180:
            return (-x, 0.0, 0.0, -y, right, top)
        case 270:
            return (0.0, -y, x, 0.0, left, top)
        case _:
            return (x, 0.0, 0.0, y, left, bottom)


def _rotation(page: Page) -> int:
    """Return how far a viewer turns the page clockwise: 0, 90, 180 or 270, as PDFium has it."""
    try:
        # Some programs write it as a real number, which pikepdf's own `rotation` takes for none.
        return int(float(page.obj.get("/Rotate", 0)) / 90) % 4 * 90
    except (TypeError, ValueError):
        return 0


def _visible_box(page: Page) -> tuple[float, float, float, float]:
    """Return left, bottom, right and top of what is shown of a page, as PDFium has it."""
    media = _box(page.obj.get("/MediaBox")) or _LETTER
    crop = _box(page.obj.get("/CropBox"))
    if crop is None:
        return media
    return (
        max(media[0], crop[0]),
        max(media[1], crop[1]),
        min(media[2], crop[2]),
        min(media[3], crop[3]),
    )


def _box(found: Object | None) -> tuple[float, float, float, float] | None:
    """Return a rectangle with its corners in order, or None for what is none or has no size."""
    if not isinstance(found, Array) or len(found) != 4:
        return None
    try:
        x0, y0, x1, y1 = (float(number) for number in found)
    except (TypeError, ValueError):
        return None
    box = (min(x0, x1), min(y0, y1), max(x0, x1), max(y0, y1))
    return box if box[2] > box[0] and box[3] > box[1] else None
