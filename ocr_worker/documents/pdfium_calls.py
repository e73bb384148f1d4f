"""PDFium's functions that are asked of every character or object of a page, called as cheaply as
ctypes can.

A page has thousands of characters, and what such a function does takes less time than ctypes needs
to wrap its arguments. So ctypes is told nothing of these arguments: numbers are passed as they
are, addresses as `Address`es that were made once, and Python's lock is kept. Like all of PDFium,
this is for one thread at a time.
"""

import ctypes
from collections import deque
from collections.abc import Callable, Sequence
from itertools import repeat
from typing import Any, Final, TypeAlias

import numpy as np
import pypdfium2.raw as pdfium_c
from numpy.typing import NDArray

Address: TypeAlias = Any
"""What ctypes passes on as a pointer without looking at it."""

_ROOM: Final = 512
"""How many characters are asked for their boxes before these are put elsewhere."""


def address(pointer: Any) -> Address:
    """Return where a pointer of pypdfium2's points to, to be passed many times."""
    return address_at(ctypes.cast(pointer, ctypes.c_void_p).value or 0)


def address_at(where: int) -> Address:
    """Return an address that came as a number."""
    return ctypes.c_void_p.from_param(where)


def plain(function: Callable[..., Any], result: type | None) -> Callable[..., Any]:
    """Return a function of PDFium that takes ints and `Address`es, and whatever `byref` makes."""
    where = ctypes.cast(function, ctypes.c_void_p).value  # type: ignore[arg-type]  # a pointer
    return ctypes.PYFUNCTYPE(result)(where or 0)


_get_unicode = plain(pdfium_c.FPDFText_GetUnicode, ctypes.c_uint)
_get_text_object = plain(pdfium_c.FPDFText_GetTextObject, ctypes.c_size_t)
_get_char_box = plain(pdfium_c.FPDFText_GetCharBox, None)

_sides: Final = np.empty((_ROOM, 4))
_places: Final = [
    [address_at(_sides.ctypes.data + 8 * at) for at in range(side, _sides.size, 4)]
    for side in range(4)
]
"""Where PDFium is to write the left, right, bottom and top sides of so many characters."""


def codes_of(page: Address, count: int) -> NDArray[np.uint32]:
    """Return the code points of a text page's first characters."""
    return np.fromiter(map(_get_unicode, repeat(page), range(count)), np.uint32, count)


def text_objects_of(page: Address, indices: Sequence[int]) -> NDArray[np.uint64]:
    """Return the addresses of the text objects that characters are of; 0 for none."""
    return np.fromiter(map(_get_text_object, repeat(page), indices), np.uint64, len(indices))


def char_boxes_of(page: Address, indices: Sequence[int]) -> NDArray[np.float64]:
    """Return the ink boxes of characters in the page's units: left, right, bottom, top of each."""
    boxes = np.empty((len(indices), 4))
    for start in range(0, len(indices), _ROOM):
        some = indices[start : start + _ROOM]
        deque(map(_get_char_box, repeat(page), some, *_places), maxlen=0)
        boxes[start : start + _ROOM] = _sides[: len(some)]
    return boxes
