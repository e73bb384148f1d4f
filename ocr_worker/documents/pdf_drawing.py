"""What a PDF page draws, followed through its forms before PDFium follows them.

PDFium draws a form anew wherever it is named, so that ten forms which name each other ten times
over are ten thousand million; and it decodes the mask of an image whole, of which it tells nobody.
Works on objects of pikepdf, which it leaves to `pdf_structure` to import.
"""

import re
from collections import Counter
from typing import Any, Final

MAX_DRAWN: Final = 100_000
"""Forms and images on a page. A map has ten thousand."""

_MAX_DEPTH: Final = 60
"""PDFium stops before."""
_DO: Final = re.compile(rb"/([^\s/<>\[\](){}%]+)\s*Do\b")
_ESCAPED: Final = re.compile(rb"#([0-9A-Fa-f]{2})")


class PageDrawing:
    """What one page draws: how many forms and images, and the size of its largest mask.

    `n_drawn` counts to a little above `MAX_DRAWN` at most.
    """

    def __init__(self, page: Any) -> None:
        self.largest_mask_px = (0, 0)
        self._known: dict[tuple[int, int], int] = {}
        self.n_drawn = self._drawn_by(_content_of(page), _inherited(page, "/Resources"), 0)

    def _drawn_by(self, content: bytes, resources: Any, depth: int) -> int:
        named = resources.get("/XObject") if resources is not None else None
        if named is None or depth > _MAX_DEPTH:
            return 0
        total = 0
        for name, times in Counter(_DO.findall(content)).items():
            drawn = named.get("/" + _unescaped(name).decode("utf-8", "surrogateescape"))
            if drawn is None:
                continue
            if drawn.get("/Subtype") == "/Form":
                total += times * (1 + self._drawn_by_form(drawn, resources, depth + 1))
            else:
                total += times
                self._look_at_masks_of(drawn)
        return min(total, MAX_DRAWN + 1)

    def _drawn_by_form(self, form: Any, resources: Any, depth: int) -> int:
        key = form.objgen
        if key not in self._known:
            self._known[key] = 0  # should it draw itself, which PDFium leaves out
            own = form.get("/Resources", resources)
            self._known[key] = self._drawn_by(form.read_bytes(), own, depth)
        return self._known[key]

    def _look_at_masks_of(self, image: Any) -> None:
        for key in ("/SMask", "/Mask"):
            mask = image.get(key)
            if hasattr(mask, "read_raw_bytes"):  # else an array of colours
                size = int(mask.get("/Width", 0)), int(mask.get("/Height", 0))
                self.largest_mask_px = max(self.largest_mask_px, size, key=_area)


def _unescaped(name: bytes) -> bytes:
    """Return a PDF name with its characters as they are, some of which may be told by number."""
    return _ESCAPED.sub(lambda found: bytes.fromhex(found.group(1).decode()), name)


def draws_in(content: bytes) -> int:
    """Return how many forms and images a content draws itself."""
    return len(_DO.findall(content))


def _area(size: tuple[int, int]) -> int:
    return size[0] * size[1]


def _content_of(page: Any) -> bytes:
    contents = page.get("/Contents")
    if contents is None:
        return b""
    parts = [contents] if hasattr(contents, "read_bytes") else list(contents)
    return b"\n".join(part.read_bytes() for part in parts)


def _inherited(page: Any, key: str) -> Any:
    """Return what a page has from itself or from what it hangs on in the tree."""
    node = page
    for _ in range(_MAX_DEPTH):
        if node is None or key in node:
            break
        node = node.get("/Parent")
    return None if node is None else node.get(key)
