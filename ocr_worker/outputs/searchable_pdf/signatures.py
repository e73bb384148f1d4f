"""Tells whether a PDF is signed, since a signature is for the bytes that it was made for."""

from collections.abc import Iterator
from typing import Final

from pikepdf import Array, Dictionary, Name, Object, Pdf

_APPEND_ONLY: Final = 2
"""Flag of a form: it has signatures that end when the file is written anew."""
_MAX_DEPTH: Final = 20
"""Of fields within fields; a hostile form may have itself for a part."""
_MAX_FIELDS: Final = 10_000


def is_signed(pdf: Pdf) -> bool:
    """Return whether the document says that it is signed, or a field of its form is."""
    form = pdf.Root.get("/AcroForm")
    if not isinstance(form, Dictionary):
        return False
    flags = form.get("/SigFlags", 0)
    if isinstance(flags, int) and flags & _APPEND_ONLY:
        return True
    fields = _fields(form.get("/Fields"), None, _MAX_DEPTH)
    return any(
        kind == Name.Sig and "/V" in field
        for (field, kind), _ in zip(fields, range(_MAX_FIELDS), strict=False)
    )


def _fields(
    among: Object | None, inherited: Object | None, depth: int
) -> Iterator[tuple[Dictionary, Object | None]]:
    """Yield the fields of a form, each with its kind, which may be that of a field around it."""
    if not isinstance(among, Array) or depth == 0:
        return
    for field in among:
        if isinstance(field, Dictionary):
            kind = field.get("/FT", inherited)
            yield field, kind
            yield from _fields(field.get("/Kids"), kind, depth - 1)
